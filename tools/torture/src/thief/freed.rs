//! The last blow, and how the vendor gets free of the thief: by what the guide tells, and by nothing else.

use super::attempts::{Means, base, insert};
use super::blows::{made_up_servers, take};
use super::catalog::Table;
use super::den::{Den, HWID, THIEF, as_user, servers, steal, tell};
use super::guide;
use super::judge::has;
use super::sql::{Database, Session};
use super::values::extremes;
use crate::client::{Answer, text};
use crate::day::{Day, Place};
use crate::random::Random;
use harness::failure::{Failure, Result};

/// Made-up servers, and addresses that he reports, at the end.
const MADE_UP: u64 = 200;
const ENTRIES: u64 = 12;
/// Seats of prey that he gives away, so that none is left.
const GIVEN: [&str; 2] = ["loot-1", "loot-2"];
/// Devices of the prey's customer.
const KNOWN: [&str; 2] = [HWID, "prey-lap"];

/// More than PostgreSQL has room for. They stay when the statement fails.
const ALL_LOCKS: &str = "SELECT COUNT(pg_advisory_lock(n)) FROM generate_series(1, 1000000) n";
const OUT_OF_MEMORY: &str = "53200";

/// What the thief still has in his hands at the end.
pub(super) struct LastBlow {
    session: Session,
    /// Holds all locks that PostgreSQL has room for.
    _locks: Session,
    /// Statements that were carried out.
    pub(super) done: u64,
}

/// He does everything at once, and keeps a transaction open. His own server serves.
pub(super) fn last_blow(
    day: &Day,
    den: &Den,
    tables: &[Table],
    means: &Means,
    random: &mut Random,
) -> Result<LastBlow> {
    day.trouble();
    let mut statements = made_up_servers(MADE_UP, random);
    for table in tables.iter().filter(|table| table.insert()) {
        let Some(base) = base(table, means, random) else { continue };
        for column in table.columns.iter().filter(|column| column.insert) {
            for value in extremes(column, means.foreign, random) {
                statements.push(insert(table, &base, Some((column, &value)), random));
            }
        }
    }
    let (app, prey) = (&day.app.id, &den.prey);
    // What the vendor listed is not touched by it.
    statements.push(format!("UPDATE access_entries SET expires_at = 1 WHERE app_id = '{}'", prey.app.id));
    for n in 1..=ENTRIES {
        statements.push(format!(
            "INSERT INTO access_entries SELECT '{}', tenant_id, app_id, '', 'self_ban', 'deny', 'ip', '127.0.0.{n}/32', 'loot', 1, \
             4000000000 FROM apps WHERE app_id = '{app}'",
            super::values::uuid(random)
        ));
    }
    for hwid in GIVEN {
        statements.push(format!(
            "INSERT INTO devices SELECT license_id, 'hwid', '{hwid}', '{}', tenant_id, 1 FROM licenses WHERE license_id = '{}'",
            super::values::uuid(random), prey.license.id
        ));
    }
    let fixed = [
        "UPDATE licenses SET devices_used = 9223372036854775807, seq = 9223372036854775807",
        "UPDATE servers SET origins = 'https://thief.example'",
        "UPDATE apps SET credits = 0",
        "INSERT INTO changes VALUES (9223372036854775807, '')",
        "UPDATE change_counter SET n = 9223372036854775807",
    ];
    statements.extend(fixed.map(str::to_owned));
    let outcomes = den.thief.try_each(statements.iter().map(String::as_str))?;
    let done = outcomes.iter().filter(|outcome| outcome.is_done()).count() as u64;
    let mut session = den.thief.session()?;
    take(&mut session, &tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>())?;
    Ok(LastBlow { session, _locks: take_all_locks(day, den)?, done })
}

/// From then on nobody can connect, and whoever is connected may fail.
fn take_all_locks(day: &Day, den: &Den) -> Result<Session> {
    guide::admits("keep everybody from connecting")?;
    day.places.iter().for_each(Place::may_connect);
    let mut session = den.thief.session()?;
    let outcome = session.say(ALL_LOCKS)?;
    if outcome.state == OUT_OF_MEMORY && den.owner.rows("SELECT 1 AS one").is_err() {
        return Ok(session);
    }
    Err(Failure::new(format!("the table of locks is not full: {}", outcome.state)))
}

