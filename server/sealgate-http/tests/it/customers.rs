//! `/api/v1/customers`: made, found, changed (`spec/http.md` §3.17).

use sealgate_testkit::{Answer, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{assert_problem, names, refused_without_effect};

pub(crate) const PATH: &str = "/api/v1/customers";

pub(crate) fn customer(app: &TestApp, wish: &Value) -> Value {
    app.api("POST", PATH, wish).expect(201)
}

/// The path of a customer, and what follows.
pub(crate) fn at(customer: &Value, rest: &str) -> String {
    format!("{PATH}/{}{rest}", customer["customer_id"].as_str().expect("text"))
}

fn found(app: &TestApp, query: &str) -> Vec<String> {
    let page = app.api("GET", &format!("{PATH}?{query}"), &json!(null)).expect(200);
    page["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|c| c["name"].as_str().expect("text").to_owned())
        .collect()
}

/// The refusal of an external id that a customer has.
#[track_caller]
fn assert_taken(answer: &Answer, other: &Value) {
    let body = answer.clone().expect(409);
    assert_eq!(names(&body), ["code", "customer_id", "message", "request_id"]);
    assert_eq!((&body["code"], &body["customer_id"]), (&json!("external_id_taken"), &other["customer_id"]));
}

on_both_engines! {
    fn a_customer_is_what_was_written(app: &TestApp) {
        let wish = json!({
            "name": "Ada Lovelace", "company": "Analytical Engines", "email": "ada@example.com", "external_id": "shop-17",
            "metadata": { "segment": { "a": [1, 2.5, null] } }, "max_devices": 7,
        });
        let made = customer(app, &wish);
        for (field, value) in wish.as_object().expect("an object") {
            assert_eq!(&made[field], value, "{field}");
        }
        assert_eq!(made["created_at"], "2027-01-15T08:00:00Z");
        let mut shown = app.api("GET", &at(&made, ""), &json!(null)).expect(200);
        assert_eq!((shown["licenses"].take(), shown["devices_used"].take()), (json!(0), json!(0)));
        shown.as_object_mut().expect("an object").retain(|name, _| name != "licenses" && name != "devices_used");
        assert_eq!(shown, made);

        let change = json!({ "name": "Ada L.", "company": "", "email": "", "external_id": "", "metadata": {}, "max_devices": "unlimited" });
        let changed = app.api("PATCH", &at(&made, ""), &change).expect(200);
        assert_eq!(changed, json!({
            "customer_id": made["customer_id"], "name": "Ada L.", "slug": "ada-lovelace", "company": null, "email": null, "metadata": {},
            "max_devices": "unlimited", "created_at": made["created_at"],
        }));
        assert_eq!(app.api("PATCH", &at(&made, ""), &json!({})).expect(200), changed);
        assert_eq!(app.count("audit WHERE action = 'customer.updated'"), 1, "what changes nothing is not written down");
    }

    fn what_no_customer_can_be_is_refused(app: &TestApp) {
        let made = customer(app, &json!({ "name": "Ada" }));
        let deep = (0..9).fold(json!(1), |inner, _| json!({ "a": inner }));
        for (field, bad) in [
            ("name", json!("")), ("name", json!(" ")), ("name", json!("A\u{202e}da")), ("name", json!("A\u{1b}da")), ("name", json!("x".repeat(129))),
            ("name", json!("é".repeat(65))), ("company", json!("a\nb")), ("company", json!("x".repeat(129))),
            ("email", json!("ada")), ("email", json!("a@b@c")), ("email", json!("@b")), ("email", json!("a@")),
            ("email", json!("a\u{7}@b")), ("email", json!(format!("a@{}", "b".repeat(127)))), ("external_id", json!(" x")),
            ("metadata", json!([])), ("metadata", json!({ "a": "x".repeat(16_384) })), ("metadata", deep), ("max_devices", json!(0)),
        ] {
            let mut wish = json!({ "name": "Ada" });
            wish[field] = bad.clone();
            refused_without_effect(app, ("POST", PATH, &wish), 400, "malformed_request");
            // Nobody is without a name; everything else may be taken away.
            refused_without_effect(app, ("PATCH", &at(&made, ""), &json!({ field: bad })), 400, "malformed_request");
        }
        customer(app, &json!({ "name": "é".repeat(64), "email": format!("a@{}", "b".repeat(126)) }));
    }

    fn customers_are_found_by_what_they_begin_with(app: &TestApp) {
        for (name, email) in [("Ada L.", "ada@a.example"), ("ADAM", "Root@b.example"), ("Bob", "bob@c.example"), ("Ödön", "ADA@d.example")] {
            customer(app, &json!({ "name": name, "email": email, "external_id": format!("x-{name}") }));
            app.clock.advance(1);
        }
        assert_eq!(found(app, "limit=200"), ["Ödön", "Bob", "ADAM", "Ada L."], "the newest first");
        assert_eq!(found(app, "name=ada"), ["Ada L.", "ADAM"]);
        assert_eq!(found(app, "name=%C3%B6D"), ["Ödön"]);
        assert_eq!(found(app, "email=ada%40"), ["Ada L.", "Ödön"]);
        assert_eq!(found(app, "external_id=x-Bob"), ["Bob"]);
        assert_eq!(found(app, "external_id=x-bob"), [""; 0]);
        let twin = app.tenant("Twin");
        for query in ["", "?name=a", "?email=a", "?external_id=x-Bob"] {
            assert_eq!(twin.api("GET", &format!("{PATH}{query}"), &json!(null)).expect(200)["items"], json!([]));
        }
    }

    fn pages_of_a_search_hold_every_customer_of_one_name_once(app: &TestApp) {
        for n in 0..12 {
            let name = if n % 2 == 0 { "Same" } else { "same" };
            customer(app, &json!({ "name": name, "email": format!("ada{}@example.com", n % 2) }));
        }
        for by in ["name=same", "email=ada", "limit=3"] {
            let (mut ids, mut cursor) = (vec![], String::new());
            loop {
                let by = if by == "limit=3" { "" } else { by };
                let page = app.api("GET", &format!("{PATH}?limit=3&{by}{cursor}"), &json!(null)).expect(200);
                ids.extend(page["items"].as_array().expect("a list").iter().map(|c| c["customer_id"].to_string()));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), 12, "{by}");
        }
    }

    fn an_external_id_is_one_customers(app: &TestApp) {
        let first = customer(app, &json!({ "name": "Ada", "external_id": "shop-17" }));
        assert_taken(&app.api("POST", PATH, &json!({ "name": "Bob", "external_id": "shop-17" })), &first);
        let bob = customer(app, &json!({ "name": "Bob", "external_id": "SHOP-17" }));
        assert_taken(&app.api("PATCH", &at(&bob, ""), &json!({ "external_id": "shop-17" })), &first);
        app.api("PATCH", &at(&first, ""), &json!({ "external_id": "shop-17" })).expect(200);
        let shop = app.owner().with_scopes(&["customers:write"]);
        assert_problem(&shop.api("POST", PATH, &json!({ "name": "Bob", "external_id": "shop-17" })), 409, "external_id_taken");
        app.tenant("Twin").make(PATH, &json!({ "name": "Ada", "external_id": "shop-17" }));
    }

    fn of_many_customers_of_one_external_id_at_once_there_is_one(app: &TestApp) {
        let wish = json!({ "name": "Ada", "external_id": "shop-17" });
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..16).map(|_| scope.spawn(|| app.api("POST", PATH, &wish))).collect();
            racers.into_iter().map(|racer| racer.join().expect("gets an answer")).collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        assert_eq!((won.len(), app.count("customers")), (1, 1));
        for answer in lost {
            assert_taken(answer, &won[0].json());
        }
    }

    fn a_request_under_a_name_makes_one_customer(app: &TestApp) {
        let owner = app.owner();
        let ask = || owner.api_once("POST", PATH, &json!({ "name": "Ada" }), "n-1").expect(201);
        assert_eq!(ask(), ask());
        assert_eq!(app.count("customers"), 1);
    }

    fn a_license_is_bought_by_a_customer_of_the_tenant(app: &TestApp) {
        let (editor, ada) = (app.create_app("Editor"), customer(app, &json!({ "name": "Ada" })));
        let theirs = app.tenant("Twin").make(PATH, &json!({ "name": "Ada" }));
        let order = |id: &Value| json!({ "app_id": editor["app_id"], "customer_id": id });
        let license = app.issue(&editor, &json!({ "customer_id": ada["customer_id"] }));
        let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
        assert_eq!(app.api("GET", &path, &json!(null)).expect(200)["customer_id"], ada["customer_id"]);
        for nobody in [&theirs["customer_id"], &json!("01926a3b-0000-7000-8000-000000000000")] {
            refused_without_effect(app, ("POST", "/api/v1/licenses", &order(nobody)), 404, "not_found");
            refused_without_effect(app, ("PATCH", &path, &json!({ "customer_id": nobody })), 404, "not_found");
        }
        let told = app.api("POST", "/api/v1/licenses", &order(&json!("Ada L."))).expect(404);
        assert_eq!(told["message"], "There is no customer of that name in this tenant.");
        assert_eq!(app.api("PATCH", &path, &json!({ "customer_id": "" })).expect(200)["customer_id"], json!(null));
    }

    fn no_name_gets_into_the_audit_log_or_the_events(app: &TestApp) {
        let editor = app.create_app("Editor");
        let secret = |text: &str| format!("{text}-Zaphod");
        let ada = customer(app, &json!({ "name": secret("name"), "email": secret("a@b"), "external_id": secret("x"), "company": secret("c"), "metadata": { "a": secret("m") } }));
        app.api("PATCH", &at(&ada, ""), &json!({ "name": secret("other") })).expect(200);
        let license = app.issue(&editor, &json!({ "customer_id": ada["customer_id"], "licensee": { "name": secret("name") } }));
        let path = format!("/api/v1/licenses/{}", license["license_id"].as_str().expect("text"));
        let change = json!({ "licensee": { "email": secret("e") }, "label": secret("label"), "max_devices": 2 });
        app.api("PATCH", &path, &change).expect(200);
        let audit = app.texts("SELECT action || ' ' || subject || ' ' || detail FROM audit");
        let events = app.texts("SELECT kind || ' ' || COALESCE(device, '') FROM events");
        assert!(audit.iter().chain(&events).all(|row| !row.contains("Zaphod")), "{audit:#?}");
        let updated = audit.iter().find(|row| row.starts_with("license.updated")).expect("is written down");
        assert!(updated.contains(r#""fields":["label","licensee","max_devices"]"#) && updated.contains(r#""max_devices":2"#), "{updated}");
    }
}
