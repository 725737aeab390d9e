//! Somebody looks into the program while it runs.

use serde_json::{Value, json};

use crate::product::Product;
use crate::running::Running;
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
        running.event("[AntiTamper] Debugger detected. Downgrading to Free tier.");
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
