//! Decisions of servers (`spec/online.md` §4 and §5).

use sealgate_artifact::{Code, KeyUse};

use super::case::{Case, Shelf};
use super::certificate;
use crate::forge::{
    APP, APP_KEY, AUTHORITY, DAY, DEVICE, Draft, ISSUER, LICENSE, NONCE, NOW, OTHER_APP, OTHER_TENANT, ROOT,
    SECOND_DEVICE, SECOND_SERVER, SERVER, STRANGER, Seed, TENANT, World, certificate_text, decision,
    decision_text, denial_text, device_request, entry, keyset, keyset_text, license, license_text,
    public_text, request_by_key_text, request_text, with,
};
use crate::{Artifact, Bytes, Decided, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Decision);
    believed(&mut shelf);
    signatures(&mut shelf);
    unsigned(&mut shelf);
    other_questions(&mut shelf);
    scope(&mut shelf);
    windows(&mut shelf);
    certificates(&mut shelf);
    outcomes(&mut shelf);
    optional(&mut shelf);
    optional_refused(&mut shelf);
    fields(&mut shelf);
    shelf.cases
}

/// A question of a device and what it was answered, under a sound chain.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    world: World,
    certificate: Draft,
    request: Draft,
    pub(super) decision: Draft,
}

impl Exchange {
    /// The plain request, answered by this payload.
    pub(super) fn of(payload: &str) -> Self {
        Self {
            world: World::of_tenant(),
            certificate: crate::forge::certificate(&certificate_text()),
            request: device_request(&request_text()),
            decision: decision(payload),
        }
    }

    /// What the plain request is allowed.
    pub(super) fn plain() -> Self {
        Self::of(&decision_text(&device_request(&request_text())))
    }

    /// The plain request, answered by this statement.
    pub(super) fn answered(decision: Draft) -> Self {
        Self { decision, ..Self::plain() }
    }

    pub(super) fn question(&self) -> Question {
        let text = |draft: &Draft| Bytes::from(draft.text().into_bytes());
        Question::Decision(Box::new(Decided {
            certified: certificate::question(&self.world, &self.certificate),
            request: text(&self.request),
            decision: text(&self.decision),
        }))
    }

    fn ids(&self) -> String {
        [&self.certificate, &self.request, &self.decision].map(Draft::id).join(" ")
    }
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, exchange: &Exchange) {
    shelf.accepted(name, shows, exchange.question(), &exchange.ids());
}

fn refuse(shelf: &mut Shelf, name: &str, code: Code, shows: &str, exchange: &Exchange) {
    shelf.refused(name, code, shows, exchange.question());
}

/// The plain decision's payload with one thing replaced.
fn changed(old: &str, new: &str) -> String {
    with(&decision_text(&device_request(&request_text())), old, new)
}

/// The plain denial's payload with one thing replaced.
fn denied(old: &str, new: &str) -> String {
    with(&denial_text(&device_request(&request_text())), old, new)
}

fn believed(shelf: &mut Shelf) {
    believe(shelf, "plain", "A device is allowed to use the license that it named.", &Exchange::plain());
    let denial = Exchange::of(&denial_text(&device_request(&request_text())));
    believe(shelf, "denied", "A denial, with the time after which asking again may help.", &denial);
    let by_key = device_request(&request_by_key_text());
    let named = Exchange {
        decision: decision(&decision_text(&by_key)),
        request: by_key.clone(),
        ..Exchange::plain()
    };
    believe(shelf, "license_found_by_key", "The request named a key; the decision says whose.", &named);
    let text = with(&denial_text(&by_key), &format!("\"{LICENSE}\""), "null");
    let text = with(&text, "device_limit", "invalid_key");
    let unknown = Exchange { decision: decision(&text), request: by_key, ..Exchange::plain() };
    believe(shelf, "license_not_found", "A denial where no license was found.", &unknown);
    let text = denied(&format!("\"{LICENSE}\""), "null");
    believe(shelf, "denied_without_license", "A license was asked for, none is named.", &Exchange::of(&text));
    let text = denied("\"retry_after\":3600", "\"retry_after\":null");
    believe(shelf, "denied_for_good", "Asking again will not help.", &Exchange::of(&text));
    let text = denied("device_limit", &format!("a{}", "_0".repeat(31) + "z"));
    believe(shelf, "code_unknown", "A code that nobody knows yet, as long as may be.", &Exchange::of(&text));
    let text = changed("\"devices_used\":3", "\"devices_used\":null");
    believe(shelf, "devices_not_told", "How many devices use it is not told.", &Exchange::of(&text));
    let mut beside = Exchange::plain();
    beside.decision = beside.decision.signed(STRANGER, KeyUse::Server);
    believe(shelf, "signed_by_stranger_too", "A signature beside the server's is ignored.", &beside);
}

