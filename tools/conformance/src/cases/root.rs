//! Root statements from the pinned set to the last (`spec/keys.md` §4.2, §4.3, §5.6).

use sealgate_artifact::{Code, KeyUse, encode_base64};

use super::case::{Case, Shelf};
use super::ed25519;
use crate::Artifact;
use crate::forge::{
    AUTHORITY, DAY, Draft, NOW, ROOT, ROOT_BEGIN, ROOT_END, SECOND_ROOT, STRANGER, Seed, THIRD_ROOT, World,
    entry, keyset_text, public_text, root_text, with,
};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Root);
    followed(&mut shelf);
    begun(&mut shelf);
    numbered(&mut shelf);
    signed(&mut shelf);
    keys(&mut shelf);
    windows(&mut shelf);
    fields(&mut shelf);
    shelf.cases
}

/// A root statement of these keys, of which `threshold` must sign, signed by `by`.
fn stated(version: u64, keys: &[Seed], threshold: usize, by: &[Seed]) -> Draft {
    let keys: Vec<String> = keys.iter().map(|seed| public_text(*seed)).collect();
    by_roots(&root_text(version, &keys, threshold), by)
}

fn by_roots(payload: &str, by: &[Seed]) -> Draft {
    by.iter().fold(Draft::new("root", payload), |draft, seed| draft.signed(*seed, KeyUse::Root))
}

/// The pinned root is the first; `chain` leads to roots of which `last` sign the keyset.
fn world(chain: &[Draft], last: &[Seed]) -> World {
    let unsigned = Draft::new("keyset", keyset_text());
    World {
        root_chain: Some(chain.to_vec()),
        keyset: last.iter().fold(unsigned, |draft, seed| draft.signed(*seed, KeyUse::Root)),
        ..World::of_license()
    }
}

fn first() -> Draft {
    stated(1, &[ROOT], 1, &[ROOT])
}

/// From the first root to the second.
fn second() -> Draft {
    stated(2, &[SECOND_ROOT], 1, &[ROOT, SECOND_ROOT])
}

fn third() -> Draft {
    stated(3, &[THIRD_ROOT], 1, &[SECOND_ROOT, THIRD_ROOT])
}

fn ended(draft: &Draft) -> String {
    let text = String::from_utf8(draft.payload.clone()).expect("our own text");
    with(&text, &ROOT_END.to_string(), &(NOW - 10 * DAY).to_string())
}

fn followed(shelf: &mut Shelf) {
    shelf.valid("plain", "The pinned set and nothing after it.", &world(&[first()], &[ROOT]));
    let two = world(&[first(), second()], &[SECOND_ROOT]);
    shelf.valid("one_step", "The second statement is signed by the roots of both.", &two);
    let three = world(&[first(), second(), third()], &[THIRD_ROOT]);
    shelf.valid("two_steps", "The pinned set is two versions old.", &three);
    let old = by_roots(&ended(&first()), &[ROOT]);
    let between = by_roots(&ended(&second()), &[ROOT, SECOND_ROOT]);
    let expired = world(&[old, between, third()], &[THIRD_ROOT]);
    let shows = "The pinned set is two versions old and expired; only the last window counts.";
    shelf.valid("two_steps_expired", shows, &expired);
    let grown = [
        stated(1, &[ROOT, SECOND_ROOT], 2, &[ROOT, SECOND_ROOT]),
        stated(2, &[ROOT, SECOND_ROOT, THIRD_ROOT], 2, &[ROOT, SECOND_ROOT]),
    ];
    let pinned = World {
        roots: [SECOND_ROOT, ROOT].map(public_text).to_vec(),
        threshold: 2,
        ..world(&grown, &[SECOND_ROOT, THIRD_ROOT])
    };
    let shows = "Roots that stay sign for both statements; pinned keys come in any order.";
    shelf.valid("a_root_joins", shows, &pinned);
    let beside = second().signed(STRANGER, KeyUse::Root);
    let shows = "A stranger's signature beside enough good ones is ignored.";
    shelf.valid("and_a_stranger", shows, &world(&[first(), beside], &[SECOND_ROOT]));
}

