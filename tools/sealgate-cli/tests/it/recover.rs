//! An installation whose owner's token is lost is not lost.

use std::path::Path;

use sealgate_testkit::{Engine, TestDatabase};
use serde_json::{Value, json};

use crate::program::{Outcome, run, sealgate};
use crate::server::Server;
use crate::vendor::text;

fn recover(data: &Path, more: &[&str]) -> Outcome {
    let mut command = sealgate(&["token", "recover", "--json", "--data"]);
    run(command.arg(data).args(more))
}

fn ask(server: &Server, token: &str, verb: &[&str]) -> Outcome {
    let mut command = sealgate(verb);
    run(command.args(["--json", "--url", &server.url, "--token", token]))
}

/// The token may do all that the first one may, and the audit log says where it comes from.
fn may_do_everything(server: &Server, made: &Value) {
    let token = text(&made["token"]);
    assert_eq!((&made["scopes"], &made["expires_at"]), (&json!(["owner", "installation"]), &Value::Null));
    ask(server, token, &["tenant", "list"]).json();
    ask(server, token, &["app", "create", "Editor"]).json();
    let audit = ask(server, token, &["audit", "list"]).json();
    let entries = audit.as_array().expect("a list");
    let of_it = entries.iter().find(|entry| entry["subject"] == made["token_id"]).expect("is there");
    assert_eq!((&of_it["action"], &of_it["actor"]), (&json!("token.recovered"), &json!("system")));
    assert!(!audit.to_string().contains(token), "{audit}");
    ask(server, token, &["audit", "verify"]).json();
}

/// Revokes the first owner's token with another: nobody has an owner's token that is in force when that one is lost.
fn lose_the_first(server: &Server, data: &Path) {
    let first = std::fs::read_to_string(data.join("admin.token")).expect("the owner's token");
    let tokens = ask(server, first.trim(), &["token", "list"]).json();
    let id = text(&tokens[0]["token_id"]).to_owned();
    let failure = ask(server, first.trim(), &["token", "revoke", &id]).refused(4, "last_owner");
    assert!(failure["fix"].as_str().is_some_and(|fix| fix.contains("token create")), "{failure}");
    let all = ["token", "create", "--scope", "owner", "--scope", "installation"];
    let other = ask(server, first.trim(), &all).json();
    ask(server, text(&other["token"]), &["token", "revoke", "--keep-made", &id]).json();
    std::fs::remove_file(data.join("admin.token")).expect("there");
}

#[test]
fn beside_an_sqlite_database_that_nobody_serves_from() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    let server = Server::start(&data);
    lose_the_first(&server, &data);
    recover(&data, &[]).refused(78, "data_in_use");
    assert_eq!(server.stop().0, Some(0));

    let made = recover(&data, &[]).json();
    let shown = run(sealgate(&["token", "recover", "-q", "--data"]).arg(&data)).ok();
    assert!(shown.starts_with("sgt_"), "shown in any case: {shown}");
    recover(&data, &["--tenant", "Nobody"]).refused(3, "not_found");
    let server = Server::start(&data);
    may_do_everything(&server, &made);
    ask(&server, shown.trim(), &["app", "list"]).json();

    let acme = ask(&server, text(&made["token"]), &["tenant", "create", "Acme"]).json();
    assert_eq!(server.stop().0, Some(0));
    for named in ["Acme", text(&acme["tenant_id"])] {
        assert_eq!(recover(&data, &["--tenant", named]).json()["scopes"], json!(["owner"]));
    }
}

#[test]
fn beside_postgresql_while_a_server_runs_and_while_none_does() {
    let database = TestDatabase::create(Engine::Postgres);
    let url = database.postgres_url().expect("PostgreSQL");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    let server = Server::start_with(&data, &["--database", &url]);
    lose_the_first(&server, &data);
    may_do_everything(&server, &recover(&data, &["--database", &url]).json());
    assert_eq!(server.stop().0, Some(0));
    let config = dir.path().join("sealgate.toml");
    std::fs::write(&config, format!("database = {url:?}\n")).expect("written");
    let made = recover(&data, &["--config", config.to_str().expect("UTF-8")]).json();
    let server = Server::start_with(&data, &["--database", &url]);
    ask(&server, text(&made["token"]), &["app", "list"]).json();
    assert_eq!(server.stop().0, Some(0));
}

