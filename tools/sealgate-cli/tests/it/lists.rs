//! How much of a list: every list takes the same flags.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::help::verbs;
use crate::program::{run, sealgate};
use crate::vendor::Vendor;

fn count(list: &Value) -> u64 {
    list.as_array().expect("a list").len() as u64
}

#[test]
fn every_list_of_a_server_can_be_cut_and_counted() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    vendor.app("Viewer");
    vendor.json(&["plan", "create", "--app", "editor", "--name", "A", "--tier", "free"]);
    vendor.json(&["plan", "create", "--app", "editor", "--name", "B", "--tier", "free"]);
    vendor.json(&["license", "issue", "--app", "editor", "--no-plan", "--count", "3"]);
    for name in ["Ada", "Bob"] {
        vendor.json(&["customer", "create", name]);
        vendor.json(&["tenant", "create", name]);
        vendor.json(&["token", "create", "--preset", "ci", "--name", name]);
        vendor.json(&["access", "deny", "--app", "editor", "--hwid", name]);
    }
    let sold = vendor.json(&["license", "issue", "--app", "editor", "--no-plan", "--max-devices", "2"]);
    let sold = sold["licenses"][0]["license_id"].as_str().expect("an id").to_owned();
    for name in ["a.sglic", "b.sglic"] {
        let export =
            ["offline", "export", &sold, "--pool", "1", "--valid-until", "+1d", "-o", &vendor.path(name)];
        vendor.json(&export);
    }
    let lists: BTreeSet<String> =
        verbs().iter().map(|verb| verb.join(" ")).filter(|verb| verb.ends_with(" list")).collect();
    // Profiles lie on this machine.
    let lists = lists.into_iter().chain(["events".to_owned()]).filter(|list| list != "profile list");
    for list in lists {
        let mut verb: Vec<&str> = list.split(' ').collect();
        // One that is of a license.
        verb.extend((list == "offline list").then_some(&*sold));
        let all = vendor.json(&[&verb[..], &["--all"]].concat());
        let counted = vendor.json(&[&verb[..], &["--count"]].concat());
        assert_eq!(counted["count"].as_u64(), Some(count(&all)), "{list}: {counted}");
        let usual = vendor.json(&verb);
        // No device has asked yet, and nothing was published.
        let is_empty = ["activation list", "device list", "manifest list", "release list"].contains(&&*list);
        assert_eq!((usual == all, is_empty), (true, count(&all) == 0), "{list}: {usual}");
        let one = vendor.json(&[&verb[..], &["--limit", "1"]].concat());
        assert_eq!(count(&one), u64::from(!is_empty), "{list}");
        for wrong in [
            &["--limit", "0"][..],
            &["--limit", "1", "--all"],
            &["--count", "--all"],
            &["--count", "--limit", "1"],
        ] {
            let told = run(&mut sealgate(&[&verb[..], wrong, &["--json", "--token", "t"]].concat()));
            told.refused(2, "malformed_request");
        }
    }
}

/// What only grows is shown by the newest hundred, unless all is asked for.
#[test]
fn what_only_grows_is_cut_unless_all_is_wished() {
    let vendor = Vendor::new();
    for n in 0..60 {
        vendor.json(&["customer", "create", &format!("Customer {n}")]);
        vendor.json(&["customer", "update", &format!("customer-{n}"), "--company", "Acme"]);
    }
    let all = count(&vendor.json(&["audit", "list", "--all"]));
    assert!(all >= 120, "{all}");
    assert_eq!(count(&vendor.json(&["audit", "list"])), 100);
    assert_eq!(vendor.json(&["audit", "list", "--count"])["count"].as_u64(), Some(all));
}
