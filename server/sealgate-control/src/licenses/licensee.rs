//! For whom a license is, by its own words (`spec/license.md` §2.10), and by the customer who bought it.

use sealgate_artifact::{CustomerId, TenantId};
use sealgate_authority::{AuthorityError, stored};
use sealgate_store::Tx;
use sealgate_store::table::{CustomerRow, PlanRow};
use sealgate_wire::{IssueLicenses, Licensee, LicenseeField};

use crate::customers::{find, lock_buyer};
use crate::desk::Desk;
use crate::{Caller, check, named};

/// As it is stored, if it can be signed.
pub(super) fn stored_form(licensee: Option<&Licensee>) -> Result<String, AuthorityError> {
    let why = "name, company and email of 1 to 128 bytes each, none of them a control character";
    let mut licensee = licensee.cloned().unwrap_or_default();
    for text in [&mut licensee.name, &mut licensee.company, &mut licensee.email].into_iter().flatten() {
        *text = check::said(text).ok_or(AuthorityError::Invalid { field: "licensee", why })?;
    }
    Ok(serde_json::to_string(&licensee).expect("texts can be written"))
}

/// As the vendor sees it.
pub(super) fn shown(column: &str) -> Result<Option<Licensee>, AuthorityError> {
    let licensee: Licensee = stored(column)?;
    Ok(Some(licensee).filter(|licensee| *licensee != Licensee::default()))
}

/// Who gets the licenses of an order, and what these say about it.
pub(super) struct Buyer {
    customer: Option<CustomerId>,
    /// What they say, as it is stored.
    licensee: String,
    /// What of it the plan took from the customer.
    taken: Vec<LicenseeField>,
}

impl Buyer {
    /// What the order names counts more than what its plan takes from the customer.
    pub(super) async fn of(
        desk: &Desk,
        caller: &Caller,
        request: &IssueLicenses,
        plan: Option<&PlanRow>,
    ) -> Result<Self, AuthorityError> {
        let found = match &request.customer_id {
            Some(customer) => Some(find(desk, caller, named::customer(desk, caller, customer).await?).await?),
            None => None,
        };
        let id = found.as_ref().map(|customer| customer.id);
        let taken = match (&request.licensee, plan) {
            (None, Some(plan)) if found.is_some() => stored(&plan.licensee)?,
            _ => vec![],
        };
        let copied = found.as_ref().map(|customer| copied(customer, &taken));
        let licensee = request.licensee.clone().map_or(copied, |named| named);
        Ok(Self { customer: id, licensee: stored_form(licensee.as_ref())?, taken })
    }

    pub(super) fn customer(&self) -> Option<CustomerId> {
        self.customer
    }

    pub(super) fn licensee(&self) -> &str {
        &self.licensee
    }

    /// Whether the customer is still there, has room for so many more licenses, and is called what was signed.
    pub(super) async fn is_still_so(
        &self,
        tx: &mut Tx<'_>,
        tenant: TenantId,
        more: u64,
    ) -> Result<(), AuthorityError> {
        let Some(id) = self.customer else { return Ok(()) };
        let customer = lock_buyer(tx, tenant, id, more).await?;
        let now = stored_form(Some(&copied(&customer, &self.taken)))?;
        if self.taken.is_empty() || now == self.licensee { Ok(()) } else { Err(AuthorityError::Superseded) }
    }
}

fn copied(customer: &CustomerRow, fields: &[LicenseeField]) -> Licensee {
    let of = |field, text: &Option<String>| text.clone().filter(|_| fields.contains(&field));
    Licensee {
        name: of(LicenseeField::Name, &customer.name),
        company: of(LicenseeField::Company, &customer.company),
        email: of(LicenseeField::Email, &customer.email),
    }
}
