//! Keysets under pinned roots (`spec/keys.md` §2, §4.3 to §4.5, §5).

use sealgate_artifact::{Code, KeyUse, encode_base64};

use super::case::{Case, Shelf};
use super::ed25519;
use crate::Artifact;
use crate::forge::{
    AUTHORITY, DAY, Draft, NOW, ROOT, SECOND_AUTHORITY, SECOND_ISSUER, SECOND_ROOT, STRANGER, THIRD_ROOT,
    World, entry, keyset, keyset_text, public_text, with,
};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Keyset);
    valid(&mut shelf);
    thresholds(&mut shelf);
    signatures(&mut shelf);
    windows(&mut shelf);
    keys(&mut shelf);
    fields(&mut shelf);
    shelf.cases
}

fn valid(shelf: &mut Shelf) {
    shelf.valid("plain", "One root, one authority.", &World::of_tenant());
    let other = entry("issuer", &public_text(SECOND_ISSUER), "active");
    shelf.valid(
        "other_use_beside",
        "An entry of a use that signs nothing here does no harm.",
        &added(&other),
    );
    let retired = entry("authority", &public_text(SECOND_AUTHORITY), "retired");
    shelf.valid("retired_beside", "A retired authority stands beside an active one.", &added(&retired));
    let only = with(&keyset_text(), "active", "retired");
    shelf.valid("retired_alone", "A retired authority still verifies what it signed.", &of(&only));
    let revoked = entry("authority", &public_text(SECOND_AUTHORITY), "revoked");
    shelf.valid("revoked_beside", "A revoked authority takes no part.", &added(&revoked));
    let many: Vec<String> = (100..111).map(|seed| entry("authority", &public_text(seed), "active")).collect();
    shelf.valid("keys_12", "Twelve entries, the most there may be.", &added(&many.join(",")));
    let versioned = with(&keyset_text(), "\"version\":1", "\"version\":9007199254740991");
    shelf.valid("version_largest", "The largest integer there is.", &of(&versioned));
}

/// `spec/keys.md` §3 and `spec/envelope.md` §5.3: signers are counted, not signatures and not hints.
fn thresholds(shelf: &mut Shelf) {
    let world = |keyset: Draft| World {
        roots: [ROOT, SECOND_ROOT, THIRD_ROOT].map(public_text).to_vec(),
        threshold: 2,
        keyset,
        ..World::of_tenant()
    };
    let unsigned = || Draft::new("keyset", keyset_text());
    let one = || unsigned().signed(ROOT, KeyUse::Root);
    let two = || one().signed(THIRD_ROOT, KeyUse::Root);
    shelf.valid("two_of_three", "Two of three roots signed, and two must.", &world(two()));
    let three = two().signed(SECOND_ROOT, KeyUse::Root);
    shelf.valid("three_of_three", "More roots signed than must.", &world(three));
    let mut hinted = two();
    hinted.signatures.iter_mut().for_each(|(hint, _)| "00".clone_into(hint));
    shelf.valid(
        "two_of_three_one_hint",
        "Two roots signed under one wrong hint: hints are not looked at.",
        &world(hinted),
    );
    let beside = two().signed(STRANGER, KeyUse::Root);
    shelf.valid(
        "two_of_three_and_a_stranger",
        "A stranger's signature beside enough good ones is ignored.",
        &world(beside),
    );

    let mut refuse = |name: &str, shows: &str, keyset: Draft| {
        shelf.invalid(name, Code::ThresholdNotMet, shows, &world(keyset));
    };
    refuse("one_of_three", "One root signed where two must.", one());
    refuse(
        "same_signature_twice",
        "One signature copied is still one signer.",
        one().signed(ROOT, KeyUse::Root),
    );
    let mut twice = one().signed(ROOT, KeyUse::Root);
    twice.signatures[1].0 = twice.signatures[1].0.replace(|c: char| c.is_ascii_digit(), "f");
    refuse("same_key_two_hints", "One root under two hints is still one signer.", twice);
    let mut bad = two();
    bad.signatures[1].1[0] ^= 1;
    refuse("one_good_one_damaged", "One good and one damaged signature are one signer.", bad);
    refuse(
        "one_good_one_stranger",
        "A stranger does not count towards the threshold.",
        one().signed(STRANGER, KeyUse::Root),
    );
    let stated = Some(World::of_tenant().root_chain());
    let short = World { threshold: 2, root_chain: stated, ..World::of_tenant() };
    shelf.invalid(
        "threshold_above_roots",
        Code::RootUnknown,
        "Two must sign, one root is pinned: no root statement can say so.",
        &short,
    );
    threshold_zero(shelf);
}

