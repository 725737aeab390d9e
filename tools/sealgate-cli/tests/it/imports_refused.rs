//! What an import says of files and rows that it does not take, by the real program.

use std::fs;

use serde_json::{Value, json};

use crate::vendor::{Vendor, on_both_databases, text};

const KEY: &str = "7KQM-W2ZD-HX9V-RT4B";

fn policy_license(id: &str, policy: &str) -> Value {
    json!({
        "id": id, "type": "licenses",
        "attributes": { "key": format!("C1B6DE-39A6E3-DE1529-{id}-4AF593-V3"), "status": "ACTIVE", "maxMachines": 2 },
        "relationships": { "policy": { "data": { "type": "policies", "id": policy } } },
    })
}

on_both_databases! {
    fn refused_rows_are_kept_as_they_came_and_pass_once_they_are_mended(vendor: &Vendor) {
        vendor.app("Editor");
        let (file, rejects) = (vendor.path("rows.csv"), vendor.path("bad.csv"));
        let rows = b"label,max_devices,tier\ngood,2,\nshort,5\nlong,5,licensed,x\nM\xfcller,5,\nzero,0,\ngold,1,gold\n";
        fs::write(&file, rows).expect("is written");
        let import = |file: &str| {
            let told = vendor.run(&["--json", "license", "import", file, "--rejects", &rejects]);
            let report: Value = serde_json::from_str(&told.stdout).expect("JSON");
            (["imported", "there"].map(|name| report[name].as_u64().expect("a number")), report, told.stderr)
        };
        let (counts, report, stderr) = import(&file);
        assert_eq!((counts, report["refused"].as_array().map(Vec::len)), ([1, 0], Some(5)), "{report}");
        let failure: Value = serde_json::from_str(&stderr).expect("JSON");
        let fix = format!("and run: sealgate license import {rejects} --rejects {rejects}");
        assert!(text(&failure["fix"]).ends_with(&fix), "{failure}");
        let written = fs::read(&rejects).expect("is there");

        // As it is, each is refused again, and stands there as before.
        let (counts, report, _) = import(&rejects);
        assert_eq!((counts, report["refused"].as_array().map(Vec::len)), ([0, 0], Some(5)), "{report}");
        let before = String::from_utf8_lossy(&written).into_owned();
        let cells = |text: &str| text.matches(",short,5\n").count() + text.matches(",long,5,licensed,x\n").count();
        let after = String::from_utf8_lossy(&fs::read(&rejects).expect("is there")).into_owned();
        assert_eq!((cells(&before), cells(&after), after.lines().count()), (2, 2, 6), "{after}");

        let mended = before.replace(",short,5\n", ",short,5,\n").replace(",licensed,x\n", ",licensed\n");
        let mended = mended.replace("\u{fffd}", "ü").replace(",zero,0,", ",zero,1,").replace(",gold,1,gold", ",gold,1,");
        fs::write(&rejects, mended).expect("is written");
        let (counts, report, _) = import(&rejects);
        assert_eq!(counts, [5, 0], "{report}");
        // Nothing was refused, and nothing old stays there.
        let left = fs::read_to_string(&rejects).expect("is there");
        assert_eq!(left, "reject_line,reject_column,reject_reason,reject_number,label,max_devices,tier\n");
        let told = vendor.run(&["license", "import", &file]);
        assert!(told.stdout.contains("line 6, max_devices \"0\": expected 1 to 1000000"), "{told:?}");
        assert!(told.stdout.contains("line 7, tier \"gold\": free, licensed or enterprise"), "{told:?}");
        assert_eq!(told.exit, Some(1));
        let ok = vendor.run(&["license", "import", "--rejects", &rejects, "-o", &vendor.path("k.csv"), &rejects]);
        assert!(ok.exit == Some(0) && ok.stderr.starts_with("no rows: "), "{ok:?}");
    }

    fn a_policy_without_a_plan_is_named(vendor: &Vendor) {
        vendor.app("Editor");
        vendor.json(&["plan", "create", "--app", "editor", "--name", "Pro", "--tier", "enterprise"]);
        let file = vendor.path("licenses.json");
        let licenses = json!({ "data": [policy_license("8559A0", "policy-a"), policy_license("D1F62B", "policy-b")] });
        fs::write(&file, licenses.to_string()).expect("is written");
        let import = ["license", "import", &file, "--from", "keygen"];
        let mapped = [&import[..], &["--map", "policy-a=editor/pro"]].concat();
        let told = vendor.run(&mapped);
        assert_eq!(told.exit, Some(1), "{told:?}");
        let line = "license 2 (D1F62B), policy \"policy-b\": no plan: give --map policy-b=PLAN";
        assert!(told.stdout.contains(line) && told.stdout.contains("imported: 1."), "{told:?}");
        let misspelt = [&import[..], &["--map", "policy_b=pro", "--plan", "editor/pro", "--json"]].concat();
        let failure = vendor.run(&misspelt).refused(2, "malformed_request");
        assert!(text(&failure["message"]).ends_with("has: policy_b"), "{failure}");
        assert_eq!(failure["fix"], "they have: policy-a, policy-b");
        let report = vendor.json(&[&mapped[..], &["--no-plan"]].concat());
        assert_eq!((&report["imported"], &report["there"]), (&json!(1), &json!(1)));
        let tiers: Vec<Value> = vendor.json(&["license", "list"]).as_array().expect("a list").iter()
            .map(|license| license["tier"].clone()).collect();
        assert_eq!(tiers, ["licensed", "enterprise"]);
        vendor.run(&["--json", "license", "import", &file, "--from", "authforge", "--no-plan"]).refused(2, "malformed_request");
    }
}

