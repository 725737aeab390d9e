//! Generators of clients that we did not write read our OpenAPI document, and what they make works against the server.
#![expect(clippy::disallowed_methods, reason = "other people's programs read files and write them")]

use std::path::Path;
use std::process::Command;

use sealgate_testkit::{Engine, TestApp};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{beside_python, here, interpreter, node_packages, python, run};

const NOBODY: &str = "01926a3b-0000-7000-8000-000000000000";

/// A folder in which clients are made from the document that the server answers.
struct Workshop {
    app: TestApp,
    folder: TempDir,
}

impl Workshop {
    fn open() -> Self {
        let app = TestApp::start(Engine::Sqlite);
        let folder = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(folder.path().join("openapi.json"), app.document().to_string()).expect("is written");
        Self { app, folder }
    }

    /// The same with the packages of Node and what `node/clients` has.
    fn with_node() -> Self {
        let workshop = Self::open();
        let folder = workshop.folder.path();
        for file in std::fs::read_dir(here().join("node/clients")).expect("a folder") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), folder.join(file.file_name())).expect("is copied");
        }
        std::os::unix::fs::symlink(node_packages(), folder.join("node_modules")).expect("a link");
        workshop
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A program that came with a package of Node.
    fn beside_node(&self, name: &str) -> Command {
        Command::new(self.path().join("node_modules/.bin").join(name))
    }

    /// Runs a program here. It must find nothing wrong.
    fn made_by(&self, command: &mut Command) {
        let name = command.get_program().to_string_lossy().into_owned();
        let output = command.current_dir(self.path()).output().unwrap_or_else(|e| panic!("{name}: {e}"));
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name} ended with {}: {said}", output.status);
    }

    fn order(&self) -> Value {
        json!({ "url": self.app.url, "token": self.app.token, "nobody": NOBODY, "folder": self.path() })
    }

    /// What a client did and heard, looked at from the other side.
    fn judge(&self, said: &Value) {
        let ids = |list: &Value| {
            let mut ids: Vec<String> = list
                .as_array()
                .expect("a list")
                .iter()
                .map(|id| id.as_str().expect("text").to_owned())
                .collect();
            ids.sort();
            ids
        };
        assert_eq!(ids(&said["issued"]).len(), 3);
        assert_eq!(ids(&said["listed"]), ids(&said["issued"]), "all, over several pages");
        let license = said["listed"][0].as_str().expect("an id");
        let license = self.app.api("GET", &format!("/api/v1/licenses/{license}"), &json!(null)).expect(200);
        assert_eq!((&license["status"], &license["expires_at"]), (&json!("suspended"), &Value::Null));
        assert_eq!(license["customer_id"], said["customer"]);
        let mut rest = said.clone();
        for read in ["issued", "listed", "customer"] {
            rest.as_object_mut().expect("an object").remove(read);
        }
        let expected = json!({
            "pages": 2,
            "seats": "unlimited",
            "features": [{ "name": "export", "value": "pdf" }],
            "variables": { "theme": "dark", "workers": 4, "beta": true },
            "fail": "hard",
            "renewed": "2037-01-31T00:00:00Z",
            "endless": null,
            "status": "suspended",
            "states": ["active", "next"],
            "events": ["license_issued", "license_renewed", "license_suspended", "license_updated"],
            "missing": [404, "not_found"],
            "taken": [409, "name_taken"],
        });
        assert_eq!(rest, expected);
    }
}

/// Types that openapi-typescript and @hey-api/openapi-ts made, checked by TypeScript with those who use them.
#[test]
fn clients_in_typescript_are_made_and_work() {
    let workshop = Workshop::with_node();
    workshop.made_by(workshop.beside_node("openapi-typescript").args([
        "openapi.json",
        "--output",
        "schema.d.ts",
    ]));
    workshop.made_by(workshop.beside_node("openapi-ts").args(["--file", "openapi-ts.config.mjs"]));
    workshop.made_by(workshop.beside_node("tsc").args(["--project", "."]));
    workshop.judge(&run(
        Command::new("node").arg(workshop.path().join("out/openapi_fetch.js")),
        &workshop.order(),
    ));
    // The other one begins anew: names are taken.
    let other = TestApp::start(Engine::Sqlite);
    let other = Workshop { app: other, ..workshop };
    other.judge(&run(Command::new("node").arg(other.path().join("out/hey_api.js")), &other.order()));
}

#[test]
fn a_client_of_openapi_python_client_is_made_and_works() {
    let workshop = Workshop::open();
    let made = ["generate", "--path", "openapi.json", "--meta", "none", "--output-path", "sealgate_api"];
    std::fs::write(workshop.path().join("settings.yaml"), "post_hooks: []\n").expect("is written");
    let mut generator = Command::new(beside_python("openapi-python-client"));
    workshop.made_by(generator.args(made).args(["--config", "settings.yaml", "--fail-on-warning"]));
    // Its own code gives a variable another type where a field is called like its shape, so only ours is judged.
    let mut judge = Command::new(beside_python("mypy"));
    judge.env("MYPYPATH", workshop.path()).args(["--follow-imports", "silent", "--cache-dir", "/dev/null"]);
    workshop.made_by(judge.arg(here().join("python/openapi_python_client.py")));
    workshop.judge(&python("openapi_python_client.py", &workshop.order()));
}

#[test]
fn a_client_of_openapi_generator_is_made_and_works() {
    let workshop = Workshop::open();
    let made = ["generate", "--generator-name", "python", "--input-spec", "openapi.json", "--output", "."];
    let mut generator = Command::new(beside_python("openapi-generator-cli"));
    generator.args(made).args(["--package-name", "sealgate_made"]);
    generator.args(["--global-property", "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"]);
    workshop.made_by(&mut generator);
    workshop.made_by(Command::new(interpreter()).args(["-m", "compileall", "-q", "sealgate_made"]));
    workshop.judge(&python("openapi_generator.py", &workshop.order()));
}

/// What the validator of OpenAPI and JSON Schema says.
fn faults(document: &Value) -> (Vec<String>, u64) {
    let said = python("openapi_document.py", document);
    let faults = serde_json::from_value(said["faults"].clone()).expect("a list");
    (faults, said["examples"].as_u64().expect("a number"))
}

#[test]
fn the_document_is_valid_and_every_example_is_of_its_schema() {
    let workshop = Workshop::with_node();
    let document = workshop.app.document();
    let (found, examples) = faults(&document);
    assert!(found.is_empty(), "{found:#?}");
    assert!(examples >= 150, "{examples}");
    let lint = Command::new("node")
        .arg(workshop.path().join("lint.mjs"))
        .arg(workshop.path().join("openapi.json"))
        .output();
    let lint = lint.expect("node starts");
    assert_eq!(
        String::from_utf8_lossy(&lint.stdout).trim(),
        "[]",
        "{}",
        String::from_utf8_lossy(&lint.stderr)
    );
    // And it finds faults where there are some.
    let mut broken = document.clone();
    broken["components"]["schemas"].as_object_mut().expect("shapes").remove("EventView");
    assert!(!faults(&broken).0.is_empty(), "a reference that leads nowhere");
    let mut broken = document.clone();
    broken["components"]["schemas"]["Tier"]["enum"] = json!(["gold"]);
    assert!(!faults(&broken).0.is_empty(), "an example that is not of its schema");
    let mut broken = document;
    broken["components"]["schemas"]["Tier"]["type"] = json!("word");
    assert!(!faults(&broken).0.is_empty(), "a type that does not exist");
}
