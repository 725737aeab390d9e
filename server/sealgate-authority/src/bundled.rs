//! Seats that bundles hold (`spec/offline.md` §5.2): what has ended is counted anew when somebody needs to know.

use sealgate_artifact::UnixSeconds;
use sealgate_store::Tx;
use sealgate_store::table::{self, LicenseRow};

use crate::{AuthorityError, ClockWatch};

/// The row of a locked license, once what its ended bundles held is free. While the clock is doubted, nothing is: a clock that is
/// ahead would give seats away that machines without a network still use.
pub async fn settled(
    tx: &mut Tx<'_>,
    locked: LicenseRow,
    (clock, now): (&ClockWatch, UnixSeconds),
) -> Result<LicenseRow, AuthorityError> {
    if !locked.has_ended_bundles(now) || !clock.tells_ages() {
        return Ok(locked);
    }
    table::bundle_seats::settle(tx, &locked, now).await?;
    let anew = table::licenses::lock(tx, locked.tenant, locked.id).await?;
    Ok(anew.unwrap_or(locked))
}
