//! A runtime whose database user has the rights that the operator's guide lists: enough for its work, and no more.

use sealgate_artifact::{
    ChainRecord, ChainWord, DeviceRequest, HeartbeatRequest, Operation, UnixSeconds, Word,
};
use sealgate_testkit::{Build, TestActivation, TestDevice, on_postgres, request};
use serde_json::{Value, json};

use crate::roles::{Vendor, ask, now};
use crate::vendor::text;

/// What decides about rights and money, and what the Authority signs or answers from.
const FORBIDDEN: &[&str] = &[
    "UPDATE server_decisions SET approved_at = 1",
    "INSERT INTO server_decisions SELECT server_key, origins, 1, NULL FROM servers",
    "UPDATE servers SET server_key = 'another'",
    // With whose signature a device counts as admitted.
    "INSERT INTO activation_keys SELECT activation_key, server_key, 1 FROM servers",
    "UPDATE activation_keys SET public_key = 'another'",
    "INSERT INTO listed_activation_keys SELECT scope, 'another', 'active', 1 FROM keysets",
    "UPDATE listed_activation_keys SET state = 'active'",
    "UPDATE licenses SET max_devices = 1000",
    "UPDATE licenses SET tier = 'licensed'",
    "UPDATE licenses SET customer_id = NULL",
    "UPDATE customers SET max_devices = NULL",
    "DELETE FROM customers",
    "INSERT INTO customers (customer_id, tenant_id, metadata, seq, created_at) VALUES ('', '', '', 0, 0)",
    // Names, addresses and notes are nothing that it needs.
    "SELECT name FROM customers",
    "SELECT email, metadata, name_search FROM customers",
    "SELECT * FROM customers",
    "DELETE FROM licenses",
    "UPDATE apps SET secret_hash = secret_hash",
    "UPDATE apps SET public_key = next_public_key",
    "UPDATE plans SET max_devices = 1000",
    "UPDATE tenants SET issuer_key = issuer_key",
    "DELETE FROM tokens",
    "INSERT INTO tokens SELECT * FROM tokens",
    "DELETE FROM signing_keys",
    "UPDATE keysets SET version = 0",
    "UPDATE roots SET version = 0",
    "INSERT INTO roots SELECT version + 1, envelope FROM roots",
    "UPDATE jobs SET due_at = 0",
    "UPDATE license_statements SET version = 0",
    "DELETE FROM server_certificates",
    "DELETE FROM releases",
    "UPDATE audit SET detail = ''",
    "INSERT INTO audit SELECT * FROM audit",
    "DELETE FROM audit",
    "DELETE FROM events WHERE FALSE",
    "DELETE FROM debits WHERE FALSE",
    "DELETE FROM devices WHERE FALSE",
    "UPDATE devices SET metadata = ''",
    "UPDATE devices SET license_id = license_id",
    "UPDATE devices SET identity = identity",
    "UPDATE devices SET moved_at = NULL",
    "DELETE FROM trials WHERE FALSE",
    "UPDATE trials SET began_at = 0",
    "INSERT INTO approvals SELECT * FROM approvals",
    "INSERT INTO approvals (approval_id, status) SELECT approval_id, 'approved' FROM approvals",
    "UPDATE approvals SET status = 'approved'",
    "UPDATE approvals SET license_id = license_id",
    "DELETE FROM approvals WHERE FALSE",
    // What was taken back is nothing that it decides, and nothing that it can undo.
    "INSERT INTO slots SELECT * FROM slots",
    "INSERT INTO slots (app_id, slot, block, tenant_id, listed_at) SELECT app_id, 7, 0, tenant_id, 1 FROM apps",
    "INSERT INTO slots (app_id, slot, block, tenant_id, version) SELECT app_id, 7, 0, tenant_id, 1 FROM apps",
    "UPDATE slots SET listed_at = NULL",
    "UPDATE slots SET expires_at = 1",
    "UPDATE slots SET pending_since = 1",
    "INSERT INTO slots_left SELECT license_id, tenant_id, app_id, NULL, 0 FROM licenses",
    "DELETE FROM slots_left WHERE FALSE",
    "DELETE FROM slots WHERE FALSE",
    "INSERT INTO slot_blocks SELECT * FROM slot_blocks",
    "UPDATE slot_blocks SET block = block",
    "UPDATE slot_blocks SET bits = 20",
    "UPDATE slot_blocks SET is_full = 1",
    "UPDATE slot_blocks SET is_full = 0",
    "UPDATE slot_blocks SET listings = 0",
    "SELECT is_used_block('a', 0)",
    "DELETE FROM slot_blocks WHERE FALSE",
    "INSERT INTO published_modules SELECT * FROM published_modules",
    "DELETE FROM published_modules WHERE FALSE",
    "UPDATE published_releases SET revoked_at = NULL",
    "INSERT INTO releases SELECT * FROM releases",
    "UPDATE release_days SET released = 0",
    "DELETE FROM idempotency WHERE FALSE",
    "UPDATE audit_heads SET seq = 0",
    "UPDATE installation SET value = 'another'",
    "DELETE FROM changes",
    "UPDATE changes SET subjects = ''",
    "UPDATE change_counter SET id = 2",
    "DELETE FROM change_counter",
    "DELETE FROM servers",
    "CREATE TABLE loot (n BIGINT)",
    "CREATE TEMPORARY TABLE loot (n BIGINT)",
    // What devices were admitted as, and what they said: it is added to, and nothing of it goes.
    "UPDATE activations SET license_id = license_id",
    "UPDATE activations SET identity = identity",
    "UPDATE instances SET activation_id = activation_id",
    "UPDATE chain_entries SET entries = entries",
    "UPDATE chain_anchors SET taken_seq = 0",
    "DELETE FROM activations WHERE FALSE",
    "DELETE FROM instances WHERE FALSE",
    "DELETE FROM chain_entries WHERE FALSE",
    "DELETE FROM chain_anchors WHERE FALSE",
    "DELETE FROM access_entries WHERE FALSE",
    "UPDATE access_entries SET effect = 'allow'",
    "UPDATE access_entries SET app_id = app_id",
    // Who may lock a table can keep everybody from reading it.
    "DO $$BEGIN LOCK TABLE access_entries IN ACCESS EXCLUSIVE MODE; END$$",
    "DO $$BEGIN LOCK TABLE licenses IN SHARE MODE; END$$",
    "DO $$BEGIN LOCK TABLE changes IN EXCLUSIVE MODE; END$$",
];

