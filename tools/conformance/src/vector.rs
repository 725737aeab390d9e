//! The format of a vector file (`vectors/README.md`).

use serde::{Deserialize, Serialize};

use crate::guard::{FeaturesAsked, StateAsked, TenantsAsked, TimeAsked};
use crate::{
    Acknowledging, Beaten, BundleShown, Bytes, Certified, Chain, ChainShown, Decided, KeyClaim, Proved,
    Published, ReAnchorShown, SeedChained, ShardShown, SignatureClaim, SnapshotShown,
};

/// What a folder of vectors is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Artifact {
    /// Envelopes on their own.
    Envelope,
    /// JSON texts on which readers disagree, each as a payload.
    Json,
    /// Root statements under pinned roots.
    Root,
    /// What was accepted before.
    Memory,
    /// Keysets under pinned roots.
    Keyset,
    /// Tenant keysets under a keyset.
    TenantKeyset,
    /// Server certificates under a keyset.
    ServerCertificate,
    /// Licenses under a tenant keyset.
    License,
    /// Requests of devices, each under the key that it names.
    DeviceRequest,
    /// Decisions under a server certificate.
    Decision,
    /// Requests of devices to be admitted, each under the key that it names.
    ActivationRequest,
    /// Activation proofs under a tenant keyset, beside a license.
    ActivationProof,
    /// Heartbeats of devices, each under the key that it names.
    HeartbeatRequest,
    /// Answers to heartbeats under a server certificate.
    HeartbeatAnswer,
    /// Releases under a tenant keyset.
    Release,
    /// Shards under a tenant keyset.
    Shard,
    /// Snapshots under a tenant keyset.
    Snapshot,
    /// Requests of devices for bundles, each under the key that it names.
    OfflineRequest,
    /// Bundles under a tenant keyset.
    Bundle,
    /// Journals of machines without a network, each with its entries.
    Journal,
    /// Acknowledgements of journals under a tenant keyset.
    Acknowledgement,
    /// Words to one machine on what time it is, under a tenant keyset.
    ReAnchor,
    /// Receipts of machines that give a license back.
    ReturnReceipt,
    /// The signature rule and the check of keys.
    Ed25519,
    /// License keys as people type them.
    LicenseKey,
    /// Identifiers.
    Identifier,
    /// Files that say what to trust.
    TrustFile,
    /// Chains of actions.
    Chain,
    /// What a guarded program may do.
    Guard,
}

impl Artifact {
    /// Every folder there is.
    pub const ALL: [Self; 29] = [
        Self::Envelope,
        Self::Json,
        Self::Root,
        Self::Memory,
        Self::Keyset,
        Self::TenantKeyset,
        Self::ServerCertificate,
        Self::License,
        Self::DeviceRequest,
        Self::Decision,
        Self::ActivationRequest,
        Self::ActivationProof,
        Self::HeartbeatRequest,
        Self::HeartbeatAnswer,
        Self::Release,
        Self::Shard,
        Self::Snapshot,
        Self::OfflineRequest,
        Self::Bundle,
        Self::Journal,
        Self::Acknowledgement,
        Self::ReAnchor,
        Self::ReturnReceipt,
        Self::Ed25519,
        Self::LicenseKey,
        Self::Identifier,
        Self::TrustFile,
        Self::Chain,
        Self::Guard,
    ];

    /// The folder's name.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Json => "json",
            Self::Root => "root",
            Self::Memory => "memory",
            Self::Keyset => "keyset",
            Self::TenantKeyset => "tenant-keyset",
            Self::ServerCertificate => "server-certificate",
            Self::License => "license",
            Self::DeviceRequest => "device-request",
            Self::Decision => "decision",
            Self::ActivationRequest => "activation-request",
            Self::ActivationProof => "activation-proof",
            Self::HeartbeatRequest => "heartbeat-request",
            Self::HeartbeatAnswer => "heartbeat-answer",
            Self::Release => "release",
            Self::Shard => "shard",
            Self::Snapshot => "snapshot",
            Self::OfflineRequest => "offline-request",
            Self::Bundle => "bundle",
            Self::Journal => "journal",
            Self::Acknowledgement => "acknowledgement",
            Self::ReAnchor => "re-anchor",
            Self::ReturnReceipt => "return-receipt",
            Self::Ed25519 => "ed25519",
            Self::LicenseKey => "license-key",
            Self::Identifier => "identifier",
            Self::TrustFile => "trust-file",
            Self::Chain => "chain",
            Self::Guard => "guard",
        }
    }
}

