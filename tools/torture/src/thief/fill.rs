//! A great many rows, which the database makes by itself: honest customers are answered all the same, and the vendor's
//! commands work.

use super::blows::LOOK_AGAIN;
use super::den::Den;
use super::guide;
use super::judge::Judge;
use crate::client::text;
use crate::day::Day;
use crate::random::Random;
use harness::failure::{Failure, Result};
use std::time::{Duration, Instant};

/// Reports of clients, in the short form and in the whole one, and made-up servers. Of other rows there are as many as servers.
const REPORTS: [u64; 2] = [25_000, 1_000_000];
const SERVERS: [u64; 2] = [5_000, 100_000];
/// Records of changes just above the counter, where every write meets them.
const CHANGES: [u64; 2] = [100_000, 5_000_000];
/// Records of changes in one transaction: one that stays open holds up whoever comes to its numbers, and that is not what is
/// tried here.
const AT_ONCE: u64 = 100_000;
/// Rows that get a number one by one.
const AUDIT: u64 = 5_000;
/// How long everybody must be served.
const SERVED_FOR: Duration = Duration::from_secs(2);
/// How long a customer waits at most, when every server has to read again.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

/// Fills every table that he may write into; returns how many rows there are.
pub(super) fn fill(
    day: &Day,
    den: &Den,
    judge: &mut Judge<'_>,
    short: bool,
    random: &mut Random,
) -> Result<u64> {
    guide::admits("a great many of them")?;
    let (at, begin) = (usize::from(!short), Instant::now());
    let (reports, servers) = (REPORTS[at], SERVERS[at]);
    let statements = statements(day, den, at, (reports, servers));
    let mut rows = 0;
    for statement in &statements {
        let outcomes = den.thief.try_each([statement.as_str()])?;
        match outcomes.first().filter(|outcome| outcome.is_done()) {
            Some(done) => rows += done.rows,
            None => {
                return Err(Failure::new(format!("the thief could not do this: {outcomes:?}: {statement}")));
            }
        }
    }
    let filled = begin.elapsed();
    // Nobody answers from memory that is older than this.
    for _ in 0..2 {
        den.thief.must([LOOK_AGAIN])?;
        served(day, random);
    }
    judge.look("a great many rows");
    vendor_decides(day, den)?;
    println!("thief: {rows} rows in {filled:?}, looked at in {:?}", begin.elapsed().saturating_sub(filled));
    Ok(rows)
}

fn statements(day: &Day, den: &Den, at: usize, (reports, servers): (u64, u64)) -> Vec<String> {
    let (app, prey) = (&day.app.id, &den.prey);
    let made_up = |n: u64| format!("generate_series(1, {n}) g");
    let mut statements = vec![];
    for (app, count) in [(app, reports), (&prey.app.id, servers)] {
        statements.push(format!(
            "INSERT INTO access_entries SELECT 'ffffffff' || substr(gen_random_uuid()::text, 9), tenant_id, app_id, '{}', \
             'self_ban', 'deny', 'hwid', 'h' || g || repeat('x', 100), NULL, 1, 4000000000 FROM apps, {} WHERE app_id = '{app}'",
            prey.license.id,
            made_up(count)
        ));
    }
    statements.extend([
        format!(
            "INSERT INTO servers SELECT encode(sha256(('server' || g)::bytea), 'base64'), 'https://thief.example/' || \
             repeat('x', 1000), 1 FROM {}",
            made_up(servers)
        ),
        format!(
            "INSERT INTO devices SELECT license_id, 'hwid', 'loot-many-' || g, gen_random_uuid()::text, tenant_id, 1 \
             FROM licenses, {} WHERE license_id = '{}'",
            made_up(servers),
            den.foreign[2]
        ),
        format!(
            "INSERT INTO events SELECT 'ffffffff' || substr(gen_random_uuid()::text, 9), tenant_id, app_id, NULL, NULL, 1, \
             'refused', 'blocked', 'made-up', 1 FROM apps, {} WHERE app_id = '{app}'",
            made_up(servers)
        ),
        format!(
            "INSERT INTO audit (audit_id, tenant_id, at, actor, action, subject, detail, request_id) SELECT \
             gen_random_uuid()::text, tenant_id, 1, 'loot', 'loot', 'loot', '{{}}', 'loot' FROM apps, {} WHERE app_id = '{app}'",
            made_up(AUDIT)
        ),
        format!("INSERT INTO debits SELECT sha256(('debit' || g)::bytea), 4000000000 FROM {}", made_up(servers)),
        format!(
            "INSERT INTO lifetime_files SELECT license_id, 'loot-many-' || g, tenant_id, 'loot', '', 1 FROM licenses, {} \
             WHERE license_id = '{}'",
            made_up(servers),
            prey.license.id
        ),
    ]);
    // The highest first: nobody comes to their numbers before all of them are there.
    statements.extend((0..CHANGES[at] / AT_ONCE).rev().map(|part| {
        let first = 100 + part * AT_ONCE;
        format!(
            "INSERT INTO changes SELECT n + {first} + g, '' FROM change_counter, {} ON CONFLICT DO NOTHING",
            made_up(AT_ONCE)
        )
    }));
    statements
}

/// Everybody who has a seat is answered, again and again, and nobody waits for long.
fn served(day: &Day, random: &mut Random) {
    let begin = Instant::now();
    while begin.elapsed() < SERVED_FOR {
        let round = Instant::now();
        if let Err(why) = day.seated_are_served(random) {
            day.notes.wrong(format!("with a great many rows: {why}"));
            return;
        }
        // Of all customers together, at all servers.
        let took = round.elapsed();
        if took > ANSWERED_WITHIN {
            day.notes.wrong(format!("with a great many rows, a round of customers took {took:?}"));
        }
    }
}

/// What the vendor decides about servers finds them among all others, and a denial of the vendor's own counts.
fn vendor_decides(day: &Day, den: &Den) -> Result<()> {
    let tell = |verb: &[&str]| super::den::tell(day, verb);
    for id in &den.honest {
        let shown = tell(&["server", "approve", id, "--yes"])?;
        if shown["status"] != "approved" {
            day.notes.wrong(format!("with a great many rows, `server approve` says {shown}"));
        }
    }
    let (app, hwid) = (&den.prey.app.id, "denied-later");
    let entry = text(&tell(&["access", "deny", "--app", app, "--hwid", hwid])?, "entry_id")?;
    let first = tell(&["access", "list", "--app", app, "--limit", "1"])?;
    if first[0]["entry_id"] != entry.as_str() {
        day.notes
            .wrong(format!("with a great many rows, the vendor's own entry is not listed first: {first}"));
    }
    tell(&["access", "remove", "--app", app, "--hwid", hwid]).map(drop)
}
