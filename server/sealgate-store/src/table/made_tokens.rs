//! What an access token made, and what those made, and so on.

use sealgate_artifact::{TenantId, TokenId, UnixSeconds};

use crate::columns::{parsed, signed};
use crate::sql::query;
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

/// Tokens that are revoked together: others write in between.
const PAGE: u64 = 1_000;
/// Makers that are looked at together: each may have made one token only.
const MAKERS: u32 = 50;

statements! {
    // Stops at the bound, however many there are.
    COUNT_IN_FORCE = "SELECT \
        (SELECT COUNT(*) FROM (SELECT token_id FROM tokens \
         WHERE tenant_id = $1 AND revoked_at IS NULL AND expires_at IS NULL ORDER BY expires_at LIMIT $3) counted) + \
        (SELECT COUNT(*) FROM (SELECT token_id FROM tokens \
         WHERE tenant_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY expires_at LIMIT $3) counted) AS n";
    // A cross join, which SQLite takes in this order: it would else look through all tokens of the tenant for each generation.
    LINEAGE = "SELECT COUNT(*) AS generations, COUNT(CASE WHEN made_ends <> 0 THEN 1 END) AS ending, \
                   COUNT(CASE WHEN token_id = $3 THEN 1 END) AS ancestors \
               FROM (WITH RECURSIVE makers (token_id, made_by, made_ends, n) AS ( \
                   SELECT token_id, made_by, made_ends, CAST(1 AS BIGINT) FROM tokens \
                   WHERE tenant_id = $1 AND token_id = $2 \
                   UNION ALL SELECT t.token_id, t.made_by, t.made_ends, m.n + 1 \
                   FROM makers m CROSS JOIN tokens t WHERE t.token_id = m.made_by AND t.tenant_id = $1 AND m.n < $4) \
               SELECT token_id, made_ends FROM makers) counted";
    BEGIN = "UPDATE tokens SET made_ends = 1 WHERE tenant_id = $1 AND token_id = $2 AND made_ends = 0";
    NEXT = "SELECT token_id FROM tokens WHERE tenant_id = $1 AND made_ends = 1 ORDER BY token_id LIMIT 1";
    NEXT_TENANT = "SELECT tenant_id FROM tokens WHERE made_ends = 1 ORDER BY tenant_id, token_id LIMIT 1";
    NTH = "SELECT token_id FROM tokens WHERE tenant_id = $1 AND made_by = $2 AND made_ends = 0 \
                    ORDER BY token_id LIMIT 1 OFFSET $3";
    LAST = "SELECT token_id FROM tokens WHERE tenant_id = $1 AND made_by = $2 AND made_ends = 0 \
            ORDER BY token_id DESC LIMIT 1";
    COUNT = "SELECT COUNT(*) FROM tokens WHERE tenant_id = $1 AND made_by = $2 AND made_ends = 0 \
             AND token_id >= $3 AND token_id <= $4 AND revoked_at IS NULL";
    // Also those that are over: what they made may be in force. Most made nothing, and are done with. Where one token made
    // nearly all, PostgreSQL would expect that of every token, and look through all: it is asked for a stretch of makers.
    REVOKE = "UPDATE tokens SET revoked_at = COALESCE(revoked_at, $5), \
              made_ends = CASE WHEN EXISTS (SELECT 1 FROM tokens c WHERE c.tenant_id = $1 AND c.made_ends = 0 \
                  AND c.made_by >= tokens.token_id AND c.made_by <= tokens.token_id) THEN 1 ELSE 2 END \
              WHERE tenant_id = $1 AND made_by = $2 AND made_ends = 0 AND token_id >= $3 AND token_id <= $4";
    FINISH = "UPDATE tokens SET made_ends = 2 WHERE tenant_id = $1 AND token_id = $2 AND made_ends = 1";
}

