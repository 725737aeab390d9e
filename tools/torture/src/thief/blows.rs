//! What the documentation openly says that a thief can do until he is locked out: nothing beyond that may follow from it.

use super::den::{Den, THIEF};
use super::guide;
use super::sql::Session;
use super::values::key;
use crate::day::Day;
use crate::random::Random;
use harness::failure::{Failure, Result};
use serde_json::json;
use std::thread;
use std::time::{Duration, Instant};

/// How long he keeps a transaction open.
const HOLDS: Duration = Duration::from_millis(1_500);
/// More connections than PostgreSQL has for all.
const CONNECTIONS: usize = 320;
/// All servers forget what they know, so that they see what somebody wrote past them.
pub(super) const LOOK_AGAIN: &str = "UPDATE change_counter SET n = 1";

/// A record that no group has reached yet.
const AHEAD: &str = "INSERT INTO changes SELECT n + 1000000, '' FROM change_counter ON CONFLICT DO NOTHING";

/// One thing that he can do.
pub(super) struct Blow {
    pub(super) name: &'static str,
    /// The words that say so, in SECURITY.md or in the operator's guide.
    admitted: &'static str,
    pub(super) statements: Vec<String>,
    /// How the owner of the database takes it back.
    undo: Vec<String>,
    /// Whether honest customers may be refused meanwhile.
    hurts_customers: bool,
}

/// All of them.
pub(super) fn blows(day: &Day, den: &Den) -> Result<Vec<Blow>> {
    let (app, prey) = (&day.app.id, &den.prey.app.id);
    let report = |license: &str, kind: &str, value: &str| {
        format!(
            "INSERT INTO access_entries SELECT gen_random_uuid()::text, tenant_id, app_id, {license}, 'self_ban', 'deny', \
             '{kind}', {value}, 'loot', 1, 4000000000"
        )
    };
    let as_they_were = |table: &str, column: &str, key: &str| as_they_were(den, table, column, key);
    let recount =
        guide::after_a_theft(THIEF)?.into_iter().filter(|sql| sql.contains("devices_used")).collect();
    let all = vec![
        Blow {
            name: "reports everybody",
            admitted: "add and end reports of clients, each of which denies one device of a license or one address",
            statements: vec![
                format!("{} FROM apps WHERE app_id = '{app}'", report("''", "ip", "'127.0.0.1/32'")),
                format!(
                    "{} FROM licenses l JOIN devices d USING (tenant_id, license_id) WHERE app_id = '{app}' LIMIT 900",
                    report("license_id", "hwid", "d.identity")
                ),
            ],
            undo: vec!["DELETE FROM access_entries WHERE reason = 'loot'".to_owned()],
            hurts_customers: true,
        },
        Blow {
            name: "takes the credits",
            admitted: "change the credits of apps",
            statements: ["0", "-1", "-9223372036854775808", "9223372036854775807", "0"]
                .map(|n| format!("UPDATE apps SET credits = '{n}'"))
                .to_vec(),
            undo: as_they_were("apps", "credits", "app_id")?,
            hurts_customers: true,
        },
        Blow {
            name: "gives seats away",
            admitted: "give seats away",
            statements: vec![
                "INSERT INTO devices SELECT license_id, 'hwid', 'loot', gen_random_uuid()::text, tenant_id, 1 FROM licenses"
                    .to_owned(),
                "INSERT INTO devices SELECT license_id, 'nonsense', 'loot-2', 'loot' || license_id, tenant_id, -1 FROM licenses"
                    .to_owned(),
            ],
            undo: vec!["DELETE FROM devices WHERE identity LIKE 'loot%'".to_owned()],
            hurts_customers: false,
        },
        of_trials(),
        of_modules(),
        of_slots(),
        of_blocks(),
        Blow {
            name: "says that all seats are taken",
            admitted: "change the number of devices that a license's row keeps",
            statements: vec!["UPDATE licenses SET devices_used = 9223372036854775807".to_owned()],
            undo: recount,
            hurts_customers: false,
        },
        Blow {
            name: "moves the servers",
            admitted: "change the origins of other servers, which then wait for a new approval",
            statements: vec![
                "UPDATE servers SET origins = 'https://thief.example'".to_owned(),
                "UPDATE servers SET origins = ''".to_owned(),
                "UPDATE servers SET origins = repeat(E'https://thief.example\\n', 500)".to_owned(),
            ],
            undo: as_they_were("servers", "origins", "server_key")?,
            hurts_customers: false,
        },
        of_activation_keys(den)?,
        Blow {
            name: "ends the reports",
            admitted: "add and end reports of clients",
            statements: vec![format!("UPDATE access_entries SET expires_at = 1 WHERE app_id <> '{prey}'")],
            undo: vec![],
            hurts_customers: false,
        },
    ];
    all.iter().try_for_each(|blow| guide::admits(blow.admitted))?;
    Ok(all)
}

