//! Revocation of access tokens: the token first, then what it made, page by page (`spec/http.md` §3.12).

use sealgate_artifact::{Code, TenantId, TokenId, UnixSeconds};
use sealgate_authority::{Actor, AuthorityError};
use sealgate_store::table::made_tokens::{self, RevokedPage};
use sealgate_store::table::{self, AuditRow, TokenRow};
use sealgate_store::{Tx, Work};
use sealgate_wire::{RevokeToken, TokenRevoked, TokenView};
use serde_json::json;

use crate::desk::Desk;
use crate::tokens::{GENERATIONS, Tokens, is_in_force, view};
use crate::{Caller, Scope, Scopes};

/// Tokens that are read at once in search of one that stays, how often, and of how many the makers are looked at: whoever
/// revokes another's token keeps an own one, and the oldest were made by nobody who is to go.
const PAGE: u32 = 500;
const PAGES: u32 = 20;
const TRIED: u32 = 16;

/// The scopes that no other contains: of each, somebody keeps one.
const MIGHTY: [Scope; 2] = [Scope::Owner, Scope::Installation];

impl Tokens {
    /// Revokes a token, and those that it made unless they are to be kept. A caller cannot revoke a token that may do more than
    /// its own, and nobody can revoke the last one that has the scope `owner` or `installation`. Doing it again goes on where
    /// it stopped; once it is done, it changes nothing and succeeds.
    pub async fn revoke(
        &self,
        caller: &Caller,
        id: &str,
        request: &RevokeToken,
    ) -> Result<TokenRevoked, AuthorityError> {
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let id = TokenId::parse(id).map_err(|_| unknown())?;
        let token = table::tokens::find(&self.desk.db, caller.tenant, id).await?.ok_or_else(unknown)?;
        caller.scopes.need(Scopes::from_lines(&token.scopes).iter())?;
        let keep_made = request.keep_made;
        let token =
            self.desk.retry_for(caller, || self.prepare_revocation(caller, &token, keep_made)).await?;
        let also_revoked = if keep_made { 0 } else { self.revoke_made(caller, id).await? };
        Ok(TokenRevoked { token, also_revoked })
    }

    async fn prepare_revocation(
        &self,
        caller: &Caller,
        token: &TokenRow,
        keep_made: bool,
    ) -> Result<RevokeOne, AuthorityError> {
        let goes = Going { token: token.id, with_made: !keep_made };
        let scopes = Scopes::from_lines(&token.scopes);
        let mut stays = vec![];
        // What it made may do no more than it.
        for scope in MIGHTY.into_iter().filter(|scope| scopes.allow(*scope)) {
            stays.push(self.one_that_stays(caller, goes, scope).await?);
        }
        let detail = json!({ "name": token.name, "keep_made": keep_made });
        let audit = self.desk.audit(caller, "token.revoked", token.id.to_string(), &detail);
        let asks = if let Actor::Token(id) = caller.actor { Some(id) } else { None };
        Ok(RevokeOne { tenant: token.tenant, asks, goes, stays, at: self.desk.ids.now(), audit })
    }

    /// A token of that scope that is in force and stays so: the caller's own, or the oldest.
    async fn one_that_stays(
        &self,
        caller: &Caller,
        goes: Going,
        scope: Scope,
    ) -> Result<TokenId, AuthorityError> {
        let (db, tenant, now) = (&self.desk.db, caller.tenant, self.desk.ids.now());
        if let Actor::Token(own) = caller.actor
            && caller.scopes.allow(scope)
            && goes.leaves(db, tenant, own).await?
        {
            return Ok(own);
        }
        let (mut after, mut tried) = (None, 0);
        for _ in 0..PAGES {
            let page = table::tokens::mighty(db, tenant, after, PAGE).await?;
            let fits =
                |token: &&TokenRow| is_in_force(token, now) && Scopes::from_lines(&token.scopes).allow(scope);
            for token in page.iter().filter(fits) {
                tried += 1;
                if goes.leaves(db, tenant, token.id).await? {
                    return Ok(token.id);
                }
            }
            let Some(last) = page.last().filter(|_| tried < TRIED) else { break };
            after = Some(last.id);
        }
        Err(AuthorityError::Refused(Code::LastOwner))
    }

