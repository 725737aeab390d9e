//! Access tokens.

use std::sync::Arc;

use sealgate_artifact::{Code, TenantId, TokenId, UnixSeconds};
use sealgate_authority::secrets::secret_text;
use sealgate_authority::{Actor, AuthorityError, Limiter, Source};
use sealgate_store::table::{self, AuditRow, TokenRow, made_tokens};
use sealgate_store::{Tx, Work};
use sealgate_wire::{CountedQuery, CreateToken, OwnToken, Page, Timestamp, TokenCreated, TokenView};
use serde_json::json;

use crate::desk::Desk;
use crate::ends::From;
use crate::page::Part;
use crate::{Caller, Scope, Scopes, VendorSecrets, check, standing};

/// Tokens in force that a tenant may have. Whoever stole one must not fill the database with others.
const IN_FORCE: u64 = 1_000;
/// Of a token's makers, so many are looked at; a token that has more makes none.
pub(crate) const GENERATIONS: u64 = 1_000;

/// The tokens by which people and programs prove who they are.
#[derive(Clone)]
pub struct Tokens {
    pub(crate) desk: Desk,
    secrets: Arc<VendorSecrets>,
    limiter: Limiter,
}

impl Tokens {
    pub(crate) fn new(desk: Desk, secrets: Arc<VendorSecrets>, limiter: Limiter) -> Self {
        Self { desk, secrets, limiter }
    }

    /// The caller behind a token. An unknown, an expired and a revoked token get one answer.
    pub async fn authenticate(&self, token: &str, source: Source<'_>) -> Result<Caller, AuthorityError> {
        let found = table::tokens::by_hash(&self.desk.db, &self.secrets.token(token)).await?;
        let now = self.desk.ids.now();
        let token = found.filter(|token| is_in_force(token, now)).ok_or_else(|| {
            let guessed = self.limiter.guess(source.address);
            guessed.err().unwrap_or(AuthorityError::Refused(Code::TokenInvalid))
        })?;
        let tenant = table::tenants::find(&self.desk.db, token.tenant).await?;
        if tenant.is_none_or(|tenant| tenant.suspended_at.is_some()) {
            return Err(AuthorityError::Refused(Code::TenantSuspended));
        }
        Ok(Caller {
            tenant: token.tenant,
            actor: Actor::Token(token.id),
            scopes: Scopes::from_lines(&token.scopes),
            once: None,
            request_id: source.request_id.to_owned(),
        })
    }

    /// Refuses a caller who may not act any more: its request may have waited since its token was looked at.
    pub async fn may_act(&self, caller: &Caller) -> Result<(), AuthorityError> {
        standing::may_act(&self.desk.db, caller, self.desk.ids.now()).await
    }

    /// Creates a token that may do no more than the caller's, and ends no later.
    pub async fn create(
        &self,
        caller: &Caller,
        request: &CreateToken,
    ) -> Result<TokenCreated, AuthorityError> {
        // Before a kept answer is looked for: whoever may not make such a token must not get one that was made.
        let scopes = wanted(caller, request)?;
        self.desk.once(caller, || self.prepare(caller, request, scopes)).await
    }

    async fn prepare(
        &self,
        caller: &Caller,
        request: &CreateToken,
        scopes: Scopes,
    ) -> Result<InsertToken, AuthorityError> {
        let name = check::name(request.name.as_deref().unwrap_or("token"))?;
        let now = self.desk.ids.now();
        let wished =
            request.expires_at.as_ref().map(|when| self.desk.calendar.end(when, (From::now(now), now)));
        let wished = wished.transpose()?.map(|end| end.at);
        let maker = self.maker(caller).await?;
        let NewToken { mut row, token } = self.new_token(caller.tenant, &name, scopes);
        row.made_by = maker.as_ref().map(|maker| maker.id);
        row.expires_at = end(maker.and_then(|maker| maker.expires_at), wished)?;
        let expires_at = row.expires_at.map(Timestamp);
        let detail = json!({ "name": name, "scopes": names(scopes), "expires_at": expires_at });
        let audit = self.desk.audit(caller, "token.created", row.id.to_string(), &detail);
        Ok(InsertToken { row, token, audit })
    }

    /// The caller's own token.
    pub(crate) async fn maker(&self, caller: &Caller) -> Result<Option<TokenRow>, AuthorityError> {
        match caller.actor {
            Actor::Token(id) => Ok(table::tokens::find(&self.desk.db, caller.tenant, id).await?),
            Actor::Client | Actor::System => Ok(None),
        }
    }

    /// The caller's own token, and whose it is.
    pub async fn own(&self, caller: &Caller) -> Result<OwnToken, AuthorityError> {
        let unknown = || AuthorityError::Refused(Code::TokenInvalid);
        let token = self.maker(caller).await?.ok_or_else(unknown)?;
        let tenant = table::tenants::find(&self.desk.db, caller.tenant).await?.ok_or_else(unknown)?;
        Ok(OwnToken {
            tenant_id: tenant.id.to_string(),
            tenant_name: tenant.name,
            token_id: token.id.to_string(),
            name: token.name,
            scopes: names(Scopes::from_lines(&token.scopes)),
            expires_at: token.expires_at.map(Timestamp),
        })
    }