/// It makes neither keys nor a database, and opens no database of other keys.
#[test]
fn what_is_not_an_installation_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let [one, other, none] = ["one", "other", "none"].map(|name| dir.path().join(name));
    recover(&none, &[]).refused(65, "file_unreadable");
    assert!(!none.exists());
    for data in [&one, &other] {
        assert_eq!(Server::start(data).stop().0, Some(0));
    }
    std::fs::rename(one.join("keys"), dir.path().join("keys")).expect("moved");
    std::fs::create_dir(one.join("keys")).expect("made");
    recover(&one, &[]).refused(65, "file_unreadable");
    assert_eq!(std::fs::read_dir(one.join("keys")).expect("there").count(), 0, "no keys are made");
    std::fs::remove_dir(one.join("keys")).expect("removed");
    std::fs::rename(other.join("keys"), one.join("keys")).expect("moved");
    recover(&one, &[]).refused(78, "database_mismatch");
    std::fs::rename(dir.path().join("keys"), other.join("keys")).expect("moved");
    for file in ["sealgate.db", "sealgate.db-wal", "sealgate.db-shm"] {
        let _ = std::fs::remove_file(other.join(file));
    }
    recover(&other, &[]).refused(78, "database_unusable");
    assert!(!other.join("sealgate.db").exists());
    run(sealgate(&["token", "recover", "--json"]).env("SEALGATE_DATABASE", "")).refused(78, "config_invalid");
}

/// As of a server that was not stopped: what was written last stands in the log alone.
#[test]
fn a_copy_without_its_log_is_not_started_on() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let [data, torn] = ["data", "torn"].map(|name| dir.path().join(name));
    let server = Server::start(&data);
    let copied = std::process::Command::new("cp").arg("-a").args([&data, &torn]).status();
    assert!(copied.expect("cp runs").success());
    std::fs::remove_file(torn.join("sealgate.db-wal")).expect("is there");
    let serve = ["serve", "--json", "--listen", "127.0.0.1:0", "--data"];
    for failure in [
        run(sealgate(&serve).arg(&torn)).refused(78, "database_unusable"),
        recover(&torn, &[]).refused(78, "database_unusable"),
    ] {
        assert!(text(&failure["message"]).contains("-wal"), "{failure}");
        assert!(text(&failure["fix"]).contains("sealgate.written"), "{failure}");
    }
    std::fs::copy(data.join("sealgate.db-wal"), torn.join("sealgate.db-wal")).expect("is brought");
    recover(&torn, &[]).json();
    assert_eq!(server.stop().0, Some(0));
}

/// Who answers running software only cannot make himself an owner.
#[test]
fn a_runtime_recovers_nothing() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let [data, runtime] = ["data", "runtime"].map(|name| dir.path().join(name));
    assert_eq!(Server::start(&data).stop().0, Some(0));
    run(sealgate(&["keys", "share", "--data"]).arg(&data).arg("-o").arg(&runtime)).ok();
    for file in ["sealgate.db", "sealgate.db-wal", "sealgate.db-shm"] {
        let _ = std::fs::copy(data.join(file), runtime.join(file));
    }
    recover(&runtime, &[]).refused(78, "key_missing");
}

#[test]
fn the_end_of_the_last_owner_s_token_is_warned_of() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let data = dir.path().join("data");
    let server = Server::start(&data);
    let first = std::fs::read_to_string(data.join("admin.token")).expect("the owner's token");
    let id = text(&ask(&server, first.trim(), &["token", "list"]).json()[0]["token_id"]).to_owned();
    let all = ["token", "create", "--scope", "owner", "--scope", "installation", "--expires", "+20d"];
    let other = ask(&server, first.trim(), &all).json();
    ask(&server, text(&other["token"]), &["token", "revoke", "--keep-made", &id]).json();
    assert_eq!(server.stop().0, Some(0));
    let (_, log) = Server::start(&data).stop();
    assert!(log.contains("WARN") && log.contains("token recover"), "{log}");
    recover(&data, &[]).json();
    let (_, log) = Server::start(&data).stop();
    assert!(!log.contains("token recover"), "{log}");
}
