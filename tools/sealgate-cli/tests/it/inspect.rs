//! `sealgate inspect`.

use serde_json::{Value, json};

use crate::vendor::{Vendor, names, text};

#[test]
fn a_person_is_told_that_nothing_is_verified_and_reads_dates() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &["--expires", "2037-01-31"]);
    let (file, _) = vendor.file(&license, "a.license");

    let told = vendor.run(&["inspect", &file]).ok();

    assert!(told.starts_with("NOT VERIFIED"), "{told}");
    assert!(told.contains("2037-02-01T00:00:00Z (2117059200)"), "{told}");
    assert!(told.contains(text(&license["license_id"])), "{told}");
}

#[test]
fn a_program_gets_the_payload_and_is_told_that_it_is_not_verified() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &["--max-devices", "3"]);
    let (file, trust) = vendor.file(&license, "a.license");

    let report = vendor.json(&["inspect", &file]);
    let fields = [
        "form_error",
        "keyids",
        "kind",
        "payload",
        "payload_type",
        "statement_id",
        "verified",
        "well_formed",
    ];
    assert_eq!(names(&report), fields);
    assert_eq!((&report["verified"], &report["well_formed"]), (&json!(false), &json!(true)));
    assert_eq!((&report["kind"], &report["form_error"]), (&json!("license"), &Value::Null));
    assert_eq!(report["payload_type"], "application/vnd.sealgate.license.v1+json");
    assert_eq!(report["payload"]["max_devices"], 3);
    assert_eq!(report["payload"]["license"], license["license_id"]);

    let trust: Value = serde_json::from_slice(&std::fs::read(trust).expect("written")).expect("JSON");
    let keyset = vendor.path("keyset.json");
    std::fs::write(&keyset, trust["keyset_chain"][1].to_string()).expect("written");
    let report = vendor.json(&["inspect", &keyset]);
    assert_eq!((&report["kind"], &report["payload"]["typ"]), (&json!("keyset"), &json!("keyset")));
}

#[test]
fn a_forged_file_is_shown_as_it_is() {
    let vendor = Vendor::new();
    let license = vendor.license(&vendor.app("Editor"), &[]);
    let (file, _) = vendor.file(&license, "a.license");
    let genuine = vendor.json(&["inspect", &file]);
    let text = std::fs::read_to_string(&file).expect("written").replace("license.v1", "license.v9");
    std::fs::write(&file, text).expect("written");

    let report = vendor.json(&["inspect", &file]);
    assert_eq!((&report["kind"], &report["verified"]), (&Value::Null, &json!(false)));
    assert_ne!(report["statement_id"], genuine["statement_id"]);
    assert_eq!(report["payload"], genuine["payload"]);
    assert!(
        vendor.run(&["inspect", &file]).ok().contains("unknown (application/vnd.sealgate.license.v9+json)")
    );
}

