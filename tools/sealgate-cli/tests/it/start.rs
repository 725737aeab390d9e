//! How `sealgate serve` starts, and why it does not.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealgate_testkit::{Engine, TestDatabase, request};
use serde_json::Value;

use crate::program::{Outcome, SEALGATE, run, sealgate};
use crate::server::Server;
use crate::vendor::Vendor;

/// A start that must fail.
fn start(data: &Path, more: &[&str]) -> Outcome {
    let serve = ["serve", "--json", "--listen", "127.0.0.1:0", "--data", data.to_str().expect("UTF-8")];
    run(&mut sealgate(&[&serve, more].concat()))
}

/// The failure without the log lines before it.
fn last_line(outcome: Outcome) -> Outcome {
    let stderr = outcome.stderr.lines().last().unwrap_or_default().to_owned();
    Outcome { stderr, ..outcome }
}

fn database_files(data: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let paths: Vec<PathBuf> =
        std::fs::read_dir(data).expect("there").map(|e| e.expect("there").path()).collect();
    let of_database =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".db"));
    paths.into_iter().filter(of_database)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[test]
fn the_first_start_founds_everything_and_keeps_it_from_others() {
    let vendor = Vendor::new();
    let data = vendor.data();
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("keys")), 0o700);
    assert_eq!(mode(&data.join("admin.token")), 0o600);
    for entry in std::fs::read_dir(data.join("keys")).expect("there") {
        let path = entry.expect("there").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    let health = request("GET", &format!("{}/healthz", vendor.server.url), None, &Value::Null);
    assert_eq!(health.expect(200)["status"], "ok");
    vendor.server.log_with("first start");
}

fn open_to_others(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("there");
}

#[test]
fn a_directory_that_others_could_read_is_closed_with_all_that_lies_in_it() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    std::fs::create_dir(&data).expect("is made");
    open_to_others(&data, 0o755);
    let server = Server::start(&data);
    assert_eq!(mode(&data), 0o700);
    let files: Vec<PathBuf> = database_files(&data).chain([data.join("sealgate.lock")]).collect();
    assert!(files.len() > 2, "{files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    assert_eq!(server.stop().0, Some(0));
    // As a copy that was brought back by somebody who did not think of it.
    for path in [data.join("keys"), data.join("sealgate.db"), data.clone()] {
        open_to_others(&path, 0o755);
    }
    let (_, log) = Server::start(&data).stop();
    assert!(log.contains("closed"), "{log}");
    assert_eq!(
        [mode(&data), mode(&data.join("keys")), mode(&data.join("sealgate.db"))],
        [0o700, 0o700, 0o600]
    );
}

/// It says what is missing, and leaves nothing that the next one stumbles over.
#[test]
fn a_first_start_on_a_full_disk_is_refused_and_the_next_one_founds_everything() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for bytes in ["0", "512", "32768", "400000"] {
        let data = dir.path().join(bytes);
        // A file that may not grow stands for a disk that has no room.
        let mut limited = Command::new("prlimit");
        limited.env_clear().env("PATH", "/usr/bin:/bin").arg(format!("--fsize={bytes}")).arg(SEALGATE);
        let serve = ["serve", "--json", "--listen", "127.0.0.1:0", "--data"];
        let failure = run(limited.args(serve).arg(&data)).refused(78, "database_unusable");
        assert!(failure["fix"].as_str().is_some_and(|fix| fix.contains("free space")), "{failure}");
        let server = Server::start(&data);
        server.line_with("sealgate app create");
        let list = ["app", "list", "--json", "--url", &server.url, "--data"];
        assert_eq!(run(sealgate(&list).arg(&data)).json(), serde_json::json!([]));
        assert_eq!(server.stop().0, Some(0));
    }
}

