//! What containers are for: the one table (`spec/container.md` §2).

use sealgate_artifact::limits;

use crate::EntryName;

/// How often entries of a name stand in a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    Once,
    /// Once if the main statement names one: who reads the statement judges that.
    IfNamed,
    Between(usize, usize),
    /// Up to so many: who reads the main statement judges whether it names each.
    UpTo(usize),
    /// One for each shard that has a body. Who reads the shards judges which have one; there are not more than shards.
    LikeShards,
    /// As many as entries of the first name.
    LikeFirst,
}

/// The entries of one name in containers of one purpose.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: EntryName,
    pub(crate) times: Times,
}

impl Times {
    pub(crate) fn least(self) -> usize {
        match self {
            Self::Once => 1,
            Self::IfNamed | Self::UpTo(_) | Self::LikeShards | Self::LikeFirst => 0,
            Self::Between(least, _) => least,
        }
    }

    pub(crate) fn most(self, shards: usize) -> usize {
        match self {
            Self::Once | Self::IfNamed => 1,
            Self::UpTo(most) | Self::Between(_, most) => most,
            Self::LikeShards | Self::LikeFirst => shards,
        }
    }
}

macro_rules! purposes {
    ($($purpose:ident $number:literal $name:literal $ending:literal $most:literal, $what:literal
        [$($entry:ident $times:expr),*])*) => {
        /// What a container is for. The purpose says which entries it has.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Purpose { $(#[doc = concat!("`", $name, "`: ", $what, ".")] $purpose),* }

        impl Purpose {
            /// Every purpose there is.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$purpose),*];

            /// The name as the specification writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$purpose => $name),* }
            }

            /// The byte that stands for it.
            pub fn number(self) -> u8 {
                match self { $(Self::$purpose => $number),* }
            }

            /// How the names of such files end, with the point.
            pub fn file_ending(self) -> &'static str {
                match self { $(Self::$purpose => $ending),* }
            }

            /// `spec/container.md` §3.2: how many bytes the whole file may have.
            pub fn most_bytes(self) -> u64 {
                match self { $(Self::$purpose => $most),* }
            }

            /// The entries, in their order; first the main statement.
            pub(crate) fn parts(self) -> &'static [Part] {
                match self { $(Self::$purpose => &[$(Part { name: EntryName::$entry, times: $times }),*]),* }
            }
        }
    };
}

/// `spec/keys.md` §4.8.
const ROOTS: Times = Times::Between(1, limits::ROOT_STATEMENTS);
/// `spec/offline.md` §4.1: a machine may know them.
const ROOTS_IF_ANY: Times = Times::UpTo(limits::ROOT_STATEMENTS);
const ATTACHED: Times = Times::UpTo(limits::ATTACHMENTS);
/// `spec/journal.md` §3.1.
const JOURNALS: usize = 1_000;

// One purpose: variant, number, name, ending of file names, limit of the whole file in bytes, what it is for; then its entries in
// their order, each with how often it stands there.
purposes! {
    Snapshot 1 "snapshot" ".sgsnap" 268_435_456, "what a vendor took back"
        [Snapshot Times::Once, Attachment Times::IfNamed, Root ROOTS, Keyset Times::Once, TenantKeyset Times::Once,
            Shard Times::Between(0, limits::SHARDS), ShardBody Times::LikeShards]
    Update 2 "update" ".sgupd" 4_400_000_000, "a new version of a product"
        [Release Times::Once, Attachment Times::IfNamed, Root ROOTS, Keyset Times::Once, TenantKeyset Times::Once,
            Package Times::Once]
    License 3 "license" ".sglic" 16_777_216, "what a machine without a network may use"
        [Bundle Times::Once, Attachment ATTACHED, Root ROOTS_IF_ANY, Keyset Times::UpTo(1), TenantKeyset Times::UpTo(1)]
    Request 4 "request" ".sgreq" 16_384, "what a machine without a network asks for"
        [OfflineRequest Times::Once]
    Journal 5 "journal" ".sgsync" 16_777_216, "what machines without a network did"
        [Journal Times::Between(1, JOURNALS), JournalEntries Times::LikeFirst]
    Acknowledgement 6 "acknowledgement" ".sgack" 16_777_216, "up to where a vendor has journals"
        [Acknowledgement Times::Once, Attachment Times::UpTo(1), Root ROOTS_IF_ANY, Keyset Times::UpTo(1), TenantKeyset Times::UpTo(1)]
    ReAnchor 7 "re-anchor" ".sganchor" 16_777_216, "what time it is, for one machine"
        [ReAnchor Times::Once, Root ROOTS_IF_ANY, Keyset Times::UpTo(1), TenantKeyset Times::UpTo(1)]
    Return 8 "return" ".sgreturn" 16_384, "that a machine gives its license back"
        [ReturnReceipt Times::Once]
}

