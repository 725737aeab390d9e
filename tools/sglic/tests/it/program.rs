//! A vendor with a server, and a machine with the program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use sealgate_testkit::program::{self, faketime};
pub(crate) use sealgate_testkit::program::{signal, start};
use sealgate_testkit::{Engine, TestApp};
use serde_json::{Value, json};

/// The program under test.
pub(crate) const SGLIC: &str = env!("CARGO_BIN_EXE_sglic");

/// Only a broken program needs longer.
const PATIENCE: Duration = Duration::from_mins(2);

/// A vendor with one app.
pub(crate) struct Vendor {
    pub(crate) server: TestApp,
    pub(crate) app: Value,
    trust: Vec<u8>,
}

/// A machine: a folder with the program's state.
pub(crate) struct Machine {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) server: String,
}

impl Vendor {
    pub(crate) fn new() -> Self {
        let server = TestApp::start_in_real_time(Engine::Sqlite);
        let app = server.create_app("Editor");
        let path = format!("/api/v1/apps/{}/trust", text(&app["app_id"]));
        let trust = server.api("GET", &path, &Value::Null).bytes;
        Self { server, app, trust }
    }

    pub(crate) fn issue(&self, order: &Value) -> Value {
        self.server.issue(&self.app, order)
    }

    /// A snapshot of what was taken back, signed now.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        loop {
            let answer = self.server.api("POST", "/api/v1/snapshots", &json!({}));
            // The server's own job may be signing.
            if answer.status != 503 && answer.expect(200)["complete"] == true {
                break;
            }
            // As if the minute were over.
            self.server.meddle("UPDATE snapshots SET issued_at = issued_at - 60");
        }
        let path = format!("/api/v1/snapshot?app_id={}", text(&self.app["app_id"]));
        self.server.api("GET", &path, &Value::Null).bytes
    }

    /// Answers a machine's file, as `sealgate offline respond` does.
    pub(crate) fn respond(&self, request: &[u8]) -> Value {
        let order = json!({ "request": sealgate_testkit::encode_base64(request) });
        self.server.api("POST", "/api/v1/offline/respond", &order).expect(200)
    }

    /// Makes a bundle, as `sealgate offline export` does.
    pub(crate) fn export(&self, license: &Value, order: &Value) -> Value {
        let path = format!("/api/v1/licenses/{}/bundles", text(&license["license_id"]));
        self.server.api("POST", &path, order).expect(201)
    }

    /// The file of a bundle, with all keys.
    pub(crate) fn bundle_file(&self, bundle: &Value) -> Vec<u8> {
        let path = format!("/api/v1/bundles/{}/file", text(&bundle["bundle_id"]));
        let answer = self.server.api("GET", &path, &Value::Null);
        assert_eq!(answer.status, 200);
        answer.bytes
    }

    pub(crate) fn machine(&self) -> Machine {
        Machine::of(&self.server.url, &self.trust)
    }

    /// A change of the license.
    pub(crate) fn change(&self, license: &Value, verb: &str) {
        let path = format!("/api/v1/licenses/{}/{verb}", text(&license["license_id"]));
        self.server.api("POST", &path, &json!({})).expect(200);
    }

    /// How many devices hold a seat.
    pub(crate) fn devices(&self, license: &Value) -> u64 {
        let id = text(&license["license_id"]);
        self.server.count(&format!("devices WHERE license_id = '{id}'"))
    }
}

impl Machine {
    /// One without anything.
    pub(crate) fn new_empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), server: String::new() }
    }

    /// One whose vendor has a server there, and these keys.
    pub(crate) fn of(server: &str, trust: &[u8]) -> Self {
        let machine = Self { server: server.to_owned(), ..Self::new_empty() };
        std::fs::write(machine.path("trust.json"), trust).expect("written");
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// The program with these words, all of them without blanks.
    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = Command::new(SGLIC);
        command.env_clear().args(words.split_whitespace()).args(["--json", "--state"]).arg(self.state());
        command.arg("--trust").arg(self.path("trust.json")).env("SGLIC_SERVER", &self.server);
        command.stdin(Stdio::null());
        command
    }

    /// What it says to people.
    pub(crate) fn tell(&self, words: &str) -> Outcome {
        let command = self.command(words);
        let mut plain = Command::new(SGLIC);
        plain.env_clear().args(command.get_args().filter(|word| *word != "--json"));
        plain.env("SGLIC_SERVER", &self.server).stdin(Stdio::null());
        run(&mut plain)
    }

    pub(crate) fn run(&self, words: &str) -> Outcome {
        run(&mut self.command(words))
    }

    /// What a run that ended well says to people.
    pub(crate) fn tell_text(&self, words: &str) -> String {
        self.tell(words).ok()
    }

    /// The same so far from now, as in `+3d`.
    pub(crate) fn run_at(&self, time: &str, words: &str) -> Outcome {
        run(self.command(words).env("LD_PRELOAD", faketime()).env("FAKETIME", time))
    }

    pub(crate) fn activate(&self, license: &Value) -> Outcome {
        run_with_input(&mut self.command("activate --key -"), &text(&license["license_key"]))
    }

    /// A machine with a copy of the state.
    pub(crate) fn copied(&self) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let copied =
            Command::new("cp").arg("-a").arg(self.folder.path().join(".")).arg(folder.path()).status();
        assert!(copied.expect("cp runs").success());
        Self { folder, server: self.server.clone() }
    }

    /// All that lies in the state folder.
    pub(crate) fn all_bytes(&self) -> Vec<u8> {
        let mut folders = vec![self.state()];
        let mut bytes = vec![];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    bytes.extend(std::fs::read(path).expect("read"));
                }
            }
        }
        bytes
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

pub(crate) fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { exit: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Standard output of a run that ended well and complained of nothing.
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.exit, &*self.stderr), (Some(0), ""), "{self:?}");
        self.stdout
    }

    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).expect("JSON")
    }

    /// The failure that a run with `--json` reported.
    pub(crate) fn refused(self, exit: i32, code: &str) -> Value {
        assert_eq!((self.exit, &*self.stdout), (Some(exit), ""), "{self:?}");
        let failure: Value = serde_json::from_str(&self.stderr).unwrap_or_else(|e| panic!("{e}: {self:?}"));
        assert_eq!(failure["code"], code, "{self:?}");
        for name in ["message", "fix"] {
            assert!(failure[name].as_str().is_some_and(|text| !text.is_empty()), "{self:?}");
        }
        failure
    }
}

pub(crate) fn run(command: &mut Command) -> Outcome {
    finish(start(command))
}

pub(crate) fn run_with_bytes(command: &mut Command, input: &[u8]) -> Outcome {
    let mut child = start(command.stdin(Stdio::piped()));
    child.stdin.take().expect("piped").write_all(input).expect("it reads all of it");
    finish(child)
}

pub(crate) fn run_with_input(command: &mut Command, input: &str) -> Outcome {
    finish(start_with_input(command, input))
}

pub(crate) fn start_with_input(command: &mut Command, input: &str) -> Child {
    let mut child = start(command.stdin(Stdio::piped()));
    // One that was ended before it read is the test's own doing.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child
}

pub(crate) fn finish(child: Child) -> Outcome {
    finish_within(child, PATIENCE).unwrap_or_else(|outcome| panic!("it did not end: {outcome:?}"))
}

/// How it ended; what it said until then, if it had to be killed.
pub(crate) fn finish_within(child: Child, within: Duration) -> Result<Outcome, Outcome> {
    program::finish_within(child, within).map(Outcome::of).map_err(Outcome::of)
}
