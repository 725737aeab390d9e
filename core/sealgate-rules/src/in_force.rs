//! Whether a license gives rights at a time (`spec/license.md` §4).

use sealgate_artifact::{Code, UnixSeconds};

use crate::{Facts, Standing};

impl Standing {
    /// Whether the license gives rights now. `spec/errors.md` §3.1: not yet valid, then revoked, then expired, then
    /// suspended.
    pub fn gives_rights(self, now: UnixSeconds) -> Result<(), Code> {
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
}

impl Facts {
    /// The same of a license that also has access lists: they come last.
    pub(crate) fn gives_rights(self, now: UnixSeconds) -> Result<(), Code> {
        self.license.gives_rights(now)?;
        if self.blocked_by_lists { Err(Code::Blocked) } else { Ok(()) }
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
            prop_assert_eq!(Standing { window, revoked, suspended }.gives_rights(at(now)), expected);
        }

        /// A license without an end never expires.
        #[test]
        fn no_end_is_no_end(now in 0u64..sealgate_artifact::limits::LAST_SECOND) {
            let standing = Standing { window: Window::new(at(0), None), revoked: false, suspended: false };
            prop_assert_eq!(standing.gives_rights(at(now)), Ok(()));
        }
    }
}
