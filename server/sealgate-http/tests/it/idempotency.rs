//! A named request does what it does once (`spec/http.md` §3.7).

use sealgate_testkit::{Answer, TestApp, User, on_both_engines, send_with, stage};
use serde_json::{Value, json};

use crate::support::{assert_problem, state};

const RACERS: usize = 64;
const DAY: u64 = 24 * 60 * 60;

/// Names of the operations whose document says that they take a name: all that create something, and others.
fn repeatable(app: &TestApp) -> Vec<String> {
    let document = app.document();
    let mut names = vec![];
    for methods in document["paths"].as_object().expect("paths").values() {
        for operation in methods.as_object().expect("methods").values() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let id = operation["operationId"].as_str().expect("a name");
            if parameters.into_iter().any(|p| p["name"] == "Idempotency-Key") {
                names.push(id.to_owned());
            } else {
                let creates = operation["x-scope"].is_string() && operation["responses"]["201"].is_object();
                assert!(!creates, "{id} creates something, and does it twice when it is sent twice");
            }
        }
    }
    names
}

/// What an answer shows once and to nobody else.
fn secrets(answer: &Value) -> Vec<String> {
    const NAMES: [&str; 5] = ["token", "admin_token", "app_secret", "license_key", "file"];
    let licenses = answer["licenses"].as_array().into_iter().flatten();
    let all = licenses.chain([answer]).flat_map(|part| NAMES.map(|name| part[name].as_str()));
    all.flatten().map(str::to_owned).collect()
}

fn at_once(ask: impl Fn() -> Answer + Sync) -> Vec<Answer> {
    let start = std::sync::Barrier::new(RACERS);
    std::thread::scope(|scope| {
        let racer = || {
            start.wait();
            ask()
        };
        let racers: Vec<_> = (0..RACERS).map(|_| scope.spawn(racer)).collect();
        racers.into_iter().map(|racer| racer.join().expect("gets an answer")).collect()
    })
}