/// `spec/keys.md` §4.5: refused before anything else is looked at.
fn threshold_zero(shelf: &mut Shelf) {
    let mut refuse = |name: &str, shows: &str, world: World| {
        shelf.invalid(name, Code::ConfigInvalid, shows, &World { threshold: 0, ..world });
    };
    let sound = World::of_tenant;
    refuse("threshold_zero", "A threshold of zero would believe anybody, even if a root signed.", sound());
    let stranger = Draft::new("keyset", keyset_text()).signed(STRANGER, KeyUse::Root);
    refuse(
        "threshold_zero_stranger",
        "A threshold of zero and a stranger's signature: the threshold is judged before signatures.",
        World { keyset: stranger, ..sound() },
    );
    refuse("threshold_zero_no_roots", "No root and none that must sign.", World { roots: vec![], ..sound() });
    refuse(
        "threshold_zero_root_twice",
        "The threshold is judged before the roots.",
        World { roots: [ROOT, ROOT].map(public_text).to_vec(), ..sound() },
    );
}

fn signatures(shelf: &mut Shelf) {
    let mut refuse = |name: &str, shows: &str, keyset: Draft| {
        shelf.invalid(name, Code::SignatureInvalid, shows, &World { keyset, ..World::of_tenant() });
    };
    let unsigned = || Draft::new("keyset", keyset_text());
    refuse("signed_by_stranger", "A key signed that is no root.", unsigned().signed(STRANGER, KeyUse::Root));
    refuse(
        "signed_by_authority",
        "An authority cannot sign the keyset that names it.",
        unsigned().signed(AUTHORITY, KeyUse::Root),
    );
    let mut changed = keyset(&keyset_text());
    changed.payload = with(&keyset_text(), "\"version\":1", "\"version\":2").into_bytes();
    refuse("payload_changed", "The payload was changed after signing.", changed);
    let mut stranger = unsigned().signed(STRANGER, KeyUse::Root);
    stranger.signatures[0].0.clone_from(&keyset(&keyset_text()).signatures[0].0);
    refuse("stranger_under_roots_hint", "A root's hint on a stranger's signature.", stranger);
    let stated = Some(World::of_tenant().root_chain());
    let none = World { roots: vec![], root_chain: stated, ..World::of_tenant() };
    shelf.invalid("no_roots", Code::RootUnknown, "Nothing is pinned, so nothing is believed.", &none);
}

fn windows(shelf: &mut Shelf) {
    let (begin, end) = (NOW - 30 * DAY, NOW + 365 * DAY);
    // The tenant keyset has the same window, so both begin and end together; the keyset is judged first.
    let at = |now: u64| World { now, ..World::of_tenant() };
    shelf.valid("at_begin", "The first second of the window.", &at(begin));
    shelf.valid("a_day_before_begin", "A clock that is exactly a day behind.", &at(begin - DAY));
    shelf.valid("last_second", "The last second of the window.", &at(end - 1));
    let early = "A clock that is a day and a second behind.";
    shelf.invalid("before_begin", Code::KeysetNotYetValid, early, &at(begin - DAY - 1));
    shelf.invalid(
        "at_end",
        Code::KeysetExpired,
        "The first second after the window; there is no tolerance.",
        &at(end),
    );
    let empty = with(&keyset_text(), &format!("\"expires_at\":{end}"), &format!("\"expires_at\":{begin}"));
    shelf.invalid(
        "empty_window",
        Code::KeysetExpired,
        "A window that is empty from the start admits nothing.",
        &of(&empty),
    );
    let last = with(&keyset_text(), &format!("\"expires_at\":{end}"), "\"expires_at\":253402300799");
    shelf.valid("ends_in_9999", "The last time there is.", &of(&last));
    let beyond = with(&keyset_text(), &format!("\"expires_at\":{end}"), "\"expires_at\":253402300800");
    shelf.invalid("ends_in_10000", Code::FieldInvalid, "A time beyond the year 9999.", &of(&beyond));
}

