//! Releases (`spec/activation.md` §8.1 and §8.2). Lists of modules are elsewhere.

use sealgate_artifact::{Code, KeyUse};

use super::case::{Case, Shelf};
use super::fields::{Spoilt, saying, spoilt, spoilt_optional};
use crate::admission::{
    ACTIVATION, LOG, RELEASE, SECOND_UPDATE, SNAPSHOT, UPDATE, listing, publishing, release, release_text,
    signed_now,
};
use crate::forge::{
    APP, APP_KEY, AUTHORITY, DAY, DEVICE, Draft, ISSUER, NOW, OTHER_APP, OTHER_TENANT, ROOT, SERVER,
    STRANGER, Seed, TENANT, World, entry, keyset, keyset_text, public_text, with,
};
use crate::{Artifact, Bytes, Published, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Release);
    believed(&mut shelf);
    signatures(&mut shelf);
    keys(&mut shelf);
    scope(&mut shelf);
    fields(&mut shelf);
    shelf.cases
}

/// The question about this release under this chain.
pub(super) fn question(world: &World, release: &Draft) -> Question {
    let release = Bytes::from(release.text().into_bytes());
    Question::Release(Box::new(Published { chain: world.chain(), release }))
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, world: &World, release: &Draft) {
    shelf.accepted(name, shows, question(world, release), &release.id());
}

fn refuse(shelf: &mut Shelf, name: &str, code: Code, shows: &str, world: &World, release: &Draft) {
    shelf.refused(name, code, shows, question(world, release));
}

