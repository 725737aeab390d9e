//! Which entries a purpose allows, in which order and number (`spec/container.md` §2, §3.1), through what a reader says of heads.

use sealgate_artifact::Code;
use sealgate_container::EntryName::{
    Attachment, Keyset, Package, Release, Root, Shard, ShardBody, Snapshot, TenantKeyset,
};
use sealgate_container::{ContainerError, EntryName, Head, Layout, Purpose};

/// What is wrong with entries of one byte each.
fn refused(purpose: Purpose, names: &[EntryName]) -> ContainerError {
    let heads = names.iter().map(|name| Head { name: *name, length: 1 });
    let error = Layout::new(purpose, heads).expect_err("a reader refuses it");
    assert_eq!(error.code(), Code::ContainerInvalid);
    error
}

fn taken(purpose: Purpose, names: &[EntryName]) {
    let heads = names.iter().map(|name| Head { name: *name, length: 1 });
    Layout::new(purpose, heads).expect("a reader takes it");
}

#[test]
fn a_purpose_has_its_entries() {
    let (snapshot, update) = (Purpose::Snapshot, Purpose::Update);
    taken(snapshot, &[Snapshot, Root, Keyset, TenantKeyset]);
    taken(
        snapshot,
        &[Snapshot, Attachment, Root, Root, Keyset, TenantKeyset, Shard, Shard, ShardBody, ShardBody],
    );
    taken(update, &[Release, Root, Keyset, TenantKeyset, Package]);
    taken(update, &[Release, Attachment, Root, Keyset, TenantKeyset, Package]);

    let most = |count| [&[Snapshot][..], &vec![Root; count], &[Keyset, TenantKeyset]].concat();
    taken(snapshot, &most(1_024));
    assert_eq!(
        refused(snapshot, &most(1_025)),
        ContainerError::TooMany { at: 1_026, name: Root, most: 1_024 }
    );
    let shards = |count| {
        [&[Snapshot, Root, Keyset, TenantKeyset][..], &vec![Shard; count], &vec![ShardBody; count]].concat()
    };
    taken(snapshot, &shards(1_500));
    assert_eq!(
        refused(snapshot, &shards(1_501)),
        ContainerError::TooMany { at: 1_505, name: Shard, most: 1_500 }
    );
    let bodies = [Snapshot, Root, Keyset, TenantKeyset, Shard, ShardBody, ShardBody];
    assert_eq!(refused(snapshot, &bodies), ContainerError::TooMany { at: 7, name: ShardBody, most: 1 });
}

#[test]
fn other_entries_are_refused_with_their_place() {
    let (snapshot, update) = (Purpose::Snapshot, Purpose::Update);
    for (purpose, names, said) in [
        (snapshot, &[Root, Keyset, TenantKeyset, Shard][..], "the snapshot has no snapshot"),
        (snapshot, &[Snapshot, Keyset, TenantKeyset, Shard], "the snapshot has no root"),
        (snapshot, &[Snapshot, Root, Root, Keyset], "the snapshot has no tenant-keyset"),
        (
            update,
            &[Release, Root, Keyset, TenantKeyset, TenantKeyset],
            "entry 5 is one tenant-keyset too many: here, there are at most 1",
        ),
        (update, &[Release, Attachment, Root, Keyset, TenantKeyset], "the update has no package"),
        (
            update,
            &[Release, Attachment, Attachment, Root, Keyset, TenantKeyset, Package],
            "entry 3 is one attachment too many: here, there are at most 1",
        ),
        (
            update,
            &[Release, Release, Root, Keyset, TenantKeyset, Package],
            "entry 2 is one release too many: here, there are at most 1",
        ),
        (update, &[Release, Root, TenantKeyset, Keyset, Package], "the update has no keyset"),
        (
            update,
            &[Release, Root, Keyset, Root, TenantKeyset, Package],
            "entry 4, a root, stands behind entries that have to follow it",
        ),
        (
            update,
            &[Release, Root, Keyset, TenantKeyset, Shard, Package],
            "entry 5 is a shard, and no update has one",
        ),
        (
            snapshot,
            &[Snapshot, Root, Keyset, TenantKeyset, Package],
            "entry 5 is a package, and no snapshot has one",
        ),
        (snapshot, &[Release, Root, Keyset, TenantKeyset], "entry 1 is a release, and no snapshot has one"),
        (snapshot, &[], "the container has 0 entries, and no snapshot has so few"),
        (
            update,
            &[Release, Root, Keyset, TenantKeyset],
            "the container has 4 entries, and no update has so few",
        ),
    ] {
        assert_eq!(refused(purpose, names).to_string(), said);
    }
}

/// `spec/container.md` §3: each name's limit, to the byte.
#[test]
fn an_entry_has_a_byte_and_at_most_its_limit() {
    let snapshot = [Snapshot, Attachment, Root, Keyset, TenantKeyset, Shard, ShardBody];
    let update = [Release, Attachment, Root, Keyset, TenantKeyset, Package];
    for (purpose, names) in [(Purpose::Snapshot, &snapshot[..]), (Purpose::Update, &update)] {
        for (at, name) in names.iter().enumerate() {
            let most = name.most_bytes();
            for (length, fits) in [(0, false), (1, true), (most, true), (most + 1, false), (u64::MAX, false)]
            {
                let heads = names.iter().enumerate();
                let heads = heads
                    .map(|(here, name)| Head { name: *name, length: if here == at { length } else { 1 } });
                let judged = Layout::new(purpose, heads);
                if fits {
                    let layout = judged.expect("within the limit");
                    let others = names.len() as u64 - 1;
                    assert_eq!(layout.file_bytes(), 12 + 9 * names.len() as u64 + length + others + 32);
                } else {
                    assert_eq!(judged, Err(ContainerError::Length { at: at + 1, name: *name, length }));
                }
            }
        }
    }
}
