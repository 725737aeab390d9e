//! An owner's token where nobody has one any more.

use sealgate_artifact::{Code, TenantId, UnixSeconds};
use sealgate_authority::{Actor, AuthorityError, Entry, audit_row};
use sealgate_store::table::{self, TenantRow};
use sealgate_wire::TokenCreated;
use serde_json::json;

use crate::tokens::{InsertToken, NewToken, Tokens};
use crate::{Scope, Scopes};

/// The tenant that the first start makes. Its owner looks after the installation, too.
pub(crate) const FIRST_TENANT: &str = "default";

/// Tokens that are read at once.
const PAGE: u32 = 500;

impl Tokens {
    /// Makes an owner's token without a caller: for the tenant of that name or id, or for the one that looks after the
    /// installation. Whoever has both the database and the vendor's secrets may do so; nobody can ask for it over HTTP.
    pub async fn recover(&self, tenant: Option<&str>) -> Result<TokenCreated, AuthorityError> {
        let tenant = self.tenant_to_recover(tenant.unwrap_or(FIRST_TENANT)).await?;
        if tenant.suspended_at.is_some() {
            return Err(AuthorityError::Refused(Code::TenantSuspended));
        }
        let scopes: &[Scope] = match &*tenant.name {
            FIRST_TENANT => &[Scope::Owner, Scope::Installation],
            _ => &[Scope::Owner],
        };
        let NewToken { row, token } = self.new_token(tenant.id, "recovered", Scopes::of(scopes));
        let detail = json!({ "name": row.name });
        let entry = Entry { action: "token.recovered", subject: row.id.to_string(), detail: &detail };
        let audit = audit_row(&self.desk.ids, tenant.id, (&Actor::System, "recovery"), entry);
        self.desk.db.write(InsertToken { row, token, audit }).await
    }

    async fn tenant_to_recover(&self, named: &str) -> Result<TenantRow, AuthorityError> {
        let db = &self.desk.db;
        let found = match TenantId::parse(named) {
            Ok(id) => table::tenants::find(db, id).await?,
            Err(_) => table::tenants::named(db, named).await?,
        };
        found.ok_or(AuthorityError::Refused(Code::NotFound))
    }

    /// When the last token ends that may look after the installation; `None` if one has no end. In the past, if there is
    /// none in force.
    pub async fn installation_ends(&self) -> Result<Option<UnixSeconds>, AuthorityError> {
        let Some(tenant) = table::tenants::named(&self.desk.db, FIRST_TENANT).await? else {
            return Ok(None);
        };
        let now = self.desk.ids.now();
        let mut ends = [Some(now); 2];
        let mut after = None;
        // Once both have one without an end, no other changes that.
        while ends != [None, None] {
            let page = table::tokens::mighty(&self.desk.db, tenant.id, after, PAGE).await?;
            for (end, scope) in ends.iter_mut().zip([Scope::Owner, Scope::Installation]) {
                let may = page.iter().filter(|token| Scopes::from_lines(&token.scopes).allow(scope));
                // `None` is later than every time.
                *end = may.fold(*end, |end, token| Some(end?.max(token.expires_at?)));
            }
            let Some(last) = page.last() else { break };
            after = Some(last.id);
        }
        Ok(ends.into_iter().flatten().min())
    }
}