fn signatures(shelf: &mut Shelf) {
    let by = |seed: Seed, key_use: KeyUse| {
        let plain = Exchange::plain();
        Exchange::answered(Draft { signatures: vec![], ..plain.decision }.signed(seed, key_use))
    };
    for (name, seed, key_use, shows) in [
        ("signed_by_authority", AUTHORITY, KeyUse::Authority, "An authority certifies; it decides nothing."),
        ("signed_by_issuer", ISSUER, KeyUse::Issuer, "An issuer signs licenses, not decisions."),
        ("signed_by_app_key", APP_KEY, KeyUse::App, "An app's key signs on another wire."),
        ("signed_by_root", ROOT, KeyUse::Root, "A root decides nothing."),
        ("signed_by_device", DEVICE, KeyUse::Device, "The device allowed itself."),
        (
            "signed_by_other_server",
            SECOND_SERVER,
            KeyUse::Server,
            "Another server than the certificate names.",
        ),
        ("signed_by_stranger", STRANGER, KeyUse::Server, "A key that stands nowhere."),
    ] {
        refuse(shelf, name, Code::SignatureInvalid, shows, &by(seed, key_use));
    }
    let denial = Exchange::of(&denial_text(&device_request(&request_text())));
    let mut forged = Exchange::plain();
    forged.decision.signatures.clone_from(&denial.decision.signatures);
    let shows = "The signature under a denial, put under an allowance.";
    refuse(shelf, "denial_turned_into_allowance", Code::SignatureInvalid, shows, &forged);
}

fn unsigned(shelf: &mut Shelf) {
    let mut empty = Exchange::of(&denial_text(&device_request(&request_text())));
    empty.decision.signatures = vec![(String::new(), vec![0; 64])];
    let shows = "A denial that nobody signed is no denial.";
    refuse(shelf, "denial_unsigned", Code::SignatureInvalid, shows, &empty);
    empty.decision.signatures.clear();
    refuse(shelf, "denial_without_signature", Code::EnvelopeInvalid, "The same without any.", &empty);
    for (name, code, text, shows) in [
        (
            "problem",
            Code::EnvelopeInvalid,
            r#"{"code":"revoked","message":"The license was revoked.","request_id":"1"}"#,
            "An error's body, whatever it says, is no denial.",
        ),
        ("page", Code::JsonInvalid, "<html>402 Payment Required</html>", "A page of whoever sits between."),
        ("nothing", Code::JsonInvalid, "", "An empty answer."),
    ] {
        let Question::Decision(mut asked) = Exchange::plain().question() else { unreachable!("just made") };
        asked.decision = Bytes::from(text.as_bytes().to_vec());
        shelf.refused(&format!("is_a_{name}"), code, shows, Question::Decision(asked));
    }
}

fn other_questions(shelf: &mut Shelf) {
    let request = device_request(&request_text()).id();
    let flipped = with(NONCE, "0f", "0e");
    let (own, second) = (public_text(DEVICE), public_text(SECOND_DEVICE));
    let other = device_request(&with(&request_text(), NONCE, &flipped)).id();
    for (name, code, shows, old, new) in [
        ("other_tenant", Code::WrongTenant, "It decides for another tenant.", TENANT, OTHER_TENANT),
        ("other_app", Code::WrongApp, "It decides for another app.", APP, OTHER_APP),
        ("other_device", Code::NonceMismatch, "It decides about another device.", &own, &second),
        (
            "other_operation",
            Code::NonceMismatch,
            "It answers another operation, which the server may answer too.",
            "validate",
            "heartbeat",
        ),
        ("other_request", Code::NonceMismatch, "It names another request.", &request, &other),
        ("nonce_flipped", Code::NonceMismatch, "One bit of the nonce differs.", NONCE, &flipped),
        ("other_license", Code::NonceMismatch, "It decides about another license.", LICENSE, APP),
    ] {
        refuse(shelf, name, code, shows, &Exchange::of(&changed(old, new)));
        let name = format!("denied_{name}");
        refuse(shelf, &name, code, &format!("A denial: {shows}"), &Exchange::of(&denied(old, new)));
    }
    let later = device_request(&with(&request_text(), NONCE, &flipped));
    for (name, text, shows) in [
        ("replayed", decision_text(&device_request(&request_text())), "What allowed an earlier request."),
        ("denial_replayed", denial_text(&device_request(&request_text())), "What denied an earlier request."),
    ] {
        let exchange = Exchange { request: later.clone(), ..Exchange::of(&text) };
        refuse(shelf, name, Code::NonceMismatch, shows, &exchange);
    }
    let text = with(&changed(TENANT, OTHER_TENANT), APP, OTHER_APP);
    let shows = "The tenant is judged before the app.";
    refuse(shelf, "other_tenant_and_app", Code::WrongTenant, shows, &Exchange::of(&text));
    let text = with(&changed(APP, OTHER_APP), NONCE, &flipped);
    let shows = "The app is judged before the nonce.";
    refuse(shelf, "other_app_and_nonce", Code::WrongApp, shows, &Exchange::of(&text));
}

