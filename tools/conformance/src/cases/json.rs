//! Hostile JSON under a good signature (`spec/envelope.md` §3.1 and §3.2): texts that readers of several languages
//! read differently. Every one of them is signed by the issuer, so only the reader can refuse it.

use sealgate_artifact::Code;

use super::case::{Case, Shelf};
use crate::Artifact;
use crate::forge::{World, license, license_text, with};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Json);
    structure(&mut shelf);
    numbers(&mut shelf);
    strings(&mut shelf);
    names(&mut shelf);
    sound(&mut shelf);
    shelf.cases
}

/// Sound JSON that some readers nevertheless take for another license.
fn names(shelf: &mut Shelf) {
    let text = license_text();
    for (name, shows, old, new) in [
        (
            "name_folded",
            "A second spelling of a name; readers that ignore case take the one or the other.",
            "{",
            "{\"Max_Devices\":500,",
        ),
        ("name_kelvin", "A name that folds to an ASCII one.", "{", "{\"\u{212a}eys\":500,"),
        ("name_empty", "An empty name.", "{", "{\"\":500,"),
        (
            "name_prototype",
            "A name that is special to one language.",
            "{",
            "{\"__Proto__\":{\"tier\":\"free\"},",
        ),
    ] {
        let world = World::with_license(license(with(&text, old, new)));
        shelf.invalid(name, Code::FieldUnknown, shows, &world);
    }
    let proto = with(&text, "{", "{\"__proto__\":{\"tier\":\"free\"},");
    let shows =
        "A name of the right alphabet that is special to one language is a field like any other: unknown.";
    shelf.invalid("name_proto", Code::FieldUnknown, shows, &World::with_license(license(proto)));
    let missing = with(&text, "\"tier\":\"licensed\",", "\"ext\":{\"__proto__\":{\"tier\":\"licensed\"}},");
    let shows = "A field that is missing is not found through another object.";
    shelf.invalid("name_inherited", Code::FieldMissing, shows, &World::with_license(license(missing)));
}

fn sound(shelf: &mut Shelf) {
    let text = license_text();
    for (name, shows, old, new) in [
        ("escaped_name", "A name written with escapes is the same name.", "\"tier\"", "\"\\u0074ier\""),
        ("surrogate_pair", "A pair of surrogates is one character.", "export", "export \\uD83D\\uDE00"),
        (
            "escapes",
            "Every escape there is.",
            "\"app\"",
            "\"ext\":{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"},\"app\"",
        ),
        ("white_space", "White space wherever it may stand.", "{\"typ\":", " \t\r\n{ \"typ\" : "),
        ("nested_8", "Eight levels.", "\"app\"", "\"ext\":{\"a\":[[[[[[1]]]]]]},\"app\""),
        (
            "integers",
            "The largest and the smallest integer.",
            "\"app\"",
            "\"ext\":{\"a\":[9007199254740991,-9007199254740991,0]},\"app\"",
        ),
    ] {
        shelf.valid(name, shows, &World::with_license(license(with(&text, old, new))));
    }
    let names: Vec<String> = (0..256).map(|n| format!("\"a{n}\":0")).collect();
    let with_ext = |names: &[String]| {
        World::with_license(license(with(&text, "{", &format!("{{\"ext\":{{{}}},", names.join(",")))))
    };
    shelf.valid("names_256", "An object with as many names as there may be.", &with_ext(&names));
    let more = [names, vec!["\"b\":0".to_owned()]].concat();
    shelf.invalid("names_257", Code::JsonInvalid, "One name too many.", &with_ext(&more));
}

