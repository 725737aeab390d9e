//! Conditions of plans and licenses on the command line.

use serde_json::{Value, json};

use crate::vendor::{Vendor, names, text};

const POLICY: &str = r#"{"heartbeat": {"interval": 3600, "grace": 86400}, "seat": "lease", "tenant_limits": [["render", 60]]}"#;

fn policy() -> Value {
    serde_json::from_str(POLICY).expect("JSON")
}

fn conditions(of: &Value) -> Vec<Option<&Value>> {
    ["policy", "max_instances", "offline", "allowances"].iter().map(|name| of.get(*name)).collect()
}

/// What the line of this name says.
fn line<'a>(told: &'a str, name: &str) -> &'a str {
    let found = told.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {name}: {told}")).trim()
}

#[test]
fn a_policy_that_is_not_there_is_told_from_one_that_is_wrong() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    let (none, wrong) = (vendor.path("none.json"), vendor.path("wrong.json"));
    std::fs::write(&wrong, "{").expect("is written");
    for (file, fix) in [(none, "path"), (wrong, "write JSON")] {
        let create = ["plan", "create", "--name", "Pro", "--tier", "licensed", "--policy", &file, "--json"];
        let refused = vendor.run(&create).refused(65, "file_unreadable");
        assert!(text(&refused["fix"]).contains(fix), "{refused}");
    }
}

#[test]
fn a_plan_and_its_licenses_have_the_conditions_that_flags_name() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let file = vendor.path("policy.json");
    std::fs::write(&file, POLICY).expect("is written");
    let create =
        ["plan", "create", "--app", text(&app["app_id"]), "--name", "Pro", "--tier", "licensed", "--offline"];
    let flags = ["--policy", &file, "--max-instances", "3", "--offline-days", "90", "--offline-pool", "20"];
    let more = ["--offline-journal-days", "30", "--releases", "4", "--replacements", "1"];
    let plan = vendor.json(&[&create[..], &flags, &more].concat());
    let (offline, allowed) =
        (json!({ "days": 90, "pool": 20, "journal_days": 30 }), json!({ "releases": 4, "replacements": 1 }));
    let (policy, three) = (policy(), json!(3));
    let all = [Some(&policy), Some(&three), Some(&offline), Some(&allowed)];
    assert_eq!((conditions(&plan), &plan["files"]), (all.to_vec(), &json!(true)));
    let told = vendor.run(&["plan", "show", "pro"]).ok();
    assert_eq!(
        line(&told, "policy"),
        "heartbeat interval=3600 grace=86400; seat=lease; tenant_limits=render=60"
    );
    assert_eq!((line(&told, "instances"), line(&told, "files")), ("3 on a device", "yes"));
    assert_eq!(line(&told, "offline"), "days=90; pool=20; journal_days=30");
    assert_eq!((line(&told, "releases"), line(&told, "replacements")), ("4 per seat and year", "1 per year"));

    let license = vendor.license(&app, &["--plan", "pro"]);
    let id = text(&license["license_id"]);
    assert_eq!(conditions(&vendor.json(&["license", "show", id])), all.to_vec());
    let (signed, _) = vendor.file(&license, "a.license");
    let payload = vendor.json(&["inspect", &signed])["payload"].clone();
    assert_eq!((conditions(&payload), &payload["crit"]), (all.to_vec(), &json!(["policy"])));
    let trust = vendor.path("trust.json");
    vendor.run(&["keys", "export", "-o", &trust]).ok();
    let verified = vendor.json(&["verify", &signed, "--trust", &trust]);
    assert!(
        verified["not_checked"].to_string().contains("crit_unknown"),
        "valid, and yet refused: {verified}"
    );
    assert_eq!(line(&vendor.run(&["license", "show", id]).ok(), "instances"), "3 on a device");

    // An order says something else than its plan.
    let order = ["--plan", "pro", "--policy", "none", "--releases", "0", "--offline-pool", "none"];
    let other = vendor.license(&app, &order);
    let shown = vendor.json(&["license", "show", text(&other["license_id"])]);
    assert_eq!(
        (shown.get("policy"), &shown["allowances"]),
        (None, &json!({ "releases": 0, "replacements": 1 }))
    );
    assert_eq!(shown["offline"], json!({ "days": 90, "journal_days": 30 }));
}