/// How many tokens of the tenant are in force at that time: exact below `most`, and at least that otherwise.
pub async fn count_in_force(
    on: impl Read,
    tenant: TenantId,
    at: UnixSeconds,
    most: u64,
) -> Result<u64, StoreError> {
    let query = query(COUNT_IN_FORCE).bind(tenant.to_string()).bind(signed(at.get())).bind(signed(most));
    Ok(query.fetch_one(on).await?.get::<i64>(0)?.unsigned_abs())
}

/// A token, its maker, the maker's maker, and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lineage {
    /// How many they are: 0 if there is no such token.
    pub generations: u64,
    /// Whether one of them was revoked with what it made, so that this token is revoked or is about to be.
    pub is_ending: bool,
    /// Whether the token that was asked about is among them.
    pub is_of: bool,
}

/// The makers of a token, itself included, `most` of them; and whether `ancestor` is one of these.
pub async fn lineage(
    on: impl Read,
    tenant: TenantId,
    (token, ancestor): (TokenId, TokenId),
    most: u64,
) -> Result<Lineage, StoreError> {
    let query = query(LINEAGE).bind(tenant.to_string()).bind(token.to_string()).bind(ancestor.to_string());
    let row = query.bind(signed(most)).fetch_one(on).await?;
    Ok(Lineage {
        generations: row.get::<i64>(0)?.unsigned_abs(),
        is_ending: row.get::<i64>(1)? > 0,
        is_of: row.get::<i64>(2)? > 0,
    })
}

/// From now on, what this token made is to be revoked: [`revoke_page`] does it. `false` if that was so before.
pub async fn begin(tx: &mut Tx<'_>, tenant: TenantId, token: TokenId) -> Result<bool, StoreError> {
    let query = query(BEGIN).bind(tenant.to_string()).bind(token.to_string());
    Ok(query.execute(tx).await? == 1)
}

/// A tenant with tokens that are still to be revoked because their makers are.
pub async fn unfinished(on: impl Read) -> Result<Option<TenantId>, StoreError> {
    let row = query(NEXT_TENANT).fetch_optional(on).await?;
    row.map(|row| parsed(&row, "tenant_id", |t| TenantId::parse(t).ok())).transpose()
}

/// A page of a tenant's tokens that are revoked because their makers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevokedPage {
    /// How many had not been revoked before.
    pub revoked: u64,
    /// Whether there may be more.
    pub more: bool,
}

/// Revokes the next of what was made by tokens that were revoked with it.
pub async fn revoke_page(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    at: UnixSeconds,
) -> Result<RevokedPage, StoreError> {
    let (mut revoked, mut seen) = (0, 0);
    for _ in 0..MAKERS {
        let next = query(NEXT).bind(tenant.to_string()).fetch_optional(&mut *tx).await?;
        let Some(next) = next else { return Ok(RevokedPage { revoked, more: false }) };
        let maker = parsed(&next, "token_id", |t| TokenId::parse(t).ok())?;
        let nth = |n: u64| query(NTH).bind(tenant.to_string()).bind(maker.to_string()).bind(signed(n));
        let first = nth(0).fetch_optional(&mut *tx).await?;
        let end = nth(PAGE - 1).fetch_optional(&mut *tx).await?;
        if end.is_none() {
            query(FINISH).bind(tenant.to_string()).bind(maker.to_string()).execute(&mut *tx).await?;
        }
        let Some(first) = first else { continue };
        let last = query(LAST).bind(tenant.to_string()).bind(maker.to_string());
        let last = if end.is_none() { last.fetch_optional(&mut *tx).await? } else { end };
        let first: String = first.get(0)?;
        let last: String = last.map_or_else(|| Ok(first.clone()), |last| last.get(0))?;
        let of = |sql| query(sql).bind(tenant.to_string()).bind(maker.to_string()).bind(&first).bind(&last);
        revoked += of(COUNT).fetch_one(&mut *tx).await?.get::<i64>(0)?.unsigned_abs();
        seen += of(REVOKE).bind(signed(at.get())).execute(&mut *tx).await?;
        if seen >= PAGE {
            break;
        }
    }
    Ok(RevokedPage { revoked, more: true })
}
