//! Revocation data that was taken over, and is lost or damaged afterwards (`spec/revocation.md` §5.5, §6.1).
#![expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]

use std::path::PathBuf;

use sealgate::guard::Lack;
use sealgate::{FileStore, LicenseFiles, Store};
use sealgate_artifact::{Freshness, Policy, Shard};

use crate::authority::{DAY, NOW, at};
use crate::guard::lack;
use crate::site::ORIGIN;
use crate::snapshot::{LICENSE_SLOT, Station, put, shard};
use crate::told::{says, told};

fn slot(slot: u64) -> u32 {
    u32::try_from(slot).expect("of the first block")
}

/// Flips the last byte of what a shard's body says.
fn damage(station: &Station) {
    let mut kept = std::fs::read(station.kept()).expect("kept");
    let at = kept.len() - 33;
    kept[at] ^= 1;
    put(&station.kept(), &kept);
}

fn beside(station: &Station) -> (Option<Lack>, Option<String>) {
    let license = station.machine.site.authority().license();
    let guard = station.client().guard().files(Some(license.clone()), None).offline().without_threads();
    let guard = guard.start().expect("it starts");
    let validated = station.client().validate_license_file(&license).err();
    (lack(&guard), validated.map(|no| no.code().to_owned()))
}

/// A license file beside the program, which nobody showed to the importer: whoever takes the data away before the program looks gains nothing.
#[test]
fn data_that_is_lost_before_a_license_was_looked_up_gives_no_right() {
    let losses: [&dyn Fn(&Station); 3] =
        [&|station| std::fs::remove_file(station.kept()).expect("it was there"), &damage, &|station| {
            put(&station.kept(), b"rubbish");
        }];
    for lose in losses {
        let station = Station::new(None);
        let file = station.draft(1, &[shard(0, 1, &[slot(LICENSE_SLOT)])]).file();
        let imported = station.import_file(&file).expect("whole");
        assert!(imported.looked_up.is_empty() && imported.revoked.is_empty());
        lose(&station);
        assert_eq!(beside(&station), (Some(Lack::Stale), Some("revocations_stale".to_owned())));
        // The same file again, and the list is there.
        assert!(!station.import_file(&file).expect("whole").is_unchanged);
        assert_eq!(beside(&station), (Some(Lack::Revoked), Some("revoked".to_owned())));
    }
}

#[test]
fn an_honest_loss_costs_nothing_that_was_looked_up_or_is_newer() {
    let station = Station::new(None);
    let file = station.draft(1, &[shard(0, 1, &[7])]).file();
    station.import_file(&file).expect("whole");
    assert_eq!(beside(&station), (None, None));
    std::fs::remove_file(station.kept()).expect("it was there");
    assert_eq!(beside(&station), (None, None), "it was looked up");
    // Another license that is as old was not.
    station.machine.site.authority().next_license().conditions.slot = Some(LICENSE_SLOT + 1);
    assert_eq!(beside(&station).0, Some(Lack::Stale));
    // One that was issued since is newer than what is lost.
    station.machine.pass(DAY);
    station.machine.site.authority().next_license().issued_at = at(NOW + 1);
    assert_eq!(beside(&station), (None, None));
    station.import_file(&file).expect("whole");
    assert_eq!(beside(&station), (None, None));
}

/// Whoever imports may show the files: then it is known at once.
#[test]
fn files_that_are_shown_to_the_importer_are_looked_up() {
    let station = Station::new(None);
    let license = station.machine.site.authority().license();
    let medium = station.medium(&station.draft(1, &[shard(0, 1, &[slot(LICENSE_SLOT)])]).file());
    let client = station.client();
    let staged = client.stage(&medium, |_, _| ()).expect("copied");
    let files = LicenseFiles { license: Some(&license), proof: None };
    let imported = client.import_staged_for(&staged, files).expect("whole");
    assert_eq!((imported.looked_up.len(), imported.revoked.len()), (1, 1));
    std::fs::remove_file(station.kept()).expect("it was there");
    assert_eq!(beside(&station).0, Some(Lack::Revoked));

    // A guard shows its own.
    let station = Station::new(None);
    let guard = station.client().guard().files(Some(license), None).offline().without_threads();
    let guard = guard.start().expect("it starts");
    let medium = station.medium(&station.draft(1, &[shard(0, 1, &[slot(LICENSE_SLOT)])]).file());
    assert_eq!(guard.import_snapshot_file(&medium).expect("whole").revoked.len(), 1);
}