fn believed(shelf: &mut Shelf) {
    let text = release_text();
    let mut accept =
        |name: &str, shows: &str, text: &str| believe(shelf, name, shows, &publishing(), &release(text));
    accept("plain", "A version of an app for one target.", &text);
    accept("length_zero", "A package without content.", &saying(&text, "length", "0"));
    accept("length_largest", "The longest package.", &saying(&text, "length", "9007199254740991"));
    let longest = format!("\"{}\"", "é".repeat(32));
    accept("version_of_64_bytes", "64 bytes, not characters.", &saying(&text, "version", &longest));
    accept("target_of_64_bytes", "64 bytes, not characters.", &saying(&text, "target", &longest));
    let later = saying(&text, "issued_at", &(NOW + 365 * DAY).to_string());
    accept("published_later", "When it was published is not judged.", &later);
    accept("extended", "An extension that nobody needs to know.", &saying(&text, "ext", r#"{"notes":"x"}"#));
    let beside = release(&text).signed(STRANGER, KeyUse::Update);
    let shows = "A signature beside the update key's is ignored.";
    believe(shelf, "signed_by_stranger_too", shows, &publishing(), &beside);
}

fn by(seed: Seed, key_use: KeyUse) -> Draft {
    Draft::new("release", release_text()).signed(seed, key_use)
}

fn signatures(shelf: &mut Shelf) {
    let listed = [
        ("activation", ACTIVATION),
        ("update", UPDATE),
        ("snapshot", SNAPSHOT),
        ("log", LOG),
        ("app", APP_KEY),
    ];
    let world = listing(&listed.map(|(key_use, seed)| entry(key_use, &public_text(seed), "active")));
    for (name, seed, key_use, shows) in [
        (
            "signed_by_issuer",
            ISSUER,
            KeyUse::Issuer,
            "An issuer signs licenses; none of them leads to execution.",
        ),
        (
            "signed_by_activation_key",
            ACTIVATION,
            KeyUse::Activation,
            "A key that admits devices publishes nothing.",
        ),
        (
            "signed_by_snapshot_key",
            SNAPSHOT,
            KeyUse::Snapshot,
            "A key for revocation data publishes nothing.",
        ),
        ("signed_by_log_key", LOG, KeyUse::Log, "A key for checkpoints publishes nothing."),
        (
            "signed_by_app_key",
            APP_KEY,
            KeyUse::App,
            "An app's key signs on another wire, even where it is listed.",
        ),
        ("signed_by_authority", AUTHORITY, KeyUse::Authority, "An authority publishes nothing."),
        ("signed_by_root", ROOT, KeyUse::Root, "A root publishes nothing."),
        ("signed_by_server", SERVER, KeyUse::Server, "A server publishes nothing."),
        ("signed_by_device", DEVICE, KeyUse::Device, "A device publishes nothing."),
        ("signed_by_stranger", STRANGER, KeyUse::Update, "A key that stands nowhere."),
    ] {
        refuse(shelf, name, Code::SignatureInvalid, shows, &world, &by(seed, key_use));
    }
    for (name, field, value, shows) in [
        ("package_exchanged", "sha256", format!("\"{}\"", "5b".repeat(32)), "Another package after signing."),
        ("version_exchanged", "version", "\"2.1.1\"".to_owned(), "Another version after signing."),
        ("target_exchanged", "target", "\"windows/x86_64\"".to_owned(), "Another target after signing."),
    ] {
        let payload = saying(&release_text(), field, &value).into_bytes();
        let draft = Draft { payload, ..release(&release_text()) };
        refuse(shelf, name, Code::SignatureInvalid, shows, &publishing(), &draft);
    }
}

/// Which update keys count (`spec/keys.md` §4.4).
fn keys(shelf: &mut Shelf) {
    let update = |seed, state: &str| entry("update", &public_text(seed), state);
    let second = by(SECOND_UPDATE, KeyUse::Update);
    let beside = |state| listing(&[update(UPDATE, "active"), update(SECOND_UPDATE, state)]);
    believe(shelf, "signed_by_second_key", "A second update key signed it.", &beside("active"), &second);
    let shows = "A retired key verifies what it signed.";
    believe(shelf, "signed_by_retired_key", shows, &signed_now(beside("retired")), &second);
    let mut refused = |name: &str, shows: &str, world: &World, draft: &Draft| {
        refuse(shelf, name, Code::SignatureInvalid, shows, world, draft);
    };
    refused("signed_by_revoked_key", "A revoked key verifies nothing.", &beside("revoked"), &second);
    refused(
        "no_update_key",
        "A tenant without update keys publishes nothing.",
        &World::of_tenant(),
        &by(UPDATE, KeyUse::Update),
    );
    refused("signed_by_unlisted_key", "An update key of another tenant.", &publishing(), &second);
    let other = listing(&[entry("snapshot", &public_text(UPDATE), "active")]);
    refused(
        "key_of_other_use",
        "The key is listed, but for another use.",
        &other,
        &by(UPDATE, KeyUse::Update),
    );
    let text = with(&keyset_text(), "]}", &format!(",{}]}}", update(UPDATE, "active")));
    let above = World { keyset: keyset(&text), ..World::of_tenant() };
    let shows = "The key is listed in the keyset, which names no tenant.";
    refused("key_listed_in_keyset", shows, &above, &by(UPDATE, KeyUse::Update));
}

fn scope(shelf: &mut Shelf) {
    let of = |text: &str| release(text);
    let text = release_text();
    let (tenant, app) = (with(&text, TENANT, OTHER_TENANT), with(&text, APP, OTHER_APP));
    let mut refused = |name: &str, code: Code, shows: &str, world: &World, draft: &Draft| {
        refuse(shelf, name, code, shows, world, draft);
    };
    refused(
        "other_tenant",
        Code::WrongTenant,
        "A release of another tenant's app.",
        &publishing(),
        &of(&tenant),
    );
    refused("other_app", Code::WrongApp, "A release of another app.", &publishing(), &of(&app));
    let caller = World { expect_app: Some(OTHER_APP), ..publishing() };
    refused(
        "other_caller",
        Code::WrongApp,
        "A release for another app than the caller.",
        &caller,
        &of(&text),
    );
    let both = with(&tenant, APP, OTHER_APP);
    refused(
        "other_tenant_and_app",
        Code::WrongTenant,
        "The tenant is judged before the app.",
        &publishing(),
        &of(&both),
    );
    let late = World { now: NOW + 365 * DAY, ..publishing() };
    refused("keyset_expired", Code::KeysetExpired, "The chain is judged first.", &late, &of(&app));
    let unsigned = Draft { signatures: vec![(String::new(), vec![0; 64])], ..of(&app) };
    let shows = "The signature is judged before what is said.";
    refused("other_app_and_unsigned", Code::SignatureInvalid, shows, &publishing(), &unsigned);
    let spoilt = saying(&app, "length", "-1");
    let shows = "The form is judged before the app.";
    refused("other_app_and_length_negative", Code::FieldInvalid, shows, &publishing(), &of(&spoilt));
}

fn fields(shelf: &mut Shelf) {
    let text = release_text();
    let mut put = |(name, code, shows, text): Spoilt| {
        refuse(shelf, &name, code, shows, &publishing(), &release(&text));
    };
    spoilt(&text, &[]).into_iter().for_each(&mut put);
    spoilt_optional(&text, &["modules"]).into_iter().filter(|s| s.0 != "modules_null").for_each(&mut put);
    for field in ["version", "target"] {
        for (name, shows, value) in [
            ("empty", "It has at least one byte.", "\"\"".to_owned()),
            ("of_65_bytes", "One byte too many.", format!("\"{}x\"", "é".repeat(32))),
            ("number", "It is text.", "2".to_owned()),
            ("with_escape", "It is shown in terminals.", "\"a\\u001b[2J\"".to_owned()),
            ("with_u0085", "A control character beyond ASCII.", "\"a\u{85}\"".to_owned()),
        ] {
            put((format!("{field}_{name}"), Code::FieldInvalid, shows, saying(&text, field, &value)));
        }
    }
    for (field, name, shows, value) in [
        ("tenant", "upper_case", "A second spelling.", format!("\"{}\"", TENANT.to_uppercase())),
        ("app", "upper_case", "A second spelling.", format!("\"{}\"", APP.to_uppercase())),
        ("release", "upper_case", "A second spelling.", format!("\"{}\"", RELEASE.to_uppercase())),
        ("release", "is_a_version", "A release has an identifier.", "\"2.1.0\"".to_owned()),
        ("length", "negative", "Fewer bytes than none.", "-1".to_owned()),
        ("length", "text", "A number as text.", "\"1048576\"".to_owned()),
        ("sha256", "short", "A digest that is cut.", format!("\"{}\"", "5a".repeat(31))),
        ("sha256", "upper_case", "A second spelling.", format!("\"{}\"", "5A".repeat(32))),
        ("issued_at", "negative", "A time before 1970.", "-1".to_owned()),
        ("issued_at", "beyond", "A time after the year 9999.", "253402300800".to_owned()),
    ] {
        put((format!("{field}_{name}"), Code::FieldInvalid, shows, saying(&text, field, &value)));
    }
    let mut more = |name: &str, code: Code, shows: &'static str, field: &str, value: &str| {
        put((name.to_owned(), code, shows, saying(&text, field, value)));
    };
    more("grants_a_tier", Code::FieldUnknown, "A release grants no rights.", "tier", "\"enterprise\"");
    more("length_2_to_the_53", Code::JsonInvalid, "No number is so large.", "length", "9007199254740992");
    more("crit_unknown", Code::CritUnknown, "An unknown meaning is critical.", "crit", "[\"log\"]");
    more(
        "crit_of_a_license",
        Code::CritUnknown,
        "A meaning that licenses alone have.",
        "crit",
        "[\"policy\"]",
    );
}
