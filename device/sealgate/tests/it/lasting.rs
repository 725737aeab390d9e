//! A state folder that cannot be written: real, by a mount that is read-only for everybody.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the machine itself is what is tested")]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use sealgate::{Client, FileStore};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::authority::key;
use crate::environments::{apart, script};
use crate::guard::{Machine, heard};
use crate::looker::program;
use crate::site::ORIGIN;

/// Says that this process is a child, and where its state is.
const STATE: &str = "SEALGATE_TEST_STATE";
/// The program runs twice: with a folder that it may write, and with one that nobody may.
const TWICE: &str = r#""$@" && mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && "$@""#;

/// The lines of the log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Visit for Lines {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.lock().expect("no panics").push(format!("{value:?}"));
        }
    }
}

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The child. It is only one of the tests where nobody started it.
#[test]
fn child() {
    let Some(state) = std::env::var_os(STATE).map(PathBuf::from) else { return };
    let machine = Machine::unactivated(Some(heard()));
    let client = Client::builder(machine.site.trust())
        .server(ORIGIN)
        .store(FileStore::new(state))
        .clock(machine.clocks.clone())
        .transport(machine.site.clone());
    let client = Arc::new(client.build().expect("configured"));
    if client.activation().expect("it verifies").is_none() {
        client.activate(&key()).expect("admitted");
    } else {
        machine.pass(2 * 3_600);
    }
    machine.pass(3_600);
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        let guard = client.guard().without_threads().start().expect("it starts");
        println!("SEEN {:?}", guard.state());
        machine.pass(1_800);
        guard.verify_integrity();
    });
    for line in lines.0.lock().expect("no panics").iter() {
        println!("SEEN {line}");
    }
}

#[test]
fn a_folder_that_nobody_may_write_is_told_once() {
    let Some(mut under) = apart(&[]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state");
    let state = state.to_str().expect("text");
    under.extend(script("true", &[]).into_iter().take(2));
    under.extend([TWICE.to_owned(), state.to_owned()]);
    let mut command = Command::new(&under[0]);
    command.args(&under[1..]).arg(program());
    command.args(["--exact", "lasting::child", "--nocapture", "--test-threads=1"]).env(STATE, state);
    let done = command.stdin(Stdio::null()).output().expect("it runs");
    let said = String::from_utf8(done.stdout).expect("text");
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    let states: Vec<&str> = said.lines().filter(|line| line.contains("GuardState {")).collect();
    assert_eq!(states.len(), 2, "{said}");
    assert!(states[0].contains("standing: Licensed") && states[0].contains("is_kept: true"), "{said}");
    assert!(states[1].contains("standing: Licensed") && states[1].contains("is_kept: false"), "{said}");
    assert_eq!(said.matches("[License] StateNotPersistent: ").count(), 1, "{said}");
}