    /// The tenant's tokens, newest first.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &CountedQuery,
    ) -> Result<Page<TokenView>, AuthorityError> {
        let part =
            Part::new("tokens", query.cursor.as_deref(), query.limit, TokenId::parse)?.or_count(query.count);
        let rows = |after, most| table::tokens::list(&self.desk.db, caller.tenant, after, most);
        part.of_short_rows().read(rows, |row| row.id, |row| Ok(view(row))).await
    }

    /// Makes a token without an end, and its row. The row does not hold the token.
    pub(crate) fn new_token(&self, tenant: TenantId, name: &str, scopes: Scopes) -> NewToken {
        let ids = &self.desk.ids;
        let token = secret_text("sgt", ids.random());
        let row = TokenRow {
            id: ids.fresh(TokenId::new),
            tenant,
            name: name.to_owned(),
            hash: self.secrets.token(&token),
            scopes: scopes.to_lines(),
            created_at: ids.now(),
            expires_at: None,
            revoked_at: None,
            made_by: None,
        };
        NewToken { row, token }
    }
}

/// What a new token may do: no more than the caller.
fn wanted(caller: &Caller, request: &CreateToken) -> Result<Scopes, AuthorityError> {
    let scopes: Option<Vec<Scope>> = request.scopes.iter().map(|scope| Scope::parse(scope)).collect();
    let scopes = scopes.filter(|scopes| !scopes.is_empty());
    let why = Scope::EACH_KNOWN;
    let scopes = Scopes::of(&scopes.ok_or(AuthorityError::Invalid { field: "scopes", why })?);
    caller.scopes.need(scopes.iter())?;
    Ok(scopes)
}

/// When a new token ends: no later than the one that makes it.
fn end(
    makers: Option<UnixSeconds>,
    wanted: Option<UnixSeconds>,
) -> Result<Option<UnixSeconds>, AuthorityError> {
    match (makers, wanted) {
        (Some(makers), Some(wanted)) if makers < wanted => {
            let why = "no later than the end of the token that asks";
            Err(AuthorityError::Invalid { field: "expires_at", why })
        }
        _ => Ok(wanted.or(makers)),
    }
}

pub(crate) fn is_in_force(token: &TokenRow, now: UnixSeconds) -> bool {
    standing::is_in_force((token.revoked_at, token.expires_at), now)
}

/// A token that is not stored yet.
pub(crate) struct NewToken {
    pub(crate) row: TokenRow,
    /// The token itself, known to its owner only.
    pub(crate) token: String,
}

fn names(scopes: Scopes) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

pub(crate) fn view(token: &TokenRow) -> TokenView {
    TokenView {
        token_id: token.id.to_string(),
        name: token.name.clone(),
        scopes: names(Scopes::from_lines(&token.scopes)),
        created_at: Timestamp(token.created_at),
        expires_at: token.expires_at.map(Timestamp),
        revoked_at: token.revoked_at.map(Timestamp),
        made_by: token.made_by.map(|maker| maker.to_string()),
    }
}

pub(crate) struct InsertToken {
    pub(crate) row: TokenRow,
    pub(crate) token: String,
    pub(crate) audit: AuditRow,
}

impl Work for InsertToken {
    type Output = TokenCreated;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<TokenCreated, AuthorityError> {
        if let Some(maker) = self.row.made_by {
            // Whoever revokes the maker meanwhile either finds this token, or is found here.
            table::tenants::lock(tx, self.row.tenant).await?;
            may_make(tx, &self.row, maker).await?;
        }
        table::tokens::insert(tx, &self.row).await?;
        table::audit::insert(tx, &self.audit).await?;
        Ok(TokenCreated {
            token_id: self.row.id.to_string(),
            token: self.token.clone(),
            scopes: names(Scopes::from_lines(&self.row.scopes)),
            expires_at: self.row.expires_at.map(Timestamp),
        })
    }
}

/// Whether the maker of a new token may make it, and there may be another one.
async fn may_make(tx: &mut Tx<'_>, row: &TokenRow, maker: TokenId) -> Result<(), AuthorityError> {
    // First what costs the least: everybody else who writes waits.
    let found = table::tokens::find(&mut *tx, row.tenant, maker).await?;
    if found.is_none_or(|maker| maker.revoked_at.is_some()) {
        return Err(AuthorityError::Refused(Code::TokenInvalid));
    }
    let in_force = made_tokens::count_in_force(&mut *tx, row.tenant, row.created_at, IN_FORCE).await?;
    if in_force >= IN_FORCE {
        return Err(AuthorityError::Refused(Code::LimitReached));
    }
    let makers = made_tokens::lineage(&mut *tx, row.tenant, (maker, maker), GENERATIONS).await?;
    // What the maker descends from may have been revoked with all that it made, of which this would be.
    if makers.is_ending {
        return Err(AuthorityError::Refused(Code::TokenInvalid));
    }
    if makers.generations >= GENERATIONS {
        return Err(AuthorityError::Refused(Code::LimitReached));
    }
    Ok(())
}
