//! Forgetting a customer: afterwards the database holds nothing that is personal of it, but for what the vendor wrote elsewhere.

use sealgate_artifact::{Code, CustomerId, LicenseId, PublicKey, TenantId, UnixSeconds};
use sealgate_authority::{AuthorityError, BUSY};
use sealgate_store::table::{self, AuditRow, CustomerRow, EventRow, LicenseRow, SignedLicense};
use sealgate_store::{Tx, Work};
use sealgate_wire::{CustomerForgotten, ForgetCustomer};
use serde_json::json;

use super::known::{Customers, unknown};
use crate::keys::{next_version, store_next};
use crate::{Caller, named};

/// Licenses in one transaction: others write in between.
const PAGE: u32 = 100;
/// Pages of licenses in one request. More could exceed its deadline.
const PAGES: u32 = 50;
/// Former versions after which a transaction ends.
const FORMER: u64 = 5_000;
/// What a license says that says nothing about its buyer.
const NOBODY: &str = "{}";

impl Customers {
    /// Removes what is personal of a customer, and what its licenses say about it. Goes on after the license that the request
    /// names, and says where the next request goes on. The customer's id stays.
    pub async fn forget(
        &self,
        caller: &Caller,
        customer: &str,
        request: &ForgetCustomer,
    ) -> Result<CustomerForgotten, AuthorityError> {
        let customer = named::customer(&self.desk, caller, customer).await?;
        let after = request.after.as_deref().map(LicenseId::parse).transpose();
        let mut after = after.map_err(|_| AuthorityError::Refused(Code::NotFound))?;
        let (now, subject) = (self.desk.ids.now(), customer.to_string());
        let audit = self.desk.audit(caller, "customer.forgotten", subject, &json!({}));
        self.desk.write(caller, EmptyCustomer { id: customer, at: now, audit }).await?;
        let mut licenses = 0;
        for _ in 0..PAGES {
            let page = self.forget_page(caller, customer, after).await?;
            licenses += page.licenses;
            after = page.last.or(after);
            if page.is_last {
                return Ok(CustomerForgotten { customer_id: customer.to_string(), licenses, next: None });
            }
        }
        let next = Some(after.ok_or(BUSY)?.to_string());
        Ok(CustomerForgotten { customer_id: customer.to_string(), licenses, next })
    }

    async fn forget_page(
        &self,
        caller: &Caller,
        customer: CustomerId,
        after: Option<LicenseId>,
    ) -> Result<Page, AuthorityError> {
        let _turn = self.desk.turn(caller, PAGE as usize).await;
        self.desk.retry_for(caller, || self.prepare_page(caller, customer, after)).await
    }

    async fn prepare_page(
        &self,
        caller: &Caller,
        customer: CustomerId,
        after: Option<LicenseId>,
    ) -> Result<ForgetPage, AuthorityError> {
        let (db, ids) = (&self.desk.db, &self.desk.ids);
        let tenant = table::tenants::find(db, caller.tenant).await?;
        let tenant = tenant.ok_or(AuthorityError::Refused(Code::NotFound))?;
        let whose = (caller.tenant, customer);
        let rows = table::licenses::of_customer_after(db, whose, after, PAGE).await?;
        let is_last = rows.len() < PAGE as usize;
        let signs: Vec<&LicenseRow> = rows.iter().filter(|license| license.licensee != NOBODY).collect();
        let mut slots = self.signer.slots.draw_for(&signs).await?.into_iter();
        let mut licenses = vec![];
        for license in rows {
            let (id, version) = (license.id, license.version);
            let event = self.desk.event(caller, &license, "license_resigned", None);
            let mut signed = None;
            if license.licensee != NOBODY
                && let Some(slot) = slots.next()
            {
                let version = next_version(version, ids.now())?;
                let next = LicenseRow { version, licensee: NOBODY.to_owned(), ..license };
                signed = Some((version, self.signer.sign(&next, (slot, tenant.issuer_key))?));
                // Hundreds of signatures take a while; other requests go on in between.
                tokio::task::yield_now().await;
            }
            licenses.push(Named { id, version, signed, event });
        }
        let audit = self.desk.audit(caller, "customer.licenses_forgotten", customer.to_string(), &json!({}));
        Ok(ForgetPage { issuer: (tenant.id, tenant.issuer_key), customer, licenses, is_last, audit })
    }
}

