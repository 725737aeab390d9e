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

    for (name, shows, text) in decorated(&printed) {
        accept(name, shows, text);
    }

    let mut refuse = |name: &str, code: Code, shows: &str, text: String| {
        shelf.refused(name, code, shows, question(&text, None));
    };
    let (mistyped, malformed) = (Code::LicenseKeyMistyped, Code::LicenseKeyMalformed);
    let last = printed.chars().next_back().expect("a symbol");
    refuse(
        "wrong_last_symbol",
        mistyped,
        "One symbol of the checksum is another.",
        printed.trim_end_matches(last).to_owned() + if last == 'Z' { "Y" } else { "Z" },
    );
    refuse(
        "wrong_first_symbol",
        mistyped,
        "One symbol of the bits is another.",
        printed.replacen('0', "1", 1),
    );
    refuse("exchanged_symbols", mistyped, "Two neighbours are exchanged.", printed.replacen("40R", "4R0", 1));
    refuse("symbol_u", malformed, "U is no symbol.", printed.replacen('0', "U", 1));
    refuse(
        "symbol_other_script",
        malformed,
        "A Cyrillic letter that looks like A.",
        printed.replacen('0', "А", 1),
    );
    refuse("too_short", malformed, "27 symbols.", printed[..printed.len() - 1].to_owned());
    refuse("too_long", malformed, "29 symbols.", printed.clone() + "0");
    refuse("empty", malformed, "No symbol.", String::new());
    refuse("only_decoration", malformed, "Nothing is left.", "“-‑—”\u{200b}.".to_owned());
    refuse(
        "stop_inside",
        malformed,
        "A full stop is passed over at the end only.",
        printed.replace('-', "."),
    );
    refuse("stop_before", malformed, "Nor is one before the key.", format!(".{printed}"));
    refuse("underscores", malformed, "An underscore is no dash.", printed.replace('-', "_"));
    refuse("bell", malformed, "A control character is no white space.", printed.clone() + "\u{7}");
    refuse(
        "wide_symbol_u",
        malformed,
        "The full-width U is no symbol either.",
        printed.replacen('0', "Ｕ", 1),
    );
    refuse(
        "mistyped_and_decorated",
        mistyped,
        "What is around it changes no checksum.",
        format!("«{}»", printed.replacen('0', "1", 1)),
    );
    shelf.cases
}

/// The key as it comes out of mails, terminals, documents and other keyboards.
fn decorated(printed: &str) -> Vec<(&'static str, &'static str, String)> {
    let dashes = |dash: &str| printed.replace('-', dash);
    let wide =
        |c: char| if c.is_ascii_graphic() { char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c) } else { c };
    vec![
        ("line_feed", "A line feed behind it.", format!("{printed}\n")),
        ("line_ends", "Line ends of Windows around it.", format!("\r\n{printed}\r\n")),
        ("tab", "Copied from a table.", format!("\t{printed}\t")),
        ("no_break_spaces", "From a web page.", dashes("\u{a0}")),
        (
            "wide_spaces",
            "The ideographic space, and the line separator behind.",
            dashes("\u{3000}") + "\u{2028}",
        ),
        ("no_break_hyphens", "From a word processor.", dashes("\u{2011}")),
        ("en_dashes", "From a word processor that corrects.", dashes("–")),
        ("em_dashes", "The same.", dashes(" — ")),
        ("minus_signs", "From a formula.", dashes("−")),
        ("prolonged_sound_marks", "From a Japanese keyboard.", dashes("ー")),
        ("zero_width", "Zero-width space and joiner, soft hyphen.", dashes("\u{200b}\u{200d}-\u{ad}")),
        ("byte_order_mark", "From a file.", format!("\u{feff}{printed}")),
        ("direction_marks", "From a text in two directions.", format!("\u{202a}\u{200e}{printed}\u{202c}")),
        ("variation_selector", "One that shows nothing.", format!("{printed}\u{fe0f}")),
        ("full_width", "From a keyboard that writes full-width forms.", printed.chars().map(wide).collect()),
        (
            "full_width_lower_case",
            "The same in lower case.",
            printed.to_lowercase().chars().map(wide).collect(),
        ),
        ("quotation_marks", "In typographic quotation marks.", format!("“{printed}”")),
        ("guillemets", "In others.", format!("«\u{202f}{printed}\u{202f}»")),
        ("apostrophes", "Quoted for a shell.", format!("'{printed}'")),
        ("backticks", "Quoted for a chat.", format!("`{printed}`")),
        ("brackets", "In brackets.", format!("[({{<{printed}>}})]")),
        ("lenticular_brackets", "In brackets of another script.", format!("【{printed}】")),
        ("full_stop", "At the end of a sentence.", format!("{printed}.")),
        ("comma", "In a list.", format!("{printed}, ")),
        ("full_stop_in_quotes", "A full stop and what closes the quotation.", format!("\"{printed}.\")")),
        ("ideographic_full_stop", "A full stop of another script.", format!("「{printed}」。")),
    ]
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
