//! How many devices a customer's licenses may be on, all together (`spec/http.md` §3.17).

use sealgate_artifact::{Code, CustomerId};
use sealgate_store::table::bought::{self, LIMITED_LICENSES};
use sealgate_store::table::{LicenseRow, customers};
use sealgate_store::{Db, Read, Tx};

use crate::AuthorityError;

/// Refuses a further device where the customer has as many as it may have by now. Nothing is locked, and nobody waits: what is
/// over its limit and asks again and again costs those who write nothing.
pub(crate) async fn had_room(db: &Db, license: &LicenseRow) -> Result<(), AuthorityError> {
    match (license.customer, customers::limit_of(db, license).await?) {
        (Some(customer), Some(most)) => has_room_for(db, license, (customer, most), 1).await,
        _ => Ok(()),
    }
}

/// The same for a locked license. Locks the customer: whoever takes a seat of another license of the customer waits, and then
/// counts this one.
pub(crate) async fn leaves_room(tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<(), AuthorityError> {
    leaves_room_for(tx, locked, 1).await
}

/// The same for so many further devices.
pub async fn leaves_room_for(
    tx: &mut Tx<'_>,
    locked: &LicenseRow,
    further: u64,
) -> Result<(), AuthorityError> {
    let Some(customer) = locked.customer else { return Ok(()) };
    let Some(most) = customers::lock_limit(tx, locked.tenant, customer).await? else { return Ok(()) };
    has_room_for(&mut *tx, locked, (customer, most), further).await
}

async fn has_room_for(
    on: impl Read,
    license: &LicenseRow,
    (customer, most): (CustomerId, u64),
    further: u64,
) -> Result<(), AuthorityError> {
    let bought = bought::by(on, license.tenant, customer).await?;
    // No server of ours lets one have so many. What is not added up counts as too much.
    let is_whole = bought.licenses <= u64::from(LIMITED_LICENSES);
    if is_whole && bought.devices.saturating_add(further) <= most {
        Ok(())
    } else {
        Err(AuthorityError::Refused(Code::CustomerDeviceLimit))
    }
}
