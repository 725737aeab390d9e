//! A tenant with very many access tokens, as a thief of one makes them (`spec/http.md` §3.12).

use sealgate_testkit::{TestApp, User, on_both_engines};
use serde_json::{Value, json};

use crate::support::assert_problem;

/// Adds tokens of the first tenant behind the server's back: so many, numbered from `base` on; `made_by` is SQL that may use
/// the number `n`.
fn add(app: &TestApp, (base, many): (u64, u64), scope: &str, made_by: &str, (ends, revoked): (&str, &str)) {
    let hash = if app.data().join("sealgate.db").exists() {
        "RANDOMBLOB(32)".to_owned()
    } else {
        format!("SHA256(CONVERT_TO(CAST({base} + n AS TEXT), 'UTF8'))")
    };
    app.meddle(&format!(
        "INSERT INTO tokens (token_id, tenant_id, name, token_hash, scopes, created_at, expires_at, revoked_at, made_by) \
         WITH RECURSIVE ns (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM ns WHERE n < {many} - 1) \
         SELECT {}, tenant_id, 'made', {hash}, '{scope}', 1, {ends}, {revoked}, {made_by} \
         FROM tenants, ns WHERE name = 'default'",
        id(&format!("{base} + n"))
    ));
}

const IN_FORCE: (&str, &str) = ("NULL", "NULL");

fn id(n: &str) -> String {
    format!("'02926a3b-0000-7000-8000-' || CAST(100000000000 + {n} AS TEXT)")
}

/// A new token of those scopes, made by that user: its id as SQL, and who has it.
fn made(by: &User, scopes: &Value) -> (String, User) {
    let made = by.make("/api/v1/tokens", &json!({ "scopes": scopes }));
    let token = made["token"].as_str().expect("text").to_owned();
    (made["token_id"].as_str().expect("text").to_owned(), User { token, ..by.clone() })
}

fn revoke(by: &User, id: &str, wish: &Value) -> sealgate_testkit::Answer {
    by.api("POST", &format!("/api/v1/tokens/{id}/revoke"), wish)
}

fn in_force(app: &TestApp) -> u64 {
    app.count("tokens WHERE revoked_at IS NULL")
}

