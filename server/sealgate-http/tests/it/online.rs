//! `POST /api/v1/validate` and `GET /api/v1/trust`: questions and answers under signature (`spec/online.md` §7, §8).

use sealgate_artifact::{Decision, Outcome};
use sealgate_testkit::{Build, TestApp, TestDevice, TrustError, on_both_engines, request, statement_id};
use sealgate_wire::{OnlineAnswer, OnlineQuestion};
use serde_json::{Value, json};

use crate::support::{assert_failed, assert_problem, change, nonce, sell, state};

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn ask(app: &TestApp, question: &OnlineQuestion) -> OnlineAnswer {
    let answer = app.ask_online(question);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    serde_json::from_slice(&answer.bytes).expect("an answer")
}

/// Asks as our own client does, and judges what comes.
pub(crate) fn decide(app: &TestApp, build: &Build, device: &TestDevice, license: &str, n: u32) -> Decision {
    let question = device.question(build, license, n, &[]);
    let answer = ask(app, &question);
    build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed")
}

pub(crate) fn code(decision: &Decision) -> &str {
    match &decision.outcome {
        Outcome::Allowed { .. } => "allowed",
        Outcome::Denied { code, .. } => code,
    }
}

on_both_engines! {
    fn a_device_is_let_in_under_signature_and_keeps_its_seat(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let build = app.build(&editor);
        let (desk, lap) = (TestDevice::default(), TestDevice::default());
        let key = text(&license["license_key"]);
        let question = desk.question(&build, key, 1, &[]);
        let answer = ask(app, &question);
        let decision = build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed");
        let Outcome::Allowed { license: id, license_statement, .. } = decision.outcome else { panic!("{decision:?}") };
        assert_eq!((id.to_string().as_str(), decision.devices_used), (text(&license["license_id"]), Some(1)));
        let file = answer.license.expect("came along");
        assert_eq!(statement_id(&file), license_statement.to_string());
        assert_eq!(app.texts("SELECT kind || ' ' || identity FROM devices"), [format!("key {}", desk.key)]);

        assert_eq!(code(&decide(app, &build, &lap, key, 2)), "device_limit");
        assert_eq!(code(&decide(app, &build, &desk, text(&license["license_id"]), 3)), "allowed", "by its id");
        let theirs = TestApp::question(&editor, &license, "desk", &nonce(4));
        assert_failed(&app.validate(&theirs), 403, "hwid_mismatch");
        assert_eq!(app.count("devices"), 1, "one table of seats for both wires");
    }

    fn every_no_is_signed(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "expires_at": "2027-01-15T08:01:00Z", "max_devices": 5 }));
        let build = app.build(&editor);
        let desk = TestDevice::default();
        let says = |license: &str, n| code(&decide(app, &build, &desk, license, n)).to_owned();
        let key = text(&license["license_key"]);
        assert_eq!(says(key, 1), "allowed");
        change(app, &license, "suspend", &json!({})).expect(200);
        assert_eq!(says(key, 2), "blocked");
        change(app, &license, "resume", &json!({})).expect(200);
        app.clock.advance(60);
        assert_eq!(says(key, 3), "expired");
        change(app, &license, "revoke", &json!({})).expect(200);
        assert_eq!(says(key, 4), "revoked");
        let path = format!("/api/v1/apps/{}", text(&editor["app_id"]));
        app.api("POST", &format!("{path}/disable"), &json!(null)).expect(200);
        assert_eq!(says(key, 5), "app_disabled");
        app.api("POST", &format!("{path}/enable"), &json!(null)).expect(200);
        let entry = json!({ "app_id": editor["app_id"], "effect": "deny", "hwid": desk.key.to_string() });
        app.api("POST", "/api/v1/access", &entry).expect(201);
        assert_eq!(says(key, 6), "blocked");
    }

    fn what_nobody_may_know_is_one_answer(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let other = app.issue(&app.create_app("Other"), &json!({}));
        let twin = app.tenant("Twin");
        let theirs = twin.make("/api/v1/apps", &json!({ "name": "Editor" }));
        let theirs = twin.make("/api/v1/licenses", &json!({ "app_id": theirs["app_id"] }))["licenses"][0].clone();
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let foreign = [
            "000G-40R4-0M30-E209-185G-R38E-1YRB", text(&other["license_key"]), text(&theirs["license_key"]),
            text(&other["license_id"]), text(&theirs["license_id"]), text(&license["license_id"]),
        ];
        let before = state(app);
        let mut seen: Vec<(usize, Outcome, Option<u64>)> = vec![];
        for license in foreign {
            let question = desk.question(&build, license, 1, &[]);
            let raw = app.ask_online(&question);
            let answer: OnlineAnswer = serde_json::from_slice(&raw.bytes).expect("an answer");
            let decision = build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed");
            assert_eq!(code(&decision), "invalid_key", "{license}");
            seen.push((raw.bytes.len(), decision.outcome, decision.devices_used));
        }
        assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
        assert_eq!(state(app), before);
        assert_eq!(code(&decide(app, &build, &desk, text(&license["license_key"]), 2)), "allowed");
    }

    fn the_same_question_has_the_same_answer_and_one_effect(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let question = desk.question(&build, text(&license["license_key"]), 1, &[]);
        let first = app.ask_online(&question);
        app.clock.advance(100);
        assert_eq!(app.ask_online(&question).bytes, first.bytes);
        assert_eq!(app.count("devices"), 1);
        let mut changed = desk.question(&build, text(&license["license_id"]), 1, &[]);
        let answer = ask(app, &changed);
        let decision = build.judge(&changed, &answer, app.clock.seconds()).expect("is to be believed");
        assert_eq!(code(&decision), "replay_detected", "another question under the same nonce");
        changed.request = desk.question(&build, text(&license["license_key"]), 2, &[]).request;
        ask(app, &changed);
    }

    fn a_client_gets_what_it_does_not_hold_and_no_more(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "expires_at": "2028-01-01T00:00:00Z", "max_devices": 999 }));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let key = text(&license["license_key"]);
        let full = ask(app, &desk.question(&build, key, 1, &[]));
        let parts = [&full.certificate, &full.keyset, &full.tenant_keyset, &full.license];
        let held: Vec<String> = parts.iter().map(|part| statement_id(part.as_deref().expect("is there"))).collect();
        let raw = app.ask_online(&desk.question(&build, key, 2, &held));
        let lean: OnlineAnswer = serde_json::from_slice(&raw.bytes).expect("an answer");
        assert!(lean.certificate.is_none() && lean.keyset.is_none() && lean.tenant_keyset.is_none() && lean.license.is_none());
        assert!(raw.bytes.len() <= 1536, "{} bytes", raw.bytes.len());
        let half = ask(app, &desk.question(&build, key, 3, &held[1..2]));
        assert!(half.certificate.is_some() && half.keyset.is_none() && half.tenant_keyset.is_some());
        // spec/online.md §7.2: the app's variables come on top. None take more room than many with short names.
        let name = |n: u8| char::from(b'A' + n).to_string();
        let mut most: serde_json::Map<_, _> = (0..50).filter(|n| *n != 27).map(|n| (name(n), json!(1))).collect();
        let left = 1_500 - json!(most).to_string().len() - r#","~":"""#.len();
        most.insert("~".to_owned(), json!("\"".repeat(left / 2) + &"x".repeat(left % 2)));
        assert_eq!((most.len(), json!(most).to_string().len()), (50, 1_500));
        let path = format!("/api/v1/apps/{}/variables", text(&editor["app_id"]));
        app.api("PUT", &path, &json!({ "variables": most })).expect(200);
        let more = app.ask_online(&desk.question(&build, key, 4, &held)).bytes.len() - raw.bytes.len();
        assert!((2_100..=2_160).contains(&more), "{more} bytes");
    }

    fn an_answer_is_to_its_own_question_alone(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 2 }));
        let (build, desk, lap) = (app.build(&editor), TestDevice::default(), TestDevice::default());
        let key = text(&license["license_key"]);
        let (mine, later, theirs) =
            (desk.question(&build, key, 1, &[]), desk.question(&build, key, 2, &[]), lap.question(&build, key, 3, &[]));
        let answer = ask(app, &mine);
        let now = app.clock.seconds();
        for question in [&later, &theirs] {
            let judged = build.judge(question, &answer, now);
            assert!(matches!(judged, Err(TrustError::AnswersAnother(_))), "{judged:?}");
        }
        let elsewhere = Build { origin: "http://other.example".to_owned(), ..build.clone() };
        assert_eq!(elsewhere.judge(&mine, &answer, now), Err(TrustError::ServerScope));
        build.judge(&mine, &answer, now).expect("is to be believed");
    }

    fn what_is_no_question_is_refused_unsigned(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let question = desk.question(&build, text(&license["license_key"]), 1, &[]);
        let send = |body: &Value| request("POST", &format!("{}/api/v1/validate", app.url), None, body);
        let good = serde_json::to_value(&question).expect("a question");
        let before = state(app);
        let other = serde_json::to_value(TestDevice::default().question(&build, "x", 1, &[])).expect("a question");
        let mut stolen = good.clone();
        stolen["request"]["signatures"] = other["request"]["signatures"].clone();
        assert_problem(&send(&stolen), 400, "signature_invalid");
        let mut cut = good.clone();
        cut["request"]["payload"] = json!("e30=");
        assert_eq!(send(&cut).status, 400);
        for (name, value) in [("holds", json!(vec!["x"; 17])), ("holds", json!("x")), ("more", json!(1)), ("request", json!(7))] {
            let mut wrong = good.clone();
            wrong[name] = value;
            assert_eq!(send(&wrong).status, 400, "{name}");
        }
        let mut stranger = build.clone();
        stranger.trust.tenant = String::from("01926a3b-0000-7000-8000-000000000000");
        assert_problem(&app.ask_online(&desk.question(&stranger, "x", 1, &[])), 404, "not_found");
        let mut unknown = build.clone();
        unknown.trust.app = String::from("01926a3b-0000-7000-8000-000000000000");
        assert_eq!(code(&decide(app, &unknown, &desk, "x", 1)), "invalid_app");
        assert_eq!(state(app), before);
        ask(app, &question);
    }

    fn rotated_keys_reach_a_build_that_was_made_before(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 3 }));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let key = text(&license["license_key"]);
        assert_eq!(code(&decide(app, &build, &desk, key, 1)), "allowed");
        for (n, key_use) in (2..).zip(["issuer", "authority", "authority"]) {
            app.api("POST", "/api/v1/keys/rotate", &json!({ "use": key_use })).expect(200);
            app.clock.advance(2);
            assert_eq!(code(&decide(app, &build, &desk, key, n)), "allowed", "{key_use}");
        }
        app.api("POST", "/api/v1/keys/rotate", &json!({ "use": "root" })).expect(200);
        app.clock.advance(2);
        let question = desk.question(&build, key, 9, &[]);
        let answer = ask(app, &question);
        build.judge(&question, &answer, app.clock.seconds()).expect_err("the new root is not known yet");
        let url = format!("{}/api/v1/trust?tenant={}&root=1", app.url, build.trust.tenant);
        let update = request("GET", &url, None, &json!(null)).expect(200);
        assert_eq!(update["roots"].as_array().map(Vec::len), Some(1));
        let mut followed = build.clone();
        let keyset = followed.trust.keyset_chain.pop().expect("a keyset");
        let root = serde_json::value::to_raw_value(&update["roots"][0]).expect("an envelope");
        followed.trust.keyset_chain.extend([root, keyset]);
        assert!(followed.judge(&question, &answer, app.clock.seconds()).is_ok());
    }

    fn anybody_may_ask_for_newer_keys(app: &TestApp) {
        let (editor, _) = sell(app, &json!({}));
        let build = app.build(&editor);
        let get = |query: &str| request("GET", &format!("{}/api/v1/trust?{query}", app.url), None, &json!(null));
        let tenant = &build.trust.tenant;
        let all = get(&format!("tenant={tenant}"));
        assert_eq!(all.header("cache-control"), Some("public, max-age=60"));
        let all = all.expect(200);
        assert_eq!(all["roots"].as_array().map(Vec::len), Some(1));
        assert!(["keyset", "tenant_keyset", "certificate"].iter().all(|part| all[part].is_object()), "{all}");
        let none = get(&format!("tenant={tenant}&root=1&keyset=99999999999")).expect(200);
        assert_eq!((none["roots"].as_array().map(Vec::len), none.get("keyset")), (Some(0), None));
        for unknown in ["tenant=x", "tenant=01926a3b-0000-7000-8000-000000000000"] {
            assert_problem(&get(unknown), 404, "not_found");
        }
        for malformed in ["", "tenant=x&root=-1", "tenant=x&more=1"] {
            assert_problem(&get(malformed), 400, "malformed_request");
        }
    }

    fn certificates_are_made_anew_before_they_end(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let key = text(&license["license_key"]);
        let mut names = std::collections::BTreeSet::new();
        for n in 1..6 {
            let question = desk.question(&build, key, n, &[]);
            let answer = ask(app, &question);
            build.judge(&question, &answer, app.clock.seconds()).expect("is to be believed");
            names.insert(statement_id(answer.certificate.as_deref().expect("came along")));
            app.clock.advance(15 * 24 * 60 * 60);
        }
        assert_eq!(names.len(), 5, "each was over when the next question came");
    }

    fn a_revoked_server_is_refused_and_says_nothing_more(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        let key = text(&license["license_key"]);
        let question = desk.question(&build, key, 1, &[]);
        let answer = ask(app, &question);
        let servers = app.api("GET", "/api/v1/servers", &json!(null)).expect(200);
        assert_eq!((&servers["items"][0]["status"], &servers["items"][0]["origins"]), (&json!("approved"), &json!([app.url])));
        let id = text(&servers["items"][0]["server_id"]);
        let revoked = app.api("POST", &format!("/api/v1/servers/{id}/revoke"), &json!({ "reason": "stolen" })).expect(200);
        assert_eq!(revoked["status"], "revoked");
        app.clock.advance(2);
        assert_problem(&app.ask_online(&desk.question(&build, key, 2, &[])), 503, "unavailable");
        let mut later = app.build(&editor);
        later.origin.clone_from(&build.origin);
        let chain = later.trust.keyset_chain.last().cloned();
        let told = OnlineAnswer { keyset: chain, ..answer };
        assert_eq!(build.judge(&question, &told, app.clock.seconds()), Err(TrustError::ServerRevoked));
        assert_problem(&app.api("POST", &format!("/api/v1/servers/{id}/approve"), &json!({ "origins": [app.url] })), 409, "server_revoked");
        assert_eq!(app.count("audit WHERE action = 'server.revoked'"), 1);
    }

    fn a_key_that_is_for_something_else_is_no_device(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let (build, desk) = (app.build(&editor), TestDevice::default());
        app.meddle(&format!("INSERT INTO servers (server_key, origins, created_at) VALUES ('{}', 'http://x', 1)", desk.key));
        let decision = decide(app, &build, &desk, text(&license["license_key"]), 1);
        assert_eq!((code(&decision), app.count("devices")), ("key_misuse", 0));
    }
}
