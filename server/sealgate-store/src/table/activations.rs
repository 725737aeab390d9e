//! Devices that were admitted to licenses (`spec/activation.md` §1.3).

use sealgate_artifact::{
    ActivationId, ChainHead, Code, LicenseId, Nonce, PublicKey, StatementId, TenantId, UnixSeconds,
    decode_hex, encode_hex,
};

use crate::columns::{count, moment, optional, optional_time, parsed, signed, time};
use crate::many::{MANY, for_all, with_rows};
use crate::sql::{FromRow, Query, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

// A device of another kind may have a key's name: whoever has a seat still is left alone. One that only bundles hold is none
// of an activation's (spec/offline.md §5.3).
macro_rules! deactivate {
    () => {
        "UPDATE activations SET end_code = 'not_activated', ended_at = $2, grace_until = $2 WHERE license_id = $1 \
         AND NOT EXISTS (SELECT 1 FROM devices WHERE devices.license_id = $1 AND kind = 'key' \
         AND devices.identity = activations.identity AND only_bundled = 0) AND identity IN "
    };
}

statements! {
    FIND = "SELECT activation_id, tenant_id, license_id, identity, generation, begun, request, first_nonce, fingerprint, \
            proof_id, statement_id, proof, end_code, ended_at, grace_until, chain_seq, chain_mac, anchor, reanchor_asked_at, activated_at \
            FROM activations \
            WHERE license_id = $1 AND identity = $2";
    // The new generation of a known device counts only where nobody else began one meanwhile.
    NEXT = "UPDATE activations SET generation = $3, begun = $4, request = $5, first_nonce = $6, fingerprint = $7, \
            proof_id = $8, statement_id = $9, proof = $10, end_code = NULL, ended_at = NULL, grace_until = NULL, \
            chain_seq = $11, chain_mac = $12, activated_at = $13, anchor = 0, reanchor_asked_at = NULL \
            WHERE activation_id = $1 AND generation = $2";
    FIRST = "INSERT INTO activations (activation_id, tenant_id, license_id, identity, generation, begun, request, first_nonce, \
             fingerprint, proof_id, statement_id, proof, chain_seq, chain_mac, activated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
             ON CONFLICT (license_id, identity) DO NOTHING";
    STORE = "UPDATE activations SET proof_id = $3, statement_id = $4, proof = $5, end_code = $6, ended_at = $7, \
             grace_until = $8, chain_seq = $9, chain_mac = $10, anchor = $11, reanchor_asked_at = $12 \
             WHERE activation_id = $1 AND generation = $2 AND anchor = $13 AND COALESCE(reanchor_asked_at, 0) = $14 \
             AND COALESCE(end_code, '') = $15";
    DEACTIVATE = with_rows!(deactivate!(), (1, 3, 1), "", "");
    DEACTIVATE_MANY = with_rows!(deactivate!(), (1, 3, MANY), "", "");
    ADOPT = "INSERT INTO activations (activation_id, tenant_id, license_id, identity, generation, begun, request, first_nonce, \
             fingerprint, proof_id, statement_id, proof, chain_seq, chain_mac, activated_at, end_code, ended_at, \
             grace_until) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
             ON CONFLICT (activation_id) DO UPDATE SET generation = excluded.generation, request = excluded.request, \
             first_nonce = excluded.first_nonce, fingerprint = excluded.fingerprint, proof_id = excluded.proof_id, \
             statement_id = excluded.statement_id, proof = excluded.proof, chain_seq = excluded.chain_seq, \
             chain_mac = excluded.chain_mac, activated_at = excluded.activated_at, end_code = excluded.end_code, \
             ended_at = excluded.ended_at, grace_until = excluded.grace_until";
    LOCK = "UPDATE activations SET generation = generation WHERE activation_id = $1 AND generation = $2";
}

/// Why a device has no rights any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub code: Code,
    /// Since when.
    pub at: UnixSeconds,
    /// Until when it keeps what it has.
    pub grace_until: UnixSeconds,
}

/// The end of a generation: another one began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// When.
    pub at: UnixSeconds,
    /// The request that the generation had begun with; `None` where an earlier version did not note it.
    pub request: Option<StatementId>,
}

