//! Every kind where every other is expected (`spec/envelope.md` §2.2): by its own name, under the expected type, and
//! under the expected type with the signature of whoever may sign that; and the expected kind with the other's `typ`.

use sealgate_artifact::{Code, KeyUse, Kind};

use super::activation_proof::Admission;
use super::case::{Case, Shelf};
use super::decision::Exchange;
use super::heartbeat_answer::Beat;
use crate::admission::{
    ACTIVATION, SNAPSHOT, UPDATE, activation_request, activation_request_text, heartbeat, heartbeat_text,
    publishing, release, release_text,
};
use crate::forge::{
    AUTHORITY, DEVICE, Draft, ISSUER, ROOT, SERVER, Seed, World, certificate, certificate_text,
    device_request, keyset, keyset_text, license, license_text, public_text, request_text, root,
    tenant_keyset, tenant_keyset_text, with,
};
use crate::offline::{
    Entries, acknowledgement_text, bundle, bundle_text, journal_text, offline_request, offline_request_text,
    re_anchor_text, return_receipt_text,
};
use crate::revocation::{revoking, shard, shard_text, snapshot, snapshot_text};
use crate::{Artifact, Question};

pub(super) fn cases() -> Vec<Case> {
    let pairs = Kind::ALL.into_iter().flat_map(|expected| Kind::ALL.map(|presented| (expected, presented)));
    pairs
        .filter(|(expected, presented)| expected != presented)
        .flat_map(|(expected, presented)| confused(expected, presented))
        .collect()
}

fn confused(kind: Kind, presented: Kind) -> Vec<Case> {
    let expected = Example::of(kind);
    let mut shelf = Shelf::of(expected.artifact);
    let name = presented.as_str().replace('-', "_");
    let mut refuse = |suffix: &str, code: Code, shows: String, draft: Draft| {
        shelf.refused(&format!("is_a_{name}{suffix}"), code, &shows, (expected.question)(draft));
    };
    let own = Example::of(presented).draft;
    refuse("", Code::KindUnexpected, format!("A sound {presented} where a {kind} is expected."), own.clone());
    let relabelled = Draft { payload_type: Draft::new(kind.as_str(), "").payload_type, ..own };
    let shows = "The same under the type of what is expected: the type is signed, so no signature fits.";
    // Roots and requests are looked at before they are verified; that already finds the other `typ`.
    let looked_at = matches!(kind.signing_use(), KeyUse::Device) || kind == Kind::Root;
    let code = if looked_at { Code::KindUnexpected } else { Code::SignatureInvalid };
    refuse("_relabelled", code, shows.to_owned(), relabelled.clone());
    let resigned = Draft { signatures: vec![], ..relabelled }.signed(expected.seed, kind.signing_use());
    let shows = format!("The same, signed by a key that may sign a {kind}: `typ` still says {presented}.");
    refuse("_resigned", Code::KindUnexpected, shows, resigned);
    let text = String::from_utf8(expected.draft.payload).expect("our own text");
    let text = with(&text, &format!("\"typ\":\"{kind}\""), &format!("\"typ\":\"{presented}\""));
    let shows = format!("A {kind} in every respect, but its `typ` says {presented}.");
    refuse(
        "_by_typ_only",
        Code::KindUnexpected,
        shows,
        Draft::new(kind.as_str(), text).signed(expected.seed, kind.signing_use()),
    );
    shelf.cases
}

/// A sound statement of one kind, and the question whether such a statement is believed.
struct Example {
    artifact: Artifact,
    seed: Seed,
    draft: Draft,
    question: fn(Draft) -> Question,
}

