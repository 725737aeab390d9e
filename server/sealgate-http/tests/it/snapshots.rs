//! Revocation data: signed by the job or when somebody asks, handed out as a container, and taken over as programs do it
//! (`spec/revocation.md`, `spec/http.md` §3.22).

use sealgate_artifact::{License, Shard, Unverified};
use sealgate_testkit::{Answer, TakenOver, TestApp, TestDevice, on_both_engines, request, send_with};
use serde_json::{Value, json};

use crate::support::{assert_problem, change, envelopes, sell};

const DAY: u64 = 24 * 60 * 60;

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// Runs what is due, and signs revocation data in any case.
pub(crate) fn run_jobs(app: &TestApp) {
    wait_for_jobs(app);
    app.meddle("UPDATE jobs SET due_at = 1 WHERE name = 'sign_snapshots' AND lease_until IS NULL");
    app.run_jobs();
    wait_for_jobs(app);
}

/// As if the newest snapshot were not of this minute; the server's own job does not notice.
fn a_minute_passes(app: &TestApp) {
    app.meddle("UPDATE snapshots SET issued_at = issued_at - 60");
}

/// The server looks for work, too: what it took is waited for.
pub(crate) fn wait_for_jobs(app: &TestApp) {
    while app.count("jobs WHERE lease_until IS NOT NULL AND last_error IS NULL") > 0 {}
}

fn url(app: &TestApp, product: &Value) -> String {
    format!("{}/api/v1/snapshot?app_id={}", app.url, text(&product["app_id"]))
}

fn fetch(app: &TestApp, product: &Value) -> Answer {
    let answer = request("GET", &url(app, product), None, &json!(null));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/octet-stream")));
    answer
}

/// Takes over what there is now, after that.
fn take(app: &TestApp, product: &Value, before: &TakenOver) -> Result<TakenOver, String> {
    before.next(&app.build(product).trust, &fetch(app, product).bytes, app.clock.seconds())
}

fn first(app: &TestApp, product: &Value) -> TakenOver {
    take(app, product, &TakenOver::default()).expect("is believed")
}

fn later(app: &TestApp, product: &Value, before: &TakenOver) -> TakenOver {
    take(app, product, before).expect("is believed")
}

fn slots(app: &TestApp, license: &Value) -> Vec<u64> {
    let all = envelopes(app, "license_statements");
    let all = all.iter().map(|bytes| {
        let said =
            Unverified::<License>::decode(bytes).expect("a statement").danger_peek().expect("a license");
        (said.license.to_string(), said.conditions.slot.expect("a slot"))
    });
    all.filter(|(id, _)| *id == license["license_id"]).map(|(_, slot)| slot).collect()
}

fn is_listed(taken: &TakenOver, slot: u64) -> bool {
    let place = u32::try_from(slot % (1 << 20)).expect("in range");
    taken.listed.iter().any(|((_, block), listed)| *block == Shard::block_of(slot) && listed.contains(&place))
}

/// Signs until all is signed that is due, once the server's own job does not. The server's own job may have written a snapshot across an advance of the clock, and then
/// nothing is signed for as long as that took.
pub(crate) fn sign(app: &TestApp) -> Value {
    loop {
        let signed = sign_once(app);
        if signed["complete"] == true {
            return signed;
        }
        app.clock.advance(signed["again_in"].as_u64().unwrap_or_default());
    }
}

fn sign_once(app: &TestApp) -> Value {
    loop {
        let answer = app.api("POST", "/api/v1/snapshots", &json!({}));
        if answer.status != 503 {
            return answer.expect(200);
        }
    }
}

pub(crate) fn kept(app: &TestApp) -> Vec<Value> {
    app.api("GET", "/api/v1/snapshots", &json!(null)).expect(200)["items"].as_array().expect("a list").clone()
}

/// Blocks of which a slot was given and nothing is listed.
fn open_blocks(app: &TestApp, product: &Value, count: u64) {
    let tenant = &app.texts("SELECT tenant_id FROM tenants")[0];
    let of_app = text(&product["app_id"]);
    for some in (1..count).collect::<Vec<u64>>().chunks(500) {
        let rows: Vec<String> =
            some.iter().map(|n| format!("('{tenant}', '{of_app}', {n}, 10, 1)")).collect();
        app.meddle(&format!(
            "INSERT INTO slot_blocks (tenant_id, app_id, block, bits, is_full) VALUES {}",
            rows.join(", ")
        ));
    }
    give_slots(app);
}

