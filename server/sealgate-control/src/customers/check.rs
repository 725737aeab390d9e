//! What may stand in a customer's fields (`spec/http.md` §3.17), and how a request changes them.

use sealgate_authority::AuthorityError;
use sealgate_store::table::CustomerRow;
use sealgate_wire::{CreateCustomer, Seats, UpdateCustomer};

use crate::metadata::metadata;
use crate::{check, slugs};

/// A new customer is an empty one that is changed.
pub(super) fn as_update(request: &CreateCustomer) -> UpdateCustomer {
    UpdateCustomer {
        name: Some(request.name.clone()),
        slug: request.slug.clone(),
        company: request.company.clone(),
        email: request.email.clone(),
        external_id: request.external_id.clone(),
        metadata: request.metadata.clone(),
        max_devices: request.max_devices,
    }
}

/// Changes what the request names.
pub(super) fn apply(request: &UpdateCustomer, customer: &mut CustomerRow) -> Result<(), AuthorityError> {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.trim().is_empty());
    if let Some(name) = &request.name {
        customer.name = Some(text("name", name)?);
    }
    if let Some(slug) = &request.slug {
        customer.slug = slugs::given(slug)?;
    }
    if let Some(company) = &request.company {
        customer.company = some(company).map(|company| text("company", &company)).transpose()?;
    }
    if let Some(address) = &request.email {
        customer.email = some(address).map(|address| email(&address)).transpose()?;
    }
    if let Some(external_id) = &request.external_id {
        customer.external_id = Some(external_id.clone()).filter(|text| !text.is_empty());
        check::external_id(customer.external_id.as_deref())?;
    }
    if let Some(object) = &request.metadata {
        customer.metadata = metadata(object)?;
    }
    if let Some(Seats(seats)) = request.max_devices {
        customer.max_devices = seats;
    }
    Ok(())
}

/// Each of them may be copied into a license, so it has no more bytes than fit there.
fn text(field: &'static str, text: &str) -> Result<String, AuthorityError> {
    let why = "1 to 128 characters and at most 128 bytes, none of them a control character";
    check::said(text).ok_or(AuthorityError::Invalid { field, why })
}

fn email(address: &str) -> Result<String, AuthorityError> {
    let address = text("email", address)?;
    let parts: Vec<&str> = address.split('@').collect();
    if parts.len() != 2 || parts.contains(&"") {
        return Err(AuthorityError::Invalid { field: "email", why: "one @ with something on either side" });
    }
    Ok(address)
}
