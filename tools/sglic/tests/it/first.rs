//! The first contact: a machine is activated, and everything that can be wrong then.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::program::{Machine, SGLIC, Vendor, read, run, text};

/// The standard flow: activate, verify at start, ask again.
#[test]
fn a_machine_is_activated_once() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({ "max_devices": 1 }));
    let machine = vendor.machine();
    assert_eq!(machine.run("status").json()["activated"], false);

    let activated = machine.activate(&license).json();
    assert_eq!(
        (&activated["state"], &activated["generation"], &activated["already"]),
        (&json!("active"), &json!(1), &json!(false))
    );
    assert_eq!(activated["license_id"], license["license_id"]);
    for (name, file) in [("proof", "activation_proof.json"), ("license", "license.json")] {
        let path = machine.state().join("licenses").join(file);
        assert_eq!(text(&activated[name]), path.display().to_string());
        assert_eq!(std::fs::metadata(&path).expect("written").permissions().mode() & 0o777, 0o600, "{file}");
        let statement: Value = serde_json::from_slice(&read(&path)).expect("JSON");
        assert!(statement.to_string().contains("payloadType"), "{statement}");
    }
    let status = machine.run("status").json();
    assert_eq!(
        (&status["activated"], &status["state"], &status["last_heartbeat"]),
        (&json!(true), &json!("active"), &Value::Null)
    );
    machine.run("verify").json();
    let beat = machine.run("heartbeat").json();
    assert_eq!(beat["said"], "admitted");
    assert!(machine.run("status").json()["last_heartbeat"].is_string());

    let again = machine.activate(&license).json();
    assert_eq!((&again["generation"], &again["already"]), (&json!(1), &json!(true)));
    let key = text(&license["license_key"]);
    let again = run(&mut machine.command(&format!("activate --again --key {key}"))).json();
    assert_eq!((&again["generation"], &again["already"]), (&json!(2), &json!(false)));
    assert_eq!(vendor.devices(&license), 1);
    machine.run("verify").json();
}

/// A mistyped address, or somebody else's server, is not asked from then on.
#[test]
fn an_activation_that_fails_leaves_the_server_that_worked() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    machine.activate(&license).json();
    let (key, elsewhere) = (text(&license["license_key"]), machine.path("elsewhere/proof.json"));
    let words =
        format!("activate --again --key {key} --server http://127.0.0.1:1 --output {}", elsewhere.display());
    machine.run(&words).refused(69, "server_unreachable");
    let unnamed = |words: &str| run(machine.command(words).env_remove("SGLIC_SERVER"));
    assert_eq!(unnamed("heartbeat").json()["said"], "admitted");
    assert_eq!(text(&unnamed("status").json()["server"]), vendor.server.url);
    assert!(!elsewhere.exists());
    unnamed("verify").json();
}

/// It says which server is asked, and which files are written.
#[test]
fn settings_that_others_may_write_are_refused() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    machine.activate(&license).json();
    let settings = machine.state().join("sglic.json");
    for (mode, is_refused) in [(0o666, true), (0o620, true), (0o644, false)] {
        std::fs::set_permissions(&settings, std::fs::Permissions::from_mode(mode)).expect("changed");
        let outcome = machine.run("status");
        if is_refused {
            let failure = outcome.refused(65, "file_unreadable");
            assert!(text(&failure["message"]).contains("sglic.json"), "{failure}");
        } else {
            outcome.json();
        }
    }
}

#[test]
fn the_proof_lies_where_it_was_wanted_and_follows_the_license() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    let proof = machine.path("app/licenses/activation_proof.json");
    let words = format!("activate --key {} --output {}", text(&license["license_key"]), proof.display());
    machine.run(&words).json();
    let before = (read(&proof), read(&proof.with_file_name("license.json")));
    let path = format!("/api/v1/licenses/{}/renew", text(&license["license_id"]));
    vendor.server.api("POST", &path, &json!({ "expires_at": "2037-01-31T00:00:00Z" })).expect(200);
    assert_eq!(machine.run("heartbeat").json()["license_changed"], true);
    let after = (read(&proof), read(&proof.with_file_name("license.json")));
    assert!(before.0 != after.0 && before.1 != after.1);
    assert_eq!(machine.run("verify").json()["license_ends"], "2037-01-31T00:00:00Z");
    std::fs::write(&proof, &before.0).expect("written");
    machine.run("verify").refused(1, "proof_mismatch");
    std::fs::remove_file(&proof).expect("removed");
    machine.run("verify").refused(65, "file_unreadable");
    let named = format!(
        "activate --key {} --output {}",
        text(&license["license_key"]),
        proof.with_file_name("license.json").display()
    );
    machine.run(&named).refused(2, "malformed_request");
}

