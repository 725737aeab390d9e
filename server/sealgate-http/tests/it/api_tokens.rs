//! Access tokens (`spec/http.md` §3.12).

use sealgate_testkit::on_both_engines;
use serde_json::json;

use crate::support::{assert_problem, refused_without_effect};

on_both_engines! {
    fn a_token_works_until_its_end(app: &TestApp) {
        let end = sealgate_wire::Timestamp(sealgate_artifact::UnixSeconds::new(app.clock.seconds() + 60).expect("in range"));
        let wish = json!({ "scopes": ["apps:read"], "name": "shop", "expires_at": end.to_string() });
        let made = app.api("POST", "/api/v1/tokens", &wish).expect(201);
        let mut user = app.owner();
        made["token"].as_str().expect("text").clone_into(&mut user.token);
        user.api("GET", "/api/v1/apps", &json!(null)).expect(200);
        app.clock.advance(60);
        assert_problem(&user.api("GET", "/api/v1/apps", &json!(null)), 401, "token_invalid");
        let list = app.api("GET", "/api/v1/tokens", &json!(null)).expect(200);
        let listed = list["items"].as_array().expect("a list").iter().find(|t| t["name"] == "shop").expect("is listed");
        assert_eq!(listed["scopes"], json!(["apps:read"]));
        assert!(!list.to_string().contains("sgt_"), "no list shows a token");
    }

    fn a_token_ends_no_later_than_the_one_that_makes_it(app: &TestApp) {
        let at = |seconds: u64| {
            let end = sealgate_artifact::UnixSeconds::new(app.clock.seconds() + seconds).expect("in range");
            json!(sealgate_wire::Timestamp(end).to_string())
        };
        let (tomorrow, later, sooner) = (at(86_400), at(86_401), at(60));
        let owner = app.owner();
        let made = owner.make("/api/v1/tokens", &json!({ "scopes": ["tokens:write"], "expires_at": tomorrow }));
        let clerk = sealgate_testkit::User { token: made["token"].as_str().expect("text").to_owned(), ..owner };
        let wish = |end: serde_json::Value| json!({ "scopes": ["tokens:write"], "expires_at": end });
        assert_problem(&clerk.api("POST", "/api/v1/tokens", &wish(later)), 400, "malformed_request");
        assert_eq!(app.count("tokens"), 2);
        // Without an end, or with none: the maker's.
        let without = clerk.make("/api/v1/tokens", &json!({ "scopes": ["tokens:write"] }));
        for made in [without, clerk.make("/api/v1/tokens", &wish(json!(null))), clerk.make("/api/v1/tokens", &wish(tomorrow.clone()))] {
            assert_eq!(made["expires_at"], tomorrow);
        }
        assert_eq!(clerk.make("/api/v1/tokens", &wish(sooner.clone()))["expires_at"], sooner);
        assert_eq!(app.api("POST", "/api/v1/tokens", &wish(json!(null))).expect(201)["expires_at"], json!(null));
    }

    fn the_owner_of_a_new_tenant_ends_no_later_than_who_makes_it(app: &TestApp) {
        let tomorrow = sealgate_artifact::UnixSeconds::new(app.clock.seconds() + 86_400).expect("in range");
        let tomorrow = json!(sealgate_wire::Timestamp(tomorrow).to_string());
        let owner = app.owner();
        let wish = json!({ "scopes": ["installation"], "expires_at": tomorrow });
        let made = owner.make("/api/v1/tokens", &wish);
        let clerk = sealgate_testkit::User { token: made["token"].as_str().expect("text").to_owned(), ..owner };
        let tenant = clerk.make("/api/v1/tenants", &json!({ "name": "Acme" }));
        let theirs = sealgate_testkit::User { token: tenant["admin_token"].as_str().expect("text").to_owned(), ..clerk };
        let tokens = theirs.api("GET", "/api/v1/tokens", &json!(null)).expect(200);
        assert_eq!(tokens["items"][0]["expires_at"], tomorrow);
        app.clock.advance(86_400);
        assert_problem(&theirs.api("GET", "/api/v1/tokens", &json!(null)), 401, "token_invalid");
    }

    fn a_revoked_token_takes_with_it_what_it_made(app: &TestApp) {
        let owner = app.owner();
        let child_of = |user: &sealgate_testkit::User| {
            let made = user.make("/api/v1/tokens", &json!({ "scopes": ["tokens:write", "apps:read"] }));
            let token = made["token"].as_str().expect("text").to_owned();
            (made["token_id"].as_str().expect("text").to_owned(), sealgate_testkit::User { token, ..user.clone() })
        };
        let revoke = |id: &str, wish: &serde_json::Value| app.api("POST", &format!("/api/v1/tokens/{id}/revoke"), wish);
        let may = |user: &sealgate_testkit::User| user.api("GET", "/api/v1/apps", &json!(null)).status;
        let (first_id, first) = child_of(&owner);
        let (second_id, second) = child_of(&first);
        let (_, third) = child_of(&second);
        let (_, other) = child_of(&owner);
        let list = app.api("GET", "/api/v1/tokens", &json!(null)).expect(200);
        let made_by = |id: &str| {
            let found = list["items"].as_array().expect("a list").iter().find(|t| t["token_id"] == *id);
            found.expect("is listed")["made_by"].clone()
        };
        assert_eq!(made_by(&second_id), json!(first_id));

        // One of them is kept when its maker goes; the maker's maker still takes it along.
        assert_eq!(revoke(&second_id, &json!({ "keep_made": true })).expect(200)["also_revoked"], json!(0));
        assert_eq!([&first, &second, &third, &other].map(may), [200, 401, 200, 200]);
        assert_eq!(revoke(&first_id, &json!(null)).expect(200)["also_revoked"], json!(1));
        assert_eq!([&first, &third, &other].map(may), [401, 401, 200]);
        assert_eq!(revoke(&first_id, &json!({})).expect(200)["also_revoked"], json!(0));
        assert_eq!(app.count("audit WHERE action = 'token.revoked'"), 2);
        assert_eq!(app.count("audit WHERE action = 'token.made_revoked' AND detail LIKE '%\"also_revoked\":1%'"), 1);
    }

    fn no_token_outlives_the_revocation_of_its_maker_that_comes_at_the_same_time(app: &TestApp) {
        let owner = app.owner();
        for _ in 0..8 {
            let made = owner.make("/api/v1/tokens", &json!({ "scopes": ["tokens:write"] }));
            let thief = sealgate_testkit::User { token: made["token"].as_str().expect("text").to_owned(), ..owner.clone() };
            let path = format!("/api/v1/tokens/{}/revoke", made["token_id"].as_str().expect("text"));
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| thief.api("POST", "/api/v1/tokens", &json!({ "scopes": ["tokens:write"] })));
                }
                scope.spawn(|| owner.api("POST", &path, &json!(null)).expect(200));
            });
        }
        assert_eq!(app.count("tokens WHERE made_by IN (SELECT token_id FROM tokens WHERE revoked_at IS NOT NULL) AND revoked_at IS NULL"), 0);
    }

    fn a_revoked_token_ends_at_once_and_stays_listed(app: &TestApp) {
        let made = app.api("POST", "/api/v1/tokens", &json!({ "scopes": ["owner"] })).expect(201);
        let mut user = app.owner();
        made["token"].as_str().expect("text").clone_into(&mut user.token);
        let path = format!("/api/v1/tokens/{}/revoke", made["token_id"].as_str().expect("text"));
        let revoked = app.api("POST", &path, &json!(null)).expect(200);
        assert!(revoked["revoked_at"].is_string());
        assert_problem(&user.api("GET", "/api/v1/apps", &json!(null)), 401, "token_invalid");
        assert_eq!(app.api("POST", &path, &json!(null)).expect(200), revoked, "twice changes nothing");
        assert_eq!(app.count("audit WHERE action = 'token.revoked'"), 1);
    }

    fn nobody_passes_on_more_than_he_has(app: &TestApp) {
        let clerk = app.owner().with_scopes(&["tokens:write", "licenses:read"]);
        clerk.api("POST", "/api/v1/tokens", &json!({ "scopes": ["licenses:read"] })).expect(201);
        for scopes in [json!(["licenses:write"]), json!(["owner"]), json!(["installation"]), json!(["licenses:read", "apps:read"])] {
            let answer = clerk.api("POST", "/api/v1/tokens", &json!({ "scopes": scopes }));
            assert_problem(&answer, 403, "scope_missing");
        }
        let owners = app.api("POST", "/api/v1/tokens", &json!({ "scopes": ["owner"] })).expect(201);
        let path = format!("/api/v1/tokens/{}/revoke", owners["token_id"].as_str().expect("text"));
        assert_problem(&clerk.api("POST", &path, &json!(null)), 403, "scope_missing");
        let tenants_owner = app.tenant("Acme");
        let answer = tenants_owner.api("POST", "/api/v1/tokens", &json!({ "scopes": ["installation"] }));
        assert_problem(&answer, 403, "scope_missing");
    }

    fn a_name_gets_nobody_a_token_that_he_could_not_make(app: &TestApp) {
        let clerk = app.owner().with_scopes(&["tokens:write"]);
        let body = json!({ "scopes": ["owner"] });
        app.owner().api_once("POST", "/api/v1/tokens", &body, "n-1").expect(201);
        assert_problem(&clerk.api_once("POST", "/api/v1/tokens", &body, "n-1"), 403, "scope_missing");
    }

    fn shared_keys_need_the_scope_of_the_installation(app: &TestApp) {
        let acme = app.tenant("Acme");
        acme.api("POST", "/api/v1/keys/rotate", &json!({ "use": "issuer" })).expect(200);
        for key_use in ["authority", "root"] {
            let answer = acme.api("POST", "/api/v1/keys/rotate", &json!({ "use": key_use }));
            assert_problem(&answer, 403, "scope_missing");
        }
        let keys = acme.api("GET", "/api/v1/keys", &json!(null)).expect(200);
        for key in keys["items"].as_array().expect("a list").iter().filter(|key| key["scope"] == "installation") {
            let path = format!("/api/v1/keys/{}/revoke", key["keyid"].as_str().expect("text"));
            assert_problem(&acme.api("POST", &path, &json!({})), 403, "scope_missing");
        }
    }

    fn the_last_token_that_may_do_everything_stays(app: &TestApp) {
        let list = app.api("GET", "/api/v1/tokens", &json!(null)).expect(200);
        let first = list["items"][0]["token_id"].as_str().expect("text").to_owned();
        let ask = |id: &str, wish: &serde_json::Value| app.api("POST", &format!("/api/v1/tokens/{id}/revoke"), wish);
        let revoke = |id: &str| ask(id, &json!({ "keep_made": true }));
        let make = |wish: &serde_json::Value| app.api("POST", "/api/v1/tokens", wish).expect(201);
        assert_problem(&revoke(&first), 409, "last_owner");
        app.api("GET", "/api/v1/apps", &json!(null)).expect(200);

        // Others that do not have every scope of it, are over, or are revoked, change nothing.
        make(&json!({ "scopes": ["tokens:write", "tokens:read"] }));
        make(&json!({ "scopes": ["owner"] }));
        make(&json!({ "scopes": ["installation"] }));
        let both = json!(["owner", "installation"]);
        let end = sealgate_wire::Timestamp(sealgate_artifact::UnixSeconds::new(app.clock.seconds() + 60).expect("in range"));
        let over = make(&json!({ "scopes": both, "expires_at": end.to_string() }));
        let revoked = make(&json!({ "scopes": both }));
        revoke(revoked["token_id"].as_str().expect("text")).expect(200);
        app.clock.advance(60);
        assert_eq!(app.count("audit WHERE action = 'token.revoked'"), 1);

        revoke(over["token_id"].as_str().expect("text")).expect(200);
        let list = app.api("GET", "/api/v1/tokens?limit=200", &json!(null)).expect(200);
        let named = |scopes: serde_json::Value| {
            let found = list["items"].as_array().expect("a list").iter()
                .find(|t| t["scopes"] == scopes && t["revoked_at"].is_null());
            found.expect("is listed")["token_id"].as_str().expect("text").to_owned()
        };
        // Now one scope is held by the first alone, then the other.
        revoke(&named(json!(["installation"]))).expect(200);
        assert_problem(&revoke(&first), 409, "last_owner");
        make(&json!({ "scopes": ["installation"] }));
        // It made them all: with it, nobody would be left.
        assert_problem(&ask(&first, &json!({})), 409, "last_owner");
        revoke(&first).expect(200);
        assert_problem(&app.api("GET", "/api/v1/apps", &json!(null)), 401, "token_invalid");
    }

    fn each_tenant_keeps_an_owner(app: &TestApp) {
        let acme = app.tenant("Acme");
        let list = acme.api("GET", "/api/v1/tokens", &json!(null)).expect(200);
        let path = format!("/api/v1/tokens/{}/revoke", list["items"][0]["token_id"].as_str().expect("text"));
        assert_problem(&acme.api("POST", &path, &json!(null)), 409, "last_owner");
        acme.api("POST", "/api/v1/tokens", &json!({ "scopes": ["owner"] })).expect(201);
        assert_problem(&acme.api("POST", &path, &json!(null)), 409, "last_owner");
        acme.api("POST", &path, &json!({ "keep_made": true })).expect(200);
    }

    fn what_no_token_can_be_is_refused(app: &TestApp) {
        for wish in [
            json!({}), json!({ "scopes": [] }), json!({ "scopes": ["everything"] }), json!({ "scopes": "owner" }),
            json!({ "scopes": ["owner"], "name": "" }), json!({ "scopes": ["owner"], "expires_at": "2020-01-01T00:00:00Z" }),
        ] {
            refused_without_effect(app, ("POST", "/api/v1/tokens", &wish), 400, "malformed_request");
        }
    }
}
