//! What a machine wrote down, one thing at a time (`spec/journal.md` §1.3).

use crate::activation_proof::{positive, statement_id};
use crate::fields::{Fields, int, invalid};
use crate::terms::is_text;
use crate::{ArtifactError, StatementId, UnixSeconds, Value, json, limits};

/// One entry of a journal. Well formed, which says nothing of what it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its number: 1, 2, 3 …
    pub seq: u64,
    /// When, by the program's time.
    pub at: UnixSeconds,
    /// What happened.
    pub kind: JournalKind,
    /// Why, or how it ended.
    pub code: Option<String>,
    /// How often it happened, and when it did last; `None`: once.
    pub more: Option<(u64, UnixSeconds)>,
    /// The bundle in use.
    pub bundle: Option<StatementId>,
    /// What the machine's clock showed, where that was another time.
    pub clock: Option<UnixSeconds>,
    /// For people: 1 to 64 bytes without control characters.
    pub note: Option<String>,
}

macro_rules! journal_kinds {
    ($($kind:ident $name:literal $what:literal)*) => {
        /// What happened (`spec/journal.md` §1.4).
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum JournalKind {
            $(#[doc = concat!("`", $name, "`: ", $what, ".")] $kind,)*
            /// What a newer program writes. Nothing follows from it.
            Other(String),
        }

        impl JournalKind {
            /// The kinds that are known, in the order of the specification.
            pub const KNOWN: [Self; [$($name),*].len()] = [$(Self::$kind),*];

            /// The name.
            pub fn as_str(&self) -> &str {
                match self { $(Self::$kind => $name,)* Self::Other(name) => name }
            }

            /// The kind of this name, if it can be one.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$kind),)* other => is_name(other).then(|| Self::Other(other.to_owned())) }
            }
        }
    };
}

journal_kinds! {
    Begin "begin" "the chain begins"
    Activation "activation" "a bundle was activated, the first one of the license"
    Renewal "renewal" "a bundle was activated in the place of another one"
    Start "start" "the program started with rights"
    Validation "validation" "the program was judged while it runs, and has rights"
    Refusal "refusal" "a start or a judgement found no rights"
    Import "import" "revocation data was taken over"
    Clock "clock" "the machine's clock was found behind or doubted"
    Export "export" "the journal was written to a file"
    Return "return" "the license was given back"
    Lost "lost" "what was counted of a day could not be read"
}

/// `[a-z][a-z0-9_]{0,31}`.
fn is_name(text: &str) -> bool {
    is_word(text, 32)
}

fn is_word(text: &str, most: usize) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=most).contains(&text.len()) && text.as_bytes()[0].is_ascii_lowercase() && text.bytes().all(plain)
}

impl JournalEntry {
    /// The text of the entry: what is hashed.
    pub fn encode(&self) -> Vec<u8> {
        let text = |shown: &dyn std::fmt::Display| Value::Text(shown.to_string());
        let mut members = vec![
            ("seq".to_owned(), int(self.seq)),
            ("at".to_owned(), int(self.at.get())),
            ("kind".to_owned(), text(&self.kind.as_str())),
        ];
        let mut put =
            |name: &str, value: Option<Value>| members.extend(value.map(|value| (name.to_owned(), value)));
        put("code", self.code.as_ref().map(|code| text(code)));
        put("count", self.more.map(|(count, _)| int(count)));
        put("until", self.more.map(|(_, until)| int(until.get())));
        put("bundle", self.bundle.map(|bundle| text(&bundle)));
        put("clock", self.clock.map(|clock| int(clock.get())));
        put("note", self.note.as_ref().map(|note| text(note)));
        Value::Object(members).to_string().into_bytes()
    }

    /// Reads an entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, ArtifactError> {
        limits::check("journal entry", bytes.len(), limits::JOURNAL_ENTRY_BYTES)?;
        let mut fields = Fields::new(json::parse(bytes)?)?;
        let entry = Self::take(&mut fields)?;
        fields.finish()?;
        Ok(entry)
    }

    fn take(fields: &mut Fields) -> Result<Self, ArtifactError> {
        let seq = positive(fields, "seq")?;
        let at = fields.time("at")?;
        let kind = fields.parsed("kind", "not of its form", JournalKind::parse)?;
        let code = fields.optional("code", |fields, field| {
            fields.parsed(field, "not of its form", |t| is_word(t, limits::CODE_BYTES).then(|| t.to_owned()))
        })?;
        let count = fields.optional("count", |fields, field| match fields.count(field)? {
            count @ 2.. => Ok(count),
            _ => Err(invalid(field, "not 2 or more")),
        })?;
        let until = fields.optional("until", Fields::time)?;
        let bundle = fields.optional("bundle", statement_id)?;
        let clock = fields.optional("clock", Fields::time)?;
        let note = fields.optional("note", |fields, field| {
            let why = "not 1 to 64 bytes without control characters";
            fields.parsed(field, why, |t| is_text(t, limits::ABOUT_DEVICE_BYTES).then(|| t.to_owned()))
        })?;
        let more = match (count, until) {
            (None, None) => None,
            (Some(count), Some(until)) if until >= at => Some((count, until)),
            _ => return Err(invalid("until", "it is there if `count` is, and not before `at`")),
        };
        Ok(Self { seq, at, kind, code, more, bundle, clock, note })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{JournalEntry, JournalKind};
    use crate::{StatementId, UnixSeconds, limits};

    proptest! {
        /// Any entry that can be written is read back the same, and is short enough.
        #[test]
        fn what_is_written_is_read(
            seq in 1..1u64 << 53,
            (at, later, clock) in (0..=limits::LAST_SECOND / 2, 0..limits::LAST_SECOND / 2, prop::option::of(0..=limits::LAST_SECOND)),
            kind in "[a-z][a-z0-9_]{0,31}",
            code in prop::option::of("[a-z][a-z0-9_]{0,63}"),
            count in prop::option::of(2..1u64 << 53),
            bundle in prop::option::of(any::<[u8; 32]>()),
            note in prop::option::of("[^\\p{Cc}]{1,16}"),
        ) {
            let time = |second| UnixSeconds::new(second).expect("in range");
            let written = JournalEntry {
                seq,
                at: time(at),
                kind: JournalKind::parse(&kind).expect("a kind"),
                code,
                more: count.map(|count| (count, time(at + later))),
                bundle: bundle.map(StatementId::from_bytes),
                clock: clock.map(time),
                note,
            };
            let bytes = written.encode();
            prop_assert!(bytes.len() <= limits::JOURNAL_ENTRY_BYTES);
            prop_assert_eq!(JournalEntry::decode(&bytes), Ok(written));
        }
    }

    /// `spec/journal.md` §1.4 is the table of exactly these kinds.
    #[test]
    fn the_spec_lists_the_kinds() {
        let spec = include_str!("../../../../spec/journal.md");
        let table =
            spec.split("1.4 Kinds:").nth(1).expect("§1.4").split("A reader keeps").next().expect("its end");
        let named = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        assert!(named.eq(JournalKind::KNOWN.iter().map(JournalKind::as_str)));
        assert_eq!(JournalKind::parse("Start"), None);
        assert_eq!(JournalKind::parse("started_late"), Some(JournalKind::Other("started_late".to_owned())));
    }
}