#[test]
fn the_vendors_keys_are_never_the_servers() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    let verbs =
        ["activate --key AAAA", "manifest submit --key AAAA", "status", "verify", "fingerprint", "heartbeat"];
    for words in verbs.into_iter().chain(["deactivate --yes"]) {
        let mut bare = std::process::Command::new(SGLIC);
        bare.env_clear().args(words.split_whitespace()).arg("--json").args(["--server", &vendor.server.url]);
        bare.arg("--state").arg(machine.state());
        run(&mut bare).refused(78, "trust_missing");
    }
    std::fs::write(machine.path("trust.json"), "{}").expect("written");
    machine.activate(&license).refused(78, "config_invalid");
    // Another vendor's.
    let other = Vendor::new();
    let stranger = other.machine();
    std::fs::copy(stranger.path("trust.json"), machine.path("trust.json")).expect("copied");
    let refused = machine.activate(&license);
    assert!(matches!(refused.exit, Some(1 | 69)), "{refused:?}");
    assert!(!machine.state().join("licenses").exists());
}

#[test]
fn a_wrong_key_and_a_server_that_is_down_say_so() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    machine.run("activate --key SG").refused(2, "license_key_malformed");
    // Mistyped, as its checksum shows.
    let mistyped = text(&license["license_key"]).chars().rev().collect::<String>();
    let refused = machine.run(&format!("activate --key {mistyped}"));
    assert_eq!(refused.exit, Some(2), "{refused:?}");
    // Well formed, and nobody's.
    machine.run("activate --key 000G-40R4-0M30-E209-185G-R38E-1YRB").refused(1, "invalid_key");
    let key = text(&license["license_key"]);
    machine
        .run(&format!("activate --server http://127.0.0.1:9 --key {key}"))
        .refused(69, "server_unreachable");
    machine.run(&format!("activate --server http://192.0.2.1 --key {key}")).refused(78, "config_invalid");
    assert_eq!(machine.run("status").json()["activated"], false);
    machine.run("heartbeat").refused(4, "not_activated");
    machine.run("deactivate --yes").refused(4, "not_activated");
    machine.run("verify").refused(4, "not_activated");
    // The same question goes on where it was left.
    assert_eq!(machine.activate(&license).json()["generation"], 1);
}

/// A key stays in no file once it was answered, and in no message.
#[test]
fn a_key_is_not_repeated() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let key = text(&license["license_key"]);
    let bare = key.replace('-', "");
    let machine = vendor.machine();
    let shows = |text: &str| text.contains(&key) || text.contains(&bare);
    for words in [
        format!("activate {key}"),
        format!("activate --kye={key}"),
        format!("status {key}"),
        format!("manifest submit {key}"),
    ] {
        let outcome = machine.run(&words);
        assert_eq!(outcome.exit, Some(2), "{outcome:?}");
        assert!(!shows(&outcome.stderr), "{outcome:?}");
    }
    let outcome = run(&mut machine.command(&format!("activate --key {key}")));
    assert!(!shows(&outcome.stdout) && !shows(&outcome.stderr));
    outcome.json();
    let kept = String::from_utf8_lossy(&machine.all_bytes()).into_owned();
    assert!(!shows(&kept));
}