/// A device that was admitted to a license.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct ActivationRow {
    pub id: ActivationId,
    pub tenant: TenantId,
    pub license: LicenseId,
    pub device_key: PublicKey,
    pub generation: u64,
    /// How the generations before this one were followed by the next, newest last.
    pub begun: Vec<Followed>,
    /// The request that this generation began with.
    pub request: StatementId,
    /// The nonce of its first heartbeat.
    pub first_nonce: Nonce,
    pub fingerprint: Option<String>,
    pub proof_id: StatementId,
    /// The version of the license that the proof names.
    pub statement: StatementId,
    /// The proof's carrier.
    pub proof: Vec<u8>,
    pub ended: Option<Ended>,
    /// The last entry of the device's chain that is held.
    pub head: ChainHead,
    /// How often the chain of this generation was re-anchored.
    pub anchor: u64,
    /// When the vendor asked for the next time.
    pub reanchor_asked_at: Option<UnixSeconds>,
    /// When this generation began.
    pub activated_at: UnixSeconds,
}

impl FromRow for ActivationRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "activation_id", |t| ActivationId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            device_key: parsed(row, "identity", |t| PublicKey::parse(t).ok())?,
            generation: count(row, "generation")?,
            begun: parsed(row, "begun", followed)?,
            request: parsed(row, "request", StatementId::parse)?,
            first_nonce: parsed(row, "first_nonce", Nonce::parse)?,
            fingerprint: row.get("fingerprint")?,
            proof_id: parsed(row, "proof_id", StatementId::parse)?,
            statement: parsed(row, "statement_id", StatementId::parse)?,
            proof: row.get("proof")?,
            ended: ended(row)?,
            head: head(row)?,
            anchor: count(row, "anchor")?,
            reanchor_asked_at: optional_time(row, "reanchor_asked_at")?,
            activated_at: time(row, "activated_at")?,
        })
    }
}

pub(super) fn ended(row: &Row) -> Result<Option<Ended>, StoreError> {
    let (at, grace_until) = (optional_time(row, "ended_at")?, optional_time(row, "grace_until")?);
    Ok(match (optional(row, "end_code", Code::parse)?, at, grace_until) {
        (Some(code), Some(at), Some(grace_until)) => Some(Ended { code, at, grace_until }),
        _ => None,
    })
}

pub(super) fn head(row: &Row) -> Result<ChainHead, StoreError> {
    Ok(ChainHead { seq: count(row, "chain_seq")?, mac: parsed(row, "chain_mac", decode_hex)? })
}

fn followed(text: &str) -> Option<Vec<Followed>> {
    let one = |part: &str| {
        let (at, request) = match part.split_once('/') {
            Some((at, request)) => (at, Some(StatementId::parse(request)?)),
            None => (part, None),
        };
        Some(Followed { at: UnixSeconds::new(at.parse().ok()?)?, request })
    };
    text.split_whitespace().map(one).collect()
}

