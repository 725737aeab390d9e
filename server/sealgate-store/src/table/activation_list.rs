//! Activations as the vendor sees them: without their proofs, which may be long.

use sealgate_artifact::{ActivationId, ChainHead, DeviceId, LicenseId, PublicKey, TenantId, UnixSeconds};

use super::activations::{Ended, ended, head};
use super::page::{Part, filtered, readable};
use crate::columns::{count, optional, optional_time, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.activation_id, a.license_id, a.identity, a.generation, a.activated_at, a.end_code, a.ended_at, ",
            "a.grace_until, a.chain_seq, a.chain_mac, a.anchor, a.reanchor_asked_at, (SELECT d.device_id FROM devices d ",
            "WHERE d.license_id = a.license_id AND d.kind = 'key' AND d.identity = a.identity) AS device_id, ",
            "(SELECT MAX(i.heard_at) FROM instances i WHERE i.activation_id = a.activation_id) AS last_heard ",
            "FROM activations a ",
            $rest
        )
    };
}

statements! {
    FIND = select!("WHERE a.tenant_id = $1 AND a.activation_id = $2");
    FIND_OF_DEVICE = select!("WHERE a.license_id = $1 AND a.identity = $2");
    LIST = select!("WHERE a.tenant_id = $1 AND a.activation_id < $2 ORDER BY a.activation_id DESC LIMIT $3");
    LIST_OF_LICENSE = select!(
        "WHERE a.tenant_id = $1 AND a.license_id = $4 AND a.activation_id < $2 ORDER BY a.activation_id DESC LIMIT $3"
    );
    // Whoever asks again before it was done asks for the same. The end that the chain caused is lifted.
    REANCHOR = "UPDATE activations SET reanchor_asked_at = COALESCE(reanchor_asked_at, $3), \
                ended_at = CASE WHEN end_code = 'chain_mismatch' THEN NULL ELSE ended_at END, \
                grace_until = CASE WHEN end_code = 'chain_mismatch' THEN NULL ELSE grace_until END, \
                end_code = CASE WHEN end_code = 'chain_mismatch' THEN NULL ELSE end_code END \
                WHERE tenant_id = $1 AND activation_id = $2";
}

/// An activation without its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct ListedActivation {
    pub id: ActivationId,
    pub license: LicenseId,
    pub device_key: PublicKey,
    pub generation: u64,
    pub activated_at: UnixSeconds,
    pub ended: Option<Ended>,
    pub head: ChainHead,
    pub anchor: u64,
    pub reanchor_asked_at: Option<UnixSeconds>,
    /// The device, while it has a seat.
    pub device: Option<DeviceId>,
    pub last_heard: Option<UnixSeconds>,
}

impl FromRow for ListedActivation {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "activation_id", |t| ActivationId::parse(t).ok())?,
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            device_key: parsed(row, "identity", |t| PublicKey::parse(t).ok())?,
            generation: count(row, "generation")?,
            activated_at: time(row, "activated_at")?,
            ended: ended(row)?,
            head: head(row)?,
            anchor: count(row, "anchor")?,
            reanchor_asked_at: optional_time(row, "reanchor_asked_at")?,
            device: optional(row, "device_id", |t| DeviceId::parse(t).ok())?,
            // Of another table, into which others may write: it must hide no activation.
            last_heard: optional_time(row, "last_heard").unwrap_or_default(),
        })
    }
}

/// The tenant's activation with this id.
pub async fn find(
    on: impl Read,
    tenant: TenantId,
    id: ActivationId,
) -> Result<Option<ListedActivation>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// The activation of a license on the device with this key.
pub async fn of_device(
    on: impl Read,
    license: LicenseId,
    key: PublicKey,
) -> Result<Option<ListedActivation>, StoreError> {
    query_as(FIND_OF_DEVICE).bind(license.to_string()).bind(key.to_string()).fetch_optional(on).await
}

/// The tenant's activations, or those of one license, newest first, starting with those older than `before`.
pub async fn list(
    on: impl Read + Copy,
    tenant: TenantId,
    license: Option<LicenseId>,
    before: Option<ActivationId>,
    limit: u32,
) -> Result<Vec<ListedActivation>, StoreError> {
    let part = Part { tenant, before: before.map(|id| id.to_string()), limit };
    readable(filtered(LIST, LIST_OF_LICENSE, license), part, on, "activations").await
}

/// Asks that the head which the next heartbeat claims of its chain is taken; `false` where there is no such activation.
pub async fn reanchor(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    id: ActivationId,
    at: UnixSeconds,
) -> Result<bool, StoreError> {
    let query = query(REANCHOR).bind(tenant.to_string()).bind(id.to_string());
    Ok(query.bind(signed(at.get())).execute(tx).await? > 0)
}