/// Else a machine with an update runs by the proof of the former files, and nobody is told.
#[test]
fn other_files_are_activated_anew() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    machine.activate(&license).json();
    let manifest = machine.path("manifest.json");
    let words = format!("activate --key {} --manifest {}", text(&license["license_key"]), manifest.display());
    std::fs::write(&manifest, format!("[[\"editor\",\"{}\",null,null]]", "5f".repeat(32))).expect("written");
    machine.run(&words).refused(4, "unapproved_module");
    let waiting = vendor.server.api("GET", "/api/v1/approvals", &Value::Null).json();
    let path = format!("/api/v1/licenses/{}/approvals/approve", text(&license["license_id"]));
    let decision = json!({ "approval_ids": [waiting["items"][0]["approval_id"]] });
    vendor.server.api("POST", &path, &decision).expect(200);
    let activated = machine.run(&words).json();
    assert_eq!(
        (&activated["already"], &activated["generation"], &activated["modules"]),
        (&json!(false), &json!(2), &json!(1))
    );
    for words in [words.as_str(), &format!("activate --key {}", text(&license["license_key"]))] {
        let again = machine.run(words).json();
        assert_eq!((&again["already"], &again["generation"]), (&json!(true), &json!(2)), "{words}");
    }
}

/// Else the next run of a script activates again, and the fourth in a day is taken for a copy.
#[test]
fn a_key_that_is_denied_changes_nothing_of_what_is_held() {
    let vendor = Vendor::new();
    let (license, revoked) = (vendor.issue(&json!({})), vendor.issue(&json!({})));
    vendor.change(&revoked, "revoke");
    let machine = vendor.machine();
    machine.activate(&license).json();
    let denied = format!(
        "activate --key {} --output {}",
        text(&revoked["license_key"]),
        machine.path("elsewhere/proof.json").display()
    );
    machine.run(&denied).refused(1, "revoked");
    machine.run("verify").json();
    let again = machine.activate(&license).json();
    assert_eq!((&again["already"], &again["generation"]), (&json!(true), &json!(1)));
}

#[test]
fn a_machine_without_an_activation_needs_no_server_to_be_told_so() {
    let vendor = Vendor::new();
    let machine = vendor.machine();
    for words in ["heartbeat", "heartbeat --watch", "deactivate --yes", "deactivate -y"] {
        let refused = run(machine.command(words).env_remove("SGLIC_SERVER")).refused(4, "not_activated");
        assert!(text(&refused["fix"]).contains("activate --key -"), "{refused}");
    }
}

#[test]
fn a_license_without_a_free_seat_says_who_has_them() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({ "max_devices": 1 }));
    vendor.machine().activate(&license).json();
    let refused = vendor.machine().activate(&license).refused(4, "device_limit");
    assert_eq!((&refused["devices_used"], &refused["max_devices"]), (&json!(1), &json!(1)));
    assert!(refused["seats"][0]["device_id"].is_string(), "{refused}");
    let key = text(&license["license_key"]);
    let told = vendor.machine().tell(&format!("activate --key {key}"));
    assert!(told.stderr.contains(&text(&refused["seats"][0]["device_id"])), "{told:?}");
}

/// Each file that is wrong is named as what it is.
#[test]
fn a_trust_that_does_not_fit_says_what_to_do() {
    let vendor = Vendor::new();
    let machine = vendor.machine();
    machine.activate(&vendor.issue(&json!({}))).json();
    let viewer = vendor.server.create_app("Viewer");
    let path = format!("/api/v1/apps/{}/trust", text(&viewer["app_id"]));
    let trust = vendor.server.api("GET", &path, &Value::Null).bytes;
    std::fs::write(machine.path("trust.json"), &trust).expect("written");
    for words in ["status", "verify"] {
        let refused = machine.run(words).refused(1, "wrong_app");
        assert!(text(&refused["fix"]).contains("--state"), "{refused}");
    }
    std::fs::write(machine.path("trust.json"), "{}").expect("written");
    let refused = machine.run("status").refused(78, "config_invalid");
    assert!(!text(&refused["message"]).contains("built-in"), "{refused}");
}

#[test]
fn an_empty_standard_input_names_no_key() {
    let vendor = Vendor::new();
    vendor.machine().run("activate --key -").refused(2, "malformed_request");
}