/// A program that was configured without a place for revocation data cannot look anything up.
#[test]
fn a_client_without_a_place_for_the_data_says_that_it_cannot_look() {
    let station = Station::new(None);
    station.import(1, &[shard(0, 1, &[7])]).expect("whole");
    let client = sealgate::Client::builder(station.machine.site.trust())
        .server(ORIGIN)
        .store(FileStore::new(station.folder()))
        .clock(station.machine.clocks.clone())
        .transport(station.machine.site.clone())
        .build()
        .expect("configured");
    let license = station.machine.site.authority().license();
    let no = client.validate_license_file(&license).expect_err("nobody can say");
    assert_eq!(no.code(), "revocations_stale");
    assert!(no.fix().contains("Import a snapshot"), "{}", no.fix());
}

/// Two deletions undo no revocation: there is no older copy of the state.
#[test]
fn no_older_copy_of_the_state_is_left() {
    for newer in ["state.0", "state.1"] {
        let station = Station::activated(None);
        station.import(1, &[shard(0, 1, &[slot(LICENSE_SLOT)])]).expect("whole");
        std::fs::remove_file(station.folder().join(newer)).expect("it was there");
        std::fs::remove_file(station.kept()).expect("it was there");
        let (guard, lines) = told(|| station.client().guard().offline().without_threads().start());
        assert_eq!(lack(&guard.expect("it starts")), Some(Lack::Revoked), "{newer}");
        says(&lines, "WARN", &["[License]", "only one of two copies of the state"]);
        assert_eq!(FileStore::new(station.folder()).note().expect("it reads"), None, "it is whole again");
    }
    // Nor of what a guard found in files.
    for newer in ["state.0", "state.1"] {
        let station = Station::new(None);
        station.import(1, &[shard(0, 1, &[slot(LICENSE_SLOT)])]).expect("whole");
        assert_eq!(beside(&station).0, Some(Lack::Revoked));
        std::fs::remove_file(station.folder().join(newer)).expect("it was there");
        std::fs::remove_file(station.kept()).expect("it was there");
        assert_eq!(beside(&station).0, Some(Lack::Revoked), "{newer}");
    }
}

/// A body that does not fit any more is told as what it is, and the same snapshot again mends it.
#[test]
fn a_damaged_file_is_written_anew_by_the_same_snapshot() {
    let station = Station::activated(None);
    let file = station.draft(1, &[shard(0, 1, &[1]), shard(1, 1, &[2])]).file();
    station.import_file(&file).expect("whole");
    let whole = std::fs::read(station.kept()).expect("kept");
    let missing = || station.client().revocations().expect("it reads").missing;
    let damages: [&dyn Fn(); 2] = [&|| damage(&station), &|| put(&station.kept(), &whole[..whole.len() - 1])];
    for (at, damage) in damages.into_iter().enumerate() {
        damage();
        // The last body is of another block than the license's.
        assert_eq!(missing().is_some_and(|why| why.contains("damaged")), at == 0, "{:?}", missing());
        assert!(!station.import_file(&file).expect("whole").is_unchanged);
        assert!(std::fs::read(station.kept()).expect("kept") == whole);
        assert_eq!(missing(), None);
    }
}

/// A new file is made of nothing that is damaged.
#[test]
fn a_damaged_body_is_not_carried_over() {
    let station = Station::activated(None);
    station.import(1, &[shard(0, 1, &[1]), shard(1, 1, &[2])]).expect("whole");
    damage(&station);
    // The next file has another shard of the first block, and none of the second.
    let mut draft = station.draft(2, &[shard(0, 2, &[1]), shard(1, 2, &[2])]);
    draft.shards.pop();
    station.import_file(&draft.file()).expect_err("one is missing");
    let kept = std::fs::read(station.kept()).expect("kept");
    let container = sealgate::container::Container::read(&kept).expect("whole");
    assert_eq!(container.all(sealgate::container::EntryName::Shard).len(), 1);
}

