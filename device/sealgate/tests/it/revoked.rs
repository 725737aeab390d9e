//! What a snapshot lists gives no right, and goes on giving none (`spec/revocation.md` §5.3, §6).
#![expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]

use sealgate::guard::Lack;
use sealgate::{BeatSaid, HeldStatement, Revocations, Tier};
use sealgate_artifact::{Freshness, Policy, Shard};

use crate::authority::{DAY, NOW, at, id_of, key};
use crate::guard::{HOUR, heard, lack};
use crate::snapshot::{LICENSE_SLOT, PROOF_SLOT, Station, shard};
use crate::told::{says, told};

fn slot(slot: u64) -> u32 {
    u32::try_from(slot).expect("of the first block")
}

fn of_license() -> u32 {
    slot(LICENSE_SLOT)
}

fn of_proof() -> u32 {
    slot(PROOF_SLOT)
}

#[test]
fn a_license_that_is_listed_gives_nothing_at_once_and_for_good() {
    for policy in [None, Some(heard())] {
        let station = Station::activated(policy);
        let guard = station.client().guard().offline().without_threads().start().expect("it starts");
        let others = station.import(1, &[shard(0, 1, &[4, 6, 8, 10])]).expect("whole");
        assert!(others.revoked.is_empty());
        guard.verify_integrity();
        assert_eq!((guard.tier(), lack(&guard)), (Tier::Enterprise, None));

        let file = station.medium(&station.draft(2, &[shard(0, 2, &[of_license()])]).file());
        let (imported, lines) = told(|| guard.import_snapshot_file(&file).expect("whole"));
        let revoked: Vec<HeldStatement> = imported.revoked.iter().map(|found| found.what).collect();
        assert_eq!(revoked, [HeldStatement::License]);
        assert_eq!((guard.tier(), lack(&guard)), (Tier::Free, Some(Lack::Revoked)));
        assert!(guard.ensure_valid("rule-engine").is_err());
        says(&lines, "INFO", &["[License] Revocation data of", "snapshot 2"]);
        says(&lines, "WARN", &["[License]", "lists this license", "(revoked)"]);
        drop(guard);

        let starts = || {
            let guard = station.client().guard().offline().without_threads().start().expect("it starts");
            lack(&guard)
        };
        assert_eq!(starts(), Some(Lack::Revoked));
        std::fs::remove_file(station.kept()).expect("it was there");
        assert_eq!(starts(), Some(Lack::Revoked), "deleting the file un-revokes nothing");
        let denied = station.client().activation().expect_err("taken back");
        assert_eq!(denied.code(), "revoked");
    }
}

#[test]
fn a_proof_that_is_listed_admits_nobody() {
    let station = Station::activated(Some(heard()));
    assert!(station.client().activation().expect("it verifies").is_some());
    let imported = station.import(1, &[shard(0, 1, &[of_proof()])]).expect("whole");
    assert_eq!(imported.revoked.iter().map(|it| it.what).collect::<Vec<_>>(), [HeldStatement::Proof]);
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    assert_eq!(lack(&guard), Some(Lack::Revoked));
    assert_eq!(station.client().activation().expect_err("taken back").code(), "revoked");
    assert!(station.client().revocations().expect("it reads").is_revoked);
    // What it does is recorded nevertheless.
    assert!(station.client().chain_log().is_ok());
}

/// A newer version gives what it says, and only the next start raises the rights.
#[test]
fn a_newer_version_that_is_not_listed_lifts_it() {
    let station = Station::activated(Some(heard()));
    station.import(1, &[shard(0, 1, &[of_license(), of_proof()])]).expect("whole");
    let guard = station.client().guard().without_threads().start().expect("it starts");
    assert_eq!(lack(&guard), Some(Lack::Revoked), "the server said nothing newer");
    station.machine.pass(HOUR);
    station.machine.site.authority().next_license().conditions.slot = Some(LICENSE_SLOT + 1);
    station.machine.site.admissions().only().proof.slot = Some(PROOF_SLOT + 1);
    guard.heartbeat().expect("admitted");
    assert_eq!(lack(&guard), Some(Lack::Revoked), "what fell stays down");
    assert!(guard.state().restart_helps);
    drop(guard);
    let guard = station.client().guard().without_threads().start().expect("it starts");
    assert_eq!((guard.tier(), lack(&guard)), (Tier::Enterprise, None));
    // The newer one is listed, too.
    drop(guard);
    station.import(2, &[shard(0, 2, &[slot(LICENSE_SLOT + 1)])]).expect("whole");
    let guard = station.client().guard().without_threads().start().expect("it starts");
    assert_eq!(lack(&guard), Some(Lack::Revoked));
}

