//! Slots that were given out (`spec/revocation.md` §1): what has each, and whether it is listed. None is given out twice, and
//! none that is listed is ever not.

use std::collections::BTreeSet;

use sealgate_artifact::{ActivationId, AppId, BundleId, LicenseId, Shard, TenantId, UnixSeconds, limits};

use super::{BlockListed, listings, slot_blocks};
use crate::columns::{count, moment, optional, optional_time, signed};
use crate::many::{MANY, for_all, with_rows};
use crate::sql::{FromRow, Query, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

/// Listed slots that are read together.
const PAGE: u32 = 10_000;
/// Slots of a block that one transaction looks through for what has ended: others write in between.
const PRUNED: u64 = 16_384;
const BLOCK_SLOTS: u64 = limits::BLOCK_SLOTS as u64;

macro_rules! give_versions {
    () => {
        "INSERT INTO slots (app_id, slot, block, tenant_id, license_id, version, expires_at) VALUES "
    };
}

macro_rules! list_proofs {
    () => {
        "UPDATE slots SET listed_at = $2 WHERE license_id = $1 AND listed_at IS NULL AND activation_id IN \
         (SELECT activation_id FROM activations WHERE license_id = $1 \
         AND end_code IN ('not_activated', 'chain_mismatch') AND identity IN "
    };
}

macro_rules! know {
    () => {
        "INSERT INTO slots (tenant_id, app_id, listed_at, slot, block) VALUES "
    };
}

const ONCE: &str = " ON CONFLICT (app_id, slot) DO NOTHING";
// What follows for a statement that the database knows is done later.
const NOW_LISTED: &str = " ON CONFLICT (app_id, slot) DO UPDATE SET listed_at = COALESCE(slots.listed_at, excluded.listed_at), \
                          pending_since = CASE WHEN slots.listed_at IS NULL AND slots.license_id IS NOT NULL \
                          THEN $1 ELSE slots.pending_since END";

statements! {
    AMONG = with_rows!("SELECT slot FROM slots WHERE app_id = $1 AND slot IN ", (1, 2, MANY), "", "");
    GIVE_VERSION = with_rows!(give_versions!(), (1, 1, 7), "", ONCE);
    GIVE_VERSIONS = with_rows!(give_versions!(), (MANY, 1, 7), "", ONCE);
    GIVE_BUNDLE = "INSERT INTO slots (app_id, slot, block, tenant_id, license_id, bundle_id, expires_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (app_id, slot) DO NOTHING";
    // The columns that a runtime's database user may fill.
    GIVE_PROOF = "INSERT INTO slots (app_id, slot, block, tenant_id, license_id, activation_id, generation, expires_at) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (app_id, slot) DO NOTHING";
    LIST_EARLIER = "UPDATE slots SET listed_at = $3 WHERE license_id = $1 AND activation_id IS NULL AND version < $2 \
                    AND listed_at IS NULL RETURNING app_id, block";
    LIST_OF_REVOKED = "UPDATE slots SET listed_at = $3 WHERE app_id = $4 AND slot = $2 AND license_id = $1 AND listed_at IS NULL \
                       RETURNING app_id, block";
    LIST_PROOFS = with_rows!(list_proofs!(), (1, 3, 1), "", ") RETURNING app_id, block");
    LIST_PROOFS_OF_MANY = with_rows!(list_proofs!(), (1, 3, MANY), "", ") RETURNING app_id, block");
    LISTED = "SELECT listed_at, slot FROM slots WHERE app_id = $1 AND block = $2 AND listed_at IS NOT NULL \
              AND (listed_at, slot) > ($3, $4) AND tenant_id = $5 AND COALESCE(expires_at, $6 + 1) > $6 \
              ORDER BY listed_at, slot LIMIT $7";
    OWNER = "SELECT license_id, version, activation_id, generation, bundle_id, expires_at, listed_at FROM slots \
             WHERE tenant_id = $1 AND app_id = $2 AND slot = $3";
    KNOW = with_rows!(know!(), (1, 2, 5), "", NOW_LISTED);
    KNOW_MANY = with_rows!(know!(), (MANY, 2, 5), "", NOW_LISTED);
    PRUNE = "DELETE FROM slots WHERE app_id = $1 AND slot >= $2 AND slot < $3 AND expires_at <= $4";
}

/// SQLite has no users, and no function.
const LIST_OF_REVOKED_BY_FUNCTION: &str = "SELECT list_of_revoked($1, $2, $3) AS listed";
const LIST_BY_FUNCTION: &str = "SELECT list_proofs($1, $2, $3) AS listed";

/// What has a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slotted {
    /// A version of the license.
    Version(u64),
    /// A proof of this generation of an activation.
    Proof(ActivationId, u64),
    /// A bundle of the license.
    Bundle(BundleId),
}

