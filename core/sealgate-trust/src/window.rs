//! When a statement about keys holds (`spec/keys.md` §4.3).

use sealgate_artifact::UnixSeconds;

use crate::{KeyWindow, TrustError};

/// The window begins a day before `issued_at`, for machines whose clock is a little slow. Its end has no tolerance.
pub(crate) fn check(
    whose: KeyWindow,
    issued_at: UnixSeconds,
    expires_at: UnixSeconds,
    now: UnixSeconds,
) -> Result<(), TrustError> {
    const TOLERANCE: u64 = 24 * 60 * 60;
    if now.plus(TOLERANCE) < issued_at {
        return Err(TrustError::NotYetValid { whose, begins: issued_at, now });
    }
    if now >= expires_at { Err(TrustError::Expired { whose, ended: expires_at, now }) } else { Ok(()) }
}