/// A start asks once where a newer version may help.
#[test]
fn a_start_asks_for_what_is_newer() {
    let station = Station::activated(Some(heard()));
    station.import(1, &[shard(0, 1, &[of_license()])]).expect("whole");
    station.machine.pass(HOUR);
    station.machine.site.authority().next_license().conditions.slot = Some(LICENSE_SLOT + 1);
    let guard = station.client().guard().without_threads().start().expect("it starts");
    assert_eq!((guard.tier(), lack(&guard)), (Tier::Enterprise, None));
}

/// Another program, such as a tool, imported it: a guard that runs notices.
#[test]
fn a_guard_notices_what_another_process_imported() {
    let station = Station::activated(None);
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    station.import(1, &[shard(0, 1, &[of_license()])]).expect("whole");
    assert_eq!(lack(&guard), None, "nobody looks for every action");
    guard.verify_integrity();
    assert_eq!(lack(&guard), Some(Lack::Revoked));
}

#[test]
fn license_files_are_looked_up_and_what_was_found_stays_found() {
    let station = Station::new(None);
    let file = station.machine.site.authority().license();
    let validate = || station.client().validate_license_file(&file);
    assert!(validate().is_ok());
    station.import(1, &[shard(0, 1, &[7])]).expect("whole");
    assert!(validate().is_ok());
    station.import(2, &[shard(0, 2, &[of_license()])]).expect("whole");
    assert_eq!(validate().expect_err("taken back").code(), "revoked");
    std::fs::remove_file(station.kept()).expect("it was there");
    assert_eq!(validate().expect_err("taken back").code(), "revoked");

    // Also of a file that this device saw for the first time when it was listed.
    let station = Station::new(None);
    station.import(1, &[shard(0, 1, &[of_license()])]).expect("whole");
    let file = station.machine.site.authority().license();
    let validate = || station.client().validate_license_file(&file);
    assert_eq!(validate().expect_err("taken back").code(), "revoked");
    std::fs::remove_file(station.kept()).expect("it was there");
    assert_eq!(validate().expect_err("taken back").code(), "revoked");
}