/// A slot of each block that has none.
fn give_slots(app: &TestApp) {
    app.meddle(
        "INSERT INTO slots (app_id, slot, block, tenant_id) SELECT app_id, block * 1048576 + 9, block, tenant_id FROM slot_blocks b \
         WHERE NOT EXISTS (SELECT 1 FROM slots s WHERE s.app_id = b.app_id AND s.block = b.block)",
    );
}

/// More apps of the first tenant, as if somebody had made them.
fn make_apps(app: &TestApp, product: &Value, count: u64) {
    let columns = "tenant_id, name, secret_hash, public_key, next_public_key, variables, require_secret, lifetime_files, \
        list_reported_addresses, show_labels, created_at";
    let id = text(&product["app_id"]);
    app.meddle(&format!(
        "INSERT INTO apps (app_id, {columns}) WITH RECURSIVE n (n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM n \
         WHERE n < {count}) SELECT SUBSTR(app_id, 1, 32) || CAST(n + 1000 AS TEXT), {} FROM apps, n WHERE app_id = '{id}'",
        columns.replace(" name,", " name || CAST(n AS TEXT),")
    ));
    app.meddle(
        "INSERT INTO slot_blocks (tenant_id, app_id, block, bits, is_full) SELECT tenant_id, app_id, 0, 10, 0 FROM apps \
         WHERE app_id NOT IN (SELECT app_id FROM slot_blocks)",
    );
}

