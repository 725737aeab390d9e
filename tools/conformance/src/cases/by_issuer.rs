//! What holds of every statement that an issuer signs beside licenses (`spec/offline.md` §4.2, step 3).

use sealgate_artifact::{Code, KeyUse};

use super::case::Shelf;
use super::fields::saying;
use crate::Question;
use crate::admission::{ACTIVATION, LOG, SNAPSHOT, UPDATE, listing};
use crate::forge::{
    APP, APP_KEY, AUTHORITY, DAY, DEVICE, Draft, ISSUER, NOW, OTHER_APP, OTHER_TENANT, ROOT, SECOND_ISSUER,
    SERVER, STRANGER, TENANT, World, entry, public_text, tenant_keyset, tenant_keyset_text, with,
};

/// A kind of statement: its name, its plain payload, how its question is put, and what follows the id of an `ok`.
pub(super) struct ByIssuer {
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) question: fn(&World, &Draft) -> Question,
    pub(super) found: &'static str,
}

impl ByIssuer {
    pub(super) fn signed(&self, text: &str) -> Draft {
        Draft::new(self.kind, text).signed(ISSUER, KeyUse::Issuer)
    }

    pub(super) fn believe(&self, cases: &mut Shelf, name: &str, shows: &str, draft: &Draft) {
        self.under(cases, (name, shows), &World::of_tenant(), draft);
    }

    fn under(&self, cases: &mut Shelf, (name, shows): (&str, &str), world: &World, draft: &Draft) {
        cases.accepted(name, shows, (self.question)(world, draft), &(draft.id() + self.found));
    }

    pub(super) fn refuse(&self, cases: &mut Shelf, (name, code, shows): (&str, Code, &str), draft: &Draft) {
        cases.refused(name, code, shows, (self.question)(&World::of_tenant(), draft));
    }

    /// Who may sign it, and for whom.
    pub(super) fn put(&self, cases: &mut Shelf) {
        let extended = self.signed(&saying(&self.text, "ext", r#"{"site":"x"}"#));
        self.believe(cases, "extended", "An extension that nobody needs to know.", &extended);
        let beside = self.signed(&self.text).signed(STRANGER, KeyUse::Issuer);
        self.believe(cases, "signed_by_stranger_too", "A signature beside the issuer's is ignored.", &beside);
        self.signers(cases);
        self.retired(cases);
        self.scope(cases);
    }

    fn signers(&self, cases: &mut Shelf) {
        let listed = [
            ("activation", ACTIVATION),
            ("update", UPDATE),
            ("snapshot", SNAPSHOT),
            ("log", LOG),
            ("app", APP_KEY),
        ];
        let world = listing(&listed.map(|(key_use, seed)| entry(key_use, &public_text(seed), "active")));
        for (name, seed, key_use) in [
            ("activation_key", ACTIVATION, KeyUse::Activation),
            ("update_key", UPDATE, KeyUse::Update),
            ("snapshot_key", SNAPSHOT, KeyUse::Snapshot),
            ("log_key", LOG, KeyUse::Log),
            ("app_key", APP_KEY, KeyUse::App),
            ("authority", AUTHORITY, KeyUse::Authority),
            ("root", ROOT, KeyUse::Root),
            ("server", SERVER, KeyUse::Server),
            ("device", DEVICE, KeyUse::Device),
            ("stranger", STRANGER, KeyUse::Issuer),
        ] {
            let draft = Draft::new(self.kind, self.text.clone()).signed(seed, key_use);
            let shows = "Only an issuer of the tenant signs it.";
            let question = (self.question)(&world, &draft);
            cases.refused(&format!("signed_by_{name}"), Code::SignatureInvalid, shows, question);
        }
        let payload = saying(&self.text, "issued_at", &(NOW + 1).to_string()).into_bytes();
        let changed = Draft { payload, ..self.signed(&self.text) };
        self.refuse(
            cases,
            ("time_exchanged", Code::SignatureInvalid, "Another time after signing."),
            &changed,
        );
    }

    /// `spec/revocation.md` §5.4.
    fn retired(&self, cases: &mut Shelf) {
        let second = entry("issuer", &public_text(SECOND_ISSUER), "retired");
        let keys = with(&tenant_keyset_text(), "\"keys\":[", &format!("\"keys\":[{second},"));
        let of_keyset = |text: &str| World { tenant_keyset: tenant_keyset(text), ..World::of_tenant() };
        let by_second = Draft::new(self.kind, self.text.clone()).signed(SECOND_ISSUER, KeyUse::Issuer);
        let shows = "A retired issuer signed it a month after it was retired.";
        let question = (self.question)(&of_keyset(&keys), &by_second);
        cases.refused("signed_by_retired", Code::KeyRetired, shows, question);
        let lately = of_keyset(&saying(&keys, "issued_at", &NOW.to_string()));
        let shows = "A retired issuer verifies what it signed.";
        self.under(cases, ("signed_before_retirement", shows), &lately, &by_second);
        let revoked = of_keyset(&with(&tenant_keyset_text(), "active", "revoked"));
        let question = (self.question)(&revoked, &self.signed(&self.text));
        cases.refused(
            "issuer_revoked",
            Code::SignatureInvalid,
            "A revoked issuer verifies nothing.",
            question,
        );
    }

    fn scope(&self, cases: &mut Shelf) {
        let (tenant, app) = (with(&self.text, TENANT, OTHER_TENANT), with(&self.text, APP, OTHER_APP));
        let both = with(&tenant, APP, OTHER_APP);
        for (name, code, shows, text) in [
            ("other_tenant", Code::WrongTenant, "One tenant's issuer speaks for another.", &tenant),
            ("other_app", Code::WrongApp, "A statement of another app.", &app),
            ("other_tenant_and_app", Code::WrongTenant, "The tenant is judged first.", &both),
        ] {
            self.refuse(cases, (name, code, shows), &self.signed(text));
        }
        let late = World { now: NOW + 365 * DAY, ..World::of_tenant() };
        let question = (self.question)(&late, &self.signed(&app));
        cases.refused("keyset_expired", Code::KeysetExpired, "The chain is judged first.", question);
    }
}
