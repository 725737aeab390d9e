//! What stands in the questions of vectors (`vectors/README.md`).

use serde::{Deserialize, Serialize};

use crate::Bytes;

/// What a server knows of a chain of actions, and what a device shows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainShown {
    /// The chain's secret, in hexadecimal.
    pub secret: String,
    /// The activation's identifier.
    pub activation: String,
    /// The statement id of the request that the generation began with.
    pub request: String,
    /// How often the device was activated again.
    pub generation: u64,
    /// The head that the server acknowledged.
    pub acknowledged: ShownHead,
    /// The head that the device claims.
    pub claimed: ShownHead,
    /// The list of entries; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Bytes>,
    /// The word of the fault that is found; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownHead {
    /// Its number.
    pub seq: u64,
    /// Its MAC, in hexadecimal.
    pub mac: String,
}

/// One entry of the seed chain, and what its key is made of. What is absent has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of `spec/chain.md` §7.1")]
pub struct SeedChained {
    /// Not `license`: a vector of that name is a license.
    #[serde(rename = "seed", default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    pub seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    #[serde(rename = "type")]
    pub action_type: String,
    pub action: String,
    pub hash: String,
    pub at: String,
}

/// A chain of statements and what the caller expects of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The one time of the whole verification, in Unix seconds.
    pub now: u64,
    /// The pinned root keys, base64.
    pub roots: Vec<String>,
    /// How many of them must sign.
    pub threshold: usize,
    /// The version of the root statement that says so; `null` where a person typed the roots.
    pub root_version: Option<u64>,
    /// The root statements' envelopes, oldest first.
    pub root_chain: Vec<Bytes>,
    /// The keyset's envelope.
    pub keyset: Bytes,
    /// The tenant keyset's envelope.
    pub tenant_keyset: Bytes,
    /// The license's envelope, where the question is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<Bytes>,
    /// The tenant that the caller expects; `null` expects none.
    pub expect_tenant: Option<String>,
    /// The app that the caller is; `null` expects none.
    pub expect_app: Option<String>,
    /// What the verifier accepted before; absent where it remembers nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Memory>,
}

impl Chain {
    pub(crate) fn envelopes(&self) -> impl Iterator<Item = &Bytes> {
        self.root_chain.iter().chain([&self.keyset, &self.tenant_keyset])
    }

    /// The same to be changed, and the license where there is one.
    pub(crate) fn envelopes_mut(&mut self) -> Vec<&mut Bytes> {
        let Self { root_chain, keyset, tenant_keyset, license, .. } = self;
        root_chain.iter_mut().chain([keyset, tenant_keyset]).chain(license).collect()
    }
}

/// What a verifier remembers (`spec/keys.md` §4.7).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The tenant it is of.
    pub tenant: Option<String>,
    /// Of the root statements.
    pub root: Option<Remembered>,
    /// Of the keyset.
    pub keyset: Option<Remembered>,
    /// Of the tenant keyset.
    pub tenant_keyset: Option<Remembered>,
}

/// One maximum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The version accepted last.
    pub version: u64,
    /// That statement's id.
    pub statement: String,
    /// The keys that raised it, base64.
    pub raised_by: Vec<String>,
}

/// A server certificate, and what the caller wants of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certified {
    /// The chain above it; its license is absent.
    #[serde(flatten)]
    pub chain: Chain,
    /// The certificate's envelope.
    pub certificate: Bytes,
    /// The caller's tenant.
    pub tenant: String,
    /// The origin that was called.
    pub origin: String,
    /// The operation that was asked for.
    pub operation: String,
}

impl Certified {
    pub(crate) fn envelopes(&self) -> impl Iterator<Item = &Bytes> {
        self.chain.envelopes().chain([&self.certificate])
    }

    pub(crate) fn envelopes_mut(&mut self) -> Vec<&mut Bytes> {
        let Self { chain: Chain { root_chain, keyset, tenant_keyset, .. }, certificate, .. } = self;
        root_chain.iter_mut().chain([keyset, tenant_keyset, certificate]).collect()
    }
}

/// What a device asked and what a server decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The server's certificate and what the caller wants of the server.
    #[serde(flatten)]
    pub certified: Certified,
    /// The envelope of the request that the caller sent.
    pub request: Bytes,
    /// The envelope that came back.
    pub decision: Bytes,
}

/// The proof that a device was admitted to a license.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved {
    /// The chain above it, with the license that the device holds; `expect_app` says which app the caller is.
    #[serde(flatten)]
    pub chain: Chain,
    /// The device's key, base64.
    pub device_key: String,
    /// The request that the proof answers; absent where the proof was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Bytes>,
    /// The proof's envelope, or one with an attachment.
    pub proof: Bytes,
}

/// What a device sent as a heartbeat and what a server answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beaten {
    /// The server's certificate and what the caller wants of the server.
    #[serde(flatten)]
    pub certified: Certified,
    /// The envelope of the heartbeat that the caller sent.
    pub request: Bytes,
    /// The envelope that came back.
    pub answer: Bytes,
}

/// A release of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The chain above it, without a license; `expect_app` says which app the caller is.
    #[serde(flatten)]
    pub chain: Chain,
    /// The release's envelope, or one with an attachment.
    pub release: Bytes,
}

/// A shard, and slots that are looked up in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardShown {
    /// The chain above it, without a license.
    #[serde(flatten)]
    pub chain: Chain,
    /// The shard's envelope, or one with an attachment.
    pub shard: Bytes,
    /// The newest shard of the block that was taken over before; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Remembered>,
    /// Slots of the app, not of the block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<u64>,
}

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotShown {
    /// The chain above it, without a license.
    #[serde(flatten)]
    pub chain: Chain,
    /// The snapshot's envelope, or one with an attachment.
    pub snapshot: Bytes,
    /// The newest snapshot that was taken over before; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Remembered>,
}

/// A bundle, and the machine that it is shown to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleShown {
    /// The chain above it, without a license; `expect_app` says which app the caller is.
    #[serde(flatten)]
    pub chain: Chain,
    /// The bundle's envelope, or one with attachments.
    pub bundle: Bytes,
    /// The newest bundle of the license that was activated before; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Remembered>,
    /// The newest version of the license itself that was accepted before; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_before: Option<Remembered>,
    /// The machine's key, base64; absent where no machine is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_key: Option<String>,
    /// The statement id of the request that the machine keeps; absent where it keeps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// An acknowledgement of journals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledging {
    /// The chain above it, without a license; `expect_app` says which app the caller is.
    #[serde(flatten)]
    pub chain: Chain,
    /// The acknowledgement's envelope, or one with an attachment.
    pub acknowledgement: Bytes,
}

/// A word to one machine on what time it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReAnchorShown {
    /// The chain above it, without a license; `expect_app` says which app the caller is.
    #[serde(flatten)]
    pub chain: Chain,
    /// Its envelope.
    pub re_anchor: Bytes,
    /// The machine's key, base64.
    pub device_key: String,
}

/// A signature in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureClaim {
    /// What is special about it.
    pub shows: String,
    /// The public key.
    pub key: String,
    /// The message.
    pub message: String,
    /// The signature.
    pub signature: String,
}

/// A public key in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyClaim {
    /// What is special about it.
    pub shows: String,
    /// The public key.
    pub key: String,
}