fn scope(shelf: &mut Shelf) {
    for (name, old, new, shows) in [
        (
            "operation_not_covered",
            "validate",
            "issue",
            "Certified for `validate`, asked for and answering `issue`.",
        ),
        (
            "tenant_not_covered",
            TENANT,
            OTHER_TENANT,
            "Certified for one tenant, asked by and answering another.",
        ),
    ] {
        let request = device_request(&with(&request_text(), old, new));
        let text = with(&decision_text(&request), old, new);
        let exchange = Exchange { request, ..Exchange::of(&text) };
        refuse(shelf, name, Code::ServerScope, shows, &exchange);
        let late = with(&text, &format!("\"issued_at\":{NOW}"), &format!("\"issued_at\":{}", NOW + 21 * DAY));
        let late = Exchange { decision: decision(&late), ..exchange };
        let shows = "The scope is judged before the time.";
        refuse(shelf, &format!("{name}_and_late"), Code::ServerScope, shows, &late);
    }
}

fn windows(shelf: &mut Shelf) {
    let (begin, end) = (NOW - DAY, NOW + 20 * DAY);
    let issued = format!("\"issued_at\":{NOW}");
    let at = |time: u64| changed(&issued, &format!("\"issued_at\":{time}"));
    let shows = "A server whose clock was a day behind when it was certified.";
    believe(shelf, "a_day_before_begin", shows, &Exchange::of(&at(begin - DAY)));
    believe(shelf, "last_second", "The certificate's last second.", &Exchange::of(&at(end - 1)));
    let shows = "A second more than a day before the certificate's window.";
    let early = Exchange::of(&at(begin - DAY - 1));
    refuse(shelf, "before_begin", Code::CertificateNotYetValid, shows, &early);
    let shows = "The first second after the certificate's window.";
    refuse(shelf, "at_end", Code::CertificateExpired, shows, &Exchange::of(&at(end)));
    let both = with(&at(end), NONCE, &"0".repeat(32));
    let shows = "What was asked is judged before the time.";
    refuse(shelf, "nonce_and_late", Code::NonceMismatch, shows, &Exchange::of(&both));
}

fn certificates(shelf: &mut Shelf) {
    let revoked = entry("server", &public_text(SERVER), "revoked");
    let text = with(&keyset_text(), "]}", &format!(",{revoked}]}}"));
    let world = World { keyset: keyset(&text), ..World::of_tenant() };
    let stopped = Exchange { world, ..Exchange::plain() };
    refuse(shelf, "server_revoked", Code::ServerRevoked, "The server's key was revoked.", &stopped);
    let world = World { now: NOW + 20 * DAY, ..World::of_tenant() };
    let late = Exchange { world, ..Exchange::plain() };
    let shows = "The certificate is over when the answer comes, though it was not when the server decided.";
    refuse(shelf, "certificate_expired", Code::CertificateExpired, shows, &late);
    let own = Draft::new("server-certificate", certificate_text()).signed(SERVER, KeyUse::Authority);
    let untrusted = Exchange { certificate: own, ..Exchange::plain() };
    let shows = "A server that certified itself.";
    refuse(shelf, "certificate_of_its_own", Code::SignatureInvalid, shows, &untrusted);
}

