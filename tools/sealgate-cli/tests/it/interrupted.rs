//! Signals in the middle of work of several requests: what runs is finished and shown, and the command that goes on is named.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;

use serde_json::Value;

use crate::halfway::{Way, ids};
use crate::paste::{named, pasted};
use crate::program::{Outcome, SEALGATE};
use crate::server::{lines_of, next, rest};
use crate::vendor::{Vendor, text};

/// A run that gets signals while a request of it is held on the way.
struct Run {
    child: Child,
    out: Receiver<String>,
    log: Receiver<String>,
}

impl Run {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let out = lines_of(child.stdout.take().expect("piped"));
        let log = lines_of(child.stderr.take().expect("piped"));
        Self { child, out, log }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// The first signal, which it takes up while it waits.
    fn interrupt(&self, name: &str) {
        self.signal(name);
        next(&self.log, "another signal ends it at once");
    }

    fn end(mut self) -> Outcome {
        let (stdout, stderr) = (rest(&self.out), rest(&self.log));
        Outcome { exit: self.child.wait().expect("it ends").code(), stdout, stderr }
    }
}

/// What stands in the first column of what was printed, and is as long as a key.
fn keys(told: &str) -> BTreeSet<String> {
    let firsts = told.lines().filter_map(|line| line.split_whitespace().next());
    firsts.filter(|word| word.len() > 30 && !word.contains(char::is_lowercase)).map(str::to_owned).collect()
}

#[test]
fn an_order_that_is_interrupted_shows_its_keys_and_goes_on() {
    for (signal, exit) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let vendor = Vendor::new();
        vendor.app("Editor");
        let way = Way::to(&vendor.server.url);
        way.hold_after(1);
        let order = ["license", "issue", "--count", "350", "--label", "No 7"];
        let run = Run::start(&mut way.sealgate(&vendor, &order));
        // The second part is issued, and its answer on the way.
        way.is_held();
        run.interrupt(signal);
        way.let_go();
        let told = run.end();
        assert_eq!(told.exit, Some(exit), "{told:?}");
        let shown = keys(&told.stdout);
        assert_eq!((shown.len(), ids(&vendor).len()), (200, 200), "{told:?}");
        let lines: Vec<&str> = told.stderr.lines().collect();
        assert_eq!(lines[0], format!("error: interrupted by SIG{signal} (interrupted)"));
        assert!(lines[1].starts_with("  fix: licenses issued so far: 200 of 350; go on with: "), "{told:?}");
        let all = keys(&pasted(&vendor, &told.stderr, &[]).ok());
        assert_eq!((all.len(), ids(&vendor).len()), (350, 350), "{told:?}");
        assert!(shown.is_subset(&all));
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let way = Way::to(&vendor.server.url);
    way.hold_after(0);
    let run = Run::start(&mut way.sealgate(&vendor, &["license", "issue", "--count", "150"]));
    way.is_held();
    run.interrupt("INT");
    run.signal("TERM");
    let told = run.end();
    assert_eq!((told.exit, &*told.stdout), (Some(143), ""), "{told:?}");
    way.let_go();
}

#[test]
fn many_that_are_interrupted_say_who_is_left() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    vendor.json(&["license", "issue", "--count", "5", "--expires", "2036-01-31"]);
    let all: Vec<String> = ids(&vendor).into_iter().collect();
    let file = vendor.path("list");
    std::fs::write(&file, all[1..].join("\n")).expect("written");
    let (listed, filtered) = ([&*all[0], "--from", &file], ["--tier", "licensed"]);
    for (verb, list, status) in [
        (&["license", "renew", "--expires", "+1y"][..], &listed[..], "active"),
        (&["license", "suspend", "--reason", "not paid"], &filtered, "suspended"),
        (&["license", "resume"], &listed, "active"),
        (&["license", "revoke", "--reason", "stolen."], &filtered, "revoked"),
    ] {
        let way = Way::to(&vendor.server.url);
        way.hold_after(1);
        let run = Run::start(&mut way.sealgate(&vendor, &[verb, list, &["--yes"]].concat()));
        way.is_held();
        run.interrupt("INT");
        way.let_go();
        let told = run.end();
        assert_eq!(told.exit, Some(130), "{told:?}");
        assert!(told.stdout.contains(": 2.\n") && told.stdout.contains("Not tried: 3."), "{told:?}");
        let again = named(&told.stderr);
        assert!(told.stderr.contains("so far: 2 of 5; go on with: ") && again.contains("--yes"), "{told:?}");
        pasted(&vendor, &told.stderr, &[]).ok();
        let now = vendor.json(&["license", "list"]);
        for license in now.as_array().expect("a list") {
            assert_eq!(text(&license["status"]), status, "{again}");
            assert_eq!(text(&license["expires_at"]), "2037-02-01T00:00:00Z", "{again}");
        }
    }
}

