//! What the vectors claim. One file per artifact; a table of claims reads best as a table.

mod acknowledgement;
mod activation_proof;
mod activation_request;
mod attachments;
mod bundle;
mod by_device;
mod by_issuer;
mod case;
mod certificate;
mod chain;
mod chain_form;
mod conditions;
mod decision;
mod ed25519;
mod envelope;
mod fields;
mod guard_kept;
mod guard_revoked;
mod guard_sets;
mod guard_state;
mod guard_time;
mod heartbeat_answer;
mod heartbeat_request;
mod journal;
mod json;
mod keyset;
mod kinds;
mod license;
mod listed_keys;
mod memory;
mod modules;
mod offline_request;
mod order;
mod outcomes;
mod plain_text;
mod release;
mod request;
mod revoking;
mod root;
mod shard;
mod shard_body;
mod snapshot;
mod tenant_keyset;
mod terms;
mod trust_file;

pub use case::Case;
pub(crate) use ed25519::{ORDER_EIGHT, add_l, small_order_encodings};

use crate::Artifact;

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
        terms::cases(),
        conditions::cases(),
        attachments::cases(),
        request::cases(),
        decision::cases(),
        modules::cases(),
        activation_request::cases(),
        activation_proof::cases(),
        heartbeat_request::cases(),
        heartbeat_answer::cases(),
        outcomes::cases(),
        release::cases(),
        shard::cases(),
        shard_body::cases(),
        snapshot::cases(),
        offline_request::cases(),
        bundle::cases(),
        journal::cases(),
        acknowledgement::cases(),
        json::cases(),
        kinds::cases(),
        ed25519::cases(),
        plain_text::license_keys(),
        plain_text::identifiers(),
        order::cases(),
        trust_file::cases(),
        chain::cases(),
        chain_form::cases(),
        guard_time::cases(),
        guard_state::cases(),
        guard_kept::cases(),
        guard_revoked::cases(),
        guard_sets::cases(),
    ]
    .concat()
}

const SHARD: &str = "Shards under a sound chain (`spec/revocation.md` §2, §3 and §5.4). Unless its line says otherwise, each is signed by \
             a snapshot key of the tenant keyset. An `ok` is followed by the shard's id, and `yes` or `no` for each slot that is \
             looked up.";
const SNAPSHOT: &str = "Snapshots under a sound chain (`spec/revocation.md` §4 and §5.4). Unless its line says otherwise, each is signed by a \
             snapshot key of the tenant keyset. An `ok` is followed by the snapshot's id and the number of its shards.";
const OFFLINE_REQUEST: &str = "Requests of devices for bundles (`spec/offline.md` §2). Unless its line says otherwise, each is signed by the device that it \
             names.";
const BUNDLE: &str = "Bundles for machines without a network, under a sound chain (`spec/offline.md` §3 and §4). Unless its line says otherwise, each is \
             signed by the issuer. An `ok` is followed by the bundle's id, its end, and for how many machines it is.";
const JOURNAL: &str = "Journals of machines without a network (`spec/journal.md` §1 and §2). Unless its line says otherwise, each is signed by the device \
             that it names. An `ok` is followed by the journal's id and the number of its entries.";
const ACKNOWLEDGEMENT: &str = "Acknowledgements of journals, under a sound chain (`spec/journal.md` §4). Unless its line says otherwise, each is signed by the \
             issuer. An `ok` is followed by its id and how many chains it acknowledges.";
const RE_ANCHOR: &str = "Words to one machine on what time it is, under a sound chain (`spec/offline.md` §6). Unless its line says otherwise, each is signed by \
             the issuer. An `ok` is followed by the id.";
const RETURN_RECEIPT: &str = "Receipts of machines that give a license back (`spec/offline.md` §7). Unless its line says otherwise, each is signed by the device \
             that it names. An `ok` is followed by the id.";
const HEARTBEAT_ANSWER: &str = "Answers of a server that is certified for the caller, to a sound heartbeat (`spec/activation.md` §7.2 and \
             §7.3). Unless its line says otherwise, each is signed by that server. An `ok` is followed by the ids of \
             certificate, heartbeat and answer.";
const ACTIVATION_PROOF: &str = "Proofs that a device was admitted, beside a sound license (`spec/activation.md` §3). Unless its line says \
             otherwise, each is signed by an activation key of the tenant keyset. An `ok` is followed by the ids of license, \
             request, where one was sent, and proof.";
const CHAIN: &str = "Chains of actions (`spec/chain.md`): what a server concludes from the head and the list that a device shows (§4). An \
     `ok` is followed by the new acknowledged head, or by `resend_from` and a number. The seed chain (§7): by key and \
     signature.";
const GUARD: &str = "What a guarded program may do (`spec/guard.md`): what time it is (§2), its rights when it starts (§3, §4, §6), its features \
     (§7) and its tenants' limits (§8). Nothing is refused here: to be free of rights is an answer. An `ok` is followed by what \
     the page above says of each `check`.";

/// What a folder's README opens with.
pub(crate) fn introduction(artifact: Artifact) -> &'static str {
    match artifact {
        Artifact::Envelope => {
            "Envelopes on their own, by `spec/envelope.md` §1 and §4. An `ok` is followed by the id. Nobody verifies them here."
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
        Artifact::ActivationRequest => {
            "Requests of devices to be admitted to a license (`spec/activation.md` §2 and §4). Unless its line says otherwise, \
             each is signed by the device that it names."
        }
        Artifact::ActivationProof => ACTIVATION_PROOF,
        Artifact::HeartbeatRequest => {
            "Heartbeats of admitted devices (`spec/activation.md` §6). Unless its line says otherwise, each is signed by the \
             device that it names."
        }
        Artifact::HeartbeatAnswer => HEARTBEAT_ANSWER,
        Artifact::Release => {
            "Releases under a sound chain (`spec/activation.md` §2 and §8). Unless its line says otherwise, each is signed by \
             an update key of the tenant keyset."
        }
        Artifact::Shard => SHARD,
        Artifact::Snapshot => SNAPSHOT,
        Artifact::OfflineRequest => OFFLINE_REQUEST,
        Artifact::Bundle => BUNDLE,
        Artifact::Journal => JOURNAL,
        Artifact::Acknowledgement => ACKNOWLEDGEMENT,
        Artifact::ReAnchor => RE_ANCHOR,
        Artifact::ReturnReceipt => RETURN_RECEIPT,
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
        Artifact::Chain => CHAIN,
        Artifact::Guard => GUARD,
        Artifact::TrustFile => {
            "Files `trust.json` (`spec/keys.md` §6), each verified under the roots that it pins, for its tenant. An `ok` is \
             followed by the ids of the last root statement, keyset and tenant keyset."
        }
    }
}
