//! What a vendor's page on re-activation promises, step by step, with the real programs on both sides.

use serde_json::{Value, json};

use crate::program::{read, text};
use crate::shop::{Shop, build, install, names, starts};

/// A refusal says what happened, and what to do next.
fn says(failure: &Value, message: &[&str], fix: &[&str]) {
    for (name, words) in [("message", message), ("fix", fix)] {
        let said = text(&failure[name]);
        assert!(words.iter().all(|word| said.contains(word)), "{name} without {words:?}: {failure}");
    }
}

#[test]
fn a_program_is_activated_rebuilt_forked_moved_and_revoked() {
    let shop = Shop::open();
    let (license, others) = (shop.sell(), shop.sell());
    let machine = shop.machine();
    let root = machine.path("app");

    // The standard flow: the client lists its files, the server compares them with what the vendor published, and answers with a
    // signed proof. An official build needs no approval by hand.
    install(&shop.publish("1.0"), &root);
    let first = machine.with_list("activate", &license).json();
    assert_eq!(
        (&first["state"], &first["generation"], &first["modules"]),
        (&json!("active"), &json!(1), &json!(2))
    );
    // The application verifies the proof locally when it starts.
    machine.verify_at_start().json();
    assert_eq!(starts(&root), "1.0");

    // Re-activation is required when a rebuild changes a file's hash. At the start: the files do not match the proof.
    let rebuilt = machine.path("rebuilt");
    build(&rebuilt, "rebuilt");
    std::fs::copy(rebuilt.join("editor"), root.join("editor")).expect("copied");
    assert_eq!(starts(&root), "rebuilt", "it is a program that runs");
    let refused = machine.verify_at_start().refused(4, "unapproved_module");
    assert_eq!(names(&refused["modules"]), ["editor"]);
    says(&refused, &["1 of 2"], &["as the vendor published", "sglic manifest collect", "sglic activate"]);
    // The proof itself is as good as before.
    machine.run("verify").json();
    // At the activation: the list has a version that nobody approved.
    let refused = machine.with_list("activate", &license).refused(4, "unapproved_module");
    assert_eq!(names(&refused["modules"]), ["editor"]);
    says(
        &refused,
        &["not approve"],
        &["as the vendor published", "publish this build", "approve", "activate again"],
    );
    let status = machine.run("status").json();
    assert_eq!((&status["state"], &status["generation"]), (&json!("active"), &json!(1)), "nothing was lost");

    // An update of the package: the vendor publishes the next version, and the same command is accepted.
    install(&shop.publish("1.1"), &root);
    machine.verify_at_start().refused(4, "unapproved_module");
    let second = machine.with_list("activate", &license).json();
    assert_eq!((&second["generation"], &second["already"]), (&json!(2), &json!(false)));
    machine.verify_at_start().json();
    assert_eq!(starts(&root), "1.1");

    // A customer's own fork must be approved first: name, version, hash and signer go to the vendor, for one license.
    let fork = machine.path("fork");
    build(&fork, "fork");
    install(&fork, &root);
    let submitted = machine.with_list("manifest submit --yes", &license).json();
    assert_eq!((&submitted["submitted"], &submitted["activated"]), (&json!(2), &json!(false)));
    assert_eq!(names(&submitted["modules"]), ["editor", "libdraw.so"]);
    let id = text(&license["license_id"]);
    let waiting = shop.sealgate(&format!("manifest list --license {id} --status pending"));
    let is_of_fork = |row: &&Value| {
        let modules = submitted["modules"].as_array().expect("a list");
        modules.iter().any(|module| module["sha256"] == row["sha256"])
    };
    let rows = waiting.as_array().expect("a list").iter().filter(is_of_fork);
    let rows: Vec<String> = rows.map(|row| text(&row["approval_id"])).collect();
    assert_eq!(shop.sealgate(&format!("manifest approve {id} {}", rows.join(" ")))["changed"], 2);
    assert_eq!(machine.with_list("activate", &license).json()["generation"], 3);
    machine.verify_at_start().json();
    // No approval of a fork is used for another customer's license: each of its files is named.
    let other = shop.machine();
    install(&fork, &other.path("app"));
    let refused = other.with_list("activate", &others).refused(4, "unapproved_module");
    assert_eq!(names(&refused["modules"]), ["editor", "libdraw.so"]);
    assert_eq!(other.run("status").json()["activated"], false);

    // The deployment moves to another machine: neither the proof nor the state counts there.
    machine.run("heartbeat").json();
    let (moved, copy) = (shop.machine(), machine.copied());
    install(&fork, &moved.path("app"));
    for name in ["activation_proof.json", "license.json"] {
        std::fs::write(moved.path(name), read(&machine.state().join("licenses").join(name)))
            .expect("written");
    }
    let files = format!(
        "verify --proof {} --license {}",
        moved.path("activation_proof.json").display(),
        moved.path("license.json").display()
    );
    says(&moved.run(&files).refused(4, "not_activated"), &["no activation"], &["activate"]);
    machine.run("heartbeat").json();
    let refused = copy.run_at("+7s", "heartbeat").refused(1, "nonce_replayed");
    says(&refused, &["did not count"], &["copied", "activate"]);
    machine.run("deactivate --yes").json();
    assert_eq!(moved.with_list("activate", &license).json()["state"], "active");
    moved.verify_at_start().json();
    says(&machine.verify_at_start().refused(4, "not_activated"), &["no activation"], &["activate"]);

    // The current proof is revoked, and a new one is issued.
    let devices = shop.sealgate(&format!("device list --license {id}"));
    let device = text(&devices[0]["device_id"]);
    shop.sealgate(&format!("device release {device}"));
    let refused = moved.run("heartbeat").refused(4, "not_activated");
    says(&refused, &["no activation"], &["activate"]);
    assert_eq!(moved.with_list("activate --again", &license).json()["state"], "active");
    moved.verify_at_start().json();

    // The license is revoked: the heartbeat says so, a grace runs, and after it the program runs in its free tier.
    shop.sealgate(&format!("license revoke {id} --yes"));
    let ended = moved.run("heartbeat").refused(1, "revoked");
    says(&ended, &["ends", &text(&ended["grace_until"])], &["vendor"]);
    moved.verify_at_start().json();
    assert_eq!(moved.run("status").json()["state"], "grace");
    let over =
        moved.run_at("+25h", &format!("verify --root {}", moved.path("app").display())).refused(1, "revoked");
    says(&over, &["grace was over"], &["valid license", "activate again"]);
    // A valid license brings a new proof.
    let valid = shop.sell();
    install(&shop.publish("1.2"), &moved.path("app"));
    assert_eq!(moved.with_list("activate", &valid).json()["state"], "active");
    moved.verify_at_start().json();
}
