//! Access tokens.

use sealgate_artifact::{Code, TokenId, UnixSeconds};
use sealgate_store::{AuditRow, TokenRow, Tx, Work, read, write};
use sealgate_wire::{CreateToken, Page, PageQuery, Timestamp, TokenCreated, TokenView};
use serde_json::json;

use super::check;
use super::page::Part;
use crate::runtime::Source;
use crate::secrets::secret_text;
use crate::{Authority, AuthorityError, Caller, Scope, Scopes};

/// The caller behind a token. One answer for unknown, expired and revoked.
pub async fn authenticate(a: &Authority, token: &str, source: Source<'_>) -> Result<Caller, AuthorityError> {
    a.admit_guess(source.address)?;
    let found = read::tokens::by_hash(&a.db, &a.secrets.token(token)).await?;
    let now = a.now();
    let token = found
        .filter(|t| t.revoked_at.is_none() && t.expires_at.is_none_or(|end| now < end))
        .ok_or_else(|| {
            a.charge_guess(source.address, 0);
            AuthorityError::Refused(Code::TokenInvalid)
        })?;
    let tenant = read::tenants::find(&a.db, token.tenant).await?;
    if tenant.is_none_or(|tenant| tenant.suspended_at.is_some()) {
        return Err(AuthorityError::Refused(Code::TenantSuspended));
    }
    Ok(Caller {
        tenant: token.tenant,
        token: token.id,
        scopes: Scopes::from_lines(&token.scopes),
        once: None,
        request_id: source.request_id.to_owned(),
    })
}

/// Creates a token that may do no more than the caller's.
pub async fn create_token(
    a: &Authority,
    caller: &Caller,
    wish: &CreateToken,
) -> Result<TokenCreated, AuthorityError> {
    if let Some(done) = a.answered(caller).await? {
        return Ok(done);
    }
    let name = wish.name.clone().unwrap_or_else(|| "token".to_owned());
    check::name(&name)?;
    let invalid = |field, why| AuthorityError::Invalid { field, why };
    if wish.expires_at.is_some_and(|end| end.0 <= a.now()) {
        return Err(invalid("expires_at", "a time in the future"));
    }
    let scopes: Option<Vec<Scope>> = wish.scopes.iter().map(|scope| Scope::parse(scope)).collect();
    let scopes = scopes.filter(|scopes| !scopes.is_empty());
    let scopes = Scopes::of(&scopes.ok_or_else(|| invalid("scopes", "at least one, each a known scope"))?);
    if !caller.scopes.cover(scopes) {
        return Err(AuthorityError::Refused(Code::ScopeMissing));
    }
    let token = secret_text("sgt", a.random());
    let row = token_row(a, caller.tenant, &name, &token, scopes, wish.expires_at.map(|t| t.0));
    let detail =
        json!({ "name": name, "scopes": names(scopes), "expires_at": row.expires_at.map(UnixSeconds::get) });
    let audit = a.audit_row(caller, "token.created", row.id.to_string(), &detail);
    a.commit_once(caller, CreateTokenRow { row, token, audit }).await
}

/// The tenant's tokens, newest first.
pub async fn list_tokens(
    a: &Authority,
    caller: &Caller,
    query: &PageQuery,
) -> Result<Page<TokenView>, AuthorityError> {
    let part = Part::new("tokens", query.cursor.as_deref(), query.limit, TokenId::parse)?;
    let rows = read::tokens::list(&a.db, caller.tenant, part.after, part.rows()).await?;
    Ok(part.page(rows, |row| row.id.to_string(), view))
}

/// Takes a token back. A token that may do more than the caller's stays. Doing it again changes nothing and succeeds.
pub async fn revoke_token(a: &Authority, caller: &Caller, id: &str) -> Result<TokenView, AuthorityError> {
    let unknown = || AuthorityError::Refused(Code::NotFound);
    let id = TokenId::parse(id).map_err(|_| unknown())?;
    let token = read::tokens::find(&a.db, caller.tenant, id).await?.ok_or_else(unknown)?;
    if !caller.scopes.cover(Scopes::from_lines(&token.scopes)) {
        return Err(AuthorityError::Refused(Code::ScopeMissing));
    }
    let audit = a.audit_row(caller, "token.revoked", id.to_string(), &json!({ "name": token.name }));
    a.db.write(RevokeToken { token, at: a.now(), audit }).await?;
    read::tokens::find(&a.db, caller.tenant, id).await?.as_ref().map(view).ok_or_else(unknown)
}

/// A token's row. The token itself is known to its owner only.
pub(super) fn token_row(
    a: &Authority,
    tenant: sealgate_artifact::TenantId,
    name: &str,
    token: &str,
    scopes: Scopes,
    expires_at: Option<UnixSeconds>,
) -> TokenRow {
    let (millis, random) = a.new_id();
    TokenRow {
        id: TokenId::new(millis, random),
        tenant,
        name: name.to_owned(),
        hash: a.secrets.token(token),
        scopes: scopes.to_lines(),
        created_at: a.now(),
        expires_at,
        revoked_at: None,
    }
}

fn names(scopes: Scopes) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

fn view(token: &TokenRow) -> TokenView {
    TokenView {
        token_id: token.id.to_string(),
        name: token.name.clone(),
        scopes: names(Scopes::from_lines(&token.scopes)),
        created_at: Timestamp(token.created_at),
        expires_at: token.expires_at.map(Timestamp),
        revoked_at: token.revoked_at.map(Timestamp),
    }
}

struct CreateTokenRow {
    row: TokenRow,
    token: String,
    audit: AuditRow,
}

impl Work for CreateTokenRow {
    type Output = TokenCreated;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<TokenCreated, AuthorityError> {
        write::tokens::insert(tx, &self.row).await?;
        write::records::audit(tx, &self.audit).await?;
        Ok(TokenCreated {
            token_id: self.row.id.to_string(),
            token: self.token.clone(),
            scopes: names(Scopes::from_lines(&self.row.scopes)),
            expires_at: self.row.expires_at.map(Timestamp),
        })
    }
}

struct RevokeToken {
    token: TokenRow,
    at: UnixSeconds,
    audit: AuditRow,
}

impl Work for RevokeToken {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        if write::tokens::revoke(tx, self.token.tenant, self.token.id, self.at).await? {
            write::records::audit(tx, &self.audit).await?;
        }
        Ok(())
    }
}