/// Also by root, whose files the server could not read. Whoever may not give a folder away has `/` for one of somebody else's.
#[test]
fn a_directory_of_another_user_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let [data, given, third] = ["data", "given", "third"].map(|name| dir.path().join(name));
    assert_eq!(Server::start(&data).stop().0, Some(0));
    std::fs::create_dir(&given).expect("is made");
    let give = |path: &Path| std::os::unix::fs::chown(path, Some(65_534), None).is_ok();
    let is_root = give(&given);
    let theirs = if is_root { &*given } else { Path::new("/") };
    let share = |data: &Path, to: &Path| {
        run(sealgate(&["--json", "keys", "share", "--data"]).arg(data).arg("-o").arg(to))
            .refused(65, "file_unreadable")
    };
    let mut refused = vec![start(theirs, &[]).refused(65, "file_unreadable"), share(&data, theirs)];
    if is_root && give(&data.join("keys")) {
        refused.push(share(&data, &third));
        let renew = ["--json", "keys", "renew-sessions", "--data"];
        refused.push(run(sealgate(&renew).arg(&data)).refused(65, "file_unreadable"));
    }
    for failure in refused {
        assert!(
            failure["message"].as_str().is_some_and(|text| text.contains("belongs to user")),
            "{failure}"
        );
    }
    assert_eq!(std::fs::read_dir(&given).expect("there").count(), 0);
    assert!(!third.exists());
}

#[test]
fn an_open_directory_of_other_things_is_no_data_directory() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("thesis.txt"), b"").expect("is written");
    open_to_others(dir.path(), 0o755);
    let failure = start(dir.path(), &[]).refused(65, "file_unreadable");
    assert!(failure["message"].as_str().is_some_and(|text| text.contains("chmod 700")), "{failure}");
    assert_eq!((mode(dir.path()), std::fs::read_dir(dir.path()).expect("there").count()), (0o755, 1));
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let vendor = Vendor::new();
    let failure = start(&vendor.data(), &[]).refused(78, "data_in_use");
    assert!(failure["fix"].is_string(), "{failure}");
    vendor.app("The first is unharmed");
}

#[test]
fn an_address_in_use_is_refused() {
    let vendor = Vendor::new();
    let (address, data) = (vendor.server.url.replace("http://", ""), vendor.path("other"));
    let told = run(&mut sealgate(&["serve", "--json", "--listen", &address, "--data", &data]));
    told.refused(78, "config_invalid");
    assert!(!Path::new(&data).exists(), "nothing is founded where nothing can be served");
}

#[test]
fn only_the_right_passphrase_opens_the_keystore() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, file) = (dir.path().join("data"), dir.path().join("passphrase"));
    let flag = ["--passphrase-file", file.to_str().expect("UTF-8")];
    std::fs::write(&file, "correct horse\n").expect("written");
    assert_eq!(Server::start_with(&data, &flag).stop().0, Some(0));
    assert!(!data.join("keys/unlock.key").exists(), "nothing beside the keys opens them");

    start(&data, &[]).refused(78, "keystore_locked");
    for wrong in ["correct horsf\n", "correct horse \n", "battery staple"] {
        std::fs::write(&file, wrong).expect("written");
        let failure = start(&data, &flag).refused(78, "keystore_locked");
        assert!(failure["fix"].is_string(), "{failure}");
    }
    std::fs::write(&file, "\n").expect("written");
    start(&data, &flag).refused(65, "file_unreadable");

    std::fs::write(&file, "correct horse\r\nonly the first line counts\n").expect("written");
    assert_eq!(Server::start_with(&data, &flag).stop().0, Some(0));
}

#[test]
fn a_lost_unlock_file_is_keystore_locked() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    assert_eq!(Server::start(&data).stop().0, Some(0));
    std::fs::remove_file(data.join("keys/unlock.key")).expect("there");
    start(&data, &[]).refused(78, "keystore_locked");
}

#[test]
fn the_database_file_of_another_keystore_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let [one, other] = ["one", "other"].map(|name| dir.path().join(name));
    for data in [&one, &other] {
        assert_eq!(Server::start(data).stop().0, Some(0));
    }
    // A database may lie in several files, so nothing of the other's own may stay.
    database_files(&other).for_each(|file| std::fs::remove_file(file).expect("removed"));
    for file in database_files(&one) {
        std::fs::rename(&file, other.join(file.file_name().expect("a name"))).expect("moved");
    }
    let failure = start(&other, &[]).refused(78, "database_mismatch");
    assert!(failure["fix"].is_string(), "{failure}");
}

