//! One deed for many licenses: named, listed, or by what they have in common.

use std::io::{Read, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{Outcome, SEALGATE, run_with_input};
use crate::vendor::{Vendor, cells, on_both_databases, text};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

struct Shop<'a> {
    vendor: &'a Vendor,
    app: Value,
    licenses: Vec<Value>,
}

impl<'a> Shop<'a> {
    fn new(vendor: &'a Vendor, count: usize) -> Self {
        let app = vendor.app("Editor");
        let licenses = (0..count).map(|n| vendor.license(&app, &["--label", &format!("No {n}")])).collect();
        Self { vendor, app, licenses }
    }

    fn id(&self, n: usize) -> &str {
        text(&self.licenses[n]["license_id"])
    }

    fn key(&self, n: usize) -> &str {
        text(&self.licenses[n]["license_key"])
    }

    fn statuses(&self) -> Vec<String> {
        let status = |n| self.vendor.json(&["license", "show", self.id(n)])["status"].clone();
        (0..self.licenses.len()).map(|n| text(&status(n)).to_owned()).collect()
    }

    fn with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        run_with_input(&mut self.vendor.sealgate(arguments), input)
    }
}

/// What is said in a terminal where somebody says yes, and something happens while the question is asked.
fn answered_after(vendor: &Vendor, line: &str, meanwhile: impl FnOnce()) -> String {
    let mut script = std::process::Command::new("script");
    script.env_clear().args(["-qec", line, "/dev/null"]).env("TERM", "xterm");
    script.env("SEALGATE_URL", &vendor.server.url).env("SEALGATE_DATA", vendor.data());
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let (mut input, mut output) = (script.stdin.take().expect("piped"), script.stdout.take().expect("piped"));
    let (mut told, mut byte) = (vec![], [0]);
    while !told.ends_with(b"[y/N] ") {
        assert_eq!(output.read(&mut byte).expect("it reads"), 1, "{}", String::from_utf8_lossy(&told));
        told.push(byte[0]);
    }
    meanwhile();
    input.write_all(b"y\n").expect("it listens");
    output.read_to_end(&mut told).expect("it reads");
    script.wait().expect("it ends");
    String::from_utf8(told).expect("UTF-8")
}

fn count(list: &Value) -> usize {
    list.as_array().expect("a list").len()
}

on_both_databases! {
fn all_of_standard_input_is_done_after_one_yes(vendor: &Vendor) {
    let shop = Shop::new(vendor, 4);
    let list = format!("# stolen\n{}\r\n\n  {}\n{}\n{}\n", shop.id(0), shop.key(1), shop.id(0), shop.id(1));
    let refused = shop.with_input(&["license", "revoke", "-", "--json"], &list).refused(78, "config_invalid");
    assert_eq!(refused["message"], "2 licenses would be revoked, and with --json nobody is asked");
    let told = shop.with_input(&["license", "revoke", "-"], &list);
    assert!(told.exit == Some(78) && told.stderr.contains("Licenses that would be revoked: 2"), "{told:?}");
    assert_eq!(shop.statuses(), ["active"; 4]);

    let revoke = ["license", "revoke", "-", "--json", "--yes", "--reason", "stolen"];
    let done = shop.with_input(&revoke, &list).json();
    assert_eq!((count(&done["done"]), &done["failed"]), (2, &json!([])));
    assert_eq!(done["done"][1]["revoke_reason"], "stolen");
    assert_eq!(shop.statuses(), ["revoked", "revoked", "active", "active"]);
    // They are revoked, as was wished.
    assert_eq!(count(&shop.with_input(&revoke, &list).json()["done"]), 2);

    // In a file, and on the command line.
    let file = shop.vendor.path("list");
    std::fs::write(&file, format!("{}\n", shop.id(2))).expect("written");
    let told = shop.vendor.run(&["license", "suspend", shop.key(3), "--from", &file, "--yes"]).ok();
    assert!(told.starts_with("Licenses suspended: 2.\n\nOnline, "), "{told}");
    let resumed = shop.vendor.json(&["license", "resume", "--from", &file, "--yes"]);
    assert_eq!(count(&resumed["done"]), 1, "a list is a list, however short");
    assert_eq!(shop.statuses(), ["revoked", "revoked", "active", "suspended"]);
}
}

