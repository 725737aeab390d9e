//! Slots that an imported snapshot listed, and of which what follows for the license or the seat is still to be done
//! (`spec/revocation.md` §7.3).

use std::collections::{BTreeMap, BTreeSet};

use sealgate_artifact::{ActivationId, AppId, LicenseId, StatementId, TenantId, UnixSeconds};

use super::Slotted;
use crate::columns::{count, parsed, signed, time};
use crate::many::{MANY, for_all, with_rows};
use crate::sql::{FromRow, Query, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

macro_rules! of_tenant {
    ($kind:literal) => {
        concat!(
            "SELECT app_id, slot, license_id, version, activation_id, generation, bundle_id, pending_since FROM slots \
             WHERE tenant_id = $1 AND pending_since IS NOT NULL \
             AND activation_id IS ",
            $kind,
            " AND (app_id, slot) > ($2, $3) ORDER BY app_id, slot LIMIT $4"
        )
    };
}

macro_rules! done {
    () => {
        "UPDATE slots SET pending_since = NULL WHERE app_id = $1 AND pending_since IS NOT NULL AND slot IN "
    };
}

statements! {
    VERSIONS = of_tenant!("NULL");
    PROOFS = of_tenant!("NOT NULL");
    // Whoever was let in again has a newer proof of the same generation.
    SEAT = "SELECT d.device_id FROM activations a JOIN licenses l ON l.license_id = a.license_id AND l.revoked_at IS NULL \
            JOIN devices d ON d.license_id = a.license_id AND d.kind = 'key' \
            AND d.identity = a.identity WHERE a.activation_id = $1 AND a.generation = $2 AND a.end_code IS NULL \
            AND NOT EXISTS (SELECT 1 FROM slots o WHERE o.license_id = a.license_id AND o.activation_id = a.activation_id \
            AND o.generation = a.generation AND o.listed_at IS NULL)";
    PROOF = "SELECT proof FROM activations WHERE activation_id = $1 AND generation = $2";
    // No version of a license has this id: so the next heartbeat gives the device a newer proof.
    PROVE_ANEW = "UPDATE activations SET statement_id = $4 WHERE activation_id = $1 AND generation = $2 AND proof = $3";
    DONE = with_rows!(done!(), (1, 2, 1), "", "");
    DONE_MANY = with_rows!(done!(), (1, 2, MANY), "", "");
}

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingOf {
    /// Versions of licenses, and bundles.
    Licenses,
    /// Proofs of devices.
    Devices,
}

/// A slot, and what has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct Pending {
    pub app: AppId,
    pub slot: u64,
    pub license: LicenseId,
    /// When the snapshot was signed that listed it.
    pub since: UnixSeconds,
    /// A runtime's database user may add rows: one that does not parse has nothing, and stops nobody.
    pub what: Option<Slotted>,
}

impl FromRow for Pending {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            app: parsed(row, "app_id", |t| AppId::parse(t).ok())?,
            slot: count(row, "slot")?,
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            since: time(row, "pending_since")?,
            what: Slotted::of(row)?,
        })
    }
}

/// Those of the tenant, by app and slot, starting after that one.
pub async fn page(
    on: impl Read,
    (tenant, of): (TenantId, PendingOf),
    after: Option<(AppId, u64)>,
    limit: u32,
) -> Result<Vec<Pending>, StoreError> {
    let statement = match of {
        PendingOf::Licenses => VERSIONS,
        PendingOf::Devices => PROOFS,
    };
    let (app, slot) = after.map_or((String::new(), 0), |(app, slot)| (app.to_string(), slot));
    let query = query_as(statement).bind(tenant.to_string()).bind(app).bind(signed(slot));
    query.bind(signed(limit.into())).fetch_all(on).await
}

/// The id of the device that holds a seat of a license that is not revoked by proofs of this generation, if it does and they are
/// all listed.
pub async fn seat(
    on: impl Read,
    activation: ActivationId,
    generation: u64,
) -> Result<Option<String>, StoreError> {
    let found = query(SEAT).bind(activation.to_string()).bind(signed(generation)).fetch_optional(on).await?;
    found.map(|row| row.get("device_id")).transpose()
}

/// The carrier of the newest proof of a generation, if that is the present one.
pub async fn proof(
    on: impl Read,
    activation: ActivationId,
    generation: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let found = query(PROOF).bind(activation.to_string()).bind(signed(generation)).fetch_optional(on).await?;
    found.map(|row| row.get("proof")).transpose()
}

/// Has the device get a newer proof with its next heartbeat, if this is still its newest.
pub async fn prove_anew(
    tx: &mut Tx<'_>,
    (activation, generation): (ActivationId, u64),
    proof: &[u8],
) -> Result<(), StoreError> {
    let query = query(PROVE_ANEW).bind(activation.to_string()).bind(signed(generation)).bind(proof.to_vec());
    query.bind(StatementId::from_bytes([0; 32]).to_string()).execute(tx).await?;
    Ok(())
}

/// What follows of these was done.
pub async fn done(tx: &mut Tx<'_>, slots: &[(AppId, u64)]) -> Result<(), StoreError> {
    let mut of_apps: BTreeMap<AppId, BTreeSet<u64>> = BTreeMap::new();
    for (app, slot) in slots {
        of_apps.entry(*app).or_default().insert(*slot);
    }
    for (app, slots) in of_apps {
        let slots: Vec<u64> = slots.into_iter().collect();
        let bind = |query: Query, some: &[u64]| {
            some.iter().fold(query.bind(app.to_string()), |query, slot| query.bind(signed(*slot)))
        };
        for_all(tx, [DONE, DONE_MANY], &slots, bind).await?;
    }
    Ok(())
}
