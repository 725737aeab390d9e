//! A license file on a machine that asks nobody.

use sealgate_artifact::{Foreign, Keyset, License as Signed, Root, TenantKeyset, UnixSeconds, Unverified};
use sealgate_trust::{Accepted, ChainBytes, TenantTrust, TrustError, Verified, verify_license};

use crate::judge::{Judged, newest, rights, unless_listed};
use crate::license::POLICIES;
use crate::revocations::Looked;
use crate::state::{Effect, Memory, State};
use crate::statements::Statements;
use crate::{Denied, Error, License, SecurityError, Trust};

/// Verifies the bytes of a license file under what the build pins, at the time `now`, and returns the license's rights.
///
/// No server is asked, so nobody says whether the license was revoked since, and no device is counted. The build's own
/// `trust.json` must still hold at `now`. Nothing is remembered: [`Client::validate_license_file`](crate::Client::validate_license_file)
/// also refuses an older version of a license than the newest one it saw.
pub fn verify_license_file(trust: &'static [u8], file: &[u8], now: UnixSeconds) -> Result<License, Error> {
    let trust = Trust::parse(trust)?;
    let chain = pinned_chain(&trust, now)?;
    let verified =
        verify_license(&chain, file, Some(trust.app), POLICIES).map_err(|why| of_license(file, why))?;
    Ok(rights(verified.get(), None, now)?)
}

/// The same by what a client has and remembers, at a time that is not below its floors; `held` is what it has of the chain, and `look` looks up what was taken back.
pub(crate) fn judge_file(
    trust: &Trust,
    (state, held): (&State, Statements),
    (file, now): (&[u8], UnixSeconds),
    look: impl Fn(&TenantTrust, &Verified<Signed>) -> Looked,
) -> Result<Judged<License>, SecurityError> {
    let accepted = state.accepted();
    let (chain, held) = known_chain(trust, &accepted, held, now)?;
    let verified =
        verify_license(&chain, file, Some(trust.app), POLICIES).map_err(|why| of_license(file, why))?;
    let licenses = newest(&chain, &verified, &state.licenses())?;
    let looked = look(&chain, &verified);
    let verdict = unless_listed(rights(verified.get(), None, now), verified.get().license, looked.listed);
    let verdict = match verdict {
        // spec/revocation.md §5.5.
        Ok(_) if looked.is_unseen => Err(Denied::unseen(verified.get().license)),
        verdict => verdict,
    };
    let (accepted, floors) = (chain.accepted().clone(), state.floors_kept());
    let memory = Memory { accepted, floors, licenses, statements: held };
    Ok(Judged { verdict, memory, effect: Effect::None })
}

/// What a client has of the chain. Where that does not verify, the build's own counts (`spec/keys.md` §4.7): a thief of keys that
/// are revoked since may have left a statement of an enormous version, and nobody is asked for a better one here.
pub(crate) fn known_chain(
    trust: &Trust,
    accepted: &Accepted,
    held: Statements,
    now: UnixSeconds,
) -> Result<(TenantTrust, Statements), SecurityError> {
    match chain(trust, &held.chain, accepted, now) {
        Ok(chain) => Ok((chain, held)),
        Err(first) => {
            let chain = chain(trust, &trust.chain, accepted, now).map_err(|_| first)?;
            Ok((chain, held.under(trust.chain.clone())))
        }
    }
}

/// What nothing older is believed than (`spec/keys.md` §4.7): what was accepted, and what state and build hold. That its time has not
/// come, or is over, makes nothing older count.
pub(crate) fn known_maxima(trust: &Trust, accepted: Accepted, held: &Statements) -> Accepted {
    let known = known_whenever(trust, &accepted, held);
    known.map_or(accepted, |chain| chain.accepted().clone())
}

/// What is held of the chain, or else what the build brings along, whatever the time is.
pub(crate) fn known_whenever(trust: &Trust, accepted: &Accepted, held: &Statements) -> Option<TenantTrust> {
    [&held.chain, &trust.chain]
        .into_iter()
        .find_map(|bytes| chain(trust, bytes, accepted, begun_at(bytes)?).ok())
}

/// When the last of the statements was signed, as they say of themselves: then all their windows had begun.
pub(crate) fn begun_at(chain: &ChainBytes) -> Option<UnixSeconds> {
    let root = Unverified::<Root>::decode(chain.roots.last()?).ok()?.danger_peek().ok()?;
    let keyset = Unverified::<Keyset>::decode(&chain.keyset).ok()?.danger_peek().ok()?;
    let tenant_keyset = Unverified::<TenantKeyset>::decode(&chain.tenant_keyset).ok()?.danger_peek().ok()?;
    Some(root.issued_at.max(keyset.issued_at).max(tenant_keyset.issued_at))
}

/// What the build itself pins, for a client that remembers nothing.
pub(crate) fn pinned_chain(trust: &Trust, now: UnixSeconds) -> Result<TenantTrust, SecurityError> {
    chain(trust, &trust.chain, &Accepted::default(), now)
}

fn chain(
    trust: &Trust,
    bytes: &ChainBytes,
    accepted: &Accepted,
    now: UnixSeconds,
) -> Result<TenantTrust, SecurityError> {
    TenantTrust::verify(&trust.roots, bytes, Some(trust.tenant), accepted, now)
        .map_err(|why| SecurityError::Statement { what: "chain of keys", why })
}

/// Why it is refused; and what it is, where it is another file.
fn of_license(file: &[u8], why: TrustError) -> SecurityError {
    let other =
        Foreign::of(file).filter(|is| matches!(why, TrustError::Artifact(_)) && *is != Foreign::Statement);
    match other {
        Some(is) => SecurityError::OtherFile { is, why },
        None => SecurityError::Statement { what: "license", why },
    }
}