#[test]
fn one_license_is_done_unasked_and_shown_as_it_is() {
    let vendor = Vendor::new();
    let shop = Shop::new(&vendor, 2);
    assert_eq!(shop.vendor.json(&["license", "suspend", shop.key(0)])["status"], "suspended");
    let read = shop.with_input(&["license", "revoke", "-", "--json"], &format!("{}\n", shop.id(1))).json();
    assert_eq!((&read["status"], read.get("done")), (&json!("revoked"), None));
    for verb in ["renew", "suspend", "resume", "revoke"] {
        shop.with_input(&["license", verb, "-", "--json"], "\n# nobody\n").refused(2, "malformed_request");
        shop.vendor.run(&["license", verb, "--json"]).refused(2, "malformed_request");
        let both = ["license", verb, shop.id(0), "--status", "active", "--json"];
        shop.vendor.run(&both).refused(2, "malformed_request");
        shop.vendor.run(&["license", verb, "-", "--from", "-", "--json"]).refused(2, "malformed_request");
    }
}

#[test]
fn a_list_with_a_mistake_changes_nothing_and_says_where_it_is() {
    let vendor = Vendor::new();
    let shop = Shop::new(&vendor, 1);
    let mistyped = "000G-40R4-0M30-E209-185G-R38E-1YRC";
    let unknown = "000G-40R4-0M30-E209-185G-R38E-1YRB";
    for (wrong, exit, code) in [
        ("abc", 2, "license_key_malformed"),
        (mistyped, 2, "license_key_mistyped"),
        (unknown, 3, "not_found"),
    ] {
        let list = format!("{}\n\n{wrong}\n", shop.id(0));
        let suspend = ["license", "suspend", "-", "--yes", "--json"];
        let failure = shop.with_input(&suspend, &list).refused(exit, code);
        let message = text(&failure["message"]);
        assert!(message.starts_with("line 3 of standard input: "), "{failure}");
        assert!(message.ends_with("nothing was changed") && !message.contains(wrong), "{failure}");
    }
    assert_eq!(shop.statuses(), ["active"]);
}

on_both_databases! {
fn one_that_fails_does_not_stop_the_others(vendor: &Vendor) {
    let shop = Shop::new(vendor, 4);
    shop.vendor.json(&["license", "revoke", shop.id(1)]);
    shop.vendor.json(&["license", "revoke", shop.id(3)]);
    let suspend = ["license", "suspend", shop.id(0), shop.id(1), shop.id(3), shop.id(2), "--yes"];
    let told = shop.vendor.run(&[&suspend[..], &["--json"]].concat());
    assert_eq!(told.exit, Some(4), "that of the first: {told:?}");
    let outcome: Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!(count(&outcome["done"]), 2);
    let failed = |n: usize| (&outcome["failed"][n]["license_id"], &outcome["failed"][n]["code"]);
    assert_eq!(failed(0), (&json!(shop.id(1)), &json!("license_revoked")));
    assert_eq!(failed(1), (&json!(shop.id(3)), &json!("license_revoked")));
    let failure: Value = serde_json::from_str(&told.stderr).expect("JSON");
    assert!(text(&failure["message"]).starts_with("licenses not suspended: 2 of 4; "), "{failure}");
    assert_eq!(shop.statuses(), ["suspended", "revoked", "suspended", "revoked"]);
    let told = shop.vendor.run(&suspend);
    assert!(told.stdout.contains("Not suspended: 2.") && told.stdout.contains(shop.id(3)), "{told:?}");
}
}