on_both_engines! {
    fn a_tenant_has_at_most_a_thousand_tokens_in_force(app: &TestApp) {
        let (owner, wish) = (app.owner(), json!({ "scopes": ["apps:read"] }));
        let (thousandth, _) = made(&owner, &wish["scopes"]);
        add(app, (0, 996), "apps:read", "NULL", IN_FORCE);
        add(app, (10_000, 1), "apps:read", "NULL", (&(app.clock.seconds() + 60).to_string(), "NULL"));
        // These do not count.
        add(app, (20_000, 1500), "apps:read", "NULL", ("NULL", "1"));
        add(app, (30_000, 1500), "apps:read", "NULL", (&app.clock.seconds().to_string(), "NULL"));
        let acme = app.tenant("Acme");
        let last = owner.api_once("POST", "/api/v1/tokens", &wish, "n-1").expect(201);
        assert_problem(&owner.api("POST", "/api/v1/tokens", &wish), 409, "limit_reached");
        assert_problem(&owner.api_once("POST", "/api/v1/tokens", &wish, "n-2"), 409, "limit_reached");
        assert_eq!(owner.api_once("POST", "/api/v1/tokens", &wish, "n-1").expect(201), last, "it was made");
        acme.make("/api/v1/tokens", &wish);
        // One that is revoked makes room, and one that ends.
        revoke(&owner, &thousandth, &json!({})).expect(200);
        owner.make("/api/v1/tokens", &wish);
        assert_problem(&owner.api("POST", "/api/v1/tokens", &wish), 409, "limit_reached");
        app.clock.advance(60);
        owner.make("/api/v1/tokens", &wish);
        assert_problem(&owner.api("POST", "/api/v1/tokens", &wish), 409, "limit_reached");
    }

    /// As an earlier version let a thief make them: beside each other, in a row, and by tokens that were revoked alone.
    fn what_a_token_made_is_revoked_in_pages(app: &TestApp) {
        let owner = app.owner();
        let (stolen, thief) = made(&owner, &json!(["tokens:write"]));
        add(app, (0, 20_000), "tokens:write", &format!("'{stolen}'"), IN_FORCE);
        add(app, (100_000, 300), "tokens:write", &id("99999 + n"), IN_FORCE);
        app.meddle(&format!("UPDATE tokens SET made_by = '{stolen}' WHERE token_id = {}", id("100000")));
        app.meddle(&format!("UPDATE tokens SET revoked_at = 1 WHERE token_id = {}", id("100010")));
        let (other, clerk) = made(&{ app.meddle("UPDATE tokens SET expires_at = 1 WHERE name = 'made'"); owner.clone() },
            &json!(["apps:read"]));
        app.meddle("UPDATE tokens SET expires_at = NULL WHERE name = 'made'");
        let told = revoke(&owner, &stolen, &json!({})).expect(200);
        // The server's own job may have revoked some of them meanwhile.
        assert!((1..=20_299).contains(&told["also_revoked"].as_u64().expect("a number")));
        assert!(told["revoked_at"].is_string());
        assert_eq!(in_force(app), 2, "the owner's and {other}");
        assert_problem(&thief.api("GET", "/api/v1/tokens", &json!(null)), 401, "token_invalid");
        clerk.api("GET", "/api/v1/apps", &json!(null)).expect(200);
        let pages = app.texts("SELECT detail FROM audit WHERE action = 'token.made_revoked'");
        let pages: Vec<u64> = pages.iter().map(|detail| {
            serde_json::from_str::<Value>(detail).expect("JSON")["also_revoked"].as_u64().expect("a number")
        }).collect();
        assert!(pages.len() >= 20 && pages.iter().all(|page| *page <= 2_000), "others write in between: {pages:?}");
        assert_eq!(pages.iter().sum::<u64>(), 20_299);
        assert_eq!(revoke(&owner, &stolen, &json!({})).expect(200)["also_revoked"], 0);
        assert_eq!(app.count("audit WHERE action = 'token.revoked'"), 1);
    }

    fn what_was_interrupted_goes_on(app: &TestApp) {
        let owner = app.owner();
        // The stolen token is revoked; what it made is about to be.
        let interrupted = || {
            let (stolen, thief) = made(&owner, &json!(["owner"]));
            let (child, childs) = made(&thief, &json!(["owner"]));
            let (_, grandchilds) = made(&childs, &json!(["owner"]));
            app.meddle(&format!("UPDATE tokens SET revoked_at = 1, made_ends = 1 WHERE token_id = '{stolen}'"));
            // None of them makes another, or revokes those who are left.
            let wish = json!({ "scopes": ["tokens:write"] });
            for user in [&childs, &grandchilds] {
                assert_problem(&user.api("POST", "/api/v1/tokens", &wish), 401, "token_invalid");
                assert_problem(&revoke(user, &child, &json!({ "keep_made": true })), 401, "token_invalid");
            }
            (stolen, grandchilds)
        };
        let (stolen, user) = interrupted();
        revoke(&owner, &stolen, &json!({})).expect(200);
        assert_problem(&user.api("GET", "/api/v1/apps", &json!(null)), 401, "token_invalid");

        let (_, user) = interrupted();
        app.clock.advance(60);
        // Whoever runs the jobs: the server may have begun.
        let is_over = || {
            app.run_jobs();
            user.api("GET", "/api/v1/apps", &json!(null)).status == 401
        };
        assert!((0..500).any(|_| is_over()), "a job goes on");
        assert_problem(&user.api("GET", "/api/v1/apps", &json!(null)), 401, "token_invalid");
        assert_eq!(in_force(app), 1);
    }

    fn among_many_that_may_do_everything_the_last_that_stays_is_found(app: &TestApp) {
        let owner = app.owner();
        let (stolen, thief) = made(&owner, &json!(["owner"]));
        add(app, (0, 20_000), "owner", &format!("'{stolen}'"), IN_FORCE);
        let list = app.api("GET", "/api/v1/tokens?limit=200", &json!(null)).expect(200);
        let first = app.texts("SELECT token_id FROM tokens WHERE made_by IS NULL").remove(0);
        assert!(list["next_cursor"].is_string());
        // With all that it made nobody would be left who may look after the installation, or the tenant.
        assert_problem(&revoke(&owner, &first, &json!({})), 409, "last_owner");
        assert_problem(&revoke(&owner, &first, &json!({ "keep_made": true })), 409, "last_owner");
        assert_problem(&revoke(&thief, &first, &json!({})), 403, "scope_missing");
        // The thief's own go when he says so, too: the first one stays.
        revoke(&thief, &stolen, &json!({})).expect(200);
        assert_eq!(in_force(app), 1);
    }

    /// All that may do everything descend from the one that is to go, by a row of makers: a few of them are looked at.
    fn who_would_leave_nobody_hears_so_at_once(app: &TestApp) {
        let owner = app.owner();
        let first = app.texts("SELECT token_id FROM tokens WHERE made_by IS NULL").remove(0);
        add(app, (0, 990), "owner", &id("n - 1"), ("NULL", "1"));
        app.meddle(&format!("UPDATE tokens SET made_by = '{first}' WHERE token_id = {}", id("0")));
        add(app, (10_000, 999), "owner", &id("989"), IN_FORCE);
        assert_problem(&revoke(&owner, &first, &json!({})), 409, "last_owner");
        // Nor is one made while everybody waits for the count of its makers.
        assert_problem(&owner.api("POST", "/api/v1/tokens", &json!({ "scopes": ["owner"] })), 409, "limit_reached");
    }

    /// Who descends from whom is looked up for as long as this.
    fn a_row_of_tokens_in_which_each_made_the_next_has_an_end(app: &TestApp) {
        let (_, user) = made(&app.owner(), &json!(["tokens:write"]));
        let leaf = app.texts("SELECT token_id FROM tokens WHERE made_by IS NOT NULL").remove(0);
        add(app, (0, 998), "apps:read", &id("n - 1"), ("NULL", "1"));
        app.meddle(&format!("UPDATE tokens SET made_by = NULL WHERE token_id = {}", id("0")));
        app.meddle(&format!("UPDATE tokens SET made_by = {} WHERE token_id = '{leaf}'", id("997")));
        let (_, thousandth) = made(&user, &json!(["tokens:write"]));
        let answer = thousandth.api("POST", "/api/v1/tokens", &json!({ "scopes": ["tokens:write"] }));
        assert_problem(&answer, 409, "limit_reached");
    }
}
