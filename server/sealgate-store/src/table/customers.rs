//! Customers. Their names, addresses and notes are personal: they stand in this table and, where a license says them, in
//! that license's statement, and nowhere else.

use std::collections::BTreeSet;

use sealgate_artifact::{CustomerId, MaxDevices, Slug, TenantId, UnixSeconds};

use super::LicenseRow;
use super::licenses::{end_of_range, searchable};
use super::page::{Listing, page};
use crate::columns::{moment, optional, optional_time, parsed, seats, signed, time};
use crate::sql::{FromRow, Query, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

/// As many as one statement asks for.
const TOGETHER: usize = 16;

macro_rules! columns {
    () => {
        "customer_id, tenant_id, name, slug, company, email, external_id, metadata, max_devices, forgotten_at, created_at"
    };
}

macro_rules! select_customer {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM customers ", $rest)
    };
}

macro_rules! lock_customer {
    ($rest:literal, $returning:expr) => {
        concat!(
            "UPDATE customers SET seq = CASE WHEN seq < 4611686018427387904 THEN seq + 1 ELSE 0 END ",
            "WHERE tenant_id = $1 AND customer_id = $2 ",
            $rest,
            "RETURNING ",
            $returning
        )
    };
}

statements! {
    FIND = select_customer!("WHERE tenant_id = $1 AND customer_id = $2");
    BY_EXTERNAL_ID = select_customer!("WHERE tenant_id = $1 AND external_id = $2");
    BY_SLUG = select_customer!("WHERE tenant_id = $1 AND slug = $2");
    SOME = select_customer!(
        "WHERE tenant_id = $1 \
         AND customer_id IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    );
    LIST = select_customer!("WHERE tenant_id = $1 AND customer_id < $2 ORDER BY customer_id DESC LIMIT $3");
    WITH_NAME = select_customer!(
        "WHERE tenant_id = $1 AND (name_search, customer_id) > ($2, $4) AND name_search < $3 \
         ORDER BY name_search, customer_id LIMIT $5"
    );
    WITH_EMAIL = select_customer!(
        "WHERE tenant_id = $1 AND (email_search, customer_id) > ($2, $4) AND email_search < $3 \
         ORDER BY email_search, customer_id LIMIT $5"
    );
    INSERT = "INSERT INTO customers (customer_id, name, company, email, external_id, metadata, max_devices, name_search, \
              email_search, forgotten_at, slug, tenant_id, created_at, seq) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)";
    STORE = "UPDATE customers SET name = $2, company = $3, email = $4, external_id = $5, metadata = $6, max_devices = $7, \
             name_search = $8, email_search = $9, forgotten_at = $10, slug = $11 WHERE customer_id = $1";
    DELETE = "DELETE FROM customers WHERE customer_id = $1";
    // As with licenses: the update comes first and makes racers wait; SQLite's transaction has locked everything.
    LOCK = lock_customer!("", columns!());
    LOCKED = select_customer!("WHERE tenant_id = $1 AND customer_id = $2");
    // Who has no limit is not locked. A server that only answers running software sees no more of a customer than this.
    LOCK_LIMIT = lock_customer!("AND max_devices IS NOT NULL ", "max_devices");
    LIMIT = "SELECT max_devices FROM customers WHERE tenant_id = $1 AND customer_id = $2 AND max_devices IS NOT NULL";
}

/// Who buys.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct CustomerRow {
    pub id: CustomerId,
    pub tenant: TenantId,
    /// `None` once it was forgotten.
    pub name: Option<String>,
    /// What people write in the place of its id, unique in the tenant: as personal as the name, and gone with it.
    pub slug: Option<Slug>,
    pub company: Option<String>,
    pub email: Option<String>,
    /// The vendor's own name for it, unique in the tenant.
    pub external_id: Option<String>,
    /// The vendor's own notes, as JSON.
    pub metadata: String,
    /// Over all of its licenses.
    pub max_devices: MaxDevices,
    pub forgotten_at: Option<UnixSeconds>,
    pub created_at: UnixSeconds,
}

impl FromRow for CustomerRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(row, "customer_id", |t| CustomerId::parse(t).ok())?,
            tenant: parsed(row, "tenant_id", |t| TenantId::parse(t).ok())?,
            name: row.get("name")?,
            slug: optional(row, "slug", Slug::parse)?,
            company: row.get("company")?,
            email: row.get("email")?,
            external_id: row.get("external_id")?,
            metadata: row.get("metadata")?,
            max_devices: seats(row)?,
            forgotten_at: optional_time(row, "forgotten_at")?,
            created_at: time(row, "created_at")?,
        })
    }
}

/// The tenant's customer with this id.
pub async fn find(
    on: impl Read,
    tenant: TenantId,
    id: CustomerId,
) -> Result<Option<CustomerRow>, StoreError> {
    query_as(FIND).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(on).await
}

/// Those of the tenant's customers that have one of these ids.
pub async fn some(
    on: impl Read + Copy,
    tenant: TenantId,
    ids: &BTreeSet<CustomerId>,
) -> Result<Vec<CustomerRow>, StoreError> {
    let ids: Vec<String> = ids.iter().map(CustomerId::to_string).collect();
    let mut found = vec![];
    for some in ids.chunks(TOGETHER) {
        // No id is empty: what is not used finds nothing.
        let padded = some.iter().map(String::as_str).chain(std::iter::repeat("")).take(TOGETHER);
        let asked = padded.fold(query_as(SOME).bind(tenant.to_string()), Query::bind);
        found.extend(asked.fetch_all(on).await?);
    }
    Ok(found)
}