#[test]
fn none_takes_away_and_a_preview_shows_it() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &["--max-instances", "2", "--offline-days", "9", "--releases", "5"]);
    let id = text(&license["license_id"]);
    let with_policy = ["--json", "license", "update", id, "--policy", "-", "--yes"];
    assert_eq!(vendor.run_with_input(&with_policy, POLICY).json()["policy"], policy());

    let update = ["license", "update", id, "--policy", "none", "--offline-days", "8", "--replacements", "3"];
    let told = vendor.run(&[&update[..], &["--preview"]].concat()).ok();
    assert!(told.contains("heartbeat interval=3600 grace=86400; seat=lease"), "{told}");
    assert!(told.contains("days=9") && told.contains("days=8"), "{told}");
    assert!(told.contains("releases 5 per seat and year, replacements 3 per year"), "{told}");
    let less = told.lines().find(|line| line.contains("days=9")).expect("a line");
    assert!(less.ends_with("less, or other"), "{told}");
    assert_eq!(vendor.json(&["license", "show", id])["policy"], policy(), "nothing changed");
    vendor.run(&[&["--json"], &update[..]].concat()).refused(78, "config_invalid");
    let told = vendor.run(&[&update[..], &["--yes"]].concat()).ok();
    assert!(told.contains("offline changed: days=9 -> days=8"), "{told}");

    let nothing = [
        "--policy",
        "none",
        "--max-instances",
        "none",
        "--offline-days",
        "none",
        "--releases",
        "none",
        "--replacements",
        "none",
    ];
    let cleared = vendor.json(&[&["license", "update", id, "--yes"], &nothing[..]].concat());
    assert_eq!(conditions(&cleared), [None; 4]);
    let create =
        ["plan", "create", "--name", "Pro", "--tier", "licensed", "--max-instances", "2", "--releases", "1"];
    vendor.json(&[&create[..], &["--offline-days", "9", "--offline-pool", "8"]].concat());
    let changed = vendor.json(&["plan", "update", "pro", "--offline-pool", "none", "--replacements", "2"]);
    assert_eq!(changed["offline"], json!({ "days": 9 }));
    assert_eq!(changed["allowances"], json!({ "releases": 1, "replacements": 2 }));
    let cleared = vendor.json(&[&["plan", "update", "pro"], &nothing[..]].concat());
    assert_eq!(conditions(&cleared), [None; 4]);
    // What is new has nothing that could be taken away.
    let create = ["plan", "create", "--name", "New", "--tier", "licensed", "--offline-pool", "none"];
    assert_eq!(conditions(&vendor.json(&[&create[..], &nothing[..4]].concat())), [None; 4]);
}

#[test]
fn what_no_license_can_say_is_refused_with_the_flag_or_the_field() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &[]);
    let id = text(&license["license_id"]);
    let plan = ["--json", "plan", "create", "--name", "Pro", "--tier", "licensed"];
    let update = ["--json", "license", "update", id];
    for (flags, said) in [
        (&["--max-instances", "0"][..], "1 to 1000"),
        (&["--offline-days", "3651"], "1 to 3650"),
        (&["--offline-days", "none", "--offline-pool", "5"], "--offline-days none"),
        (&["--offline-days", "5", "--offline-pool", "many"], "1 to 1000000"),
        (&["--releases", "1001"], "0 to 1000"),
    ] {
        for begin in [&plan[..], &update] {
            let refused = vendor.run(&[begin, flags].concat()).refused(2, "malformed_request");
            assert!(text(&refused["message"]).contains(said), "{said}: {refused}");
        }
    }
    let refused = vendor.run(&[&plan[..], &["--offline-pool", "5"]].concat()).refused(2, "malformed_request");
    assert!(text(&refused["fix"]).contains("--offline-days 90"), "{refused}");
    let refused =
        vendor.run(&[&update[..], &["--offline-pool", "5"]].concat()).refused(2, "malformed_request");
    assert!(text(&refused["message"]).starts_with("offline.days: "), "{refused}");
    let read = |input: &str| vendor.run_with_input(&[&update[..], &["--policy", "-"]].concat(), input);
    let refused = read(r#"{"heartbeat": {"interval": 60, "grace": 59}}"#).refused(2, "malformed_request");
    assert!(text(&refused["message"]).starts_with("policy.heartbeat.grace: "), "{refused}");
    for unreadable in
        ["", "{", "[]", r#"{"fail": "maybe"}"#, r#"{"heartbeat": true}"#, r#"{"heartbeat": [60, 60]}"#]
    {
        let refused = read(unreadable).refused(65, "file_unreadable");
        assert!(text(&refused["fix"]).contains("§2.13"), "{refused}");
    }
    let both = ["--json", "license", "update", "-", "--policy", "-"];
    vendor.run_with_input(&both, "").refused(2, "malformed_request");
    assert_eq!(
        names(&vendor.json(&["license", "show", id])).iter().filter(|name| **name == "policy").count(),
        0
    );

    // The help says what a policy costs, and how the two kinds of offline go together.
    for verb in [["plan", "create"], ["plan", "update"], ["license", "issue"], ["license", "update"]] {
        let help = vendor.run(&[&verb[..], &["--help"]].concat()).ok();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains("Programs need the guard of our SDK"), "{help}");
    }
    let help = vendor.run(&["plan", "create", "--help"]).ok();
    assert!(help.contains("--files") && help.contains("Neither needs the other"), "{help}");
}