/// What a runtime may not say of devices and addresses, for the app `APP` and the license `LICENSE` of the tenant `TENANT`:
/// what the vendor listed is nobody else's, and a report names one device of one license, or one address.
const UNREPORTED: &[&str] = &[
    "('TENANT', 'APP', '', 'vendor', 'deny', 'ip', '192.0.2.9/32', 'x', 1, 4000000000)",
    "('TENANT', 'APP', '', 'other', 'deny', 'ip', '192.0.2.9/32', 'x', 1, 4000000000)",
    "('TENANT', 'APP', '', 'self_ban', 'allow', 'ip', '192.0.2.9/32', 'x', 1, 4000000000)",
    "('TENANT', 'APP', '', 'self_ban', 'deny', 'ip', '0.0.0.0/0', 'x', 1, 4000000000)",
    "('TENANT', 'APP', '', 'self_ban', 'deny', 'ip', '::/0', 'x', 1, 4000000000)",
    "('TENANT', 'APP', '', 'self_ban', 'deny', 'hwid', 'lap', 'x', 1, 4000000000)",
    "('TENANT', 'APP', '', 'self_ban', 'deny', 'cpu', 'lap', 'x', 1, 4000000000)",
    "('TENANT', 'APP', 'LICENSE', 'self_ban', 'deny', 'ip', '192.0.2.9/32', 'x', 1, 4000000000)",
    "('TENANT', 'APP', 'LICENSE', 'self_ban', 'deny', 'hwid', 'lap', 'x', 1, NULL)",
    "('TENANT', 'APP', 'LICENSE', 'self_ban', 'deny', 'hwid', 'lap', repeat('x', 500), 1, 4000000000)",
];