/// The tenant's customer whom the vendor calls so.
pub async fn by_external_id(
    on: impl Read,
    tenant: TenantId,
    external_id: &str,
) -> Result<Option<CustomerRow>, StoreError> {
    query_as(BY_EXTERNAL_ID).bind(tenant.to_string()).bind(external_id).fetch_optional(on).await
}

/// The tenant's customer with this slug.
pub async fn by_slug(
    on: impl Read,
    tenant: TenantId,
    slug: &Slug,
) -> Result<Option<CustomerRow>, StoreError> {
    query_as(BY_SLUG).bind(tenant.to_string()).bind(slug.as_str()).fetch_optional(on).await
}

/// The tenant's customers, newest first, starting with those older than `before`.
pub async fn list(
    on: impl Read,
    tenant: TenantId,
    before: Option<CustomerId>,
    limit: u32,
) -> Result<Vec<CustomerRow>, StoreError> {
    let all: Listing = (LIST, None);
    page(all, tenant, before, limit).fetch_all(on).await
}

/// What of a customer is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Searched {
    /// Its name.
    Name,
    /// Its e-mail address.
    Email,
}

impl Searched {
    /// This of a customer.
    pub fn of(self, customer: &CustomerRow) -> Option<&str> {
        match self {
            Self::Name => customer.name.as_deref(),
            Self::Email => customer.email.as_deref(),
        }
    }
}

/// The tenant's customers of whom this begins with that text, ignoring case, in the order of these texts, starting after the
/// text and id in `after`.
pub async fn search(
    on: impl Read,
    tenant: TenantId,
    (searched, begin): (Searched, &str),
    after: Option<(&str, CustomerId)>,
    limit: u32,
) -> Result<Vec<CustomerRow>, StoreError> {
    let begin = searchable(begin);
    let end = end_of_range(&begin);
    let (from, id) = match after {
        Some((text, id)) => (searchable(text), id.to_string()),
        None => (begin, String::new()),
    };
    let statement = match searched {
        Searched::Name => WITH_NAME,
        Searched::Email => WITH_EMAIL,
    };
    let query = query_as(statement).bind(tenant.to_string()).bind(from).bind(end).bind(id);
    query.bind(signed(limit.into())).fetch_all(on).await
}

/// Adds a customer; [`StoreError::Duplicate`] if the tenant has one of that external id or slug.
pub async fn insert(tx: &mut Tx<'_>, customer: &CustomerRow) -> Result<(), StoreError> {
    let query = with_state(INSERT, customer).bind(customer.tenant.to_string());
    query.bind(signed(customer.created_at.get())).execute(tx).await?;
    Ok(())
}

/// Stores the new state of a locked customer; [`StoreError::Duplicate`] if the tenant has another of that external id or
/// slug.
pub async fn store(tx: &mut Tx<'_>, locked: &CustomerRow) -> Result<(), StoreError> {
    with_state(STORE, locked).execute(tx).await?;
    Ok(())
}

/// Removes a locked customer who has no licenses.
pub async fn delete(tx: &mut Tx<'_>, locked: &CustomerRow) -> Result<(), StoreError> {
    query(DELETE).bind(locked.id.to_string()).execute(tx).await?;
    Ok(())
}

/// Locks the customer until this transaction ends; others who want to lock it wait. Who locks licenses, too, locks them first.
pub async fn lock(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    id: CustomerId,
) -> Result<Option<CustomerRow>, StoreError> {
    let statement = if tx.connection.locks_rows() { LOCK } else { LOCKED };
    query_as(statement).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(&mut *tx).await
}

/// How many devices may use the licenses of this license's customer together; `None` where it has no customer, or they are
/// not limited.
pub async fn limit_of(on: impl Read, license: &LicenseRow) -> Result<Option<u64>, StoreError> {
    let Some(id) = license.customer else { return Ok(None) };
    let row = query(LIMIT).bind(license.tenant.to_string()).bind(id.to_string()).fetch_optional(on).await?;
    let limit = row.as_ref().map(seats).transpose()?;
    Ok(limit.and_then(MaxDevices::seats).map(u64::from))
}

/// How many devices may use the customer's licenses together, and locks the customer; `None` where they are not limited.
pub async fn lock_limit(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    id: CustomerId,
) -> Result<Option<u64>, StoreError> {
    let statement = if tx.connection.locks_rows() { LOCK_LIMIT } else { LIMIT };
    let query = query(statement).bind(tenant.to_string()).bind(id.to_string());
    let row = query.fetch_optional(&mut *tx).await?;
    let limit = row.as_ref().map(seats).transpose()?;
    Ok(limit.and_then(MaxDevices::seats).map(u64::from))
}

/// The first eleven values of both statements.
fn with_state(statement: &'static str, customer: &CustomerRow) -> Query {
    query(statement)
        .bind(customer.id.to_string())
        .bind(customer.name.clone())
        .bind(customer.company.clone())
        .bind(customer.email.clone())
        .bind(customer.external_id.clone())
        .bind(&customer.metadata)
        .bind(customer.max_devices.seats().map(i64::from))
        .bind(customer.name.as_deref().map(searchable))
        .bind(customer.email.as_deref().map(searchable))
        .bind(moment(customer.forgotten_at))
        .bind(customer.slug.as_ref().map(Slug::to_string))
}
