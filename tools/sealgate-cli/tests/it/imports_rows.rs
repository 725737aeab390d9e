//! Which rows of a file become which licenses, by the real program.

use std::fmt::Write;
use std::fs;

use serde_json::{Value, json};

use crate::vendor::{Vendor, on_both_databases, text};

struct Told {
    report: Value,
    failure: Option<Value>,
}

/// What an import of these bytes says.
fn import(vendor: &Vendor, bytes: impl AsRef<[u8]>, more: &[&str]) -> Told {
    let file = vendor.path("rows.csv");
    fs::write(&file, bytes).expect("is written");
    let told = vendor.run(&[&["--json", "license", "import", &file], more].concat());
    Told {
        report: serde_json::from_str(&told.stdout).unwrap_or_default(),
        failure: serde_json::from_str(&told.stderr).ok(),
    }
}

impl Told {
    fn counts(&self) -> [u64; 2] {
        ["imported", "there"].map(|name| self.report[name].as_u64().unwrap_or(u64::MAX))
    }

    fn refused(&self) -> Vec<(u64, &str)> {
        let refused = self.report["refused"].as_array().expect("a list").iter();
        refused
            .map(|row| (row["line"].as_u64().expect("a number"), row["column"].as_str().unwrap_or("")))
            .collect()
    }
}

/// Characters without a pattern, as a key has them.
fn key(length: usize, seed: u64) -> String {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b"7KQMW2ZDHX9VRT4BC8"[(state >> 40) as usize % 18])
    };
    (0..length).map(|_| next()).collect()
}

fn count(vendor: &Vendor, app: &str) -> usize {
    vendor.json(&["license", "list", "--app", app]).as_array().expect("a list").len()
}