on_both_engines! {
    fn every_request_that_takes_a_name_can_be_sent_again(app: &TestApp) {
        let owner = app.owner();
        // A promise that is not kept does something twice.
        let promised = repeatable(app);
        assert_eq!(promised.len(), 26, "{promised:?}");
        let asked = promised.iter().map(|name| {
            let operation = app.operations().into_iter().find(|o| o.id == *name).expect("is documented");
            let staged = stage(app, &owner, name);
            let first = owner.api_once(&operation.method, &staged.url(&operation), &staged.body, name);
            assert!((200..300).contains(&first.status), "{name}: {first:?}");
            (operation, staged, first)
        });
        let asked: Vec<_> = asked.collect();
        let after = state(app);
        app.clock.advance(7 * DAY);
        for (operation, staged, first) in asked {
            let name = &operation.id;
            let again = owner.api_once(&operation.method, &staged.url(&operation), &staged.body, name);
            assert_eq!((again.status, &again.bytes), (first.status, &first.bytes), "{name}");
            assert_eq!(state(app), after, "{name}");
        }
    }

    fn every_other_request_under_a_name_is_refused(app: &TestApp) {
        let (owner, promised) = (app.owner(), repeatable(app));
        let others = app.operations().into_iter().filter(|o| !promised.contains(&o.id));
        let mut asked = 0;
        for operation in others {
            let staged = stage(app, &owner, &operation.id);
            let before = state(app);
            let answer = owner.api_once(&operation.method, &staged.url(&operation), &staged.body, "n-1");
            assert_problem(&answer, 400, "malformed_request");
            assert_eq!((state(app), app.count("idempotency")), (before, 0), "{}", operation.id);
            let answer = staged.ask(&operation, &owner);
            assert!((200..300).contains(&answer.status), "{}: {answer:?}", operation.id);
            asked += 1;
        }
        assert!(asked > 30, "only {asked} operations");
    }

    fn a_name_belongs_to_the_token_that_asks(app: &TestApp) {
        let owner = app.owner();
        for name in repeatable(app) {
            let operation = app.operations().into_iter().find(|o| o.id == name).expect("is documented");
            let (narrow, blind) = (owner.with_scopes(&[&operation.scope]), owner.with_scopes(&["events:read"]));
            let staged = stage(app, &owner, &name);
            let ask = |user: &User| user.api_once(&operation.method, &staged.url(&operation), &staged.body, &name);
            let first = ask(&owner);
            assert!((200..300).contains(&first.status), "{name}: {first:?}");
            let kept = app.count("idempotency");
            assert_problem(&ask(&blind), 403, "scope_missing");
            // Its request is another one: it is refused, or carried out and kept under a name of its own.
            let own = ask(&narrow);
            let carried_out = (200..300).contains(&own.status);
            assert!(carried_out || (400..500).contains(&own.status), "{name}: {own:?}");
            assert_eq!(app.count("idempotency"), kept + u64::from(carried_out), "{name}");
            let told = String::from_utf8(own.bytes).expect("text");
            for secret in secrets(&first.json()) {
                assert!(!told.contains(&secret), "{name} shows another token's {secret}");
            }
            assert_eq!(ask(&owner).bytes, first.bytes, "{name}");
        }
    }

    fn a_name_is_not_used_for_two_requests(app: &TestApp) {
        let owner = app.owner();
        let ask = |path: &str, name: &str| owner.api_once("POST", path, &json!({ "name": name }), "n-1");
        let first = ask("/api/v1/apps", "Editor").expect(201);
        assert_problem(&ask("/api/v1/apps", "Viewer"), 409, "idempotency_key_reused");
        assert_problem(&ask("/api/v1/tenants", "Editor"), 409, "idempotency_key_reused");
        assert_eq!(ask("/api/v1/apps", "Editor").expect(201), first);
        assert_eq!((app.count("apps"), app.count("tenants")), (1, 1));
    }

    fn a_name_belongs_to_its_tenant(app: &TestApp) {
        let (owner, twin) = (app.owner(), app.tenant("Twin"));
        let ask = |user: &User| user.api_once("POST", "/api/v1/apps", &json!({ "name": "Editor" }), "same");
        assert_ne!(ask(&owner).expect(201)["app_id"], ask(&twin).expect(201)["app_id"]);
    }

    fn a_refused_request_frees_its_name(app: &TestApp) {
        let owner = app.owner();
        let ask = |body: &Value| owner.api_once("POST", "/api/v1/apps", body, "n-1");
        assert_problem(&ask(&json!({ "name": "" })), 400, "malformed_request");
        ask(&json!({ "name": "Editor" })).expect(201);
    }

    fn of_many_at_once_one_is_carried_out_and_all_get_its_answer(app: &TestApp) {
        let owner = app.owner();
        let editor = app.create_app("Editor");
        let order = json!({ "app_id": editor["app_id"], "count": 3 });
        let answers = at_once(|| owner.api_once("POST", "/api/v1/licenses", &order, "order-1042"));
        for answer in &answers {
            assert_eq!((answer.status, &answer.bytes), (201, &answers[0].bytes));
        }
        assert_eq!((app.count("licenses"), app.count("audit WHERE action = 'license.issued'")), (3, 1));
        let grant = json!({ "amount": 5 });
        let path = format!("/api/v1/apps/{}/credits", editor["app_id"].as_str().expect("text"));
        for answer in at_once(|| owner.api_once("POST", &path, &grant, "grant-1")) {
            assert_eq!(answer.expect(200), json!({ "balance": 5 }));
        }
    }

    fn a_renewal_sent_again_adds_the_plans_duration_once(app: &TestApp) {
        let owner = app.owner();
        let editor = app.create_app("Editor");
        let plan = json!({ "app_id": editor["app_id"], "name": "Year", "tier": "licensed", "duration": "10d" });
        let plan = app.api("POST", "/api/v1/plans", &plan).expect(201);
        let license = app.issue(&editor, &json!({ "plan_id": plan["plan_id"] }));
        let path = format!("/api/v1/licenses/{}/renew", license["license_id"].as_str().expect("text"));
        let renew = |name: &str| owner.api_once("POST", &path, &json!({}), name).expect(200);
        let first = renew("n-1");
        for answer in at_once(|| owner.api_once("POST", &path, &json!({}), "n-1")) {
            assert_eq!(answer.expect(200), first);
        }
        assert_ne!(renew("n-2")["expires_at"], first["expires_at"]);
        assert_eq!(renew("n-1"), first, "as it was answered then, whatever came since");
        assert_eq!(app.count("events WHERE kind = 'license_renewed'"), 2);
    }

    fn what_no_name_can_be_is_refused(app: &TestApp) {
        let owner = app.owner();
        for name in ["", "a b", "é", &"x".repeat(129)] {
            let answer = owner.api_once("POST", "/api/v1/apps", &json!({ "name": "Editor" }), name);
            assert_problem(&answer, 400, "malformed_request");
        }
        let two = [("idempotency-key", "n-1"), ("idempotency-key", "n-2")];
        let url = format!("{}/api/v1/apps", app.url);
        let answer = send_with("POST", &url, Some(&app.token), &two, br#"{"name":"Editor"}"#);
        assert_problem(&answer, 400, "malformed_request");
        assert_eq!(app.count("apps"), 0);
    }
}