/// What it may: a device for a license, an address in either family, and one in the place of a vendor's that has ended.
const REPORTED: &[&str] = &[
    "('TENANT', 'APP', 'LICENSE', 'self_ban', 'deny', 'hwid', 'lap', 'x', 1, 4000000000)",
    "('TENANT', 'APP', '', 'self_ban', 'deny', 'ip', '192.0.2.9/32', 'x', 1, 4000000000)",
    "('TENANT', 'APP', '', 'self_ban', 'deny', 'ip', '2001:db8::9/128', 'x', 1, 4000000000)",
    "('TENANT', 'APP', '', 'self_ban', 'deny', 'ip', '192.0.2.1/32', 'x', 2, 4000000000)",
];

/// What the guide lets a runtime change.
const ALLOWED: &[&str] = &[
    "UPDATE change_counter SET n = n",
    "UPDATE servers SET origins = origins, activation_key = activation_key",
    "UPDATE access_entries SET expires_at = 1 WHERE FALSE",
    "UPDATE devices SET trial_began = 1, last_seen = 1 WHERE FALSE",
    "UPDATE customers SET seq = seq WHERE FALSE",
];

/// Rows that nobody could read, or that would be in no list.
const MISSHAPEN: &[&str] = &[
    "activation_id, generation) SELECT app_id, 7, 0, tenant_id, 'a', -1 FROM apps",
    "activation_id, generation) SELECT app_id, 7, 0, tenant_id, 'a', 9223372036854775807 FROM apps",
    "activation_id, generation) SELECT app_id, 7, 0, tenant_id, REPEAT('a', 65), 1 FROM apps",
    "expires_at) SELECT app_id, 7, 0, tenant_id, -1 FROM apps",
    "expires_at) SELECT app_id, 7, 0, tenant_id, 253402300800 FROM apps",
    "generation) SELECT app_id, -1, 0, tenant_id, 1 FROM apps",
    "generation) SELECT app_id, 7, 1, tenant_id, 1 FROM apps",
];

/// Whatever he says, what was taken back is in the next list, and no block is opened or left before it is used. All of it is undone
/// at the end by the error that says that it is as it should be.
const DECIDES_NOTHING: &[&str] = &[
    "UPDATE activations SET end_code = 'not_activated', ended_at = 1, grace_until = 1; \
     SELECT SUM(list_proofs(license_id, identity, SECOND)) INTO n FROM activations; \
     IF n IS NULL OR n = 0 THEN RAISE 'nothing was listed'; END IF; \
     IF EXISTS (SELECT FROM slots WHERE ABS(listed_at - EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)) > 601) THEN \
     RAISE 'he said when'; END IF; \
     SELECT COUNT(*) INTO n FROM slot_blocks b WHERE listings = 0 AND EXISTS (SELECT FROM slots s \
     WHERE s.app_id = b.app_id AND s.block = b.block AND s.listed_at IS NOT NULL); \
     IF n > 0 THEN RAISE 'no shard is due'; END IF;",
    "SELECT SUM(open_slot_block(tenant_id, app_id, block)) INTO n FROM slot_blocks; \
     IF n > 0 THEN RAISE 'he opened a block'; END IF; \
     PERFORM widen_slot_block(app_id, block, 20) FROM slot_blocks; \
     SELECT SUM(widen_slot_block(app_id, block, 10)) INTO n FROM slot_blocks; \
     IF n > 0 OR EXISTS (SELECT FROM slot_blocks WHERE bits < 20) THEN RAISE 'he made it narrower'; END IF; \
     SELECT SUM(close_slot_block(app_id, block)) INTO n FROM slot_blocks; \
     IF n > 0 THEN RAISE 'he closed a block'; END IF; \
     SELECT SUM(open_slot_block(tenant_id, app_id, block)) INTO n FROM slot_blocks; \
     IF n > 0 THEN RAISE 'he opened a block'; END IF;",
];