/// A slot, and what it is given to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct SlotRow {
    pub tenant: TenantId,
    pub app: AppId,
    pub slot: u64,
    pub license: LicenseId,
    pub what: Slotted,
    pub expires_at: Option<UnixSeconds>,
}

/// What is known of a slot that was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotOwner {
    /// The license; `None` where only an imported snapshot knows the slot.
    pub license: Option<LicenseId>,
    /// What of it; `None` where only an imported snapshot knows the slot.
    pub what: Option<Slotted>,
    /// When it ends by itself.
    pub expires_at: Option<UnixSeconds>,
    /// Since when it is listed.
    pub listed_at: Option<UnixSeconds>,
}

impl FromRow for SlotOwner {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            license: optional(row, "license_id", |t| LicenseId::parse(t).ok())?,
            what: Slotted::of(row)?,
            expires_at: optional_time(row, "expires_at")?,
            listed_at: optional_time(row, "listed_at")?,
        })
    }
}

impl Slotted {
    /// What has a slot. A runtime's database user may add rows: one that does not parse has nothing, and stops nobody.
    pub(super) fn of(row: &Row) -> Result<Option<Self>, StoreError> {
        let (activation, bundle): (Option<String>, Option<String>) =
            (row.get("activation_id")?, row.get("bundle_id")?);
        let number =
            |name| Ok::<_, StoreError>(row.get::<Option<i64>>(name)?.and_then(|n| u64::try_from(n).ok()));
        let activation = activation.and_then(|text| ActivationId::parse(&text).ok());
        let proof = activation.zip(number("generation")?);
        let proof = proof.map(|(activation, generation)| Self::Proof(activation, generation));
        let bundle = bundle.and_then(|text| BundleId::parse(&text).ok()).map(Self::Bundle);
        Ok(proof.or(bundle).or(number("version")?.map(Self::Version)))
    }
}

/// Those of the app's slots that were given out.
pub async fn taken(
    on: impl Read + Copy,
    app: AppId,
    slots: &BTreeSet<u64>,
) -> Result<BTreeSet<u64>, StoreError> {
    let (slots, mut taken) = (slots.iter().copied().collect::<Vec<_>>(), BTreeSet::new());
    for some in slots.chunks(MANY) {
        // One statement for any number: the last ones fill it.
        let values = some.iter().cycle().take(MANY);
        let asked = values.fold(query(AMONG).bind(app.to_string()), |query, slot| query.bind(signed(*slot)));
        for row in asked.fetch_all(on).await? {
            taken.insert(count(&row, "slot")?);
        }
    }
    Ok(taken)
}

/// Gives slots to signed versions of licenses of one app each; [`StoreError::SlotTaken`] if one of them was given out
/// meanwhile: then all of it is drawn and signed again.
pub(super) async fn give_versions(tx: &mut Tx<'_>, mut rows: Vec<SlotRow>) -> Result<(), StoreError> {
    // Whoever gives out many holds none that another one waits for, and waits for that one.
    rows.sort_unstable_by_key(|row| (row.app, row.slot));
    let with = |query: Query, row: &SlotRow| {
        let version = if let Slotted::Version(version) = row.what { Some(signed(version)) } else { None };
        with_place(query, row).bind(version).bind(moment(row.expires_at))
    };
    let texts = [GIVE_VERSION, GIVE_VERSIONS];
    let given = for_all(tx, texts, &rows, |query, some| some.iter().fold(query, with)).await?;
    if given < rows.len() as u64 { Err(StoreError::SlotTaken) } else { Ok(()) }
}

/// Gives a slot to a bundle; [`StoreError::SlotTaken`] if it was given out meanwhile.
pub(super) async fn give_bundle(tx: &mut Tx<'_>, row: &SlotRow, bundle: BundleId) -> Result<(), StoreError> {
    let query = with_place(query(GIVE_BUNDLE), row).bind(bundle.to_string());
    let given = query.bind(moment(row.expires_at)).execute(tx).await?;
    if given > 0 { Ok(()) } else { Err(StoreError::SlotTaken) }
}