/// It would sign for nobody that it sold to, and nobody would notice until customers do.
#[test]
fn a_keystore_without_its_database_founds_no_other() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, aside) = (dir.path().join("data"), dir.path().join("aside"));
    assert_eq!(Server::start(&data).stop().0, Some(0));
    let token = std::fs::read(data.join("admin.token")).expect("there");
    std::fs::create_dir(&aside).expect("made");
    let beside = |file: &Path, dir: &Path| dir.join(file.file_name().expect("a name"));
    for file in database_files(&data) {
        std::fs::rename(&file, beside(&file, &aside)).expect("moved");
    }
    let keys = || std::fs::read_dir(data.join("keys")).expect("there").count();
    let before = keys();
    for _ in 0..2 {
        let failure = start(&data, &[]).refused(78, "database_unusable");
        assert!(failure["fix"].as_str().is_some_and(|fix| fix.contains("backup")), "{failure}");
        assert_eq!(
            (keys(), std::fs::read(data.join("admin.token")).expect("there")),
            (before, token.clone())
        );
    }
    database_files(&data).for_each(|file| std::fs::remove_file(file).expect("removed"));
    for file in database_files(&aside) {
        std::fs::rename(&file, beside(&file, &data)).expect("moved back");
    }
    assert_eq!(Server::start(&data).stop().0, Some(0));
}

#[test]
fn a_postgres_database_serves_its_own_keystore_and_no_other() {
    let database = TestDatabase::create(Engine::Postgres);
    let url = database.postgres_url().expect("PostgreSQL");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    let list = |server: &Server| {
        let data = data.to_str().expect("UTF-8");
        run(&mut sealgate(&["app", "list", "--json", "--url", &server.url, "--data", data])).json()
    };
    let server = Server::start_with(&data, &["--database", &url]);
    assert_eq!(list(&server), serde_json::json!([]));
    assert_eq!(server.stop().0, Some(0));
    assert!(!data.join("sealgate.db").exists());

    last_line(start(&dir.path().join("other"), &["--database", &url])).refused(78, "database_mismatch");
    let again = Server::start_with(&data, &["--database", &url]);
    list(&again);
    assert_eq!(again.stop().0, Some(0));
}

#[test]
fn a_database_that_does_not_answer_is_refused_without_showing_its_password() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let url = "postgres://vendor:hunter2@127.0.0.1:1/sealgate";
    let outcome = start(&dir.path().join("data"), &["--database", url]);
    assert!(!outcome.stderr.contains("hunter2"), "{outcome:?}");
    last_line(outcome).refused(78, "database_unusable");
}

#[test]
fn a_config_file_serves_and_flags_win_over_it() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (file, data, other) = (dir.path().join("a.toml"), dir.path().join("data"), dir.path().join("other"));
    let config = format!("data = {:?}\nlisten = \"127.0.0.1:0\"\n", data.display().to_string());
    std::fs::write(&file, config).expect("written");
    let file = file.to_str().expect("UTF-8");

    assert_eq!(Server::launch(&mut sealgate(&["--config", file, "serve"])).stop().0, Some(0));
    assert!(data.join("admin.token").exists());
    let with_flag = ["serve", "--config", file, "--data", other.to_str().expect("UTF-8")];
    assert_eq!(Server::launch(&mut sealgate(&with_flag)).stop().0, Some(0));
    assert!(other.join("admin.token").exists());
}

#[test]
fn a_config_file_with_an_unknown_key_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("a.toml");
    let path = file.to_str().expect("UTF-8");
    let serve = ["serve", "--json", "--config", path, "--data", &format!("{path}.data")];
    for config in ["listne = \"127.0.0.1:0\"", "listen = 8080", "listen = ", "[server]\ndata = \"d\""] {
        std::fs::write(&file, config).expect("written");
        let failure = run(&mut sealgate(&serve)).refused(78, "config_invalid");
        assert!(failure["message"].as_str().is_some_and(|m| m.contains(path)), "{failure}");
    }
    std::fs::remove_file(&file).expect("there");
    run(&mut sealgate(&serve)).refused(78, "config_invalid");
}
