//! Somebody looks into the program while it runs.

use std::process::{Command, Stdio};

use sealgate_testkit::program::start;
use serde_json::{Value, json};

use crate::product::Product;
use crate::running::{Running, read};
use crate::vendor::{BOTH, Vendor};

fn watched(fail: &str) -> Value {
    json!({ "fail": fail, "anti_tamper": {} })
}

/// From the start below a tool: it starts in either mode, has what is free, and says why.
fn is_seen_from_the_start(under: &[&str]) {
    let vendor = Vendor::new();
    for fail in BOTH {
        let product = Product::activated(&vendor, &watched(fail));
        let mut running = Running::start(product.command(under));
        running.is_free("tamper_detected");
        running.event("[AntiTamper] debugger: process ");
        running.event("Downgrading to Free tier. (tamper_detected)");
        running.tell("quit");
        product.start().is_full();
    }
}

#[test]
fn below_a_debugger_from_the_start_it_is_free() {
    is_seen_from_the_start(&["gdb", "-q", "-batch", "-ex", "run", "--args"]);
}

#[test]
fn below_strace_from_the_start_it_is_free() {
    is_seen_from_the_start(&["strace", "-f", "-o", "/dev/null"]);
}

/// Nobody asks: the guard finds it within half a minute, and rights that fell stay down.
#[test]
fn a_debugger_that_attaches_later_ends_the_rights_while_the_program_runs() {
    let vendor = Vendor::new();
    let both = BOTH.map(|fail| {
        let product = Product::activated(&vendor, &watched(fail));
        let mut running = product.start();
        assert!(running.stands().starts_with("tier enterprise"));
        running.is_full();
        let process = running.id().to_string();
        let mut debugger = Command::new("gdb");
        debugger.args(["-q", "-batch", "-p", &process, "-ex", "echo looks in\\n", "-ex", "continue"]);
        let mut debugger = start(debugger.stdin(Stdio::null()));
        let said = read(debugger.stdout.take().expect("piped"));
        assert!(said.iter().any(|line| line.contains("looks in")), "it attaches");
        (product, running, debugger)
    });
    for (product, mut running, mut debugger) in both {
        assert!(running.stands().starts_with("tier free"));
        running.event("[AntiTamper] debugger: process ");
        running.is_free("tamper_detected");
        // The debugger ends with what it looks into.
        running.quit();
        assert!(debugger.wait().expect("it ends").success());
        product.start().is_full();
    }
}