/// The vendor does what the guide says under "A stolen runtime". When this returns, the installation is the vendor's again.
pub(super) fn free(day: &Day, den: &Den, mut thief: LastBlow) -> Result<()> {
    lock_out(day, den, &mut thief.session)?;
    guide::tells("sealgate server revoke ID")?;
    tell(day, &["server", "revoke", &den.his_id, "--reason", "stolen"])?;
    clean(day, den)?;
    restart(day)?;
    servers_are_known(day, den)?;
    take_back(day, den)?;
    guide::tells("sealgate audit verify")?;
    tell(day, &["audit", "verify"])?;
    guide::tells("sealgate app rotate-key APP")?;
    for app in [&day.app.id, &den.prey.app.id, &day.app.id, &den.prey.app.id] {
        tell(day, &["app", "rotate-key", app, "--yes"])?;
    }
    guide::tells("sealgate keys share")?;
    tell(day, &["keys", "share", "-o", &day.places[1].launch.data().display().to_string()])?;
    Ok(())
}

/// Step 1: his user is gone, and so is everything that he has open. SQL alone cannot do it.
fn lock_out(day: &Day, den: &Den, session: &mut Session) -> Result<()> {
    let postgres = day.postgres.as_ref().ok_or_else(|| Failure::new("no PostgreSQL of the day's own"))?;
    postgres.judge_first(&guide::turns_away(THIEF)?)?;
    let steps = guide::after_a_theft(THIEF)?;
    let lock_out =
        steps.first().ok_or_else(|| Failure::new("the guide does not say how to lock a user out"))?;
    if den.owner.script(lock_out).is_err() {
        guide::tells("restart PostgreSQL")?;
        postgres.restart()?;
        if den.thief.rows("SELECT 1 AS one").is_ok() {
            day.notes.wrong("the thief gets in before anybody could lock his user out".to_owned());
        }
        den.owner.script(lock_out)?;
    }
    if session.say("SELECT 1").is_ok() {
        return Err(Failure::new("a session of the thief's goes on after he was locked out"));
    }
    if den.thief.rows("SELECT 1 AS one").is_ok() {
        return Err(Failure::new("the thief still gets into the database"));
    }
    Ok(())
}

/// The rows that no server wrote.
fn clean(day: &Day, den: &Den) -> Result<()> {
    for script in guide::after_a_theft(THIEF)?.iter().skip(1) {
        den.owner.script(script)?;
    }
    let counts = den.owner.rows(
        "SELECT (SELECT COUNT(*) FROM servers WHERE origins LIKE '%thief%' AND server_key NOT IN \
         (SELECT server_key FROM server_decisions)) AS servers, \
         (SELECT COUNT(*) FROM licenses l WHERE devices_used <> (SELECT COUNT(*) FROM devices d WHERE d.license_id = l.license_id)) \
         AS miscounted, (SELECT COUNT(*) FROM devices WHERE kind NOT IN ('hwid', 'key')) AS devices, \
         (SELECT COUNT(*) FROM access_entries WHERE source <> 'vendor') AS reports, \
         (SELECT COUNT(*) FROM events WHERE event_id > 'f') AS events, \
         (SELECT COUNT(*) FROM lifetime_files) AS files",
    )?;
    for what in ["servers", "miscounted", "devices", "files", "reports", "events"] {
        if counts[0][what] != 0 {
            day.notes.wrong(format!("after the guide's clean-up, {what}: {}", counts[0][what]));
        }
    }
    Ok(())
}

fn restart(day: &Day) -> Result<()> {
    guide::tells("Restart all servers")?;
    for place in &day.places {
        place.kill()?;
        place.start()?;
        place.connected();
    }
    Ok(())
}

