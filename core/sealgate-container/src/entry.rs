//! The names of entries: the one table (`spec/container.md` §3).

use sealgate_artifact::{Kind, limits};

use crate::statement;

macro_rules! entry_names {
    ($($entry:ident $number:literal $name:literal $form:expr, $most:expr, $what:literal)*) => {
        /// What an entry of a container is. Names have numbers, and no others are known.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EntryName { $(#[doc = concat!("`", $name, "`: ", $what, ".")] $entry),* }

        impl EntryName {
            /// Every name there is, in the order of their numbers.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$entry),*];

            /// The name as the specification writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$entry => $name),* }
            }

            /// The byte that stands for it in a head.
            pub fn number(self) -> u8 {
                match self { $(Self::$entry => $number),* }
            }

            /// How many bytes an entry of this name may have.
            pub fn most_bytes(self) -> u64 {
                match self { $(Self::$entry => $most),* }
            }

            /// `spec/container.md` §4.1: the kind of a statement is that of its entry's name. `None` for what is no statement.
            pub fn kind(self) -> Option<Kind> {
                match self { $(Self::$entry => $form),* }
            }
        }
    };
}

// One name: variant, number, name, the kind if it is a statement, limit in bytes, what it is.
entry_names! {
    Snapshot 1 "snapshot" Some(Kind::Snapshot), statement::MOST_BYTES, "says which shards a tenant has"
    Release 2 "release" Some(Kind::Release), statement::MOST_BYTES, "a version of a product that the vendor published"
    Bundle 3 "bundle" Some(Kind::Bundle), statement::MOST_BYTES, "the terms of a license for machines without a network"
    OfflineRequest 4 "offline-request" Some(Kind::OfflineRequest), statement::MOST_BYTES, "what a device asks its vendor for"
    Journal 5 "journal" Some(Kind::Journal), statement::MOST_BYTES, "what a machine without a network did"
    Acknowledgement 6 "acknowledgement" Some(Kind::Acknowledgement), statement::MOST_BYTES, "up to where a vendor has journals"
    ReAnchor 7 "re-anchor" Some(Kind::ReAnchor), statement::MOST_BYTES, "what time it is, for one machine"
    ReturnReceipt 8 "return-receipt" Some(Kind::ReturnReceipt), statement::MOST_BYTES, "that a machine gives its license back"
    Attachment 16 "attachment" None, limits::ATTACHMENT_BYTES as u64, "what the main statement attaches"
    Root 17 "root" Some(Kind::Root), statement::MOST_BYTES, "names the root keys"
    Keyset 18 "keyset" Some(Kind::Keyset), statement::MOST_BYTES, "names the authorities of an installation"
    TenantKeyset 19 "tenant-keyset" Some(Kind::TenantKeyset), statement::MOST_BYTES, "names the issuers of one tenant"
    Shard 20 "shard" Some(Kind::Shard), statement::MOST_BYTES, "says what was taken back of one block"
    ShardBody 21 "shard-body" None, SHARD_BODY_BYTES, "the list that a shard attaches"
    Package 22 "package" None, PACKAGE_BYTES, "what a release is of"
    JournalEntries 23 "journal-entries" None, limits::JOURNAL_BYTES, "the entries of a journal"
}

/// A table of 32 bytes and 16 chunks of at most 8,192 (`spec/revocation.md` §2.2).
const SHARD_BODY_BYTES: u64 = 32 + 16 * 8_192;
/// 4 GiB. Blocks a disk that one file fills.
const PACKAGE_BYTES: u64 = 1 << 32;

impl EntryName {
    /// The name of this number, if it is known.
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.number() == number)
    }

    pub(crate) fn is_statement(self) -> bool {
        self.kind().is_some()
    }
}

impl std::fmt::Display for EntryName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::EntryName;
    use crate::spec::{rows, with_commas};

    /// `spec/container.md` §3 is the table of exactly these names.
    #[test]
    fn the_spec_lists_the_names_of_entries() {
        let row = |name: EntryName| {
            let contents = if name.is_statement() { "a statement" } else { "bytes" };
            format!("`{name}` | {} | {contents} | {} bytes", name.number(), with_commas(name.most_bytes()))
        };
        let in_spec = rows("3 ").into_iter().map(|cells| {
            let [name, number, contents, most] = &cells[..] else { panic!("four cells: {cells:?}") };
            let contents = if contents.starts_with("a statement") { "a statement" } else { "bytes" };
            format!("{name} | {number} | {contents} | {most}")
        });
        assert_eq!(in_spec.collect::<Vec<_>>(), EntryName::ALL.map(row));
    }

    /// Each name of a statement is the name of its kind.
    #[test]
    fn statements_have_the_name_of_their_kind() {
        for name in EntryName::ALL {
            assert!(name.kind().is_none_or(|kind| kind.as_str() == name.as_str()), "{name}");
            assert_eq!(EntryName::of_number(name.number()), Some(name));
        }
        assert_eq!(EntryName::of_number(9), None);
    }
}