/// What the guide tells the owner of the database at this URL to run, for a role of this name.
pub(crate) fn documented_rights(url: &str, role: &str) -> String {
    let guide = include_str!("../../../../docs/book/operators.md");
    let (_, rights) = guide.split_once("```sql\n").expect("the guide has them");
    let (rights, _) = rights.split_once("```").expect("they end");
    let (_, database) = url.rsplit_once('/').expect("the name of a database");
    rights.replace("runtime", role).replace("DATABASE sealgate", &format!("DATABASE {database}"))
}

#[test]
fn the_documented_rights_suffice_and_let_it_approve_nothing() {
    let vendor = Vendor::new();
    let app = vendor.json(&["app", "create", "Editor"]);
    let editor = text(&app["app_id"]);
    let token = std::fs::read_to_string(vendor.path("authority/admin.token")).expect("is there");
    let api = |method: &str, path: &str, body: &Value| {
        let url = format!("{}/api/v1/apps/{editor}{path}", vendor.url_of_authority());
        request(method, &url, Some(token.trim()), body).expect(200)
    };
    api("PATCH", "", &json!({ "danger_lifetime_files": true }));
    api("POST", "/credits", &json!({ "amount": 100 }));
    // Whose devices are limited together: a seat locks the customer, too.
    let ada = vendor.json(&["customer", "create", "Ada", "--max-devices", "4"]);
    let buyer = text(&ada["customer_id"]);
    let issued =
        vendor.json(&["license", "issue", "--app", editor, "--max-devices", "5", "--customer", buyer]);
    let license = &issued["licenses"][0];
    vendor.share();

    // Roles belong to the server, not to the database: the name must be this test's own.
    let role = format!("runtime_{}", vendor.database.rsplit_once("/t_").expect("its name").1);
    on_postgres(&vendor.database, &documented_rights(&vendor.database, &role)).expect("the owner may grant");
    let (_, place) = vendor.database.split_once('@').expect("a user in the URL");
    let database = format!("postgres://{role}@{place}");
    let runtime = vendor.start_runtime_on(&database);
    let server = text(&vendor.json(&["server", "list"])[0]["server_id"]).to_owned();
    assert_eq!(vendor.json(&["server", "approve", &server, "--yes"])["status"], "approved");

    let (build, desk) = (vendor.build(&app, &runtime), TestDevice::default());
    let question = desk.question(&build, text(&license["license_key"]), 1, &[]);
    assert_eq!(ask(&runtime, &question).status, 200);
    let wire = |operation: &str, hwid: &str, more: &Value| {
        let mut question = json!({
            "appId": editor, "appSecret": app["app_secret"], "licenseKey": license["license_key"],
            "hwid": hwid, "nonce": "0".repeat(32),
        });
        let fields = question.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        let url = format!("{}/auth/{operation}", runtime.url);
        request("POST", &url, None, &question)
    };
    wire("validate", "lap", &json!({})).expect(200);
    wire("selfban", "bad", &json!({ "revokeLicense": false })).expect(200);
    wire("offline/activate", "far", &json!({})).expect(201);
    assert_eq!(vendor.json(&["license", "show", text(&license["license_id"])])["devices_used"], 3);
    gives_back_and_tries(&vendor, (&app, &runtime.url), &build, &desk, license);

    activates_and_leases(&vendor, (&app, &runtime.url), &build);

    reports_are_all_it_lists(&vendor, &database, editor, text(&license["license_id"]));
    for statement in ALLOWED {
        on_postgres(&database, statement).unwrap_or_else(|why| panic!("{statement}: {why}"));
    }
    for statement in FORBIDDEN {
        let why = on_postgres(&database, statement).expect_err(statement).to_string();
        assert!(why.contains("permission denied"), "{statement}: {why}");
    }
    takes_no_table_of_his_own_for_ours(&vendor, &database, &role);
    decides_nothing_about_revocations(&database);
    let (exit, log) = runtime.stop();
    assert_eq!((exit, log.contains("ERROR")), (Some(0), false), "{log}");
    let events = vendor.json(&["events"]);
    let validated = events.as_array().into_iter().flatten().filter(|event| event["kind"] == "validated");
    assert_eq!(validated.count(), 7, "written when it stopped: {events}");
    on_postgres(&vendor.database, &format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .expect("nobody uses it");
}

/// Also where somebody let the runtime's user make temporary tables, what runs as the owner reads and writes the owner's.
fn takes_no_table_of_his_own_for_ours(vendor: &Vendor, database: &str, role: &str) {
    let (_, name) = vendor.database.rsplit_once('/').expect("the name of a database");
    let may = |verb: &str| on_postgres(&vendor.database, &format!("{verb} {role}")).expect("the owner may");
    may(&format!("GRANT TEMPORARY ON DATABASE {name} TO"));
    let attack = "DO $$BEGIN \
        CREATE TEMPORARY TABLE devices (tenant_id TEXT, license_id TEXT, device_id TEXT, kind TEXT, identity TEXT, moved_from TEXT, \
        moved_at BIGINT, moved_before BIGINT, moved_first BIGINT); \
        INSERT INTO devices VALUES ('t', 'l', 'd', 'key', 'i'); \
        CREATE TEMPORARY TABLE licenses AS SELECT 't' AS tenant_id, 'l' AS license_id, '{\"policy\":{\"seat\":\"lease\"}}' AS conditions, \
        1::BIGINT AS revoked_at; \
        CREATE TEMPORARY TABLE instances AS SELECT 'a' AS activation_id, 'i' AS instance_id, 1::BIGINT AS heard_at; \
        CREATE TEMPORARY TABLE activations AS SELECT 'a' AS activation_id, 'l' AS license_id, 'i' AS identity, \
        'not_activated' AS end_code; \
        CREATE TEMPORARY TABLE slots AS SELECT 'l' AS license_id, 'a' AS activation_id, 'p' AS app_id, 0::BIGINT AS block, \
        1::BIGINT AS slot, NULL::BIGINT AS listed_at; \
        CREATE TEMPORARY TABLE slot_blocks AS SELECT 't' AS tenant_id, 'p' AS app_id, 0::BIGINT AS block, 10::BIGINT AS bits, \
        0::BIGINT AS is_full, 0::BIGINT AS listings; \
        CREATE TEMPORARY TABLE apps AS SELECT 't' AS tenant_id, 'p' AS app_id; \
        IF release_seat('t', 'l', 'd', 'r', 1) + move_seat('t', 'l', 'd', 'k', 1) + free_leases('t', 'l', 'd', 1) + settle_bundles('t', 'l', 1) \
        + forget_instances('a', 1) + list_proofs('l', 'i', 1) + open_slot_block('t', 'p', -1) \
        + know_slot_block('t', 'p', 1) + list_of_revoked('l', 1, 1) \
        + widen_slot_block('p', 0, 20) + close_slot_block('p', 0) <> 0 THEN \
        RAISE 'it took his table for ours'; END IF; END$$";
    on_postgres(database, attack).expect("nobody has that seat");
    may(&format!("REVOKE TEMPORARY ON DATABASE {name} FROM"));
}

fn decides_nothing_about_revocations(database: &str) {
    for rest in MISSHAPEN {
        let add = format!("INSERT INTO slots (app_id, slot, block, tenant_id, {rest}");
        let why = on_postgres(database, &add).expect_err(&add).to_string();
        assert!(why.contains("slots_bounds"), "{add}: {why}");
    }
    for body in DECIDES_NOTHING {
        for second in ["-5", "0", "9223372036854775807", "-9223372036854775808"] {
            let body = body.replace("SECOND", &format!("'{second}'::BIGINT"));
            let all = format!("DO $$DECLARE n BIGINT; BEGIN {body} RAISE 'as it should be'; END$$");
            let why = on_postgres(database, &all).expect_err("it is undone").to_string();
            assert!(why.contains("as it should be"), "{body}: {why}");
        }
    }
}

/// A seat is given back, and a trial begins once.
fn gives_back_and_tries(
    vendor: &Vendor,
    (app, url): (&Value, &str),
    build: &Build,
    desk: &TestDevice,
    license: &Value,
) {
    let ask = |operation: &str, request: &DeviceRequest| {
        let question = serde_json::to_value(desk.sign(request, &[])).expect("a question");
        request_of(&format!("{url}/api/v1/{operation}"), &question);
    };
    let mut release = desk.request(build, text(&license["license_key"]), 2);
    release.operation = Operation::Release;
    ask("release", &release);
    assert_eq!(vendor.json(&["license", "show", text(&license["license_id"])])["devices_used"], 2);
    ask("validate", &desk.request(build, text(&license["license_key"]), 3));
    let editor = text(&app["app_id"]);
    let plan = ["plan", "create", "--app", editor, "--name", "Trial", "--tier", "licensed", "--trial", "14d"];
    let plan = vendor.json(&plan);
    let tried = vendor.json(&["license", "issue", "--app", editor, "--plan", text(&plan["plan_id"])]);
    let mut first = desk.request(build, text(&tried["licenses"][0]["license_key"]), 4);
    first.fingerprint = Word::parse("m-1");
    ask("validate", &first);
    let id = text(&tried["licenses"][0]["license_id"]);
    let devices = vendor.json(&["device", "list", "--license", id]);
    assert!(devices[0]["trial_began"].is_string(), "{devices}");
    // Another key of the same machine.
    let lap = TestDevice::default();
    let mut second = lap.request(build, text(&tried["licenses"][0]["license_key"]), 5);
    second.fingerprint = Word::parse("m-1");
    let question = serde_json::to_value(lap.sign(&second, &[])).expect("a question");
    request_of(&format!("{url}/api/v1/validate"), &question);
    let moved = vendor.json(&["device", "list", "--license", id]);
    assert_eq!(
        (&moved[0]["moved_from"], moved.as_array().map(Vec::len)),
        (&devices[0]["identity"], Some(1)),
        "{moved}"
    );
    assert_eq!(moved[0]["trial_began"], devices[0]["trial_began"]);
}

/// Devices are admitted, send heartbeats with entries of a chain, leave, and are activated again.
fn activates_and_leases(vendor: &Vendor, (app, url): (&Value, &str), build: &Build) {
    let editor = text(&app["app_id"]);
    // Of one license, a device keeps its seat; of the other, seats are leases.
    let file = vendor.path("lease.json");
    let policy = json!({ "heartbeat": { "interval": 60, "grace": 300 }, "seat": "lease" });
    std::fs::write(&file, policy.to_string()).expect("is written");
    let issue = ["license", "issue", "--app", editor, "--max-devices", "1"];
    let issue = |more: &[&str]| vendor.json(&[&issue, more].concat())["licenses"][0].clone();
    let (kept, leased) = (issue(&["--no-plan"]), issue(&["--no-plan", "--policy", &file]));
    let used = || vendor.json(&["license", "show", text(&leased["license_id"])])["devices_used"].clone();
    let activate = |device: &TestDevice, license: &Value, n: u32| {
        let key = text(&license["license_key"]);
        let question = device.wish(build, key, (n, &device.sealing()), (None, &[]));
        let answer = request("POST", &format!("{url}/api/v1/activate"), None, &json!(question)).expect(200);
        let answer = serde_json::from_value(answer).expect("an answer");
        device.believe(build, &question, answer, now())
    };
    let beat = |state: &mut TestActivation, device: &TestDevice, leaves: bool| {
        let entries = state.record([ChainRecord {
            at: UnixSeconds::new(now()).expect("in range"),
            tenant: ChainWord::host(),
            action: ChainWord::parse("rule").expect("short"),
            hash: [7; 32],
        }]);
        let asks = HeartbeatRequest { leaves, ..state.next(now(), &entries) };
        let question = state.question(device, &asks);
        let reply = request("POST", &format!("{url}/api/v1/heartbeat"), None, &json!(question)).expect(200);
        let reply = serde_json::from_value(reply).expect("a reply");
        state.take(build, &question, reply, now()).code().to_owned()
    };
    let (desk, lap) = (TestDevice::default(), TestDevice::default());
    let mut first = activate(&desk, &kept, 1).expect_admitted();
    assert_eq!(beat(&mut first, &desk, false), "admitted");
    let mut again = activate(&desk, &kept, 2).expect_admitted();
    assert_eq!(beat(&mut again, &desk, false), "admitted");
    let mut last = desk.request(build, text(&kept["license_key"]), 3);
    last.operation = Operation::Deactivate;
    request_of(&format!("{url}/api/v1/deactivate"), &json!(desk.sign(&last, &[])));
    assert_eq!(beat(&mut again, &desk, false), "not_activated");

    let mut other = activate(&lap, &leased, 4).expect_admitted();
    assert_eq!(activate(&desk, &leased, 5).expect_denied(), "device_limit");
    on_postgres(&vendor.database, "UPDATE devices SET lease_until = 1 WHERE lease_until IS NOT NULL")
        .expect("time passes");
    let mut back = activate(&desk, &leased, 6).expect_admitted();
    assert_eq!(beat(&mut other, &lap, false), "device_limit");
    assert_eq!(beat(&mut back, &desk, true), "admitted");
    assert_eq!(used(), 0, "it left");
    assert_eq!(beat(&mut other, &lap, false), "admitted");
}

fn request_of(url: &str, question: &Value) {
    request("POST", url, None, question).expect(200);
}

fn reports_are_all_it_lists(vendor: &Vendor, database: &str, editor: &str, license: &str) {
    // Two entries of the vendor's, of which one has ended.
    vendor.json(&["access", "deny", "--app", editor, "--hwid", "stolen"]);
    vendor.json(&["access", "deny", "--app", editor, "--ip", "192.0.2.1"]);
    on_postgres(&vendor.database, "UPDATE access_entries SET expires_at = 1 WHERE kind = 'ip'")
        .expect("ends");
    let report = |values: &&str| {
        let said = values.replace("APP", editor).replace("LICENSE", license);
        let said = said.replacen("('TENANT'", "SELECT gen_random_uuid()::text, tenant_id", 1);
        let said = format!("{} FROM apps", said.trim_end_matches(')'));
        // As a server of ours adds one.
        let add = format!(
            "INSERT INTO access_entries (entry_id, tenant_id, app_id, license_id, source, effect, kind, value, reason, created_at, \
             expires_at) {said} ON CONFLICT (app_id, license_id, kind, value, effect) DO UPDATE SET entry_id = excluded.entry_id, \
             source = excluded.source, expires_at = excluded.expires_at WHERE access_entries.expires_at <= excluded.created_at"
        );
        on_postgres(database, &add).map_err(|why| why.to_string())
    };
    for values in UNREPORTED {
        let why = report(values).expect_err(values);
        assert!(why.contains("row-level security"), "{values}: {why}");
    }
    for values in REPORTED {
        report(values).unwrap_or_else(|why| panic!("{values}: {why}"));
    }
    on_postgres(database, "UPDATE access_entries SET expires_at = 1")
        .expect("ends what clients reported, and nothing else");
    let entries = vendor.json(&["access", "list", "--app", editor]);
    let of_vendor: Vec<_> =
        entries.as_array().into_iter().flatten().filter(|e| e["source"] == "vendor").collect();
    assert_eq!(of_vendor.len(), 1, "the other one had ended: {entries}");
    assert_eq!((&of_vendor[0]["hwid"], &of_vendor[0]["expires_at"]), (&json!("stolen"), &Value::Null));
}
