//! What the vectors claim. One file per artifact; a table of claims reads best as a table.

mod attachments;
mod certificate;
mod decision;
mod ed25519;
mod envelope;
mod json;
mod keyset;
mod kinds;
mod license;
mod listed_keys;
mod memory;
mod plain_text;
mod request;
mod root;
mod tenant_keyset;

pub(crate) use ed25519::{ORDER_EIGHT, add_l, small_order_encodings};
use sealgate_artifact::Code;

use crate::forge::World;
use crate::{Artifact, Question, Vector};

/// A vector with the line that belongs beside it.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its folder.
    pub artifact: Artifact,
    /// Its file's name without ending; those that must be refused end in `_fail`.
    pub name: String,
    /// The vector.
    pub vector: Vector,
    /// `ok` with what is found, or a code.
    pub expected: String,
}

impl Case {
    /// `valid` or `invalid`.
    pub fn side(&self) -> &'static str {
        if self.name.ends_with("_fail") { "invalid" } else { "valid" }
    }
}

/// Every case there is.
pub fn all() -> Vec<Case> {
    [
        envelope::cases(),
        root::cases(),
        memory::cases(),
        keyset::cases(),
        tenant_keyset::cases(),
        listed_keys::cases(),
        certificate::cases(),
        license::cases(),
        attachments::cases(),
        request::cases(),
        decision::cases(),
        json::cases(),
        kinds::cases(),
        ed25519::cases(),
        plain_text::license_keys(),
        plain_text::identifiers(),
    ]
    .concat()
}

/// What a folder's README opens with.
pub(crate) fn introduction(artifact: Artifact) -> &'static str {
    match artifact {
        Artifact::Envelope => {
            "Envelopes on their own: decoding by `spec/envelope.md` §1 and §4. An `ok` is followed by the statement id. \
             Whether the signatures are true is not asked here."
        }
        Artifact::Json => {
            "JSON texts that readers of several languages read differently (`spec/envelope.md` §3), each the payload of a \
             license that its issuer signed, so that only the reader can refuse it."
        }
        Artifact::Root => {
            "Root statements under pinned roots (`spec/keys.md` §4.2). The keyset below is signed by the last roots, unless \
             its line says otherwise."
        }
        Artifact::Memory => {
            "A verifier that remembers what it accepted before (`spec/keys.md` §4.7). The chain itself is sound."
        }
        Artifact::ServerCertificate => {
            "Server certificates under a sound chain, for a caller that names tenant, origin and operation \
             (`spec/keys.md` §5.7 to §5.9)."
        }
        Artifact::Keyset => {
            "Keysets under pinned roots (`spec/keys.md` §4 and §5). The tenant keyset beside each is sound."
        }
        Artifact::TenantKeyset => "Tenant keysets under a sound keyset (`spec/keys.md` §4 and §5).",
        Artifact::License => {
            "Licenses under a sound chain (`spec/license.md`). Unless its line says otherwise, each is signed by the \
             issuer, so that only the stated defect is wrong. Whether a license is in force is not asked here."
        }
        Artifact::DeviceRequest => {
            "Requests of devices (`spec/online.md` §2 and §3). Unless its line says otherwise, each is signed by the device \
             that it names."
        }
        Artifact::Decision => {
            "Decisions of a server that is certified for the caller, in answer to a sound request (`spec/online.md` §4 and \
             §5). Unless its line says otherwise, each is signed by that server. An `ok` is followed by the ids of \
             certificate, request and decision."
        }
        Artifact::Ed25519 => {
            "The signature rule (`spec/ed25519.md` §1) and the check of keys at registration (§2). Each file is a list; \
             every entry must get the same verdict."
        }
        Artifact::LicenseKey => {
            "License keys as people type them (`spec/license.md` §3). An `ok` is followed by the printed form."
        }
        Artifact::Identifier => {
            "Identifiers outside statements (`spec/keys.md` §1). An `ok` is followed by the identifier."
        }
    }
}

/// Cases of one folder in the making.
struct Shelf {
    artifact: Artifact,
    cases: Vec<Case>,
}

impl Shelf {
    fn of(artifact: Artifact) -> Self {
        Self { artifact, cases: vec![] }
    }

    /// A chain that must be believed.
    fn valid(&mut self, name: &str, shows: &str, world: &World) {
        self.accepted(name, shows, world.question(), &world.ids());
    }

    /// A chain that must be refused.
    fn invalid(&mut self, name: &str, code: Code, shows: &str, world: &World) {
        self.refused(name, code, shows, world.question());
    }

    fn accepted(&mut self, name: &str, shows: &str, question: Question, found: &str) {
        let expected = if found.is_empty() { "ok".to_owned() } else { format!("ok {found}") };
        self.put(name.to_owned(), shows, question, expected);
    }

    fn refused(&mut self, name: &str, code: Code, shows: &str, question: Question) {
        self.put(format!("{name}_fail"), shows, question, code.to_string());
    }

    fn put(&mut self, name: String, shows: &str, question: Question, expected: String) {
        let vector = Vector { shows: shows.to_owned(), question };
        self.cases.push(Case { artifact: self.artifact, name, vector, expected });
    }
}
