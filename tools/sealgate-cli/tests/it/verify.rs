//! `sealgate verify`: what it accepts, and how each refusal is called.

use serde_json::{Value, json};

use crate::program::{Outcome, run, sealgate, sealgate_at};
use crate::vendor::{Vendor, names, text};

/// A license file, the trust beside it, and the root key.
struct Case {
    vendor: Vendor,
    app: Value,
    license: Value,
    file: String,
    trust: String,
    root: String,
}

impl Case {
    fn new(terms: &[&str]) -> Self {
        let vendor = Vendor::new();
        let app = vendor.app("Editor");
        let license = vendor.license(&app, terms);
        let (file, trust) = vendor.file(&license, "a.license");
        let pinned: Value = serde_json::from_slice(&std::fs::read(&trust).expect("written")).expect("JSON");
        let root = text(&pinned["roots"][0]).to_owned();
        Self { vendor, app, license, file, trust, root }
    }

    /// Verifies without a server.
    fn by_root(&self, more: &[&str]) -> Outcome {
        run(&mut sealgate(&[&["verify", &self.file, "--root", &self.root, "--json"], more].concat()))
    }

    fn by_trust(&self) -> Outcome {
        run(&mut sealgate(&["verify", &self.file, "--trust", &self.trust, "--json"]))
    }

    fn spoil(&self, change: impl FnOnce(&str) -> String) {
        let text = std::fs::read_to_string(&self.file).expect("written");
        std::fs::write(&self.file, change(&text)).expect("written");
    }
}

#[test]
fn a_genuine_license_is_valid_by_root_and_by_trust() {
    let case = Case::new(&["--max-devices", "3", "--expires", "2037-01-31"]);
    let by_root = case.by_root(&[]).json();
    let fields =
        ["keyset", "license", "not_checked", "root", "signed_by", "statement_id", "tenant_keyset", "verdict"];
    assert_eq!(names(&by_root), fields);
    assert_eq!(by_root["verdict"], "valid");
    let license = &by_root["license"];
    assert_eq!((&license["license"], &license["app"]), (&case.license["license_id"], &case.app["app_id"]));
    assert_eq!(
        (&license["max_devices"], &license["expires_at"]),
        (&json!(3), &json!("2037-02-01T00:00:00Z"))
    );

    let by_trust = case.by_trust().json();
    assert_eq!(by_trust["license"], by_root["license"]);
    let unchecked = |report: &Value| report["not_checked"].as_array().map(Vec::len);
    assert_eq!((unchecked(&by_root), unchecked(&by_trust)), (Some(3), Some(2)), "a root alone pins no app");
}

