//! Snapshots that are refused, in whole or in part, and what becomes of the file that is kept (`spec/revocation.md` §5.1, §5.2).
#![expect(clippy::disallowed_methods, reason = "files of the state are what is tested")]

use sealgate::container::{Container, EntryName};
use sealgate::guard::Lack;
use sealgate::{Client, ImportError, MemoryRevocations, MemoryStore, Revocations};
use sealgate_artifact::{Shard, StatementId};

use crate::authority::{NOW, at};
use crate::guard::lack;
use crate::site::ORIGIN;
use crate::snapshot::{Draft, LICENSE_SLOT, Station, forged, of_other_tenant, other_app, put, shard};
use crate::told::{says, told};

#[test]
fn an_older_a_forged_and_a_damaged_snapshot_change_nothing() {
    let station = Station::activated(None);
    let newest = station.draft(5, &[shard(0, 5, &[1])]);
    let imported = station.import_file(&newest.file()).expect("whole");
    assert_eq!(imported.snapshot.map(|it| (it.version, it.issued_at)), Some((5, at(NOW))));
    assert!(imported.shards[0].is_new && !imported.is_unchanged);

    station.changes_nothing(&station.draft(4, &[shard(0, 6, &[])]).file(), "version_rollback");
    let other = station.draft(5, &[]);
    station.changes_nothing(&other.file(), "equivocation");
    let forger = Draft { by: 200, ..station.draft(6, &[shard(0, 6, &[])]) };
    station.changes_nothing(&forger.file(), "signature_invalid");
    let mut other = station.draft(6, &[]);
    other.snapshot.tenant = of_other_tenant();
    station.changes_nothing(&other.file(), "wrong_tenant");
    let mut other = station.draft(6, &[]);
    other.snapshot.keyset = other.snapshot.root;
    station.changes_nothing(&other.file(), "snapshot_mismatch");
    let mut cut = newest.file();
    cut.pop();
    station.changes_nothing(&cut, "container_truncated");
    let mut damaged = newest.file();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    station.changes_nothing(&damaged, "container_damaged");
    station.changes_nothing(b"no container at all", "container_unknown");
}

#[test]
fn the_same_again_changes_nothing() {
    let station = Station::activated(None);
    let file = station.draft(5, &[shard(0, 5, &[1]), shard(1, 5, &[])]).file();
    assert!(!station.import_file(&file).expect("whole").is_unchanged);
    let before = (station.state(), std::fs::read(station.kept()).expect("kept"));
    let again = station.import_file(&file).expect("whole");
    assert!(again.is_unchanged && !again.has_new_keys && again.shards.iter().all(|shard| !shard.is_new));
    assert!((station.state(), std::fs::read(station.kept()).expect("kept")) == before);
    // A file that was lost comes back.
    std::fs::remove_file(station.kept()).expect("it was there");
    assert!(!station.import_file(&file).expect("whole").is_unchanged);
    assert!(std::fs::read(station.kept()).expect("kept") == before.1);
    put(&station.kept(), b"rubbish");
    assert!(!station.import_file(&file).expect("whole").is_unchanged);
    assert!(std::fs::read(station.kept()).expect("kept") == before.1);
}