on_both_databases! {
fn a_list_with_an_id_that_names_no_license_changes_nothing(vendor: &Vendor) {
    let shop = Shop::new(vendor, 2);
    let made = shop.vendor.json(&["token", "create", "--scope", "licenses:write"]);
    // Whether the token sees licenses or only writes them.
    for token in [&[][..], &["--token", text(&made["token"])]] {
        for verb in ["renew", "suspend", "revoke"] {
            let named = [&["license", verb, shop.id(0), NOBODY, shop.id(1), "--json", "--yes"][..], token].concat();
            let refused = shop.vendor.run(&named).refused(3, "not_found");
            let told = text(&refused["message"]);
            assert!(told.starts_with("KEY 2: ") && told.ends_with("; nothing was changed"), "{refused}");
            assert_eq!(shop.statuses(), ["active"; 2], "{verb} {token:?}");
        }
    }
}
}

on_both_databases! {
fn a_preview_says_who_and_what_and_changes_nothing(vendor: &Vendor) {
    let shop = Shop::new(vendor, 24);
    let app = text(&shop.app["app_id"]);
    shop.vendor.json(&["license", "suspend", shop.id(0)]);
    shop.vendor.json(&["license", "revoke", shop.id(1)]);
    let suspend = ["license", "suspend", "--app", app, "--preview"];
    let foreseen = shop.vendor.json(&suspend);
    let numbers = ["count", "unchanged", "left_out"].map(|name| foreseen[name].as_u64());
    assert_eq!(numbers, [Some(23), Some(1), Some(1)]);
    assert_eq!((&foreseen["verb"], count(&foreseen["licenses"])), (&json!("suspend"), 23));
    let told = shop.vendor.run(&suspend).ok();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "Licenses that would be suspended: 23");
    assert_eq!(cells(lines[1]), ["LICENSE", "STATUS", "ENDS", "LABEL", "CUSTOMER", "THEN"]);
    assert_eq!(
        lines[22..],
        [
            "and 3 more; --preview --json lists all",
            "so already: 1",
            "also match, are revoked, and are left out: 1"
        ]
    );
    assert!(lines[2].contains(shop.id(23)) && lines[2].ends_with("suspended"), "{told}");
    assert_eq!(shop.statuses().iter().filter(|status| *status == "suspended").count(), 1);

    let one = shop.vendor.json(&["license", "revoke", shop.key(5), "--preview"]);
    assert_eq!((&one["count"], &one["licenses"][0]["then"]), (&json!(1), &json!("revoked")));
    assert_eq!(shop.statuses()[5], "active");
}
}

on_both_databases! {
fn what_matches_is_done_and_what_nobody_means_is_refused(vendor: &Vendor) {
    let shop = Shop::new(vendor, 3);
    let customer = shop.vendor.json(&["customer", "create", "Ada", "--external-id", "shop-1"]);
    shop.vendor.json(&["license", "update", shop.id(1), "--customer", text(&customer["customer_id"])]);
    let of_ada = ["--customer", "external:shop-1"];
    let suspend = [&["license", "suspend"], &of_ada[..]].concat();
    shop.vendor.run(&[&suspend[..], &["--json"]].concat()).refused(78, "config_invalid");
    assert_eq!(count(&shop.vendor.json(&[&suspend[..], &["--yes"]].concat())["done"]), 1);
    assert_eq!(shop.statuses(), ["active", "suspended", "active"]);

    let label = ["license", "suspend", "--label", "no 2", "--yes"];
    assert_eq!(shop.vendor.json(&label)["done"][0]["license_id"], shop.id(2));
    let text_of = ["license", "resume", "--text", "2", "--status", "suspended", "--yes"];
    assert_eq!(shop.vendor.json(&text_of)["done"][0]["license_id"], shop.id(2));
    // A variable of a script that is not set names all.
    for flag in ["--label", "--text", "--status", "--plan", "--app", "--customer", "--device"] {
        for blank in ["", " "] {
            let revoke = ["license", "revoke", flag, blank, "--yes", "--json"];
            shop.vendor.run(&revoke).refused(2, "malformed_request");
        }
    }
    let nobody = ["license", "revoke", "--label", "nobody", "--yes"];
    assert_eq!(shop.vendor.json(&nobody), json!({ "done": [], "failed": [] }));
    let told = shop.vendor.run(&nobody);
    assert_eq!((told.exit, &*told.stdout), (Some(0), ""));
    assert!(told.stderr.starts_with("no licenses match"), "{told:?}");
    assert_eq!(shop.statuses(), ["active", "suspended", "active"]);
}
}