/// One file: what it shows and what is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vector {
    /// The claim, in one sentence.
    pub shows: String,
    /// What to do with the rest.
    #[serde(flatten)]
    pub question: Question,
}

/// What is asked of an implementation. The field `check` says which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "check", rename_all = "kebab-case")]
pub enum Question {
    /// Decode an envelope (`spec/envelope.md` §1 and §4).
    Envelope {
        /// The envelope as received.
        envelope: Bytes,
    },
    /// Verify a chain (`spec/keys.md` §4).
    Chain(Box<Chain>),
    /// Verify a server certificate under a chain (`spec/keys.md` §5.9).
    Certificate(Box<Certified>),
    /// Verify a device's request (`spec/online.md` §3).
    DeviceRequest {
        /// The request's envelope.
        request: Bytes,
    },
    /// Verify a server certificate, a device's request, and the decision that answers it (`spec/online.md` §5).
    Decision(Box<Decided>),
    /// Verify a device's request to be admitted (`spec/activation.md` §4).
    ActivationRequest {
        /// The request's envelope, or one with an attachment.
        request: Bytes,
    },
    /// Verify a chain with a license, and the proof that a device was admitted to it (`spec/activation.md` §3.3).
    ActivationProof(Box<Proved>),
    /// Verify a device's heartbeat (`spec/activation.md` §6.2).
    HeartbeatRequest {
        /// The heartbeat's envelope, or one with an attachment.
        request: Bytes,
    },
    /// Verify a server certificate, a device's heartbeat, and the answer to it (`spec/activation.md` §7.3).
    HeartbeatAnswer(Box<Beaten>),
    /// Verify a chain and a release under it (`spec/activation.md` §8.2).
    Release(Box<Published>),
    /// Verify a chain and a shard under it, and look slots up (`spec/revocation.md` §3).
    Shard(Box<ShardShown>),
    /// Verify a chain and a snapshot under it (`spec/revocation.md` §4).
    Snapshot(Box<SnapshotShown>),
    /// Verify a device's request for a bundle (`spec/offline.md` §2.4).
    OfflineRequest {
        /// The request's envelope.
        request: Bytes,
    },
    /// Verify a chain and a bundle under it, and whether it is for a machine (`spec/offline.md` §4).
    Bundle(Box<BundleShown>),
    /// Verify a machine's journal, and its entries (`spec/journal.md` §2.3).
    Journal {
        /// The journal's envelope.
        journal: Bytes,
        /// The entries beside it.
        entries: Bytes,
    },
    /// Verify a chain and an acknowledgement under it (`spec/journal.md` §4.3).
    Acknowledgement(Box<Acknowledging>),
    /// Verify a chain and a word on what time it is under it, for one machine (`spec/offline.md` §6.2).
    ReAnchor(Box<ReAnchorShown>),
    /// Verify a machine's receipt (`spec/offline.md` §7.2).
    ReturnReceipt {
        /// The receipt's envelope.
        receipt: Bytes,
    },
    /// Verify each signature (`spec/ed25519.md` §1); all get the same verdict.
    Signatures {
        /// The signatures.
        list: Vec<SignatureClaim>,
    },
    /// Check each key (`spec/ed25519.md` §2); all get the same verdict.
    Keys {
        /// The keys.
        list: Vec<KeyClaim>,
    },
    /// Read a license key (`spec/license.md` §3).
    LicenseKey {
        /// What someone typed.
        text: String,
        /// The 128 bits that its printed form stands for, in hexadecimal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bits: Option<String>,
    },
    /// Read an identifier (`spec/keys.md` §1).
    Identifier {
        /// What someone sent.
        text: String,
    },
    /// Read a `trust.json` and verify its chain under what it pins (`spec/keys.md` §6.4).
    TrustFile {
        /// The one time of the whole verification, in Unix seconds.
        now: u64,
        /// The file.
        file: Bytes,
    },
    /// Judge what a device shows of its chain of actions (`spec/chain.md` §4).
    ChainEntries(Box<ChainShown>),
    /// Compute key and signature of the seed chain (`spec/chain.md` §7).
    SeedChain(Box<SeedChained>),
    /// Tell the time of a guarded program (`spec/guard.md` §2).
    GuardTime(TimeAsked),
    /// Judge what a guarded program may do when it starts (`spec/guard.md` §3 and §4).
    GuardState(Box<StateAsked>),
    /// Say which features a guarded program has (`spec/guard.md` §7).
    GuardFeatures(FeaturesAsked),
    /// Count what the tenants of a guarded program do (`spec/guard.md` §8).
    GuardTenants(TenantsAsked),
}