    /// Revokes what tokens made that were revoked with it, this one or another; others write between the pages. Says how many
    /// they were.
    async fn revoke_made(&self, caller: &Caller, id: TokenId) -> Result<u64, AuthorityError> {
        let mut also_revoked = 0;
        loop {
            let page = RevokePage { id, desk: self.desk.clone(), caller: caller.clone() };
            let page = self.desk.db.write(page).await?;
            also_revoked += page.revoked;
            if !page.more {
                return Ok(also_revoked);
            }
        }
    }
}

/// A token that is to be revoked, and perhaps what it made.
#[derive(Clone, Copy)]
struct Going {
    token: TokenId,
    with_made: bool,
}

impl Going {
    /// Whether a token stays as it is. Who made it never changes; but its makers may be revoked meanwhile with what they made.
    async fn leaves(
        self,
        on: impl sealgate_store::Read,
        tenant: TenantId,
        token: TokenId,
    ) -> Result<bool, AuthorityError> {
        let makers = made_tokens::lineage(on, tenant, (token, self.token), GENERATIONS).await?;
        // Of one with more makers than are looked at, nobody knows it.
        let is_known = (1..GENERATIONS).contains(&makers.generations) || !self.with_made;
        Ok(token != self.token && is_known && !makers.is_ending && !(self.with_made && makers.is_of))
    }
}

struct RevokeOne {
    tenant: TenantId,
    /// The caller's token.
    asks: Option<TokenId>,
    goes: Going,
    /// Tokens that must stay in force.
    stays: Vec<TokenId>,
    at: UnixSeconds,
    audit: AuditRow,
}

impl RevokeOne {
    async fn is_in_force(&self, tx: &mut Tx<'_>, id: TokenId) -> Result<bool, AuthorityError> {
        let token = table::tokens::find(&mut *tx, self.tenant, id).await?;
        Ok(token.is_some_and(|token| is_in_force(&token, self.at)))
    }
}

impl Work for RevokeOne {
    type Output = TokenView;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<TokenView, AuthorityError> {
        let (tenant, id) = (self.tenant, self.goes.token);
        // Two who revoke each other's token: the second sees what the first did.
        table::tenants::lock(tx, tenant).await?;
        if let Some(asks) = self.asks {
            let makers = made_tokens::lineage(&mut *tx, tenant, (asks, asks), GENERATIONS).await?;
            if makers.is_ending || !self.is_in_force(tx, asks).await? {
                return Err(AuthorityError::Refused(Code::TokenInvalid));
            }
        }
        for stays in &self.stays {
            if !self.goes.leaves(&mut *tx, tenant, *stays).await? || !self.is_in_force(tx, *stays).await? {
                return Err(AuthorityError::Superseded);
            }
        }
        let revoked = table::tokens::revoke(tx, tenant, id, self.at).await?;
        let begun = self.goes.with_made && made_tokens::begin(tx, tenant, id).await?;
        if revoked || begun {
            table::audit::insert(tx, &self.audit).await?;
        }
        let now = table::tokens::find(&mut *tx, tenant, id).await?;
        now.as_ref().map(view).ok_or(AuthorityError::Refused(Code::NotFound))
    }
}

struct RevokePage {
    /// The token that is named for it.
    id: TokenId,
    desk: Desk,
    caller: Caller,
}

impl Work for RevokePage {
    type Output = RevokedPage;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<RevokedPage, AuthorityError> {
        let tenant = self.caller.tenant;
        table::tenants::lock(tx, tenant).await?;
        let page = made_tokens::revoke_page(tx, tenant, self.desk.ids.now()).await?;
        if page.revoked > 0 {
            let detail = json!({ "also_revoked": page.revoked });
            let audit = self.desk.audit(&self.caller, "token.made_revoked", self.id.to_string(), &detail);
            table::audit::insert(tx, &audit).await?;
        }
        Ok(page)
    }
}