/// Where the chain is entered.
fn begun(shelf: &mut Shelf) {
    let newer = |version| World {
        roots: vec![public_text(SECOND_ROOT)],
        root_version: version,
        ..world(&[first(), second(), third()], &[THIRD_ROOT])
    };
    shelf.valid("entered_at_second", "What is older than the pinned set is passed over.", &newer(Some(2)));
    let shows = "A person typed the roots: the first statement that claims exactly them is the beginning.";
    shelf.valid("entered_without_version", shows, &newer(None));
    let unsigned = Draft { signatures: vec![("00".into(), vec![0; 64])], ..first() };
    let passed = World { root_chain: Some(vec![unsigned, second(), third()]), ..newer(Some(2)) };
    shelf.valid("passed_over_unsigned", "Nothing but its form is asked of what is passed over.", &passed);

    let mut refuse =
        |name: &str, code: Code, shows: &str, world: &World| shelf.invalid(name, code, shows, world);
    refuse("no_statement", Code::RootUnknown, "No root statement at all.", &world(&[], &[ROOT]));
    let shows = "The chain begins after the pinned set: a gap that nobody may jump.";
    refuse("begins_too_late", Code::RootUnknown, shows, &world(&[second()], &[SECOND_ROOT]));
    let other = World { root_version: Some(2), ..world(&[first()], &[ROOT]) };
    let shows = "The pinned keys under another version than the pinned one.";
    refuse("of_another_version", Code::RootUnknown, shows, &other);
    // A root that was taken out and stolen, and the genuine statement from the time when it was in.
    let stolen = [stated(1, &[ROOT, SECOND_ROOT], 1, &[ROOT]), stated(2, &[SECOND_ROOT], 1, &[SECOND_ROOT])];
    let shows =
        "A removed root, stolen, and the genuine old statement that names it: the pinned set is younger.";
    refuse(
        "stolen_old_root",
        Code::RootUnknown,
        shows,
        &World { root_version: Some(3), ..world(&stolen, &[SECOND_ROOT]) },
    );
    let shows = "The same where no version is pinned.";
    refuse(
        "stolen_old_root_unversioned",
        Code::RootUnknown,
        shows,
        &World { root_version: None, ..world(&stolen, &[SECOND_ROOT]) },
    );
    let looser = stated(1, &[ROOT, SECOND_ROOT], 1, &[ROOT]);
    let strict = World {
        roots: [ROOT, SECOND_ROOT].map(public_text).to_vec(),
        threshold: 2,
        ..world(&[looser], &[ROOT])
    };
    refuse(
        "lower_threshold",
        Code::RootUnknown,
        "The pinned keys with a lower threshold than pinned.",
        &strict,
    );
    let claimed = stated(1, &[ROOT], 1, &[STRANGER]);
    refuse(
        "claimed_by_stranger",
        Code::SignatureInvalid,
        "The pinned set claimed under a stranger's signature.",
        &world(&[claimed], &[ROOT]),
    );
    let half = stated(1, &[ROOT, SECOND_ROOT], 2, &[ROOT]);
    let pair = World {
        roots: [ROOT, SECOND_ROOT].map(public_text).to_vec(),
        threshold: 2,
        ..world(&[half], &[ROOT, SECOND_ROOT])
    };
    refuse(
        "claimed_by_one_of_two",
        Code::ThresholdNotMet,
        "The pinned set claimed by one of two where two must.",
        &pair,
    );
    let malformed = Draft::new("root", "{}").signed(ROOT, KeyUse::Root);
    let passed = World { root_chain: Some(vec![malformed, second(), third()]), ..newer(Some(2)) };
    refuse("passed_over_malformed", Code::FieldMissing, "What is passed over must be well formed.", &passed);
    let twice = root_text(1, &[public_text(ROOT), public_text(ROOT)], 2);
    let typed = World {
        roots: [ROOT, SECOND_ROOT].map(public_text).to_vec(),
        threshold: 2,
        ..world(&[by_roots(&twice, &[ROOT, SECOND_ROOT])], &[ROOT])
    };
    refuse("one_key_twice_for_two", Code::RootUnknown, "One key twice is not the pinned two.", &typed);
}

/// Versions: exactly one more each time.
fn numbered(shelf: &mut Shelf) {
    let mut refuse = |name: &str, code: Code, shows: &str, chain: &[Draft], last: Seed| {
        shelf.invalid(name, code, shows, &world(chain, &[last]));
    };
    let gap = stated(3, &[SECOND_ROOT], 1, &[ROOT, SECOND_ROOT]);
    refuse(
        "gap",
        Code::VersionGap,
        "Version 3 follows version 1, signed by both.",
        &[first(), gap],
        SECOND_ROOT,
    );
    refuse(
        "gap_in_genuine",
        Code::VersionGap,
        "The second of three is missing.",
        &[first(), third()],
        THIRD_ROOT,
    );
    let huge = stated(9_007_199_254_740_991, &[SECOND_ROOT], 1, &[ROOT, SECOND_ROOT]);
    refuse("fast_forward", Code::VersionGap, "The largest version there is.", &[first(), huge], SECOND_ROOT);
    let fork = stated(2, &[THIRD_ROOT], 1, &[ROOT, SECOND_ROOT, THIRD_ROOT]);
    refuse(
        "fork",
        Code::Equivocation,
        "Two second statements, both signed.",
        &[first(), second(), fork],
        THIRD_ROOT,
    );
    refuse(
        "twice",
        Code::VersionRollback,
        "One statement twice.",
        &[first(), second(), second()],
        SECOND_ROOT,
    );
    let back = stated(1, &[SECOND_ROOT], 1, &[SECOND_ROOT]);
    refuse(
        "rollback",
        Code::VersionRollback,
        "Version 1 after version 2.",
        &[first(), second(), back],
        SECOND_ROOT,
    );
    refuse(
        "out_of_order",
        Code::VersionGap,
        "The third before the second.",
        &[first(), third(), second()],
        THIRD_ROOT,
    );
    let many: Vec<Draft> = (0..1025).map(|_| first()).collect();
    refuse("statements_1025", Code::ChainTooLong, "One statement too many.", &many, ROOT);
}

