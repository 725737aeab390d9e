//! For this crate's tests: the specification's tables, and small containers.

use crate::{EntryName, Purpose};

pub(crate) const SPEC: &str = include_str!("../../../spec/container.md");

/// The cells of each row of a section's table that begins with a name.
pub(crate) fn rows(section: &str) -> Vec<Vec<String>> {
    let section = SPEC.split("\n## ").find(|text| text.starts_with(section)).expect("a section");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `").map(|_| line));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// A number as the specification writes it.
pub(crate) fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
    groups.join(",")
}

/// The form of a statement, with this payload and number of signatures.
pub(crate) fn statement(payload: &[u8], signatures: u8) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[..], &[signatures], payload, &vec![signatures; 64 * usize::from(signatures)]].concat()
}

pub(crate) type Parts = (Purpose, Vec<(EntryName, Vec<u8>)>);

/// A small snapshot with one shard that has a body, and one that has none.
pub(crate) fn snapshot() -> Parts {
    let parts = [
        (EntryName::Snapshot, statement(b"{\"typ\":\"snapshot\"}", 1)),
        (EntryName::Attachment, b"[]".to_vec()),
        (EntryName::Root, statement(b"{\"version\":1}", 2)),
        (EntryName::Root, statement(b"{\"version\":2}", 3)),
        (EntryName::Keyset, statement(b"{}", 1)),
        (EntryName::TenantKeyset, statement(b"{}", 1)),
        (EntryName::Shard, statement(b"{\"block\":0}", 1)),
        (EntryName::Shard, statement(b"{\"block\":1}", 1)),
        (EntryName::ShardBody, vec![0; 33]),
    ];
    (Purpose::Snapshot, parts.to_vec())
}

/// A small update.
pub(crate) fn update() -> Parts {
    let parts = [
        (EntryName::Release, statement(b"{\"typ\":\"release\"}", 1)),
        (EntryName::Root, statement(b"{}", 1)),
        (EntryName::Keyset, statement(b"{}", 1)),
        (EntryName::TenantKeyset, statement(b"{}", 1)),
        (EntryName::Package, b"the program".to_vec()),
    ];
    (Purpose::Update, parts.to_vec())
}

/// A whole container.
pub(crate) fn written((purpose, parts): &Parts) -> Vec<u8> {
    let parts: Vec<(EntryName, &[u8])> =
        parts.iter().map(|(name, contents)| (*name, &contents[..])).collect();
    crate::write(*purpose, &parts).expect("a reader takes it")
}