/// A vector, where in it the artifact is, and words that tell of it.
const TOLD: &[(&str, &str, &[&str])] = &[
    ("root/valid/plain.json", "/root_chain/0/text", &["root: names the root keys", "threshold", "KEY ID"]),
    (
        "keyset/valid/retired_beside.json",
        "/keyset/text",
        &["keyset: names the authorities", "retired", "KEY ID"],
    ),
    ("tenant-keyset/valid/plain.json", "/tenant_keyset/text", &["names the issuers of one tenant", "issuer"]),
    (
        "server-certificate/valid/plain.json",
        "/certificate/text",
        &["server-certificate: names a server's key", "https://license.example.com", "validate, heartbeat"],
    ),
    (
        "license/valid/attached_33.json",
        "/license/text",
        &["what a customer bought", "attached:", "feature.32"],
    ),
    (
        "license/valid/full.json",
        "/license/text",
        &[
            r#"features db.query, export, sso=okta: "eu""#,
            "limits projects=10, export=9007199254740991",
            r#"variables greeting="Grüße", retries=-3, beta=true"#,
            r#"licensee name="Ada Lovelace", company="Example & Söhne", email="ada@example.com""#,
            "trial_days 14, as far as a server's decision says so",
        ],
    ),
    ("license/valid/attached_with_value.json", "/license/text", &["attached:", "feature.7=seven"]),
    (
        "decision/valid/trial_and_variables.json",
        "/decision/text",
        &["trial_ends 2027-01-29T08:00:00Z", r#"variables greeting="Grüße", retries=-3, beta=true"#],
    ),
    (
        "device-request/valid/plain.json",
        "/request/text",
        &["device-request: what a device asks", "m:4f2a", "2027-01-15T08:00:00Z", "license_key none"],
    ),
    ("device-request/valid/by_key.json", "/request/text", &["license_key …1YRB", "fingerprint none"]),
    (
        "decision/valid/plain.json",
        "/decision/text",
        &["decision: what a server answers", "code none: allowed", "devices_used 3", "2027-01-15T08:00:00Z"],
    ),
    (
        "decision/valid/denied.json",
        "/decision/text",
        &[
            "code device_limit: denied. Every seat of the license is taken by another device.",
            "retry_after 3600 s",
            "license_statement none",
        ],
    ),
    ("decision/valid/code_unknown.json", "/decision/text", &["z: denied"]),
    (
        "activation-request/valid/modules.json",
        "/request/text",
        &[
            "activation-request: what a device asks of a server to be admitted",
            "license_key none",
            "sealing_key hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
            "modules length 306, sha256 8cf0",
            "modules, attached:",
            "module-0000.dll 2.1.0 CN=Example 0707",
            "module-0002.dll not said not said 0707",
        ],
    ),
    ("activation-request/valid/by_key.json", "/request/text", &["license_key …1YRB"]),
    (
        "activation-proof/valid/slot.json",
        "/proof/text",
        &[
            "activation-proof: that a device was admitted to a license",
            "issued_at 2027-01-15T08:00:00Z",
            "sealed_secret 3p7bfXt9",
            "slot 0",
        ],
    ),
    ("activation-proof/valid/no_fingerprint.json", "/proof/text", &["fingerprint none"]),
    (
        "heartbeat-request/valid/entries.json",
        "/request/text",
        &[
            "heartbeat-request: that an admitted device is still there",
            "client_time 2027-01-15T08:00:00Z",
            "head seq 17, mac 4d4d",
            "entries of the device's chain, attached: 18 bytes",
        ],
    ),
    ("heartbeat-request/valid/plain.json", "/request/text", &["instance none"]),
    ("heartbeat-request/valid/leaves.json", "/request/text", &["leaves yes: the program ends"]),
    (
        "heartbeat-answer/valid/lease.json",
        "/answer/text",
        &[
            "heartbeat-answer: what a server answers to one heartbeat",
            "code none: still admitted",
            "next instance 01890a5d-ac96-774b-bcce-b302099ac001, nonce c0c1c2c3c4c5c6c7c8c9cacbcccdce0f, not_before 2027-01-15T09:00:00Z",
            "lease_until 2027-01-15T10:00:00Z",
        ],
    ),
    (
        "heartbeat-answer/valid/ended.json",
        "/answer/text",
        &["code revoked: not admitted. ", "grace_until 2027-01-16T08:00:00Z"],
    ),
    ("heartbeat-answer/valid/refused.json", "/answer/text", &["retry_after 3600 s"]),
    (
        "release/valid/modules.json",
        "/release/text",
        &[
            "release: a version of a product that the vendor published",
            "length 1048576 bytes",
            "modules, attached:",
        ],
    ),
];

/// A program gets the modules with their parts, the entries by their length.
#[test]
fn what_is_attached_is_in_the_report() {
    let vendor = Vendor::new();
    let report = |vector: &str, place: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors").join(vector);
        let question: Value = serde_json::from_slice(&std::fs::read(path).expect("a vector")).expect("JSON");
        let file = vendor.path("a.json");
        std::fs::write(&file, text(question.pointer(place).expect("there"))).expect("written");
        vendor.json(&["inspect", &file])
    };
    for (vector, place) in [
        ("activation-request/valid/modules.json", "/request/text"),
        ("activation-proof/valid/modules.json", "/proof/text"),
        ("release/valid/modules.json", "/release/text"),
    ] {
        let modules = report(vector, place)["attached_modules"].clone();
        assert_eq!(modules.as_array().expect("a list").len(), 3, "{vector}");
        let of = |name: &str| (modules[0][name].clone(), modules[2][name].clone());
        assert_eq!(of("name"), ("module-0000.dll".into(), "module-0002.dll".into()));
        assert_eq!(of("sha256"), ("07".repeat(32).into(), "07".repeat(32).into()));
        assert_eq!(of("version"), ("2.1.0".into(), Value::Null));
        assert_eq!(of("signer"), ("CN=Example".into(), Value::Null));
    }
    let report = report("heartbeat-request/valid/entries.json", "/request/text");
    assert_eq!(report["attached_entries"]["bytes"], 18);
}

/// Every kind is told in words, with the ids of the keys that it names.
#[test]
fn every_kind_is_told_so_that_a_person_understands_it() {
    let vendor = Vendor::new();
    for (vector, place, told) in TOLD {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors").join(vector);
        let question: Value = serde_json::from_slice(&std::fs::read(path).expect("a vector")).expect("JSON");
        let file = vendor.path("a.json");
        std::fs::write(&file, text(question.pointer(place).expect("there"))).expect("written");
        let shown = vendor.run(&["inspect", &file]).ok();
        assert!(shown.starts_with("NOT VERIFIED"), "{shown}");
        // However wide the columns are.
        let words = shown.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        for part in *told {
            assert!(words.contains(part), "{vector}: {part}: {shown}");
        }
        let bare = vendor.run(&["inspect", &file, "--dsse"]).ok();
        let bare: Value = serde_json::from_str(&bare).expect("an envelope");
        assert_eq!(names(&bare), ["payload", "payloadType", "signatures"], "{vector}");
    }
}

