//! Listing all that a revoked license has (`spec/revocation.md` §1.7). It may be a million rows, and everybody else who writes
//! waits: so one transaction lists some, and a row says where it goes on.

use sealgate_artifact::{AppId, LicenseId, TenantId, UnixSeconds};

use super::slot_blocks;
use crate::columns::{count, signed};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::{AT_ONCE, statements};
use crate::{Read, StoreError, Tx};

/// Rows that the transaction lists which revokes the license.
const FIRST_ROWS: u64 = 1_000;
/// What is read together.
const PAGE: u64 = 10_000;
const LISTINGS: u64 = 100;

macro_rules! select_listing {
    ($rest:literal) => {
        concat!("SELECT license_id, tenant_id, app_id, activation_id, slot FROM slots_left ", $rest)
    };
}

statements! {
    LIST_SLOT = "UPDATE slots SET listed_at = $3 WHERE app_id = $1 AND slot = $2 AND listed_at IS NULL RETURNING app_id, block";
    VERSIONS = "SELECT slot FROM slots WHERE license_id = $1 AND activation_id IS NULL AND slot > $2 \
                ORDER BY activation_id, slot LIMIT $3";
    LIST_VERSIONS = "UPDATE slots SET listed_at = $4 WHERE license_id = $1 AND activation_id IS NULL AND slot > $2 AND slot <= $3 \
                     AND listed_at IS NULL AND COALESCE(expires_at, $4 + 1) > $4 RETURNING app_id, block";
    PROOFS = "SELECT activation_id, slot FROM slots WHERE license_id = $1 AND (activation_id, slot) > ($2, $3) \
              ORDER BY activation_id, slot LIMIT $4";
    LIST_PROOFS = "UPDATE slots SET listed_at = $6 WHERE license_id = $1 AND (activation_id, slot) > ($2, $3) \
                   AND (activation_id, slot) <= ($4, $5) AND listed_at IS NULL AND COALESCE(expires_at, $6 + 1) > $6 RETURNING app_id, block";
    LEFT_VERSIONS = "SELECT slot FROM slots WHERE license_id = $1 AND activation_id IS NULL AND slot > $2 AND block = $3 \
                     AND listed_at IS NULL AND COALESCE(expires_at, $4 + 1) > $4 ORDER BY activation_id, slot LIMIT $5";
    LEFT_PROOFS = "SELECT activation_id, slot FROM slots WHERE license_id = $1 AND (activation_id, slot) > ($2, $3) AND block = $4 \
                   AND listed_at IS NULL AND COALESCE(expires_at, $5 + 1) > $5 ORDER BY activation_id, slot LIMIT $6";
    BEGIN = "INSERT INTO slots_left (license_id, tenant_id, app_id, activation_id, slot) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (license_id) DO NOTHING";
    MOVE = "UPDATE slots_left SET activation_id = $2, slot = $3 WHERE license_id = $1";
    END = "DELETE FROM slots_left WHERE license_id = $1";
    FIRST = select_listing!("WHERE license_id > $1 ORDER BY license_id LIMIT 1");
    OF_APP = select_listing!("WHERE tenant_id = $1 AND app_id = $2 AND license_id > $3 ORDER BY license_id LIMIT $4");
}

/// A license of which more is to be listed.
struct Listing {
    license: String,
    tenant: String,
    app: String,
    after: After,
}

/// What was listed last: versions come first, then proofs.
#[derive(Clone)]
enum After {
    Version(i64),
    Proof(String, i64),
}

impl After {
    const START: Self = Self::Version(-1);
    /// After all versions.
    const VERSIONS: Self = Self::Proof(String::new(), -1);

    fn columns(&self) -> (Option<&str>, i64) {
        match self {
            Self::Version(slot) => (None, *slot),
            Self::Proof(activation, slot) => (Some(activation), *slot),
        }
    }
}

impl FromRow for Listing {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let (activation, slot) = (row.get::<Option<String>>("activation_id")?, row.get("slot")?);
        Ok(Self {
            license: row.get("license_id")?,
            tenant: row.get("tenant_id")?,
            app: row.get("app_id")?,
            after: activation.map_or(After::Version(slot), |activation| After::Proof(activation, slot)),
        })
    }
}

/// Lists what a license has that was revoked just now: its present version, if that has a slot, and of the rest what one
/// transaction lists.
/// [`go_on`] lists what is left.
pub async fn begin(
    tx: &mut Tx<'_>,
    (tenant, app, license): (TenantId, AppId, LicenseId),
    present: Option<u64>,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    list_version(tx, app, present, at).await?;
    let listing = Listing {
        license: license.to_string(),
        tenant: tenant.to_string(),
        app: app.to_string(),
        after: After::START,
    };
    if let Some(after) = list_page(tx, &listing, FIRST_ROWS, at).await? {
        let (activation, slot) = after.columns();
        let query = query(BEGIN).bind(&listing.license).bind(&listing.tenant).bind(&listing.app);
        query.bind(activation.map(str::to_owned)).bind(slot).execute(tx).await?;
    }
    Ok(())
}

