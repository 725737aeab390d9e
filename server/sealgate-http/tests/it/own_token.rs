//! Who asks, what it may do, and what a token of a preset is refused (`spec/http.md` §3.3, §3.12).

use std::collections::BTreeSet;

use sealgate_control::Preset;
use sealgate_testkit::{TestApp, User, on_both_engines};
use serde_json::{Value, json};

use crate::ended_callers::{before_each_transaction, no_more};
use crate::support::assert_problem;

const NOBODYS: &str = "01926a3b-0000-7000-8000-000000000000";

/// What a token of each preset may ask for, and nothing else.
const MAY: [(&str, &[&str]); 3] = [
    (
        "shop",
        &[
            "list_plans",
            "show_plan",
            "create_customer",
            "list_customers",
            "show_customer",
            "update_customer",
            "merge_customers",
            "forget_customer",
            "import_licenses",
            "issue_licenses",
            "list_licenses",
            "look_up_license",
            "resign_licenses",
            "show_license",
            "update_license",
            "preview_license",
            "license_file",
            "renew_license",
            "preview_renewal",
            "suspend_license",
            "resume_license",
            "revoke_license",
            "license_variables",
            "set_license_variables",
            "change_license_variables",
            "list_snapshots",
            "sign_snapshot",
        ],
    ),
    (
        "support",
        &[
            "list_customers",
            "show_customer",
            "list_licenses",
            "look_up_license",
            "show_license",
            "license_variables",
            "list_devices",
            "show_device",
            "update_device",
            "release_device",
            "reset_devices",
            "list_activations",
            "show_activation",
            "activation_chain",
            "list_events",
            "list_bundles",
            "show_bundle",
            "list_snapshots",
        ],
    ),
    ("ci", &["list_apps", "show_app", "app_trust", "app_variables", "show_credits"]),
];

/// A token with what the preset has.
fn of_preset(owner: &User, name: &str) -> User {
    let scopes: Vec<&str> =
        Preset::named(name).expect("is a preset").scopes.iter().map(|scope| scope.as_str()).collect();
    owner.with_scopes(&scopes)
}

/// The operations that are not refused for a scope.
fn allowed(app: &TestApp, user: &User) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for operation in app.operations() {
        let path = operation.path.split_once('{').map_or(operation.path.clone(), |(begin, rest)| {
            format!("{begin}{NOBODYS}{}", rest.split_once('}').expect("a closed brace").1)
        });
        let answer = user.api(&operation.method, &path, &json!(null));
        if answer.status == 403 {
            assert_problem(&answer, 403, "scope_missing");
        } else {
            allowed.insert(operation.id);
        }
    }
    allowed
}

fn message(answer: &sealgate_testkit::Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.bytes).expect("JSON");
    body["message"].as_str().expect("text").to_owned()
}

on_both_engines! {
    fn a_token_of_a_preset_may_do_what_its_story_needs_and_nothing_else(app: &TestApp) {
        assert_eq!(MAY.map(|(name, _)| name).to_vec(), Preset::ALL.iter().map(|preset| preset.name).collect::<Vec<_>>());
        for (name, may) in MAY {
            let may: BTreeSet<String> = may.iter().map(|id| (*id).to_owned()).collect();
            assert_eq!(allowed(app, &of_preset(&app.owner(), name)), may, "{name}");
        }
    }

    fn every_token_learns_whose_it_is_and_what_it_may_do(app: &TestApp) {
        let acme = app.tenant("Acme");
        let end = sealgate_wire::Timestamp(sealgate_artifact::UnixSeconds::new(app.clock.seconds() + 60).expect("in range"));
        let wish = json!({ "scopes": ["events:read"], "name": "log", "expires_at": end.to_string() });
        let made = acme.make("/api/v1/tokens", &wish);
        let token = made["token"].as_str().expect("text").to_owned();
        let user = User { token: token.clone(), ..acme };
        let own = user.api("GET", "/api/v1/token", &json!(null)).expect(200);
        let tenant = app.texts("SELECT tenant_id FROM tenants WHERE name = 'Acme'")[0].clone();
        assert_eq!(own, json!({
            "tenant_id": tenant, "tenant_name": "Acme", "token_id": made["token_id"], "name": "log",
            "scopes": ["events:read"], "expires_at": end.to_string(),
        }));
        app.clock.advance(60);
        assert_problem(&user.api("GET", "/api/v1/token", &json!(null)), 401, "token_invalid");
        let nobody = User { token: "sgt_nobody".to_owned(), ..user };
        assert_problem(&nobody.api("GET", "/api/v1/token", &json!(null)), 401, "token_invalid");
        let suspended = app.tenant("Closed");
        app.meddle("UPDATE tenants SET suspended_at = 1 WHERE name = 'Closed'");
        assert_problem(&suspended.api("GET", "/api/v1/token", &json!(null)), 403, "tenant_suspended");
    }

    fn a_refusal_names_the_scope_that_is_missing_and_those_that_are_there(app: &TestApp) {
        let owner = app.owner();
        let clerk = owner.with_scopes(&["licenses:write", "tokens:write", "apps:read"]);
        let asked = [
            ("GET", "/api/v1/plans".to_owned(), json!(null), "plans:read"),
            ("POST", format!("/api/v1/licenses/{NOBODYS}/rekey"), json!({}), "license-keys:read"),
            ("POST", "/api/v1/tokens".to_owned(), json!({ "scopes": ["apps:read", "apps:write", "owner"] }), "owner, apps:write"),
        ];
        for (method, path, body, lacks) in asked {
            let answer = clerk.api(method, &path, &body);
            assert_problem(&answer, 403, "scope_missing");
            let told = message(&answer);
            let wanted = format!("It lacks {lacks}; it has apps:read, licenses:write, tokens:write.");
            assert!(told.ends_with(&wanted), "{told}");
        }
        let another = owner.make("/api/v1/tokens", &json!({ "scopes": ["keys:read"] }));
        let path = format!("/api/v1/tokens/{}/revoke", another["token_id"].as_str().expect("text"));
        assert!(message(&clerk.api("POST", &path, &json!({}))).contains("It lacks keys:read;"));
        let both = owner.with_scopes(&["apps:read"]).api("POST", &format!("/api/v1/licenses/{NOBODYS}/rekey"), &json!({}));
        assert!(message(&both).contains("It lacks licenses:write, license-keys:read; it has apps:read."));
    }

    fn an_owner_whose_only_peer_is_revoked_meanwhile_stays(app: &TestApp) {
        let one = app.tenant("Acme");
        let id = |user: &User| {
            let own = user.api("GET", "/api/v1/token", &json!(null)).expect(200);
            own["token_id"].as_str().expect("text").to_owned()
        };
        let (first, second) = (id(&one), id(&one.with_scopes(&["owner"])));
        let path = format!("/api/v1/tokens/{first}/revoke");
        before_each_transaction(app, &format!("UPDATE tokens SET revoked_at = 1 WHERE token_id = '{second}'"));
        let told = one.api("POST", &path, &json!({ "keep_made": true }));
        no_more(app);
        assert!([409, 503].contains(&told.status), "{told:?}");
        one.api("GET", "/api/v1/apps", &json!(null)).expect(200);
        // With a peer that stays, it may go.
        let peer = one.with_scopes(&["owner"]);
        one.api("POST", &path, &json!({ "keep_made": true })).expect(200);
        peer.api("GET", "/api/v1/apps", &json!(null)).expect(200);
    }
}
