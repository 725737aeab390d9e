//! Proofs that a device was admitted to a license (`spec/activation.md` §3).

use super::case::{Case, Shelf};
use crate::admission::{activation_request, activation_request_text, proof, proof_text, publishing};
use crate::forge::{DEVICE, Draft, World, license, license_text, public_text};
use crate::{Artifact, Bytes, Proved, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::ActivationProof);
    believe(&mut shelf, "plain", "A device was admitted to the license beside it.", &Admission::plain());
    shelf.cases
}

/// What a device holds once it was admitted: chain, license, key, proof and perhaps the request that the proof answers.
#[derive(Debug, Clone)]
pub(super) struct Admission {
    world: World,
    device_key: String,
    request: Option<Draft>,
    pub(super) proof: Draft,
}

impl Admission {
    /// The plain proof, which was kept.
    pub(super) fn plain() -> Self {
        Self::proved_by(proof(&proof_text()))
    }

    /// This proof beside the plain license.
    pub(super) fn proved_by(proof: Draft) -> Self {
        let world = World { license: Some(license(license_text())), ..publishing() };
        Self { world, device_key: public_text(DEVICE), request: None, proof }
    }

    pub(super) fn question(&self) -> Question {
        let text = |draft: &Draft| Bytes::from(draft.text().into_bytes());
        Question::ActivationProof(Box::new(Proved {
            chain: self.world.chain(),
            device_key: self.device_key.clone(),
            request: self.request.as_ref().map(text),
            proof: text(&self.proof),
        }))
    }

    fn ids(&self) -> String {
        let drafts = [self.world.license.as_ref(), self.request.as_ref(), Some(&self.proof)];
        drafts.into_iter().flatten().map(Draft::id).collect::<Vec<_>>().join(" ")
    }
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, admission: &Admission) {
    shelf.accepted(name, shows, admission.question(), &admission.ids());
}
