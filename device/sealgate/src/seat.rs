//! Devices that have the seats of a license, as somebody says.

use sealgate_artifact::{DeviceId, UnixSeconds};
use sealgate_wire::SeatView;

use crate::shown::shown;

/// `spec/online.md` §7.8: seats that an answer shows at most.
const SHOWN: usize = 10;
/// What is shown of a name, in characters.
const NAME_CHARS: usize = 64;

/// A device that has a seat, so that a person can choose which one to give back. Nobody signed it: it is for show, and
/// whoever sits between can have made it up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnverifiedSeat {
    /// The device's id, for [`Client::release_device`](crate::Client::release_device).
    pub device_id: DeviceId,
    /// What it calls itself, with whatever steers a terminal escaped.
    pub name: Option<String>,
    /// When it was let in last.
    pub last_seen: Option<UnixSeconds>,
}

/// Those of an answer that read. The rest says nothing about rights, and is passed over.
pub(crate) fn seats(views: Vec<SeatView>) -> Vec<UnverifiedSeat> {
    let seat = |view: SeatView| {
        Some(UnverifiedSeat {
            device_id: DeviceId::parse(&view.device_id).ok()?,
            name: view.name.map(|name| shown(&name, NAME_CHARS)),
            last_seen: view.last_seen.map(|at| at.0),
        })
    };
    views.into_iter().take(SHOWN).filter_map(seat).collect()
}
