//! When a statement about keys holds (`spec/keys.md` §4.3).

use sealgate_artifact::UnixSeconds;

use crate::TrustError;

/// Whose window it is. This decides the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyWindow {
    /// The last root statement's.
    Root,
    /// A keyset's or tenant keyset's.
    Keyset,
    /// A server certificate's.
    Certificate,
}

impl std::fmt::Display for KeyWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Root => "last root statement",
            Self::Keyset => "keyset",
            Self::Certificate => "server certificate",
        })
    }
}

/// The window begins a day before `issued_at`, for machines whose clock is a little slow. Its end has no tolerance.
pub(crate) fn check(
    window: KeyWindow,
    issued_at: UnixSeconds,
    expires_at: UnixSeconds,
    now: UnixSeconds,
) -> Result<(), TrustError> {
    const TOLERANCE: u64 = 24 * 60 * 60;
    if now.plus(TOLERANCE) < issued_at {
        return Err(TrustError::NotYetValid(window));
    }
    if now >= expires_at { Err(TrustError::Expired(window)) } else { Ok(()) }
}
