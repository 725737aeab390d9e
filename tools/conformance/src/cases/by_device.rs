//! What holds of every statement that a device signs with the key that it names (`spec/online.md` §3).

use sealgate_artifact::{Code, KeyUse};

use super::activation_request::under_unsound_keys;
use super::case::Shelf;
use super::fields::{saying, without};
use crate::Question;
use crate::admission::{ACTIVATION, SNAPSHOT, UPDATE};
use crate::forge::{
    APP, APP_KEY, AUTHORITY, DEVICE, Draft, ISSUER, LICENSE, ROOT, SECOND_DEVICE, SERVER, STRANGER,
    public_text, with,
};

/// A kind of statement: its name, its plain payload, and how its question is put.
pub(super) struct ByDevice {
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) question: fn(&Draft) -> Question,
    /// What follows the id of an `ok`.
    pub(super) found: &'static str,
}

impl ByDevice {
    pub(super) fn signed(&self, text: &str) -> Draft {
        Draft::new(self.kind, text).signed(DEVICE, KeyUse::Device)
    }

    pub(super) fn believe(&self, cases: &mut Shelf, name: &str, shows: &str, draft: &Draft) {
        cases.accepted(name, shows, (self.question)(draft), &(draft.id() + self.found));
    }

    pub(super) fn refuse(&self, cases: &mut Shelf, (name, code, shows): (&str, Code, &str), draft: &Draft) {
        cases.refused(name, code, shows, (self.question)(draft));
    }

    /// Who signs it, with which key, and what is in no order.
    pub(super) fn put(&self, cases: &mut Shelf) {
        let extended = self.signed(&saying(&self.text, "ext", r#"{"site":"x"}"#));
        self.believe(cases, "extended", "An extension that nobody needs to know.", &extended);
        let beside = self.signed(&self.text).signed(STRANGER, KeyUse::Device);
        self.believe(cases, "signed_by_stranger_too", "A signature beside the device's is ignored.", &beside);
        for (name, seed, key_use, shows) in [
            ("signed_by_other_device", SECOND_DEVICE, KeyUse::Device, "Another device signed than it names."),
            ("signed_by_activation_key", ACTIVATION, KeyUse::Activation, "Whoever admits a device is none."),
            ("signed_by_update_key", UPDATE, KeyUse::Update, "A key for releases speaks for no device."),
            (
                "signed_by_snapshot_key",
                SNAPSHOT,
                KeyUse::Snapshot,
                "A key for revocation data speaks for no device.",
            ),
            ("signed_by_server", SERVER, KeyUse::Server, "A server speaks for no device."),
            ("signed_by_issuer", ISSUER, KeyUse::Issuer, "An issuer speaks for no device."),
            ("signed_by_authority", AUTHORITY, KeyUse::Authority, "An authority speaks for no device."),
            ("signed_by_root", ROOT, KeyUse::Root, "A root speaks for no device."),
            ("signed_by_app_key", APP_KEY, KeyUse::App, "An app's key speaks for no device."),
        ] {
            let draft = Draft::new(self.kind, self.text.clone()).signed(seed, key_use);
            self.refuse(cases, (name, Code::SignatureInvalid, shows), &draft);
        }
        let (own, other) = (public_text(DEVICE), public_text(SECOND_DEVICE));
        for (name, shows, old, new) in [
            ("device_exchanged", "Another device's key was put in after signing.", &*own, &*other),
            ("license_exchanged", "The license was changed after signing.", LICENSE, APP),
        ] {
            let payload = with(&self.text, old, new).into_bytes();
            let draft = Draft { payload, ..self.signed(&self.text) };
            self.refuse(cases, (name, Code::SignatureInvalid, shows), &draft);
        }
        for (name, code, shows, draft) in under_unsound_keys(self.kind, &self.text) {
            self.refuse(cases, (name, code, shows), &draft);
        }
        let mut both = under_unsound_keys(self.kind, &self.text).swap_remove(0).3;
        both.payload = without(&String::from_utf8_lossy(&both.payload), "tenant").into_bytes();
        let shows = "The payload's form is judged before the key.";
        self.refuse(cases, ("weak_key_and_no_tenant", Code::FieldMissing, shows), &both);
    }
}
