//! `/api/v1/apps` (`spec/http.md` §3.1).

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use sealgate_artifact::{Code, encode_base64};
use sealgate_authority::{Authority, control};
use sealgate_store::AppRow;
use sealgate_wire::{AppCreated, AppView, CreateApp, Page, Timestamp, Trust};
use serde_json::value::RawValue;

use super::{Body, Id, ListQuery};
use crate::caller::Authenticated;
use crate::problem::Problem;
use crate::request_id::RequestId;

pub(crate) async fn create(
    State(authority): State<Arc<Authority>>,
    Authenticated { caller, id }: Authenticated,
    Body(wish): Body<CreateApp>,
) -> Result<(StatusCode, Json<AppCreated>), Problem> {
    let new = control::create_app(&authority, &caller, &wish.name).await.map_err(|e| Problem::of(&e, &id))?;
    let app = new.app;
    let created = AppCreated {
        app_id: app.id.to_string(),
        app_secret: new.secret,
        public_key: app.public_key.to_string(),
        next_public_key: app.next_public_key.to_string(),
        public_key_spki: encode_base64(&app.public_key.to_spki()),
    };
    Ok((StatusCode::CREATED, Json(created)))
}

pub(crate) async fn list(
    State(authority): State<Arc<Authority>>,
    Authenticated { caller, id }: Authenticated,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Page<AppView>>, Problem> {
    let query = super::query(query, &id)?;
    if query.app_id.is_some() {
        return Err(Problem::invalid("a list of apps takes cursor and limit", &id));
    }
    let listed = control::list_apps(&authority, &caller, query.cursor.as_deref(), query.limit).await;
    let (apps, next_cursor) = listed.map_err(|e| Problem::of(&e, &id))?;
    Ok(Json(Page { items: apps.iter().map(view).collect(), next_cursor }))
}

pub(crate) async fn show(
    State(authority): State<Arc<Authority>>,
    Authenticated { caller, id }: Authenticated,
    Id(app_id): Id,
) -> Result<Json<AppView>, Problem> {
    let app = control::show_app(&authority, &caller, &app_id).await.map_err(|e| Problem::of(&e, &id))?;
    Ok(Json(view(&app)))
}

pub(crate) async fn trust(
    State(authority): State<Arc<Authority>>,
    Authenticated { caller, id }: Authenticated,
    Id(app_id): Id,
) -> Result<Json<Trust>, Problem> {
    let trust = control::app_trust(&authority, &caller, &app_id).await.map_err(|e| Problem::of(&e, &id))?;
    Ok(Json(Trust {
        roots: trust.root.keys.iter().map(ToString::to_string).collect(),
        threshold: trust.root.threshold,
        root_version: trust.root.version,
        keyset_chain: trust.keyset_chain.into_iter().map(|e| raw(e, &id)).collect::<Result<_, _>>()?,
        tenant_keyset: raw(trust.tenant_keyset, &id)?,
        tenant: trust.app.tenant.to_string(),
        app: trust.app.id.to_string(),
    }))
}

fn view(app: &AppRow) -> AppView {
    AppView {
        app_id: app.id.to_string(),
        name: app.name.clone(),
        public_key: app.public_key.to_string(),
        next_public_key: app.next_public_key.to_string(),
        public_key_spki: encode_base64(&app.public_key.to_spki()),
        created_at: Timestamp(app.created_at),
    }
}

/// An envelope travels as it was signed.
fn raw(envelope: Vec<u8>, id: &RequestId) -> Result<Box<RawValue>, Problem> {
    let text = String::from_utf8(envelope).ok();
    text.and_then(|t| RawValue::from_string(t).ok()).ok_or_else(|| Problem::plain(Code::SystemError, id))
}