on_both_databases! {
    fn a_file_of_two_apps_that_is_sorted_or_split_makes_no_license_twice(vendor: &Vendor) {
        let ma = vendor.app("Ma");
        vendor.app("Mb");
        assert_eq!(import(vendor, "app,label\nma,L\nmb,L\n", &[]).counts(), [2, 0]);
        assert_eq!(import(vendor, "app,label\nmb,L\nma,L\n", &[]).counts(), [0, 2]);
        assert_eq!(import(vendor, "app,label\nmb,L\n", &[]).counts(), [0, 1]);
        assert_eq!((count(vendor, "ma"), count(vendor, "mb")), (1, 1));
        // An app by its slug and by its id is one.
        let two = format!("app,label\nma,L\n{},L\n", text(&ma["app_id"]));
        assert_eq!(import(vendor, &two, &[]).counts(), [1, 1]);
        assert_eq!(import(vendor, &two, &[]).counts(), [0, 2]);
        // A key is known per app.
        let keys = "app,license_key\nma,7KQM-W2ZD-HX9V-RT4B\nmb,7KQM-W2ZD-HX9V-RT4B\n";
        assert_eq!(import(vendor, keys, &[]).counts(), [2, 0]);
    }

    fn rejects_are_the_rows_that_were_refused_whatever_ends_lines(vendor: &Vendor) {
        vendor.app("Editor");
        let rejects = vendor.path("bad.csv");
        let rows = "label,tier,expires|A,bad,never|B,licensed,never|C,bad,never|D,licensed,never|";
        for (n, (first, others)) in [("\r", "\r"), ("\n", "\r\n"), ("\r\n", "\r\n")].into_iter().enumerate() {
            let file = rows.replacen('|', first, 1).replace('|', others).replace(",licensed", &format!("{n},licensed"));
            let told = import(vendor, &file, &["--rejects", &rejects]);
            assert_eq!((told.refused(), told.counts()), (vec![(2, "tier"), (4, "tier")], [2, 0]), "{first:?}");
            let written = fs::read_to_string(&rejects).expect("is there");
            let labels: Vec<&str> = written.lines().skip(1).filter_map(|line| line.split(',').nth_back(2)).collect();
            assert_eq!(labels, ["A", "C"], "{first:?} {written}");
        }
        import(vendor, b"label,tier\n\x1b[31mred\xc2\x9b1m,gold\n\xff\x1b[31m,gold\n", &["--rejects", &rejects]);
        let written = fs::read(&rejects).expect("is there");
        let written = String::from_utf8_lossy(&written);
        assert!(!written.contains(['\u{1b}', '\u{9b}']) && written.contains("\u{fffd}[31mred\u{fffd}1m,gold"), "{written:?}");
        let told = import(vendor, "label,tier\r\nN1,licensed\r\n\r\n\"N\r\n2\",licensed\r\nN3,bad\r\n", &[]);
        assert_eq!(told.refused().last(), Some(&(6, "tier")), "{}", told.report);
    }

    fn one_bad_row_stops_no_other(vendor: &Vendor) {
        vendor.app("Editor");
        let told = import(vendor, "app,label\neditor,a\nnone,b\nNo App,c\neditor,d\n", &[]);
        assert_eq!((told.refused(), told.counts()), (vec![(3, "app"), (4, "app")], [2, 0]), "{}", told.report);
        let writer = vendor.json(&["token", "create", "--scope", "licenses:write"]);
        let told = import(vendor, "app,label\neditor,f\nnone,g\n", &["--token", text(&writer["token"])]);
        assert_eq!((told.refused(), told.counts()), (vec![(3, "app")], [1, 0]), "{}", told.report);

        for size in [63_900, 70_000] {
            let long = format!("label\nh{size}\n{}\ni{size}\n", "x".repeat(size));
            let told = import(vendor, &long, &[]);
            assert_eq!((told.refused().len(), told.counts()), (1, [2, 0]), "{}", told.report);
        }

        let licenses: Vec<Value> =
            [119, 128, 129, 20].map(|n| json!({ "licenseKey": key(n, n as u64), "status": "active" })).into();
        let licenses = json!({ "licenses": licenses });
        let told = import(vendor, licenses.to_string(), &["--from", "authforge"]);
        assert_eq!(told.refused().iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3], "{}", told.report);
        assert_eq!(told.counts(), [3, 0]);
        let license = |id: String, key: &str| json!({ "id": id, "type": "licenses",
            "attributes": { "key": key, "status": "ACTIVE", "maxMachines": 1 } });
        let licenses = json!({ "data": [
            license("b".repeat(200), "C1B6DE-39A6E3-DE1529-8559A0-4AF593-V3"), license("short".to_owned(), "8F2A61-77C0D9-1B3E55-F00A9C-66D2E4-V3"),
        ] });
        let told = import(vendor, licenses.to_string(), &["--from", "keygen", "--no-plan"]);
        assert_eq!((told.refused(), told.counts()), (vec![(1, "external_id")], [1, 0]), "{}", told.report);
    }

    fn a_reject_that_is_mended_is_another_license_than_one_that_looks_like_it(vendor: &Vendor) {
        vendor.app("Editor");
        let rejects = vendor.path("bad.csv");
        let file = "label,tier,max_devices\nA,licensed,1\nA,gold,1\nA,licensed,\nB,gold,1\n";
        assert_eq!(import(vendor, file, &["--rejects", &rejects]).counts(), [2, 0]);
        let mended = fs::read_to_string(&rejects).expect("is there").replace("gold,", "licensed,");
        assert_eq!(import(vendor, &mended, &[]).counts(), [2, 0], "{mended}");
        assert_eq!(import(vendor, &mended, &[]).counts(), [0, 2]);
        // The same was mended in the file itself.
        assert_eq!(import(vendor, file.replace("gold,", "licensed,"), &[]).counts(), [0, 4]);
        assert_eq!(count(vendor, "editor"), 4);
    }

    fn empty_rows_make_no_license(vendor: &Vendor) {
        vendor.app("Editor");
        let told = import(vendor, "label,tier,vars\na,,\n,,\n  , ,\n\n,\nb,,\n", &[]);
        assert_eq!((told.counts(), &told.report["rows"], &told.report["empty_rows"]), ([2, 0], &json!(2), &json!(3)));
        let file = vendor.path("rows.csv");
        let told = vendor.run(&["license", "import", &file]).ok();
        assert!(told.contains("Rows: 2.") && told.contains("Empty rows passed over: 3."), "{told}");
    }

    fn a_plan_that_was_forgotten_is_asked_for(vendor: &Vendor) {
        vendor.app("Editor");
        let rows = "label,plan,tier,max_devices,expires\na,,,,\nb,,licensed,2,\nc,,licensed,2,never\nd,pro,,,\n";
        vendor.json(&["plan", "create", "--app", "editor", "--name", "Pro", "--tier", "enterprise"]);
        let told = import(vendor, rows, &[]);
        assert_eq!((told.refused(), told.counts()), (vec![(2, "plan"), (3, "plan")], [2, 0]), "{}", told.report);
        assert_eq!(import(vendor, rows, &["--no-plan"]).counts(), [2, 2]);
        let told = import(vendor, "label,plan\nf,Pro\n", &[]);
        let refused = &told.report["refused"][0];
        assert_eq!((&refused["value"], told.refused()), (&json!("Pro"), vec![(2, "plan")]), "{refused}");
        assert!(text(&refused["reason"]).ends_with("the app has: pro"), "{refused}");
        assert_eq!(import(vendor, "label\ne\n", &["--plan", "pro"]).counts(), [1, 0]);
        let listed = vendor.json(&["license", "list", "--plan", "editor/pro"]);
        assert_eq!(listed.as_array().map(Vec::len), Some(2));
    }

    fn a_dry_run_finds_what_an_import_finds(vendor: &Vendor) {
        vendor.app("Editor");
        let trial = ["plan", "create", "--app", "editor", "--name", "Trial", "--tier", "licensed", "--trial", "14d", "--trial-per", "customer"];
        vendor.json(&trial);
        vendor.json(&["plan", "create", "--app", "editor", "--name", "Pro", "--tier", "enterprise"]);
        vendor.json(&["customer", "create", "Ada", "--external-id", "ada"]);
        let mut rows = "label,customer,plan,customer_external_id\nfirst,external:ada,trial,\nnew,,trial,grace\n".to_owned();
        for n in 0..150 {
            writeln!(rows, "row {n},,pro,").expect("is written");
        }
        rows += "last,external:ada,trial,\nlast,,trial,grace\n";
        let keys = vendor.path("keys.csv");
        let refused = vec![(154, "customer"), (155, "customer")];
        for more in [&["--dry-run"][..], &["--strict", "-o", &keys]] {
            let told = import(vendor, &rows, more);
            assert_eq!(told.refused(), refused, "{}", told.report);
            assert_eq!(count(vendor, "editor"), 0);
        }
        let told = import(vendor, &rows, &["-o", &keys]);
        assert_eq!((told.refused(), told.counts()), (refused, [152, 0]), "{}", told.report);

        let mut rows = "plan,license_key\n".to_owned();
        for n in 0..150 {
            writeln!(rows, "pro,{}", key(25, n * 1_000_003)).expect("is written");
        }
        writeln!(rows, "pro,{}", key(25, 0).to_lowercase()).expect("is written");
        for more in [&["--dry-run"][..], &["--strict"]] {
            let told = import(vendor, &rows, more);
            assert_eq!(told.refused().last(), Some(&(152, "license_key")), "{}", told.report);
            assert_eq!(count(vendor, "editor"), 152);
        }
    }
}