/// What a license grants and what a decision says besides is told, too.
#[test]
fn values_limits_variables_licensee_and_trial_are_told() {
    let vendor = Vendor::new();
    for (vector, place, told) in [
        (
            "license/valid/full.json",
            "/license/text",
            &[
                r#"features db.query, export, sso=okta: "eu""#,
                "limits projects=10, export=9007199254740991",
                r#"variables greeting="Grüße", retries=-3, beta=true"#,
                r#"licensee name="Ada Lovelace", company="Example & Söhne", email="ada@example.com""#,
                "trial_days 14, as far as a server's decision says so",
            ][..],
        ),
        ("license/valid/attached_with_value.json", "/license/text", &["attached:", "feature.7=seven"]),
        (
            "decision/valid/trial_and_variables.json",
            "/decision/text",
            &["trial_ends 2027-01-29T08:00:00Z", r#"variables greeting="Grüße", retries=-3, beta=true"#],
        ),
    ] {
        assert_told(&vendor, vector, place, told);
    }
}

fn assert_told(vendor: &Vendor, vector: &str, place: &str, told: &[&str]) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors").join(vector);
    let question: Value = serde_json::from_slice(&std::fs::read(path).expect("a vector")).expect("JSON");
    let file = vendor.path("a.json");
    std::fs::write(&file, text(question.pointer(place).expect("there"))).expect("written");
    let shown = vendor.run(&["inspect", &file]).ok();
    assert!(shown.starts_with("NOT VERIFIED"), "{shown}");
    // However wide the columns are.
    let words = shown.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    for part in told {
        assert!(words.contains(part), "{vector}: {part}: {shown}");
    }
    let bare = vendor.run(&["inspect", &file, "--dsse"]).ok();
    let bare: Value = serde_json::from_str(&bare).expect("an envelope");
    assert_eq!(names(&bare), ["payload", "payloadType", "signatures"], "{vector}");
}

/// Neither a person nor a program is shown a license key; who holds the file can still take the envelope out of it.
#[test]
fn a_license_key_is_hidden_but_for_its_last_group() {
    let vendor = Vendor::new();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../vectors/device-request/valid/by_key.json");
    let question: Value = serde_json::from_slice(&std::fs::read(path).expect("a vector")).expect("JSON");
    let envelope = text(question.pointer("/request/text").expect("there")).to_owned();
    let file = vendor.path("a.json");
    // Also where the type is not ours, so that the kind is unknown.
    for envelope in [envelope.clone(), envelope.replace("device-request.v1", "device-request.v9")] {
        std::fs::write(&file, envelope).expect("written");
        let report = vendor.json(&["inspect", &file]);
        assert_eq!(report["payload"]["license_key"], "…1YRB");
        for shown in [vendor.run(&["inspect", &file]).ok(), report.to_string()] {
            assert!(!shown.contains("R38E") && shown.contains("…1YRB"), "{shown}");
        }
    }
}

/// Names and values of a payload that nobody signed begin no line of their own and steer no terminal.
#[test]
fn what_a_forged_payload_says_stays_on_its_line() {
    let vendor = Vendor::new();
    let payload = concat!(
        r#"{"typ":"license","a\nVERIFIED":1,"limits":[["b\nVERIFIED\u001b[2J",1]],"variables":[["c","d\nVERIFIED"]],"#,
        r#""features":[["e","f\nVERIFIED"]],"licensee":{"g\nVERIFIED":"h\nVERIFIED"}}"#
    );
    let payload = sealgate_artifact::encode_base64(payload.as_bytes());
    let kind = "application/vnd.sealgate.license.v1+json";
    let signature = r#"{"keyid":"i","sig":"AAAA"}"#;
    let file = vendor.path("a.license");
    let envelope = format!(r#"{{"payloadType":"{kind}","payload":"{payload}","signatures":[{signature}]}}"#);
    std::fs::write(&file, envelope).expect("written");
    for shown in [vendor.run(&["inspect", &file]).ok(), vendor.run(&["inspect", &file, "--json"]).ok()] {
        assert!(shown.contains("VERIFIED") && !shown.contains('\u{1b}'), "{shown}");
        assert!(!shown.lines().skip(1).any(|line| line.trim_start().starts_with("VERIFIED")), "{shown}");
    }
}