/// Gives a slot to a proof; [`StoreError::SlotTaken`] if it was given out meanwhile.
pub async fn give_proof(tx: &mut Tx<'_>, row: &SlotRow) -> Result<(), StoreError> {
    if keep_proof(tx, row).await? { Ok(()) } else { Err(StoreError::SlotTaken) }
}

/// Notes the slot of a proof that a database which came back older has forgotten; `false` if it is known.
pub async fn keep_proof(tx: &mut Tx<'_>, row: &SlotRow) -> Result<bool, StoreError> {
    let (activation, generation) = match row.what {
        Slotted::Proof(activation, generation) => (Some(activation.to_string()), Some(signed(generation))),
        Slotted::Version(_) | Slotted::Bundle(_) => (None, None),
    };
    let query = with_place(query(GIVE_PROOF), row).bind(activation).bind(generation);
    Ok(query.bind(moment(row.expires_at)).execute(tx).await? > 0)
}

/// Lists a proof of a license that is revoked (`spec/revocation.md` §1.5).
pub async fn list_of_revoked(tx: &mut Tx<'_>, row: &SlotRow, at: UnixSeconds) -> Result<(), StoreError> {
    let (license, slot, at) = (row.license.to_string(), signed(row.slot), signed(at.get()));
    if tx.connection.locks_rows() {
        let query = query(LIST_OF_REVOKED_BY_FUNCTION).bind(license).bind(slot).bind(at);
        query.fetch_one(tx).await?;
    } else {
        let query = query(LIST_OF_REVOKED).bind(license).bind(slot).bind(at);
        let rows = query.bind(row.app.to_string()).fetch_all(&mut *tx).await?;
        slot_blocks::count_listed(tx, &rows).await?;
    }
    Ok(())
}

fn with_place(query: Query, row: &SlotRow) -> Query {
    query
        .bind(row.app.to_string())
        .bind(signed(row.slot))
        .bind(signed(Shard::block_of(row.slot)))
        .bind(row.tenant.to_string())
        .bind(row.license.to_string())
}

/// Lists the versions of a license before that one which are not listed.
pub async fn list_earlier(
    tx: &mut Tx<'_>,
    license: LicenseId,
    version: u64,
    at: UnixSeconds,
) -> Result<u64, StoreError> {
    let query = query(LIST_EARLIER).bind(license.to_string()).bind(signed(version));
    let rows = query.bind(signed(at.get())).fetch_all(&mut *tx).await?;
    slot_blocks::count_listed(tx, &rows).await
}

/// Lists the proofs of those devices of a license whose activations have ended for good.
pub async fn list_proofs(
    tx: &mut Tx<'_>,
    license: LicenseId,
    names: &[String],
    at: UnixSeconds,
) -> Result<(), StoreError> {
    let (license, at) = (license.to_string(), signed(at.get()));
    if tx.connection.locks_rows() {
        for name in names {
            let query = query(LIST_BY_FUNCTION).bind(&license).bind(name).bind(at);
            query.fetch_one(&mut *tx).await?;
        }
        return Ok(());
    }
    let (many, rest) = names.as_chunks::<MANY>();
    let many = many.iter().map(|names| (LIST_PROOFS_OF_MANY, names.as_slice()));
    for (text, names) in many.chain(rest.iter().map(|name| (LIST_PROOFS, std::slice::from_ref(name)))) {
        let asked = names.iter().fold(query(text).bind(&license).bind(at), Query::bind);
        let rows = asked.fetch_all(&mut *tx).await?;
        slot_blocks::count_listed(tx, &rows).await?;
    }
    Ok(())
}

/// What is listed in a block, counted from its beginning, in rising order, with what is still to be listed of revoked licenses. What
/// has ended by itself is listed no more (`spec/revocation.md` §1.4).
pub async fn listed(
    on: impl Read + Copy,
    tenant: TenantId,
    (app, block): (AppId, u64),
    now: UnixSeconds,
) -> Result<Vec<u32>, StoreError> {
    // What is listed meanwhile is found by one of the two.
    let left = listings::left(on, (tenant, app, block), now).await?;
    let mut places: Vec<u32> =
        left.iter().filter_map(|slot| u32::try_from(slot % BLOCK_SLOTS).ok()).collect();
    let mut last = (i64::MIN, i64::MIN);
    loop {
        let query = query(LISTED).bind(app.to_string()).bind(signed(block)).bind(last.0).bind(last.1);
        let query = query.bind(tenant.to_string()).bind(signed(now.get())).bind(i64::from(PAGE));
        let rows = query.fetch_all(on).await?;
        for row in &rows {
            let slot = count(row, "slot")?;
            last = (row.get("listed_at")?, signed(slot));
            places.extend(u32::try_from(slot % BLOCK_SLOTS));
        }
        if rows.len() < PAGE as usize {
            places.sort_unstable();
            places.dedup();
            return Ok(places);
        }
    }
}

