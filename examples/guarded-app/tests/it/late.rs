//! Files that come to the program while it runs: a library that nobody approved, and updates of what the system loads.

use serde_json::{Value, json};

use crate::product::{OTHER_RULES, Product, compile, replace};
use crate::vendor::{BOTH, Vendor};

fn compared(fail: &str) -> Value {
    json!({ "fail": fail, "integrity": "required" })
}

/// In either mode: a check that fails later than the start makes the program free.
#[test]
fn a_library_that_is_loaded_late_and_was_not_approved_ends_the_rights() {
    let vendor = Vendor::new();
    for fail in BOTH {
        let product = Product::activated(&vendor, &compared(fail));
        let beside = product.path("product/libother.so");
        for (place, event) in [
            (product.path("libother.so"), "libother.so does not belong here (Elsewhere)"),
            (beside, "[Integrity] Module libother.so is not approved. Got: "),
        ] {
            compile(OTHER_RULES, &place);
            let mut running = product.start();
            assert_eq!(running.tell("verify").last, "ok");
            running.is_full();
            assert_eq!(running.tell(&format!("engine {}", place.display())).last, "ok");
            running.is_full();
            let stands = running.tell("verify").lines;
            assert!(stands[0].starts_with("tier free"), "{stands:?}");
            running.event(event);
            running.is_free("unapproved_module");
            running.quit();
            // A start without it finds nothing.
            product.start().is_full();
        }
    }
}

/// A library of the system's is whatever its administrator installed: another one at the next start, or while the program runs.
#[test]
fn a_library_of_the_system_that_is_updated_takes_nothing() {
    let Ok(system) = tempfile::Builder::new().prefix("guarded-app-").tempdir_in("/usr/local/lib") else {
        // Only the administrator may install libraries: this user cannot show it.
        return println!("not shown: the folders of the system cannot be written");
    };
    std::fs::set_permissions(system.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("set");
    let library = system.path().join("libsystem.so");
    compile("int version(void) { return 1; }", &library);
    let vendor = Vendor::new();
    for fail in BOTH {
        let product = Product::activated(&vendor, &compared(fail));
        let mut running = product.start();
        // It judges no rules, and is loaded still.
        assert_eq!(running.tell(&format!("engine {}", library.display())).last, "ok");
        assert!(running.tell("verify").lines[0].starts_with("tier enterprise"), "{:?}", running.events());
        compile("int version(void) { return 2; }", &product.path("next.so"));
        replace(&library, &std::fs::read(product.path("next.so")).expect("readable"));
        assert!(running.tell("verify").lines[0].starts_with("tier enterprise"), "{:?}", running.events());
        running.quit();
        let mut running = product.start();
        assert_eq!(running.tell(&format!("engine {}", library.display())).last, "ok");
        assert!(running.tell("verify").lines[0].starts_with("tier enterprise"), "{:?}", running.events());
    }
}

/// An update of the product while it runs: the program goes on with what it has, and the next start wants what was approved.
#[test]
fn the_product_that_is_updated_while_it_runs_goes_on() {
    let vendor = Vendor::new();
    for fail in BOTH {
        let product = Product::activated(&vendor, &compared(fail));
        let mut running = product.start();
        assert_eq!(running.tell("verify").last, "ok");
        for file in [product.program(), product.library()] {
            let bytes = std::fs::read(&file).expect("readable");
            replace(&file, &bytes);
        }
        assert!(running.tell("verify").lines[0].starts_with("tier enterprise"), "{:?}", running.events());
        running.quit();
        product.start().is_full();
    }
}
