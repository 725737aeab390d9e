//! Many first validations at once: never more devices than seats, and none of them twice.

use sealgate_testkit::{Answer, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_failed, assert_problem, nonce, payload, sell};

const RACERS: u32 = 64;

/// Asks all of these at the same time.
fn at_once(app: &TestApp, questions: &[Value]) -> Vec<Answer> {
    let start = std::sync::Barrier::new(questions.len());
    let ask = |question| {
        start.wait();
        app.validate(question)
    };
    std::thread::scope(|scope| {
        let racers: Vec<_> = questions.iter().map(|question| scope.spawn(|| ask(question))).collect();
        racers.into_iter().map(|racer| racer.join().expect("gets an answer")).collect()
    })
}

fn bound(app: &TestApp) -> (u64, u64) {
    // docs/design.md, "Seats": the license's row says how many there are.
    let counted = "(SELECT COUNT(*) FROM devices d WHERE d.license_id = l.license_id)";
    assert_eq!(app.count(&format!("licenses l WHERE devices_used <> {counted}")), 0);
    (app.count("devices"), app.count("events WHERE kind = 'device_bound'"))
}

on_both_engines! {
    fn of_many_devices_one_gets_the_only_seat(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let question = |n| TestApp::question(&editor, &license, &format!("device-{n}"), &nonce(n));
        let answers = at_once(app, &(0..RACERS).map(question).collect::<Vec<_>>());
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1);
        assert_eq!(payload(won[0])["hwidCount"], 1);
        for answer in lost {
            assert_failed(answer, 403, "hwid_mismatch");
        }
        assert_eq!(bound(app), (1, 1));
    }

    fn of_two_hundred_devices_behind_one_address_one_gets_the_only_seat(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let question = |n| TestApp::question(&editor, &license, &format!("device-{n}"), &nonce(n));
        let answers = at_once(app, &(0..200).map(question).collect::<Vec<_>>());
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1);
        for answer in lost {
            assert_failed(answer, 403, "hwid_mismatch");
        }
        assert_eq!(bound(app), (1, 1));
    }

    fn one_device_that_asks_many_times_at_once_takes_one_seat(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let question = |n| TestApp::question(&editor, &license, "desk", &nonce(n));
        for answer in at_once(app, &(0..RACERS).map(question).collect::<Vec<_>>()) {
            assert_eq!(payload(&answer)["hwidCount"], 1);
        }
        assert_eq!(bound(app), (1, 1));
    }

    fn the_same_question_many_times_at_once_has_one_answer(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let question = TestApp::question(&editor, &license, "desk", &nonce(1));
        let answers = at_once(app, &vec![question; RACERS as usize]);
        assert!(answers.iter().all(|answer| answer.status == 200 && answer.bytes == answers[0].bytes));
        assert_eq!(bound(app), (1, 1));
    }

    fn seats_fill_up_exactly(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 10 }));
        let question = |n| TestApp::question(&editor, &license, &format!("device-{}", n % 32), &nonce(n));
        let answers = at_once(app, &(0..RACERS).map(question).collect::<Vec<_>>());
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 20);
        assert_eq!(bound(app), (10, 10));
    }

    fn of_many_questions_one_gets_the_last_credit(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": "unlimited" }));
        let path = format!("/api/v1/apps/{}/credits", editor["app_id"].as_str().expect("text"));
        app.api("POST", &path, &json!({ "amount": 1 })).expect(200);
        let question = |n| TestApp::question(&editor, &license, &format!("device-{n}"), &nonce(n));
        let answers = at_once(app, &(0..RACERS).map(question).collect::<Vec<_>>());
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1);
        for answer in lost {
            assert_failed(answer, 429, "no_credits");
        }
        assert_eq!((bound(app), app.count("debits")), ((1, 1), 1));
        assert_eq!(app.api("GET", &path, &json!(null)).expect(200), json!({ "balance": 0 }));
    }

    fn seats_become_fewer_only_as_far_as_they_are_free_at_that_moment(app: &TestApp) {
        let editor = app.create_app("Editor");
        for round in 0..6 {
            let license = app.issue(&editor, &json!({ "max_devices": 20 }));
            let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
            let question = |n| TestApp::question(&editor, &license, &format!("device-{n}"), &nonce(n));
            let start = std::sync::Barrier::new(17);
            let lowered = std::thread::scope(|scope| {
                for n in 0..16 {
                    let (start, question) = (&start, question(n));
                    scope.spawn(move || {
                        start.wait();
                        app.validate(&question)
                    });
                }
                // Each round begins with one seat more taken, so that the change meets the racers elsewhere.
                (0..round).for_each(|n| drop(app.validate(&question(100 + n))));
                start.wait();
                app.api("PATCH", &path, &json!({ "max_devices": 8 }))
            });
            let shown = app.api("GET", &path, &json!(null)).expect(200);
            let (seats, used) = (shown["max_devices"].as_u64().expect("a number"), shown["devices_used"].as_u64().expect("a number"));
            assert!(used <= seats, "{shown}");
            if lowered.status == 200 {
                assert_eq!(seats, 8, "{shown}");
            } else {
                assert_problem(&lowered, 409, "devices_in_use");
                assert_eq!(seats, 20, "{shown}");
            }
        }
    }

    fn of_many_that_change_a_license_each_is_done_and_signed(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
        let done: Vec<Answer> = std::thread::scope(|scope| {
            let change = |n: u32| app.api("PATCH", &path, &json!({ "max_devices": n + 2 }));
            let racers: Vec<_> = (0..6).map(|n| scope.spawn(move || change(n))).collect();
            racers.into_iter().map(|racer| racer.join().expect("gets an answer")).collect()
        });
        for answer in done {
            answer.expect(200);
        }
        app.chain(&editor, &license).judge(app.clock.seconds()).expect("the last one is signed");
        assert_eq!((app.count("license_statements"), app.count("audit WHERE action = 'license.updated'")), (7, 6));
    }

    fn each_of_many_renewals_at_once_adds_the_plans_duration(app: &TestApp) {
        const RENEWALS: u64 = 24;
        let (owner, editor) = (app.owner(), app.create_app("Editor"));
        let plan = json!({ "app_id": editor["app_id"], "name": "Days", "tier": "licensed", "duration": "10d", "files": true });
        let plan = app.api("POST", "/api/v1/plans", &plan).expect(201);
        let license = app.issue(&editor, &json!({ "plan_id": plan["plan_id"], "max_devices": 2 }));
        let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
        let start = std::sync::Barrier::new(usize::try_from(RENEWALS).expect("small") + 2);
        let ends: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
            let (owner, start, path) = (&owner, &start, &path);
            let renew = |n: u64| scope.spawn(move || {
                start.wait();
                owner.api_once("POST", &format!("{path}/renew"), &json!({}), &format!("order-{n}")).expect(200)
            });
            let renewals: Vec<_> = (0..RENEWALS).map(renew).collect();
            // Other changes of the same license in between lose nothing, and nothing is lost by them.
            for other in [json!({ "max_devices": 5 }), json!({ "label": "renamed" })] {
                scope.spawn(move || {
                    start.wait();
                    app.api("PATCH", path, &other).expect(200)
                });
            }
            let end = |answer: Value| answer["expires_at"].as_str().expect("an end").to_owned();
            renewals.into_iter().map(|renewal| end(renewal.join().expect("gets an answer"))).collect()
        });
        assert_eq!(ends.len() as u64, RENEWALS, "no two gave the same end: {ends:?}");
        let shown = app.api("GET", &path, &json!(null)).expect(200);
        let end = |license: &Value| license["expires_at"].as_str().and_then(sealgate_artifact::UnixSeconds::parse_rfc3339).expect("an end");
        let added = end(&shown).get() - end(&license).get();
        assert_eq!(added, RENEWALS * 10 * 86_400, "{shown}");
        assert_eq!((&shown["max_devices"], &shown["label"]), (&json!(5), &json!("renamed")));
        assert_eq!(app.count("events WHERE kind = 'license_renewed'"), RENEWALS);
        let detail = app.texts("SELECT detail FROM audit WHERE action = 'license.renewed' ORDER BY audit_id");
        let distinct: std::collections::BTreeSet<_> = detail.iter().collect();
        assert_eq!(distinct.len() as u64, RENEWALS, "each says the end that it gave: {detail:?}");
        app.chain(&editor, &license).judge(app.clock.seconds()).expect("the last one is signed");
    }

    fn each_of_many_grants_at_once_adds_its_credits(app: &TestApp) {
        let (owner, editor) = (app.owner(), app.create_app("Editor"));
        let path = format!("/api/v1/apps/{}/credits", editor["app_id"].as_str().expect("text"));
        std::thread::scope(|scope| {
            for n in 0..24 {
                let (owner, path) = (&owner, &path);
                scope.spawn(move || owner.api_once("POST", path, &json!({ "amount": 5 }), &format!("grant-{n}")).expect(200));
            }
        });
        assert_eq!(app.api("GET", &path, &json!(null)).expect(200), json!({ "balance": 120 }));
    }

    fn of_many_apps_with_one_name_one_is_made(app: &TestApp) {
        let name = json!({ "name": "Editor" });
        let made: Vec<u16> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..16).map(|_| scope.spawn(|| app.api("POST", "/api/v1/apps", &name))).collect();
            racers.into_iter().map(|racer| racer.join().expect("gets an answer").status).collect()
        });
        assert_eq!(made.iter().filter(|status| **status == 201).count(), 1);
        assert_eq!(made.iter().filter(|status| **status == 409).count(), 15);
        assert_eq!(app.count("apps"), 1);
    }
}
