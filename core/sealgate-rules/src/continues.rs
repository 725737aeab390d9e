//! Whether a device that held a seat may go on: heartbeats (`spec/http.md` §2.8).

use sealgate_artifact::{Code, UnixSeconds};

use crate::{Facts, Seat};

impl Facts {
    /// Answers a heartbeat: whether a device that held a seat may go on. It never takes one, so a device whose seat is
    /// gone is refused with `device_limit`, also where another seat is free.
    pub fn continues(self, now: UnixSeconds) -> Result<(), Code> {
        self.give_rights(now, |seat| if seat == Seat::Bound { Ok(()) } else { Err(Code::DeviceLimit) })
    }
}
