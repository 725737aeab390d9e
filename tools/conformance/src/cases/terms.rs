//! What a license says in the vendor's own words: values of features, limits, variables, the licensee, a trial
//! (`spec/license.md` §2.6 to §2.11).

use sealgate_artifact::Code;

use super::case::{Case, Shelf};
use crate::Artifact;
use crate::forge::{DAY, NOW, World, full_license_text, license, license_text, with};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::License);
    shelf.valid("full", "A license that says everything that one can say.", &of(&full_license_text()));
    let shows = "The same for a license that is no trial.";
    shelf.valid("full_without_trial", shows, &of(&with(&full_license_text(), ",\"trial_days\":14", "")));
    feature_values(&mut shelf);
    feature_pairs(&mut shelf);
    limits(&mut shelf);
    limit_entries(&mut shelf);
    variables(&mut shelf);
    variable_values(&mut shelf);
    variable_names(&mut shelf);
    licensee(&mut shelf);
    licensee_parts(&mut shelf);
    trial(&mut shelf);
    order(&mut shelf);
    room(&mut shelf);
    shelf.cases
}

fn of(payload: &str) -> World {
    World::with_license(license(payload))
}

/// The plain license with these fields behind the others.
fn with_fields(fields: &str) -> String {
    with(&license_text(), "\"max_devices\":5", &format!("\"max_devices\":5,{fields}"))
}

