//! For every operation of the document: what is one vendor's does not exist for another, and a token does what its scope
//! says.

use sealgate_testkit::{Answer, Operation, TestApp, User, on_both_engines, stage};
use serde_json::json;

use crate::support::{anonymous, state};

const NOBODYS_ID: &str = "01926a3b-0000-7000-8000-000000000000";

fn all(app: &TestApp) -> Vec<Operation> {
    let all = app.operations();
    assert!(all.len() >= 50, "the document holds the API");
    all
}

/// Every token that has one scope.
fn users(owner: &User) -> Vec<(String, User)> {
    let scopes = sealgate_control::Scope::ALL.iter().map(|scope| scope.as_str());
    scopes.map(|scope| (scope.to_owned(), owner.with_scopes(&[scope]))).collect()
}

on_both_engines! {
    fn what_is_one_vendors_does_not_exist_for_another(app: &TestApp) {
        let (owner, twin) = (app.owner(), app.tenant("Twin"));
        for operation in all(app) {
            let staged = stage(app, &owner, &operation.id);
            if !staged.mentions.is_empty() {
                let before = state(app);
                let (real, unknown) = (staged.ask(&operation, &twin), staged.about_nothing().ask(&operation, &twin));
                // Each says again what it was asked for, and nothing else.
                let told = |answer: &Answer| {
                    let (status, body) = anonymous(answer);
                    let names = staged.mentions.iter().map(String::as_str);
                    (status, names.fold(body.to_string(), |text, name| text.replace(name, NOBODYS_ID)))
                };
                assert_eq!(told(&real), told(&unknown), "{operation:?}");
                match (operation.scope.as_str(), operation.path.contains('{') || !staged.body.is_null()) {
                    ("installation", _) => assert_eq!(real.status, 403, "{operation:?}"),
                    (_, true) => assert_eq!(real.status, 404, "{operation:?}"),
                    // A list of something that nobody has is empty, or the something is not found.
                    (_, false) => {
                        let is_empty = real.status == 200 && real.json()["items"] == json!([]);
                        assert!(is_empty || real.status == 404, "{operation:?}: {real:?}");
                    }
                }
                assert_eq!(state(app), before, "{operation:?}");
            } else if operation.method == "GET" {
                let answer = staged.ask(&operation, &twin);
                let items = answer.json()["items"].as_array().cloned().unwrap_or_default();
                let foreign = owners_names(app);
                let text = json!(items).to_string();
                assert!(!foreign.iter().any(|id| text.contains(id)), "{operation:?}: {text}");
            }
            let answer = staged.ask(&operation, &owner);
            assert!((200..300).contains(&answer.status), "{operation:?}: {answer:?}");
        }
    }

    fn a_token_does_what_its_scope_says_and_nothing_else(app: &TestApp) {
        let owner = app.owner();
        let users = users(&owner);
        for operation in all(app) {
            let staged = stage(app, &owner, &operation.id);
            let before = state(app);
            let alone = |scope: &str| scope == operation.scope && operation.also.is_none();
            let allows = |scope: &str| alone(scope) || scope == "owner" && operation.scope != "installation";
            for (scope, user) in users.iter().filter(|(scope, _)| !allows(scope)) {
                let answer = staged.ask(&operation, user);
                assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("scope_missing")), "{scope}: {operation:?}");
            }
            assert_eq!(state(app), before, "{operation:?}");
            for (scope, user) in users.iter().filter(|(scope, _)| allows(scope)) {
                // What creates something under a name needs another name the second time.
                let answer = stage(app, &owner, &operation.id).ask(&operation, user);
                assert!((200..300).contains(&answer.status), "{scope}: {operation:?}: {answer:?}");
            }
            if let Some(also) = &operation.also {
                let both = owner.with_scopes(&[&operation.scope, also]);
                let answer = stage(app, &owner, &operation.id).ask(&operation, &both);
                assert!((200..300).contains(&answer.status), "{operation:?}: {answer:?}");
            }
        }
    }

    fn nobody_without_a_token_gets_anything(app: &TestApp) {
        let nobody = User { token: "sgt_x".to_owned(), ..app.owner() };
        for operation in all(app) {
            let staged = stage(app, &app.owner(), &operation.id);
            let before = state(app);
            assert_eq!(staged.ask(&operation, &nobody).status, 401, "{operation:?}");
            // Whoever guesses often is asked to wait.
            app.clock.advance(1);
            assert_eq!(state(app), before, "{operation:?}");
        }
    }
}

/// Every identifier of the first tenant's things.
fn owners_names(app: &TestApp) -> Vec<String> {
    let first = app.texts("SELECT tenant_id FROM tenants WHERE name = 'default'")[0].clone();
    let of = |column: &str, table: &str| {
        app.texts(&format!("SELECT {column} FROM {table} WHERE tenant_id = '{first}'"))
    };
    let columns =
        [("token_id", "tokens"), ("app_id", "apps"), ("license_id", "licenses"), ("audit_id", "audit")];
    columns.into_iter().flat_map(|(column, table)| of(column, table)).chain([first.clone()]).collect()
}
