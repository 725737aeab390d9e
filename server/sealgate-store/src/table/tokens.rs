//! Access tokens.

use sealgate_artifact::{TenantId, TokenId, UnixSeconds};

use super::page::page;
use crate::columns::{digest, moment, optional, optional_time, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

macro_rules! select_token {
    ($rest:literal) => {
        concat!(
            "SELECT token_id, tenant_id, name, token_hash, scopes, created_at, expires_at, revoked_at, made_by ",
            "FROM tokens ",
            $rest
        )
    };
}

statements! {
    BY_HASH = select_token!("WHERE token_hash = $1");
    FIND = select_token!("WHERE tenant_id = $1 AND token_id = $2");
    STANDING = "SELECT t.expires_at, t.revoked_at, v.suspended_at FROM tokens t JOIN tenants v ON v.tenant_id = t.tenant_id \
                WHERE t.tenant_id = $1 AND t.token_id = $2";
    LIST = select_token!("WHERE tenant_id = $1 AND token_id < $2 ORDER BY token_id DESC LIMIT $3");
    // Roughly: who asks looks at the scopes themselves, and at the end.
    MIGHTY = select_token!(
        "WHERE tenant_id = $1 AND token_id > $2 AND revoked_at IS NULL \
         AND (scopes LIKE '%owner%' OR scopes LIKE '%installation%') ORDER BY token_id LIMIT $3"
    );
    INSERT = "INSERT INTO tokens (token_id, tenant_id, name, token_hash, scopes, created_at, expires_at, made_by) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    REVOKE = "UPDATE tokens SET revoked_at = $3 WHERE tenant_id = $1 AND token_id = $2 AND revoked_at IS NULL";
}

/// An access token, without the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct TokenRow {
    pub id: TokenId,
    /// Whom the token speaks for.
    pub tenant: TenantId,
    pub name: String,
    /// HMAC of the token.
    pub hash: [u8; 32],
    /// What the token may do, one scope a line.
    pub scopes: String,
    pub created_at: UnixSeconds,
    pub expires_at: Option<UnixSeconds>,
    pub revoked_at: Option<UnixSeconds>,
    /// The token that made it, unless the server made it by itself.
    pub made_by: Option<TokenId>,
}

impl FromRow for TokenRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "token_id", |t| TokenId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            name: row.get("name")?,
            hash: digest(row, "token_hash")?,
            scopes: row.get("scopes")?,
            created_at: time(row, "created_at")?,
            expires_at: optional_time(row, "expires_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
            made_by: optional(row, "made_by", |t| TokenId::parse(t).ok())?,
        })
    }
}

/// The token with this hash, even if it has ended or was revoked.
pub async fn by_hash(on: impl Read, hash: &[u8; 32]) -> Result<Option<TokenRow>, StoreError> {
    query_as(BY_HASH).bind(hash.to_vec()).fetch_optional(on).await
}

/// The tenant's token with this id.
pub async fn find(on: impl Read, tenant: TenantId, id: TokenId) -> Result<Option<TokenRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// Whether a token may be used, and its tenant may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct Standing {
    pub expires_at: Option<UnixSeconds>,
    pub revoked_at: Option<UnixSeconds>,
    /// The tenant's.
    pub suspended_at: Option<UnixSeconds>,
}

impl FromRow for Standing {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            expires_at: optional_time(row, "expires_at")?,
            revoked_at: optional_time(row, "revoked_at")?,
            suspended_at: optional_time(row, "suspended_at")?,
        })
    }
}

/// How the tenant's token with this id stands.
pub async fn standing(on: impl Read, tenant: TenantId, id: TokenId) -> Result<Option<Standing>, StoreError> {
    query_as(STANDING).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// The tenant's tokens, newest first, starting with those older than `before`.
pub async fn list(
    on: impl Read,
    tenant: TenantId,
    before: Option<TokenId>,
    limit: u32,
) -> Result<Vec<TokenRow>, StoreError> {
    page((LIST, None), tenant, before, limit).fetch_all(on).await
}

/// The tenant's tokens with a scope `owner` or `installation` that were not revoked, oldest first, starting after `after`.
/// Some may have ended.
pub async fn mighty(
    on: impl Read,
    tenant: TenantId,
    after: Option<TokenId>,
    limit: u32,
) -> Result<Vec<TokenRow>, StoreError> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    query_as(MIGHTY).bind(tenant.to_string()).bind(after).bind(signed(limit.into())).fetch_all(on).await
}

/// Adds an access token.
pub async fn insert(tx: &mut Tx<'_>, token: &TokenRow) -> Result<(), StoreError> {
    query(INSERT)
        .bind(token.id.to_string())
        .bind(token.tenant.to_string())
        .bind(&token.name)
        .bind(token.hash.to_vec())
        .bind(&token.scopes)
        .bind(signed(token.created_at.get()))
        .bind(moment(token.expires_at))
        .bind(token.made_by.map(|maker| maker.to_string()))
        .execute(tx)
        .await?;
    Ok(())
}

/// Revokes a token; `false` if it had been revoked before, or there is none.
pub async fn revoke(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    id: TokenId,
    at: UnixSeconds,
) -> Result<bool, StoreError> {
    let query = query(REVOKE).bind(tenant.to_string()).bind(id.to_string()).bind(signed(at.get()));
    Ok(query.execute(tx).await? == 1)
}