/// What `server list` shows: the honest ones, approved where they are found, and the stolen one, revoked.
fn servers_are_known(day: &Day, den: &Den) -> Result<()> {
    guide::tells("sealgate server list")?;
    let list = tell(day, &["server", "list"])?;
    for server in list.as_array().into_iter().flatten() {
        let id = text(server, "server_id")?;
        let expected = if id == den.his_id { "revoked" } else { "approved" };
        if server["status"] != expected || (id != den.his_id && !den.honest.contains(&id)) {
            day.notes.wrong(format!("after the guide's steps a server is not {expected}: {server}"));
        }
    }
    Ok(())
}

/// Credits and seats, which only the vendor can judge.
fn take_back(day: &Day, den: &Den) -> Result<()> {
    guide::tells("sealgate credits grant")?;
    let prey = &den.prey;
    tell(day, &["credits", "grant", "--app", &prey.app.id, "1000000"])?;
    guide::tells("sealgate device list")?;
    guide::tells("sealgate device release")?;
    let devices = tell(day, &["device", "list"])?;
    for device in devices.as_array().into_iter().flatten() {
        // The vendor asks the customers.
        let (license, identity) = (text(device, "license_id")?, text(device, "identity")?);
        let is_known =
            if license == prey.license.id { KNOWN.contains(&&*identity) } else { !is_made_up(&identity) };
        if !is_known {
            tell(day, &["device", "release", &text(device, "device_id")?, "--override-allowance"])?;
        }
    }
    Ok(())
}

/// Whether no customer of the day's calls a device so: theirs are numbers in hexadecimal, keys, and `desk-0` and its like.
fn is_made_up(identity: &str) -> bool {
    let is_number = identity.len() == 64 && identity.chars().all(|c| c.is_ascii_hexdigit());
    let is_key = identity.len() == 44 && identity.ends_with('=') && !identity.starts_with("AAAAAAAA");
    !(is_number || is_key || identity.starts_with("desk-"))
}

/// He is out, and the vendor is where it was before.
pub(super) fn is_free(day: &Day, den: &Den, random: &mut Random) -> Result<()> {
    for (who, answer) in
        [("an honest server", den.customer.ask_honest()), ("the stolen server", den.customer.ask_him())]
    {
        let yes = answer == Answer::Yes;
        if yes != (who == "an honest server") {
            day.notes.wrong(format!("after the guide's steps, with the SDK, {who} says: {answer:?}"));
        }
    }
    if den.his.kill().and_then(|()| den.his.start()).is_ok() {
        day.notes.wrong("the stolen server starts again".to_owned());
    }
    let entries = tell(day, &["access", "list"])?;
    let credits = tell(day, &["credits", "show", "--app", &den.prey.app.id])?;
    let shown = tell(day, &["license", "show", &den.prey.license.id])?;
    if entries.to_string().contains("loot") || !den.prey.denied.iter().all(|hwid| has(&entries, "hwid", hwid))
    {
        day.notes.wrong(format!("the access lists are not the vendor's: {entries}"));
    }
    if credits["balance"] != 1_000_000 || shown["devices_used"] != 2 {
        day.notes.wrong(format!("credits or seats are not the vendor's: {credits}, {shown}"));
    }
    newcomer(day, den, random)
}

/// A new runtime in the place of the stolen one, with a directory and a user of its own.
fn newcomer(day: &Day, den: &Den, random: &mut Random) -> Result<()> {
    den.owner.script(&guide::rights("newcomer")?)?;
    let database = Database::new(&as_user(den.owner.url(), "newcomer")?)?;
    let new = steal(day, "server-3", database.url())?;
    if servers(day)?.len() != den.honest.len() + 2 {
        day.notes.wrong("the new runtime is not listed beside the others".to_owned());
    }
    let prey = &den.prey;
    let answer = ask(&new, prey, &prey.hwid, random);
    let more = ask(&new, prey, "a-new-desk", random);
    if (&answer, &more) != (&Answer::Yes, &Answer::Yes) {
        day.notes.wrong(format!("the prey's devices are told at the new runtime: {answer:?}, {more:?}"));
    }
    new.kill()
}

fn ask(place: &Place, prey: &super::den::Prey, hwid: &str, random: &mut Random) -> Answer {
    crate::client::Client::new(&place.url, "").ask(&prey.app, &prey.license, hwid, &random.hex(2))
}