impl Example {
    /// A kind that stands in no arm does not compile: no kind goes without being confused with every other.
    fn of(kind: Kind) -> Self {
        let example = |artifact, seed, draft, question| Self { artifact, seed, draft, question };
        match kind {
            Kind::Root => example(Artifact::Root, ROOT, root(1, &[public_text(ROOT)], 1), |draft| {
                World { root_chain: Some(vec![draft]), ..World::of_license() }.question()
            }),
            Kind::Keyset => example(Artifact::Keyset, ROOT, keyset(&keyset_text()), |draft| {
                World { keyset: draft, ..World::of_license() }.question()
            }),
            Kind::TenantKeyset => {
                example(Artifact::TenantKeyset, AUTHORITY, tenant_keyset(&tenant_keyset_text()), |draft| {
                    World { tenant_keyset: draft, ..World::of_license() }.question()
                })
            }
            Kind::ServerCertificate => {
                example(Artifact::ServerCertificate, AUTHORITY, certificate(&certificate_text()), |draft| {
                    let asked = super::certificate::question(&World::of_tenant(), &draft);
                    Question::Certificate(Box::new(asked))
                })
            }
            Kind::License => example(Artifact::License, ISSUER, license(license_text()), |draft| {
                World::with_license(draft).question()
            }),
            Kind::DeviceRequest => {
                example(Artifact::DeviceRequest, DEVICE, device_request(&request_text()), |draft| {
                    super::request::question(&draft)
                })
            }
            Kind::Decision => example(Artifact::Decision, SERVER, Exchange::plain().decision, |draft| {
                Exchange::answered(draft).question()
            }),
            Kind::ActivationRequest => example(
                Artifact::ActivationRequest,
                DEVICE,
                activation_request(&activation_request_text()),
                |draft| super::activation_request::question(&draft),
            ),
            Kind::ActivationProof => {
                example(Artifact::ActivationProof, ACTIVATION, Admission::plain().proof, |draft| {
                    Admission::proved_by(draft).question()
                })
            }
            Kind::HeartbeatRequest => {
                example(Artifact::HeartbeatRequest, DEVICE, heartbeat(&heartbeat_text()), |draft| {
                    super::heartbeat_request::question(&draft)
                })
            }
            Kind::HeartbeatAnswer => {
                example(Artifact::HeartbeatAnswer, SERVER, Beat::plain().answer, |draft| {
                    Beat::answered(draft).question()
                })
            }
            Kind::Release => example(Artifact::Release, UPDATE, release(&release_text()), |draft| {
                super::release::question(&publishing(), &draft)
            }),
            Kind::Shard => example(Artifact::Shard, SNAPSHOT, shard(&shard_text()), |draft| {
                super::shard::question(&revoking(), &draft)
            }),
            Kind::OfflineRequest
            | Kind::Bundle
            | Kind::Journal
            | Kind::Acknowledgement
            | Kind::ReAnchor
            | Kind::ReturnReceipt => Self::of_unheard(kind),
            Kind::Snapshot => example(Artifact::Snapshot, SNAPSHOT, snapshot(&snapshot_text()), |draft| {
                super::snapshot::question(&revoking(), &draft)
            }),
        }
    }

    /// The same of what crosses to machines without a network, and back.
    fn of_unheard(kind: Kind) -> Self {
        let example = |artifact, seed, draft, question| Self { artifact, seed, draft, question };
        match kind {
            Kind::OfflineRequest => {
                example(Artifact::OfflineRequest, DEVICE, offline_request(&offline_request_text()), |draft| {
                    super::offline_request::question(&draft)
                })
            }
            Kind::Bundle => {
                example(Artifact::Bundle, ISSUER, bundle(&bundle_text()), super::bundle::question)
            }
            Kind::Journal => {
                let draft = Draft::new("journal", journal_text(&Entries::plain()));
                example(Artifact::Journal, DEVICE, draft.signed(DEVICE, KeyUse::Device), |draft| {
                    super::journal::question(&draft)
                })
            }
            Kind::Acknowledgement => {
                let draft = Draft::new("acknowledgement", acknowledgement_text());
                example(Artifact::Acknowledgement, ISSUER, draft.signed(ISSUER, KeyUse::Issuer), |draft| {
                    super::acknowledgement::acknowledgement(&World::of_tenant(), &draft)
                })
            }
            Kind::ReAnchor => {
                let draft = Draft::new("re-anchor", re_anchor_text());
                example(Artifact::ReAnchor, ISSUER, draft.signed(ISSUER, KeyUse::Issuer), |draft| {
                    super::acknowledgement::re_anchor(&World::of_tenant(), &draft)
                })
            }
            Kind::ReturnReceipt => {
                let draft = Draft::new("return-receipt", return_receipt_text());
                example(Artifact::ReturnReceipt, DEVICE, draft.signed(DEVICE, KeyUse::Device), |draft| {
                    super::acknowledgement::receipt(&draft)
                })
            }
            other => unreachable!("{other} is none of them"),
        }
    }
}