on_both_databases! {
fn many_renewals_are_foreseen_and_each_is_done_once_under_a_name(vendor: &Vendor) {
    let app = vendor.app("Editor");
    let id = text(&app["app_id"]);
    let ends = ["2036-01-31", "2037-01-31", "never"].map(|end| vendor.license(&app, &["--expires", end]));
    let then = |more: &[&str]| -> Vec<String> {
        let renew = ["license", "renew", "--app", id, "--sort", "newest", "--preview"];
        let foreseen = vendor.json(&[&renew[..], more].concat());
        let lines = foreseen["licenses"].as_array().expect("a list").iter().rev();
        lines.map(|line| text(&line["then"]).to_owned()).collect()
    };
    let end = "2036-06-02T00:00:00Z";
    let earlier = format!("{end}, earlier than now");
    assert_eq!(then(&["--expires", "2036-06-01"]), [end, &earlier, &earlier]);
    let later = then(&["--expires", "+1y"]);
    assert_eq!(later[..2], ["2037-02-01T00:00:00Z", "2038-02-01T00:00:00Z"]);
    assert!(later[2].ends_with("Z, earlier than now"), "{later:?}");
    let told = vendor.run(&["license", "renew", "--app", id, "--expires", "+1y", "--preview"]).ok();
    let line = told.lines().find(|line| line.contains("2036-02-01T00:00:00Z")).expect("its line");
    assert!(line.contains("2037-02-01T00:00:00Z"), "the end now and then: {told}");
    let one = text(&ends[0]["license_id"]);
    let one = vendor.json(&["license", "renew", one, "--expires", "+1y", "--preview"]);
    assert_eq!(one["licenses"][0]["new_expires_at"], "2037-02-01T00:00:00Z");
    assert_eq!(then(&["--expires", "never"]), ["never"; 3]);
    vendor
        .run(&["license", "renew", "--app", id, "--expires", "tomorrow", "--preview", "--json"])
        .refused(2, "malformed_request");

    let renew = ["license", "renew", "--app", id, "--ends-before", "2040-01-01", "--expires", "+1y"];
    let named = [&renew[..], &["--idempotency-key", "spring", "--yes"]].concat();
    assert_eq!(count(&vendor.json(&named)["done"]), 2);
    vendor.json(&named);
    let now = |license: &Value| {
        vendor.json(&["license", "show", text(&license["license_id"])])["expires_at"].clone()
    };
    assert_eq!(now(&ends[0]), "2037-02-01T00:00:00Z", "once");
    assert_eq!((now(&ends[1]), now(&ends[2])), (json!("2038-02-01T00:00:00Z"), Value::Null));
    // The name is the same for one alone.
    let alone = ["license", "renew", text(&ends[0]["license_id"]), "--expires", "+1y"];
    vendor.json(&[&alone[..], &["--idempotency-key", "spring", "--yes"]].concat());
    assert_eq!(now(&ends[0]), "2037-02-01T00:00:00Z", "once");
    vendor.json(&[&alone[..], &["--idempotency-key", "autumn"]].concat());
    vendor.json(&[&renew[..4], &alone[3..], &["--idempotency-key", "autumn", "--yes", "--ends-before", "2038-03-01"]].concat());
    assert_eq!(now(&ends[0]), "2038-02-01T00:00:00Z", "once");
}
}