fn outcomes(shelf: &mut Shelf) {
    let mut refused = |name: &str, shows: &str, payload: &str| {
        refuse(shelf, name, Code::FieldInvalid, shows, &Exchange::of(payload));
    };
    let statement = format!("\"{}\"", license(license_text()).id());
    let named = format!("\"license\":\"{LICENSE}\"");
    refused("allowed_without_license", "Allowed, but which?", &changed(&named, "\"license\":null"));
    refused("allowed_without_statement", "Allowed, but by which version?", &changed(&statement, "null"));
    let waits = changed("\"retry_after\":null", "\"retry_after\":60");
    refused("allowed_but_later", "Allowed, and to ask again.", &waits);
    let named = denied("\"license_statement\":null", &format!("\"license_statement\":{statement}"));
    refused("denied_with_statement", "A denial that names a version that counts.", &named);
    for (name, code) in [
        ("code_empty", "\"\""),
        ("code_upper_case", "\"Device_limit\""),
        ("code_begins_with_digit", "\"1st\""),
        ("code_with_hyphen", "\"device-limit\""),
        ("code_is_a_number", "410"),
        ("code_is_false", "false"),
    ] {
        refused(name, "Not spelled as a code; no code is `null`.", &denied("\"device_limit\"", code));
    }
    let long = format!("\"{}\"", "a".repeat(65));
    refused("code_of_65_bytes", "A code that is too long.", &denied("\"device_limit\"", &long));
    refused("retry_after_negative", "A wait that is over.", &denied("3600", "-1"));
    refused("retry_after_text", "A wait in words.", &denied("3600", "\"soon\""));
    refused(
        "devices_negative",
        "Fewer devices than none.",
        &changed("\"devices_used\":3", "\"devices_used\":-1"),
    );
}

/// What a decision may say besides (`spec/online.md` §4.1, §4.2).
fn optional(shelf: &mut Shelf) {
    let last = |more: &str| format!("\"devices_used\":3,{more}");
    let mut accept =
        |name: &str, shows: &str, text: String| believe(shelf, name, shows, &Exchange::of(&text));
    let allowed = |more: &str| changed("\"devices_used\":3", &last(more));
    let refusal = |more: &str| denied("\"devices_used\":3", &last(more));
    let end = format!("\"trial_ends\":{}", NOW + 14 * DAY);
    accept("denied_with_seats", "A denial that says how many devices may.", refusal("\"max_devices\":3"));
    accept("denied_with_no_seats", "As few as none.", refusal("\"max_devices\":0"));
    accept("trial", "It says when the trial ends.", allowed(&end));
    let shows = "It says so of any license; what it means is judged with the license.";
    accept("trial_that_is_over", shows, allowed("\"trial_ends\":0"));
    accept("trial_to_the_last_second", "The last time there is.", allowed("\"trial_ends\":253402300799"));
    let values = r#""variables":[["greeting","Grüße"],["retries",-3],["beta",true],["empty",""]]"#;
    accept("variables", "It hands out the app's variables.", allowed(values));
    let fifty: Vec<String> = (0..50).map(|n| format!("[\"v{n}\",{n}]")).collect();
    accept("variables_50", "The most variables.", allowed(&format!("\"variables\":[{}]", fifty.join(","))));
    accept("trial_and_variables", "Both.", allowed(&format!("{values},{end}")));
}