#[test]
fn an_import_that_is_interrupted_shows_its_keys_and_goes_on() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let rows: Vec<String> = (0..250).map(|n| format!("No {n}")).collect();
    let file = vendor.path("list.csv");
    std::fs::write(&file, format!("label\n{}\n", rows.join("\n"))).expect("written");
    let way = Way::to(&vendor.server.url);
    way.hold_after(1);
    let import = ["license", "import", &file, "--app", "editor"];
    let run = Run::start(&mut way.sealgate(&vendor, &import));
    way.is_held();
    run.interrupt("TERM");
    way.let_go();
    let told = run.end();
    assert_eq!(told.exit, Some(143), "{told:?}");
    assert_eq!((keys(&told.stdout).len(), ids(&vendor).len()), (200, 200), "{told:?}");
    let rest = vendor.run(&import).ok();
    assert_eq!((keys(&rest).len(), ids(&vendor).len()), (50, 250));
}

#[test]
fn what_goes_license_by_license_inside_is_interrupted_between_its_requests() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    vendor.json(&["access", "allow", "--hwid", "desk"]);
    vendor.json(&["access", "deny", "--hwid", "desk"]);
    let way = Way::to(&vendor.server.url);
    way.hold_after(0);
    let run = Run::start(&mut way.sealgate(&vendor, &["access", "remove", "--hwid", "desk"]));
    way.is_held();
    run.interrupt("INT");
    way.let_go();
    let told = run.end();
    assert_eq!(told.exit, Some(130), "{told:?}");
    assert!(told.stderr.contains("entries removed so far: 1 of 2; go on with: "), "{told:?}");
    pasted(&vendor, &told.stderr, &[]).ok();
    assert_eq!(vendor.json(&["access", "list"]), Value::Array(vec![]));
}

/// The key that comes with the answer is not lost, and nothing else was to be done.
#[test]
fn the_only_request_is_finished() {
    let vendor = Vendor::new();
    let way = Way::to(&vendor.server.url);
    for create in
        [&["app", "create", "Editor"][..], &["license", "issue"], &["token", "create", "--preset", "ci"]]
    {
        way.hold_after(0);
        let run = Run::start(&mut way.sealgate(&vendor, create));
        way.is_held();
        run.interrupt("INT");
        way.let_go();
        let told = run.end();
        assert_eq!((told.exit, &*told.stderr), (Some(0), ""), "{told:?}");
        assert!(told.stdout.len() > 50, "{told:?}");
    }
}

/// Whoever started it did not want it to end with the terminal.
#[test]
fn a_signal_that_was_to_be_ignored_is() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let way = Way::to(&vendor.server.url);
    way.hold_after(1);
    let line = format!("trap '' HUP; exec {SEALGATE} license issue --count 250");
    let mut shell = Command::new("/bin/sh");
    shell.env_clear().args(["-c", &line]).env("SEALGATE_URL", way.url()).env("SEALGATE_DATA", vendor.data());
    let run = Run::start(&mut shell);
    way.is_held();
    run.signal("HUP");
    way.let_go();
    let told = run.end();
    assert_eq!((told.exit, keys(&told.stdout).len()), (Some(0), 250), "{told:?}");
}
