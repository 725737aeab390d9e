//! Looking at licenses.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sealgate_artifact::{AppId, Code, LicenseId, UnixSeconds};
use sealgate_rules::{Window, in_force};
use sealgate_store::read::licenses::{Filter, Searched};
use sealgate_store::{LicenseRow, read};
use sealgate_wire::{LicenseQuery, LicenseView, LookUpLicense, Page, Seats, Timestamp};

use super::page::Part;
use super::plans::stored;
use crate::{Authority, AuthorityError, Caller};

/// The tenant's license of that id.
pub async fn show_license(a: &Authority, caller: &Caller, id: &str) -> Result<LicenseView, AuthorityError> {
    view(a, &find(a, caller, id).await?)
}

/// The tenant's license of that key.
pub async fn look_up_license(
    a: &Authority,
    caller: &Caller,
    wish: &LookUpLicense,
) -> Result<LicenseView, AuthorityError> {
    let key = a.secrets.license_key(&wish.license_key);
    let found = read::licenses::by_key(&a.db, caller.tenant, key).await?;
    view(a, &found.ok_or(AuthorityError::Refused(Code::NotFound))?)
}

/// The tenant's licenses: newest first, or in the order of the text that is searched.
pub async fn list_licenses(
    a: &Authority,
    caller: &Caller,
    query: &LicenseQuery,
) -> Result<Page<LicenseView>, AuthorityError> {
    let (app, device) = (query.app_id.as_deref(), query.device.as_deref());
    match (app, query.label.as_deref(), query.customer.as_deref(), device) {
        (None, None, None, None) => by_age(a, caller, query, "licenses".to_owned(), Filter::Any).await,
        (Some(app), None, None, None) => {
            let app = AppId::parse(app).map_err(|_| AuthorityError::Refused(Code::NotFound))?;
            by_age(a, caller, query, format!("licenses-{app}"), Filter::App(app)).await
        }
        (None, None, None, Some(device)) => {
            let list = format!("licenses-device-{}", URL_SAFE_NO_PAD.encode(device));
            by_age(a, caller, query, list, Filter::Device(device.to_owned())).await
        }
        (None, Some(label), None, None) => by_text(a, caller, query, (Searched::Label, label)).await,
        (None, None, Some(customer), None) => by_text(a, caller, query, (Searched::Customer, customer)).await,
        _ => {
            let why = "at most one of app_id, label, customer and device";
            Err(AuthorityError::Invalid { field: "query", why })
        }
    }
}

async fn by_age(
    a: &Authority,
    caller: &Caller,
    query: &LicenseQuery,
    list: String,
    filter: Filter,
) -> Result<Page<LicenseView>, AuthorityError> {
    let part = Part::new(list, query.cursor.as_deref(), query.limit, LicenseId::parse)?;
    let rows = read::licenses::list(&a.db, caller.tenant, &filter, part.after, part.rows()).await?;
    all(part.page(rows, |row| row.id.to_string(), |row| view(a, row)))
}

async fn by_text(
    a: &Authority,
    caller: &Caller,
    query: &LicenseQuery,
    (searched, begin): (Searched, &str),
) -> Result<Page<LicenseView>, AuthorityError> {
    let text = move |row: &LicenseRow| match searched {
        Searched::Label => row.label.clone().unwrap_or_default(),
        Searched::Customer => row.customer.clone().unwrap_or_default(),
    };
    let name = if searched == Searched::Label { "label" } else { "customer" };
    let list = format!("licenses-{name}-{}", URL_SAFE_NO_PAD.encode(begin));
    let part = Part::new(list, query.cursor.as_deref(), query.limit, place)?;
    let after = part.after.as_ref().map(|(text, id)| (text.as_str(), *id));
    let rows = read::licenses::search(&a.db, caller.tenant, (searched, begin), after, part.rows()).await?;
    let named = |row: &LicenseRow| format!("{}.{}", row.id, URL_SAFE_NO_PAD.encode(text(row)));
    all(part.page(rows, named, |row| view(a, row)))
}

/// The text and the id of the last license of a page.
fn place(cursor: &str) -> Result<(String, LicenseId), ()> {
    let (id, text) = cursor.split_once('.').ok_or(())?;
    let text = URL_SAFE_NO_PAD.decode(text).map_err(|_| ())?;
    Ok((String::from_utf8(text).map_err(|_| ())?, LicenseId::parse(id).map_err(|_| ())?))
}

fn all(page: Page<Result<LicenseView, AuthorityError>>) -> Result<Page<LicenseView>, AuthorityError> {
    Ok(Page { items: page.items.into_iter().collect::<Result<_, _>>()?, next_cursor: page.next_cursor })
}

/// The tenant's license of that id, as it is stored.
pub(super) async fn find(a: &Authority, caller: &Caller, id: &str) -> Result<LicenseRow, AuthorityError> {
    let unknown = || AuthorityError::Refused(Code::NotFound);
    let id = LicenseId::parse(id).map_err(|_| unknown())?;
    read::licenses::find(&a.db, caller.tenant, id).await?.ok_or_else(unknown)
}

/// A license as the vendor sees it.
pub(super) fn view(a: &Authority, license: &LicenseRow) -> Result<LicenseView, AuthorityError> {
    view_at(license, a.now())
}

/// The same at a time.
pub(super) fn view_at(license: &LicenseRow, now: UnixSeconds) -> Result<LicenseView, AuthorityError> {
    Ok(LicenseView {
        license_id: license.id.to_string(),
        app_id: license.app.to_string(),
        plan_id: license.plan.map(|id| id.to_string()),
        status: status(license, now).to_owned(),
        tier: license.terms.tier.as_str().to_owned(),
        features: stored(&license.terms.features)?,
        limits: stored(&license.terms.limits)?,
        max_devices: Seats(license.terms.max_devices),
        devices_used: license.devices_used,
        expires_at: license.expires_at.map(Timestamp),
        label: license.label.clone(),
        customer: license.customer.clone(),
        version: license.version,
        created_at: Timestamp(license.created_at),
        suspended_at: license.suspended_at.map(Timestamp),
        revoked_at: license.revoked_at.map(Timestamp),
        revoke_reason: license.revoke_reason.clone(),
    })
}

/// `active`, `suspended`, `expired` or `revoked`, by the same rule that decides validations.
fn status(license: &LicenseRow, now: UnixSeconds) -> &'static str {
    let window = Window { not_before: license.not_before, expires_at: license.expires_at };
    match in_force(window, license.revoked_at.is_some(), now) {
        Err(Code::Revoked) => "revoked",
        Err(Code::Expired) => "expired",
        _ if license.suspended_at.is_some() => "suspended",
        _ => "active",
    }
}
