//! What people type: license keys (`spec/license.md` §3) and identifiers (`spec/keys.md` §1).

use sealgate_artifact::Code;
use sha2::{Digest, Sha256};

use super::case::{Case, Shelf};
use crate::forge::{APP, hex};
use crate::{Artifact, Question};

const BITS: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

pub(super) fn license_keys() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::LicenseKey);
    for (name, shows, bits) in [
        ("plain", "The printed form of known bits.", BITS),
        ("all_zero", "128 zero bits; the checksum is not zero.", [0; 16]),
        ("all_one", "128 one bits.", [0xff; 16]),
    ] {
        let printed = printed(bits);
        shelf.accepted(name, shows, question(&printed, Some(bits)), &printed);
    }
    let printed = printed(BITS);
    let mut accept = |name: &str, shows: &str, text: String| {
        shelf.accepted(name, shows, question(&text, None), &printed);
    };
    accept("lower_case", "Case does not count.", printed.to_lowercase());
    accept("no_hyphens", "Hyphens do not count.", printed.replace('-', ""));
    accept("spaces", "Spaces do not count.", format!(" {} ", printed.replace('-', "  ")));
    accept(
        "look_alikes",
        "O is 0, I and L are 1.",
        printed.replacen('1', "I", 1).replace('1', "l").replace('0', "O"),
    );

    let mut refuse = |name: &str, shows: &str, text: String| {
        shelf.refused(name, Code::LicenseKeyMalformed, shows, question(&text, None));
    };
    let last = printed.chars().next_back().expect("a symbol");
    refuse(
        "wrong_last_symbol",
        "One symbol of the checksum is another.",
        printed.trim_end_matches(last).to_owned() + if last == 'Z' { "Y" } else { "Z" },
    );
    refuse("wrong_first_symbol", "One symbol of the bits is another.", printed.replacen('0', "1", 1));
    refuse("exchanged_symbols", "Two neighbours are exchanged.", printed.replacen("40R", "4R0", 1));
    refuse("symbol_u", "U is no symbol.", printed.replacen('0', "U", 1));
    refuse("symbol_other_script", "A Cyrillic letter that looks like A.", printed.replacen('0', "А", 1));
    refuse("too_short", "27 symbols.", printed[..printed.len() - 1].to_owned());
    refuse("too_long", "29 symbols.", printed.clone() + "0");
    refuse("empty", "No symbol.", String::new());
    refuse("line_feed", "A line feed is no space.", printed.clone() + "\n");
    shelf.cases
}

pub(super) fn identifiers() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Identifier);
    let ask = |text: &str| Question::Identifier { text: text.to_owned() };
    shelf.accepted("version_7", "What we make.", ask(APP), APP);
    let four = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
    shelf.accepted("version_4", "A reader accepts any version.", ask(four), four);
    let mut refuse =
        |name: &str, shows: &str, text: &str| shelf.refused(name, Code::IdMalformed, shows, ask(text));
    refuse("upper_case", "Upper case.", &APP.to_uppercase());
    refuse("no_hyphens", "Without hyphens.", &APP.replace('-', ""));
    refuse("braces", "In braces.", &format!("{{{APP}}}"));
    refuse("urn", "As a URN.", &format!("urn:uuid:{APP}"));
    refuse("space", "With a space behind.", &format!("{APP} "));
    refuse("short", "One digit is missing.", &APP[1..]);
    refuse("letter", "A letter that is no digit.", &APP.replacen('a', "g", 1));
    refuse("empty", "Nothing at all.", "");
    shelf.cases
}

/// `spec/license.md` §3, written a second time: one string of binary digits, cut into fives.
fn printed(bits: [u8; 16]) -> String {
    let checksum = Sha256::digest([&b"sealgate-license-key-v1\0"[..], &bits].concat());
    let bytes: Vec<u8> = bits.iter().chain(&checksum[..2]).copied().collect();
    let digits: Vec<usize> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |n| usize::from(byte >> n & 1))).collect();
    let symbol = |at: usize| {
        let value = digits[5 * at..5 * at + 5].iter().fold(0, |value, digit| 2 * value + digit);
        char::from(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[value])
    };
    let groups = (0..7).map(|group| (4 * group..4 * group + 4).map(symbol).collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

fn question(text: &str, bits: Option<[u8; 16]>) -> Question {
    Question::LicenseKey { text: text.to_owned(), bits: bits.map(|bits| hex(&bits)) }
}
