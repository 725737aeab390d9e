//! A program with the vendor's keys built in.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::json;

use crate::program::{SGLIC, Vendor, read, run, text};

#[test]
fn a_stamped_program_needs_no_trust_file_and_takes_none() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    let trust = read(&machine.path("trust.json"));
    let length = u64::try_from(trust.len()).expect("short").to_le_bytes();
    let program = machine.path("sglic");
    std::fs::write(&program, [&read(SGLIC.as_ref()), &*trust, &length, b"sglic trust v1\0\n"].concat())
        .expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).expect("set");
    let sglic = |words: &[&str]| {
        let mut command = Command::new(&program);
        command.env_clear().env("XDG_STATE_HOME", machine.path("states")).args(words).arg("--json");
        run(command.args(["--server", &vendor.server.url]))
    };
    sglic(&["activate", "--key", &text(&license["license_key"])]).json();
    assert_eq!(sglic(&["status"]).json()["activated"], true);
    let states = machine.path("states/sglic").join(text(&vendor.app["app_id"]));
    assert!(states.join("sglic.json").exists());
    let trust = machine.path("trust.json").display().to_string();
    sglic(&["status", "--trust", &trust]).refused(78, "config_invalid");
}
