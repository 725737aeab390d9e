//! A vendor's own name for a license: an order that comes twice is one license (`spec/http.md` §3.2).

use sealgate_testkit::{Answer, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_problem, names, refused_without_effect};

const PATH: &str = "/api/v1/licenses";

fn order(editor: &Value, external_id: &str) -> Value {
    json!({ "app_id": editor["app_id"], "external_id": external_id })
}

/// The refusal of an order that was carried out before.
#[track_caller]
fn assert_taken(answer: &Answer, license: &Value) {
    let body = answer.clone().expect(409);
    assert_eq!(body["code"], "external_id_taken", "{body}");
    assert_eq!(names(&body), ["code", "license_id", "message", "request_id"]);
    assert_eq!(body["license_id"], license["license_id"]);
    let id = license["license_id"].as_str().expect("text");
    assert!(body["message"].as_str().is_some_and(|message| message.contains(id)), "{body}");
}

on_both_engines! {
    fn an_order_that_comes_again_later_names_the_license_that_it_got(app: &TestApp) {
        let (owner, editor) = (app.owner(), app.create_app("Editor"));
        let first = app.api("POST", PATH, &order(&editor, "order-1042")).expect(201)["licenses"][0].clone();
        let path = format!("{PATH}/{}", first["license_id"].as_str().expect("text"));
        assert_eq!(app.api("GET", &path, &json!(null)).expect(200)["external_id"], "order-1042");
        // Long after any name of a request was forgotten; whatever else the order says; by any token.
        app.clock.advance(400 * 86_400);
        assert_taken(&app.api("POST", PATH, &order(&editor, "order-1042")), &first);
        let viewer = app.create_app("Viewer");
        let clerk = owner.with_scopes(&["licenses:write", "licenses:read"]);
        assert_taken(&clerk.api_once("POST", PATH, &order(&viewer, "order-1042"), "n-1"), &first);
        app.api("POST", &format!("{path}/revoke"), &json!({})).expect(200);
        assert_taken(&app.api("POST", PATH, &order(&editor, "order-1042")), &first);
        assert_eq!((app.count("licenses"), app.count("audit WHERE action = 'license.issued'")), (1, 1));
        app.api("POST", PATH, &order(&editor, "order-1043")).expect(201);
        app.api("POST", PATH, &order(&editor, "ORDER-1042")).expect(201);
    }

    fn only_who_may_see_licenses_learns_which_one_has_the_external_id(app: &TestApp) {
        let editor = app.create_app("Editor");
        let first = app.api("POST", PATH, &order(&editor, "order-1042")).expect(201)["licenses"][0].clone();
        let shop = app.owner().with_scopes(&["licenses:write"]);
        for answer in [
            shop.api("POST", PATH, &order(&editor, "order-1042")),
            shop.api_once("POST", PATH, &order(&editor, "order-1042"), "n-1"),
        ] {
            assert_problem(&answer, 409, "external_id_taken");
            let told = String::from_utf8(answer.bytes).expect("text");
            assert!(!told.contains(first["license_id"].as_str().expect("text")), "{told}");
        }
    }

    fn a_request_under_a_name_still_gets_its_first_answer(app: &TestApp) {
        let (owner, editor) = (app.owner(), app.create_app("Editor"));
        let ask = || owner.api_once("POST", PATH, &order(&editor, "order-1042"), "n-1").expect(201);
        assert_eq!(ask(), ask());
        assert_eq!(app.count("licenses"), 1);
    }

    fn an_external_id_belongs_to_its_tenant(app: &TestApp) {
        let (twin, editor) = (app.tenant("Twin"), app.create_app("Editor"));
        let other = twin.make("/api/v1/apps", &json!({ "name": "Editor" }));
        app.api("POST", PATH, &order(&editor, "order-1042")).expect(201);
        twin.api("POST", PATH, &order(&other, "order-1042")).expect(201);
    }

    fn of_many_orders_at_once_one_is_carried_out(app: &TestApp) {
        let editor = app.create_app("Editor");
        let order = order(&editor, "order-1042");
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..16).map(|_| scope.spawn(|| app.api("POST", PATH, &order))).collect();
            racers.into_iter().map(|racer| racer.join().expect("gets an answer")).collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        assert_eq!((won.len(), app.count("licenses")), (1, 1));
        for answer in lost {
            assert_taken(answer, &won[0].json()["licenses"][0]);
        }
    }

    fn what_no_external_id_can_be_is_refused(app: &TestApp) {
        let editor = app.create_app("Editor");
        for bad in ["", " order", "order ", "a\nb", &"x".repeat(129)] {
            refused_without_effect(app, ("POST", PATH, &order(&editor, bad)), 400, "malformed_request");
        }
        let mut two = order(&editor, "order-1042");
        two["count"] = json!(2);
        assert_problem(&app.api("POST", PATH, &two), 400, "malformed_request");
        app.api("POST", PATH, &order(&editor, &"é".repeat(128))).expect(201);
        // Without one there is nothing to be in conflict with.
        for _ in 0..2 {
            app.issue(&editor, &json!({}));
        }
    }
}
