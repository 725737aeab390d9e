//! Secrets are shown once, where they were asked for, and nowhere else.

use sealgate_testkit::{TestApp, request};

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
fn a_refusal_repeats_no_key_that_was_typed() {
    let vendor = Vendor::new();
    for key in ["000G-40R4-0M30-E209-185G-R38E-1YRB", "000G-40R4-0M30-E209-185G-R38E-1YRC"] {
        let told = vendor.run(&["license", "show", key]);
        assert_ne!(told.exit, Some(0));
        assert!(!told.stderr.contains(&key[5..]), "{told:?}");
    }
}
