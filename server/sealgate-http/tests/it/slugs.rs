//! Apps, plans and customers by names that people write (`spec/http.md` §3.18).

use std::sync::Barrier;

use sealgate_testkit::{Operation, Staged, TestApp, User, on_both_engines, stage};
use serde_json::{Value, json};

use crate::support::{assert_problem, refused_without_effect};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// Where a request of an operation names an app, a plan or a customer.
#[derive(Debug, Clone)]
enum Place {
    Path,
    Query(String),
    Field(String),
}

/// What is named there, as the API's document calls it.
fn kind(name: &str) -> Option<&'static str> {
    match name {
        "app_id" => Some("apps"),
        "plan_id" => Some("plans"),
        "customer_id" | "into" => Some("customers"),
        _ => None,
    }
}

/// Every place of every operation, by the document: whoever adds one has it tested.
fn places(app: &TestApp) -> Vec<(Operation, Place, &'static str)> {
    let document = app.document();
    let mut all = vec![];
    for operation in app.operations() {
        let described = &document["paths"][&operation.path][operation.method.to_lowercase()];
        for parameter in described["parameters"].as_array().expect("parameters") {
            let name = text(&parameter["name"]);
            let place = if parameter["in"] == "path" { Place::Path } else { Place::Query(name.to_owned()) };
            all.extend(kind(name).map(|kind| (operation.clone(), place, kind)));
        }
        let schema = described["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
        let name = schema.and_then(|schema| schema.rsplit('/').next()).unwrap_or_default();
        for field in document["components"]["schemas"][name]["properties"].as_object().into_iter().flatten() {
            let place = Place::Field(field.0.clone());
            all.extend(kind(field.0).map(|kind| (operation.clone(), place, kind)));
        }
    }
    all
}

/// The app that a staged request is about, where that is one.
fn app_of(owner: &User, operation: &Operation, staged: &Staged) -> String {
    if let Some(id) = staged.body["app_id"].as_str() {
        return id.to_owned();
    }
    if let Some((_, id)) = staged.query.split_once("app_id=") {
        return id.to_owned();
    }
    let listed = staged.query.split_once("license_id=").map(|(_, id)| id.to_owned());
    let license = staged.id.clone().or(listed).unwrap_or_else(|| panic!("{operation:?} has no app"));
    let license = owner.api("GET", &format!("/api/v1/licenses/{license}"), &json!(null)).expect(200);
    text(&license["app_id"]).to_owned()
}

/// The id that stands there, or one of something that is made for it.
fn id_at(owner: &User, (operation, place, kind): &(Operation, Place, &str), staged: &Staged) -> String {
    let there = match place {
        Place::Path => staged.id.clone(),
        Place::Query(name) => staged.query.split_once(&format!("{name}=")).map(|(_, id)| id.to_owned()),
        Place::Field(name) => staged.body[name].as_str().map(str::to_owned),
    };
    let made = || match *kind {
        "plans" => {
            let app = app_of(owner, operation, staged);
            let plan = json!({ "app_id": app, "name": "Pro", "tier": "licensed", "max_devices": 2 });
            owner.make("/api/v1/plans", &plan)["plan_id"].clone()
        }
        "apps" => app_of(owner, operation, staged).into(),
        "customers" => owner.make("/api/v1/customers", &json!({ "name": "Acme" }))["customer_id"].clone(),
        _ => panic!("{operation:?} takes an app, and none is staged"),
    };
    there.unwrap_or_else(|| text(&made()).to_owned())
}

fn with(staged: &Staged, place: &Place, named: &str) -> Staged {
    let mut staged = staged.clone();
    match place {
        Place::Path => staged.id = Some(named.replace('/', "%2F")),
        Place::Query(name) => match staged.query.split_once(&format!("{name}=")) {
            Some((begin, _)) => staged.query = format!("{begin}{name}={named}"),
            None => staged.query = format!("?{name}={named}{}", staged.query.replace('?', "&")),
        },
        Place::Field(name) => staged.body[name] = named.into(),
    }
    staged
}

/// The plan and, before it, the app, by their slugs.
fn both(owner: &User, plan: &Value) -> String {
    let app = owner.api("GET", &format!("/api/v1/apps/{}", text(&plan["app_id"])), &json!(null)).expect(200);
    format!("{}/{}", text(&app["slug"]), text(&plan["slug"]))
}

fn slugs_of(app: &TestApp, kind: &str) -> Vec<String> {
    app.texts(&format!("SELECT slug FROM {kind} WHERE slug IS NOT NULL ORDER BY slug"))
}

/// What each of several requests that are sent at once is answered.
fn at_once(owner: &User, path: &str, wishes: &[Value]) -> Vec<sealgate_testkit::Answer> {
    let start = Barrier::new(wishes.len());
    std::thread::scope(|scope| {
        let ask = |wish| {
            start.wait();
            owner.api("POST", path, wish)
        };
        let all: Vec<_> = wishes.iter().map(|wish| scope.spawn(move || ask(wish))).collect();
        all.into_iter().map(|one| one.join().expect("gets an answer")).collect()
    })
}

on_both_engines! {
    fn every_operation_takes_a_slug_where_it_takes_an_id(app: &TestApp) {
        let owner = app.owner();
        let all = places(app);
        assert!(all.len() >= 30, "{all:?}");
        for at in all {
            let (operation, place, kind) = &at;
            let staged = stage(app, &owner, &operation.id);
            let id = id_at(&owner, &at, &staged);
            let thing = owner.api("GET", &format!("/api/v1/{kind}/{id}"), &json!(null)).expect(200);
            let mut names = vec![text(&thing["slug"]).to_owned()];
            if *kind == "plans" {
                names.insert(0, both(&owner, &thing));
                // Alone it is one of several apps' plans, except where the app is known.
                names.retain(|name| name.contains('/') || matches!(place, Place::Field(_)));
            }
            if *kind == "customers" {
                let path = format!("/api/v1/customers/{id}");
                owner.api("PATCH", &path, &json!({ "external_id": format!("shop/{id}") })).expect(200);
                names.push(format!("external:shop/{id}"));
            }
            // The last one may be gone afterwards: every other name is tried on something staged anew.
            let name = names.swap_remove(usize::from(operation.id.len() % 2 == 1 && names.len() > 1));
            let answer = with(&staged, place, &name).ask(operation, &owner);
            assert!((200..300).contains(&answer.status), "{operation:?} {place:?} {name}: {answer:?}");
            let nobody = with(&staged, place, "nobodys").ask(operation, &owner);
            assert_problem(&nobody, 404, "not_found");
            let message = nobody.json()["message"].clone();
            let what = kind.trim_end_matches('s');
            assert_eq!(message, format!("There is no {what} \"nobodys\" in this tenant."), "{operation:?}");
        }
    }

    fn a_slug_is_made_from_the_name_or_given(app: &TestApp) {
        let owner = app.owner();
        let make = |path: &str, wish: &Value| owner.make(&format!("/api/v1/{path}"), wish)["slug"].clone();
        assert_eq!(make("apps", &json!({ "name": "Füße & Co" })), "fusse-co");
        assert_eq!(make("apps", &json!({ "name": "fusse co" })), "fusse-co-2");
        assert_eq!(make("apps", &json!({ "name": "東京" })), json!(null));
        assert_eq!(make("apps", &json!({ "name": "Editor", "slug": "ed" })), "ed");
        for (n, slug) in ["acme", "acme-2", "acme-3", "acme-4", "acme-5"].into_iter().enumerate() {
            assert_eq!(make("customers", &json!({ "name": "Acme" })), slug, "{n}");
        }
        assert_eq!(make("customers", &json!({ "name": "Nobody's Business", "slug": "" })), json!(null));
        let plan = |app: &str, name: &str| make("plans", &json!({ "app_id": app, "name": name, "tier": "free" }));
        assert_eq!((plan("ed", "Pro"), plan("ed", "PRO!"), plan("fusse-co", "Pro")), (json!("pro"), json!("pro-2"), json!("pro")));
        for (path, wish) in [
            ("apps", json!({ "name": "Other", "slug": "ed" })),
            ("plans", json!({ "app_id": "ed", "name": "Other", "tier": "free", "slug": "pro" })),
            ("customers", json!({ "name": "Other", "slug": "acme" })),
        ] {
            let path = format!("/api/v1/{path}");
            refused_without_effect(app, ("POST", &path, &wish), 409, "name_taken");
            let message = owner.api("POST", &path, &wish).json()["message"].clone();
            assert!(text(&message).starts_with("slug: "), "{message}");
            for bad in ["Ed", "a--b", "-", "a/b", "external:x", "01926a3b-0000-7000-8000-000000000000", &"x".repeat(64)] {
                let mut wish = wish.clone();
                wish["slug"] = bad.into();
                refused_without_effect(app, ("POST", &path, &wish), 400, "malformed_request");
            }
        }
    }

    fn a_slug_changes_and_is_free_for_others_then(app: &TestApp) {
        let owner = app.owner();
        for (kind, id, wish) in [
            ("apps", "app_id", json!({ "name": "Editor" })),
            ("customers", "customer_id", json!({ "name": "Editor" })),
            ("plans", "plan_id", json!({ "app_id": "ed", "name": "Editor", "tier": "free" })),
        ] {
            let path = format!("/api/v1/{kind}");
            let mut other = wish.clone();
            other["name"] = "Viewer".into();
            let (one, two) = (owner.make(&path, &wish), owner.make(&path, &other));
            let at = |named: &str| format!("{path}/{named}");
            let patch = |named: &str, slug: &str| owner.api("PATCH", &at(named), &json!({ "slug": slug }));
            refused_without_effect(app, ("PATCH", &at("editor"), &json!({ "slug": "viewer" })), 409, "name_taken");
            assert_eq!(patch("editor", "editor").expect(200)["slug"], "editor", "its own");
            assert_eq!(patch("editor", "ed").expect(200)[id], one[id]);
            assert_problem(&owner.api("GET", &at("editor"), &json!(null)), 404, "not_found");
            assert_eq!(patch("viewer", "editor").expect(200)[id], two[id]);
            assert_eq!(owner.api("GET", &at("editor"), &json!(null)).expect(200)[id], two[id]);
            assert_eq!(patch("editor", "").expect(200)["slug"], json!(null));
            assert_eq!(owner.api("GET", &at(text(&two[id])), &json!(null)).expect(200)["slug"], json!(null));
        }
    }

    fn racing_creators_get_slugs_of_their_own(app: &TestApp) {
        let owner = app.owner();
        owner.make("/api/v1/apps", &json!({ "name": "Home" }));
        for (kind, begin) in [("apps", "same"), ("plans", "same"), ("customers", "same")] {
            let path = format!("/api/v1/{kind}");
            // Names of apps and plans are unique, too.
            let named = |n: usize| json!({ "name": format!("Same{}", "!".repeat(n)), "app_id": "home", "tier": "free" });
            let fitting = |mut wish: Value| {
                if kind != "plans" {
                    wish.as_object_mut().expect("an object").retain(|name, _| !["app_id", "tier"].contains(&name.as_str()));
                }
                wish
            };
            let wishes: Vec<Value> = (0..6).map(|n| fitting(named(n))).collect();
            for answer in at_once(&owner, &path, &wishes) {
                answer.expect(201);
            }
            let slugs = slugs_of(app, kind);
            let mine: Vec<_> = slugs.iter().filter(|slug| slug.starts_with(begin)).collect();
            assert_eq!(mine.len(), 6, "{slugs:?}");
            let wishes: Vec<Value> = (6..12).map(|n| { let mut wish = fitting(named(n)); wish["slug"] = "one".into(); wish }).collect();
            let answers = at_once(&owner, &path, &wishes);
            let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
            assert_eq!(made.len(), 1, "{refused:?}");
            for answer in refused {
                assert_problem(&answer, 409, "name_taken");
            }
        }
    }

    fn a_plan_s_slug_is_one_of_its_app(app: &TestApp) {
        let owner = app.owner();
        let make = |path: &str, wish: &Value| owner.make(&format!("/api/v1/{path}"), wish);
        for name in ["Editor", "Viewer"] {
            make("apps", &json!({ "name": name }));
            make("plans", &json!({ "app_id": name.to_lowercase(), "name": "Pro", "tier": "licensed" }));
        }
        let solo = make("plans", &json!({ "app_id": "editor", "name": "Solo", "tier": "licensed" }));
        let licenses = |query: &str| owner.api("GET", &format!("/api/v1/licenses{query}"), &json!(null));
        for order in [
            json!({ "app_id": "editor", "plan_id": "pro" }),
            json!({ "app_id": "editor", "plan_id": "editor/pro" }),
            json!({ "plan_id": "editor/pro" }),
            json!({ "plan_id": "editor/pro", "app_id": "editor" }),
        ] {
            make("licenses", &order);
        }
        make("licenses", &json!({ "plan_id": "solo" }));
        make("licenses", &json!({ "plan_id": solo["plan_id"] }));
        let count = |query: &str| licenses(query).expect(200)["items"].as_array().expect("a list").len();
        assert_eq!(count("?plan_id=editor%2Fpro"), 4);
        assert_eq!((count("?plan_id=viewer/pro"), count("?plan_id=solo"), count("?plan_id=pro&app_id=editor")), (0, 2, 4));
        let ambiguous = licenses("?plan_id=pro");
        assert_problem(&ambiguous, 400, "malformed_request");
        assert!(text(&ambiguous.json()["message"]).contains("app/plan"), "{ambiguous:?}");
        refused_without_effect(app, ("POST", "/api/v1/licenses", &json!({ "plan_id": "pro" })), 400, "malformed_request");
        refused_without_effect(app, ("GET", "/api/v1/plans/pro", &json!(null)), 400, "malformed_request");
        for order in [json!({ "app_id": "viewer", "plan_id": "editor/pro" }), json!({ "app_id": "viewer", "plan_id": "solo" }), json!({ "plan_id": "viewer/solo" })] {
            refused_without_effect(app, ("POST", "/api/v1/licenses", &order), 404, "not_found");
        }
    }

    fn the_only_app_need_not_be_named(app: &TestApp) {
        let owner = app.owner();
        let requests = [
            ("POST", "/api/v1/plans", json!({ "name": "Pro", "tier": "licensed" })),
            ("POST", "/api/v1/licenses", json!({})),
            ("POST", "/api/v1/licenses", json!({ "plan_id": "pro" })),
            ("POST", "/api/v1/access", json!({ "effect": "deny", "hwid": "stolen" })),
            ("POST", "/api/v1/apps/-/credits", json!({ "amount": 5 })),
            ("GET", "/api/v1/apps/-", json!(null)),
            ("GET", "/api/v1/access?app_id=-", json!(null)),
        ];
        let none = |(method, path, body): &(&str, &str, Value)| owner.api(method, path, body);
        assert_problem(&none(&requests[0]), 404, "not_found");
        assert_eq!(none(&requests[5]).json()["message"], "The tenant has no app yet.");
        app.create_app("Editor");
        for (method, path, body) in &requests {
            let answer = owner.api(method, path, body);
            assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        }
        app.create_app("Viewer");
        for (method, path, body) in requests.iter().filter(|(.., body)| body["plan_id"] != "pro") {
            let body = if body["name"] == "Pro" { json!({ "name": "Other", "tier": "free" }) } else { body.clone() };
            let answer = owner.api(method, path, &body);
            assert_problem(&answer, 400, "malformed_request");
            let message = answer.json()["message"].clone();
            assert_eq!(message, "app_id: the tenant has several apps; name one: editor, viewer", "{path}");
        }
        let clerk = owner.with_scopes(&["licenses:write"]);
        let answer = clerk.api("POST", "/api/v1/licenses", &json!({}));
        assert_eq!(answer.json()["message"], "app_id: the tenant has several apps; name one");
    }

    fn a_token_needs_no_scope_for_names(app: &TestApp) {
        let owner = app.owner();
        app.create_app("Editor");
        owner.make("/api/v1/plans", &json!({ "name": "Pro", "tier": "licensed" }));
        owner.make("/api/v1/customers", &json!({ "name": "Acme", "external_id": "shop-1" }));
        let shop = owner.with_scopes(&["licenses:write"]);
        for customer in ["acme", "external:shop-1"] {
            shop.make("/api/v1/licenses", &json!({ "app_id": "editor", "plan_id": "pro", "customer_id": customer }));
        }
    }

    fn a_name_reveals_nothing_of_other_tenants(app: &TestApp) {
        let (owner, other) = (app.owner(), app.tenant("Other"));
        for vendor in [&owner, &other] {
            vendor.make("/api/v1/apps", &json!({ "name": "Mine" }));
        }
        other.make("/api/v1/apps", &json!({ "name": "Theirs" }));
        other.make("/api/v1/customers", &json!({ "name": "Acme" }));
        let message = |path: &str| owner.api("GET", path, &json!(null)).expect(404)["message"].clone();
        for (kind, what, name) in [("apps", "app", "theirs"), ("customers", "customer", "acme")] {
            let told = message(&format!("/api/v1/{kind}/{name}"));
            assert_eq!(told, format!("There is no {what} \"{name}\" in this tenant."));
            assert_eq!(text(&told).replace(name, "nobody"), text(&message(&format!("/api/v1/{kind}/nobody"))));
        }
        let mine = |vendor: &User| vendor.api("GET", "/api/v1/apps/mine", &json!(null)).expect(200)["app_id"].clone();
        assert_ne!(mine(&owner), mine(&other));
        assert_eq!(owner.make("/api/v1/customers", &json!({ "name": "Acme" }))["slug"], "acme");
    }

    fn a_customer_s_slug_is_as_personal_as_the_name(app: &TestApp) {
        let owner = app.owner();
        app.create_app("Editor");
        let ada = owner.make("/api/v1/customers", &json!({ "name": "Ada Lovelace" }));
        let license = owner.make("/api/v1/licenses", &json!({ "customer_id": "ada-lovelace" }));
        let at = format!("/api/v1/licenses/{}", text(&license["licenses"][0]["license_id"]));
        owner.api("PATCH", &at, &json!({ "customer_id": "" })).expect(200);
        owner.api("PATCH", &at, &json!({ "customer_id": "ada-lovelace" })).expect(200);
        owner.api("PATCH", "/api/v1/customers/ada-lovelace", &json!({ "slug": "ada-l" })).expect(200);
        owner.api("POST", "/api/v1/customers/ada-l/forget", &json!({})).expect(200);
        let kept = app.texts("SELECT detail FROM audit").concat();
        assert!(!kept.contains("ada-l") && kept.contains(text(&ada["customer_id"])), "{kept}");
        assert!(slugs_of(app, "customers").is_empty());
        refused_without_effect(app, ("GET", "/api/v1/customers/ada-l", &json!(null)), 404, "not_found");
        assert_eq!(owner.make("/api/v1/customers", &json!({ "name": "Ada L." }))["slug"], "ada-l");
    }
}