fn text_of(begun: &[Followed]) -> String {
    let one = |Followed { at, request }: &Followed| match request {
        Some(request) => format!("{}/{request}", at.get()),
        None => at.get().to_string(),
    };
    begun.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The activation of a license on this device.
pub async fn find(
    on: impl Read,
    license: LicenseId,
    device: PublicKey,
) -> Result<Option<ActivationRow>, StoreError> {
    query_as(FIND).bind(license.to_string()).bind(device.to_string()).fetch_optional(on).await
}

/// Begins a generation: the first of a device, or the one after that which the row was made from. `false` where somebody
/// else began one meanwhile. Instances of former generations are forgotten.
pub async fn begin(tx: &mut Tx<'_>, row: &ActivationRow, is_known: bool) -> Result<bool, StoreError> {
    let begun = if is_known {
        let query = query(NEXT).bind(row.id.to_string()).bind(signed(row.generation - 1));
        begun_at(with_head(with_generation(query, row), row.head), row).execute(&mut *tx).await?
    } else {
        let query = query(FIRST).bind(row.id.to_string()).bind(row.tenant.to_string());
        let query = query.bind(row.license.to_string()).bind(row.device_key.to_string());
        begun_at(with_head(with_generation(query, row), row.head), row).execute(&mut *tx).await?
    };
    if begun > 0 && is_known {
        super::instances::forget(tx, row.id).await?;
    }
    Ok(begun > 0)
}

/// Stores what changed within a generation, if nothing else did since `before`: the activation is held first.
pub async fn replace(
    tx: &mut Tx<'_>,
    before: &ActivationRow,
    row: &ActivationRow,
) -> Result<bool, StoreError> {
    if !lock(tx, before.id, before.generation).await? {
        return Ok(false);
    }
    let held = find(&mut *tx, before.license, before.device_key).await?;
    Ok(held.as_ref() == Some(before) && store(tx, before, row).await?)
}

/// Stores what a heartbeat changed, if nobody began another generation, ended the activation or asked for its chain to be
/// re-anchored since `before`.
pub async fn store(tx: &mut Tx<'_>, before: &ActivationRow, row: &ActivationRow) -> Result<bool, StoreError> {
    let query = query(STORE).bind(row.id.to_string()).bind(signed(row.generation));
    let query = query.bind(row.proof_id.to_string()).bind(row.statement.to_string()).bind(row.proof.clone());
    let query = with_head(with_end(query, row.ended), row.head);
    let query = query.bind(signed(row.anchor)).bind(moment(row.reanchor_asked_at));
    let query = query.bind(signed(before.anchor)).bind(moment(before.reanchor_asked_at).unwrap_or_default());
    let query = query.bind(before.ended.map_or("", |ended| ended.code.as_str()));
    Ok(query.execute(tx).await? > 0)
}

/// Takes over an activation that the database had forgotten, or holds in an older state.
pub async fn adopt(tx: &mut Tx<'_>, row: &ActivationRow) -> Result<(), StoreError> {
    let query = query(ADOPT).bind(row.id.to_string()).bind(row.tenant.to_string());
    let query = query.bind(row.license.to_string()).bind(row.device_key.to_string());
    let query = begun_at(with_head(with_generation(query, row), row.head), row);
    with_end(query, row.ended).execute(tx).await?;
    Ok(())
}

/// Ends the activations of devices with these names that have no seat any more, and lists their proofs.
pub async fn deactivate(
    tx: &mut Tx<'_>,
    of: LicenseId,
    names: &[String],
    when: UnixSeconds,
) -> Result<(), StoreError> {
    let (license, at) = (of.to_string(), signed(when.get()));
    let bind = |query: Query, some: &[String]| some.iter().fold(query.bind(&license).bind(at), Query::bind);
    for_all(tx, [DEACTIVATE, DEACTIVATE_MANY], names, bind).await?;
    // spec/revocation.md §1.5: in the same transaction.
    super::slots::list_proofs(tx, of, names, when).await
}

/// Holds the activation for this transaction, if the generation is still this one.
pub async fn lock(tx: &mut Tx<'_>, id: ActivationId, generation: u64) -> Result<bool, StoreError> {
    Ok(query(LOCK).bind(id.to_string()).bind(signed(generation)).execute(tx).await? > 0)
}

fn with_generation(query: Query, row: &ActivationRow) -> Query {
    query
        .bind(signed(row.generation))
        .bind(text_of(&row.begun))
        .bind(row.request.to_string())
        .bind(row.first_nonce.to_string())
        .bind(row.fingerprint.clone())
        .bind(row.proof_id.to_string())
        .bind(row.statement.to_string())
        .bind(row.proof.clone())
}

fn begun_at(query: Query, row: &ActivationRow) -> Query {
    query.bind(signed(row.activated_at.get()))
}

fn with_end(query: Query, ended: Option<Ended>) -> Query {
    query
        .bind(ended.map(|ended| ended.code.as_str().to_owned()))
        .bind(ended.map(|ended| signed(ended.at.get())))
        .bind(ended.map(|ended| signed(ended.grace_until.get())))
}

fn with_head(query: Query, head: ChainHead) -> Query {
    query.bind(signed(head.seq)).bind(encode_hex(&head.mac))
}