fn keys(shelf: &mut Shelf) {
    let authority = public_text(AUTHORITY);
    let mixed = encode_base64(&ed25519::mixed_order_key());
    let weak = added(&entry("authority", &mixed, "active"));
    shelf.invalid(
        "authority_of_mixed_order",
        Code::KeyWeak,
        "A second authority has a torsion component.",
        &weak,
    );
    let identity = encode_base64(&ed25519::small_order_encodings()[2]);
    let weak = added(&entry("authority", &identity, "active"));
    shelf.invalid(
        "authority_of_small_order",
        Code::KeyWeak,
        "A second authority is a point of order 1.",
        &weak,
    );
    let off = added(&entry("authority", &encode_base64(&ed25519::off_the_curve()), "active"));
    shelf.invalid(
        "authority_off_the_curve",
        Code::KeyMalformed,
        "A second authority is no point of the curve.",
        &off,
    );
    let short = added(&entry("authority", &encode_base64(&[7; 31]), "active"));
    shelf.invalid("authority_31_bytes", Code::KeyMalformed, "A public key of 31 bytes.", &short);
    let unpadded = added(&entry("authority", authority.trim_end_matches('='), "active"));
    shelf.invalid("authority_unpadded", Code::KeyMalformed, "A public key in a second spelling.", &unpadded);
    let again = added(&entry("authority", &authority, "retired"));
    shelf.invalid("authority_twice", Code::KeyDuplicate, "One authority under two entries.", &again);
    let roots = |roots: Vec<String>| World { roots, threshold: 2, ..World::of_tenant() };
    let twice = roots([ROOT, ROOT].map(public_text).to_vec());
    shelf.invalid(
        "root_pinned_twice",
        Code::KeyDuplicate,
        "One root pinned twice would count twice.",
        &twice,
    );
    let second = ed25519::small_order_encodings()[10];
    let unreduced = roots(vec![public_text(ROOT), encode_base64(&second)]);
    shelf.invalid(
        "root_not_reduced",
        Code::KeyMalformed,
        "A root in an encoding that is not reduced: a second encoding of one point.",
        &unreduced,
    );
    let mixed = roots(vec![public_text(ROOT), mixed]);
    shelf.invalid("root_of_mixed_order", Code::KeyWeak, "A pinned root has a torsion component.", &mixed);
}

fn fields(shelf: &mut Shelf) {
    let text = keyset_text();
    let mut refuse = |name: &str, code: Code, shows: &str, old: &str, new: &str| {
        shelf.invalid(name, code, shows, &of(&with(&text, old, new)));
    };
    refuse("version_missing", Code::FieldMissing, "A field is missing.", "\"version\":1,", "");
    refuse("version_negative", Code::FieldInvalid, "A negative version.", "\"version\":1", "\"version\":-1");
    refuse("version_text", Code::FieldInvalid, "A version in quotes.", "\"version\":1", "\"version\":\"1\"");
    refuse(
        "tenant_in_keyset",
        Code::FieldUnknown,
        "A keyset has no tenant.",
        "\"version\":1",
        "\"version\":1,\"tenant\":\"x\"",
    );
    refuse(
        "keys_number",
        Code::FieldInvalid,
        "`keys` is not a list.",
        "\"keys\":[",
        "\"keys\":0,\"ext\":{},\"crit\":[",
    );
    refuse("entry_text", Code::FieldInvalid, "An entry is not an object.", "\"keys\":[", "\"keys\":[\"a\",");
    refuse("use_missing", Code::FieldMissing, "An entry without a use.", "\"use\":\"authority\",", "");
    refuse("use_unknown", Code::FieldInvalid, "An entry of an unknown use.", "authority", "notary");
    refuse("alg_other", Code::FieldInvalid, "An entry of another algorithm.", "ed25519", "ed448");
    refuse("state_unknown", Code::FieldInvalid, "An entry of an unknown state.", "active", "trusted");
    refuse(
        "entry_field_unknown",
        Code::FieldUnknown,
        "An entry with a field that entries do not know.",
        "\"alg\":",
        "\"kid\":\"1\",\"alg\":",
    );
    refuse(
        "crit_of_a_license",
        Code::CritUnknown,
        "A meaning that licenses alone have.",
        "\"version\":1",
        "\"version\":1,\"crit\":[\"policy\"]",
    );
    refuse(
        "entry_crit",
        Code::CritUnknown,
        "An entry marks an unknown meaning as critical.",
        "\"alg\":",
        "\"crit\":[\"log\"],\"alg\":",
    );
    let many: Vec<String> = (100..112).map(|seed| entry("authority", &public_text(seed), "active")).collect();
    shelf.invalid("keys_13", Code::FieldInvalid, "One entry too many.", &added(&many.join(",")));
}

/// A chain whose keyset has this payload.
fn of(payload: &str) -> World {
    World { keyset: keyset(payload), ..World::of_tenant() }
}

/// A chain whose keyset has more entries.
fn added(entries: &str) -> World {
    of(&with(&keyset_text(), "]}", &format!(",{entries}]}}")))
}
