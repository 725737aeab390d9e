//! `/api/v1/keys` (`spec/http.md` §3.6).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use sealgate_authority::{Authority, control};
use sealgate_wire::{KeyRevoked, KeyView, Page, RevokeKey, RotateKey, Timestamp};

use super::{Body, Id};
use crate::caller::Authenticated;
use crate::problem::Problem;

pub(crate) async fn list(
    State(authority): State<Arc<Authority>>,
    Authenticated { caller, id }: Authenticated,
) -> Result<Json<Page<KeyView>>, Problem> {
    let keys = control::list_keys(&authority, &caller).await.map_err(|e| Problem::of(&e, &id))?;
    Ok(page(&keys))
}

pub(crate) async fn rotate(
    State(authority): State<Arc<Authority>>,
    Authenticated { caller, id }: Authenticated,
    Body(wish): Body<RotateKey>,
) -> Result<Json<Page<KeyView>>, Problem> {
    let keys = control::rotate_key(&authority, &caller, &wish.r#use).await;
    Ok(page(&keys.map_err(|e| Problem::of(&e, &id))?))
}

pub(crate) async fn revoke(
    State(authority): State<Arc<Authority>>,
    Authenticated { caller, id }: Authenticated,
    Id(keyid): Id,
    Body(wish): Body<RevokeKey>,
) -> Result<Json<KeyRevoked>, Problem> {
    let done = control::revoke_key(&authority, &caller, &keyid, wish.reason.as_deref()).await;
    let done = done.map_err(|e| Problem::of(&e, &id))?;
    Ok(Json(KeyRevoked {
        keyid: done.keyid.to_string(),
        complete: done.complete,
        dark: done.resigned.iter().map(ToString::to_string).collect(),
    }))
}

fn page(keys: &[control::ListedKey]) -> Json<Page<KeyView>> {
    let view = |key: &control::ListedKey| KeyView {
        keyid: key.keyid.to_string(),
        r#use: key.key_use.to_string(),
        scope: key.scope.clone(),
        public_key: key.public_key.to_string(),
        not_before: Timestamp(key.not_before),
        not_after: key.not_after.map(Timestamp),
        state: key.state.as_str().to_owned(),
    };
    Json(Page { items: keys.iter().map(view).collect(), next_cursor: None })
}