#[test]
fn the_program_explains_itself() {
    let plain = |words: &[&str]| run(std::process::Command::new(SGLIC).env_clear().args(words)).ok();
    assert!(plain(&["--version"]).starts_with("sglic "));
    let help = plain(&["--help"]);
    let verbs =
        ["activate", "deactivate", "status", "verify", "fingerprint", "heartbeat", "manifest", "doctor"];
    for verb in verbs {
        assert!(help.contains(&format!("\n  {verb}")), "{help}");
        assert!(plain(&[verb, "--help"]).contains(&format!("sglic {verb}")));
    }
    for verb in ["collect", "submit"] {
        assert!(plain(&["manifest", "--help"]).contains(&format!("\n  {verb}")));
        assert!(plain(&["manifest", verb, "--help"]).contains(&format!("sglic manifest {verb}")));
    }
    for code in
        ["0 done", "1 refused", "2 usage", "4 conflict", "65 bad file", "69 server", "78 configuration"]
    {
        assert!(help.replace('\n', " ").contains(code), "{code}");
    }
    assert!(plain(&["completions", "bash"]).contains("sglic"));
    let machine = Machine::new_empty();
    let folder = machine.path("man");
    plain(&["man", "-o", &folder.display().to_string()]);
    assert!(folder.join("sglic.1").exists() && folder.join("sglic-activate.1").exists());
    assert!(folder.join("sglic-manifest-submit.1").exists());
}

/// Seed 004: "Activation rejected with unapproved versions".
#[test]
fn modules_that_nobody_approved_are_listed_with_the_fix() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    let manifest = machine.path("manifest.json");
    let words = format!("activate --key {} --manifest {}", text(&license["license_key"]), manifest.display());
    let digest = "5f".repeat(32);
    std::fs::write(&manifest, format!("[[\"editor\",\"{digest}\",\"1.0\",null]]\n")).expect("written");
    let refused = machine.run(&words).refused(4, "unapproved_module");
    let module = json!({ "name": "editor", "sha256": digest, "version": "1.0", "signer": null });
    assert_eq!(refused["modules"], json!([module]));
    assert!(text(&refused["fix"]).contains("approve"));
    assert_eq!((vendor.devices(&license), &machine.run("status").json()["activated"]), (0, &json!(false)));
    for wrong in ["{}", "[]", "[[\"a/b\",\"00\",null,null]]"] {
        std::fs::write(&manifest, wrong).expect("written");
        let refused = machine.run(&words);
        assert_eq!(refused.exit, Some(65), "{wrong} {refused:?}");
    }
    std::fs::remove_file(&manifest).expect("removed");
    machine.run(&words).refused(65, "file_unreadable");
}

/// An installed program is listed, and activated once its release was published.
#[test]
fn a_program_is_listed_by_its_files() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = vendor.machine();
    let (root, manifest) = (machine.path("app"), machine.path("manifest.json"));
    std::fs::create_dir_all(root.join("lib")).expect("made");
    std::fs::copy(SGLIC, root.join("editor")).expect("copied");
    std::fs::write(root.join("lib/plugin.dll"), "MZ and so on").expect("written");
    std::fs::write(root.join("README"), "text").expect("written");
    std::os::unix::fs::symlink(SGLIC, root.join("link")).expect("linked");
    // A file that lies there twice is one module.
    std::fs::write(root.join("plugin.dll"), "MZ and so on").expect("written");
    let words = format!("manifest collect --root {} -o {}", root.display(), manifest.display());
    assert_eq!(machine.run(&words).json()["modules"], 2);
    let list: Value = serde_json::from_slice(&read(&manifest)).expect("JSON");
    let names: Vec<&Value> = list.as_array().expect("a list").iter().map(|entry| &entry[0]).collect();
    assert_eq!(names, ["editor", "plugin.dll"]);
    assert_eq!((&list[0][2], &list[0][3]), (&Value::Null, &Value::Null));
    let words = format!("activate --key {} --manifest {}", text(&license["license_key"]), manifest.display());
    let refused = machine.run(&words).refused(4, "unapproved_module");
    assert_eq!(refused["modules"].as_array().map(Vec::len), Some(2));
    machine
        .run(&format!("manifest collect --root {}", machine.path("none").display()))
        .refused(65, "file_unreadable");
    machine
        .run(&format!("manifest collect --root {}", root.join("lib/..").join("empty").display()))
        .refused(65, "file_unreadable");
}