/// The tenant's blocks and how new their lists are, by app and block, starting after that one.
pub async fn blocks(
    on: impl Read,
    tenant: TenantId,
    after: Option<(AppId, u64)>,
    limit: u32,
) -> Result<Vec<BlockListed>, StoreError> {
    slot_blocks::listed(on, tenant, after, limit).await
}

/// What is known of this slot; `None` if it was not given out.
pub async fn license_of_slot(
    on: impl Read,
    tenant: TenantId,
    app: AppId,
    slot: u64,
) -> Result<Option<SlotOwner>, StoreError> {
    let query = query_as(OWNER).bind(tenant.to_string()).bind(app.to_string());
    query.bind(signed(slot)).fetch_optional(on).await
}

/// Whether what has this slot is listed.
pub async fn is_listed(
    on: impl Read,
    (tenant, app): (TenantId, AppId),
    slot: u64,
) -> Result<bool, StoreError> {
    let owner = license_of_slot(on, tenant, app, slot).await?;
    Ok(owner.is_some_and(|owner| owner.listed_at.is_some()))
}

/// Takes over slots of the tenant's app that a snapshot lists (`spec/revocation.md` §7.3): they are listed from now on, and not given
/// out again, whether or not anybody knows what had them. What follows for those that something has is judged by when the snapshot was
/// signed.
pub async fn list_known(
    tx: &mut Tx<'_>,
    (tenant, app): (TenantId, AppId),
    slots: &[u64],
    (at, signed_at): (UnixSeconds, UnixSeconds),
) -> Result<(), StoreError> {
    let slots: Vec<u64> = slots.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let blocks: BTreeSet<u64> = slots.iter().map(|slot| Shard::block_of(*slot)).collect();
    for block in &blocks {
        slot_blocks::know(tx, (tenant, app), *block).await?;
    }
    slot_blocks::count_listings(tx, blocks.into_iter().map(|block| (app, block))).await?;
    let with = |query: Query, slot: &u64| {
        let query = query.bind(tenant.to_string()).bind(app.to_string()).bind(signed(at.get()));
        query.bind(signed(*slot)).bind(signed(Shard::block_of(*slot)))
    };
    for_all(tx, [KNOW, KNOW_MANY], &slots, |query, some| {
        some.iter().fold(query.bind(signed(signed_at.get())), with)
    })
    .await?;
    Ok(())
}

/// Where forgetting goes on: the app, and its next slot to be looked at.
pub type Pruning = (AppId, u64);

/// Forgets slots of blocks that nothing is drawn from any more, whose statements had ended by then: a part of one block, from where it
/// went on last. Says where to go on; `None` at the end.
pub async fn prune(
    tx: &mut Tx<'_>,
    ended: UnixSeconds,
    from: Option<Pruning>,
) -> Result<Option<Pruning>, StoreError> {
    let block = from.map(|(app, slot)| (app, Shard::block_of(slot)));
    let here = match (from, block) {
        (Some((app, slot)), Some((_, block))) if slot_blocks::is_full(&mut *tx, app, block).await? => {
            Some((app, slot))
        }
        _ => {
            let after = block.map_or((String::new(), 0), |(app, block)| (app.to_string(), signed(block)));
            let next = slot_blocks::next_full(&mut *tx, (&after.0, after.1)).await?;
            next.map(|(app, block)| (app, block * BLOCK_SLOTS))
        }
    };
    let Some((app, first)) = here else { return Ok(None) };
    let end = first + PRUNED;
    let query = query(PRUNE).bind(app.to_string()).bind(signed(first)).bind(signed(end));
    if query.bind(signed(ended.get())).execute(&mut *tx).await? > 0 {
        slot_blocks::count_listings(tx, [(app, Shard::block_of(first))]).await?;
        slot_blocks::forget_until(tx, app, Shard::block_of(first), ended).await?;
    }
    if Shard::block_of(end) == Shard::block_of(first) {
        return Ok(Some((app, end)));
    }
    let next = slot_blocks::next_full(tx, (&app.to_string(), signed(Shard::block_of(first)))).await?;
    Ok(next.map(|(app, block)| (app, block * BLOCK_SLOTS)))
}