#[test]
fn no_file_is_written_over_what_was_read() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let (file, other, link) = (vendor.path("rows.csv"), vendor.path("other.csv"), vendor.path("link.csv"));
    std::os::unix::fs::symlink("rows.csv", &link).expect("is made");
    for more in [
        &["-o", &other, "--rejects", &other][..],
        &["--rejects", &file],
        &["-o", &file],
        &["--rejects", &link],
        &["-o", &link],
    ] {
        let rows = "label,tier\na,licensed\nb,gold\n";
        let told = import(&vendor, rows, more);
        let failure = told.failure.expect("it fails");
        assert_eq!(failure["code"], "malformed_request", "{more:?}");
        assert_eq!(fs::read_to_string(&file).expect("is there"), rows);
        assert!(!fs::exists(&other).expect("is known"));
    }
    let told = vendor.run_with_input(&["license", "import", "-", "-o", &other], "label\n");
    assert!(told.exit == Some(0) && !told.stderr.contains("keys of new"), "{told:?}");
    assert_eq!(count(&vendor, "editor"), 0);
}

/// A file of which the last line was cut off.
fn cut(path: &str, bytes: usize) -> String {
    let text = fs::read_to_string(path).expect("is there");
    let left = &text[..text.len() - bytes];
    fs::write(path, left).expect("is written");
    left.to_owned()
}

