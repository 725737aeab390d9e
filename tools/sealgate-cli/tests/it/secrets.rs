//! Secrets are shown once, where they were asked for, and nowhere else.

use std::path::Path;

use sealgate_testkit::{DATABASE_PASSWORD, Engine, TestApp, TestDatabase, have_no_debug_text, request};

use crate::program::{run, sealgate};
use crate::server::Server;
use crate::vendor::{Vendor, text};

#[test]
fn help_shows_no_secret_of_the_environment() {
    for verb in [&["--help"][..], &["serve", "--help"], &["license", "issue", "--help"]] {
        let mut command = sealgate(verb);
        command.env("SEALGATE_TOKEN", "sgt_secret").env("SEALGATE_DATABASE", "postgres://u:hunter2@h/d");
        let help = run(&mut command).ok();
        assert!(help.contains("SEALGATE_TOKEN"), "{help}");
        assert!(!help.contains("sgt_secret") && !help.contains("hunter2"), "{help}");
    }
}

#[test]
fn the_fullest_log_of_server_and_client_holds_no_secret() {
    let mut vendor = Vendor::new();
    let data = vendor.data();
    vendor.server.kill();
    vendor.server = Server::start_with(&data, &["-vv"]);
    let token = std::fs::read_to_string(data.join("admin.token")).expect("the owner's token");

    let app = vendor.app("Editor");
    let license = vendor.license(&app, &[]);
    let key = text(&license["license_key"]);
    let client = vendor.run(&["-vv", "license", "show", key]);
    assert_eq!(client.exit, Some(0));
    let question = TestApp::question(&app, &license, "device-1", &"0a".repeat(16));
    let answer =
        request("POST", &format!("{}/auth/validate", vendor.server.url), None, &question).expect(200);
    let (_, server) = vendor.server.stop();

    assert!(server.contains("DEBUG") && client.stderr.contains("DEBUG"), "both logs are full");
    let unlock = std::fs::read(data.join("keys/unlock.key")).expect("there");
    let unlock = String::from_utf8_lossy(&unlock);
    let bare_key = key.replace('-', "");
    let payload = text(&answer["payload"]);
    let secrets = [token.trim(), text(&app["app_secret"]), key, &bare_key, payload, unlock.trim()];
    for log in [&server, &client.stderr] {
        for secret in secrets {
            assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
        }
    }
}

#[test]
fn a_misspelt_password_of_the_database_is_not_logged() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().to_str().expect("UTF-8");
    let database = "postgres://u@127.0.0.1:1/d?passwd=hunter2";
    let start = run(&mut sealgate(&["-vv", "serve", "--data", data, "--database", database]));
    assert_eq!(start.exit, Some(78), "{start:?}");
    assert!(!start.stderr.contains("hunter2"), "{start:?}");
}

#[test]
fn a_refusal_repeats_no_key_that_was_typed() {
    let vendor = Vendor::new();
    for key in ["000G-40R4-0M30-E209-185G-R38E-1YRB", "000G-40R4-0M30-E209-185G-R38E-1YRC"] {
        let told = vendor.run(&["license", "show", key]);
        assert_ne!(told.exit, Some(0));
        assert!(!told.stderr.contains(&key[5..]), "{told:?}");
    }
}

#[test]
fn a_passphrase_is_in_no_log_no_error_and_no_file() {
    const RIGHT: &str = "correct horse battery staple";
    const WRONG: &str = "incorrect horse battery staple";
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (data, file) = (dir.path().join("data"), dir.path().join("passphrase"));
    let flag = ["-vv", "--passphrase-file", file.to_str().expect("UTF-8")];
    let mut said = vec![];
    std::fs::write(&file, RIGHT).expect("is written");
    for _ in 0..2 {
        said.push(log_of_a_talk(&data, &flag));
    }
    std::fs::write(&file, WRONG).expect("is written");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().expect("UTF-8")];
    let refused = run(&mut sealgate(&[&serve, &flag[..]].concat()));
    assert_eq!(refused.exit, Some(78));
    said.push(refused.stderr);
    assert!(said.concat().contains("DEBUG"), "the log is full");
    for secret in [RIGHT, WRONG] {
        assert!(!said.concat().contains(secret), "{said:?}");
        assert!(!holds(&data, secret), "{secret} is in a file");
    }
    assert!(holds(&data, "CREATE TABLE licenses"), "the files are the server's");
}

