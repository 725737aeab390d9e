//! A day that a person names counts to its end, wherever it is named.

use serde_json::Value;

use crate::vendor::{Vendor, text};

const DAY: [&str; 2] = ["--expires", "2037-01-31"];
const END: &str = "2037-02-01T00:00:00Z";

#[test]
fn a_named_day_counts_to_its_end_with_every_flag() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let id = text(&app["app_id"]);
    let file = vendor.data().join("a.authforge");
    let with_day = |verb: &[&str]| -> Value { vendor.json(&[verb, &DAY[..]].concat()) };

    let issued = with_day(&["license", "issue", "--app", id]);
    assert_eq!(issued["licenses"][0]["expires_at"], END);
    let key = text(&issued["licenses"][0]["license_key"]);
    assert_eq!(with_day(&["license", "renew", key])["expires_at"], END);
    assert_eq!(with_day(&["token", "create", "--scope", "apps:read"])["expires_at"], END);
    assert_eq!(with_day(&["access", "allow", "--app", id, "--hwid", "desk"])["expires_at"], END);
    let out = file.to_str().expect("UTF-8");
    assert_eq!(with_day(&["license", "authforge-file", key, "--any", "-o", out])["expires_at"], END);

    // What people read says the moment, too.
    let shown = vendor.run(&["license", "show", key]).ok();
    assert!(shown.contains(END), "{shown}");
    for verb in [&["license", "list"][..], &["token", "list"], &["access", "list", "--app", id]] {
        let shown = vendor.run(verb).ok();
        assert!(shown.contains(END), "{verb:?}: {shown}");
    }
}