on_both_databases! {
    fn customers_come_along_and_are_made_once(vendor: &Vendor) {
        vendor.app("Editor");
        let there = vendor.json(&["customer", "create", "Ada", "--email", "ada@example.com"]);
        let keys = vendor.path("keys.csv");
        let rows = "label,tier,customer,customer_external_id,customer_name,customer_email,customer_company\n\
            a,,,,,ada@example.com,\nb,,,shop-1,Grace,grace@example.com,Navy\nc,,,shop-1,Grace,,\nd,,,,Nobody,,\n\
            e,,external:x,shop-1,,,\nf,gold,,shop-2,Alan,,\ng,,,,,\"Alan <alan@example.com>\",\nh,,,shop-3,,,\n";
        let would = import(vendor, rows, &["--dry-run"]);
        let refused = vec![(5, "customer_external_id"), (6, "customer"), (7, "tier"), (8, "customer_email")];
        assert_eq!((would.refused(), would.counts()), (refused.clone(), [4, 0]), "{}", would.report);
        let customers = || vendor.json(&["customer", "list"]).as_array().expect("a list").len();
        assert_eq!((&would.report["customers_made"], customers()), (&json!(2), 1));
        let strict = import(vendor, rows, &["--strict"]);
        assert_eq!((strict.refused(), customers(), count(vendor, "editor")), (refused.clone(), 1, 0));
        let told = import(vendor, rows, &["-o", &keys]);
        assert_eq!((told.refused(), told.counts()), (refused, [4, 0]), "{}", told.report);
        assert_eq!((&told.report["customers_made"], customers()), (&json!(2), 3), "none for what is refused");
        let again = import(vendor, rows.replace("Grace,grace@", "Hopper,grace@"), &[]);
        assert_eq!((again.counts(), customers()), ([0, 4], 3), "{}", again.report);
        let shown = vendor.json(&["customer", "show", "external:shop-1"]);
        assert_eq!((&shown["name"], &shown["company"], &shown["licenses"]), (&json!("Grace"), &json!("Navy"), &json!(2)));
        let listed = vendor.json(&["license", "list", "--customer", text(&there["customer_id"])]);
        assert_eq!(listed[0]["label"], "a");
        let written = fs::read_to_string(&keys).expect("is there");
        assert!(written.contains(",b,,Grace,grace@example.com\n") && written.contains(",a,,,ada@example.com\n"), "{written}");
        let refused = import(vendor, rows, &["--token", text(&vendor.json(&["token", "create", "--scope", "licenses:write"])["token"])]);
        assert!(text(&refused.failure.expect("it fails")["fix"]).contains("customers:write"));
    }

    fn a_key_that_was_cut_off_is_written_anew(vendor: &Vendor) {
        vendor.app("Editor");
        let keys = vendor.path("keys.csv");
        let rows = "label\na\nb\n";
        assert_eq!(import(vendor, rows, &["-o", &keys]).counts(), [2, 0]);
        let all = vendor.json(&["license", "list"]);
        let whole = fs::read_to_string(&keys).expect("is there");
        let (others, key) = whole.rsplit_once('-').expect("a key");
        assert!(key.len() > 4, "{others}");
        let left = cut(&keys, key.len() + 2);
        assert_eq!(import(vendor, rows, &["-o", &keys]).counts(), [0, 2]);
        let written = fs::read_to_string(&keys).expect("is there");
        let last = written.lines().last().expect("a line");
        let id = last.split(',').nth(1).expect("an id");
        assert!(all.to_string().contains(id) && last.ends_with(&format!("{id},,,b,,,")), "{left}\n{written}");
        assert_eq!(written.lines().count(), 3, "{written}");
        // What was cut behind the key keeps it.
        fs::write(&keys, &whole[..whole.len() - 1]).expect("is written");
        assert_eq!(import(vendor, rows, &["-o", &keys]).counts(), [0, 2]);
        assert_eq!(fs::read_to_string(&keys).expect("is there"), whole);
    }
}

#[test]
fn two_imports_do_not_write_one_file_of_keys() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let keys = vendor.path("keys.csv");
    assert_eq!(import(&vendor, "label\na\n", &["-o", &keys]).counts(), [1, 0]);
    let open = fs::OpenOptions::new().append(true).open(&keys).expect("is there");
    open.lock().expect("nobody has it");
    let failure = import(&vendor, "label\nb\n", &["-o", &keys]).failure.expect("it fails");
    assert!(text(&failure["message"]).contains("another import writes it"), "{failure}");
    assert_eq!(count(&vendor, "editor"), 1);
    drop(open);
    assert_eq!(import(&vendor, "label\nb\n", &["-o", &keys]).counts(), [1, 0]);
}
