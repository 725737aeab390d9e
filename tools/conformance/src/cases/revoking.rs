//! What shards and snapshots share: who may sign them, under which keys, and what is remembered of the last one
//! (`spec/revocation.md` §3.3, §4.4 and §5.4).

use sealgate_artifact::{Code, KeyUse};

use super::case::Shelf;
use super::fields::saying;
use crate::admission::{ACTIVATION, LOG, SNAPSHOT, UPDATE, listing};
use crate::forge::{
    APP_KEY, AUTHORITY, DAY, DEVICE, Draft, ISSUER, NOW, OTHER_TENANT, ROOT, SERVER, STRANGER, Seed, World,
    entry, keyset, keyset_text, public_text, tenant_keyset_text, with,
};
use crate::revocation::revoking;
use crate::{Question, Remembered};

/// A second key for revocation data.
pub(super) const SECOND_SNAPSHOT: Seed = 82;
/// When the tenant keyset of every chain here was signed.
const KEYSET_BEGIN: u64 = NOW - 30 * DAY;

/// One of the two kinds: its name, its plain payload, how its question is put, and what follows the id of an `ok`.
pub(super) struct Sort {
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) question: fn(&World, &Draft, Option<Remembered>) -> Question,
    pub(super) found: &'static str,
}

impl Sort {
    pub(super) fn signed(&self, text: &str) -> Draft {
        Draft::new(self.kind, text).signed(SNAPSHOT, KeyUse::Snapshot)
    }

    fn by(&self, seed: Seed, key_use: KeyUse) -> Draft {
        Draft::new(self.kind, self.text.clone()).signed(seed, key_use)
    }

    pub(super) fn believe(&self, cases: &mut Shelf, name: &str, shows: &str, world: &World, draft: &Draft) {
        self.accept(cases, name, shows, (self.question)(world, draft, None), draft);
    }

    pub(super) fn refuse(
        &self,
        cases: &mut Shelf,
        (name, code, shows): (&str, Code, &str),
        world: &World,
        draft: &Draft,
    ) {
        cases.refused(name, code, shows, (self.question)(world, draft, None));
    }

    fn accept(&self, cases: &mut Shelf, name: &str, shows: &str, question: Question, draft: &Draft) {
        cases.accepted(name, shows, question, &(draft.id() + self.found));
    }

    pub(super) fn put(&self, cases: &mut Shelf) {
        self.signatures(cases);
        self.keys(cases);
        self.retired(cases);
        self.order(cases);
        self.remembered(cases);
    }

    fn signatures(&self, cases: &mut Shelf) {
        let listed = [
            ("activation", ACTIVATION),
            ("update", UPDATE),
            ("snapshot", SNAPSHOT),
            ("log", LOG),
            ("app", APP_KEY),
        ];
        let world = listing(&listed.map(|(key_use, seed)| entry(key_use, &public_text(seed), "active")));
        for (name, seed, key_use, shows) in [
            ("issuer", ISSUER, KeyUse::Issuer, "An issuer signs licenses; it does not take them back."),
            (
                "activation_key",
                ACTIVATION,
                KeyUse::Activation,
                "A key that admits devices takes nothing back.",
            ),
            ("update_key", UPDATE, KeyUse::Update, "A key that publishes takes nothing back."),
            ("log_key", LOG, KeyUse::Log, "A key for checkpoints takes nothing back."),
            ("app_key", APP_KEY, KeyUse::App, "An app's key signs on another wire, even where it is listed."),
            ("authority", AUTHORITY, KeyUse::Authority, "An authority ends keys, not statements."),
            ("root", ROOT, KeyUse::Root, "A root takes nothing back."),
            ("server", SERVER, KeyUse::Server, "A server takes nothing back."),
            ("device", DEVICE, KeyUse::Device, "A device takes nothing back."),
            ("stranger", STRANGER, KeyUse::Snapshot, "A key that stands nowhere."),
        ] {
            let what = (&*format!("signed_by_{name}"), Code::SignatureInvalid, shows);
            self.refuse(cases, what, &world, &self.by(seed, key_use));
        }
        let beside = self.signed(&self.text).signed(STRANGER, KeyUse::Snapshot);
        let shows = "A signature beside the snapshot key's is ignored.";
        self.believe(cases, "signed_by_stranger_too", shows, &revoking(), &beside);
        for (name, field, value) in [
            ("version_exchanged", "version", "30000001".to_owned()),
            ("issued_at_exchanged", "issued_at", (NOW - 1).to_string()),
        ] {
            let payload = saying(&self.text, field, &value).into_bytes();
            let draft = Draft { payload, ..self.signed(&self.text) };
            let what = (name, Code::SignatureInvalid, "It was changed after signing.");
            self.refuse(cases, what, &revoking(), &draft);
        }
    }

