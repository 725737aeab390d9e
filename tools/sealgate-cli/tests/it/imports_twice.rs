//! What is there already makes no second license, by the real program.

use std::fmt::Write;
use std::fs;

use serde_json::{Value, json};

use crate::vendor::{Vendor, on_both_databases, text};

fn count(vendor: &Vendor) -> usize {
    vendor.json(&["license", "list"]).as_array().expect("a list").len()
}

fn counts(report: &Value) -> [u64; 2] {
    ["imported", "there"].map(|name| report[name].as_u64().expect("a number"))
}

/// The file without a column.
fn without(csv: &str, column: &str) -> String {
    let at = csv.lines().next().expect("a header").split(',').position(|name| name == column);
    let at = at.expect("the column is there");
    let line = |line: &str| {
        let cells = line.split(',').enumerate().filter(|(n, _)| *n != at);
        cells.map(|(_, cell)| cell).collect::<Vec<_>>().join(",") + "\n"
    };
    csv.lines().map(line).collect()
}

on_both_databases! {
    fn what_is_exported_is_there_when_it_is_imported_again(vendor: &Vendor) {
        let app = vendor.app("Editor");
        vendor.license(&app, &["--label", "Ada", "--external-id", "order-1"]);
        vendor.license(&app, &[]);
        let suspended = vendor.license(&app, &["--expires", "2099-01-31"]);
        vendor.json(&["license", "suspend", text(&suspended["license_id"])]);
        let (file, again) = (vendor.path("out.csv"), vendor.path("again.csv"));
        for with_keys in [&[][..], &["--with-keys"]] {
            vendor.json(&[&["license", "export", "-o", &file], with_keys].concat());
            let report = vendor.json(&["license", "import", &file]);
            assert_eq!((counts(&report), count(vendor)), ([0, 3], 3), "{report}");
        }
        let exported = fs::read_to_string(&file).expect("is there");
        fs::write(&again, exported.replace("Ada", "Grace")).expect("is written");
        let told = vendor.run(&["license", "import", &again]).ok();
        assert!(told.contains("imported: 0. Exist already: 3.") && told.contains("sealgate license update"), "{told}");
        assert_eq!(count(vendor), 3, "a row that was changed makes no second one");
        assert!(vendor.json(&["license", "list"]).to_string().contains("Ada"), "nor changes the first");

        // Without the ids, the keys tell.
        fs::write(&again, without(&without(&exported, "license_id"), "external_id")).expect("is written");
        assert_eq!((counts(&vendor.json(&["license", "import", &again])), count(vendor)), ([0, 3], 3));
    }

    fn machines_that_come_later_get_the_free_seats(vendor: &Vendor) {
        vendor.app("Editor");
        let licenses = json!({ "data": [{
            "id": "b18e3f3a-0001", "type": "licenses",
            "attributes": { "key": "C1B6DE-39A6E3-DE1529-8559A0-4AF593-V3", "status": "ACTIVE", "maxMachines": 2 },
        }] });
        let machine = |name: &str| json!({
            "type": "machines", "attributes": { "fingerprint": name },
            "relationships": { "license": { "data": { "id": "b18e3f3a-0001" } } },
        });
        let machines = json!({ "data": [machine("desk"), machine("lab"), machine("van")] });
        let (one, two) = (vendor.path("licenses.json"), vendor.path("machines.json"));
        fs::write(&one, licenses.to_string()).expect("is written");
        fs::write(&two, machines.to_string()).expect("is written");
        let import = ["license", "import", "--from", "keygen", "--no-plan", &one];
        assert_eq!(counts(&vendor.json(&import)), [1, 0]);
        let both = [&import[..], &[&two]].concat();
        let used = || vendor.json(&["license", "show", "C1B6DE-39A6E3-DE1529-8559A0-4AF593-V3"])["devices_used"].clone();
        let would = vendor.json(&[&both[..], &["--dry-run"]].concat());
        assert_eq!((&would["devices_added"], used()), (&json!(2), json!(0)), "{would}");
        let report = vendor.json(&both);
        assert_eq!((counts(&report), &report["devices_added"], used()), ([0, 1], &json!(2), json!(2)), "{report}");
        let left = &report["devices_left_out"][0];
        assert_eq!((&left["devices"], &left["code"], &left["line"]), (&json!(1), &json!("device_limit"), &json!(1)));
        let told = vendor.run(&both).ok();
        assert!(told.contains("license 1 (b18e3f3a-0001), hwids: devices without a seat: 1: "), "{told}");
        assert!(!told.contains("Seats given"), "{told}");
    }

    fn a_row_goes_to_the_app_of_its_plan_or_to_the_only_one(vendor: &Vendor) {
        let editor = vendor.app("Editor");
        vendor.json(&["plan", "create", "--app", "editor", "--name", "Pro", "--tier", "enterprise"]);
        let file = vendor.path("rows.csv");
        fs::write(&file, "label\na\n").expect("is written");
        assert_eq!(counts(&vendor.json(&["license", "import", &file, "--no-plan"])), [1, 0]);
        fs::write(&file, "label\nb\n").expect("is written");
        vendor.app("Viewer");
        let failure = vendor.run(&["--json", "license", "import", &file]).refused(2, "malformed_request");
        assert!(text(&failure["message"]).contains("editor, viewer") && text(&failure["fix"]).contains("--app"), "{failure}");
        assert_eq!(counts(&vendor.json(&["license", "import", &file, "--plan", "editor/pro"])), [1, 0]);
        fs::write(&file, "label,plan\nc,editor/pro\n").expect("is written");
        assert_eq!(counts(&vendor.json(&["license", "import", &file, "--app", "viewer"])), [1, 0]);
        let listed = vendor.json(&["license", "list", "--plan", "editor/pro"]);
        assert_eq!(listed.as_array().map(Vec::len), Some(2));
        assert!(listed.as_array().expect("a list").iter().all(|license| license["app_id"] == editor["app_id"]));

        // A plan of another app is named with its app, whatever asks for it.
        fs::write(&file, "label\nd\n").expect("is written");
        let told = vendor.run(&["license", "import", &file, "--app", "viewer", "--plan", "pro"]);
        assert!(told.stdout.contains("; editor/pro is another app's."), "{told:?}");
        let of_viewer = vendor.license(&json!({ "app_id": "viewer" }), &[]);
        for command in [
            &["license", "issue", "--app", "viewer", "--plan", "pro"][..],
            &["license", "update", text(&of_viewer["license_id"]), "--plan", "pro"],
            &["license", "list", "--app", "viewer", "--plan", "pro"],
        ] {
            let failure = vendor.run(&[&["--json"], command].concat()).refused(3, "not_found");
            assert!(text(&failure["message"]).contains("; editor/pro is another app's"), "{failure}");
        }
    }

    fn keys_are_compared_through_the_whole_file_and_with_those_that_are_there(vendor: &Vendor) {
        vendor.app("Editor");
        let file = vendor.path("rows.csv");
        // More than one request takes.
        let mut rows = "label,license_key\nfirst,7KQM-W2ZD-HX9V-RT4B\n".to_owned();
        for n in 0..150 {
            writeln!(rows, "row {n},").expect("is written");
        }
        rows += "same,7kqm w2zd hx9v rt4b\nalike,7KQM-W2ZD-HX9V-RT5C\n";
        fs::write(&file, &rows).expect("is written");
        let outcome = vendor.run(&["--json", "license", "import", &file]);
        let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        let lines: Vec<_> = report["refused"].as_array().expect("a list").iter().map(|r| r["line"].as_u64()).collect();
        assert_eq!((lines, &report["imported"]), (vec![Some(2), Some(153), Some(154)], &json!(150)), "{report}");
        fs::write(&file, "label,license_key\nfirst,7KQM-W2ZD-HX9V-RT4B\n").expect("is written");
        let made = vendor.json(&["license", "import", &file]);
        fs::write(&file, "label,license_key\nsecond,7kqmw2zdhx9vrt4b\n").expect("is written");
        let told = vendor.run(&["license", "import", &file]);
        let id = text(&made["licenses"][0]["license_id"]);
        assert!(told.exit == Some(1) && told.stdout.contains(id) && !told.stdout.contains("7kqm"), "{told:?}");
    }
}