fn restricted() -> Policy {
    let freshness = Some(Freshness { warn: Some(2), restrict: Some(4), block: Some(8) });
    Policy { freshness, ..Policy::default() }
}

fn issued(days: u64, shard: Shard) -> Shard {
    Shard { issued_at: at(NOW + days * DAY), next_update: at(NOW + (days + 1) * DAY), ..shard }
}

fn put_back(state: &[(PathBuf, Vec<u8>)]) {
    for (path, bytes) in state {
        put(path, bytes);
    }
}

/// What was vouched for once is not taken away by a later file that is refused, nor by a program that ends between two writes.
#[test]
fn vouching_only_rises() {
    let station = Station::activated(Some(restricted()));
    let vouched = || station.client().revocations().expect("it reads").vouched_at;
    station.machine.pass(3 * DAY);
    station.import(1, &[issued(3, shard(0, 1, &[4])), issued(3, shard(1, 1, &[4]))]).expect("whole");
    assert_eq!(vouched(), Some(at(NOW + 3 * DAY)));
    // Somebody cut the shard of another block out.
    station.machine.pass(2 * DAY);
    let mut draft = station.draft(2, &[issued(5, shard(0, 2, &[4])), issued(5, shard(1, 2, &[4]))]);
    let cut = draft.shards.pop();
    station.import_file(&draft.file()).expect_err("one is missing");
    assert_eq!(vouched(), Some(at(NOW + 3 * DAY)));
    // The program ended after the file was written, before the state was.
    draft.shards.extend(cut);
    let state = ["state.0", "state.1"].map(|name| {
        let path = station.folder().join(name);
        (path.clone(), std::fs::read(path).expect("there"))
    });
    station.import_file(&draft.file()).expect("whole");
    assert_eq!(vouched(), Some(at(NOW + 5 * DAY)), "the same shard, of a snapshot that is whole now");
    put_back(&state);
    assert_eq!(vouched(), Some(at(NOW + 3 * DAY)), "the state knows this shard, and that it was not whole");
    station.machine.pass(DAY);
    let newest = [issued(6, shard(0, 3, &[4])), issued(6, shard(1, 3, &[4]))];
    station.import(3, &newest).expect("whole");
    put_back(&state);
    assert_eq!(vouched(), Some(at(NOW + 3 * DAY)), "nobody imported it");
    station.import(3, &newest).expect("whole");
    assert_eq!(vouched(), Some(at(NOW + 6 * DAY)));
    put_back(&state);
    // Of one that was taken over in part, it does not.
    let mut part = station.draft(4, &[issued(7, shard(0, 4, &[4])), issued(7, shard(1, 4, &[4]))]);
    part.shards.pop();
    station.import_file(&part.file()).expect_err("one is missing");
    put_back(&state);
    assert_eq!(vouched(), Some(at(NOW + 3 * DAY)));
}

/// An update of gigabytes is refused by its header, before anything is copied.
#[test]
fn a_file_of_another_purpose_is_refused_before_it_is_copied() {
    use sealgate::container::{EntryName, Purpose};
    let station = Station::new(None);
    let names = [EntryName::Release, EntryName::Root, EntryName::Keyset, EntryName::TenantKeyset];
    let statement = [&[0, 2, 1][..], b"{}", &[0; 64]].concat();
    let mut entries: Vec<(EntryName, &[u8])> = names.map(|name| (name, &statement[..])).to_vec();
    let package = vec![7; 300_000];
    entries.push((EntryName::Package, &package));
    let update = sealgate_container::write(Purpose::Update, &entries).expect("a container");
    let mut heard = 0;
    let size = Some(update.len() as u64);
    let refused = station.client().stage_medium(&update[..], size, |_, _| heard += 1).expect_err("an update");
    assert_eq!((refused.code().as_str(), heard), ("kind_unexpected", 0));
    assert!(refused.to_string().contains("update of a program"), "{refused}");
}
