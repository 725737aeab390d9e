//! Bundles for machines without a network (`spec/offline.md` §3 and §4).

use sealgate_artifact::Code;

use super::by_issuer::ByIssuer;
use super::case::{Case, Shelf};
use super::fields::{Spoilt, saying, spoilt, spoilt_optional, without};
use crate::forge::{
    DAY, DEVICE, Draft, ISSUER, NOW, SECOND_DEVICE, STRANGER, Seed, World, public_text, reference, with,
};
use crate::offline::{
    BUNDLE, CHAIN, LINE, acknowledged_text, bundle, bundle_text, offline_request, offline_request_text,
    pool_text,
};
use crate::{Artifact, BundleShown, Bytes, Question, Remembered};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Bundle);
    believed(&mut shelf);
    signed(&mut shelf);
    remembered(&mut shelf);
    machines(&mut shelf);
    fields(&mut shelf);
    license_fields(&mut shelf);
    lists(&mut shelf);
    shelf.cases
}

/// A bundle, who it is shown to, and what is remembered there.
struct Shown {
    world: World,
    bundle: Draft,
    device: Option<Seed>,
    request: Option<String>,
    before: Option<Remembered>,
    license: Option<Remembered>,
}

impl Shown {
    fn of(bundle: Draft) -> Self {
        let world = World::of_tenant();
        Self { world, bundle, device: None, request: None, before: None, license: None }
    }

    fn text(payload: &str) -> Self {
        Self::of(bundle(payload))
    }

    fn question(&self) -> Question {
        Question::Bundle(Box::new(BundleShown {
            chain: self.world.chain(),
            bundle: Bytes::from(self.bundle.text().into_bytes()),
            before: self.before.clone(),
            license_before: self.license.clone(),
            device_key: self.device.map(public_text),
            request: self.request.clone(),
        }))
    }
}

/// The plain question about this bundle: no machine is named.
pub(super) fn question(draft: Draft) -> Question {
    Shown::of(draft).question()
}

fn refuse(shelf: &mut Shelf, name: &str, code: Code, shows: &str, case: &Shown) {
    shelf.refused(name, code, shows, case.question());
}

/// `ok` is followed by the id, the end, and for how many machines it is.
fn believe(shelf: &mut Shelf, name: &str, shows: &str, case: &Shown, machines: usize) {
    let found = format!("{} {} {machines}", case.bundle.id(), NOW + 30 * DAY);
    shelf.accepted(name, shows, case.question(), &found);
}