fn signed(shelf: &mut Shelf) {
    let mut refuse = |name: &str, code: Code, shows: &str, chain: &[Draft], last: &[Seed]| {
        shelf.invalid(name, code, shows, &world(chain, last));
    };
    let by = |seeds: &[Seed]| [first(), stated(2, &[SECOND_ROOT], 1, seeds)];
    let second_only = [SECOND_ROOT];
    refuse(
        "only_by_new",
        Code::SignatureInvalid,
        "Signed by the new root alone: anybody could.",
        &by(&[SECOND_ROOT]),
        &second_only,
    );
    let shows = "Signed by the old root alone: nobody showed to have the new key.";
    refuse("only_by_old", Code::SignatureInvalid, shows, &by(&[ROOT]), &second_only);
    refuse(
        "by_stranger",
        Code::SignatureInvalid,
        "Signed by a key of neither.",
        &by(&[STRANGER]),
        &second_only,
    );
    let pair = stated(2, &[SECOND_ROOT, THIRD_ROOT], 2, &[ROOT, SECOND_ROOT]);
    let shows = "One of two new roots signed where two must.";
    refuse("new_below_threshold", Code::ThresholdNotMet, shows, &[first(), pair], &[SECOND_ROOT, THIRD_ROOT]);
    let mut copied = stated(2, &[SECOND_ROOT, THIRD_ROOT], 2, &[ROOT, SECOND_ROOT, SECOND_ROOT]);
    "00".clone_into(&mut copied.signatures[2].0);
    let shows = "One new root's signature twice under two hints is one signer.";
    refuse(
        "new_signature_twice",
        Code::ThresholdNotMet,
        shows,
        &[first(), copied],
        &[SECOND_ROOT, THIRD_ROOT],
    );
    refuse(
        "keyset_by_old_root",
        Code::SignatureInvalid,
        "The keyset is signed by a root that has left.",
        &[first(), second()],
        &[ROOT],
    );

    let old = stated(1, &[ROOT, THIRD_ROOT], 2, &[ROOT, THIRD_ROOT]);
    let half = stated(2, &[SECOND_ROOT], 1, &[ROOT, SECOND_ROOT]);
    let pinned = World {
        roots: [ROOT, THIRD_ROOT].map(public_text).to_vec(),
        threshold: 2,
        ..world(&[old, half], &[SECOND_ROOT])
    };
    shelf.invalid(
        "old_below_threshold",
        Code::ThresholdNotMet,
        "One of two old roots signed where two must.",
        &pinned,
    );
}

fn keys(shelf: &mut Shelf) {
    let mut refuse = |name: &str, code: Code, shows: &str, chain: &[Draft], last: &[Seed]| {
        shelf.invalid(name, code, shows, &world(chain, last));
    };
    let twice = stated(2, &[SECOND_ROOT, SECOND_ROOT], 2, &[ROOT, SECOND_ROOT]);
    refuse(
        "new_root_twice",
        Code::KeyDuplicate,
        "One new root twice would count twice.",
        &[first(), twice],
        &[SECOND_ROOT],
    );
    let mixed = encode_base64(&ed25519::mixed_order_key());
    let weak = by_roots(&root_text(2, &[public_text(SECOND_ROOT), mixed], 1), &[ROOT, SECOND_ROOT]);
    refuse(
        "new_root_of_mixed_order",
        Code::KeyWeak,
        "A new root has a torsion component.",
        &[first(), weak],
        &[SECOND_ROOT],
    );
    let off = encode_base64(&ed25519::off_the_curve());
    let off = by_roots(&root_text(2, &[public_text(SECOND_ROOT), off], 1), &[ROOT, SECOND_ROOT]);
    refuse(
        "new_root_off_the_curve",
        Code::KeyMalformed,
        "A new root is no point of the curve.",
        &[first(), off],
        &[SECOND_ROOT],
    );
    let back = stated(3, &[SECOND_ROOT, ROOT], 1, &[SECOND_ROOT, ROOT]);
    refuse(
        "a_root_returns",
        Code::KeyDuplicate,
        "A root that had left comes back.",
        &[first(), second(), back],
        &[SECOND_ROOT],
    );

    let listing = |seed| {
        let keys = [
            entry("authority", &public_text(AUTHORITY), "active"),
            entry("root", &public_text(seed), "retired"),
        ];
        let text = with(&keyset_text(), &keys[0], &keys.join(","));
        World {
            keyset: Draft::new("keyset", text).signed(SECOND_ROOT, KeyUse::Root),
            ..world(&[first(), second()], &[])
        }
    };
    shelf.invalid(
        "former_root_listed",
        Code::KeyDuplicate,
        "A keyset lists a root that had left.",
        &listing(ROOT),
    );
    shelf.invalid(
        "new_root_listed",
        Code::KeyDuplicate,
        "A keyset lists a root that is not pinned, but followed.",
        &listing(SECOND_ROOT),
    );
}