/// The plain license with these features.
fn with_features(list: &str) -> String {
    with(&license_text(), r#"["db.query","export"]"#, list)
}

fn listed(count: usize, entry: impl Fn(usize) -> String) -> String {
    format!("[{}]", (0..count).map(entry).collect::<Vec<_>>().join(","))
}

fn feature_values(shelf: &mut Shelf) {
    let mut accept =
        |name: &str, shows: &str, list: &str| shelf.valid(name, shows, &of(&with_features(list)));
    accept("feature_with_value", "A pair of a name and a value.", r#"[["sso","okta"]]"#);
    accept("features_mixed", "Names and pairs in one list.", r#"["export",["sso","okta"],"db.query"]"#);
    accept("feature_value_of_1_byte", "The shortest value.", r#"[["sso","1"]]"#);
    accept(
        "feature_value_of_64_bytes",
        "A value of exactly 64 bytes, not characters, behind a name of 32.",
        &format!(r#"[["{}","{}"]]"#, "n".repeat(32), "é".repeat(32)),
    );
    accept(
        "feature_value_with_escapes",
        "A value is what is left after unescaping.",
        r#"[["\u0073so","\"ok\\ta\" \u00e9\ud83d\ude00"]]"#,
    );
    accept("feature_value_is_another_name", "A value may be another feature's name.", r#"["a",["b","a"]]"#);
    accept(
        "features_32_with_values",
        "The most features, each with a value.",
        &listed(32, |n| format!(r#"["f{n}","v"]"#)),
    );
    let mut refuse = |name: &str, shows: &str, list: &str| {
        shelf.invalid(name, Code::FieldInvalid, shows, &of(&with_features(list)));
    };
    refuse("features_33_with_values", "One feature too many.", &listed(33, |n| format!(r#"["f{n}","v"]"#)));
    refuse("feature_value_empty", "A feature without a value is its name alone.", r#"[["sso",""]]"#);
    refuse(
        "feature_value_of_65_bytes",
        "A value that is too long.",
        &format!(r#"[["sso","{}"]]"#, "v".repeat(65)),
    );
    refuse(
        "feature_value_of_65_bytes_in_33_letters",
        "Bytes are counted, not characters.",
        &format!(r#"[["sso","{}v"]]"#, "é".repeat(32)),
    );
    for (name, shows, written) in [
        ("escape", "A value is shown in terminals, too.", "\\u001b[2J"),
        ("line_feed", "A line feed begins a line of a log.", "ok\\nta"),
        ("delete", "U+007F, raw.", "okta\u{7f}"),
        ("u009b", "U+009B steers terminals like an escape character.", "\u{9b}2J"),
    ] {
        refuse(&format!("feature_value_with_{name}"), shows, &format!(r#"[["sso","{written}"]]"#));
    }
}

fn feature_pairs(shelf: &mut Shelf) {
    for (name, shows, list) in [
        ("pair_of_1", "A list of a name alone is no pair.", r#"[["sso"]]"#),
        ("pair_of_3", "A third entry.", r#"[["sso","okta","x"]]"#),
        ("pair_empty", "An empty list is no pair.", "[[]]"),
        ("value_number", "A feature's value is text; numbers are limits.", r#"[["sso",7]]"#),
        ("value_boolean", "True is no text.", r#"[["sso",true]]"#),
        ("value_null", "A pair has a value.", r#"[["sso",null]]"#),
        ("value_list", "A list is no text.", r#"[["sso",["okta"]]]"#),
        ("value_object", "An object is no text.", r#"[["sso",{"a":"okta"}]]"#),
        ("pair_name_number", "A name is text.", r#"[[7,"okta"]]"#),
        ("pair_name_empty", "A value without a name.", r#"[["","okta"]]"#),
        ("pair_name_with_escape", "A control character in the name of a pair.", r#"[["s\u001bso","okta"]]"#),
        ("pair_as_object", "Names that a vendor chose are never structure.", r#"[{"sso":"okta"}]"#),
        ("twice_with_values", "One name twice, with two values.", r#"[["sso","okta"],["sso","saml"]]"#),
        ("twice_with_and_without", "One name twice, with a value and without.", r#"["sso",["sso","okta"]]"#),
        ("twice_without_and_with", "The same the other way round.", r#"[["sso","okta"],"x","sso"]"#),
    ] {
        shelf.invalid(&format!("feature_{name}"), Code::FieldInvalid, shows, &of(&with_features(list)));
    }
    let long = format!(r#"[["{}","okta"]]"#, "n".repeat(33));
    let shows = "The name of a pair is as short as any.";
    shelf.invalid("feature_pair_name_of_33_bytes", Code::FieldInvalid, shows, &of(&with_features(&long)));
}

fn with_limits(list: &str) -> String {
    with_fields(&format!("\"limits\":{list}"))
}

fn limits(shelf: &mut Shelf) {
    let mut accept = |name: &str, shows: &str, list: &str| shelf.valid(name, shows, &of(&with_limits(list)));
    accept("limit_0", "Nothing at all is a limit, too.", r#"[["projects",0]]"#);
    accept("limit_largest", "The largest number: 2^53 - 1.", r#"[["projects",9007199254740991]]"#);
    accept("limit_named_as_a_feature", "A limit and a feature of one name.", r#"[["export",10]]"#);
    accept(
        "limit_name_of_32_bytes",
        "A name of exactly 32 bytes, not characters.",
        &format!(r#"[["{}",1]]"#, "é".repeat(16)),
    );
    accept("limits_differ_in_case", "Case counts, so these are two.", r#"[["a",1],["A",2]]"#);
    accept("limits_32", "The most limits.", &listed(32, |n| format!(r#"["l{n}",{n}]"#)));
    let mut refuse = |name: &str, code: Code, shows: &str, list: &str| {
        shelf.invalid(name, code, shows, &of(&with_limits(list)));
    };
    let (json, field) = (Code::JsonInvalid, Code::FieldInvalid);
    refuse(
        "limit_2_to_the_53",
        json,
        "2^53 is a number on which readers differ.",
        r#"[["a",9007199254740992]]"#,
    );
    refuse("limit_fraction", json, "A number with a fraction.", r#"[["a",1.0]]"#);
    refuse("limit_negative", field, "Fewer than none.", r#"[["a",-1]]"#);
    refuse("limit_text", field, "A number as text.", r#"[["a","10"]]"#);
    refuse("limit_boolean", field, "A boolean is no number.", r#"[["a",true]]"#);
    refuse("limit_null", field, "No number; what has no limit is not listed.", r#"[["a",null]]"#);
    refuse("limits_empty", field, "An empty list is left out.", "[]");
    refuse("limits_null", field, "`null` has no meaning here.", "null");
    refuse("limits_object", field, "Names that a vendor chose are never structure.", r#"{"a":1}"#);
    refuse("limits_text", field, "Not a list.", "\"a\"");
    refuse("limits_33", field, "One limit too many.", &listed(33, |n| format!(r#"["l{n}",{n}]"#)));
}

fn limit_entries(shelf: &mut Shelf) {
    let long = format!(r#"[["{}",1]]"#, "n".repeat(33));
    for (name, shows, list) in [
        ("name_of_33_bytes", "A name that is too long.", &long[..]),
        ("name_empty", "A number without a name.", r#"[["",1]]"#),
        ("name_with_u009f", "A control character in a name.", r#"[["a\u009f",1]]"#),
        ("name_number", "A name is text.", r"[[1,1]]"),
        ("twice", "One name twice.", r#"[["a",1],["a",2]]"#),
        (
            "twice_escaped",
            "One name twice after unescaping, with another between.",
            r#"[["a",1],["b",1],["\u0061",1]]"#,
        ),
        ("name_alone", "A limit without a number.", r#"["a"]"#),
        ("pair_of_1", "A pair without a number.", r#"[["a"]]"#),
        ("pair_of_3", "A third entry.", r#"[["a",1,2]]"#),
        ("pair_as_object", "A pair is a list.", r#"[{"a":1}]"#),
    ] {
        shelf.invalid(&format!("limit_{name}"), Code::FieldInvalid, shows, &of(&with_limits(list)));
    }
}

fn with_variables(list: &str) -> String {
    with_fields(&format!("\"variables\":{list}"))
}

fn variables(shelf: &mut Shelf) {
    let mut accept =
        |name: &str, shows: &str, list: &str| shelf.valid(name, shows, &of(&with_variables(list)));
    accept("variable_text", "Text.", r#"[["greeting","Grüße, \"Ada\""]]"#);
    accept("variable_text_empty", "Empty text is a value.", r#"[["greeting",""]]"#);
    accept(
        "variable_text_of_2000_bytes",
        "Text as long as the payload has room.",
        &format!(r#"[["a","{}"]]"#, "x".repeat(2_000)),
    );
    accept(
        "variable_integers",
        "Zero, and the largest and smallest integers.",
        r#"[["a",0],["b",9007199254740991],["c",-9007199254740991]]"#,
    );
    accept("variable_flags", "True and false.", r#"[["a",true],["b",false]]"#);
    accept(
        "variable_looks_like_another",
        "Text that looks like a number, a flag or null is text.",
        r#"[["a","1"],["b","true"],["c","null"]]"#,
    );
    accept(
        "variable_name_of_64_bytes",
        "A name of exactly 64 bytes, not characters.",
        &format!(r#"[["{}",1]]"#, "é".repeat(32)),
    );
    accept("variable_named_as_a_feature", "A variable and a feature of one name.", r#"[["export",true]]"#);
    accept("variables_50", "The most variables.", &listed(50, |n| format!(r#"["v{n}",{n}]"#)));
}

fn variable_values(shelf: &mut Shelf) {
    let mut refuse = |name: &str, code: Code, shows: &str, list: &str| {
        shelf.invalid(name, code, shows, &of(&with_variables(list)));
    };
    let (json, field) = (Code::JsonInvalid, Code::FieldInvalid);
    refuse("variable_2_to_the_53", json, "A number on which readers differ.", r#"[["a",9007199254740992]]"#);
    refuse("variable_fraction", json, "A number with a fraction.", r#"[["a",0.5]]"#);
    refuse("variable_nul", json, "No text holds a NUL.", r#"[["a","\u0000"]]"#);
    refuse("variable_null", field, "`null` is no value.", r#"[["a",null]]"#);
    refuse("variable_list", field, "A list is no value.", r#"[["a",["b"]]]"#);
    refuse("variable_object", field, "An object is no value.", r#"[["a",{"b":1}]]"#);
    refuse("variable_text_with_escape", field, "Text that would steer a terminal.", r#"[["a","\u001b[2J"]]"#);
    refuse("variable_text_with_line_feed", field, "A line feed is a control character.", r#"[["a","b\nc"]]"#);
    refuse("variable_text_with_delete", field, "U+007F, raw.", "[[\"a\",\"b\u{7f}\"]]");
    refuse(
        "variable_text_with_u0080",
        field,
        "The first control character beyond ASCII, raw.",
        "[[\"a\",\"\u{80}\"]]",
    );
    refuse("variables_empty", field, "An empty list is left out.", "[]");
    refuse("variables_null", field, "`null` has no meaning here.", "null");
    refuse("variables_object", field, "Names that a vendor chose are never structure.", r#"{"a":1}"#);
    refuse("variables_51", field, "One variable too many.", &listed(51, |n| format!(r#"["v{n}",{n}]"#)));
}

fn variable_names(shelf: &mut Shelf) {
    let long = format!(r#"[["{}",1]]"#, "n".repeat(65));
    for (name, shows, list) in [
        ("name_of_65_bytes", "A name that is too long.", &long[..]),
        ("name_empty", "A value without a name.", r#"[["",1]]"#),
        ("name_with_line_feed", "A control character in a name.", r#"[["a\nb",1]]"#),
        ("name_number", "A name is text.", r"[[1,1]]"),
        ("twice", "One name twice, with values of two types.", r#"[["a",1],["a","1"]]"#),
        ("name_alone", "A variable without a value.", r#"["a"]"#),
        ("pair_of_1", "A pair without a value.", r#"[["a"]]"#),
        ("pair_of_3", "A third entry.", r#"[["a",1,2]]"#),
        ("pair_as_object", "A pair is a list.", r#"[{"a":1}]"#),
    ] {
        shelf.invalid(&format!("variable_{name}"), Code::FieldInvalid, shows, &of(&with_variables(list)));
    }
}

fn with_licensee(object: &str) -> String {
    with_fields(&format!("\"licensee\":{object}"))
}

fn licensee(shelf: &mut Shelf) {
    let mut accept =
        |name: &str, shows: &str, object: &str| shelf.valid(name, shows, &of(&with_licensee(object)));
    accept("licensee_name", "A person.", r#"{"name":"Ada Lovelace"}"#);
    accept("licensee_company", "An organisation.", r#"{"company":"Analytical Engines & Söhne"}"#);
    accept("licensee_email", "An address to write to.", r#"{"email":"ada@example.com"}"#);
    accept(
        "licensee_all",
        "All three, in another order than the spec's.",
        r#"{"email":"ada@example.com","company":"Example Ltd","name":"Ada Lovelace"}"#,
    );
    accept("licensee_email_is_not_judged", "Nobody checks an address.", r#"{"email":"ask at the desk"}"#);
    accept(
        "licensee_of_128_bytes",
        "A part of exactly 128 bytes, not characters.",
        &format!(r#"{{"name":"{}"}}"#, "é".repeat(64)),
    );
    accept(
        "licensee_ext",
        "An object with fields has room for extensions.",
        r#"{"name":"Ada","ext":{"a":[1]}}"#,
    );
    let mut refuse = |name: &str, code: Code, shows: &str, object: &str| {
        shelf.invalid(&format!("licensee_{name}"), code, shows, &of(&with_licensee(object)));
    };
    let field = Code::FieldInvalid;
    refuse("empty", field, "It names nobody.", "{}");
    refuse("of_ext_alone", field, "An extension names nobody.", r#"{"ext":{"name":"Ada"}}"#);
    refuse("null", field, "`null` has no meaning here.", "null");
    refuse("text", field, "A name alone is no object.", "\"Ada\"");
    refuse("list", field, "A list is no object.", r#"["Ada"]"#);
    refuse("part_unknown", Code::FieldUnknown, "A part that there is not.", r#"{"name":"Ada","phone":"1"}"#);
    refuse(
        "part_unknown_alone",
        field,
        "What it needs is judged before what it does not know.",
        r#"{"phone":"1"}"#,
    );
    refuse(
        "part_upper_case",
        Code::FieldUnknown,
        "A name outside the alphabet of names.",
        r#"{"Name":"Ada"}"#,
    );
    refuse("crit", Code::CritUnknown, "A critical meaning inside it.", r#"{"name":"Ada","crit":["a"]}"#);
    refuse(
        "crit_empty",
        field,
        "An empty `crit` says nothing, there as anywhere.",
        r#"{"name":"Ada","crit":[]}"#,
    );
    refuse("ext_text", field, "`ext` is an object, there as anywhere.", r#"{"name":"Ada","ext":"a"}"#);
}

fn licensee_parts(shelf: &mut Shelf) {
    let long = format!("\"{}\"", "x".repeat(129));
    for part in ["name", "company", "email"] {
        for (name, shows, value) in [
            ("null", "A part that is not said is left out.", "null"),
            ("empty", "An empty part says nothing.", "\"\""),
            ("of_129_bytes", "A part that is too long.", &long[..]),
            ("with_escape", "A part is shown in terminals.", r#""Ada\u001b[2J""#),
            ("number", "A part is text.", "7"),
        ] {
            let other = if part == "name" { "company" } else { "name" };
            let object = format!(r#"{{"{other}":"Example","{part}":{value}}}"#);
            let name = format!("licensee_{part}_{name}");
            shelf.invalid(&name, Code::FieldInvalid, shows, &of(&with_licensee(&object)));
        }
    }
}

fn trial(shelf: &mut Shelf) {
    for (name, shows, days) in [
        (
            "trial_of_1_day",
            "The shortest trial. It is believed; whether it is in force is another question.",
            1,
        ),
        ("trial_of_3650_days", "The longest trial.", 3_650),
    ] {
        shelf.valid(name, shows, &of(&with_fields(&format!("\"trial_days\":{days}"))));
    }
    for (name, code, shows, days) in [
        ("0", Code::FieldInvalid, "A trial that is over before it begins.", "0"),
        ("3651", Code::FieldInvalid, "One day too many.", "3651"),
        ("negative", Code::FieldInvalid, "Fewer days than none.", "-14"),
        ("null", Code::FieldInvalid, "What is no trial does not have the field.", "null"),
        ("text", Code::FieldInvalid, "A number as text.", "\"14\""),
        ("true", Code::FieldInvalid, "How long is not said.", "true"),
        ("fraction", Code::JsonInvalid, "Half a day.", "0.5"),
    ] {
        let payload = with_fields(&format!("\"trial_days\":{days}"));
        shelf.invalid(&format!("trial_{name}"), code, shows, &of(&payload));
    }
}

/// `spec/envelope.md` §3.6, where two things are wrong.
fn order(shelf: &mut Shelf) {
    let (unknown, invalid) = (Code::FieldUnknown, Code::FieldInvalid);
    let mut refuse = |name: &str, code: Code, shows: &str, text: &str| {
        shelf.invalid(&format!("order_{name}"), code, shows, &of(text));
    };
    let text = with(&with_fields("\"limits\":[]"), "\"max_devices\":5,", "");
    refuse("seats_missing_and_limits", Code::FieldMissing, "`max_devices` is read before `limits`.", &text);
    let phone = r#""licensee":{"name":"Ada","phone":"1"}"#;
    let text = with_fields(&format!("\"limits\":[],{phone}"));
    refuse("limits_and_licensee", invalid, "`limits` is read before `licensee`.", &text);
    let text = with_fields(&format!("{phone},\"variables\":[]"));
    refuse(
        "variables_and_licensee",
        invalid,
        "`variables`, though it stands behind, is read before `licensee`.",
        &text,
    );
    let text = with_fields(&format!("\"trial_days\":0,{phone}"));
    refuse("licensee_and_trial", unknown, "`licensee` is read completely, and before `trial_days`.", &text);
    let text = with_fields(&format!("{phone},\"seats\":5"));
    let text = with(&text, "\"phone\":\"1\"", "\"crit\":[\"a\"]");
    refuse("licensee_and_unknown", Code::CritUnknown, "What is unknown in the payload comes last.", &text);
    let text = with_fields("\"trial_days\":0,\"crit\":[\"a\"]");
    refuse("trial_and_crit", invalid, "`crit` comes behind the last field of the table.", &text);
    let text = with_fields(r#""limits":[],"licensee":{"Name":"Ada"}"#);
    refuse("limits_and_a_name", unknown, "Names are judged before all fields, at every depth.", &text);
    let text = with_fields(r#""variables":[],"limits":[["a",1.5]]"#);
    refuse("variables_and_json", Code::JsonInvalid, "The text is judged before all fields.", &text);
    let end = format!("\"expires_at\":{}", NOW + 100 * DAY);
    let text = with(&with_fields(phone), &end, "\"expires_at\":0");
    refuse("window_and_licensee", unknown, "The window is judged once all fields were read.", &text);
}

fn room(shelf: &mut Shelf) {
    let filled = |bytes: usize| {
        let list = |last: usize| {
            let value = |n| if n == 49 { "x".repeat(last) } else { "y".repeat(50) };
            with_variables(&listed(50, |n| format!(r#"["v{n}","{}"]"#, value(n))))
        };
        list(bytes - list(0).len())
    };
    let shows = "The longest payload, of variables.";
    shelf.valid("variables_fill_3800_bytes", shows, &of(&filled(3_800)));
    let shows = "The same with one byte more.";
    shelf.invalid("variables_fill_3801_bytes", Code::ArtifactTooLarge, shows, &of(&filled(3_801)));
}