impl Purpose {
    /// The purpose of this number, if it is known.
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.number() == number)
    }

    /// How many entries a container of this purpose has at least, and at most.
    pub(crate) fn entries(self) -> (usize, usize) {
        let least = self.parts().iter().map(|part| part.times.least()).sum();
        let most = self.parts().iter().map(|part| part.times.most(self.like())).sum();
        (least, most)
    }

    /// The most that entries may be as many as.
    fn like(self) -> usize {
        if self == Self::Journal { JOURNALS } else { limits::SHARDS }
    }
}

impl std::fmt::Display for Purpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {

    use super::{Part, Purpose, Times};
    use crate::spec::{PAGE, rows, with_commas};

    fn times(part: &Part) -> String {
        let name = part.name;
        match part.times {
            Times::Once => format!("`{name}`"),
            Times::IfNamed => format!("`{name}` if it names one"),
            Times::UpTo(most) => format!("`{name}` up to {}", with_commas(most as u64)),
            Times::Between(least, most) => format!("`{name}` {least} to {}", with_commas(most as u64)),
            Times::LikeShards => format!("`{name}` as many as shards that have one"),
            Times::LikeFirst => format!("`{name}` as many as journals"),
        }
    }

    /// `spec/container.md` §2 is the table of exactly these purposes and their entries.
    #[test]
    fn the_spec_lists_the_purposes() {
        let row = |purpose: Purpose| {
            let (main, then) = purpose.parts().split_first().expect("a main statement");
            let then: Vec<String> = then.iter().map(times).collect();
            [
                format!("`{purpose}`"),
                purpose.number().to_string(),
                format!("`{}`", purpose.file_ending()),
                times(main),
                then.join("; "),
            ]
        };
        assert_eq!(rows("2 "), Purpose::ALL.map(|purpose| row(purpose).to_vec()));
    }

    /// `spec/container.md` §3.2 says how large a file may be; entries stand in the order of their numbers (§3.1).
    #[test]
    fn the_spec_says_how_large_a_file_may_be() {
        let [snapshot, update, license, request, journal, acknowledgement, anchor, given_back] =
            Purpose::ALL.map(Purpose::most_bytes);
        assert!(snapshot % (1 << 20) == 0 && license % (1 << 20) == 0 && request % (1 << 10) == 0);
        assert_eq!([journal, acknowledgement, anchor, given_back], [license, license, license, request]);
        let clause = format!(
            "{} MiB for a snapshot, {} bytes for an update, {} KiB for a request and a return, and {} MiB for a license, a journal, an \
             acknowledgement and a re-anchor",
            snapshot >> 20,
            with_commas(update),
            request >> 10,
            license >> 20
        );
        assert!(PAGE.contains(&clause), "{clause}");
        for purpose in Purpose::ALL {
            assert!(purpose.parts().is_sorted_by_key(|part| part.name.number()));
            assert_eq!(Purpose::of_number(purpose.number()), Some(purpose));
        }
        assert_eq!(Purpose::of_number(0), None);
    }

    /// `spec/container.md` §3.2: what §2 and §3 allow is never larger, so no head needs to be judged by it.
    #[test]
    fn no_layout_is_larger_than_its_file_may_be() {
        for purpose in Purpose::ALL {
            let (_, most) = purpose.entries();
            let contents = |part: &Part| part.times.most(purpose.like()) as u64 * part.name.most_bytes();
            let contents: u64 = purpose.parts().iter().map(contents).sum();
            let largest = 12 + 9 * most as u64 + contents + 32;
            // Whoever reads a journal's heads adds them up.
            assert_eq!(largest <= purpose.most_bytes(), purpose != Purpose::Journal, "{purpose}: {largest}");
            assert!(u16::try_from(most).is_ok());
        }
    }
}