/// What servers say that they sign activation proofs with.
fn of_activation_keys(den: &Den) -> Result<Blow> {
    Ok(Blow {
        name: "reports other activation keys",
        admitted: "change the activation key that other servers report, which then waits for a new approval",
        statements: vec![
            "UPDATE servers SET activation_key = 'no key'".to_owned(),
            "UPDATE servers SET activation_key = server_key".to_owned(),
            "UPDATE servers SET activation_key = (SELECT public_key FROM signing_keys WHERE key_use = 'issuer' LIMIT 1)".to_owned(),
        ],
        undo: as_they_were(den, "servers", "activation_key", "server_key")?,
        hurts_customers: false,
    })
}

/// Trials and devices as a runtime may write them.
fn of_trials() -> Blow {
    Blow {
        name: "makes trials up",
        admitted: "make up trials",
        statements: vec![
            "INSERT INTO trials SELECT app_id, 'device', 'loot', tenant_id, license_id, 9223372036854775807 FROM licenses LIMIT 1"
                .to_owned(),
            "INSERT INTO trials SELECT app_id, 'license', license_id, tenant_id, license_id, -1 FROM licenses".to_owned(),
            "UPDATE devices SET trial_began = -1, last_seen = 9223372036854775807, name = E'\\x1b[2J'".to_owned(),
        ],
        undo: vec![
            "DELETE FROM trials WHERE subject = 'loot' OR began_at = -1".to_owned(),
            "UPDATE devices SET trial_began = NULL, last_seen = NULL, name = NULL".to_owned(),
        ],
        hurts_customers: false,
    }
}

/// Modules as a runtime may leave them.
fn of_modules() -> Blow {
    Blow {
        name: "makes modules up",
        admitted: "make up modules that wait for your decision",
        statements: vec![
            "INSERT INTO approvals (approval_id, tenant_id, app_id, license_id, module, name, sha256, source, submitted_at) \
             SELECT gen_random_uuid()::text, tenant_id, app_id, license_id, repeat('0', 64), 'loot', decode(repeat('00', 32), 'hex'), \
             'device', -1 FROM licenses"
                .to_owned(),
        ],
        undo: vec!["DELETE FROM approvals WHERE name = 'loot'".to_owned()],
        hurts_customers: false,
    }
}

/// He opened no block beside one that is open. That blocks are closed says nothing: whoever sets the counter of writes back has the
/// vendor's own process close them (`SECURITY.md`).
const NO_BLOCK_MORE: &str = "DO $$BEGIN IF EXISTS (SELECT FROM slot_blocks WHERE is_full = 0 AND is_shown = 0 GROUP BY app_id \
    HAVING COUNT(*) > 1) THEN RAISE 'a block more'; END IF; END$$";
/// What he listed is listed since now, whatever he said, and its shard is due.
const LISTED_NOW: &str = "DO $$BEGIN IF NOT EXISTS (SELECT FROM slots WHERE listed_at IS NOT NULL) THEN RAISE 'nothing is listed'; END IF; \
    IF EXISTS (SELECT FROM slots s JOIN slot_blocks b ON b.app_id = s.app_id AND b.block = s.block WHERE s.listed_at IS NOT NULL \
    AND (b.listings = 0 OR ABS(s.listed_at - EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)) > 900)) THEN RAISE 'he said when'; END IF; END$$";

