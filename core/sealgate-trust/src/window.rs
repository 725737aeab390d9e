//! When a statement about keys holds (`spec/keys.md` §4.3).

use sealgate_artifact::UnixSeconds;

use crate::{KeyWindow, TrustError};

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