#[test]
fn the_password_of_a_database_is_in_no_log_and_no_error() {
    let database = TestDatabase::create(Engine::Postgres);
    let url = database.postgres_url().expect("PostgreSQL");
    assert!(url.contains(DATABASE_PASSWORD));
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    let file = dir.path().join("sealgate.toml");
    std::fs::write(&file, format!("database = \"{url}\"\n")).expect("is written");
    let file = file.to_str().expect("UTF-8");
    let mut said = vec![log_of_a_talk(&data, &["-vv", "--database", &url])];
    said.push(log_of_a_talk(&data, &["-vv", "--config", file]));
    assert!(said.concat().contains("DEBUG"), "the log is full");

    // A database, a user, a place and a URL that are wrong.
    for wrong in [
        url.clone() + "_no_such",
        url.replace("//postgres:", "//nobody:"),
        url.replace("127.0.0.1", "127.0.0.1:1"),
        url.replace("postgres://", "postgres:/"),
        url.replace("127.0.0.1", "[::"),
        format!("{url}?sslmode=perhaps"),
        format!("{url}?sslmode=verify-full"),
    ] {
        let data = dir.path().join("other");
        let serve = ["serve", "-vv", "--data", data.to_str().expect("UTF-8"), "--database", &wrong];
        let refused = run(&mut sealgate(&serve));
        assert!(refused.exit != Some(0) && !refused.stderr.is_empty(), "{refused:?}");
        said.push(refused.stderr);
    }
    said.push(run(&mut sealgate(&["check-config", file])).ok());
    said.push(run(&mut sealgate(&["--json", "check-config", file])).ok());
    for text in said {
        assert!(!text.contains(DATABASE_PASSWORD), "{text}");
    }
    assert!(!holds(&data, DATABASE_PASSWORD));
}

#[test]
fn what_holds_a_secret_has_no_debug_text() {
    have_no_debug_text! {
        sealgate_authforge::HeartbeatRequest,
        sealgate_authforge::OfflineActivateAnswer,
        sealgate_authforge::OfflineActivateRequest,
        sealgate_authforge::SelfBanRequest,
        sealgate_authforge::UnsignedFile,
        sealgate_authforge::ValidateAnswer,
        sealgate_authforge::ValidatePayload,
        sealgate_authforge::ValidateRequest,
        sealgate_wire::AppCreated,
        sealgate_wire::IssuedLicense,
        sealgate_wire::LicensesIssued,
        sealgate_wire::LookUpLicense,
        sealgate_wire::SecretRotated,
        sealgate_wire::TenantCreated,
        sealgate_wire::TokenCreated,
        sealgate_authority::SharedSecrets,
        sealgate_control::Control,
        sealgate_control::VendorSecrets,
        sealgate_signer::Keystore,
        sealgate_signer::Secret,
        sealgate_signer::Unlock,
        sealgate_store::Location,
        sealgate_server::recover::OwnerToken,
    }
}

/// The log of a server that was asked something.
fn log_of_a_talk(data: &Path, more: &[&str]) -> String {
    let server = Server::start_with(data, more);
    request("GET", &format!("{}/readyz", server.url), None, &serde_json::Value::Null).expect(200);
    server.stop().1
}

/// Every file of a directory and of those in it.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("there").map(|entry| entry.expect("there").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn holds(folder: &Path, secret: &str) -> bool {
    let bytes = |path: &std::path::PathBuf| std::fs::read(path).expect("is read");
    files(folder).iter().any(|path| bytes(path).windows(secret.len()).any(|part| part == secret.as_bytes()))
}
