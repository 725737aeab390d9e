//! What answers to heartbeats say: the three forms, and every field (`spec/activation.md` §7.2).

use sealgate_artifact::{Code, encode_base64};

use super::case::{Case, Shelf};
use super::fields::{Spoilt, saying, spoilt, spoilt_optional, without};
use super::heartbeat_answer::{Beat, believe, refuse};
use super::heartbeat_request::{head, unsound_heads};
use crate::Artifact;
use crate::admission::{
    INSTANCE, NONCES, admitted_text, ended_text, heartbeat, heartbeat_text, next_text, proof, proof_text,
    refused_text,
};
use crate::forge::{APP, DAY, LICENSE, NOW, TENANT, license, license_text, with};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::HeartbeatAnswer);
    optional(&mut shelf);
    mixtures(&mut shelf);
    outcomes(&mut shelf);
    fields(&mut shelf);
    next(&mut shelf);
    rights(&mut shelf);
    shelf.cases
}

fn admitted() -> String {
    admitted_text(&heartbeat(&heartbeat_text()))
}

fn ended() -> String {
    ended_text(&heartbeat(&heartbeat_text()))
}

fn refused() -> String {
    refused_text(&heartbeat(&heartbeat_text()))
}

/// What an answer may say between `code` and `head`, each with a sound value.
fn between() -> [(&'static str, String); 6] {
    [
        ("retry_after", "60".to_owned()),
        ("license_statement", format!("\"{}\"", license(license_text()).id())),
        ("current_proof", format!("\"{}\"", proof(&proof_text()).id())),
        ("next", next_text().replacen("\"next\":", "", 1)),
        ("grace_until", (NOW + DAY).to_string()),
        ("lease_until", (NOW + 7_200).to_string()),
    ]
}

/// With one more field where the table has it: right before `epoch`, or in its place.
fn in_order(text: &str, field: &str, value: &str) -> String {
    match field {
        "epoch" => saying(text, field, value),
        _ => with(text, "\"epoch\"", &format!("\"{field}\":{value},\"epoch\"")),
    }
}

fn optional(shelf: &mut Shelf) {
    let mut accept = |name: &str, shows: &str, text: &str| believe(shelf, name, shows, &Beat::of(text));
    let lease = in_order(&admitted(), "lease_until", &(NOW + 7_200).to_string());
    accept("lease", "It says until when the seat is held.", &lease);
    accept("refused_for_good", "Asking again will not help.", &without(&refused(), "retry_after"));
    accept("refused_without_wait", "Asking again may help at once.", &saying(&refused(), "retry_after", "0"));
    let unknown = format!("\"a{}\"", "_0".repeat(31) + "z");
    accept(
        "code_unknown",
        "A code that nobody knows yet, as long as may be.",
        &saying(&refused(), "code", &unknown),
    );
    accept(
        "ended_code_unknown",
        "An end for a reason that nobody knows yet.",
        &saying(&ended(), "code", &unknown),
    );
    accept("ended_already", "An end whose grace is over.", &saying(&ended(), "grace_until", "0"));
    for (form, called, text) in [
        ("", "An admission", admitted()),
        ("ended_", "An end", ended()),
        ("refused_", "A refusal", refused()),
    ] {
        for (name, says, field, value) in [
            ("head", "which entry of the chain is held", "head", head(17)),
            ("resend_from", "from which entry on the chain is needed again", "resend_from", "1".to_owned()),
            ("snapshot", "which revocation data is the newest", "snapshot", "0".to_owned()),
            ("epoch", "how often the installation came back", "epoch", "9007199254740991".to_owned()),
        ] {
            let shows = format!("{called} says {says}.");
            accept(&format!("{form}{name}"), &shows, &in_order(&text, field, &value));
        }
    }
    accept(
        "extended",
        "An extension that nobody needs to know.",
        &saying(&admitted(), "ext", r#"{"region":"eu"}"#),
    );
    let next = with(&next_text().replacen("\"next\":", "", 1), "}", ",\"ext\":{\"a\":1}}");
    accept("next_extended", "An extension within.", &saying(&admitted(), "next", &next));
}

/// `spec/activation.md` §7.2: each form with one field too many or too few.
fn mixtures(shelf: &mut Shelf) {
    let mut refused_as = |name: &str, shows: &str, text: &str| {
        refuse(shelf, name, Code::FieldInvalid, shows, &Beat::of(text));
    };
    let (few, many) = ("A form that lacks one of its fields.", "A form with a field of another.");
    for (form, text, may, is_optional) in [
        (
            "admitted",
            admitted(),
            &["license_statement", "current_proof", "next", "lease_until"][..],
            "lease_until",
        ),
        ("ended", ended(), &["next", "grace_until"], ""),
        ("refused", refused(), &["retry_after"], "retry_after"),
    ] {
        for (field, value) in between() {
            if !may.contains(&field) {
                refused_as(&format!("{form}_with_{field}"), many, &saying(&text, field, &value));
            } else if field != is_optional {
                refused_as(&format!("{form}_without_{field}"), few, &without(&text, field));
            }
        }
    }
    refused_as("admitted_with_code", "Admitted, and why not.", &saying(&admitted(), "code", "\"revoked\""));
    refused_as("ended_without_code", "An end without a reason.", &saying(&ended(), "code", "null"));
    refused_as("refused_without_code", "A refusal without a reason.", &saying(&refused(), "code", "null"));
    let nothing = without(&saying(&refused(), "code", "null"), "retry_after");
    refused_as("says_nothing", "Neither admitted nor why not.", &nothing);
    let everything = between().iter().fold(admitted(), |text, (field, value)| saying(&text, field, value));
    refused_as("says_everything", "All forms at once.", &everything);
    let grace = saying(&without(&ended(), "next"), "retry_after", "60");
    refused_as("refused_with_grace", "Neither counted nor refused.", &grace);
    let mut first =
        |name: &str, code: Code, shows: &str, text: &str| refuse(shelf, name, code, shows, &Beat::of(text));
    let both = saying(&without(&ended(), "next"), "epoch", "-1");
    let both = without(&both, "epoch");
    let shows = "The form is judged once `lease_until` was read, before what stands behind it.";
    first("ended_without_next_and_epoch", Code::FieldInvalid, shows, &both);
    let both = saying(&without(&ended(), "next"), "tier", "\"free\"");
    let shows = "The form is judged before what no answer knows.";
    first("ended_without_next_and_tier", Code::FieldInvalid, shows, &both);
    let both = without(&without(&ended(), "next"), "issued_at");
    let shows = "The fields before it are read first.";
    first("ended_without_next_and_time", Code::FieldMissing, shows, &both);
}

fn outcomes(shelf: &mut Shelf) {
    let mut put = |name: String, shows: &str, text: &str| {
        refuse(shelf, &name, Code::FieldInvalid, shows, &Beat::of(text));
    };
    for (name, code) in [
        ("code_empty", "\"\"".to_owned()),
        ("code_upper_case", "\"Instance_limit\"".to_owned()),
        ("code_begins_with_digit", "\"1st\"".to_owned()),
        ("code_with_hyphen", "\"instance-limit\"".to_owned()),
        ("code_is_a_number", "410".to_owned()),
        ("code_is_false", "false".to_owned()),
        ("code_of_65_bytes", format!("\"{}\"", "a".repeat(65))),
    ] {
        put(name.to_owned(), "Not spelled as a code; no code is `null`.", &saying(&refused(), "code", &code));
        put(format!("ended_{name}"), "Not spelled as a code.", &saying(&ended(), "code", &code));
    }
    let id = license(license_text()).id();
    for (form, text, field, name, shows, value) in [
        ("refused", refused(), "retry_after", "negative", "A wait that is over.", "-1".to_owned()),
        ("refused", refused(), "retry_after", "text", "A wait in words.", "\"soon\"".to_owned()),
        ("refused", refused(), "retry_after", "null", "Who gives no wait leaves it out.", "null".to_owned()),
        ("admitted", admitted(), "license_statement", "short", "Not 64 digits.", format!("\"{}\"", &id[2..])),
        (
            "admitted",
            admitted(),
            "current_proof",
            "upper_case",
            "A second spelling.",
            format!("\"{}\"", id.to_uppercase()),
        ),
        (
            "admitted",
            admitted(),
            "lease_until",
            "beyond",
            "A time after the year 9999.",
            "253402300800".to_owned(),
        ),
        ("ended", ended(), "grace_until", "beyond", "A time after the year 9999.", "253402300800".to_owned()),
        ("ended", ended(), "grace_until", "negative", "A time before 1970.", "-1".to_owned()),
        ("ended", ended(), "grace_until", "text", "A time as text.", "\"2027-01-31\"".to_owned()),
    ] {
        put(format!("{form}_{field}_{name}"), shows, &saying(&text, field, &value));
    }
}

fn fields(shelf: &mut Shelf) {
    let text = admitted();
    let mut put = |(name, code, shows, text): Spoilt| refuse(shelf, &name, code, shows, &Beat::of(&text));
    // That an admission lacks one of its fields is said with the forms.
    let of_form = ["license_statement_missing", "current_proof_missing", "next_missing"];
    spoilt(&text, &["code"]).into_iter().filter(|s| !of_form.contains(&&s.0[..])).for_each(&mut put);
    let optional = ["retry_after", "grace_until", "lease_until", "head", "resend_from", "snapshot"];
    spoilt_optional(&text, &optional).into_iter().for_each(&mut put);
    unsound_heads(&text).into_iter().for_each(&mut put);
    let upper = |text: &str| format!("\"{}\"", text.to_uppercase());
    let id = heartbeat(&heartbeat_text()).id();
    let (malformed, invalid) = (Code::KeyMalformed, Code::FieldInvalid);
    for (field, name, code, shows, value) in [
        ("tenant", "upper_case", invalid, "A second spelling.", upper(TENANT)),
        ("app", "upper_case", invalid, "A second spelling.", upper(APP)),
        ("license", "upper_case", invalid, "A second spelling.", upper(LICENSE)),
        ("device_key", "short", malformed, "A key of 31 bytes.", format!("\"{}\"", encode_base64(&[7; 31]))),
        ("proof", "upper_case", invalid, "A second spelling.", upper(&proof(&proof_text()).id())),
        ("request", "upper_case", invalid, "A second spelling.", upper(&id)),
        ("request", "short", invalid, "Not 64 digits.", format!("\"{}\"", &id[2..])),
        ("seq", "zero", invalid, "Heartbeats count from 1.", "0".to_owned()),
        ("nonce", "upper_case", invalid, "A second spelling.", upper(NONCES[0])),
        ("nonce", "of_31_digits", invalid, "Not 32 digits.", format!("\"{}\"", &NONCES[0][1..])),
        ("issued_at", "negative", invalid, "A time before 1970.", "-1".to_owned()),
        ("issued_at", "beyond", invalid, "A time after the year 9999.", "253402300800".to_owned()),
        ("resend_from", "zero", invalid, "Entries count from 1.", "0".to_owned()),
        ("snapshot", "negative", invalid, "Fewer versions than none.", "-1".to_owned()),
        ("epoch", "negative", invalid, "Fewer times than none.", "-1".to_owned()),
        ("epoch", "text", invalid, "A number as text.", "\"0\"".to_owned()),
    ] {
        put((format!("{field}_{name}"), code, shows, saying(&text, field, &value)));
    }
}

/// With what the device goes on.
fn next(shelf: &mut Shelf) {
    let next = next_text().replacen("\"next\":", "", 1);
    let mut put = |name: &str, code: Code, shows: &str, next: &str| {
        refuse(shelf, &format!("next_{name}"), code, shows, &Beat::of(&saying(&admitted(), "next", next)));
    };
    for (name, code, shows, text) in spoilt(&next, &[]) {
        put(&name, code, shows, &text);
    }
    let invalid = Code::FieldInvalid;
    for (name, code, shows, field, value) in [
        (
            "instance_upper_case",
            invalid,
            "A second spelling.",
            "instance",
            format!("\"{}\"", INSTANCE.to_uppercase()),
        ),
        ("nonce_of_33_digits", invalid, "Not 32 digits.", "nonce", format!("\"{}0\"", NONCES[1])),
        (
            "nonce_upper_case",
            invalid,
            "A second spelling.",
            "nonce",
            format!("\"{}\"", NONCES[1].to_uppercase()),
        ),
        ("not_before_negative", invalid, "A time before 1970.", "not_before", "-1".to_owned()),
        (
            "not_before_beyond",
            invalid,
            "A time after the year 9999.",
            "not_before",
            "253402300800".to_owned(),
        ),
        ("with_more", Code::FieldUnknown, "A field that it does not know.", "interval", "3600".to_owned()),
        ("crit", Code::CritUnknown, "An unknown meaning within.", "crit", "[\"log\"]".to_owned()),
    ] {
        put(name, code, shows, &saying(&next, field, &value));
    }
    put("empty", Code::FieldMissing, "It says all three.", "{}");
    put("text", invalid, "Not an object.", "\"soon\"");
}

/// An answer grants no rights (`spec/activation.md` §1.1).
fn rights(shelf: &mut Shelf) {
    let mut refused = |name: &str, code: Code, shows: &str, field: &str, value: &str| {
        refuse(shelf, name, code, shows, &Beat::of(&saying(&admitted(), field, value)));
    };
    let shows = "Rights come from the license only; an answer has no field for them.";
    for (name, field, value) in [
        ("grants_a_tier", "tier", "\"enterprise\""),
        ("grants_features", "features", "[\"export\"]"),
        ("grants_seats", "max_devices", "1000"),
        ("sets_a_policy", "policy", "{\"fail\":\"soft\"}"),
        ("lengthens_a_grace", "grace", "86400"),
        ("hands_out_variables", "variables", "[[\"a\",1]]"),
    ] {
        refused(name, Code::FieldUnknown, shows, field, value);
    }
    refused("crit_unknown", Code::CritUnknown, "An unknown meaning is critical.", "crit", "[\"log\"]");
    refused(
        "crit_of_a_license",
        Code::CritUnknown,
        "A meaning that licenses alone have.",
        "crit",
        "[\"policy\"]",
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer;

    /// `spec/activation.md` §7.2: of all 128 mixtures of `code` and the fields behind it, five are one of the three forms.
    #[test]
    fn of_all_mixtures_only_the_three_forms_are_believed() {
        let bare =
            ["license_statement", "current_proof", "next"].iter().fold(admitted(), |t, f| without(&t, f));
        let mut believed = vec![];
        for code in ["null", "\"revoked\""] {
            for mixture in 0..1 << between().len() {
                let said = between().into_iter().enumerate().filter(|(at, _)| mixture >> at & 1 == 1);
                let said: Vec<_> = said.map(|(_, field)| field).collect();
                let text = said.iter().fold(saying(&bare, "code", code), |t, (f, v)| saying(&t, f, v));
                let beat = Beat::of(&text);
                let names: Vec<&str> = said.iter().map(|(name, _)| *name).collect();
                match &answer(&beat.question())[..] {
                    "field_invalid" => {}
                    found => {
                        assert_eq!(found, format!("ok {}", beat.ids()), "{code} {names:?}");
                        believed.push(format!("{code} {}", names.join(" ")));
                    }
                }
            }
        }
        believed.sort();
        let forms = [
            "\"revoked\" ",
            "\"revoked\" next grace_until",
            "\"revoked\" retry_after",
            "null license_statement current_proof next",
            "null license_statement current_proof next lease_until",
        ];
        assert_eq!(believed, forms);
    }
}
