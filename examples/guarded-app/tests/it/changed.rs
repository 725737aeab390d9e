//! The product's files are not as the vendor approved them.

use std::path::Path;

use serde_json::{Value, json};

use crate::product::{OTHER_RULES, Product, compile, find, replace};
use crate::running::ended;
use crate::vendor::{BOTH, Vendor};

fn compared(fail: &str) -> Value {
    json!({ "fail": fail, "integrity": "required" })
}

/// Changes what is installed. Hard: it does not start, and says so. Soft: it starts with what is free, and says so.
fn is_seen(what: &str, change: impl Fn(&Product)) {
    let vendor = Vendor::new();
    for fail in BOTH {
        let product = Product::activated(&vendor, &compared(fail));
        product.start().is_full();
        change(&product);
        if fail == "hard" {
            let refused = ended(&mut product.command(&[]));
            assert_eq!((refused.exit, &*refused.stdout), (Some(1), ""), "{refused:?}");
            assert!(
                refused.stderr.contains("guarded-app: [Integrity] The program does not start: "),
                "{refused:?}"
            );
            assert!(refused.stderr.contains("(unapproved_module)"), "{refused:?}");
            assert!(refused.stderr.contains(&format!("[Integrity] Module {what}")), "{refused:?}");
        } else {
            let mut running = product.start();
            running.is_free("unapproved_module");
            running.event(&format!("[Integrity] Module {what}"));
            running.event("Downgrading to Free tier. (unapproved_module)");
            running.quit();
        }
    }
}

/// Changes one byte of a file, where these bytes stand.
fn change_one_byte(path: &Path, at: &[u8]) {
    let mut bytes = std::fs::read(path).expect("readable");
    let place = find(&bytes, at).expect("it stands there");
    bytes[place] ^= 1;
    replace(path, &bytes);
}

#[test]
fn one_byte_of_the_programs_read_only_data_is_seen() {
    let text = b"no such command; try help";
    is_seen("guarded-app hash mismatch. Expected: ", |product| change_one_byte(&product.program(), text));
}

#[test]
fn one_byte_of_the_library_is_seen() {
    let name = b"guarded_rules_hold\0";
    is_seen("libguarded_rules.so hash mismatch. Expected: ", |product| {
        // Not the name that is looked up, but what stands behind the last one.
        change_one_byte(&product.library(), &name[..]);
    });
}

#[test]
fn an_older_library_in_the_place_of_the_newer_one_is_seen() {
    is_seen("libguarded_rules.so hash mismatch. Expected: ", |product| {
        compile(OTHER_RULES, &product.path("older.so"));
        replace(&product.library(), &std::fs::read(product.path("older.so")).expect("readable"));
    });
}
