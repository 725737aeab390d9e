//! How many devices a customer's licenses may be on, all together (`spec/http.md` §3.17).

use sealgate_artifact::Code;
use sealgate_store::Tx;
use sealgate_store::table::bought::{self, LIMITED_LICENSES};
use sealgate_store::table::{LicenseRow, customers};

use crate::AuthorityError;

/// Refuses a further device of a locked license whose customer has as many as it may have. Locks the customer: whoever takes a
/// seat of another license of the customer waits, and then counts this one.
pub(crate) async fn leaves_room(tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<(), AuthorityError> {
    let Some(customer) = locked.customer else { return Ok(()) };
    let Some(most) = customers::lock_limit(tx, locked.tenant, customer).await? else { return Ok(()) };
    let bought = bought::by(&mut *tx, locked.tenant, customer).await?;
    // No server of ours lets one have so many. What is not added up counts as too much.
    let is_whole = bought.licenses <= u64::from(LIMITED_LICENSES);
    if is_whole && bought.devices < most {
        Ok(())
    } else {
        Err(AuthorityError::Refused(Code::CustomerDeviceLimit))
    }
}