    /// Which snapshot keys count (`spec/keys.md` §4.4).
    fn keys(&self, cases: &mut Shelf) {
        let second = self.by(SECOND_SNAPSHOT, KeyUse::Snapshot);
        let shows = "A second snapshot key signed it.";
        self.believe(cases, "signed_by_second_key", shows, &beside("active"), &second);
        let mut refused = |name: &str, shows: &str, world: &World, draft: &Draft| {
            self.refuse(cases, (name, Code::SignatureInvalid, shows), world, draft);
        };
        refused("signed_by_revoked_key", "A revoked key verifies nothing.", &beside("revoked"), &second);
        let plain = self.signed(&self.text);
        let shows = "A tenant without snapshot keys takes nothing back.";
        refused("no_snapshot_key", shows, &World::of_tenant(), &plain);
        refused("signed_by_unlisted_key", "A snapshot key of another tenant.", &revoking(), &second);
        let other = listing(&[entry("update", &public_text(SNAPSHOT), "active")]);
        refused("key_of_other_use", "The key is listed, but for another use.", &other, &plain);
        let text = with(&keyset_text(), "]}", &format!(",{}]}}", key(SNAPSHOT, "active")));
        let above = World { keyset: keyset(&text), ..World::of_tenant() };
        let shows = "The key is listed in the keyset, which names no tenant.";
        refused("key_listed_in_keyset", shows, &above, &plain);
    }

    /// `spec/revocation.md` §5.4: a retired key signs nothing new.
    fn retired(&self, cases: &mut Shelf) {
        let world = beside("retired");
        let at = |issued_at: u64| saying(&self.text, "issued_at", &issued_at.to_string());
        let by_retired = |text: String| Draft::new(self.kind, text).signed(SECOND_SNAPSHOT, KeyUse::Snapshot);
        let shows = "A key that was retired later verifies what it signed before.";
        self.believe(cases, "retired_key_before", shows, &world, &by_retired(at(KEYSET_BEGIN - 1)));
        let shows = "Signed in the very second of the keyset that retires the key: it is not after it.";
        self.believe(cases, "retired_key_at_once", shows, &world, &by_retired(at(KEYSET_BEGIN)));
        let shows = "Signed a day after it: the clocks of two machines may differ by as much.";
        self.believe(cases, "retired_key_day", shows, &world, &by_retired(at(KEYSET_BEGIN + DAY)));
        let shows = "An active key signed it as well.";
        let both = by_retired(self.text.clone()).signed(SNAPSHOT, KeyUse::Snapshot);
        self.believe(cases, "retired_key_and_active_one", shows, &world, &both);
        let none_active = listing(&[key(SNAPSHOT, "retired")]);
        let other = tenant_keyset_text();
        assert!(other.contains(&format!("\"issued_at\":{KEYSET_BEGIN}")), "{other}");
        let mut refused = |name: &str, code: Code, shows: &str, world: &World, draft: &Draft| {
            self.refuse(cases, (name, code, shows), world, draft);
        };
        let late = by_retired(at(KEYSET_BEGIN + DAY + 1));
        refused("retired_key_later", Code::KeyRetired, "One second later it is new.", &world, &late);
        let new = by_retired(self.text.clone());
        refused("retired_key_new", Code::KeyRetired, "A retired key signs nothing new.", &world, &new);
        let shows = "Nor does it where no active key is listed.";
        refused("retired_key_alone", Code::KeyRetired, shows, &none_active, &self.signed(&self.text));
        let shows = "Nor do two of them together.";
        let both_retired = listing(&[key(SNAPSHOT, "retired"), key(SECOND_SNAPSHOT, "retired")]);
        refused("retired_keys_both", Code::KeyRetired, shows, &both_retired, &both);
        let shows =
            "A stranger's signature beside it, and one of an active key that is damaged, make nothing good.";
        let mut damaged = by_retired(self.text.clone()).signed(STRANGER, KeyUse::Snapshot);
        let hint = self.signed(&self.text).signatures.remove(0).0;
        damaged.signatures.push((hint, vec![0; 64]));
        refused("retired_key_and_damaged", Code::KeyRetired, shows, &world, &damaged);
        let shows = "The state of the key is judged before the tenant.";
        let other_tenant = saying(&self.text, "tenant", &format!("\"{OTHER_TENANT}\""));
        refused("retired_key_other_tenant", Code::KeyRetired, shows, &world, &by_retired(other_tenant));
        let shows = "The payload is judged before the state of the key.";
        let spoilt = by_retired(saying(&self.text, "version", "-1"));
        refused("retired_key_version_negative", Code::FieldInvalid, shows, &world, &spoilt);
    }