fn windows(shelf: &mut Shelf) {
    let (begin, end) = (NOW - 30 * DAY, NOW + 365 * DAY);
    // Keyset and tenant keyset have this window too; the root is judged first.
    let text = root_text(1, &[public_text(ROOT)], 1);
    let text = with(&text, &ROOT_BEGIN.to_string(), &begin.to_string());
    let text = with(&text, &ROOT_END.to_string(), &end.to_string());
    let at = |now| World { now, ..world(&[by_roots(&text, &[ROOT])], &[ROOT]) };
    shelf.valid("a_day_before_begin", "A clock that is exactly a day behind.", &at(begin - DAY));
    shelf.valid("last_second", "The last second of the window.", &at(end - 1));
    shelf.invalid(
        "before_begin",
        Code::RootNotYetValid,
        "A clock that is a day and a second behind.",
        &at(begin - DAY - 1),
    );
    shelf.invalid("at_end", Code::RootExpired, "The first second after the window.", &at(end));
    let over = by_roots(&ended(&second()), &[ROOT, SECOND_ROOT]);
    let shows = "The last statement has expired; that the first has not does not help.";
    shelf.invalid("last_expired", Code::RootExpired, shows, &world(&[first(), over], &[SECOND_ROOT]));
}

fn fields(shelf: &mut Shelf) {
    let text = root_text(1, &[public_text(ROOT)], 1);
    let mut refuse = |name: &str, code: Code, shows: &str, old: &str, new: &str| {
        let spoilt = by_roots(&with(&text, old, new), &[ROOT]);
        shelf.invalid(name, code, shows, &world(&[spoilt], &[ROOT]));
    };
    refuse(
        "version_zero",
        Code::FieldInvalid,
        "Root statements count from 1.",
        "\"version\":1",
        "\"version\":0",
    );
    refuse("version_missing", Code::FieldMissing, "A field is missing.", "\"version\":1,", "");
    refuse(
        "threshold_zero",
        Code::FieldInvalid,
        "A threshold of zero would believe anybody.",
        "\"threshold\":1",
        "\"threshold\":0",
    );
    refuse(
        "threshold_above_keys",
        Code::FieldInvalid,
        "A threshold that can never be met.",
        "\"threshold\":1",
        "\"threshold\":2",
    );
    let key = format!("[\"{}\"]", public_text(ROOT));
    refuse("no_keys", Code::FieldInvalid, "No key: no threshold fits.", &key, "[]");
    refuse("key_number", Code::FieldInvalid, "A key that is not a string.", &key, "[1]");
    let shows = "A key in a second spelling.";
    let unpadded = key.replace('=', "");
    refuse("key_unpadded", Code::KeyMalformed, shows, &key, &unpadded);
    let many: Vec<String> = (100..113).map(|seed| format!("\"{}\"", public_text(seed))).collect();
    refuse("keys_13", Code::FieldInvalid, "One key too many.", &key, &format!("[{}]", many.join(",")));
    refuse(
        "state_unknown_field",
        Code::FieldUnknown,
        "Root keys have no state.",
        "\"version\"",
        "\"state\":\"active\",\"version\"",
    );
    refuse(
        "crit_unknown",
        Code::CritUnknown,
        "An unknown meaning is marked as critical.",
        "\"version\"",
        "\"crit\":[\"log\"],\"version\"",
    );
    refuse(
        "crit_of_a_license",
        Code::CritUnknown,
        "A meaning that licenses alone have.",
        "\"version\"",
        "\"crit\":[\"policy\"],\"version\"",
    );
    let twelve: Vec<Seed> = (100..112).collect();
    let shows = "Twelve roots of which twelve must sign.";
    let chain = [first(), stated(2, &twelve, 12, &[&[ROOT][..], &twelve].concat())];
    shelf.valid("twelve_of_twelve", shows, &world(&chain, &twelve));
}