#[test]
fn nothing_that_may_be_a_key_is_repeated() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let authforge =
        json!({ "licenses": [{ "licenseKey": KEY, "status": "active" }], "cursor": null }).to_string();
    let keygen = json!({ "data": [policy_license("8559A0", "a")] }).to_string();
    let told = |input: &str, more: &[&str], exit: i32, code: &str| {
        let arguments = [&["--json", "license", "import", "-"], more].concat();
        let failure = vendor.run_with_input(&arguments, input).refused(exit, code);
        let told = failure.to_string();
        assert!(!told.contains("W2ZD") && !told.contains("w2zd") && !told.contains("39A6E3"), "{told}");
        told
    };
    for (input, flag) in [
        (&authforge, "--from authforge"),
        (&format!("\u{feff} [{authforge}]"), "--from authforge"),
        (&keygen, "--from keygen"),
    ] {
        let said = told(input, &[], 65, "field_invalid");
        assert!(said.contains("this looks like") && said.contains(flag), "{said}");
    }
    assert!(told(&format!("{{\"{KEY}"), &[], 65, "field_invalid").contains("this is JSON"));
    let said = told(&keygen, &["--from", "authforge"], 65, "field_invalid");
    assert!(said.contains("give --from keygen"), "{said}");
    let said = told(&authforge, &["--from", "keygen", "--no-plan"], 65, "field_invalid");
    assert!(said.contains("give --from authforge"), "{said}");
    let said = told(&format!("license_key\n{KEY}\n"), &["--from", "keygen"], 65, "field_invalid");
    assert!(said.contains("leave --from out"), "{said}");
    // A file without names of columns.
    let said = told(&format!("ada@example.com,{KEY},5\nx,y,6\n"), &[], 65, "field_invalid");
    assert!(said.contains("unknown columns: number 1, number 2, 5") && !said.contains("ada@"), "{said}");
    told("", &[], 65, "field_invalid");

    let wrong = json!([{ "licenseKey": 7_701_234_567_890_123_456_u64, "status": "active" }]).to_string();
    let report = vendor.run_with_input(&["--json", "license", "import", "-", "--from", "authforge"], &wrong);
    assert!(!report.stdout.contains("7701"), "{report:?}");
    let cells = format!("label,vars,license_key,expires\nx,{KEY},,\ny,,{KEY}-{KEY},{KEY}\n");
    let report = vendor.run_with_input(&["license", "import", "-"], &cells);
    assert!(report.stdout.contains("line 2, vars: expected NAME=VALUE"), "{report:?}");
    assert!(!report.stdout.contains("W2ZD") && !report.stderr.contains("W2ZD"), "{report:?}");
}

#[test]
fn a_file_without_rows_is_said_to_be_one() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    for (input, more) in [
        ("label,plan\n", &[][..]),
        ("{\"data\": []}", &["--from", "keygen"]),
        ("{\"licenses\": []}", &["--from", "authforge"]),
    ] {
        let told = vendor.run_with_input(&[&["license", "import", "-"], more].concat(), input);
        assert!(
            told.exit == Some(0) && told.stdout.is_empty() && told.stderr.contains("nothing was imported"),
            "{told:?}"
        );
        let report =
            vendor.run_with_input(&[&["--json", "license", "import", "-"], more].concat(), input).json();
        assert_eq!((&report["rows"], &report["imported"]), (&json!(0), &json!(0)));
    }
}