on_both_engines! {
    fn what_was_revoked_is_listed_after_one_run_of_the_job(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "expires_at": "+1y" }));
        let other = app.issue(&editor, &json!({}));
        run_jobs(app);
        let before = first(app, &editor);
        assert_eq!((before.listed.len(), before.count()), (1, 0), "a block of which nothing is listed has a shard");
        let due = || kept(app).iter().map(|one| one["due"].as_bool().expect("said")).collect::<Vec<_>>();
        assert!(!due()[0], "nothing was taken back");
        assert_eq!(change(app, &license, "revoke", &json!({})).status, 200);
        assert!(due()[0], "it is said before the next one is signed");
        app.clock.advance(60);
        run_jobs(app);
        assert_eq!(due()[..2], [false, true]);
        let after = later(app, &editor, &before);
        assert_eq!(after.count(), 1);
        assert!(slots(app, &license).iter().all(|slot| is_listed(&after, *slot)));
        assert!(!is_listed(&after, slots(app, &other)[0]));
        assert_eq!(take(app, &editor, &after), Ok(after.clone()), "the same again");
        app.clock.advance(60);
        run_jobs(app);
        assert_eq!(kept(app)[0]["version"], after.version, "nothing else is due");
    }

    fn a_day_later_it_is_signed_again_with_higher_versions_and_what_has_ended_has_left(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "expires_at": "+2d" }));
        let forever = app.issue(&editor, &json!({}));
        for license in [&license, &forever] {
            assert_eq!(change(app, license, "revoke", &json!({})).status, 200);
        }
        run_jobs(app);
        let mut before = first(app, &editor);
        assert_eq!(before.count(), 2);
        for (day, count) in [(1, 2), (2, 1), (3, 1)] {
            app.clock.advance(DAY);
            run_jobs(app);
            let after = later(app, &editor, &before);
            assert_eq!(after.count(), count, "{day}");
            assert!(after.version > before.version && after.issued_at == app.clock.seconds());
            assert!(after.versions.iter().all(|(place, version)| *version > before.versions[place]), "{day}");
            before = after;
        }
        assert!(is_listed(&before, slots(app, &forever)[0]));
        assert_eq!((kept(app).len(), app.count("(SELECT DISTINCT container FROM snapshot_parts) AS c")), (3, 3), "the last three are kept");
    }

    fn a_released_device_has_its_proof_listed(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 3 }));
        let build = app.build(&editor);
        let state = TestDevice::default().activate(app, &build, text(&license["license_key"]), 1).expect_admitted();
        run_jobs(app);
        let before = first(app, &editor);
        let seats = app.api("GET", &format!("/api/v1/devices?license_id={}", text(&license["license_id"])), &json!(null)).expect(200);
        app.api("POST", &format!("/api/v1/devices/{}/release", text(&seats["items"][0]["device_id"])), &json!({})).expect(200);
        app.clock.advance(60);
        run_jobs(app);
        let after = later(app, &editor, &before);
        assert!(is_listed(&after, state.said.slot.expect("a slot")));
        assert_eq!(after.count(), 1, "and nothing else");
    }

    fn a_heartbeat_names_the_newest_snapshot(app: &TestApp) {
        let (editor, license) = sell(app, &json!({ "max_devices": 3 }));
        let (build, device) = (app.build(&editor), TestDevice::default());
        let mut state = device.activate(app, &build, text(&license["license_key"]), 1).expect_admitted();
        run_jobs(app);
        app.clock.advance(60);
        let beaten = state.beat(app, &build, &device);
        assert_eq!(beaten.answer.snapshot, kept(app)[0]["version"].as_u64());
    }

    fn a_vendor_signs_at_once_and_nothing_that_is_not_due(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        run_jobs(app);
        assert_eq!(change(app, &license, "revoke", &json!({})).status, 200);
        a_minute_passes(app);
        let signed = sign(app);
        assert_eq!((&signed["complete"], &signed["snapshot"]["revoked"], &signed["snapshot"]["shards"]), (&json!(true), &json!(1), &json!(1)));
        assert_eq!(sign(app)["snapshot"], signed["snapshot"]);
        assert_eq!(app.count("audit WHERE action = 'snapshot.signed'"), 1);
        let file = fetch(app, &editor);
        assert_eq!(signed["snapshot"]["bytes"], file.bytes.len());
        assert_eq!(file.header("etag"), Some(&*format!("\"{}\"", text(&signed["snapshot"]["sha256"]))));
        app.clock.advance(30);
        assert_eq!(kept(app)[0]["age"], 30);
        let twin = app.tenant("Twin");
        assert_eq!(twin.api("GET", "/api/v1/snapshots", &json!(null)).expect(200)["items"], json!([]));
        let ask = || twin.api("POST", "/api/v1/snapshots", &json!({}));
        let own = std::iter::repeat_with(ask).find(|answer| answer.status != 503).expect("no end").expect(200);
        assert_eq!((&own["snapshot"]["shards"], &own["snapshot"]["revoked"]), (&json!(0), &json!(0)), "of its own");
    }

    fn anybody_gets_the_container_and_nobody_twice(app: &TestApp) {
        let editor = app.create_app("Editor");
        let by_slug = request("GET", &url(app, &json!({ "app_id": "x" })), None, &json!(null));
        assert_problem(&by_slug, 404, "not_found");
        assert_eq!(by_slug.json()["field"], "app_id", "{by_slug:?}");
        run_jobs(app);
        let file = fetch(app, &editor);
        let tag = file.header("etag").expect("a tag").to_owned();
        for held in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
            let again = send_with("GET", &url(app, &editor), None, &[("if-none-match", &held)], &[]);
            assert_eq!((again.status, again.bytes.len(), again.header("etag")), (304, 0, Some(&*tag)), "{held}");
        }
        let other = send_with("GET", &url(app, &editor), None, &[("if-none-match", "\"other\"")], &[]);
        assert_eq!((other.status, other.bytes), (200, file.bytes.clone()));
        assert_eq!(first(app, &editor).count(), 0, "no license was sold yet");
        let unnamed = request("GET", &format!("{}/api/v1/snapshot", app.url), None, &json!(null));
        assert_problem(&unnamed, 400, "malformed_request");
    }

    fn a_replaced_key_signs_everything_anew(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        assert_eq!(change(app, &license, "revoke", &json!({})).status, 200);
        run_jobs(app);
        let mut before = first(app, &editor);
        let key = || app.texts("SELECT public_key FROM signing_keys WHERE key_use = 'snapshot' AND state = 'active' \
            AND scope = (SELECT MIN(tenant_id) FROM tenants)")[0].clone();
        app.clock.advance(1);
        app.api("POST", "/api/v1/keys/rotate", &json!({ "use": "snapshot" })).expect(200);
        assert_eq!(later(app, &editor, &before).version, before.version, "what the former key signed counts");
        app.clock.advance(1);
        run_jobs(app);
        let after = later(app, &editor, &before);
        assert!(after.version > before.version && after.listed == before.listed);
        assert_eq!(app.count(&format!("shards WHERE signer = '{}'", key())), 1);
        before = after;

        let listed = app.api("GET", "/api/v1/keys", &json!(null)).expect(200);
        let active = |key: &&Value| key["use"] == "snapshot" && key["state"] == "active";
        let stolen = listed["items"].as_array().expect("keys").iter().find(active).expect("one signs")["keyid"].clone();
        app.clock.advance(1);
        app.api("POST", &format!("/api/v1/keys/{}/revoke", text(&stolen)), &json!({})).expect(200);
        app.clock.advance(1);
        run_jobs(app);
        let after = later(app, &editor, &before);
        assert!(after.version > before.version && after.listed == before.listed);
        assert_eq!(app.count(&format!("shards WHERE signer = '{}'", key())), 1);
    }

    fn a_changed_keyset_is_in_the_next_snapshot(app: &TestApp) {
        let (editor, _) = sell(app, &json!({}));
        run_jobs(app);
        let before = first(app, &editor);
        let build = app.build(&editor);
        for key_use in ["issuer", "authority", "root"] {
            app.api("POST", "/api/v1/keys/rotate", &json!({ "use": key_use })).expect(200);
        }
        app.clock.advance(60);
        run_jobs(app);
        let after = later(app, &editor, &before);
        assert!(after.version > before.version && after.versions == before.versions, "the shards stay");
        // A build that pins the first root follows.
        before.next(&build.trust, &fetch(app, &editor).bytes, app.clock.seconds()).expect("is believed");
    }

    fn many_blocks_are_signed_in_pages_and_a_run_goes_on_where_one_died(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        // The server's own job is not due then.
        run_jobs(app);
        a_minute_passes(app);
        open_blocks(app, &editor, 1_000);
        let request = sign_once(app);
        // The server's own job may have signed a page, too.
        let signed = app.count("shards");
        assert!(request["complete"] == false && (200..=251).contains(&signed), "not all in one request: {signed}");
        // The process that ran the job died after it had kept this position.
        wait_for_jobs(app);
        let tenant = app.texts("SELECT tenant_id FROM tenants")[0].clone();
        let at = format!("{tenant} {} 599", text(&editor["app_id"]));
        app.meddle(&format!(
            "UPDATE jobs SET position = '{at}', holder = 'dead', due_at = 1, lease_until = 1 WHERE name = 'sign_snapshots'"
        ));
        app.run_jobs();
        wait_for_jobs(app);
        assert_eq!(app.count("shards WHERE block >= 600"), 400);
        assert_eq!(app.count("shards WHERE block > 251 AND block < 600"), 0, "it went on from there");
        app.clock.advance(60);
        run_jobs(app);
        let taken = first(app, &editor);
        assert_eq!((taken.listed.len(), taken.count()), (1_000, 0));
        let versions = taken.versions.clone();
        assert_eq!(change(app, &license, "revoke", &json!({})).status, 200);
        app.clock.advance(60);
        run_jobs(app);
        let after = later(app, &editor, &taken);
        let newer = after.versions.iter().filter(|(place, version)| **version > versions[place]).count();
        assert_eq!((after.count(), newer), (1, 1), "only the one that changed");
    }

    fn what_a_server_lists_whose_clock_is_behind_is_in_the_next_shard(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        run_jobs(app);
        let before = first(app, &editor);
        assert_eq!(change(app, &license, "revoke", &json!({})).status, 200);
        // As that server writes it; or the process stood still for as long before it was stored.
        app.meddle("UPDATE slots SET listed_at = 1 WHERE listed_at IS NOT NULL");
        app.clock.advance(60);
        run_jobs(app);
        let after = later(app, &editor, &before);
        assert_eq!(after.count(), 1);
        // One whose clock is ahead makes nobody sign again and again.
        app.meddle("UPDATE slots SET listed_at = 4000000000 WHERE listed_at IS NOT NULL");
        app.clock.advance(60);
        run_jobs(app);
        assert_eq!(later(app, &editor, &after).version, after.version);
    }

    fn a_tenant_with_more_apps_than_a_snapshot_can_name_has_one(app: &TestApp) {
        let (editor, license) = sell(app, &json!({}));
        make_apps(app, &editor, 1_500);
        run_jobs(app);
        assert_eq!((app.count("apps"), app.count("shards")), (1_501, 1), "nothing was sold of the others");
        let before = first(app, &editor);
        assert_eq!(before.listed.len(), 1);
        // Something was sold of each.
        give_slots(app);
        app.clock.advance(60);
        run_jobs(app);
        assert_eq!(app.count("shards"), 1_501);
        assert_eq!(kept(app)[0]["shards"], 1_500, "as many as it can name");
        assert_eq!(change(app, &license, "revoke", &json!({})).status, 200);
        app.clock.advance(60);
        run_jobs(app);
        let after = later(app, &editor, &before);
        assert_eq!((after.count(), &kept(app)[0]["shards"]), (1, &json!(1_500)));
    }

    fn a_block_from_which_nothing_was_given_has_no_shard(app: &TestApp) {
        let editor = app.create_app("Editor");
        run_jobs(app);
        assert_eq!((app.count("shards"), kept(app).len()), (0, 1));
        app.issue(&editor, &json!({}));
        app.clock.advance(60);
        run_jobs(app);
        assert_eq!((app.count("shards"), kept(app).len()), (1, 2), "now there is something that could be taken back");
    }

    fn versions_do_not_run_ahead_of_the_minutes_because_somebody_asks_often(app: &TestApp) {
        let (editor, _) = sell(app, &json!({}));
        run_jobs(app);
        let minutes = || app.clock.seconds() / 60;
        let revoke = || {
            let license = app.issue(&editor, &json!({}));
            assert_eq!(change(app, &license, "revoke", &json!({})).status, 200);
        };
        // The server's own job may have signed one of them.
        let newest = || kept(app)[0]["version"].as_u64().expect("a version");
        while newest() < minutes() + 5 {
            revoke();
            assert_eq!(sign_once(app)["complete"], true);
        }
        let before = kept(app).len();
        revoke();
        let held = sign_once(app);
        assert_eq!((&held["complete"], &held["snapshot"]["version"]), (&json!(false), &json!(minutes() + 5)));
        let wait = held["again_in"].as_u64().expect("says when");
        assert!(0 < wait && wait <= 60, "{wait}");
        assert_eq!(kept(app).len(), before);
        app.clock.advance(wait);
        let signed = sign(app);
        let revoked = &held["snapshot"]["revoked"].as_u64().expect("a number") + 1;
        assert_eq!((&signed["complete"], &signed["again_in"], &signed["snapshot"]["revoked"]), (&json!(true), &Value::Null, &json!(revoked)));
        assert_eq!(sign(app)["complete"], true, "there is nothing more");
    }

    fn whoever_asks_while_the_tenant_is_signed_does_not_wait(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        run_jobs(app);
        assert_eq!(change(app, &license, "revoke", &json!({})).status, 200);
        a_minute_passes(app);
        let (tell, told) = std::sync::mpsc::channel();
        let told = std::sync::Mutex::new(told);
        let ask = || tell.send(app.api("POST", "/api/v1/snapshots", &json!({})).status).expect("is heard");
        std::thread::scope(|scope| {
            // One of them has the turn, and waits for the database.
            app.while_nobody_writes(|| {
                (0..2).for_each(|_| drop(scope.spawn(ask)));
                let soon = std::time::Duration::from_secs(4);
                assert_eq!(told.lock().expect("no panics").recv_timeout(soon).expect("the other one is answered"), 503);
            });
            assert_eq!(told.lock().expect("no panics").recv().expect("goes on"), 200);
        });
    }

    fn a_snapshot_is_kept_for_an_hour_however_often_the_next_is_signed(app: &TestApp) {
        let (editor, _) = sell(app, &json!({}));
        run_jobs(app);
        let first = kept(app)[0]["version"].clone();
        let revoke = || {
            let license = app.issue(&editor, &json!({}));
            assert_eq!(change(app, &license, "revoke", &json!({})).status, 200);
            app.clock.advance(600);
            run_jobs(app);
        };
        // Whoever began to read it just before the second one was signed has an hour from then on.
        (0..6).for_each(|_| revoke());
        assert!(kept(app).len() > 6 && kept(app).iter().any(|snapshot| snapshot["version"] == first));
        revoke();
        assert!(kept(app).iter().all(|snapshot| snapshot["version"] != first), "its hour is over");
        assert_eq!(app.count("(SELECT DISTINCT container FROM snapshot_parts) AS c"), kept(app).len() as u64);
    }

    fn a_doubted_clock_signs_none(app: &TestApp) {
        let (_, license) = sell(app, &json!({}));
        run_jobs(app);
        let files = || kept(app).iter().map(|it| it["sha256"].clone()).collect::<Vec<_>>();
        let before = files();
        assert_eq!(change(app, &license, "revoke", &json!({})).status, 200);
        app.clock.set_by(400 * 24 * 60 * 60);
        assert_problem(&app.api("POST", "/api/v1/snapshots", &json!({})), 503, "clock_in_doubt");
        run_jobs(app);
        let failure = app.texts("SELECT COALESCE(last_error, '') FROM jobs WHERE name = 'sign_snapshots'");
        assert_eq!(failure, ["clock_in_doubt"], "a run that signed nothing is not done");
        app.clock.set_by(-400 * 24 * 60 * 60);
        assert_eq!(files(), before);
        app.clock.advance(60);
        assert_eq!(sign(app)["snapshot"]["revoked"], 1);
    }
}
