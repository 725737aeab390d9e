//! `/api/v1/licenses` (`spec/http.md` §3.2).

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sealgate_artifact::MaxDevices;
use sealgate_authority::control::{self, Order};
use sealgate_authority::{Authority, AuthorityError};
use sealgate_store::LicenseRow;
use sealgate_wire::{
    IssueLicenses, IssuedLicense, LicenseView, LicensesIssued, LookUpLicense, Page, RevokeLicense, Seats,
    Timestamp,
};

use super::{Body, Id, ListQuery};
use crate::caller::Authenticated;
use crate::problem::Problem;

pub(crate) async fn issue(
    State(authority): State<Arc<Authority>>,
    Authenticated { caller, id }: Authenticated,
    Body(wish): Body<IssueLicenses>,
) -> Result<(StatusCode, Json<LicensesIssued>), Problem> {
    let order = Order {
        app: wish.app_id,
        max_devices: wish.max_devices.map_or(MaxDevices::Limited(1), |seats| seats.0),
        expires_at: wish.expires_at.map(|t| t.0),
        label: wish.label,
        count: wish.count.unwrap_or(1),
    };
    let issued =
        control::issue_licenses(&authority, &caller, &order).await.map_err(|e| Problem::of(&e, &id))?;
    let licenses = issued.iter().map(|new| IssuedLicense {
        license_id: new.license.id.to_string(),
        license_key: new.key.expose(),
        expires_at: new.license.expires_at.map(Timestamp),
        max_devices: Seats(new.license.max_devices),
    });
    Ok((StatusCode::CREATED, Json(LicensesIssued { licenses: licenses.collect() })))
}

pub(crate) async fn list(
    State(authority): State<Arc<Authority>>,
    Authenticated { caller, id }: Authenticated,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Page<LicenseView>>, Problem> {
    let query = super::query(query, &id)?;
    let (app, cursor) = (query.app_id.as_deref(), query.cursor.as_deref());
    let listed = control::list_licenses(&authority, &caller, app, cursor, query.limit).await;
    let (licenses, next_cursor) = listed.map_err(|e| Problem::of(&e, &id))?;
    Ok(Json(Page { items: licenses.iter().map(|l| view(&authority, l)).collect(), next_cursor }))
}

pub(crate) async fn show(
    State(authority): State<Arc<Authority>>,
    auth: Authenticated,
    Id(license_id): Id,
) -> Result<Json<LicenseView>, Problem> {
    let found = control::show_license(&authority, &auth.caller, &license_id).await;
    answer(&authority, found, &auth)
}

pub(crate) async fn look_up(
    State(authority): State<Arc<Authority>>,
    auth: Authenticated,
    Body(wish): Body<LookUpLicense>,
) -> Result<Json<LicenseView>, Problem> {
    let found = control::look_up_license(&authority, &auth.caller, &wish.license_key).await;
    answer(&authority, found, &auth)
}

pub(crate) async fn revoke(
    State(authority): State<Arc<Authority>>,
    auth: Authenticated,
    Id(license_id): Id,
    Body(wish): Body<RevokeLicense>,
) -> Result<Json<LicenseView>, Problem> {
    let revoked =
        control::revoke_license(&authority, &auth.caller, &license_id, wish.reason.as_deref()).await;
    answer(&authority, revoked, &auth)
}

pub(crate) async fn file(
    State(authority): State<Arc<Authority>>,
    Authenticated { caller, id }: Authenticated,
    Id(license_id): Id,
) -> Result<Response, Problem> {
    let file =
        control::license_file(&authority, &caller, &license_id).await.map_err(|e| Problem::of(&e, &id))?;
    Ok(([(header::CONTENT_TYPE, "application/vnd.dsse.envelope.v1+json")], file).into_response())
}

fn answer(
    authority: &Authority,
    license: Result<LicenseRow, AuthorityError>,
    auth: &Authenticated,
) -> Result<Json<LicenseView>, Problem> {
    license.map(|l| Json(view(authority, &l))).map_err(|e| Problem::of(&e, &auth.id))
}

fn view(authority: &Authority, license: &LicenseRow) -> LicenseView {
    LicenseView {
        license_id: license.id.to_string(),
        app_id: license.app.to_string(),
        status: control::license_status(authority, license).to_owned(),
        tier: license.tier.as_str().to_owned(),
        features: license.features.clone(),
        max_devices: Seats(license.max_devices),
        devices_used: license.devices_used,
        expires_at: license.expires_at.map(Timestamp),
        label: license.label.clone(),
        created_at: Timestamp(license.created_at),
        revoked_at: license.revoked_at.map(Timestamp),
        revoke_reason: license.revoke_reason.clone(),
    }
}