/// Blocks that only he knows are few, however many apps there are.
const FEW_BLOCKS: &str = "DO $$BEGIN IF EXISTS (SELECT FROM slot_blocks WHERE is_shown = 1 GROUP BY tenant_id HAVING COUNT(*) > 200) \
    THEN RAISE 'too many blocks'; END IF; END$$";
/// A proof lies in a block of its license's app.
const OF_ANOTHER_APP: &str = "DO $$BEGIN INSERT INTO slots (app_id, slot, block, tenant_id, license_id, activation_id, generation) \
    SELECT a.app_id, 1048573, 0, l.tenant_id, l.license_id, 'loot', 1 FROM licenses l JOIN apps a ON a.tenant_id = l.tenant_id \
    AND a.app_id <> l.app_id LIMIT 1; IF FOUND THEN RAISE 'of another app'; END IF; EXCEPTION WHEN check_violation THEN NULL; END$$";

/// Blocks as a device may show them, and what is listed in each.
fn of_blocks() -> Blow {
    Blow {
        name: "makes blocks known",
        admitted: "make up to two hundred blocks of a tenant known",
        statements: vec![
            "SELECT know_slot_block(tenant_id, app_id, n) FROM apps CROSS JOIN generate_series(1, 300) AS all_of_them (n)".to_owned(),
            FEW_BLOCKS.to_owned(),
            OF_ANOTHER_APP.to_owned(),
            "INSERT INTO slots (app_id, slot, block, tenant_id, license_id, activation_id, generation) \
             SELECT DISTINCT ON (b.app_id, b.block) b.app_id, b.block * 1048576 + 1048572, b.block, l.tenant_id, l.license_id, \
             a.activation_id, 1 FROM slot_blocks b JOIN licenses l ON l.app_id = b.app_id JOIN activations a \
             ON a.license_id = l.license_id ON CONFLICT (app_id, slot) DO NOTHING"
                .to_owned(),
            "UPDATE activations SET end_code = 'not_activated', ended_at = 1, grace_until = 1".to_owned(),
            "SELECT list_proofs(license_id, identity, 1) FROM activations".to_owned(),
        ],
        undo: vec![
            "DELETE FROM slots WHERE slot % 1048576 = 1048572".to_owned(),
            "UPDATE slots SET listed_at = NULL".to_owned(),
            "UPDATE activations SET end_code = NULL, ended_at = NULL, grace_until = NULL".to_owned(),
            "DELETE FROM shards WHERE (app_id, block) IN (SELECT app_id, block FROM slot_blocks WHERE is_shown = 1)".to_owned(),
            "DELETE FROM slot_blocks WHERE is_shown = 1".to_owned(),
        ],
        hurts_customers: false,
    }
}

/// Slots as a runtime may give them out.
fn of_slots() -> Blow {
    Blow {
        name: "makes slots up",
        admitted: "make up slots of revocation data",
        statements: vec![
            "INSERT INTO slots (app_id, slot, block, tenant_id, license_id, activation_id, generation, expires_at) \
             SELECT app_id, n, 0, 'loot', NULL, 'loot', 1, 0 FROM apps CROSS JOIN generate_series(0, 1023) AS all_of_them (n) \
             ON CONFLICT (app_id, slot) DO NOTHING"
                .to_owned(),
            "SELECT open_slot_block(tenant_id, app_id, block), widen_slot_block(app_id, block, 20), close_slot_block(app_id, block), \
             open_slot_block(tenant_id, app_id, block) FROM slot_blocks"
                .to_owned(),
            NO_BLOCK_MORE.to_owned(),
            // Rows of a license that is there, which say nothing.
            "INSERT INTO slots (app_id, slot, block, tenant_id, license_id, activation_id, generation) \
             SELECT l.app_id, 1048574, 0, l.tenant_id, l.license_id, 'loot', 9007199254740991 FROM licenses l \
             ON CONFLICT (app_id, slot) DO NOTHING"
                .to_owned(),
            "UPDATE activations SET end_code = 'not_activated', ended_at = 1, grace_until = 1".to_owned(),
            "SELECT list_proofs(license_id, identity, -5), list_proofs(license_id, identity, 9223372036854775807) FROM activations"
                .to_owned(),
            LISTED_NOW.to_owned(),
        ],
        undo: vec![
            "DELETE FROM slots WHERE tenant_id = 'loot' OR activation_id = 'loot'".to_owned(),
            "UPDATE slots SET listed_at = NULL".to_owned(),
            "UPDATE activations SET end_code = NULL, ended_at = NULL, grace_until = NULL".to_owned(),
            "UPDATE slot_blocks SET bits = 10".to_owned(),
        ],
        hurts_customers: false,
    }
}