fn structure(shelf: &mut Shelf) {
    let text = license_text();
    let mut refuse = |name: &str, shows: &str, payload: Vec<u8>| put(shelf, name, shows, payload);
    let more = |field: &str| with(&text, "{", &format!("{{{field},")).into_bytes();
    refuse(
        "duplicate_name",
        "A name stands twice; readers take the first, the last or none.",
        more("\"max_devices\":500"),
    );
    refuse(
        "duplicate_name_escaped",
        "A name stands twice after unescaping.",
        more("\"max_device\\u0073\":500"),
    );
    refuse(
        "duplicate_name_in_ext",
        "A name stands twice where nobody reads.",
        more("\"ext\":{\"a\":1,\"a\":1}"),
    );
    refuse("nested_9", "Nine levels.", more("\"ext\":{\"a\":[[[[[[[1]]]]]]]}"));
    refuse("trailing_comma", "A comma before the closing brace.", with(&text, "5}", "5,}").into_bytes());
    refuse("trailing_text", "Something follows the object.", (text.clone() + "x").into_bytes());
    refuse("second_object", "A second object follows the first.", text.repeat(2).into_bytes());
    refuse("comment", "A comment.", with(&text, ",", ",/* x */").into_bytes());
    refuse("byte_order_mark", "A byte order mark.", [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat());
    refuse("form_feed", "A form feed is no white space of JSON.", with(&text, ",", ",\u{c}").into_bytes());
    refuse(
        "no_break_space",
        "A no-break space is no white space of JSON.",
        with(&text, ",", ",\u{a0}").into_bytes(),
    );
    refuse("single_quotes", "Single quotes.", text.replace('"', "'").into_bytes());
    refuse("bare_name", "A name without quotes.", with(&text, "\"version\"", "version").into_bytes());
    refuse("empty", "An empty payload.", vec![]);
}

fn numbers(shelf: &mut Shelf) {
    let text = license_text();
    for (name, shows, number) in [
        (
            "two_to_the_53",
            "The first integer that doubles cannot tell from its neighbour.",
            "9007199254740992",
        ),
        ("huge", "A number beyond every integer type.", "100000000000000000000000000000000"),
        ("with_point", "A whole number written as a fraction.", "5.0"),
        ("with_exponent", "A whole number written with an exponent.", "5e0"),
        ("minus_zero", "Minus zero.", "-0"),
        ("leading_zero", "A leading zero, octal to some.", "05"),
        ("leading_plus", "A leading plus.", "+5"),
        ("hexadecimal", "A hexadecimal number.", "0x5"),
        ("not_a_number", "A word that some readers take for a number.", "NaN"),
        ("infinity", "Another word that some readers take for a number.", "Infinity"),
    ] {
        let payload = with(&text, "\"max_devices\":5", &format!("\"max_devices\":{number}"));
        put(shelf, &format!("number_{name}"), shows, payload.into_bytes());
    }
}

fn strings(shelf: &mut Shelf) {
    let text = license_text();
    for (name, shows, bytes) in [
        (
            "not_utf8",
            "A byte that is not UTF-8; some readers put a replacement character there.",
            &b"\xff"[..],
        ),
        ("overlong_utf8", "An overlong encoding of a slash.", b"\xc0\xaf"),
        ("surrogate_utf8", "A surrogate encoded in UTF-8.", b"\xed\xa0\x80"),
        ("lone_high_surrogate", "The first half of a pair alone.", b"\\ud800"),
        ("lone_low_surrogate", "The second half of a pair alone.", b"\\udc00"),
        ("surrogate_then_letter", "The first half of a pair before an ordinary escape.", b"\\ud800\\u0041"),
        ("nul_escaped", "A NUL, which ends a string in C.", b"\\u0000"),
        ("nul_raw", "A raw NUL.", b"\0"),
        ("control_character", "A raw line feed.", b"\n"),
        ("unknown_escape", "An escape that JSON does not have.", b"\\x41"),
        ("short_escape", "An escape of three digits.", b"\\u041\""),
    ] {
        let at = text.find("export").expect("a feature");
        let payload = [&text.as_bytes()[..at], bytes, &text.as_bytes()[at..]].concat();
        put(shelf, &format!("text_{name}"), shows, payload);
    }
}

fn put(shelf: &mut Shelf, name: &str, shows: &str, payload: Vec<u8>) {
    shelf.invalid(name, Code::JsonInvalid, shows, &World::with_license(license(payload)));
}
