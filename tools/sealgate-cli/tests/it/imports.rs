//! Licenses in bulk, by the real program: in, out, and interrupted.

use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{Outcome, run};
use crate::vendor::{Vendor, on_both_databases, text};

const ROWS: usize = 1_000;
/// Line 1 has the names of columns.
const BAD: usize = 37;

/// A file of rows, of which every 27th is bad in one of several ways, and the lines of those.
fn file(rows: usize, bad: usize) -> (String, Vec<(u64, &'static str)>) {
    let mut text = "label,max_devices,expires,features,status\n".to_owned();
    let mut named = vec![];
    for n in 0..rows {
        // Longer than a pipe holds, all together.
        let label = format!("{n:0100}");
        let is_bad = n % 27 == 3 && named.len() < bad;
        let (cells, column) = match (is_bad, n % 4) {
            (false, 0) => ("5,never,export; sso=okta,active".to_owned(), ""),
            (false, _) => (format!("{},+1y,,", 1 + n % 9), ""),
            (true, 0) => ("0,,,".to_owned(), "max_devices"),
            (true, 1) => ("1,2001-01-01,,".to_owned(), "expires"),
            (true, 2) => ("1,,a; a,".to_owned(), "features"),
            (true, _) => ("1,,,revoked".to_owned(), "status"),
        };
        writeln!(text, "{label},{cells}").expect("is written");
        if is_bad {
            named.push((n as u64 + 2, column));
        }
    }
    assert_eq!(named.len(), bad);
    (text, named)
}

/// The report and the failure of an import in which rows were refused.
#[track_caller]
fn partly(outcome: &Outcome) -> Value {
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    let failure: Value = serde_json::from_str(&outcome.stderr).expect("JSON");
    assert_eq!(failure["code"], "rows_refused");
    serde_json::from_str(&outcome.stdout).expect("JSON")
}

fn lines(report: &Value) -> Vec<(u64, &str)> {
    let refused = report["refused"].as_array().expect("a list").iter();
    refused.map(|line| (line["line"].as_u64().expect("a number"), text(&line["column"]))).collect()
}

on_both_databases! {
fn an_import_that_was_killed_goes_on_where_it_was(vendor: &Vendor) {
    let app = vendor.app("Editor");
    let (rows, bad) = file(ROWS, BAD);
    let (path, keys, rejects) = (vendor.path("rows.csv"), vendor.path("keys.csv"), vendor.path("bad.csv"));
    fs::write(&path, &rows).expect("is written");
    let import = ["license", "import", &path, "--app", text(&app["app_id"])];

    let dry = partly(&vendor.run(&[&["--json"], &import[..], &["--dry-run"]].concat()));
    assert_eq!((lines(&dry), &dry["imported"]), (bad.clone(), &json!(ROWS - BAD)));
    let strict = partly(&vendor.run(&[&["--json"], &import[..], &["--strict", "-o", &keys]].concat()));
    assert_eq!((lines(&strict), &strict["imported"]), (bad.clone(), &json!(0)));
    assert_eq!(vendor.json(&["license", "list"]), json!([]), "nothing of it was imported");

    // It waits where nobody reads on, long before the end.
    let mut child = vendor
        .sealgate(&[&import[..], &["-o", "/dev/stdout"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut shown = BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = shown.by_ref().take(150).last().expect("lines").expect("text");
    child.kill().and_then(|()| child.wait()).expect("it ends");
    let before = vendor.json(&["license", "list"]).as_array().expect("a list").len();
    assert!((100..ROWS - BAD).contains(&before), "{before}");

    let resumed = [&["--json"], &import[..], &["-o", &keys, "--rejects", &rejects]].concat();
    let report = partly(&vendor.run(&resumed));
    assert_eq!((lines(&report), &report["there"]), (bad.clone(), &json!(before)));
    assert_eq!(report["imported"], json!(ROWS - BAD - before));
    let all = vendor.json(&["license", "list"]);
    let labels: std::collections::BTreeSet<&str> =
        all.as_array().expect("a list").iter().map(|license| text(&license["label"])).collect();
    assert_eq!((all.as_array().map(Vec::len), labels.len()), (Some(ROWS - BAD), ROWS - BAD));
    let written = fs::read_to_string(&keys).expect("is there");
    assert_eq!(written.lines().count(), ROWS - BAD + 1, "each license stands there once");
    assert!(
        !written.contains(first.split(',').nth(2).expect("a key")),
        "a key that was shown before is not shown again"
    );

    let again = partly(&vendor.run(&resumed));
    assert_eq!((&again["imported"], &again["there"]), (&json!(0), &json!(ROWS - BAD)));
    assert_eq!(fs::read_to_string(&keys).expect("is there"), written);

    let refused = fs::read_to_string(&rejects).expect("is there");
    assert_eq!(refused.lines().count(), BAD + 1);
    let corrected = refused
        .replace(",0,", ",1,")
        .replace("2001-01-01", "+1y")
        .replace("a; a", "a")
        .replace("revoked", "active");
    fs::write(&path, corrected).expect("is written");
    let report = vendor.json(&[&import[..], &["-o", &keys]].concat());
    assert_eq!((&report["imported"], &report["there"]), (&json!(BAD), &json!(0)));
}
}

on_both_databases! {
fn two_imports_of_the_same_file_at_once_make_each_license_once(vendor: &Vendor) {
    let app = vendor.app("Editor");
    let (rows, _) = file(300, 0);
    let path = vendor.path("rows.csv");
    fs::write(&path, rows).expect("is written");
    let import = ["--json", "license", "import", &path, "--app", text(&app["app_id"])];
    let racers = [(); 3].map(|()| vendor.sealgate(&import));
    let racers = racers.map(|mut racer| std::thread::spawn(move || run(&mut racer).json()));
    let reports: Vec<Value> = racers.into_iter().map(|racer| racer.join().expect("ends")).collect();
    let sum = |name: &str| reports.iter().map(|report| report[name].as_u64().expect("a number")).sum::<u64>();
    assert_eq!((sum("imported"), sum("there")), (300, 600));
    assert_eq!(vendor.json(&["license", "list"]).as_array().map(Vec::len), Some(300));
}
}

#[test]
fn what_is_exported_is_imported_elsewhere_as_it_was() {
    let here = Vendor::new();
    let app = here.app("Editor");
    let rows = "label,external_id,tier,max_devices,expires,features,limits,status,licensee_name\n\
        '=1+1,order-1,enterprise,unlimited,2099-01-31,\"export; sso=a=b\",projects=10,active,\"Lovelace, Ada\"\n\
        +49 30,,free,2,never,\"[{\"\"name\"\":\"\"a;b\"\"}]\",[],suspended,\n";
    let (path, out) = (here.path("rows.csv"), here.path("out.csv"));
    fs::write(&path, rows).expect("is written");
    let report = here.json(&["license", "import", &path, "--app", text(&app["app_id"])]);
    assert_eq!(report["licenses"].as_array().map(Vec::len), Some(2), "their keys are shown");
    assert_eq!(here.json(&["license", "list"])[0]["label"], "+49 30");

    here.run(&["--json", "license", "export", "-o", &out, "--with-keys"]).ok();
    let exported = fs::read_to_string(&out).expect("is there");
    assert!(exported.contains("'=1+1,") && exported.contains("'+49 30,"), "{exported}");
    let shown = here.json(&["audit", "list"]).to_string().matches("license.key_shown").count();
    assert_eq!(shown, 2);
    let reader = here.json(&["token", "create", "--scope", "licenses:read"]);
    let with_keys = ["--json", "--token", text(&reader["token"]), "license", "export", "--with-keys"];
    run(&mut here.sealgate(&with_keys)).refused(77, "scope_missing");
    let to_stdout = here.run(&["license", "export"]).ok();
    assert!(!to_stdout.contains("license_key") && to_stdout.lines().count() == 3, "{to_stdout}");

    let there = Vendor::new();
    let other = there.app("Editor");
    let moved = exported.replace(text(&app["app_id"]), text(&other["app_id"]));
    let report = there.run_with_input(&["--json", "license", "import", "-"], &moved).json();
    assert_eq!(report["imported"], 2, "{report}");
    let plain = |vendor: &Vendor| {
        let mut all = vendor.json(&["license", "list"]);
        for license in all.as_array_mut().expect("a list") {
            let license = license.as_object_mut().expect("an object");
            license.retain(|name, _| {
                !["license_id", "app_id", "version", "created_at", "suspended_at"].contains(&&**name)
            });
        }
        let mut all = all.as_array().expect("a list").clone();
        all.sort_by_key(|license| license["label"].to_string());
        all
    };
    assert_eq!(plain(&there), plain(&here));
}

on_both_databases! {
fn a_file_that_is_none_is_refused_as_a_whole(vendor: &Vendor) {
    let app = vendor.app("Editor");
    let import = |input: &str, more: &[&str]| {
        let arguments = [&["--json", "license", "import", "-", "--app", text(&app["app_id"])], more].concat();
        vendor.run_with_input(&arguments, input)
    };
    let failure = import("label,colour\nx,red\n", &[]).refused(65, "field_invalid");
    assert!(text(&failure["message"]).contains("colour") && text(&failure["fix"]).contains("max_devices"));
    import("label,label\nx,y\n", &[]).refused(65, "field_invalid");
    let report = partly(&import("label;max_devices\nx;2\ny;3;4\n", &[]));
    assert_eq!((&report["imported"], report["refused"][0]["line"].as_u64()), (&json!(1), Some(3)));
    let twice = partly(&import("external_id\na\na\nb\n", &[]));
    assert_eq!((&twice["imported"], lines(&twice)), (&json!(2), vec![(3, "external_id")]));
    let open = vendor.path("open.csv");
    fs::write(&open, "line,license_id,license_key,external_id,label,expires,customer,email\n").expect("is written");
    import("label\nx\n", &["-o", &open]).refused(65, "file_unreadable");
    assert_eq!(
        vendor.json(&["license", "list"]).as_array().map(Vec::len),
        Some(3),
        "no key is written where others read"
    );
}
}
