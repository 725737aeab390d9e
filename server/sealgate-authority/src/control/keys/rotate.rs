//! Rotation: publish in one version, sign from the next (`spec/keys.md` §7.1, §7.2, §7.4).

use sealgate_artifact::{Code, KeyUse, PublicKey, limits};
use sealgate_store::{KeyRow, KeyStage, read};
use sealgate_wire::{KeyView, Page, RotateKey};
use serde_json::json;

use super::super::ATTEMPTS;
use super::super::bootstrap::INSTALLATION;
use super::change::{Change, room};
use super::list::list_keys;
use super::ring::Ring;
use super::{check_scope, scope_of};
use crate::{Authority, AuthorityError, Caller};

/// Replaces the signing key of that use, and lists what there is afterwards.
pub async fn rotate_key(
    a: &Authority,
    caller: &Caller,
    wish: &RotateKey,
) -> Result<Page<KeyView>, AuthorityError> {
    let Some(key_use @ (KeyUse::Root | KeyUse::Authority | KeyUse::Issuer)) = KeyUse::parse(&wish.r#use)
    else {
        return Err(AuthorityError::Invalid { field: "use", why: "root, authority or issuer" });
    };
    check_scope(caller, key_use)?;
    {
        let _turn = a.key_changes.lock().await;
        rotate(a, caller, key_use, None).await?;
    }
    list_keys(a, caller).await
}

/// Rotates while it is our turn. `revoked` is ended in the same change.
pub(super) async fn rotate(
    a: &Authority,
    caller: &Caller,
    key_use: KeyUse,
    revoked: Option<PublicKey>,
) -> Result<(), AuthorityError> {
    // Before anything is stored: a key file that nothing refers to does no harm.
    let fresh = a.signer.generate(key_use)?;
    for _ in 0..ATTEMPTS {
        match attempt(a, caller, key_use, fresh, revoked).await {
            Err(AuthorityError::Superseded) => {}
            done => return done,
        }
    }
    Err(AuthorityError::Refused(Code::Unavailable))
}

async fn attempt(
    a: &Authority,
    caller: &Caller,
    key_use: KeyUse,
    fresh: PublicKey,
    revoked: Option<PublicKey>,
) -> Result<(), AuthorityError> {
    let mut ring = Ring::of(a, &scope_of(key_use, caller.tenant)).await?;
    let former = ring.signing(key_use)?;
    ring.rotate(key_use, fresh, a.now());
    if let Some(key) = revoked {
        ring.revoke(key, None, a.now());
    }
    let removable = removable(a, &ring).await?;
    ring.make_room(room(&ring.scope), &removable)?;
    let detail = json!({ "use": key_use.as_str(), "signs": ring.signing(key_use)?.id(key_use).to_string() });
    let action = if revoked.is_some() { "key.revoked" } else { "key.rotated" };
    let mut change = Change::new(a.audit_row(caller, action, former.id(key_use).to_string(), &detail));
    match key_use {
        KeyUse::Issuer => {
            let authority = Ring::of(a, INSTALLATION).await?.signing(KeyUse::Authority)?;
            change.publish_tenant(a, &ring, authority).await?;
            change.set_issuer(caller.tenant, ring.signing(KeyUse::Issuer)?);
        }
        KeyUse::Root => {
            change.publish_root(a, fresh).await?;
            change.publish_installation(a, &ring, fresh).await?;
        }
        _ => publish_authorities(a, &mut change, &ring).await?,
    }
    a.db.write(change).await
}

/// The installation's keyset, and every tenant's signed anew, so that an authority can be revoked without haste later.
pub(super) async fn publish_authorities(
    a: &Authority,
    change: &mut Change,
    ring: &Ring,
) -> Result<(), AuthorityError> {
    change.publish_installation(a, ring, ring.signing(KeyUse::Root)?).await?;
    for scope in read::installation::tenant_scopes(&a.db).await? {
        change.publish_tenant(a, &Ring::of(a, &scope).await?, ring.signing(KeyUse::Authority)?).await?;
    }
    Ok(())
}

/// Retired keys whose statements have all been replaced or have ended.
pub(super) async fn removable(a: &Authority, ring: &Ring) -> Result<Vec<PublicKey>, AuthorityError> {
    // spec/keys.md §5.10: nothing that a server revoked so long ago was certified for holds any more.
    let long_ago = crate::once::earlier(a.now(), limits::CERTIFICATE_SECONDS);
    let ended = |key: &&KeyRow| {
        key.key_use == KeyUse::Server && key.ended_at.is_some_and(|ended_at| ended_at < long_ago)
    };
    let mut removable: Vec<PublicKey> = ring.keys.iter().filter(ended).map(|key| key.public_key).collect();
    for key in ring.keys.iter().filter(|key| key.state == KeyStage::Retired) {
        let holds = key.key_use == KeyUse::Issuer
            && !read::licenses::in_force_by_signer(&a.db, key.public_key, a.now(), 1).await?.is_empty();
        if !holds {
            removable.push(key.public_key);
        }
    }
    Ok(removable)
}
