//! Customers as the vendor sees them: one by its id, and lists.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sealgate_artifact::CustomerId;
use sealgate_authority::AuthorityError;
use sealgate_store::table::customers::Searched;
use sealgate_store::table::{self, CustomerRow};
use sealgate_wire::{CustomerQuery, CustomerView, Page};

use super::known::{Customers, id, unknown, view};
use crate::Caller;
use crate::found::Found;
use crate::page::Part;

impl Customers {
    /// The tenant's customer of that id, and how much it has.
    pub async fn show(&self, caller: &Caller, customer: &str) -> Result<CustomerView, AuthorityError> {
        let (db, id) = (&self.desk.db, id(customer)?);
        let customer = table::customers::find(db, caller.tenant, id).await?.ok_or_else(unknown)?;
        let bought = table::bought::by(db, caller.tenant, id).await?;
        let (licenses, devices_used) = (Some(bought.licenses), Some(bought.devices));
        Ok(CustomerView { licenses, devices_used, ..view(&customer)? })
    }

    /// The tenant's customers: newest first, or in the order of the text that is searched.
    pub async fn list(
        &self,
        caller: &Caller,
        query: &CustomerQuery,
    ) -> Result<Page<CustomerView>, AuthorityError> {
        match (&query.name, &query.email, &query.external_id) {
            (None, None, None) => {
                let list = "customers".to_owned();
                let part = Part::new(list, query.cursor.as_deref(), query.limit, CustomerId::parse)?;
                let rows = |after, most| table::customers::list(&self.desk.db, caller.tenant, after, most);
                part.read(rows, |row| row.id, view).await
            }
            (Some(name), None, None) => self.by_text(caller, query, (Searched::Name, name)).await,
            (None, Some(email), None) => self.by_text(caller, query, (Searched::Email, email)).await,
            (None, None, Some(external_id)) => {
                let db = &self.desk.db;
                let found = table::customers::by_external_id(db, caller.tenant, external_id).await?;
                let items = found.iter().map(view).collect::<Result<_, _>>()?;
                Ok(Page { items, next_cursor: None })
            }
            _ => {
                let why = "at most one of name, email and external_id";
                Err(AuthorityError::Invalid { field: "query", why })
            }
        }
    }

    async fn by_text(
        &self,
        caller: &Caller,
        query: &CustomerQuery,
        (searched, begin): (Searched, &str),
    ) -> Result<Page<CustomerView>, AuthorityError> {
        let list = format!("customers-{searched:?}-{}", URL_SAFE_NO_PAD.encode(begin));
        let parse = |cursor: &str| Found::parse(cursor, CustomerId::parse);
        let part = Part::new(list, query.cursor.as_deref(), query.limit, parse)?;
        let rows = |after: Option<Found<CustomerId>>, most| async move {
            let after = after.as_ref().map(|found| (found.text.as_str(), found.id));
            table::customers::search(&self.desk.db, caller.tenant, (searched, begin), after, most).await
        };
        let found =
            |row: &CustomerRow| Found { text: searched.of(row).unwrap_or_default().to_owned(), id: row.id };
        part.read(rows, found, view).await
    }
}
