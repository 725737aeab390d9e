//! A vendor at work: a running server and a directory for files.

use std::path::PathBuf;

use serde_json::Value;

use crate::program::{Outcome, run, run_with_input, sealgate};
use crate::server::Server;

/// A running server with its data, and a place for files.
pub(crate) struct Vendor {
    pub(crate) server: Server,
    // Dropped last, once nothing runs in it.
    dir: tempfile::TempDir,
}

impl Vendor {
    /// A first start.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self { server: Server::start(&dir.path().join("data")), dir }
    }

    /// A first start on a database of its own.
    pub(crate) fn on(database: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self { server: Server::start_with(&dir.path().join("data"), &["--database", database]), dir }
    }

    /// A path beside the server's data.
    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// The server's data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Ends the server well and starts it again with the same data.
    pub(crate) fn restart(self) -> Self {
        self.server.signal("TERM");
        self.restart_after_end()
    }

    /// The same with something done in between.
    pub(crate) fn restart_after(self, between: impl FnOnce()) -> Self {
        let Self { server, dir } = self;
        assert_eq!(server.stop().0, Some(0));
        between();
        Self { server: Server::start(&dir.path().join("data")), dir }
    }

    /// Waits for the server's good end and starts it again with the same data.
    pub(crate) fn restart_after_end(self) -> Self {
        let Self { server, dir } = self;
        assert_eq!(server.wait().0, Some(0));
        Self { server: Server::start(&dir.path().join("data")), dir }
    }

    /// The program, told where the server is and by whose right.
    pub(crate) fn sealgate(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = sealgate(arguments);
        command.env("SEALGATE_URL", &self.server.url).env("SEALGATE_DATA", self.data());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        run(&mut self.sealgate(arguments))
    }

    /// The same with something on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        run_with_input(&mut self.sealgate(arguments), input)
    }

    /// The answer to a program.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        self.run(&[&["--json"], arguments].concat()).json()
    }

    /// A new app.
    pub(crate) fn app(&self, name: &str) -> Value {
        self.json(&["app", "create", name])
    }

    /// A new license, with more arguments.
    pub(crate) fn license(&self, app: &Value, more: &[&str]) -> Value {
        let issue = ["license", "issue", "--app", text(&app["app_id"])];
        let issue =
            if more.contains(&"--plan") { issue.to_vec() } else { [&issue[..], &["--no-plan"]].concat() };
        self.json(&[&issue, more].concat())["licenses"][0].clone()
    }

    /// A license's file with its trust beside it: their paths.
    pub(crate) fn file(&self, license: &Value, name: &str) -> (String, String) {
        let path = self.path(name);
        self.json(&["license", "file", text(&license["license_id"]), "-o", &path, "--with-trust"]);
        let trust = format!("{path}.trust");
        (path, trust)
    }
}

/// Runs one test body for a vendor on SQLite and for one on PostgreSQL.
macro_rules! on_both_databases {
    ($(fn $name:ident($vendor:ident: &Vendor) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports, reason = "a body may need nothing from outside")]
            use super::*;

            fn body($vendor: &Vendor) $body

            #[test]
            fn sqlite() {
                body(&Vendor::new());
            }

            #[test]
            fn postgres() {
                let database = sealgate_testkit::TestDatabase::create(sealgate_testkit::Engine::Postgres);
                body(&Vendor::on(&database.postgres_url().expect("PostgreSQL")));
            }
        }
    )*};
}
pub(crate) use on_both_databases;

/// The text of a JSON string.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// The names of a JSON object.
pub(crate) fn names(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// The first cells of a printed line.
pub(crate) fn cells(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}