/// What is kept has the program's own shards alone, and is for its owner.
#[test]
fn shards_of_other_apps_are_passed_over() {
    let station = Station::activated(None);
    let foreign = Shard { app: other_app(), ..shard(0, 1, &[5]) };
    let own = shard(0, 1, &[1]);
    let mut draft = station.draft(1, &[own.clone(), foreign.clone()]);
    let imported = station.import_file(&draft.file()).expect("whole");
    assert_eq!((imported.shards.len(), imported.revoked.len()), (1, 0));
    let kept = std::fs::read(station.kept()).expect("kept");
    let container = Container::read(&kept).expect("a whole container");
    assert_eq!(container.all(EntryName::Shard).len(), 1);
    assert_eq!(container.all(EntryName::ShardBody).len(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(station.kept()).expect("kept").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let names: Vec<_> =
        std::fs::read_dir(station.folder()).expect("ours").map(|it| it.expect("one").file_name()).collect();
    let left_over = |name: &&std::ffi::OsString| {
        let name = name.to_string_lossy();
        name.starts_with("copy-") || name.ends_with(".new")
    };
    assert!(!names.iter().any(|name| left_over(&name)), "{names:?}");
    // Not even whether they verify is looked at, nor whether they are there.
    draft = station.draft(2, std::slice::from_ref(&own));
    let bytes = forged(&foreign);
    let entry = sealgate_artifact::ShardEntry {
        app: other_app(),
        block: 0,
        statement: crate::authority::id_of(&bytes),
    };
    draft.snapshot.shards.push(entry);
    station.import_file(&draft.file()).expect("whole");
    draft.snapshot.version = 3;
    draft.shards.push(bytes);
    station.import_file(&draft.file()).expect("whole");
}

/// `spec/revocation.md` §5.2: a shard that verified counts, though a later one is missing, forged or not named.
#[test]
fn parts_before_a_fault_stay_in_force_and_nothing_else_does() {
    type Fault = (&'static str, fn(&mut Draft));
    let faults: [Fault; 4] = [
        ("shard_missing", |draft| drop(draft.shards.pop())),
        ("signature_invalid", |draft| {
            let bytes = forged(&shard(1, 2, &[3]));
            draft.snapshot.shards[1].statement = crate::authority::id_of(&bytes);
            draft.shards[1] = bytes;
        }),
        ("snapshot_mismatch", |draft| draft.snapshot.shards[1].block = 7),
        ("wrong_tenant", |draft| {
            let foreign = Shard { tenant: of_other_tenant(), ..shard(1, 2, &[3]) };
            let bytes = crate::authority::signed(&foreign, &[draft.by]);
            draft.snapshot.shards[1].statement = crate::authority::id_of(&bytes);
            draft.shards[1] = bytes;
        }),
    ];
    for (code, fault) in faults {
        let station = Station::activated(None);
        let old = [shard(0, 1, &[1]), shard(1, 1, &[2])];
        station.import(1, &old).expect("whole");
        let slot = u32::try_from(LICENSE_SLOT).expect("small");
        let mut draft = station.draft(2, &[shard(0, 2, &[slot]), shard(1, 2, &[3])]);
        fault(&mut draft);
        let refused = station.import_file(&draft.file()).expect_err("refused");
        assert_eq!(refused.code().as_str(), code, "{refused}");
        let ImportError::Refused { imported, .. } = &refused else { panic!("{refused}") };
        assert_eq!(
            imported.shards.iter().map(|it| (it.block, it.version)).collect::<Vec<_>>(),
            [(0, 2)],
            "{code}"
        );
        assert_eq!(imported.revoked.len(), 1);
        let guard = station.client().guard().offline().without_threads().start().expect("it starts");
        assert_eq!(lack(&guard), Some(Lack::Revoked), "{code}");
        // The other block's shard is the one from before, in the state and in the file.
        let ids = |file: &[u8]| -> Vec<StatementId> {
            let container = Container::read(file).expect("whole");
            let entry = |entry: &sealgate::container::Entry| {
                let bytes = entry.contents(file).expect("in it");
                let kind = EntryName::Shard.kind().expect("a statement");
                sealgate_container::decode_statement(kind, bytes).expect("one").id()
            };
            container.all(EntryName::Shard).iter().map(entry).collect()
        };
        let kept = ids(&std::fs::read(station.kept()).expect("kept"));
        let before = crate::authority::id_of(&crate::authority::signed(&old[1], &[draft.by]));
        assert_eq!((kept.len(), kept[1]), (2, before), "{code}");
        assert!(String::from_utf8(station.state()).expect("text").contains(&before.to_string()));
    }
}

/// The state knows of newer data than the file has: what is lost is told, and is no word for anybody.
#[test]
fn a_file_that_was_put_back_or_lost_is_noticed() {
    let station = Station::activated(None);
    station.import(1, &[shard(0, 1, &[1])]).expect("whole");
    let old = std::fs::read(station.kept()).expect("kept");
    station.import(2, &[shard(0, 2, &[1])]).expect("whole");
    let status = || station.client().revocations().expect("it reads");
    assert_eq!((status().state, status().missing), (Revocations::Fresh, None));
    let other = station.draft(9, &[shard(1, 9, &[1])]).file();
    let damages: [(&str, &dyn Fn()); 4] = [
        ("another one", &|| put(&station.kept(), &other)),
        ("older", &|| put(&station.kept(), &old)),
        ("cannot be read", &|| put(&station.kept(), b"rubbish")),
        ("not there", &|| std::fs::remove_file(station.kept()).expect("it was there")),
    ];
    for (word, damage) in damages {
        damage();
        let found = status();
        assert_eq!((found.state, found.is_revoked), (Revocations::Unknown, false), "{word}");
        assert!(found.missing.expect("told").contains(word), "{word}");
        let (_, lines) = told(|| station.client().guard().offline().without_threads().start());
        says(&lines, "WARN", &["[License] revocations_missing", word]);
    }
    station.import(3, &[shard(0, 3, &[1])]).expect("whole");
    assert_eq!((status().state, status().missing), (Revocations::Fresh, None));
}

/// A state that was put back to an older copy, beside a newer file: what that lists counts.
#[test]
fn a_newer_file_than_the_state_knows_counts_for_what_it_lists() {
    let station = Station::activated(None);
    let state: Vec<(String, Vec<u8>)> = ["state.0", "state.1"]
        .map(|name| (name.to_owned(), std::fs::read(station.folder().join(name)).expect("there")))
        .to_vec();
    let slot = u32::try_from(LICENSE_SLOT).expect("small");
    station.import(1, &[shard(0, 1, &[slot])]).expect("whole");
    for (name, bytes) in &state {
        put(&station.folder().join(name), bytes);
    }
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    assert_eq!(lack(&guard), Some(Lack::Revoked));
    drop(guard);
    std::fs::remove_file(station.kept()).expect("it was there");
    let guard = station.client().guard().offline().without_threads().start().expect("it starts");
    assert_eq!(lack(&guard), Some(Lack::Revoked), "it was found");
}

#[test]
fn a_program_without_a_folder_keeps_it_in_memory() {
    let station = Station::new(None);
    let folder = tempfile::tempdir().expect("a folder");
    let build = || {
        Client::builder(station.machine.site.trust())
            .server(ORIGIN)
            .store(MemoryStore::new())
            .clock(station.machine.clocks.clone())
            .transport(station.machine.site.clone())
    };
    let slot = u32::try_from(LICENSE_SLOT).expect("small");
    let file = station.draft(1, &[shard(0, 1, &[slot])]).file();
    let none = build().build().expect("configured");
    let size = Some(file.len() as u64);
    assert_eq!(none.import_snapshot(&file[..], size).expect_err("nowhere").code().as_str(), "config_invalid");
    let client = build().revocation_store(MemoryRevocations::new(folder.path())).build().expect("configured");
    let license = station.machine.site.authority().license();
    client.validate_license_file(&license).expect("valid");
    client.import_snapshot(&file[..], size).expect("whole");
    assert_eq!(client.validate_license_file(&license).expect_err("taken back").code(), "revoked");
    assert_eq!(std::fs::read_dir(folder.path()).expect("ours").count(), 0);
}
