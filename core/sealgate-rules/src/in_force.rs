//! Whether a license gives rights at a time (`spec/license.md` §4).

use sealgate_artifact::{Code, UnixSeconds};

use crate::{Facts, Seat, Standing};

impl Standing {
    /// Whether the license gives rights now. `spec/errors.md` §3.1: not yet valid, then revoked, then expired, then
    /// suspended, then its trial.
    pub fn gives_rights(self, now: UnixSeconds) -> Result<(), Code> {
        self.is_in_force(now)?;
        self.trial_runs(now)
    }

    /// Everything but the trial, which comes after the seats.
    fn is_in_force(self, now: UnixSeconds) -> Result<(), Code> {
        if !self.window.has_begun(now) {
            return Err(Code::NotYetValid);
        }
        if self.revoked {
            return Err(Code::Revoked);
        }
        if self.window.is_over(now) {
            return Err(Code::Expired);
        }
        if self.suspended { Err(Code::Blocked) } else { Ok(()) }
    }

    fn trial_runs(self, now: UnixSeconds) -> Result<(), Code> {
        self.trial.map_or(Ok(()), |trial| trial.runs(now))
    }
}

impl Facts {
    /// Whether the device may have or keep the seat where it stands. `spec/errors.md` §3.1: the license itself, then the
    /// lists, then the seat, which `seat` judges, then the trial.
    pub(crate) fn give_rights<T>(
        self,
        now: UnixSeconds,
        seat: impl FnOnce(Seat) -> Result<T, Code>,
    ) -> Result<T, Code> {
        self.license.is_in_force(now)?;
        if self.blocked_by_lists {
            return Err(Code::Blocked);
        }
        let seat = seat(self.seat)?;
        self.license.trial_runs(now)?;
        Ok(seat)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{Code, UnixSeconds};

    use crate::{Standing, Window};

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).expect("in range")
    }

    proptest! {
        /// Any instant lies in exactly one of: before, within, after; a revocation or suspension never turns a no into a
        /// yes.
        #[test]
        fn the_window_is_half_open(
            begin in 0u64..1000, length in 1u64..1000, now in 0u64..3000, revoked: bool, suspended: bool,
        ) {
            let window = Window::new(at(begin), Some(at(begin + length)));
            let expected = match now {
                n if n < begin => Err(Code::NotYetValid),
                _ if revoked => Err(Code::Revoked),
                n if n >= begin + length => Err(Code::Expired),
                _ if suspended => Err(Code::Blocked),
                _ => Ok(()),
            };
            prop_assert_eq!(Standing { window, revoked, suspended, trial: None }.gives_rights(at(now)), expected);
        }

        /// A license without an end never expires.
        #[test]
        fn no_end_is_no_end(now in 0u64..sealgate_artifact::limits::LAST_SECOND) {
            let window = Window::new(at(0), None);
            let standing = Standing { window, revoked: false, suspended: false, trial: None };
            prop_assert_eq!(standing.gives_rights(at(now)), Ok(()));
        }
    }
}
