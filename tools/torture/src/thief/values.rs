//! Values that no server of ours writes, for each kind of column.

use super::catalog::{Column, Holds, Table};
use super::sql::quoted;
use crate::random::Random;
use std::time::{SystemTime, UNIX_EPOCH};

/// Numbers at and beyond every edge: of the type, of times, of what JSON keeps exact, of the change counter.
const NUMBERS: &[&str] = &[
    "-9223372036854775808",
    "9223372036854775807",
    "-1",
    "0",
    "1",
    "4611686018427387904",
    "9007199254740993",
    "253402300799",
    "253402300800",
];

/// Texts that are no id, no name, no list and no number.
const TEXTS: &[&str] = &[
    "",
    " ",
    "!",
    "garbage",
    "'; DROP TABLE licenses; --",
    "{\"not\": [\"closed\"",
    "a\u{1}b\r\nc\td\u{1b}[31me\u{7f}\u{85}",
    "user\u{202e}nimda\u{2066}\u{200f}\u{200b}\u{feff}",
    "\u{1f4a3}\u{10ffff}\u{e000}",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-7fff-bfff-ffffffffffff",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "0.0.0.0/0",
    "9223372036854775808",
];

/// Lengths of a text that fits into an index only packed, and of one that is a burden.
const LONG: &str = "repeat('x', 100000)";
pub(super) const HUGE: &str = "repeat(md5('x'), 30000)";

/// Characters of a SHA-256.
const DIGEST: usize = 64;

/// Slots of a block (`spec/revocation.md` §1.2).
const BLOCK: u64 = 1 << 20;

/// What a column is changed to, as it stands in a statement. `others` are values of the installation: of another tenant,
/// and of other rows.
pub(super) fn extremes(column: &Column, others: &[String], random: &mut Random) -> Vec<String> {
    let mut values: Vec<String> = match column.holds {
        Holds::Number => {
            let ahead = [now() + 10 * 365 * 86_400, now() * 1000].map(|time| time.to_string());
            let numbers = NUMBERS.iter().map(|number| (*number).to_owned()).chain(ahead);
            numbers.map(|number| format!("'{number}'::bigint")).collect()
        }
        Holds::Text => {
            let fixed = TEXTS.iter().map(|text| quoted(text)).chain([LONG, HUGE].map(str::to_owned));
            fixed.chain(others.iter().map(|other| quoted(other))).chain([quoted(&uuid(random))]).collect()
        }
        Holds::Bytes => {
            let short = ["''", "'\\x00'", "'\\xff'"].map(|bytes| format!("{bytes}::bytea"));
            let digest = format!("'\\x{}'::bytea", random.hex(4));
            short.into_iter().chain([digest, format!("decode({HUGE}, 'hex')")]).collect()
        }
    };
    // Where NULL is not allowed, the database must say so.
    values.push("NULL".to_owned());
    values
}

/// A value that the column does not have yet, and that looks as the present one does.
pub(super) fn fresh(table: &Table, name: &str, present: Option<&str>, random: &mut Random) -> String {
    let holds = table.column(name).map_or(Holds::Text, |column| column.holds);
    match (holds, present) {
        // The database refuses one that is not of its row's block; all are of an app's first.
        (Holds::Number, _) if name == "slot" => format!("'{}'::bigint", random.below(BLOCK)),
        (Holds::Number, _) => format!("'{}'::bigint", random.below(1 << 40)),
        (Holds::Bytes, _) => format!("'\\x{}'::bytea", random.hex(4)),
        (Holds::Text, Some(text)) if text.len() == 36 => quoted(&uuid(random)),
        (Holds::Text, Some(text)) if text.len() == 44 && text.ends_with('=') => key(random),
        (Holds::Text, Some(text)) if text.len() == DIGEST => quoted(&random.hex(4)),
        (Holds::Text, _) => quoted(&format!("made-up-{}", random.hex(1))),
    }
}

/// A public key that nobody holds.
pub(super) fn key(random: &mut Random) -> String {
    format!("encode('\\x{}'::bytea, 'base64')", random.hex(4))
}

/// An identifier of version 7, of about now.
pub(super) fn uuid(random: &mut Random) -> String {
    let millis = now() * 1000 + random.below(1000);
    let (time, rest) = (format!("{millis:012x}"), random.hex(2));
    format!("{}-{}-7{}-b{}-{}", &time[..8], &time[8..], &rest[..3], &rest[3..6], &rest[6..18])
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_identifier_looks_like_one() {
        let made_up = uuid(&mut Random::new(1));
        let lengths: Vec<usize> = made_up.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{made_up}");
    }
}