/// Removes what stands in the customer's row.
struct EmptyCustomer {
    id: CustomerId,
    at: UnixSeconds,
    audit: AuditRow,
}

impl Work for EmptyCustomer {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let locked = table::customers::lock(tx, self.audit.tenant, self.id).await?;
        let locked = locked.ok_or_else(|| unknown(self.id))?;
        if locked.forgotten_at.is_some() {
            return Ok(());
        }
        let emptied = CustomerRow {
            name: None,
            slug: None,
            company: None,
            email: None,
            external_id: None,
            metadata: NOBODY.to_owned(),
            forgotten_at: Some(self.at),
            ..locked
        };
        table::customers::store(tx, &emptied).await?;
        table::audit::insert(tx, &self.audit).await?;
        Ok(())
    }
}

/// A license of the customer, and its next version where it says something about the customer.
struct Named {
    id: LicenseId,
    version: u64,
    signed: Option<(u64, SignedLicense)>,
    event: EventRow,
}

struct ForgetPage {
    /// The tenant, and the issuer that signed: it must still be the tenant's.
    issuer: (TenantId, PublicKey),
    customer: CustomerId,
    licenses: Vec<Named>,
    /// Whether no license comes after these.
    is_last: bool,
    /// Its detail is known when it is done.
    audit: AuditRow,
}

/// What was done of a page.
struct Page {
    licenses: u64,
    /// The last license that is done.
    last: Option<LicenseId>,
    /// Whether nothing is left.
    is_last: bool,
}

impl Work for ForgetPage {
    type Output = Page;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Page, AuthorityError> {
        let (tenant, issuer) = self.issuer;
        if !table::tenants::has_issuer(&mut *tx, tenant, issuer).await? {
            return Err(AuthorityError::Superseded);
        }
        let (mut page, mut former) = (Page { licenses: 0, last: None, is_last: self.is_last }, 0);
        for named in &self.licenses {
            let (deleted, is_done) = self.forget(tx, named).await?;
            former += deleted;
            if is_done {
                (page.licenses, page.last) = (page.licenses + 1, Some(named.id));
            }
            if !is_done || former >= FORMER {
                page.is_last = false;
                break;
            }
        }
        if page.licenses > 0 {
            let last = page.last.map(|id| id.to_string());
            let detail = json!({ "count": page.licenses, "last": last });
            let audit = AuditRow { detail: detail.to_string(), ..self.audit.clone() };
            table::audit::insert(tx, &audit).await?;
        }
        Ok(page)
    }
}

impl ForgetPage {
    /// Says how many former versions went with it, and whether all did.
    async fn forget(&self, tx: &mut Tx<'_>, named: &Named) -> Result<(u64, bool), AuthorityError> {
        let locked = table::licenses::lock(tx, self.issuer.0, named.id).await?;
        // Whoever has it now may say so.
        let Some(locked) = locked.filter(|license| license.customer == Some(self.customer)) else {
            return Ok((0, true));
        };
        if locked.version != named.version {
            return Err(AuthorityError::Superseded);
        }
        let version = match &named.signed {
            Some((version, signed)) => {
                let next = LicenseRow { version: *version, licensee: NOBODY.to_owned(), ..locked.clone() };
                store_next(tx, &locked, (&next, signed), self.audit.at).await?;
                table::events::insert(tx, &named.event).await?;
                *version
            }
            None => locked.version,
        };
        // spec/offline.md §5.6: what was carried away is out of reach.
        table::bundles::forget_person(tx, named.id).await?;
        let (deleted, is_full) = table::bought::forget_former(tx, named.id, version).await?;
        Ok((deleted, !is_full))
    }
}
