//! What a customer has: its licenses, many together.

use sealgate_artifact::{AppId, CustomerId, LicenseId, TenantId};

use super::KeyHash;
use crate::columns::{count, digest, parsed, signed};
use crate::many::{MANY, for_all, with_rows};
use crate::sql::{FromRow, Query, Row, query, query_as};
use crate::statements::{AT_ONCE, at_once, statements};
use crate::{Read, StoreError, Subject, Tx};

macro_rules! move_license {
    () => {
        "UPDATE licenses SET customer_id = $1 WHERE tenant_id = $2 AND customer_id = $3 AND license_id IN "
    };
}

statements! {
    DEVICES = "SELECT devices_used + pools AS devices_used FROM licenses WHERE tenant_id = $1 AND customer_id = $2 ORDER BY license_id LIMIT $3";
    FIRST = "SELECT license_id, app_id, key_hash FROM licenses WHERE tenant_id = $1 AND customer_id = $2 \
             ORDER BY license_id LIMIT $3";
    MOVE = with_rows!(move_license!(), (1, 4, 1), "", "");
    MOVE_MANY = with_rows!(move_license!(), (1, 4, MANY), "", "");
    // By their key: whose the license is by now says nothing about who tried it.
    COPY_TRIALS = "INSERT INTO trials (app_id, kind, subject, tenant_id, license_id, began_at) \
                   SELECT app_id, kind, $1, tenant_id, license_id, began_at FROM trials \
                   WHERE app_id IN (SELECT app_id FROM apps WHERE tenant_id = $2) AND kind = 'customer' AND subject = $3 \
                   ON CONFLICT (app_id, kind, subject) DO NOTHING";
    FORGET_FORMER = concat!(
        "DELETE FROM license_statements WHERE license_id = $1 AND version IN (SELECT version FROM license_statements \
         WHERE license_id = $1 AND version < $2 ORDER BY version LIMIT ",
        at_once!(),
        ")"
    );
}

/// The most licenses of a customer whose devices are limited together: whoever takes a seat adds up their devices, while
/// everybody else waits who writes.
pub const LIMITED_LICENSES: u32 = 1_000;

/// How many licenses a customer has, and how many devices use them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bought {
    /// At most one more than [`LIMITED_LICENSES`].
    pub licenses: u64,
    /// Of these licenses, with what their pools take.
    pub devices: u64,
}

/// What the customer has.
pub async fn by(on: impl Read, tenant: TenantId, customer: CustomerId) -> Result<Bought, StoreError> {
    let query = query(DEVICES).bind(tenant.to_string()).bind(customer.to_string());
    let rows = query.bind(signed(u64::from(LIMITED_LICENSES) + 1)).fetch_all(on).await?;
    let mut bought = Bought { licenses: rows.len() as u64, devices: 0 };
    for row in &rows {
        bought.devices = bought.devices.saturating_add(count(row, "devices_used")?);
    }
    Ok(bought)
}

struct Moving {
    id: LicenseId,
    subject: Subject,
}

impl FromRow for Moving {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let app = parsed(row, "app_id", |t| AppId::parse(t).ok())?;
        Ok(Self {
            id: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            subject: Subject::License(app, KeyHash(digest(row, "key_hash")?)),
        })
    }
}

/// Gives the first licenses of one customer, `most` at most, to another one. Returns how many.
pub async fn move_some(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    (from, into): (CustomerId, CustomerId),
    most: u32,
) -> Result<u64, StoreError> {
    let (tenant, from, into) = (tenant.to_string(), from.to_string(), into.to_string());
    let first = query_as(FIRST).bind(&tenant).bind(&from).bind(signed(most.into()));
    let moving: Vec<Moving> = first.fetch_all(&mut *tx).await?;
    let ids = |query: Query, some: &[Moving]| {
        let query = query.bind(&into).bind(&tenant).bind(&from);
        some.iter().fold(query, |query, moving| query.bind(moving.id.to_string()))
    };
    let moved = for_all(tx, [MOVE, MOVE_MANY], &moving, ids).await?;
    for moving in moving {
        tx.changes(moving.subject);
    }
    Ok(moved)
}

/// What a locked customer tried counts for another one, too, that is locked.
pub async fn copy_trials(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    (from, into): (CustomerId, CustomerId),
) -> Result<(), StoreError> {
    let query = query(COPY_TRIALS).bind(into.to_string()).bind(tenant.to_string()).bind(from.to_string());
    query.execute(tx).await?;
    Ok(())
}

/// Deletes signed versions of a locked license that are older than this one, as many as are deleted at once. Returns how many,
/// and whether there may be more.
pub async fn forget_former(
    tx: &mut Tx<'_>,
    license: LicenseId,
    version: u64,
) -> Result<(u64, bool), StoreError> {
    let query = query(FORGET_FORMER).bind(license.to_string()).bind(signed(version));
    let deleted = query.execute(tx).await?;
    Ok((deleted, deleted == AT_ONCE))
}
