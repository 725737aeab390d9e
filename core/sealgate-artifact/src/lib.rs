//! Bytes to typed artifacts and back.
//!
//! This crate must never believe anything: it decides whether bytes are *well formed*, never whether they are
//! *true*. What it decodes from outside is [`Unverified`]; only `sealgate-trust` turns that into something a rule
//! may use. It reads no clock, no file, no environment and no random source.
//!
//! The law on every format is `spec/`; clauses are quoted above the code that carries them out.

mod activation_proof;
mod activation_request;
mod attachments;
mod b64;
mod certificate;
mod chain_entry;
mod code;
mod conditions;
mod decimal;
mod decision;
mod device;
mod envelope;
mod error;
mod fields;
mod foreign;
mod foreign_key;
mod heartbeat_answer;
mod heartbeat_request;
mod hex;
mod ids;
mod json;
mod key_use;
mod keys;
mod keyset;
mod kind;
mod kind_visitor;
mod license;
mod license_key;
pub mod limits;
mod module;
mod module_note;
mod offline;
mod operation;
mod origin;
mod permits;
mod policy;
mod release;
mod request;
mod root;
mod sealing;
mod shard;
mod shard_body;
mod slug;
mod snapshot;
mod statement;
mod statement_id;
mod terms;
mod time;
mod typed;
mod word;

pub use activation_proof::ActivationProof;
pub use activation_request::ActivationRequest;
pub use attachments::{Attachments, Carrier};
pub use b64::{decode as decode_base64, encode as encode_base64};
pub use certificate::ServerCertificate;
pub use chain_entry::{ChainEntry, ChainHead, ChainRecord, ChainWord};
pub use code::{Code, Family};
pub use conditions::Conditions;
pub use decimal::Decimal;
pub use decision::{Decision, Outcome};
pub use device::{Device, Hwid};
pub use envelope::{Envelope, SignatureEntry, pre_authentication_encoding};
pub use error::ArtifactError;
pub use foreign::Foreign;
pub use foreign_key::ForeignKey;
pub use heartbeat_answer::{BeatOutcome, HeartbeatAnswer, NextBeat};
pub use heartbeat_request::HeartbeatRequest;
pub use hex::{decode as decode_hex, encode as encode_hex};
pub use ids::{
    ActivationId, AppId, ApprovalId, BundleId, ChainId, CustomerId, DeviceId, EntryId, InstanceId, LicenseId,
    PlanId, RecordId, ReleaseId, TenantId, TokenId,
};
pub use json::{Value, parse as parse_json, parse_variable, parse_with_decimals};
pub use key_use::KeyUse;
pub use keys::{KeyId, PublicKey};
pub use keyset::{KeyRecord, KeyState, Keyset, TenantKeyset};
pub use kind::Kind;
pub use kind_visitor::KindVisitor;
pub use license::{License, MaxDevices, Tier};
pub use license_key::LicenseKey;
pub use module::Module;
pub use module_note::{ModuleNote, NoNote, ReadAt};
pub use offline::{
    Acknowledged, Acknowledgement, Bundle, Journal, JournalEntry, JournalHead, JournalKind, LicenseHint,
    Machines, OfflineRequest, ReAnchor, ReturnReceipt,
};
pub use operation::{Operation, OtherOperation};
pub use origin::{Origin, is_loopback};
pub use permits::{Allowances, OfflinePermit};
pub use policy::{
    AntiTamper, ClockMode, ClockPolicy, Fail, Freshness, Heartbeat, Integrity, Policy, SeatHold, Unknown,
};
pub use release::Release;
pub use request::{AboutDevice, DeviceRequest, LicenseName, Nonce};
pub use root::Root;
pub use sealing::{SealedSecret, SealingKey};
pub use shard::Shard;
pub use shard_body::ShardBody;
pub use slug::Slug;
pub use snapshot::{ShardEntry, Snapshot};
pub use statement::{Statement, Unverified};
pub use statement_id::StatementId;
pub use terms::{Feature, Licensee, Limit, Variable, VariableValue};
pub use time::UnixSeconds;
pub use word::Word;
