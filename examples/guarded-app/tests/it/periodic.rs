//! What comes while the program runs and nobody asks. The guard looks every half minute, so all of it waits together.

use std::process::{Child, Command, Stdio};

use sealgate_testkit::program::start;
use serde_json::json;

use crate::product::{OTHER_RULES, Product, compile};
use crate::running::{Running, read};
use crate::vendor::{BOTH, Vendor};

/// A program with full rights.
fn running(vendor: &Vendor, policy: &serde_json::Value) -> (Product, Running) {
    let product = Product::activated(vendor, policy);
    let mut running = product.start();
    assert!(running.stands().starts_with("tier enterprise"));
    running.is_full();
    (product, running)
}

/// A debugger that looks into it from now on, and lets it go on.
fn attached(running: &Running) -> Child {
    let mut debugger = Command::new("gdb");
    debugger.args(["-q", "-batch", "-p", &running.id().to_string()]);
    debugger.args(["-ex", "echo looks in\\n", "-ex", "continue"]);
    let mut debugger = start(debugger.stdin(Stdio::null()));
    let said = read(debugger.stdout.take().expect("piped"));
    assert!(said.iter().any(|line| line.contains("looks in")), "it attaches");
    debugger
}

#[test]
fn what_comes_later_ends_the_rights_while_the_program_runs() {
    let vendor = Vendor::new();
    let debugged = BOTH.map(|fail| {
        let (product, running) = running(&vendor, &json!({ "fail": fail, "anti_tamper": {} }));
        let debugger = attached(&running);
        (product, running, debugger)
    });
    let loaded = BOTH.map(|fail| {
        let (product, mut running) = running(&vendor, &json!({ "fail": fail, "integrity": "required" }));
        let other = product.path("libother.so");
        compile(OTHER_RULES, &other);
        assert_eq!(running.tell(&format!("engine {}", other.display())).last, "ok");
        (product, running)
    });
    for (product, mut running, mut debugger) in debugged {
        assert!(running.stands().starts_with("tier free"));
        running.event("[AntiTamper] debugger: process ");
        running.is_free("tamper_detected");
        // The debugger ends with what it looks into.
        running.quit();
        assert!(debugger.wait().expect("it ends").success());
        product.start().is_full();
    }
    for (product, mut running) in loaded {
        assert!(running.stands().starts_with("tier free"));
        running.event("libother.so does not belong here (Elsewhere)");
        running.is_free("unapproved_module");
        running.quit();
        product.start().is_full();
    }
}