fn optional_refused(shelf: &mut Shelf) {
    let last = |more: &str| format!("\"devices_used\":3,{more}");
    let mut refused = |name: &str, code: Code, shows: &str, text: String| {
        refuse(shelf, name, code, shows, &Exchange::of(&text));
    };
    let end = format!("\"trial_ends\":{}", NOW + 14 * DAY);
    let beyond: Vec<String> = (0..51).map(|n| format!("[\"v{n}\",{n}]")).collect();
    let beyond = format!("\"variables\":[{}]", beyond.join(","));
    for (name, more, shows) in [
        ("seats_null", "\"max_devices\":null", "How many may is left out where it is not said."),
        ("seats_negative", "\"max_devices\":-1", "Fewer devices than none."),
        ("seats_text", "\"max_devices\":\"3\"", "A number as text."),
        ("trial_ends_null", "\"trial_ends\":null", "Where there is no trial, the field is absent."),
        ("trial_ends_negative", "\"trial_ends\":-1", "A time before 1970."),
        ("trial_ends_beyond", "\"trial_ends\":253402300800", "A time after the year 9999."),
        ("trial_ends_text", "\"trial_ends\":\"2027-01-31\"", "A time as text."),
        ("variables_empty", "\"variables\":[]", "An empty list is left out."),
        ("variables_null", "\"variables\":null", "`null` has no meaning here."),
        ("variables_51", &beyond[..], "One variable too many."),
        ("variable_null", "\"variables\":[[\"a\",null]]", "`null` is no value."),
        ("variable_list", "\"variables\":[[\"a\",[1]]]", "A list is no value."),
        ("variable_twice", "\"variables\":[[\"a\",1],[\"a\",2]]", "One name twice."),
        (
            "variable_with_escape",
            "\"variables\":[[\"a\",\"\\u001b[2J\"]]",
            "Text that would steer a terminal.",
        ),
    ] {
        refused(name, Code::FieldInvalid, shows, changed("\"devices_used\":3", &last(more)));
    }
    for (name, more, shows) in [
        ("denied_with_trial", &end[..], "A denial lets nobody try."),
        ("denied_with_variables", "\"variables\":[[\"a\",1]]", "A denial hands out nothing."),
        ("denied_with_no_variables", "\"variables\":[]", "An empty list is none either."),
    ] {
        refused(name, Code::FieldInvalid, shows, denied("\"devices_used\":3", &last(more)));
    }
    let text = denied("\"devices_used\":3", &last(&format!("{end},\"variables\":[[\"a\",1.5]]")));
    refused("denied_with_trial_and_fraction", Code::JsonInvalid, "The text is judged first.", text);
    let text = denied("\"devices_used\":3", &last(&format!("{end},\"tier\":\"free\"")));
    let shows = "What a denial may not say is judged before what no decision knows.";
    refused("denied_with_trial_and_tier", Code::FieldInvalid, shows, text);
}

fn fields(shelf: &mut Shelf) {
    let mut refused = |name: &str, code: Code, shows: &str, old: &str, new: &str| {
        refuse(shelf, name, code, shows, &Exchange::of(&changed(old, new)));
    };
    for (name, right) in [
        ("grants_features", "\"features\":[\"export\"]"),
        ("grants_a_tier", "\"tier\":\"enterprise\""),
        ("grants_seats", "\"seats\":1000"),
        ("sets_a_limit", "\"limits\":[[\"projects\",1000]]"),
        ("lengthens_a_trial", "\"trial_days\":3650"),
        ("names_a_licensee", "\"licensee\":{\"name\":\"Ada\"}"),
        ("sets_a_policy", "\"grace\":86400"),
    ] {
        let shows = "Rights come from the license only; a decision has no field for them.";
        refused(name, Code::FieldUnknown, shows, "\"nonce\"", &format!("{right},\"nonce\""));
    }
    let (request, statement) = (device_request(&request_text()).id(), license(license_text()).id());
    let digits = "Not 64 lower-case hexadecimal digits.";
    refused("request_short", Code::FieldInvalid, digits, &request, &request[2..]);
    refused("request_upper_case", Code::FieldInvalid, digits, &request, &request.to_uppercase());
    let quoted = format!("\"{request}\"");
    refused("request_null", Code::FieldInvalid, "A decision answers a request.", &quoted, "null");
    refused("statement_short", Code::FieldInvalid, digits, &statement, &statement[2..]);
    refused("statement_upper_case", Code::FieldInvalid, digits, &statement, &statement.to_uppercase());
    refused("nonce_upper_case", Code::FieldInvalid, "A second spelling.", NONCE, &NONCE.to_uppercase());
    refused("operation_star", Code::FieldInvalid, "A star is no operation.", "validate", "*");
    let time = format!("\"issued_at\":{NOW}");
    refused("time_null", Code::FieldInvalid, "A decision has a time.", &time, "\"issued_at\":null");
    refused("key_short", Code::KeyMalformed, "A key of fewer bytes.", &public_text(DEVICE), "AAAA");
    for (name, field) in [
        ("license_missing", format!("\"license\":\"{LICENSE}\",")),
        ("statement_missing", format!("\"license_statement\":\"{statement}\",")),
        ("code_missing", "\"code\":null,".to_owned()),
        ("retry_after_missing", "\"retry_after\":null,".to_owned()),
        ("devices_missing", ",\"devices_used\":3".to_owned()),
    ] {
        refused(name, Code::FieldMissing, "A field that may at most be `null`.", &field, "");
    }
    let critical = "\"crit\":[\"log\"],\"nonce\"";
    let shows = "An unknown meaning is marked as critical.";
    refused("crit_unknown", Code::CritUnknown, shows, "\"nonce\"", critical);
}
