//! Releases and approvals: which modules a program may have, tested where a device is admitted or not (`spec/activation.md` §8, §9).

use sealgate_artifact::{Module, encode_hex};
use sealgate_testkit::{Admission, TestApp, TestDevice, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_problem, sell};

fn module(name: &str, byte: u8) -> Module {
    Module { name: name.to_owned(), sha256: [byte; 32], version: None, signer: None }
}

fn listed(modules: &[Module]) -> Value {
    let listed = |module: &Module| {
        let mut listed = json!({ "name": module.name, "sha256": encode_hex(&module.sha256) });
        for (field, value) in [("version", &module.version), ("signer", &module.signer)] {
            if let Some(value) = value {
                listed[field] = value.as_str().into();
            }
        }
        listed
    };
    modules.iter().map(listed).collect()
}

fn release(version: &str, modules: &[Module]) -> Value {
    json!({
        "version": version, "target": "linux/x86_64", "length": 7, "sha256": "a".repeat(64),
        "modules": listed(modules),
    })
}

fn publish(app: &TestApp, product: &Value, release: &Value) -> Value {
    app.api("POST", &releases_of(product), release).expect(201)
}

fn releases_of(product: &Value) -> String {
    format!("/api/v1/apps/{}/releases", product["app_id"].as_str().expect("an id"))
}

fn revoke(app: &TestApp, release: &Value) -> Value {
    let path = format!("/api/v1/releases/{}/revoke", release["release_id"].as_str().expect("an id"));
    app.api("POST", &path, &json!({ "reason": "broken" })).expect(200)
}

/// `admitted`, or the code and the names of the modules that are not approved.
fn attempt(app: &TestApp, product: &Value, license: &Value, n: u32, modules: &[Module]) -> String {
    let build = app.build(product);
    let device = TestDevice::default();
    let key = license["license_key"].as_str().expect("a key");
    let question = device.wish(&build, key, (n, &device.sealing()), (None, modules));
    match device.admitted(app, &build, &question) {
        Admission::Admitted(activation) => {
            assert_eq!(activation.said.modules, modules, "the proof lists what was approved");
            "admitted".to_owned()
        }
        Admission::Denied(code, answer) => {
            let names = answer.unapproved.iter().map(|module| module.name.clone());
            [code].into_iter().chain(names).collect::<Vec<_>>().join(" ")
        }
    }
}

fn another_license(app: &TestApp, product: &Value) -> Value {
    app.issue(product, &json!({ "max_devices": 50 }))
}

fn approvals(app: &TestApp, filter: &str) -> Vec<Value> {
    let page = app.api("GET", &format!("/api/v1/approvals?{filter}"), &json!(null)).expect(200);
    page["items"].as_array().expect("a list").clone()
}

fn decide(app: &TestApp, license: &Value, deed: &str, approvals: &[Value]) -> sealgate_testkit::Answer {
    let ids: Vec<&Value> = approvals.iter().map(|approval| &approval["approval_id"]).collect();
    let path =
        format!("/api/v1/licenses/{}/approvals/{deed}", license["license_id"].as_str().expect("an id"));
    app.api("POST", &path, &json!({ "approval_ids": ids, "reason": "their fork" }))
}

fn of_license(license: &Value) -> String {
    format!("license_id={}", license["license_id"].as_str().expect("an id"))
}

