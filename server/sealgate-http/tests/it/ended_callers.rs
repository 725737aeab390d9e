//! For every operation of the document: a request that waited, for its body or its turn, does nothing for a token that was
//! revoked or has ended meanwhile, or whose tenant was suspended (`spec/http.md` §3.3).

use std::io::{Read, Write};
use std::net::TcpStream;

use sealgate_testkit::{Answer, Engine, Operation, Staged, TestApp, User, on_both_engines, stage};
use serde_json::{Value, json};

use crate::support::{assert_problem, state};

/// What ends a caller, and what it hears then.
const ENDS: [(&str, u16, &str); 3] = [
    ("UPDATE tokens SET revoked_at = 1 WHERE token_id", 401, "token_invalid"),
    ("UPDATE tokens SET expires_at = 1 WHERE token_id", 401, "token_invalid"),
    (
        "UPDATE tenants SET suspended_at = 1 WHERE tenant_id IN (SELECT tenant_id FROM tokens WHERE token_id",
        403,
        "tenant_suspended",
    ),
];

/// A new token that may do the same: its id, and who has it.
fn another(by: &User, scopes: &Value) -> (String, User) {
    let made = by.make("/api/v1/tokens", &json!({ "scopes": scopes }));
    let text = |name: &str| made[name].as_str().expect("text").to_owned();
    (text("token_id"), User { token: text("token"), ..by.clone() })
}

/// The statement that ends that token's caller.
fn ending(statement: &str, token: &str) -> String {
    let close = if statement.contains('(') { ")" } else { "" };
    format!("{statement} = '{token}'{close}")
}

/// From now on, whoever had to wait for the transaction finds this done when it begins.
pub(crate) fn before_each_transaction(app: &TestApp, statement: &str) {
    app.meddle(&if app.data().join("sealgate.db").exists() {
        format!("CREATE TRIGGER meanwhile AFTER UPDATE ON change_counter BEGIN {statement}; END")
    } else {
        format!(
            "CREATE FUNCTION meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NULL; END $$; \
             CREATE TRIGGER meanwhile AFTER UPDATE ON change_counter FOR EACH ROW EXECUTE FUNCTION meanwhile()"
        )
    });
}

pub(crate) fn no_more(app: &TestApp) {
    app.meddle(if app.data().join("sealgate.db").exists() {
        "DROP TRIGGER meanwhile"
    } else {
        "DROP TRIGGER meanwhile ON change_counter; DROP FUNCTION meanwhile()"
    });
    app.meddle("UPDATE tenants SET suspended_at = NULL");
}

/// A request whose body the server waits for: it has looked at the token.
struct Waiting(TcpStream);

impl Waiting {
    fn send(operation: &Operation, staged: &Staged, by: &User) -> Self {
        let address = by.url.strip_prefix("http://").expect("a URL");
        let mut connection = TcpStream::connect(address).expect("the server listens");
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
             content-length: {}\r\nexpect: 100-continue\r\n\r\n",
            operation.method,
            staged.url(operation),
            by.token,
            body(staged).len()
        );
        connection.write_all(head.as_bytes()).expect("the server reads");
        let mut told = [0; 25];
        connection.read_exact(&mut told).expect("the server asks for the body");
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n", "{operation:?}");
        Self(connection)
    }

    /// Its answer, once it has its body.
    fn finish(mut self, staged: &Staged) -> String {
        self.0.write_all(body(staged).as_bytes()).expect("the server reads");
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).expect("the server answers");
        answer
    }
}

fn body(staged: &Staged) -> String {
    if staged.body.is_null() { "{}".to_owned() } else { staged.body.to_string() }
}

/// Operations that take a body.
fn with_body(app: &TestApp) -> Vec<Operation> {
    let document = app.document();
    let takes =
        |o: &Operation| document["paths"][&o.path][o.method.to_lowercase()]["requestBody"].is_object();
    app.operations().into_iter().filter(takes).collect()
}

#[track_caller]
fn assert_told(answer: &str, status: u16, code: &str, operation: &Operation) {
    let (begin, code) = (format!("HTTP/1.1 {status} "), format!("\"code\":\"{code}\""));
    assert!(answer.starts_with(&begin) && answer.contains(&code), "{operation:?}: {answer}");
}