/// The same beside a program that was never activated.
#[test]
fn files_beside_a_program_are_looked_up() {
    let station = Station::new(None);
    let start = || {
        let license = station.machine.site.authority().license();
        let guard = station.client().guard().files(Some(license), None).offline().without_threads();
        lack(&guard.start().expect("it starts"))
    };
    assert_eq!(start(), None);
    station.import(1, &[shard(0, 1, &[of_license()])]).expect("whole");
    let id = id_of(&station.machine.site.authority().license()).to_string();
    let is_noted =
        || String::from_utf8(station.state()).expect("text").contains(&format!(r#""listed":{{"{id}":["#));
    assert!(!is_noted(), "nobody showed it yet");
    assert_eq!(start(), Some(Lack::Revoked));
    assert!(is_noted());
    std::fs::remove_file(station.kept()).expect("it was there");
    assert_eq!(start(), Some(Lack::Revoked));
}

#[test]
fn what_a_server_hands_out_is_looked_up() {
    let station = Station::new(None);
    let client = station.client();
    assert!(client.validate_license(&key()).is_ok());
    station.import(1, &[shard(0, 1, &[of_license()])]).expect("whole");
    assert_eq!(client.validate_license(&key()).expect_err("taken back").code(), "revoked");
    assert_eq!(client.activate(&key()).expect_err("taken back").code(), "revoked");
    assert!(client.activation().expect("it reads").is_none());

    let station = Station::new(None);
    station.import(1, &[shard(0, 1, &[of_proof()])]).expect("whole");
    assert!(station.client().validate_license(&key()).is_ok());
    assert_eq!(station.client().activate(&key()).expect_err("taken back").code(), "revoked");
    // A proof with another slot is another one.
    station.machine.site.admissions().slot = Some(PROOF_SLOT + 1);
    station.machine.site.admissions().known.clear();
    assert!(station.client().activate(&key()).is_ok());
}

/// `spec/revocation.md` §1.2: a proof may have its slot in a later block than its license.
#[test]
fn each_statement_is_looked_up_in_its_own_block() {
    let station = Station::new(None);
    station.machine.site.admissions().slot = Some((3 << 20) + PROOF_SLOT);
    station.client().activate(&key()).expect("admitted");
    let first =
        station.import(1, &[shard(0, 1, &[of_proof()]), shard(3, 1, &[of_license()])]).expect("whole");
    assert!(first.revoked.is_empty());
    let second = station.import(2, &[shard(0, 2, &[]), shard(3, 2, &[of_proof()])]).expect("whole");
    assert_eq!(second.revoked.iter().map(|it| it.what).collect::<Vec<_>>(), [HeldStatement::Proof]);

    // The same of what comes after the data.
    for (block, is_listed) in [(0, false), (3, true)] {
        let station = Station::new(None);
        station.machine.site.admissions().slot = Some((3 << 20) + PROOF_SLOT);
        station.import(1, &[shard(block, 1, &[of_proof()])]).expect("whole");
        let denied = station.client().activate(&key()).err().map(|error| error.code().to_owned());
        assert_eq!(denied.as_deref(), is_listed.then_some("revoked"));
    }
}

fn restricted() -> Policy {
    let freshness = Some(Freshness { warn: Some(2), restrict: Some(4), block: Some(8) });
    Policy { freshness, ..Policy::default() }
}

fn issued(days: u64, shard: Shard) -> Shard {
    Shard { issued_at: at(NOW + days * DAY), next_update: at(NOW + (days + 1) * DAY), ..shard }
}

/// `spec/revocation.md` §6: unknown, fresh and stale; and what is stale takes rights only where the license says so.
#[test]
fn a_newer_shard_vouches_for_a_device_that_asks_nobody() {
    let station = Station::activated(Some(restricted()));
    let start = || {
        let (guard, lines) = told(|| station.client().guard().offline().without_threads().start());
        (guard.map(|guard| (guard.state(), lack(&guard))), lines)
    };
    let status = || station.client().revocations().expect("it reads");
    let (first, _) = start();
    assert_eq!(first.expect("it starts").0.revocations, Revocations::Unknown);
    assert_eq!(status().state, Revocations::Unknown);
    station.import(1, &[shard(0, 1, &[4])]).expect("whole");
    assert_eq!((status().state, status().vouched_at), (Revocations::Fresh, Some(at(NOW))));

    station.machine.pass(3 * DAY);
    let (third, lines) = start();
    let (state, lacks) = third.expect("it starts");
    let since = at(NOW + 2 * DAY);
    assert_eq!((state.revocations, state.needs_refresh), (Revocations::Stale { since }, Some(since)));
    assert_eq!(lacks, None);
    says(&lines, "WARN", &["[License] NeedsRefresh"]);
    station.import(2, &[issued(3, shard(0, 2, &[4]))]).expect("whole");
    assert_eq!((status().state, status().vouched_at), (Revocations::Fresh, Some(at(NOW + 3 * DAY))));

    station.machine.pass(3 * DAY);
    assert_eq!(start().0.expect("it starts").1, None, "it was vouched for three days ago");
    station.machine.pass(DAY);
    assert_eq!(start().0.expect("it starts").1, Some(Lack::Stale));
    station.machine.pass(4 * DAY);
    assert_eq!(start().0.expect_err("blocked").code().as_str(), "revocations_stale");
    // A shard of another block says nothing about this license.
    station.import(3, &[shard(0, 2, &[4]), issued(11, shard(1, 3, &[]))]).expect_err("two of one version");
    station.import(4, &[issued(11, shard(1, 4, &[]))]).expect("whole");
    assert_eq!(start().0.expect_err("blocked").code().as_str(), "revocations_stale");
}

/// Whoever cuts a file, or hides a shard of it, makes no old word a new one.
#[test]
fn a_snapshot_that_was_refused_vouches_for_nobody() {
    let station = Station::activated(Some(restricted()));
    station.machine.pass(3 * DAY);
    let mut draft = station.draft(1, &[issued(3, shard(0, 1, &[4])), issued(3, shard(1, 1, &[4]))]);
    let hidden = draft.shards.pop();
    let refused = station.import_file(&draft.file()).expect_err("one is missing");
    assert_eq!(refused.code().as_str(), "shard_missing");
    assert_eq!(station.client().revocations().expect("it reads").vouched_at, Some(at(NOW)));
    draft.shards.extend(hidden);
    station.import_file(&draft.file()).expect("whole");
    assert_eq!(station.client().revocations().expect("it reads").vouched_at, Some(at(NOW + 3 * DAY)));
    // What was vouched for once stays so.
    draft.shards.pop();
    station.import_file(&draft.file()).expect_err("one is missing");
    assert_eq!(station.client().revocations().expect("it reads").vouched_at, Some(at(NOW + 3 * DAY)));
}

/// `spec/revocation.md` §5.3: whatever the server says, a listed proof admits nobody here.
#[test]
fn a_heartbeat_does_not_say_admitted_for_what_is_listed() {
    let station = Station::activated(Some(heard()));
    station.import(1, &[shard(0, 1, &[of_proof()])]).expect("whole");
    station.machine.pass(HOUR);
    let beat = station.client().heartbeat().expect("answered");
    assert_eq!(beat.said, BeatSaid::Revoked);
    let denied = station.client().activation().expect_err("taken back");
    assert!(denied.to_string().contains("activation back, and not the license"), "{denied}");
    assert_eq!(denied.fix(), "Activate this machine again.");
    station.machine.site.admissions().only().proof.slot = Some(PROOF_SLOT + 1);
    station.machine.pass(HOUR);
    assert_eq!(station.client().heartbeat().expect("answered").said, BeatSaid::Admitted);
}
