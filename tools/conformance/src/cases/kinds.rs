//! Every kind where every other is expected (`spec/envelope.md` §2.2): by its own name, under the expected type, and
//! under the expected type with the signature of whoever may sign that; and the expected kind with the other's `typ`.

use sealgate_artifact::{Code, KeyUse};

use super::case::{Case, Shelf};
use super::decision::Exchange;
use crate::forge::{
    AUTHORITY, DEVICE, Draft, ISSUER, ROOT, SERVER, Seed, World, certificate, certificate_text,
    device_request, keyset, keyset_text, license, license_text, public_text, request_text, root,
    tenant_keyset, tenant_keyset_text, with,
};
use crate::{Artifact, Question};

const KINDS: [(&str, Artifact, Seed, KeyUse); 7] = [
    ("root", Artifact::Root, ROOT, KeyUse::Root),
    ("keyset", Artifact::Keyset, ROOT, KeyUse::Root),
    ("tenant-keyset", Artifact::TenantKeyset, AUTHORITY, KeyUse::Authority),
    ("server-certificate", Artifact::ServerCertificate, AUTHORITY, KeyUse::Authority),
    ("license", Artifact::License, ISSUER, KeyUse::Issuer),
    ("device-request", Artifact::DeviceRequest, DEVICE, KeyUse::Device),
    ("decision", Artifact::Decision, SERVER, KeyUse::Server),
];

pub(super) fn cases() -> Vec<Case> {
    let pairs = KINDS.iter().flat_map(|expected| KINDS.iter().map(move |presented| (expected, presented)));
    pairs
        .filter(|(expected, presented)| expected.1 != presented.1)
        .flat_map(|(e, p)| confused(*e, *p))
        .collect()
}

fn confused(
    expected: (&str, Artifact, Seed, KeyUse),
    presented: (&str, Artifact, Seed, KeyUse),
) -> Vec<Case> {
    let (kind, artifact, seed, key_use) = expected;
    let mut shelf = Shelf::of(artifact);
    let name = presented.0.replace('-', "_");
    let mut refuse = |suffix: &str, code: Code, shows: String, draft: Draft| {
        shelf.refused(&format!("is_a_{name}{suffix}"), code, &shows, presenting(artifact, draft));
    };
    let own = sound(presented.1);
    refuse(
        "",
        Code::KindUnexpected,
        format!("A sound {} where a {kind} is expected.", presented.0),
        own.clone(),
    );
    let relabelled = Draft { payload_type: Draft::new(kind, "").payload_type, ..own };
    let shows = "The same under the type of what is expected: the type is signed, so no signature fits.";
    // Roots and requests are looked at before they are verified; that already finds the other `typ`.
    let looked_at = matches!(kind, "root" | "device-request");
    let code = if looked_at { Code::KindUnexpected } else { Code::SignatureInvalid };
    refuse("_relabelled", code, shows.to_owned(), relabelled.clone());
    let resigned = Draft { signatures: vec![], ..relabelled }.signed(seed, key_use);
    let shows =
        format!("The same, signed by a key that may sign a {kind}: `typ` still says {}.", presented.0);
    refuse("_resigned", Code::KindUnexpected, shows, resigned);
    let text = String::from_utf8(sound(artifact).payload).expect("our own text");
    let text = with(&text, &format!("\"typ\":\"{kind}\""), &format!("\"typ\":\"{}\"", presented.0));
    let shows = format!("A {kind} in every respect, but its `typ` says {}.", presented.0);
    refuse("_by_typ_only", Code::KindUnexpected, shows, Draft::new(kind, text).signed(seed, key_use));
    shelf.cases
}

fn sound(artifact: Artifact) -> Draft {
    match artifact {
        Artifact::Root => root(1, &[public_text(ROOT)], 1),
        Artifact::Keyset => keyset(&keyset_text()),
        Artifact::TenantKeyset => tenant_keyset(&tenant_keyset_text()),
        Artifact::ServerCertificate => certificate(&certificate_text()),
        Artifact::DeviceRequest => device_request(&request_text()),
        Artifact::Decision => Exchange::plain().decision,
        _ => license(license_text()),
    }
}

fn presenting(artifact: Artifact, draft: Draft) -> Question {
    let world = match artifact {
        Artifact::Root => World { root_chain: Some(vec![draft]), ..World::of_license() },
        Artifact::Keyset => World { keyset: draft, ..World::of_license() },
        Artifact::TenantKeyset => World { tenant_keyset: draft, ..World::of_license() },
        Artifact::ServerCertificate => {
            let asked = super::certificate::question(&World::of_tenant(), &draft);
            return Question::Certificate(Box::new(asked));
        }
        Artifact::DeviceRequest => return super::request::question(&draft),
        Artifact::Decision => return Exchange::answered(draft).question(),
        _ => World::with_license(draft),
    };
    world.question()
}