#[test]
fn what_changed_since_it_was_shown_is_left_and_the_rest_is_done() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let made = ["2036-01-31", "2036-01-31"].map(|end| vendor.license(&app, &["--expires", end]));
    let [one, two] = [0, 1].map(|n| text(&made[n]["license_id"]));
    let end = |id: &str| vendor.json(&["license", "show", id])["expires_at"].clone();
    let renew = format!(
        "{SEALGATE} license renew --app {} --ends-before 2036-06-01 --expires +1y",
        text(&app["app_id"])
    );
    let told = answered_after(&vendor, &renew, || {
        vendor.json(&["license", "renew", one, "--expires", "never"]);
    });
    assert_eq!((end(one), end(two)), (Value::Null, json!("2037-02-01T00:00:00Z")), "{told}");
    assert!(told.contains("Licenses renewed: 1.") && told.contains("license_changed"), "{told}");
    // One alone, about which there was a question, too.
    let told =
        answered_after(&vendor, &format!("{SEALGATE} license renew {two} --expires 2036-01-31"), || {
            vendor.json(&["license", "renew", two, "--expires", "+1y"]);
        });
    assert!(told.contains("the license changed since it was looked at"), "{told}");
    let told =
        answered_after(&vendor, &format!("{SEALGATE} license update {two} --expires 2036-01-31"), || {
            vendor.json(&["license", "renew", two, "--expires", "+1y"]);
        });
    assert!(told.contains("the license changed since it was looked at"), "{told}");
    assert_eq!(end(two), "2039-02-01T00:00:00Z");
    // And what is done for good.
    let revoke = format!("{SEALGATE} license revoke {one} {two}");
    let told = answered_after(&vendor, &revoke, || {
        vendor.json(&["license", "renew", two, "--expires", "+1y"]);
    });
    let status = |id: &str| vendor.json(&["license", "show", id])["status"].clone();
    assert_eq!((status(one), status(two)), (json!("revoked"), json!("active")), "{told}");
}

#[test]
fn a_person_sees_them_answers_once_and_watches() {
    let vendor = Vendor::new();
    let shop = Shop::new(&vendor, 24);
    let app = text(&shop.app["app_id"]);
    let answered = |answer: &str| {
        let line = format!("{SEALGATE} license suspend --app {app}");
        let mut script = std::process::Command::new("script");
        script.env_clear().args(["-qec", &line, "/dev/null"]).env("TERM", "xterm");
        script.env("SEALGATE_URL", &shop.vendor.server.url).env("SEALGATE_DATA", shop.vendor.data());
        run_with_input(&mut script, answer)
    };
    let no = answered("n\n");
    assert!(no.exit == Some(1) && no.stdout.contains("nothing was changed"), "{no:?}");
    assert!(no.stdout.contains("Licenses that would be suspended: 24"), "{no:?}");
    assert_eq!(shop.statuses(), ["active"; 24]);
    let yes = answered("y\n");
    assert_eq!((yes.exit, yes.stdout.matches("Suspend 24 licenses? [y/N]").count()), (Some(0), 1), "{yes:?}");
    assert!(yes.stdout.contains("/24 licenses") && yes.stdout.contains("Licenses suspended: 24."), "{yes:?}");
    assert_eq!(shop.statuses(), ["suspended"; 24]);
}

#[test]
fn a_token_that_may_not_see_licenses_can_change_those_whose_ids_it_has() {
    let vendor = Vendor::new();
    let shop = Shop::new(&vendor, 2);
    let made = shop.vendor.json(&["token", "create", "--scope", "licenses:write"]);
    let run = |arguments: &[&str]| {
        let token = ["--json", "--token", text(&made["token"])];
        shop.vendor.run(&[&["license", "suspend"], arguments, &token[..]].concat())
    };
    let named = [shop.id(0), shop.id(1)];
    let foreseen = run(&[&named[..], &["--preview"]].concat()).json();
    assert_eq!((&foreseen["count"], &foreseen["licenses"]), (&json!(2), &json!([])));
    let by_key = run(&[shop.id(0), shop.key(1), "--yes"]).refused(77, "scope_missing");
    assert!(text(&by_key["message"]).starts_with("KEY 2: "), "{by_key}");
    run(&["--status", "active", "--yes"]).refused(77, "scope_missing");
    assert_eq!(shop.statuses(), ["active"; 2]);
    assert_eq!(count(&run(&[&named[..], &["--yes"]].concat()).json()["done"]), 2);
}
