//! `-`: standard input where something is read, standard output where something is written.

use serde_json::json;

use crate::program::{run, run_with_input, sealgate};
use crate::vendor::{Vendor, text};

#[test]
fn whoever_takes_one_license_takes_one_line() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let [one, other] = [(); 2].map(|()| vendor.license(&app, &[]));
    let (id, key) = (text(&one["license_id"]), text(&one["license_key"]));
    let (out, bundle) = (vendor.path("out"), vendor.path("out.sglic"));
    let verbs = [
        &["license", "show", "-"][..],
        &["license", "key", "-", "--reveal"],
        &["license", "reset-devices", "-"],
        &["license", "vars", "-"],
        &["license", "vars", "get", "-"],
        &["license", "vars", "set", "-", "a=1"],
        &["license", "update", "-", "--label", "L"],
        &["license", "file", "-", "-o", &out],
        &["license", "authforge-file", "-", "--any", "--expires", "+1d", "-o", &out],
        &["device", "list", "--license", "-"],
        &["activation", "list", "--license", "-"],
        &["events", "--license", "-"],
        &["offline", "list", "-"],
        &["offline", "export", "-", "--pool", "1", "--valid-until", "+1d", "-o", &bundle, "--overwrite"],
        &["license", "rekey", "-", "--yes"],
    ];
    let run = |verb: &[&str], input: &str| vendor.run_with_input(&[verb, &["--json"]].concat(), input);
    for verb in verbs {
        run(verb, &format!("\n# mine\n  {id}\n{id}\n")).json();
        let two = format!("{key}\n{}\n", text(&other["license_key"]));
        let failure = run(verb, &two).refused(2, "malformed_request");
        assert_eq!(failure["message"], "standard input has 2 lines, and this takes one", "{verb:?}");
        run(verb, "\n").refused(2, "malformed_request");
    }
}

#[test]
fn a_file_goes_to_standard_output_alone() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &[]);
    let id = text(&license["license_id"]);
    let (file, trust) = vendor.file(&license, "a.license");
    let log = vendor.path("audit.jsonl");
    vendor.json(&["audit", "export", "-o", &log]);
    let read = |path: &str| std::fs::read_to_string(path).expect("written");
    for more in [&[][..], &["--json"], &["-q"]] {
        let alone = |verb: &[&str]| vendor.run(&[verb, more].concat()).ok();
        assert_eq!(alone(&["license", "file", id, "-o", "-"]), read(&file), "{more:?}");
        assert_eq!(alone(&["keys", "export", "-o", "-"]), read(&trust), "{more:?}");
        assert_eq!(alone(&["audit", "export", "-o", "-"]), read(&log), "{more:?}");
    }
    let authforge = ["license", "authforge-file", id, "--any", "--expires", "+1d", "-o", "-"];
    let told = vendor.run(&authforge).ok();
    assert!(told.starts_with("-----BEGIN ") && told.trim_end().ends_with("-----"), "the file alone: {told}");
    assert!(!std::path::Path::new("-").exists());
    let both = ["license", "file", id, "--with-trust", "-o", "-", "--json"];
    vendor.run(&both).refused(2, "malformed_request");
}

#[test]
fn a_file_is_read_from_standard_input() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let license = vendor.license(&app, &[]);
    let (file, trust) = vendor.file(&license, "a.license");
    let log = vendor.path("audit.jsonl");
    vendor.json(&["audit", "export", "-o", &log]);
    let read = |path: &str| std::fs::read_to_string(path).expect("written");
    let alone = |arguments: &[&str], path: &str| {
        let arguments = [&["--json"], arguments].concat();
        let by_name: Vec<&str> =
            arguments.iter().map(|word| if *word == "-" { path } else { word }).collect();
        let by_input = run_with_input(&mut sealgate(&arguments), &read(path)).json();
        assert_eq!(by_input, run(&mut sealgate(&by_name)).json(), "{arguments:?}");
    };
    let config = vendor.path("sealgate.toml");
    std::fs::write(&config, "listen = \"127.0.0.1:0\"\n").expect("written");
    alone(&["inspect", "-"], &file);
    alone(&["inspect", "-"], &trust);
    alone(&["verify", "-", "--trust", &trust], &file);
    alone(&["verify", &file, "--trust", "-"], &trust);
    alone(&["audit", "verify", "-"], &log);
    alone(&["check-config", "-"], &config);

    let both = ["--json", "verify", "-", "--trust", "-"];
    run_with_input(&mut sealgate(&both), &read(&file)).refused(2, "malformed_request");
    let root = serde_json::from_str::<serde_json::Value>(&read(&trust)).expect("JSON")["roots"][0].clone();
    let beside = ["--json", "verify", "--root", text(&root), "-"];
    run_with_input(&mut sealgate(&beside), &read(&file)).refused(78, "trust_missing");

    let plan = ["plan", "create", "--app", text(&app["app_id"]), "--name", "Pro", "--tier", "licensed"];
    let plan = [&["--json"], &plan[..], &["--policy", "-"]].concat();
    let plan = vendor.run_with_input(&plan, r#"{"fail": "hard"}"#).json();
    assert_eq!(plan["policy"]["fail"], "hard");
    let ada = ["--json", "customer", "create", "Ada", "--metadata", "@-"];
    assert_eq!(vendor.run_with_input(&ada, r#"{"a": 1}"#).json()["metadata"], json!({ "a": 1 }));
}