/// Lists the slot of one version.
pub async fn list_version(
    tx: &mut Tx<'_>,
    app: AppId,
    slot: Option<u64>,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    let Some(slot) = slot else { return Ok(()) };
    let query = query(LIST_SLOT).bind(app.to_string()).bind(signed(slot)).bind(signed(at.get()));
    let rows = query.fetch_all(&mut *tx).await?;
    slot_blocks::count_listed(tx, &rows).await.map(drop)
}

/// Whether anything is left of any license.
pub async fn is_left(on: impl Read) -> Result<bool, StoreError> {
    Ok(query_as::<Listing>(FIRST).bind("").fetch_optional(on).await?.is_some())
}

/// Lists the next rows of a license of which some are left. `false` if nothing was left of any.
pub async fn go_on(tx: &mut Tx<'_>, at: UnixSeconds) -> Result<bool, StoreError> {
    let first = query_as::<Listing>(FIRST).bind("").fetch_optional(&mut *tx).await?;
    let Some(listing) = first else { return Ok(false) };
    match list_page(tx, &listing, AT_ONCE, at).await? {
        Some(after) => {
            let (activation, slot) = after.columns();
            let query = query(MOVE).bind(&listing.license);
            query.bind(activation.map(str::to_owned)).bind(slot).execute(tx).await?
        }
        None => query(END).bind(&listing.license).execute(tx).await?,
    };
    Ok(true)
}

/// Goes through so many rows of a license and lists those that have not ended. Where it stopped; `None` at the end.
async fn list_page(
    tx: &mut Tx<'_>,
    listing: &Listing,
    most: u64,
    at: UnixSeconds,
) -> Result<Option<After>, StoreError> {
    let (license, at, mut most) = (&listing.license, signed(at.get()), most);
    if let After::Version(after) = listing.after {
        let rows = query(VERSIONS).bind(license).bind(after).bind(signed(most)).fetch_all(&mut *tx).await?;
        if let Some(last) = rows.last() {
            let last: i64 = last.get("slot")?;
            let query = query(LIST_VERSIONS).bind(license).bind(after).bind(last).bind(at);
            let listed = query.fetch_all(&mut *tx).await?;
            slot_blocks::count_listed(tx, &listed).await?;
            most -= rows.len() as u64;
            if most == 0 {
                return Ok(Some(After::Version(last)));
            }
        }
    }
    let (activation, slot) = match &listing.after {
        After::Proof(activation, slot) => (activation.as_str(), *slot),
        After::Version(_) => ("", -1),
    };
    let query_rows = query(PROOFS).bind(license).bind(activation).bind(slot).bind(signed(most));
    let rows = query_rows.fetch_all(&mut *tx).await?;
    let Some(last) = rows.last() else { return Ok(None) };
    let last: (String, i64) = (last.get("activation_id")?, last.get("slot")?);
    let query = query(LIST_PROOFS).bind(license).bind(activation).bind(slot).bind(&last.0).bind(last.1);
    let listed = query.bind(at).fetch_all(&mut *tx).await?;
    slot_blocks::count_listed(tx, &listed).await?;
    Ok((rows.len() as u64 == most).then_some(After::Proof(last.0, last.1)))
}

/// The slots of a block that are still to be listed: what has them counts as listed.
pub(super) async fn left(
    on: impl Read + Copy,
    (tenant, app, block): (TenantId, AppId, u64),
    now: UnixSeconds,
) -> Result<Vec<u64>, StoreError> {
    let (mut slots, mut license) = (vec![], String::new());
    loop {
        let query = query_as::<Listing>(OF_APP).bind(tenant.to_string()).bind(app.to_string());
        let page = query.bind(&license).bind(signed(LISTINGS)).fetch_all(on).await?;
        for listing in &page {
            slots_left(on, listing, (block, now), &mut slots).await?;
        }
        let Some(last) = page.last().filter(|_| page.len() as u64 == LISTINGS) else { return Ok(slots) };
        license.clone_from(&last.license);
    }
}

async fn slots_left(
    on: impl Read + Copy,
    listing: &Listing,
    (block, now): (u64, UnixSeconds),
    slots: &mut Vec<u64>,
) -> Result<(), StoreError> {
    let (license, block, now, most) = (&listing.license, signed(block), signed(now.get()), signed(PAGE));
    let mut after = listing.after.clone();
    loop {
        let rows = match &after {
            After::Version(slot) => query(LEFT_VERSIONS).bind(license).bind(*slot),
            After::Proof(activation, slot) => query(LEFT_PROOFS).bind(license).bind(activation).bind(*slot),
        };
        let rows = rows.bind(block).bind(now).bind(most).fetch_all(on).await?;
        for row in &rows {
            slots.push(count(row, "slot")?);
        }
        let last = rows.last().filter(|_| rows.len() as u64 == PAGE);
        after = match (after, last) {
            (After::Version(_), Some(last)) => After::Version(last.get("slot")?),
            (After::Version(_), None) => After::VERSIONS,
            (After::Proof(..), Some(last)) => After::Proof(last.get("activation_id")?, last.get("slot")?),
            (After::Proof(..), None) => return Ok(()),
        };
    }
}
