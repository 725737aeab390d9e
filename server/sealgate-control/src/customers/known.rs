//! The group of use cases, and customers as they are stored.

use sealgate_artifact::{Code, CustomerId, Slug, TenantId};
use sealgate_authority::{AuthorityError, stored};
use sealgate_store::table::bought::LIMITED_LICENSES;
use sealgate_store::table::{self, CustomerRow};
use sealgate_store::{Read, Tx};
use sealgate_wire::{CustomerView, Seats, Timestamp};

use crate::Caller;
use crate::desk::Desk;
use crate::keys::LicenseSigner;

/// The vendor's customers.
pub struct Customers {
    pub(super) desk: Desk,
    pub(super) signer: LicenseSigner,
}

impl Customers {
    pub(crate) fn new(desk: Desk, signer: LicenseSigner) -> Self {
        Self { desk, signer }
    }
}

pub(super) fn unknown(id: CustomerId) -> AuthorityError {
    AuthorityError::unknown("customer", &id.to_string())
}

/// The tenant's customer of that id, who was not forgotten, as it is stored.
pub(crate) async fn find(
    desk: &Desk,
    caller: &Caller,
    id: CustomerId,
) -> Result<CustomerRow, AuthorityError> {
    let found = table::customers::find(&desk.db, caller.tenant, id).await?;
    found.filter(is_known).ok_or_else(|| unknown(id))
}

/// A customer who was forgotten buys nothing more.
pub(super) fn is_known(customer: &CustomerRow) -> bool {
    customer.forgotten_at.is_none()
}

/// Locks a customer who was not forgotten.
pub(super) async fn lock_known(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    id: CustomerId,
) -> Result<CustomerRow, AuthorityError> {
    let locked = table::customers::lock(tx, tenant, id).await?;
    locked.filter(is_known).ok_or_else(|| unknown(id))
}

/// Locks the customer who gets so many licenses more in this transaction. Who locks licenses, too, locks them first.
pub(crate) async fn lock_buyer(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    id: CustomerId,
    more: u64,
) -> Result<CustomerRow, AuthorityError> {
    let customer = lock_known(tx, tenant, id).await?;
    has_room(&mut *tx, &customer, more).await?;
    Ok(customer)
}

/// Whether the customer may get another license, as far as nobody else buys meanwhile.
pub(crate) async fn may_buy(desk: &Desk, caller: &Caller, id: CustomerId) -> Result<(), AuthorityError> {
    has_room(&desk.db, &find(desk, caller, id).await?, 1).await
}

/// Of a customer with a limit, nobody adds up the devices of more licenses than this.
pub(super) async fn has_room(on: impl Read, customer: &CustomerRow, more: u64) -> Result<(), AuthorityError> {
    if customer.max_devices.seats().is_some() {
        let bought = table::bought::by(on, customer.tenant, customer.id).await?;
        if bought.licenses + more > u64::from(LIMITED_LICENSES) {
            return Err(AuthorityError::Refused(Code::LimitReached));
        }
    }
    Ok(())
}

pub(super) fn view(customer: &CustomerRow) -> Result<CustomerView, AuthorityError> {
    Ok(CustomerView {
        customer_id: customer.id.to_string(),
        name: customer.name.clone(),
        slug: customer.slug.as_ref().map(Slug::to_string),
        company: customer.company.clone(),
        email: customer.email.clone(),
        external_id: customer.external_id.clone(),
        metadata: stored(&customer.metadata)?,
        max_devices: Seats(customer.max_devices),
        licenses: None,
        devices_used: None,
        created_at: Timestamp(customer.created_at),
        forgotten_at: customer.forgotten_at.map(Timestamp),
    })
}
