//! Version numbers, windows and sizes of keysets.

use sealgate_artifact::{Code, KeyUse, TenantId, UnixSeconds, limits};
use sealgate_authority::seats::HEAD_START_SECONDS;
use sealgate_authority::{AuthorityError, Ids, Side, broken};
use sealgate_store::table::KeyScope;

/// Keysets hold this long. Machines without a network live by them, so this end is only for keys that nobody uses any
/// more. A key that must end early is revoked.
const KEYSET_SECONDS: u64 = 3650 * 24 * 60 * 60;

/// A keyset that ends within this time is made anew with a new end (`spec/keys.md` §5.3).
const RENEWED_BEFORE: u64 = 365 * 24 * 60 * 60;

/// When a statement about keys ends that is signed now. One that says again what another one says ends with that one, at
/// `former`, unless that is soon: no clock makes its end come earlier. While the clock is doubted, nothing else is signed, so
/// that nothing lives longer by it (`docs/design.md`, "A clock in doubt").
pub(crate) fn keyset_end(ids: &Ids, former: Option<UnixSeconds>) -> Result<UnixSeconds, AuthorityError> {
    match (ids.clock_watch().doubt(Side::Vendor), former) {
        (None, Some(end)) if end > soon(ids.now()) => Ok(end),
        (None, _) => Ok(ids.now().plus(KEYSET_SECONDS)),
        (Some(_), Some(end)) => Ok(end),
        (Some(_), None) => Err(AuthorityError::Refused(Code::ClockInDoubt)),
    }
}

/// A keyset that ends by then is made anew with a new end.
pub(super) fn soon(now: UnixSeconds) -> UnixSeconds {
    now.plus(RENEWED_BEFORE)
}

/// The first version is the time in minutes: a database that was restored from an older copy still counts upwards
/// (`spec/keys.md` §5.3).
pub(crate) fn first_version(now: UnixSeconds) -> u64 {
    now.get() / 60
}

/// `spec/keys.md` §5.3. What is signed can say no larger number: two statements of one version would be refused everywhere.
pub(crate) fn next_version(last: u64, now: UnixSeconds) -> Result<u64, AuthorityError> {
    let next = first_version(now).max(last.saturating_add(1));
    let is_sayable = i64::try_from(next).is_ok_and(|next| next < limits::INTEGER_BOUND);
    is_sayable.then_some(next).ok_or_else(|| broken(format!("no version follows {last}")))
}

/// When a license without a start date begins that is signed now: a day earlier, so that a clock that is a little behind on
/// the customer's machine does not refuse it (`spec/license.md` §2.4).
pub(crate) fn begin(now: UnixSeconds) -> UnixSeconds {
    now.minus(HEAD_START_SECONDS)
}

/// Whether keys of that use stand in the keysets of tenants, each of which decides about its own.
pub(crate) fn is_tenants(key_use: KeyUse) -> bool {
    matches!(key_use, KeyUse::Issuer | KeyUse::Update | KeyUse::Snapshot | KeyUse::Activation)
}

/// Whose keys of this use are: the installation's, or the tenant's.
pub(super) fn scope_of(key_use: KeyUse, tenant: TenantId) -> KeyScope {
    if is_tenants(key_use) { KeyScope::Tenant(tenant) } else { KeyScope::Installation }
}

/// The most keys that a keyset of this scope may list.
pub(super) fn room(scope: KeyScope) -> usize {
    if scope == KeyScope::Installation { limits::KEYSET_KEYS } else { limits::TENANT_KEYSET_KEYS }
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::{UnixSeconds, limits};

    use super::next_version;

    /// What is signed can say no larger number, and saying the same one again would be equivocation.
    #[test]
    fn versions_rise_as_long_as_they_can_be_said() {
        let (now, end) =
            (UnixSeconds::new(1_800_000_000).expect("in range"), limits::INTEGER_BOUND.unsigned_abs());
        assert_eq!(next_version(0, now).ok(), Some(30_000_000));
        assert_eq!(next_version(30_000_000, now).ok(), Some(30_000_001));
        assert_eq!(next_version(end - 2, now).ok(), Some(end - 1));
        for last in [end - 1, end, u64::MAX] {
            assert!(next_version(last, now).is_err(), "{last}");
        }
    }
}
