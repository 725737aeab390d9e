//! What somebody else may have put into a data directory, or beside it, is not believed. Some of it needs root, who may give files away;
//! whoever is not root sees the rest.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use crate::program::{Outcome, run, sealgate};
use crate::server::Server;
use crate::vendor::Vendor;

const SOMEBODY: u32 = 65_534;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is one's own");
}

/// The program with a data directory, and more arguments.
fn on(data: &Path, arguments: &[&str]) -> Outcome {
    run(sealgate(&["--json", "--data"]).arg(data).args(arguments))
}

/// It names this path, and says what to do.
fn names(told: Outcome, (exit, code): (i32, &str), path: &Path, fix: &str) {
    let failure = told.refused(exit, code);
    let message = failure["message"].as_str().expect("text");
    assert!(message.contains(&path.display().to_string()) && message.contains(fix), "{failure}");
}

const UNREADABLE: (i32, &str) = (65, "file_unreadable");
const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

#[test]
fn a_data_directory_that_others_may_write_to_is_refused_until_a_person_has_looked() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    fs::create_dir(&data).expect("is made");
    set_mode(&data, 0o777);
    assert_eq!(Server::start(&data).stop().0, Some(0), "nothing was in it");
    let runtime = dir.path().join("runtime");
    let share = ["keys", "share", "-o", runtime.to_str().expect("UTF-8")];
    for open in [&data, &data.join("keys")] {
        set_mode(open, 0o777);
        for command in [&SERVE[..], &share, &["keys", "renew-sessions"], &["token", "recover"]] {
            names(on(&data, command), UNREADABLE, open, "chmod 700");
        }
        assert_eq!(fs::metadata(open).expect("there").permissions().mode() & 0o777, 0o777);
        set_mode(open, 0o700);
    }
    assert!(!runtime.exists());
    on(&data, &share).ok();
    assert_eq!(Server::start(&data).stop().0, Some(0));
}

#[test]
fn a_database_that_somebody_else_may_have_put_there_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    assert_eq!(Server::start(&data).stop().0, Some(0));
    fs::write(data.join("sealgate.db-journal"), "").expect("is written");
    for name in ["sealgate.db", "sealgate.lock", "sealgate.db-journal", "sealgate.written"] {
        let path = data.join(name);
        set_mode(&path, 0o666);
        for command in [&SERVE[..], &["token", "recover"]] {
            names(on(&data, command), UNREADABLE, &path, "chmod 600");
        }
        set_mode(&path, 0o600);
        if chown(&path, Some(SOMEBODY), None).is_ok() {
            names(on(&data, &SERVE), UNREADABLE, &path, "chown 0");
            chown(&path, Some(0), None).expect("root may");
        }
    }
    assert_eq!(Server::start(&data).stop().0, Some(0));
}

/// Who sets it knows it. What the program was started with is read whoever made it.
#[test]
fn a_passphrase_that_somebody_else_may_have_set_opens_and_makes_nothing() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, file) = (dir.path().join("data"), dir.path().join("passphrase"));
    fs::write(&file, "correct horse\n").expect("is written");
    let serve = [&SERVE[..], &["--passphrase-file", file.to_str().expect("UTF-8")]].concat();
    let is_refused = |fix: &str| names(on(&data, &serve), UNREADABLE, &file, fix);
    set_mode(&file, 0o666);
    is_refused("chmod 600");
    // As secrets are mounted into a container.
    set_mode(&file, 0o444);
    if chown(&file, Some(SOMEBODY), None).is_ok() {
        is_refused("chown 0");
        chown(&file, Some(0), None).expect("root may");
    }
    assert!(!data.exists());
    let passphrase = ["--passphrase-file", file.to_str().expect("UTF-8")];
    assert_eq!(Server::start_with(&data, &passphrase).stop().0, Some(0));
    let renew = ["keys", "renew-sessions", "--passphrase-file", "/dev/stdin"];
    let told = crate::program::run_with_input(
        sealgate(&["--json", "--data"]).arg(&data).args(renew),
        "correct horse\n",
    );
    assert_eq!(told.json()["secret"], "session-v2");
}

/// A command would do the work for whoever put it there. Root may look at the directory of the server's user.
#[test]
fn a_token_that_somebody_else_may_have_put_there_is_not_sent() {
    let vendor = Vendor::new();
    let (data, token) = (vendor.data(), vendor.data().join("admin.token"));
    let list = || vendor.run(&["--json", "app", "list"]);
    let is_refused = |fix: &str| names(list(), (77, "token_invalid"), &token, fix);
    set_mode(&token, 0o666);
    is_refused("chmod 600");
    set_mode(&token, 0o600);
    set_mode(&data, 0o777);
    is_refused("chmod 700");
    set_mode(&data, 0o700);
    if chown(&token, Some(SOMEBODY), None).is_ok() {
        is_refused("chown 0");
        chown(&data, Some(SOMEBODY), None).expect("root may");
        list().ok();
        chown(&data, Some(0), None).expect("root may");
        chown(&token, Some(0), None).expect("root may");
    }
    list().ok();
}
