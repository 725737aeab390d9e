//! What a vendor's page on re-activation promises, step by step, with the real programs on both sides.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::program::{Machine, read, text};
use crate::shop::{Shop, build, install, names, starts};

#[test]
fn a_program_is_activated_rebuilt_forked_moved_and_revoked() {
    let deployment = Deployment::new();
    deployment.activates_an_official_build();
    deployment.is_refused_once_it_was_rebuilt();
    deployment.is_accepted_once_the_vendor_published();
    deployment.needs_an_approval_for_a_fork();
    let moved = deployment.moves_to_another_machine();
    deployment.gets_a_new_proof_where_one_was_revoked(&moved);
    deployment.ends_with_its_license(&moved);
}

/// A customer's machine with the vendor's program, and a license for one machine.
struct Deployment {
    shop: Shop,
    license: Value,
    machine: Machine,
    root: PathBuf,
}

/// A refusal says what happened, and what to do next.
fn says(failure: &Value, message: &[&str], fix: &[&str]) {
    for (name, words) in [("message", message), ("fix", fix)] {
        let said = text(&failure[name]);
        assert!(words.iter().all(|word| said.contains(word)), "{name} without {words:?}: {failure}");
    }
}

impl Deployment {
    fn new() -> Self {
        let shop = Shop::open();
        let (license, machine) = (shop.sell(), shop.machine());
        let root = machine.path("app");
        Self { shop, license, machine, root }
    }

    fn license_id(&self) -> String {
        text(&self.license["license_id"])
    }

    /// The standard flow: the client lists its files, the server compares them with what the vendor published, and answers with
    /// a signed proof. An official build needs no approval by hand. The program verifies the proof when it starts.
    fn activates_an_official_build(&self) {
        install(&self.shop.publish("1.0"), &self.root);
        let first = self.machine.with_list("activate", &self.license).json();
        let found = (&first["state"], &first["generation"], &first["modules"]);
        assert_eq!(found, (&json!("active"), &json!(1), &json!(2)));
        self.machine.verify_at_start().json();
        assert_eq!(starts(&self.root), "1.0");
    }

    /// Re-activation is required when a rebuild changes a file's hash. "Integrity validation failed": at the start, the files do
    /// not match the proof. "Unapproved versions": at the activation, the list has a file that nobody approved.
    fn is_refused_once_it_was_rebuilt(&self) {
        let rebuilt = self.machine.path("rebuilt");
        build(&rebuilt, "rebuilt");
        std::fs::copy(rebuilt.join("editor"), self.root.join("editor")).expect("copied");
        assert_eq!(starts(&self.root), "rebuilt", "it is a program that runs");
        let refused = self.machine.verify_at_start().refused(4, "unapproved_module");
        assert_eq!(names(&refused["modules"]), ["editor"]);
        says(&refused, &["1 of 2"], &["as the vendor published", "sglic manifest collect", "sglic activate"]);
        // The proof itself is as good as before.
        self.machine.run("verify").json();
        let refused = self.machine.with_list("activate", &self.license).refused(4, "unapproved_module");
        assert_eq!(names(&refused["modules"]), ["editor"]);
        let fix = ["as the vendor published", "publish this build", "approve", "activate again"];
        says(&refused, &["not approve"], &fix);
        let status = self.machine.run("status").json();
        assert_eq!((&status["state"], &status["generation"]), (&json!("active"), &json!(1)));
    }

    /// Re-activation after an update of the package: the vendor publishes the version, and the same command is accepted.
    fn is_accepted_once_the_vendor_published(&self) {
        install(&self.shop.publish("1.1"), &self.root);
        self.machine.verify_at_start().refused(4, "unapproved_module");
        let second = self.machine.with_list("activate", &self.license).json();
        assert_eq!((&second["generation"], &second["already"]), (&json!(2), &json!(false)));
        self.machine.verify_at_start().json();
        assert_eq!(starts(&self.root), "1.1");
    }

