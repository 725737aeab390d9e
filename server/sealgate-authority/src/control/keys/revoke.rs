//! Revocation of a key: what it had signed is signed anew first, then the key ends (`spec/keys.md` §7.3).

use sealgate_artifact::{Code, KeyUse, LicenseId};
use sealgate_store::{KeyRow, KeyStage};
use sealgate_wire::{KeyRevoked, Reason};
use serde_json::json;

use super::super::ATTEMPTS;
use super::super::bootstrap::INSTALLATION;
use super::super::check;
use super::change::{Change, room};
use super::check_scope;
use super::resign::resign_page;
use super::ring::Ring;
use super::rotate::{publish_authorities, removable, rotate};
use crate::{Authority, AuthorityError, Caller};

/// Pages of licenses in one request. More would run into its deadline.
const PAGES: u32 = 20;

/// Revokes a key of the tenant or the installation. Asking again goes on where it stopped; once it is done, nothing
/// happens.
pub async fn revoke_key(
    a: &Authority,
    caller: &Caller,
    keyid: &str,
    wish: &Reason,
) -> Result<KeyRevoked, AuthorityError> {
    let reason = wish.reason.as_deref();
    check::reason(reason)?;
    let _turn = a.key_changes.lock().await;
    let key = find(a, caller, keyid).await?;
    check_scope(caller, key.key_use)?;
    let (mut complete, mut resigned) = (true, vec![]);
    match (key.key_use, key.state) {
        (_, KeyStage::Revoked) => {}
        // One that signs is replaced first. Of an issuer's licenses the rest has to be signed anew before it ends.
        (KeyUse::Issuer, state) => {
            if state == KeyStage::Active {
                rotate(a, caller, KeyUse::Issuer, None).await?;
            }
            complete = resign(a, caller, &key, &mut resigned).await?;
            if complete {
                end(a, caller, &key, reason).await?;
            }
        }
        (key_use, KeyStage::Active) => rotate(a, caller, key_use, Some(key.public_key)).await?,
        _ => end(a, caller, &key, reason).await?,
    }
    let dark = resigned.iter().map(ToString::to_string).collect();
    Ok(KeyRevoked { keyid: keyid.to_owned(), complete, dark })
}

async fn find(a: &Authority, caller: &Caller, keyid: &str) -> Result<KeyRow, AuthorityError> {
    for scope in [&caller.tenant.to_string()[..], INSTALLATION] {
        let ring = Ring::of(a, scope).await?;
        let is_named = |key: &KeyRow| key.public_key.id(key.key_use).to_string() == keyid;
        if let Some(key) = ring.keys.into_iter().find(is_named) {
            return Ok(key);
        }
    }
    Err(AuthorityError::Refused(Code::NotFound))
}

/// Whether nothing is left that the key had signed.
async fn resign(
    a: &Authority,
    caller: &Caller,
    key: &KeyRow,
    resigned: &mut Vec<LicenseId>,
) -> Result<bool, AuthorityError> {
    for _ in 0..PAGES {
        let page = resign_page(a, caller, key.public_key).await?;
        if page.is_empty() {
            return Ok(true);
        }
        resigned.extend(page);
    }
    Ok(false)
}

/// Publishes that a key which signs nothing any more is revoked.
async fn end(
    a: &Authority,
    caller: &Caller,
    key: &KeyRow,
    reason: Option<&str>,
) -> Result<(), AuthorityError> {
    let fresh = match key.state {
        KeyStage::Next => Some(a.signer.generate(key.key_use)?),
        _ => None,
    };
    for _ in 0..ATTEMPTS {
        let mut ring = Ring::of(a, &key.scope).await?;
        ring.revoke(key.public_key, fresh, a.now());
        ring.make_room(room(&ring.scope), &removable(a, &ring).await?)?;
        let subject = key.public_key.id(key.key_use).to_string();
        let detail = json!({ "use": key.key_use.as_str(), "reason": reason });
        let mut change = Change::new(a.audit_row(caller, "key.revoked", subject, &detail));
        if key.key_use == KeyUse::Issuer {
            let authority = Ring::of(a, INSTALLATION).await?.signing(KeyUse::Authority)?;
            change.publish_tenant(a, &ring, authority).await?;
        } else {
            publish_authorities(a, &mut change, &ring).await?;
        }
        match a.db.write(change).await {
            Err(AuthorityError::Superseded) => {}
            done => return done,
        }
    }
    Err(AuthorityError::Refused(Code::Unavailable))
}