fn believed(shelf: &mut Shelf) {
    let (text, pool) = (bundle_text(), pool_text());
    let mut accept = |name: &str, shows: &str, text: &str, machines| {
        believe(shelf, name, shows, &Shown::text(text), machines);
    };
    accept("plain", "A bundle for one machine.", &text, 1);
    accept("pool", "A bundle for five machines, whichever they are.", &pool, 5);
    accept("pool_of_one", "The smallest pool.", &saying(&pool, "pool", "1"), 1);
    accept("pool_of_a_million", "The largest pool.", &saying(&pool, "pool", "1000000"), 1_000_000);
    let line = with(&text, "\"devices\"", &format!("\"line\":\"{LINE}\",\"devices\""));
    accept("refresh", "A bundle that follows others of its line.", &line, 1);
    let asked = saying(&text, "request", &format!("\"{}\"", offline_request(&offline_request_text()).id()));
    accept("answer", "A bundle that answers a request.", &asked, 1);
    accept(
        "revoked",
        "Earlier ones that were taken back.",
        &saying(&text, "revoked", "[3,76,9007199254740991]"),
        1,
    );
    let acknowledged = format!("[{}]", acknowledged_text(CHAIN));
    accept("acknowledged", "Journals that the vendor has.", &saying(&text, "acknowledged", &acknowledged), 1);
    accept("serial_1", "The first serial.", &saying(&text, "serial", "1"), 1);
    let two = format!("[\"{}\",\"{}\"]", public_text(DEVICE), public_text(SECOND_DEVICE));
    accept("two_devices", "A bundle for two machines.", &saying(&text, "devices", &two), 2);
    let policy = saying(&saying(&text, "policy", r#"{"fail":"hard"}"#), "crit", r#"["policy"]"#);
    accept("policy", "What these machines enforce.", &policy, 1);
    let full = saying(&saying(&text, "licensee", r#"{"name":"Ada"}"#), "limits", r#"[["projects",10]]"#);
    accept("more_terms", "Terms as of a license.", &full, 1);
    accept(
        "begins_later",
        "Whether it is in force is another question.",
        &saying(&text, "not_before", &(NOW + DAY).to_string()),
        1,
    );
}

/// Who may sign it, and for whom; and what was changed after signing.
fn signed(shelf: &mut Shelf) {
    let question =
        |world: &World, draft: &Draft| Shown { world: world.clone(), ..Shown::of(draft.clone()) }.question();
    ByIssuer { kind: "bundle", text: bundle_text(), question, found: " 1802592000 1" }.put(shelf);
    let other = format!("[\"{}\"]", public_text(SECOND_DEVICE));
    for (name, field, value, shows) in [
        ("end_exchanged", "expires_at", (NOW + 3_650 * DAY).to_string(), "A longer time after signing."),
        ("serial_exchanged", "serial", "30000001".to_owned(), "A newer serial after signing."),
        ("device_exchanged", "devices", other, "Another machine after signing."),
        ("feature_put_in", "features", r#"["db.query","export","*"]"#.to_owned(), "More after signing."),
    ] {
        let payload = saying(&bundle_text(), field, &value).into_bytes();
        let draft = Draft { payload, ..bundle(&bundle_text()) };
        refuse(shelf, name, Code::SignatureInvalid, shows, &Shown::of(draft));
    }
}

fn maximum(version: u64, statement: String, seed: Seed) -> Remembered {
    Remembered { version, statement, raised_by: vec![public_text(seed)] }
}

/// `spec/offline.md` §4.3.
fn remembered(shelf: &mut Shelf) {
    let other = || "5a".repeat(32);
    let plain = || Shown::text(&bundle_text());
    let after =
        |version, statement, seed| Shown { before: Some(maximum(version, statement, seed)), ..plain() };
    let own = plain().bundle.id();
    believe(shelf, "again", "The same bundle again.", &after(30_000_000, own, ISSUER), 1);
    believe(shelf, "newer", "A newer one than the last.", &after(29_999_999, other(), ISSUER), 1);
    let dropped = after(30_000_001, other(), STRANGER);
    believe(shelf, "maximum_of_a_stranger", "What an unknown key raised does not stand.", &dropped, 1);
    let older = after(30_000_001, other(), ISSUER);
    refuse(shelf, "older", Code::VersionRollback, "An older one than the last.", &older);
    let twin = after(30_000_000, other(), ISSUER);
    refuse(shelf, "same_serial", Code::Equivocation, "Two bundles of one serial.", &twin);
    let of_license = |version, seed| Shown { license: Some(maximum(version, other(), seed)), ..plain() };
    believe(
        shelf,
        "of_the_same_version",
        "Of the version of the license that is known.",
        &of_license(1, ISSUER),
        1,
    );
    believe(
        shelf,
        "license_of_a_stranger",
        "The same for what is known of the license.",
        &of_license(2, STRANGER),
        1,
    );
    let shows = "Of an older version of the license than one that is known.";
    refuse(shelf, "of_an_older_version", Code::VersionRollback, shows, &of_license(2, ISSUER));
}

/// `spec/offline.md` §4.4.
fn machines(shelf: &mut Shelf) {
    let request = offline_request(&offline_request_text()).id();
    let answer = saying(&bundle_text(), "request", &format!("\"{request}\""));
    let at = |text: &str, device| Shown { device: Some(device), ..Shown::text(text) };
    believe(shelf, "on_its_machine", "On the machine that it names.", &at(&bundle_text(), DEVICE), 1);
    believe(shelf, "pool_on_any", "A pool's, on any machine.", &at(&pool_text(), SECOND_DEVICE), 5);
    let asked = Shown { request: Some(request), ..at(&answer, DEVICE) };
    believe(shelf, "answer_to_who_asked", "On the machine that made this request.", &asked, 1);
    let two = format!("[\"{}\",\"{}\"]", public_text(DEVICE), public_text(SECOND_DEVICE));
    let two = saying(&bundle_text(), "devices", &two);
    believe(shelf, "on_its_second_machine", "On the second machine.", &at(&two, SECOND_DEVICE), 2);
    let mut refused =
        |name: &str, code: Code, shows: &str, case: &Shown| refuse(shelf, name, code, shows, case);
    let elsewhere = at(&bundle_text(), SECOND_DEVICE);
    refused("on_another_machine", Code::DeviceNotNamed, "On a machine that it does not name.", &elsewhere);
    refused(
        "answer_to_nobody",
        Code::NonceMismatch,
        "On a machine that keeps no request.",
        &at(&answer, DEVICE),
    );
    let another = Shown { request: Some("5a".repeat(32)), ..at(&answer, DEVICE) };
    refused("answer_to_another", Code::NonceMismatch, "On a machine that made another request.", &another);
    let both = Shown { request: Some("5a".repeat(32)), ..at(&answer, SECOND_DEVICE) };
    refused("answer_elsewhere", Code::DeviceNotNamed, "The machine is judged before its request.", &both);
    let old = Shown { before: Some(maximum(30_000_001, "5a".repeat(32), ISSUER)), ..elsewhere };
    refused("older_elsewhere", Code::VersionRollback, "The memory is judged before the machine.", &old);
}

fn fields(shelf: &mut Shelf) {
    let text = bundle_text();
    let mut put = |(name, code, shows, text): Spoilt| refuse(shelf, &name, code, shows, &Shown::text(&text));
    // Two are there or not by rules of their own, which the cases below show.
    let plain = spoilt(&text, &["max_devices"])
        .into_iter()
        .filter(|case| !["slot_missing", "devices_missing"].contains(&&*case.0));
    plain.filter(|case| case.0 != "features_list").for_each(&mut put);
    spoilt_optional(&text, &["line", "request", "revoked", "acknowledged"]).into_iter().for_each(&mut put);
    let request = offline_request(&offline_request_text()).id();
    for (name, shows, text) in [
        (
            "bundle_upper_case",
            "A second spelling.",
            saying(&text, "bundle", &format!("\"{}\"", BUNDLE.to_uppercase())),
        ),
        ("serial_zero", "Serials count from 1.", saying(&text, "serial", "0")),
        ("serial_negative", "Serials count from 1.", saying(&text, "serial", "-1")),
        (
            "line_is_the_bundle",
            "The first of a line names none.",
            saying(&text, "line", &format!("\"{BUNDLE}\"")),
        ),
        ("pool_zero", "A pool has a machine.", saying(&pool_text(), "pool", "0")),
        ("pool_of_a_million_and_one", "One machine too many.", saying(&pool_text(), "pool", "1000001")),
        ("pool_null", "`null` has no meaning here.", saying(&pool_text(), "pool", "null")),
        ("pool_and_devices", "One of the two modes.", saying(&text, "pool", "5")),
        ("neither_pool_nor_devices", "One of the two modes.", without(&text, "devices")),
        ("request_short", "Not 64 digits.", saying(&text, "request", &format!("\"{}\"", &request[2..]))),
        (
            "request_of_a_pool",
            "A request is of one machine.",
            saying(&pool_text(), "request", &format!("\"{request}\"")),
        ),
    ] {
        put((name.to_owned(), Code::FieldInvalid, shows, text));
    }
    let mut more = |name: &str, code: Code, shows: &'static str, field: &str, value: &str| {
        put((name.to_owned(), code, shows, saying(&text, field, value)));
    };
    more("field_unknown", Code::FieldUnknown, "A field that bundles do not know.", "signed_by", "\"x\"");
    more("crit_unknown", Code::CritUnknown, "An unknown meaning is critical.", "crit", "[\"journal\"]");
    more("policy_without_crit", Code::FieldInvalid, "A policy is critical.", "policy", r#"{"fail":"hard"}"#);
}

/// `spec/offline.md` §3.2 and §3.3: the license's fields, and what a bundle says otherwise.
fn license_fields(shelf: &mut Shelf) {
    let text = bundle_text();
    let critical = |policy: &str| saying(&saying(&text, "policy", policy), "crit", r#"["policy"]"#);
    let mut invalid = |name: &str, shows: &str, text: &str| {
        refuse(shelf, name, Code::FieldInvalid, shows, &Shown::text(text));
    };
    invalid("never_ends", "A bundle ends.", &saying(&text, "expires_at", "null"));
    invalid(
        "ends_as_it_begins",
        "An empty window.",
        &saying(&text, "expires_at", &(NOW - 10 * DAY).to_string()),
    );
    invalid("trial", "A trial needs a server.", &saying(&text, "trial_days", "14"));
    invalid("no_slot", "A bundle can be taken back.", &without(&text, "slot"));
    let heartbeat = r#"{"heartbeat":{"interval":3600,"grace":7200}}"#;
    invalid("heartbeat", "Nobody hears this machine.", &critical(heartbeat));
    let lease = r#"{"heartbeat":{"interval":3600,"grace":7200},"seat":"lease"}"#;
    invalid("lease", "Nobody lends this machine a seat.", &critical(lease));
    let order = without(&without(&text, "slot"), "bundle");
    invalid("no_slot_and_no_bundle", "The license's fields are judged first.", &order);
    refuse(
        shelf,
        "tier_and_serial_missing",
        Code::FieldMissing,
        "A license's field that is missing.",
        &Shown::text(&without(&saying(&text, "serial", "0"), "tier")),
    );
}

/// `spec/offline.md` §3.4 and §3.5.
fn lists(shelf: &mut Shelf) {
    let text = bundle_text();
    let keys = |count: u32| {
        // Any 32 bytes are a key's spelling: a bundle is shown whole before a machine looks for its own.
        let key = |n: u32| {
            format!("\"{}\"", sealgate_artifact::encode_base64(&[&n.to_be_bytes()[..], &[7; 28]].concat()))
        };
        format!("[{}]", (0..count).map(key).collect::<Vec<_>>().join(","))
    };
    let slots =
        |count: u64| format!("[{}]", (0..count).map(|n| (n * 3).to_string()).collect::<Vec<_>>().join(","));
    let attached = |field: &str, list: &str| {
        Shown::of(bundle(&saying(&text, field, &reference(list.as_bytes()))).carrying(list.as_bytes()))
    };
    let accept = |shelf: &mut Shelf, name: &str, shows: &str, case: &Shown, machines| {
        believe(shelf, name, shows, case, machines);
    };
    accept(
        shelf,
        "devices_8",
        "As many machines as the payload holds.",
        &Shown::text(&saying(&text, "devices", &keys(8))),
        8,
    );
    accept(shelf, "devices_9", "As few as are attached.", &attached("devices", &keys(9)), 9);
    accept(shelf, "devices_4096", "As many as there may be.", &attached("devices", &keys(4_096)), 4_096);
    accept(
        shelf,
        "revoked_8",
        "As many slots as the payload holds.",
        &Shown::text(&saying(&text, "revoked", &slots(8))),
        1,
    );
    accept(shelf, "revoked_9", "As few as are attached.", &attached("revoked", &slots(9)), 1);
    accept(shelf, "revoked_10000", "As many as there may be.", &attached("revoked", &slots(10_000)), 1);
    let both = saying(&text, "devices", &reference(keys(9).as_bytes()));
    let both = saying(&both, "revoked", &reference(slots(9).as_bytes()));
    let both = bundle(&both).carrying(keys(9).as_bytes()).carrying(slots(9).as_bytes());
    accept(shelf, "both_attached", "Machines and slots attached.", &Shown::of(both.clone()), 9);
    let mut refused =
        |name: &str, code: Code, shows: &str, case: &Shown| refuse(shelf, name, code, shows, case);
    let mut invalid = |name: &str, shows: &str, case: &Shown| refused(name, Code::FieldInvalid, shows, case);
    let inline = |field: &str, list: &str| Shown::text(&saying(&text, field, list));
    invalid("devices_9_in_payload", "One form for each length.", &inline("devices", &keys(9)));
    invalid("devices_8_attached", "One form for each length.", &attached("devices", &keys(8)));
    invalid("devices_4097", "One machine too many.", &attached("devices", &keys(4_097)));
    let twice = format!("[\"{0}\",\"{0}\"]", public_text(DEVICE));
    invalid("devices_twice", "A machine counts once.", &inline("devices", &twice));
    invalid("devices_number", "A key is text.", &inline("devices", "[1]"));
    invalid("revoked_9_in_payload", "One form for each length.", &inline("revoked", &slots(9)));
    invalid("revoked_10001", "One slot too many.", &attached("revoked", &slots(10_001)));
    invalid("revoked_falls", "Slots rise.", &inline("revoked", "[4,3]"));
    invalid("revoked_twice", "Each slot once.", &inline("revoked", "[3,3]"));
    invalid("revoked_negative", "A slot is not negative.", &inline("revoked", "[-1]"));
    invalid("revoked_text", "A slot is a number.", &inline("revoked", "[\"3\"]"));
    refused(
        "device_short",
        Code::KeyMalformed,
        "A key of 31 bytes.",
        &inline("devices", &format!("[\"{}\"]", sealgate_artifact::encode_base64(&[7; 31]))),
    );
    let bare = Shown::of(Draft { attachments: vec![], ..both.clone() });
    refused("attachments_missing", Code::AttachmentMissing, "What it names did not come along.", &bare);
    let stray = Shown::of(bundle(&text).carrying(b"[]"));
    refused("attachment_unexpected", Code::AttachmentUnexpected, "Nothing names it.", &stray);
    let list = keys(9).replacen("\"]", "\",]", 1);
    refused("devices_not_json", Code::JsonInvalid, "A comma too many.", &attached("devices", &list));
}