    /// A customer's own fork is approved before it is activated: name, version, hash and signer go to the vendor, who approves
    /// them for this license. The approval of a fork is not used for another customer's license.
    fn needs_an_approval_for_a_fork(&self) {
        let fork = self.machine.path("fork");
        build(&fork, "fork");
        install(&fork, &self.root);
        let submitted = self.machine.with_list("manifest submit --yes", &self.license).json();
        assert_eq!((&submitted["submitted"], &submitted["activated"]), (&json!(2), &json!(false)));
        assert_eq!(names(&submitted["modules"]), ["editor", "libdraw.so"]);
        let id = self.license_id();
        let waiting = self.shop.sealgate(&format!("manifest list --license {id} --status pending"));
        let is_of_fork = |row: &&Value| {
            let modules = submitted["modules"].as_array().expect("a list");
            modules.iter().any(|module| module["sha256"] == row["sha256"])
        };
        let rows = waiting.as_array().expect("a list").iter().filter(is_of_fork);
        let rows: Vec<String> = rows.map(|row| text(&row["approval_id"])).collect();
        let approve = format!("manifest approve {id} {}", rows.join(" "));
        assert_eq!(self.shop.sealgate(&approve)["changed"], 2);
        assert_eq!(self.machine.with_list("activate", &self.license).json()["generation"], 3);
        self.machine.verify_at_start().json();

        let (other, theirs) = (self.shop.machine(), self.shop.sell());
        install(&fork, &other.path("app"));
        let refused = other.with_list("activate", &theirs).refused(4, "unapproved_module");
        assert_eq!(names(&refused["modules"]), ["editor", "libdraw.so"]);
        assert_eq!(other.run("status").json()["activated"], false);
    }

    /// The deployment moves to another machine: neither the proof nor a copy of the state counts there, until the seat was given
    /// back and the new machine is activated.
    fn moves_to_another_machine(&self) -> Machine {
        self.machine.run("heartbeat").json();
        let (moved, copy) = (self.shop.machine(), self.machine.copied());
        install(&self.machine.path("fork"), &moved.path("app"));
        for name in ["activation_proof.json", "license.json"] {
            let carried = read(&self.machine.state().join("licenses").join(name));
            std::fs::write(moved.path(name), carried).expect("written");
        }
        let (proof, license) = (moved.path("activation_proof.json"), moved.path("license.json"));
        let verify = format!("verify --proof {} --license {}", proof.display(), license.display());
        says(&moved.run(&verify).refused(4, "not_activated"), &["no activation"], &["activate"]);
        self.machine.run("heartbeat").json();
        // Elsewhere the clock shows another second.
        let refused = copy.run_at("+7s", "heartbeat").refused(1, "nonce_replayed");
        says(&refused, &["did not count"], &["copied", "activate"]);
        self.machine.run("deactivate --yes").json();
        assert_eq!(moved.with_list("activate", &self.license).json()["state"], "active");
        moved.verify_at_start().json();
        let refused = self.machine.verify_at_start().refused(4, "not_activated");
        says(&refused, &["no activation"], &["activate"]);
        moved
    }

    /// The current proof is revoked, and a new one is issued.
    fn gets_a_new_proof_where_one_was_revoked(&self, moved: &Machine) {
        let devices = self.shop.sealgate(&format!("device list --license {}", self.license_id()));
        self.shop.sealgate(&format!("device release {}", text(&devices[0]["device_id"])));
        let refused = moved.run("heartbeat").refused(4, "not_activated");
        says(&refused, &["no activation"], &["activate"]);
        assert_eq!(moved.with_list("activate --again", &self.license).json()["state"], "active");
        moved.verify_at_start().json();
    }

    /// The license is revoked: the heartbeat says so, a grace of a day runs, and after it the program runs in its free tier. A
    /// valid license brings a new proof.
    fn ends_with_its_license(&self, moved: &Machine) {
        self.shop.sealgate(&format!("license revoke {} --yes", self.license_id()));
        let ended = moved.run("heartbeat").refused(1, "revoked");
        says(&ended, &["ends", &text(&ended["grace_until"])], &["vendor"]);
        moved.verify_at_start().json();
        assert_eq!(moved.run("status").json()["state"], "grace");
        let verify = format!("verify --root {}", moved.path("app").display());
        let over = moved.run_at("+25h", &verify).refused(1, "revoked");
        says(&over, &["grace was over"], &["valid license", "activate again"]);
        install(&self.shop.publish("1.2"), &moved.path("app"));
        assert_eq!(moved.with_list("activate", &self.shop.sell()).json()["state"], "active");
        moved.verify_at_start().json();
    }
}
