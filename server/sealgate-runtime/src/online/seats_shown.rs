//! Which devices have the seats, for whoever knows the license's key and gets none (`spec/online.md` §7.8).

use sealgate_artifact::{Code, DeviceRequest, LicenseName};
use sealgate_authority::{About, AuthorityError};
use sealgate_store::{Db, table};
use sealgate_wire::{SeatView, Timestamp};

/// Seats that are shown at most, and devices that a license has at most of which any are shown: they are all looked at.
const SHOWN: usize = 10;
const LOOKED_AT: u32 = 64;

/// Those that were not seen for longest, first. Nobody signs this, and nothing depends on it.
pub(super) async fn seats_shown(
    db: &Db,
    request: &DeviceRequest,
    (code, about): (Code, &About),
) -> Result<Vec<SeatView>, AuthorityError> {
    let (Code::DeviceLimit, LicenseName::Key(_), Some(license)) = (code, &request.license, about.license)
    else {
        return Ok(vec![]);
    };
    let devices = table::devices::longest_unseen(db, license, (LOOKED_AT, SHOWN)).await?;
    let view = |device: table::DeviceRow| SeatView {
        device_id: device.id.to_string(),
        name: device.said.name,
        last_seen: device.last_seen.map(Timestamp),
    };
    Ok(devices.into_iter().map(view).collect())
}
