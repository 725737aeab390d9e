//! Whether a device may use a license now (`spec/http.md` §2.3, §2.8; `spec/online.md` §7.4).

use sealgate_artifact::{Code, UnixSeconds};

use crate::{Facts, Seat};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Yes; nothing changes.
    Allow,
    /// Yes, once a seat was taken for this device.
    TakeSeat,
    /// No.
    Refuse(Code),
}

impl Facts {
    /// Answers a validation, which may take a seat. `spec/errors.md` §3.1: the license itself, then the lists, then the
    /// seat, then the trial: one that is over takes no seat.
    pub fn validate(self, now: UnixSeconds) -> Verdict {
        let seat = |seat| match seat {
            Seat::Bound => Ok(Verdict::Allow),
            Seat::Free => Ok(Verdict::TakeSeat),
            Seat::Full => Err(Code::DeviceLimit),
        };
        self.give_rights(now, seat).unwrap_or_else(Verdict::Refuse)
    }
}