on_both_engines! {
    fn what_a_release_lists_is_approved_for_every_license_of_the_app(app: &TestApp) {
        let (editor, first) = sell(app, &json!({ "max_devices": 50 }));
        let second = another_license(app, &editor);
        let other = app.create_app("other");
        let modules = [module("app", 1), module("lib.so", 2)];
        assert_eq!(attempt(app, &editor, &first, 1, &modules), "unapproved_module app lib.so");
        let published = publish(app, &editor, &release("1.0", &modules));
        assert_eq!(attempt(app, &editor, &first, 2, &modules), "admitted");
        assert_eq!(attempt(app, &editor, &second, 3, &modules), "admitted");
        let rebuilt = [module("app", 9), module("lib.so", 2)];
        assert_eq!(attempt(app, &editor, &first, 4, &rebuilt), "unapproved_module app");
        publish(app, &editor, &release("1.1", &rebuilt));
        assert_eq!(attempt(app, &editor, &first, 5, &rebuilt), "admitted");

        // Both releases list the library: one of them suffices.
        let revoked = revoke(app, &published);
        assert_eq!(revoked["revoke_reason"], "broken");
        assert_eq!(attempt(app, &editor, &first, 6, &modules), "unapproved_module app");
        assert_eq!(attempt(app, &editor, &first, 7, &rebuilt), "admitted");
        assert_eq!(revoke(app, &published), revoked, "once is enough");
        assert_eq!(app.count("audit WHERE action = 'release.revoked'"), 1);

        let elsewhere = app.issue(&other, &json!({}));
        assert_eq!(attempt(app, &other, &elsewhere, 8, &rebuilt), "unapproved_module app lib.so");
    }

    fn all_four_parts_are_equal(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 50 }));
        let full = Module {
            version: Some("1.0".to_owned()), signer: Some("f".repeat(32)), ..module("app", 1)
        };
        publish(app, &editor, &release("1.0", std::slice::from_ref(&full)));
        assert_eq!(attempt(app, &editor, &license, 1, std::slice::from_ref(&full)), "admitted");
        for (n, other) in (2..).zip([
            Module { version: Some("1.1".to_owned()), ..full.clone() },
            Module { version: None, ..full.clone() },
            Module { signer: Some("e".repeat(32)), ..full.clone() },
            Module { signer: None, ..full.clone() },
            Module { name: "App".to_owned(), ..full.clone() },
            Module { sha256: [2; 32], ..full.clone() },
            // The same texts, in other places.
            Module { version: full.signer.clone(), signer: full.version.clone(), ..full.clone() },
        ]) {
            let name = other.name.clone();
            assert_eq!(attempt(app, &editor, &license, n, &[other]), format!("unapproved_module {name}"));
        }
    }

    fn a_release_is_signed_by_the_update_key_and_published_once(app: &TestApp) {
        let (editor, _) = sell(app, &json!({}));
        let modules = [module("app", 1)];
        let wish = release("1.0", &modules);
        let published = publish(app, &editor, &wish);
        assert_eq!(published["sha256"], wish["sha256"]);
        assert_eq!(publish(app, &editor, &wish), published, "the same content is the same release");
        assert_eq!(app.count("published_releases"), 1);
        assert_eq!(app.count("audit WHERE action = 'release.published'"), 1);
        for (field, value) in [("length", json!(8)), ("sha256", json!("b".repeat(64))), ("modules", json!([]))] {
            let mut other = wish.clone();
            other[field] = value;
            assert_problem(&app.api("POST", &releases_of(&editor), &other), 409, "release_exists");
        }
        let mut other = wish.clone();
        other["target"] = "linux/aarch64".into();
        app.clock.advance(1);
        publish(app, &editor, &other);

        let path = format!("/api/v1/releases/{}", published["release_id"].as_str().expect("an id"));
        assert_eq!(app.api("GET", &path, &json!(null)).expect(200), published);
        let statement = app.api("GET", &format!("{path}/statement"), &json!(null)).bytes;
        believe(app, &editor, &statement, &modules);

        revoke(app, &published);
        assert_problem(&app.api("POST", &releases_of(&editor), &wish), 409, "release_exists");
        let of_app = format!("/api/v1/releases?app_id={}", editor["app_id"].as_str().expect("an id"));
        let page = app.api("GET", &of_app, &json!(null)).expect(200);
        assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
        assert!(page["items"][1]["revoked_at"].is_string(), "the newest comes first");
    }

    fn what_cannot_be_signed_is_refused(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        let good = release("1.0", &[module("app", 1)]);
        let long = "v".repeat(65);
        let two = listed(&[
            module("app", 1), Module { version: Some("1".to_owned()), ..module("app", 1) },
        ]);
        for (field, value) in [
            ("version", json!("")), ("version", json!(long)), ("target", json!("a\u{7}")),
            ("length", json!(1_u64 << 53)), ("sha256", json!("A".repeat(64))),
            ("modules", listed(&[module("a/b", 1)])), ("modules", listed(&[module("..", 1)])), ("modules", two),
            ("modules", listed(&vec![module("app", 1); 1025])),
        ] {
            let mut bad = good.clone();
            bad[field] = value;
            assert_problem(&app.api("POST", &releases_of(&editor), &bad), 400, "malformed_request");
        }
        let path = format!("/api/v1/licenses/{}/approvals", license["license_id"].as_str().expect("an id"));
        assert_problem(&app.api("POST", &path, &json!({ "modules": [] })), 400, "malformed_request");
        assert_eq!(app.count("published_releases"), 0);
    }

    fn the_longest_list_is_published_and_found_again(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 50 }));
        let long = |n: u16| Module {
            name: format!("{n:04}-{}", "x".repeat(59)),
            sha256: [u8::try_from(n % 251).expect("small"); 32],
            version: Some("1".repeat(32)),
            signer: Some("f".repeat(32)),
        };
        let modules: Vec<Module> = (0..1024).map(long).collect();
        publish(app, &editor, &release("1.0", &modules));
        assert_eq!(app.count("published_modules"), 1024);
        let longer: Vec<Module> =
            modules.iter().map(|module| Module { version: Some("1".repeat(64)), signer: Some("f".repeat(64)), ..module.clone() }).collect();
        let answer = app.api("POST", &releases_of(&editor), &release("1.1", &longer));
        assert_problem(&answer, 400, "malformed_request");
        let some: Vec<Module> = (0..300).map(long).collect();
        assert_eq!(attempt(app, &editor, &license, 1, &some), "admitted");
    }

    fn an_approval_for_one_license_never_counts_for_another(app: &TestApp) {
        let (editor, first) = sell(app, &json!({ "max_devices": 50 }));
        let second = another_license(app, &editor);
        let fork = [module("app", 3)];
        let path = format!("/api/v1/licenses/{}/approvals", first["license_id"].as_str().expect("an id"));
        let submitted = app.api("POST", &path, &json!({ "modules": listed(&fork) })).expect(200);
        assert_eq!(submitted["changed"], 1);
        assert_eq!(attempt(app, &editor, &first, 1, &fork), "unapproved_module app", "it waits");
        let waiting = approvals(app, &of_license(&first));
        assert_eq!((&waiting[0]["status"], &waiting[0]["source"]), (&json!("pending"), &json!("vendor")));
        assert_problem(&decide(app, &second, "approve", &waiting), 404, "not_found");
        assert_eq!(decide(app, &first, "approve", &waiting).expect(200)["changed"], 1);
        assert_eq!(attempt(app, &editor, &first, 2, &fork), "admitted");
        assert_eq!(attempt(app, &editor, &second, 3, &fork), "unapproved_module app");
        assert_eq!(decide(app, &first, "approve", &waiting).expect(200)["changed"], 0, "once is enough");

        assert_eq!(decide(app, &first, "reject", &waiting).expect(200)["changed"], 1);
        assert_eq!(attempt(app, &editor, &first, 4, &fork), "unapproved_module app");
        let ended = &approvals(app, &of_license(&first))[0];
        assert_eq!((&ended["status"], &ended["reason"]), (&json!("revoked"), &json!("their fork")));
        assert_eq!(app.count("audit WHERE action = 'modules.approved'"), 1);
        assert_eq!(app.count("events WHERE kind = 'modules_rejected'"), 1);
    }

    fn a_refused_device_leaves_its_modules_for_the_vendor(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 50 }));
        publish(app, &editor, &release("1.0", &[module("app", 1)]));
        let fork = [module("app", 1), module("lib.so", 3), module("new.so", 4)];
        for n in 1..4 {
            assert_eq!(attempt(app, &editor, &license, n, &fork), "unapproved_module lib.so new.so");
        }
        let mut waiting = approvals(app, &format!("{}&status=pending", of_license(&license)));
        waiting.sort_by_key(|approval| approval["name"].to_string());
        let names: Vec<&Value> = waiting.iter().map(|approval| &approval["name"]).collect();
        assert_eq!(names, ["lib.so", "new.so"]);
        assert_eq!(waiting[0]["source"], "device");
        assert_eq!(approvals(app, "status=pending").len(), 2);
        assert_eq!(approvals(app, "status=approved").len(), 0);
        assert_eq!(app.count("events WHERE kind = 'modules_submitted'"), 1, "nothing new, no row");
        assert_eq!(decide(app, &license, "reject", &waiting[1..]).expect(200)["changed"], 1);
        assert_eq!(decide(app, &license, "approve", &waiting[..1]).expect(200)["changed"], 1);
        assert_eq!(attempt(app, &editor, &license, 5, &fork), "unapproved_module new.so");
        assert_eq!(approvals(app, "status=pending").len(), 0, "what was rejected does not wait again");

        let unknown = json!({ "license_key": "000G-40R4-0M30-E209-185G-R38E-1YRB" });
        assert_eq!(attempt(app, &editor, &unknown, 6, &[module("evil", 5)]), "invalid_key");
        assert_eq!(app.count("approvals"), 2, "who has no key leaves nothing");
        let suspend = format!("/api/v1/licenses/{}/suspend", license["license_id"].as_str().expect("an id"));
        app.api("POST", &suspend, &json!({})).expect(200);
        assert_eq!(attempt(app, &editor, &license, 7, &[module("late", 7)]), "blocked");
        assert_eq!(app.count("approvals"), 2, "who has no rights leaves nothing");
    }

    fn at_most_1024_modules_of_a_license_wait(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 50 }));
        let other = another_license(app, &editor);
        let many = |from: u16| -> Vec<Module> { (from..from + 1000).map(|n| module(&format!("m{n}"), 1)).collect() };
        attempt(app, &editor, &license, 1, &many(0));
        attempt(app, &editor, &license, 2, &many(2000));
        assert_eq!(app.count("approvals"), 1024);
        let path = format!("/api/v1/licenses/{}/approvals", license["license_id"].as_str().expect("an id"));
        let answer = app.api("POST", &path, &json!({ "modules": listed(&[module("late", 1)]) }));
        assert_problem(&answer, 409, "limit_reached");
        attempt(app, &editor, &other, 3, &many(0)[..3]);
        assert_eq!(app.count("approvals"), 1027, "another license has room of its own");
    }

    fn a_row_that_shows_something_else_is_not_approved(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 50 }));
        let evil = [module("evil", 6)];
        attempt(app, &editor, &license, 1, &evil);
        let id = approvals(app, "status=pending")[0].clone();
        app.meddle("UPDATE approvals SET name = 'harmless'");
        assert_eq!(approvals(app, "status=pending").len(), 0, "nobody sees what is not so");
        assert_eq!(decide(app, &license, "approve", &[id]).status, 500);
        assert_eq!(attempt(app, &editor, &license, 2, &evil), "unapproved_module evil");
    }

    fn releases_of_a_revoked_update_key_are_signed_again(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 50 }));
        let modules = [module("app", 1)];
        let releases: Vec<Value> =
            (0..10).map(|n| publish(app, &editor, &release(&n.to_string(), &modules))).collect();
        let withdrawn = revoke(app, &releases[9]);
        let keys = app.api("GET", "/api/v1/keys", &json!(null)).expect(200);
        let keys = keys["items"].as_array().expect("keys").clone();
        let stolen = keys.iter().find(|key| key["use"] == "update" && key["state"] == "active").expect("signs");
        let path = format!("/api/v1/keys/{}/revoke", stolen["keyid"].as_str().expect("an id"));
        let done = app.api("POST", &path, &json!({ "reason": "stolen" })).expect(200);
        assert_eq!((&done["complete"], &done["dark"]), (&json!(true), &json!([])));
        for release in &releases[..9] {
            let path = format!("/api/v1/releases/{}", release["release_id"].as_str().expect("an id"));
            assert_eq!(app.api("GET", &path, &json!(null)).expect(200), *release);
            let statement = app.api("GET", &format!("{path}/statement"), &json!(null)).bytes;
            believe(app, &editor, &statement, &modules);
        }
        assert_eq!(app.count("audit WHERE action = 'release.resigned'"), 9, "not the revoked one: {withdrawn}");
        publish(app, &editor, &release("next", &modules));
        assert_eq!(attempt(app, &editor, &license, 1, &modules), "admitted");
    }

    fn a_release_that_somebody_wrote_into_the_database_is_never_signed(app: &TestApp) {
        let (editor, _) = sell(app, &json!({}));
        let [mine, theirs] = ["1", "2"].map(|version| publish(app, &editor, &release(version, &[])));
        let id = |release: &Value| release["release_id"].as_str().expect("an id").to_owned();
        app.meddle(&format!(
            "UPDATE published_releases SET statement = (SELECT statement FROM published_releases WHERE release_id = '{}') \
             WHERE release_id = '{}'", id(&theirs), id(&mine)
        ));
        let keys = app.api("GET", "/api/v1/keys", &json!(null)).expect(200);
        let keys = keys["items"].as_array().expect("keys").clone();
        let old = keys.iter().find(|key| key["use"] == "update" && key["state"] == "active").expect("signs");
        let path = format!("/api/v1/keys/{}/revoke", old["keyid"].as_str().expect("an id"));
        // The key ends all the same, and what nobody could believe approves nothing any more.
        assert_eq!(app.api("POST", &path, &json!({})).expect(200)["complete"], true);
        assert_eq!(app.count("audit WHERE action = 'release.resigned'"), 1);
        let path = format!("/api/v1/releases/{}", id(&mine));
        let ended = app.api("GET", &path, &json!(null)).expect(200);
        assert_eq!(ended["revoke_reason"], "its statement was not signed by the key that was revoked");
    }

    fn only_the_scope_for_releases_decides(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        attempt(app, &editor, &license, 1, &[module("app", 1)]);
        let waiting = approvals(app, "status=pending");
        let reader = app.owner().with_scopes(&["releases:read", "licenses:read", "licenses:write", "events:read"]);
        let path = format!("/api/v1/licenses/{}/approvals/approve", license["license_id"].as_str().expect("an id"));
        let ids = json!({ "approval_ids": [waiting[0]["approval_id"]] });
        assert_problem(&reader.api("POST", &path, &ids), 403, "scope_missing");
        reader.api("GET", "/api/v1/approvals", &json!(null)).expect(200);
        let stranger = app.tenant("stranger");
        assert_problem(&stranger.api("POST", &path, &ids), 404, "not_found");
        assert_eq!(stranger.api("GET", "/api/v1/approvals", &json!(null)).expect(200)["items"], json!([]));
    }
}

/// As a device verifies a release with what a new build pins.
fn believe(app: &TestApp, product: &Value, statement: &[u8], modules: &[Module]) {
    let release =
        app.build(product).release(statement, app.clock.seconds()).expect("the update key signed it");
    assert_eq!(release.modules, modules);
    assert_eq!(encode_hex(&release.sha256), "a".repeat(64));
}