/// Sets a column back to what it is now.
fn as_they_were(den: &Den, table: &str, column: &str, key: &str) -> Result<Vec<String>> {
    let rows = den
        .owner
        .rows(&format!("SELECT quote_literal({key}) AS k, quote_nullable({column}) AS v FROM {table}"))?;
    let set = |row: &serde_json::Value| {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        format!("UPDATE {table} SET {column} = {} WHERE {key} = {}", text("v"), text("k"))
    };
    Ok(rows.iter().map(set).collect())
}

/// Does it, sees that nobody's server minds, and has the owner take it back.
pub(super) fn strike(day: &Day, den: &Den, blow: &Blow) -> Result<u64> {
    if blow.hurts_customers {
        day.trouble();
    }
    let mut done = 0;
    for statement in &blow.statements {
        den.thief.must([statement.as_str(), LOOK_AGAIN])?;
        done += 2;
        // Until every server has looked.
        thread::sleep(Duration::from_millis(300));
        // Whatever he writes, revocation data goes on.
        let (status, body) = day.vendor().post("/api/v1/snapshots", &json!({}))?;
        crate::client::expect(status, &[200, 503], "sign revocation data", &body)?;
    }
    for script in &blow.undo {
        den.owner.script(script)?;
    }
    den.owner.script(LOOK_AGAIN)?;
    Ok(done)
}

/// Keeps rows and tables locked: who has a seat is served all the same, at every server.
pub(super) fn hold(day: &Day, den: &Den, tables: &[&str], random: &mut Random) -> Result<u64> {
    guide::admits("hold up every server's writes with a transaction that stays open")?;
    day.trouble();
    let mut session = den.thief.session()?;
    // A record above the counter: no server answers from memory then.
    den.thief.must([AHEAD])?;
    let held = take(&mut session, tables)?;
    let begin = Instant::now();
    while begin.elapsed() < HOLDS {
        if let Err(why) = day.seated_are_served(random) {
            day.notes.wrong(format!("while the thief holds {tables:?}: {why}"));
            break;
        }
    }
    Ok(held)
}

/// Locks what he may, in one transaction.
pub(super) fn take(session: &mut Session, tables: &[&str]) -> Result<u64> {
    let mut held = 0;
    session.say("SET lock_timeout = '500ms'")?;
    session.say("BEGIN")?;
    for table in tables {
        for lock in [
            format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"),
            format!("LOCK TABLE {table} IN ROW EXCLUSIVE MODE"),
            format!("SELECT FROM {table} FOR UPDATE"),
        ] {
            session.say("SAVEPOINT before")?;
            if session.say(&lock)?.is_done() {
                held += 1;
            } else {
                session.say("ROLLBACK TO SAVEPOINT before")?;
            }
        }
    }
    Ok(held)
}

/// Takes all connections that he gets. The servers must have theirs.
pub(super) fn crowd(day: &Day, den: &Den) -> Result<usize> {
    let mut sessions = vec![];
    while sessions.len() < CONNECTIONS {
        let mut session = den.thief.session()?;
        if session.say("SELECT 1").is_err() {
            break;
        }
        sessions.push(session);
    }
    // The servers open new ones, too.
    for place in &day.places {
        day.trouble();
        place.kill()?;
        place.start()?;
    }
    day.well()?;
    if sessions.len() == CONNECTIONS {
        return Err(Failure::new("the thief gets as many connections as he wants"));
    }
    Ok(sessions.len())
}

/// Servers that are none.
pub(super) fn made_up_servers(count: u64, random: &mut Random) -> Vec<String> {
    let insert = |random: &mut Random| {
        format!("INSERT INTO servers VALUES ({}, 'https://thief.example', 1)", key(random))
    };
    (0..count).map(|_| insert(random)).collect()
}
