//! Whether a license gives rights at a time (`spec/license.md` §4).

use sealgate_artifact::{Code, License, UnixSeconds};

/// When a license gives rights: from `not_before` on, up to but without `expires_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First second of the window.
    pub not_before: UnixSeconds,
    /// First second after the window; `None` never ends.
    pub expires_at: Option<UnixSeconds>,
}

impl From<&License> for Window {
    fn from(license: &License) -> Self {
        Self { not_before: license.not_before, expires_at: license.expires_at }
    }
}

/// `spec/errors.md` §3, the part about the license itself: not yet valid, then revoked, then expired.
pub fn in_force(window: Window, revoked: bool, now: UnixSeconds) -> Result<(), Code> {
    if now < window.not_before {
        return Err(Code::NotYetValid);
    }
    if revoked {
        return Err(Code::Revoked);
    }
    if window.expires_at.is_some_and(|end| now >= end) {
        return Err(Code::Expired);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{Code, UnixSeconds};

    use super::{Window, in_force};

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).expect("in range")
    }

    proptest! {
        /// Any instant lies in exactly one of: before, within, after; a revocation never turns a no into a yes.
        #[test]
        fn the_window_is_half_open(begin in 0u64..1000, length in 1u64..1000, now in 0u64..3000, revoked: bool) {
            let window = Window { not_before: at(begin), expires_at: Some(at(begin + length)) };
            let expected = match now {
                n if n < begin => Err(Code::NotYetValid),
                _ if revoked => Err(Code::Revoked),
                n if n < begin + length => Ok(()),
                _ => Err(Code::Expired),
            };
            prop_assert_eq!(in_force(window, revoked, at(now)), expected);
        }

        /// A license without an end never expires.
        #[test]
        fn no_end_is_no_end(now in 0u64..sealgate_artifact::limits::LAST_SECOND) {
            prop_assert_eq!(in_force(Window { not_before: at(0), expires_at: None }, false, at(now)), Ok(()));
        }
    }
}