#[test]
fn a_person_is_told_what_was_checked_and_what_was_not() {
    let case = Case::new(&[]);
    let told = run(&mut sealgate(&["verify", &case.file, "--root", &case.root])).ok();
    assert!(told.starts_with("VALID\n"), "{told}");
    for part in ["\nchecked:", "signed by root", "\nnot checked:", "revocation:", "tenant and app:"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn the_file_may_stand_behind_the_roots() {
    let case = Case::new(&[]);
    run(&mut sealgate(&["verify", "--root", &case.root, &case.file, "--json"])).json();
    run(&mut sealgate(&["verify", "--root", &case.file, "--json"])).refused(2, "malformed_request");
    run(&mut sealgate(&["verify", &case.file, "--root", "rubbish", "--json"]))
        .refused(2, "malformed_request");
}

#[test]
fn a_changed_letter_is_signature_invalid() {
    let case = Case::new(&[]);
    // One base64 letter inside the payload; the text stays well formed.
    case.spoil(|text| {
        let at = text.find(r#""payload":""#).expect("a payload") + 40;
        let other = if text[at..].starts_with('A') { "B" } else { "A" };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    });
    case.by_root(&[]).refused(1, "signature_invalid");
    case.by_trust().refused(1, "signature_invalid");
    let told = run(&mut sealgate(&["verify", &case.file, "--root", &case.root]));
    assert_eq!((told.exit, &*told.stdout), (Some(1), ""));
    assert!(told.stderr.starts_with("error: ") && told.stderr.contains("(signature_invalid)"), "{told:?}");
}

#[test]
fn a_wrong_root_is_unknown_to_the_chain() {
    let case = Case::new(&[]);
    let other = text(&case.app["public_key"]);
    let told = run(&mut sealgate(&["verify", &case.file, "--root", other, "--json"]));
    told.refused(1, "root_unknown");
    // A right root beside a wrong one is another set than any the authority ever named (`spec/keys.md` §4.2).
    let told = run(&mut sealgate(&["verify", &case.file, "--root", other, &case.root, "--json"]));
    told.refused(1, "root_unknown");
}

#[test]
fn a_threshold_that_the_root_statement_does_not_name_is_refused() {
    let case = Case::new(&[]);
    case.by_root(&["--threshold", "1"]).json();
    case.by_root(&["--threshold", "2"]).refused(1, "root_unknown");
    let with_another = [text(&case.app["public_key"]), "--threshold", "2"];
    let told = run(&mut sealgate(
        &[&["verify", &case.file, "--json", "--root", &case.root], &with_another[..]].concat(),
    ));
    told.refused(1, "root_unknown");
    // The same root twice is not two roots.
    let twice = ["verify", &case.file, "--json", "--root", &case.root, &case.root, "--threshold", "2"];
    run(&mut sealgate(&twice)).refused(1, "key_duplicate");
}

#[test]
fn another_apps_trust_is_wrong_app() {
    let case = Case::new(&[]);
    let other = case.vendor.license(&case.vendor.app("Viewer"), &[]);
    let (_, trust) = case.vendor.file(&other, "b.license");
    run(&mut sealgate(&["verify", &case.file, "--trust", &trust, "--json"])).refused(1, "wrong_app");
}

#[test]
fn a_license_is_valid_until_its_end_and_then_expired() {
    let case = Case::new(&["--expires", "+30d"]);
    let verify = ["verify", &case.file, "--trust", &case.trust, "--json"];
    assert_eq!(run(&mut sealgate_at("+29d", &verify)).json()["verdict"], "valid");
    let failure = run(&mut sealgate_at("+31d", &verify)).refused(1, "expired");
    assert!(text(&failure["message"]).starts_with("the license is genuine, but expired at 20"), "{failure}");
    assert!(text(&failure["message"]).contains("; this machine's clock shows 20"), "{failure}");
}

#[test]
fn a_clock_before_the_start_or_after_the_keysets_end_is_refused_by_name() {
    let case = Case::new(&[]);
    let verify = ["verify", &case.file, "--trust", &case.trust, "--json"];
    let early = run(&mut sealgate_at("-3d", &verify)).refused(1, "root_not_yet_valid");
    let late = run(&mut sealgate_at("+3651d", &verify)).refused(1, "root_expired");
    for (failure, verb) in [(early, "it was signed at 20"), (late, "it ended at 20")] {
        let message = text(&failure["message"]);
        assert!(message.contains(verb) && message.contains(", and it is 20"), "{failure}");
        assert!(text(&failure["fix"]).contains("this machine's clock"), "{failure}");
    }
}

#[test]
fn nothing_to_judge_by_is_trust_missing() {
    let case = Case::new(&[]);
    let failure = run(&mut sealgate(&["verify", &case.file, "--json"])).refused(78, "trust_missing");
    assert!(text(&failure["fix"]).contains("--root PUB"), "{failure}");
    std::fs::remove_file(&case.trust).expect("there");
    case.by_root(&[]).refused(78, "trust_missing");
    case.by_trust().refused(65, "file_unreadable");
}

#[test]
fn a_file_that_is_no_license_is_a_bad_file() {
    let case = Case::new(&[]);
    let genuine = std::fs::read_to_string(&case.file).expect("written");
    let trust: Value = serde_json::from_slice(&std::fs::read(&case.trust).expect("written")).expect("JSON");
    let cases = [
        ("hello".to_owned(), "json_invalid"),
        (genuine.replacen('{', r#"{"extra":1,"#, 1), "envelope_invalid"),
        (genuine.replace("==\"", "\""), "base64_invalid"),
        (trust["tenant_keyset"].to_string(), "kind_unexpected"),
        (" ".repeat(1_500_001), "artifact_too_large"),
    ];
    for (text, code) in cases {
        case.spoil(|_| text);
        case.by_root(&[]).refused(65, code);
        case.by_trust().refused(65, code);
    }
    std::fs::remove_file(&case.file).expect("there");
    case.by_root(&[]).refused(65, "file_unreadable");
}

/// What people give in place of a license file is called by its name, not by what a JSON reader says of it.
#[test]
fn another_file_is_called_what_it_is() {
    let case = Case::new(&[]);
    let genuine = std::fs::read_to_string(&case.file).expect("written");
    let trust = std::fs::read(&case.trust).expect("written");
    let utf16: Vec<u8> = genuine.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let armored = b"-----BEGIN AUTHFORGE LICENSE-----\nVersion: 1\n".to_vec();
    for (bytes, code, said, to_do) in [
        (vec![], "json_invalid", "this is an empty file", "did not finish"),
        (format!("\u{feff}{genuine}").into_bytes(), "json_invalid", "byte order mark", "in an editor"),
        ([&[0xff, 0xfe][..], &utf16].concat(), "json_invalid", "UTF-16", "PowerShell"),
        (b"<!DOCTYPE html>".to_vec(), "json_invalid", "a web page", "sign in"),
        (armored, "json_invalid", "written for AuthForge", "`sealgate license file`"),
        (b"-----BEGIN CERTIFICATE-----\n".to_vec(), "json_invalid", "a PEM file", "the right file"),
        (b"PK\x03\x04".to_vec(), "json_invalid", "a zip archive", "Unpack"),
        (b"\x1f\x8b\x08".to_vec(), "json_invalid", "a gzip archive", "Unpack"),
        (genuine.as_bytes()[..300].to_vec(), "json_invalid", "whose end is missing", "again"),
        (trust, "envelope_invalid", "this is a trust.json", "--trust"),
    ] {
        std::fs::write(&case.file, bytes).expect("written");
        let failure = case.by_trust().refused(65, code);
        let (message, fix) = (text(&failure["message"]), text(&failure["fix"]));
        assert!(message.starts_with(&format!("{}: this is ", case.file)), "{failure}");
        assert!(message.contains(said) && fix.contains(to_do), "{failure}");
        if said != "this is a trust.json" {
            let told = run(&mut sealgate(&["inspect", &case.file, "--json"])).refused(65, code);
            assert!(text(&told["message"]).contains(said), "{told}");
        }
    }
}

/// The same of what stands beside a license, or behind `--trust`.
#[test]
fn another_file_in_place_of_trust_is_called_what_it_is() {
    let vector = Vector::of("valid/plain.json");
    let trust = format!("{}.trust", vector.file);
    for (bytes, code, said) in [
        (
            std::fs::read(&vector.file).expect("written"),
            "field_invalid",
            "this is a license (what a customer bought)",
        ),
        (b"<html>".to_vec(), "json_invalid", "this is a web page"),
        (vec![], "json_invalid", "this is an empty file"),
    ] {
        std::fs::write(&trust, bytes).expect("written");
        let by_root =
            run(&mut sealgate(&["verify", &vector.file, "--root", &vector.root, "--json"])).refused(65, code);
        let by_trust = run(&mut sealgate(&["verify", &vector.file, "--trust", &trust, "--json"]));
        for failure in [by_root, by_trust.refused(65, code)] {
            assert!(text(&failure["message"]).contains(said), "{failure}");
        }
    }
}

/// A key that is not in trust.json is not forgery: it may be newer. The code is the same, because anybody can write a hint.
#[test]
fn whose_key_signed_is_told() {
    for (vector, said, to_do) in [
        (
            "signed_by_other_issuer_fail.json",
            "a key that this trust.json does not know",
            "trust.json of today",
        ),
        ("issuer_revoked_fail.json", "a key that the vendor has revoked", "signed anew"),
        ("payload_bit_flipped_fail.json", "changed after it was signed", "again"),
    ] {
        let failure =
            Vector::of(&format!("invalid/{vector}")).verify(&["--json"]).refused(1, "signature_invalid");
        assert!(text(&failure["message"]).contains(said), "{failure}");
        assert!(text(&failure["fix"]).contains(to_do), "{failure}");
    }
}

#[test]
fn a_license_that_has_not_begun_or_is_over_is_told_with_both_times() {
    for (vector, code, said) in [
        ("not_yet_in_force.json", "not_yet_valid", "begins at 2027-01-16T08:00:00Z"),
        ("over.json", "expired", "expired at 2027-01-14T08:00:00Z"),
    ] {
        let failure = Vector::of(&format!("valid/{vector}")).verify(&["--json"]).refused(1, code);
        let message = text(&failure["message"]);
        assert!(message.contains(said), "{failure}");
        assert!(message.contains("; this machine's clock shows 2027-01-15T08:00:0"), "{failure}");
    }
}

/// A vector's license and the trust beside it, at the vectors' present.
struct Vector {
    _dir: tempfile::TempDir,
    file: String,
    root: String,
}

impl Vector {
    fn of(name: &str) -> Self {
        let vectors = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/license");
        let vector = std::fs::read(vectors.join(name)).expect("a vector");
        let vector: Value = serde_json::from_slice(&vector).expect("JSON");
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("a.license").to_str().expect("UTF-8").to_owned();
        let statement = |at: &str| text(vector.pointer(at).expect("there")).to_owned();
        let [license, root, keyset, tenant_keyset] =
            ["/license/text", "/root_chain/0/text", "/keyset/text", "/tenant_keyset/text"].map(statement);
        let pins = r#""threshold":1,"root_version":1"#;
        let (roots, tenant, app) = (&vector["roots"], &vector["expect_tenant"], &vector["expect_app"]);
        let trust = format!(
            r#"{{"roots":{roots},{pins},"keyset_chain":[{root},{keyset}],"tenant_keyset":{tenant_keyset},"tenant":{tenant},"app":{app}}}"#
        );
        std::fs::write(&file, license).expect("written");
        std::fs::write(format!("{file}.trust"), trust).expect("written");
        Self { _dir: dir, file, root: text(&vector["roots"][0]).to_owned() }
    }

    fn verify(&self, more: &[&str]) -> Outcome {
        let arguments = [&["verify", &self.file, "--root", &self.root], more].concat();
        run(&mut sealgate_at("@2027-01-15 08:00:00", &arguments))
    }
}

#[test]
fn a_person_and_a_program_are_told_all_that_a_license_grants() {
    let vector = Vector::of("valid/full_without_trial.json");
    let told = vector.verify(&[]).ok();
    // However wide the columns are.
    let spare = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = told.lines().map(spare).collect();
    for line in [
        "VALID",
        "features db.query, export, sso=okta: \"eu\"",
        "limits projects=10, export=9007199254740991",
        "variables greeting=\"Grüße\", retries=-3, beta=true",
        "for Ada Lovelace",
        "of company Example & Söhne",
        "with e-mail ada@example.com",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line}: {told}");
    }
    let license = vector.verify(&["--json"]).json()["license"].take();
    assert_eq!(license["features"][1], json!({ "name": "export", "value": null }));
    assert_eq!(license["features"][2], json!({ "name": "sso", "value": "okta: \"eu\"" }));
    assert_eq!(license["limits"][0], json!({ "name": "projects", "value": 10 }));
    assert_eq!(license["variables"][1], json!({ "name": "retries", "value": -3 }));
    assert_eq!(license["variables"][2], json!({ "name": "beta", "value": true }));
    let licensee =
        json!({ "name": "Ada Lovelace", "company": "Example & Söhne", "email": "ada@example.com" });
    assert_eq!((&license["licensee"], &license["trial_days"]), (&licensee, &Value::Null));
}

#[test]
fn a_trials_file_is_genuine_and_not_in_force() {
    let failure = Vector::of("valid/full.json").verify(&["--json"]).refused(1, "trial_not_begun");
    assert!(text(&failure["message"]).starts_with("the license is genuine, but: "), "{failure}");
    assert!(text(&failure["fix"]).contains("the vendor's server"), "{failure}");
}