on_both_engines! {
    fn a_token_that_is_revoked_before_the_body_is_there_does_nothing(app: &TestApp) {
        let (owner, all) = (app.owner(), with_body(app));
        assert!(all.len() >= 25, "{} operations", all.len());
        for operation in all {
            let (id, user) = another(&owner, &json!(["owner", "installation"]));
            let staged = stage(app, &owner, &operation.id);
            let waiting = Waiting::send(&operation, &staged, &user);
            owner.api("POST", &format!("/api/v1/tokens/{id}/revoke"), &json!({})).expect(200);
            let before = state(app);
            assert_told(&waiting.finish(&staged), 401, "token_invalid", &operation);
            assert_eq!(state(app), before, "{operation:?}");
        }
    }

    fn a_tenant_that_is_suspended_before_the_body_is_there_does_nothing(app: &TestApp) {
        let (owner, twin) = (app.owner(), app.tenant("Twin"));
        let tenant = app.texts("SELECT tenant_id FROM tenants WHERE name = 'Twin'")[0].clone();
        let change = |verb: &str| owner.api("POST", &format!("/api/v1/tenants/{tenant}/{verb}"), &json!(null)).expect(200);
        for operation in with_body(app).into_iter().filter(|o| o.scope != "installation") {
            let staged = stage(app, &twin, &operation.id);
            let waiting = Waiting::send(&operation, &staged, &twin);
            change("suspend");
            let before = state(app);
            assert_told(&waiting.finish(&staged), 403, "tenant_suspended", &operation);
            assert_eq!(state(app), before, "{operation:?}");
            change("resume");
        }
    }

    fn whoever_ends_before_the_transaction_changes_nothing(app: &TestApp) {
        // Two read, and one has nothing to accept.
        let others = ["look_up_license", "preview_license", "preview_renewal", "accept_clock"];
        let writes = |o: &Operation| o.method != "GET" && !others.contains(&&*o.id);
        let owner = app.owner();
        let writes: Vec<Operation> = app.operations().into_iter().filter(writes).collect();
        assert!(writes.len() >= 30, "{} operations", writes.len());
        for (n, operation) in writes.into_iter().enumerate() {
            // The revocation of a token only takes rights away: its transaction looks at the token, and not at the tenant.
            let (statement, status, code) = ENDS[n % ENDS.len()];
            let (id, user) = another(&owner, &json!(["owner", "installation"]));
            let staged = stage(app, &owner, &operation.id);
            let before = state(app).rows();
            before_each_transaction(app, &ending(statement, &id));
            let answer = staged.ask(&operation, &user);
            no_more(app);
            assert_eq!(answer.status, status, "{operation:?}: {answer:?}");
            assert_problem(&answer, status, code);
            assert_eq!(state(app).rows(), before, "{operation:?}");
        }
    }

    fn a_token_that_revokes_itself_is_answered(app: &TestApp) {
        let (id, user) = another(&app.owner(), &json!(["owner", "installation"]));
        let (made, _) = another(&user, &json!(["apps:read"]));
        let told = user.api("POST", &format!("/api/v1/tokens/{id}/revoke"), &json!({})).expect(200);
        assert_eq!((&told["token_id"], &told["also_revoked"]), (&json!(id), &json!(1)), "{made}");
        assert_problem(&user.api("GET", "/api/v1/apps", &json!(null)), 401, "token_invalid");
    }
}

/// The answer to a request that waits to read one of these tables, of a database on PostgreSQL, while that is done. On SQLite
/// a reader waits for nobody.
fn answer_after(app: &TestApp, tables: &str, ask: impl Fn() -> Answer + Sync, statement: &str) -> Answer {
    const WAITS: &str = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' \
                         AND query LIKE 'SELECT%'";
    let (lock, locked) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let locked = locked;
            locked.recv().expect("it is locked");
            ask()
        });
        app.while_locked(tables, || {
            lock.send(()).expect("it waits");
            while app.count(WAITS) == 0 {
                std::thread::yield_now();
            }
            app.meddle(statement);
        });
        reader.join().expect("gets an answer")
    })
}

#[test]
fn what_was_read_for_a_caller_who_ended_meanwhile_is_not_told() {
    const TABLES: &str = "access_entries, approvals, apps, audit, audit_heads, bundles, customers, devices, events, jobs, keysets, \
                          licenses, license_statements, plans, published_releases, roots, servers, signing_keys, snapshots";
    // They read what every caller is judged by, or nothing.
    const OTHERS: [&str; 4] = ["list_tenants", "show_tenant", "list_tokens", "show_clock"];
    let app = &TestApp::start(Engine::Postgres);
    let owner = app.owner();
    let posted = ["look_up_license", "preview_license", "preview_renewal"];
    let reads = |o: &Operation| (o.method == "GET" || posted.contains(&&*o.id)) && !OTHERS.contains(&&*o.id);
    let reads: Vec<Operation> = app.operations().into_iter().filter(reads).collect();
    assert!(reads.len() >= 20, "{}", reads.len());
    for (n, operation) in reads.into_iter().enumerate() {
        let (statement, status, code) = ENDS[n % ENDS.len()];
        let (id, user) = another(&owner, &json!(["owner", "installation"]));
        let staged = stage(app, &owner, &operation.id);
        let answer = answer_after(app, TABLES, || staged.ask(&operation, &user), &ending(statement, &id));
        assert_eq!(answer.status, status, "{operation:?}: {answer:?}");
        assert_problem(&answer, status, code);
        app.meddle("UPDATE tenants SET suspended_at = NULL");
    }
}

#[test]
fn a_kept_answer_is_not_told_to_a_caller_who_ended_meanwhile() {
    let app = &TestApp::start(Engine::Postgres);
    let wish = json!({ "scopes": ["apps:read"] });
    for (statement, status, code) in ENDS {
        let (id, user) = another(&app.owner(), &json!(["tokens:write", "apps:read"]));
        let ask = || user.api_once("POST", "/api/v1/tokens", &wish, "n-1");
        ask().expect(201);
        assert_problem(&answer_after(app, "idempotency", ask, &ending(statement, &id)), status, code);
        app.meddle("UPDATE tenants SET suspended_at = NULL");
    }
}