    fn order(&self, cases: &mut Shelf) {
        let other = saying(&self.text, "tenant", &format!("\"{OTHER_TENANT}\""));
        let mut refused = |name: &str, code: Code, shows: &str, world: &World, draft: &Draft| {
            self.refuse(cases, (name, code, shows), world, draft);
        };
        refused(
            "other_tenant",
            Code::WrongTenant,
            "Another tenant's word.",
            &revoking(),
            &self.signed(&other),
        );
        let late = World { now: NOW + 365 * DAY, ..revoking() };
        let shows = "The chain is judged first.";
        refused("keyset_expired", Code::KeysetExpired, shows, &late, &self.signed(&other));
        let unsigned = Draft { signatures: vec![(String::new(), vec![0; 64])], ..self.signed(&other) };
        let shows = "The signature is judged before what is said.";
        refused("other_tenant_and_unsigned", Code::SignatureInvalid, shows, &revoking(), &unsigned);
        let spoilt = self.signed(&saying(&other, "version", "-1"));
        let shows = "The form is judged before the tenant.";
        refused("other_tenant_and_version_negative", Code::FieldInvalid, shows, &revoking(), &spoilt);
        let shows = "The tenant is judged before what is remembered.";
        let newer = Some(maximum(30_000_001, &another(), &[SNAPSHOT]));
        let question = (self.question)(&revoking(), &self.signed(&other), newer);
        cases.refused("other_tenant_and_rollback", Code::WrongTenant, shows, question);
        let shows = "An old one is believed: how fresh it is, is asked elsewhere.";
        let old = saying(&saying(&self.text, "issued_at", "1"), "next_update", "2");
        self.believe(cases, "issued_long_ago", shows, &revoking(), &self.signed(&old));
        let to_come = saying(&self.text, "next_update", "253402300799");
        let to_come = saying(&to_come, "issued_at", "253402300798");
        let shows = "When it was signed is not compared with the reader's time.";
        self.believe(cases, "issued_later", shows, &revoking(), &self.signed(&to_come));
    }

    /// `spec/revocation.md` §3.3 and §4.4.
    fn remembered(&self, cases: &mut Shelf) {
        let plain = self.signed(&self.text);
        let mut accept = |name: &str, shows: &str, world: &World, before: Remembered| {
            self.accept(cases, name, shows, (self.question)(world, &plain, Some(before)), &plain);
        };
        let same = maximum(30_000_000, &plain.id(), &[SNAPSHOT]);
        let older = maximum(29_999_999, &another(), &[SNAPSHOT]);
        let newer = || maximum(30_000_001, &another(), &[SECOND_SNAPSHOT]);
        let largest = maximum(9_007_199_254_740_991, &another(), &[SECOND_SNAPSHOT]);
        accept("newer_than_before", "A newer one than the remembered one.", &revoking(), older);
        accept("same_as_before", "The very one that was taken over before.", &revoking(), same);
        let shows =
            "A stolen key raised the version as far as it goes and was revoked: honest ones count again.";
        accept("raised_by_revoked_key", shows, &beside("revoked"), largest.clone());
        accept("raised_by_unlisted_key", "The same where the key is listed no more.", &revoking(), largest);
        let shows = "Keys for other things raise nothing here.";
        accept("raised_by_issuer", shows, &revoking(), maximum(30_000_001, &another(), &[ISSUER]));
        let mut refused = |name: &str, code: Code, shows: &str, world: &World, before: Remembered| {
            cases.refused(name, code, shows, (self.question)(world, &plain, Some(before)));
        };
        let shows = "An older one than the remembered one.";
        refused("rollback", Code::VersionRollback, shows, &beside("active"), newer());
        let shows = "A key that was only retired: what it raised stands.";
        refused("rollback_raised_by_retired_key", Code::VersionRollback, shows, &beside("retired"), newer());
        let shows = "One of the keys that raised it is enough.";
        let two = maximum(30_000_001, &another(), &[SECOND_SNAPSHOT, SNAPSHOT]);
        refused("rollback_raised_by_both_keys", Code::VersionRollback, shows, &beside("revoked"), two);
        let shows = "Another one of the remembered version.";
        let fork = maximum(30_000_000, &another(), &[SNAPSHOT]);
        refused("fork", Code::Equivocation, shows, &revoking(), fork);
    }
}

fn key(seed: Seed, state: &str) -> String {
    entry("snapshot", &public_text(seed), state)
}

/// A chain with a second snapshot key in this state.
fn beside(state: &str) -> World {
    listing(&[key(SNAPSHOT, "active"), key(SECOND_SNAPSHOT, state)])
}

fn maximum(version: u64, statement: &str, raised_by: &[Seed]) -> Remembered {
    let raised_by = raised_by.iter().map(|seed| public_text(*seed)).collect();
    Remembered { version, statement: statement.to_owned(), raised_by }
}

/// The id of a statement that is not presented.
fn another() -> String {
    Draft::new("snapshot", "{}").id()
}