impl Question {
    /// The envelopes of the question: root statements, keyset, tenant keyset, then license, release, shard, snapshot or certificate;
    /// behind a license, the request that was sent and the proof; behind a certificate, request and answer.
    pub fn envelopes(&self) -> Vec<&Bytes> {
        match self {
            Self::Envelope { envelope } => vec![envelope],
            Self::Chain(chain) => chain.envelopes().chain(&chain.license).collect(),
            Self::Certificate(asked) => asked.envelopes().collect(),
            Self::DeviceRequest { request }
            | Self::ActivationRequest { request }
            | Self::OfflineRequest { request }
            | Self::HeartbeatRequest { request } => vec![request],
            Self::Decision(asked) => {
                asked.certified.envelopes().chain([&asked.request, &asked.decision]).collect()
            }
            Self::ActivationProof(asked) => {
                let above = asked.chain.envelopes().chain(&asked.chain.license);
                above.chain(&asked.request).chain([&asked.proof]).collect()
            }
            Self::HeartbeatAnswer(asked) => {
                asked.certified.envelopes().chain([&asked.request, &asked.answer]).collect()
            }
            Self::Release(asked) => asked.chain.envelopes().chain([&asked.release]).collect(),
            Self::Shard(asked) => asked.chain.envelopes().chain([&asked.shard]).collect(),
            Self::Snapshot(asked) => asked.chain.envelopes().chain([&asked.snapshot]).collect(),
            Self::Bundle(asked) => asked.chain.envelopes().chain([&asked.bundle]).collect(),
            Self::Journal { journal, .. } => vec![journal],
            Self::Acknowledgement(asked) => asked.chain.envelopes().chain([&asked.acknowledgement]).collect(),
            Self::ReAnchor(asked) => asked.chain.envelopes().chain([&asked.re_anchor]).collect(),
            Self::ReturnReceipt { receipt } => vec![receipt],
            _ => vec![],
        }
    }

    /// The same question with these bytes for the envelope of that place.
    #[must_use]
    pub fn with_envelope(&self, place: usize, bytes: Vec<u8>) -> Self {
        let mut changed = self.clone();
        let envelopes: Vec<&mut Bytes> = match &mut changed {
            Self::Envelope { envelope } => vec![envelope],
            Self::DeviceRequest { request }
            | Self::ActivationRequest { request }
            | Self::OfflineRequest { request }
            | Self::HeartbeatRequest { request } => vec![request],
            Self::Chain(chain) => chain.envelopes_mut(),
            Self::Certificate(asked) => asked.envelopes_mut(),
            Self::Decision(asked) => {
                let Decided { certified, request, decision } = &mut **asked;
                certified.envelopes_mut().into_iter().chain([request, decision]).collect()
            }
            Self::ActivationProof(asked) => {
                let Proved { chain, request, proof, .. } = &mut **asked;
                chain.envelopes_mut().into_iter().chain(request).chain([proof]).collect()
            }
            Self::HeartbeatAnswer(asked) => {
                let Beaten { certified, request, answer } = &mut **asked;
                certified.envelopes_mut().into_iter().chain([request, answer]).collect()
            }
            Self::Release(asked) => {
                let Published { chain, release } = &mut **asked;
                chain.envelopes_mut().into_iter().chain([release]).collect()
            }
            Self::Shard(asked) => {
                let ShardShown { chain, shard, .. } = &mut **asked;
                chain.envelopes_mut().into_iter().chain([shard]).collect()
            }
            Self::Snapshot(asked) => {
                let SnapshotShown { chain, snapshot, .. } = &mut **asked;
                chain.envelopes_mut().into_iter().chain([snapshot]).collect()
            }
            Self::Bundle(asked) => {
                let BundleShown { chain, bundle, .. } = &mut **asked;
                chain.envelopes_mut().into_iter().chain([bundle]).collect()
            }
            Self::Journal { journal, .. } => vec![journal],
            Self::Acknowledgement(asked) => {
                let Acknowledging { chain, acknowledgement } = &mut **asked;
                chain.envelopes_mut().into_iter().chain([acknowledgement]).collect()
            }
            Self::ReAnchor(asked) => {
                let ReAnchorShown { chain, re_anchor, .. } = &mut **asked;
                chain.envelopes_mut().into_iter().chain([re_anchor]).collect()
            }
            Self::ReturnReceipt { receipt } => vec![receipt],
            _ => vec![],
        };
        if let Some(envelope) = envelopes.into_iter().nth(place) {
            *envelope = Bytes::from(bytes);
        }
        changed
    }
}
