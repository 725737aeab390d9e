//! Customers as the vendor sees them: one by its id, and lists.

use sealgate_artifact::CustomerId;
use sealgate_authority::AuthorityError;
use sealgate_store::table::customers::Searched;
use sealgate_store::table::{self, CustomerRow};
use sealgate_wire::{CustomerQuery, CustomerView, Page};

use super::known::{Customers, unknown, view};
use crate::found::Found;
use crate::page::{Part, name_of};
use crate::words::{self, Words, composed};
use crate::{Caller, named};

impl Customers {
    /// The tenant's customer of that id, and how much it has.
    pub async fn show(&self, caller: &Caller, customer: &str) -> Result<CustomerView, AuthorityError> {
        let (db, id) = (&self.desk.db, named::customer(&self.desk, caller, customer).await?);
        let customer = table::customers::find(db, caller.tenant, id).await?.ok_or_else(|| unknown(id))?;
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
        let composed = |text: &Option<String>| text.as_deref().map(composed);
        let query =
            &CustomerQuery { name: composed(&query.name), email: composed(&query.email), ..query.clone() };
        let wanted = Wanted { query, words: query.text.as_deref().map(Words::read).transpose()? };
        match (&query.name, &query.email, &query.external_id) {
            (.., Some(external_id)) => {
                let db = &self.desk.db;
                let found = table::customers::by_external_id(db, caller.tenant, external_id).await?;
                let items =
                    found.iter().filter_map(|row| wanted.view(row).transpose()).collect::<Result<_, _>>()?;
                Ok(page(items, query.count))
            }
            (Some(name), ..) => self.by_text(caller, (Searched::Name, name), &wanted).await,
            (_, Some(email), _) => self.by_text(caller, (Searched::Email, email), &wanted).await,
            (None, None, None) => {
                let part = Part::new(wanted.list(), query.cursor.as_deref(), query.limit, CustomerId::parse)?;
                let part = part.or_count(query.count);
                let rows = |after, most| table::customers::list(&self.desk.db, caller.tenant, after, most);
                part.pick(rows, |row| row.id, |row| wanted.view(row)).await
            }
        }
    }

    async fn by_text(
        &self,
        caller: &Caller,
        (searched, begin): (Searched, &str),
        wanted: &Wanted<'_>,
    ) -> Result<Page<CustomerView>, AuthorityError> {
        let parse = |cursor: &str| Found::parse(cursor, CustomerId::parse);
        let part = Part::new(wanted.list(), wanted.query.cursor.as_deref(), wanted.query.limit, parse)?;
        let part = part.or_count(wanted.query.count);
        let rows = |after: Option<Found<CustomerId>>, most| async move {
            let after = after.as_ref().map(|found| (found.text.as_str(), found.id));
            table::customers::search(&self.desk.db, caller.tenant, (searched, begin), after, most).await
        };
        let found =
            |row: &CustomerRow| Found { text: searched.of(row).unwrap_or_default().to_owned(), id: row.id };
        part.pick(rows, found, |row| wanted.view(row)).await
    }
}

/// All of them, or how many they are.
fn page(items: Vec<CustomerView>, count: Option<bool>) -> Page<CustomerView> {
    let number = items.len() as u64;
    let counted = count.unwrap_or(false);
    let items = if counted { vec![] } else { items };
    Page { items, count: counted.then_some(number), next_cursor: None }
}

/// What every customer of the list fulfils.
struct Wanted<'a> {
    query: &'a CustomerQuery,
    words: Option<Words>,
}

impl Wanted<'_> {
    /// The list's own name.
    fn list(&self) -> String {
        name_of("customers", &CustomerQuery { cursor: None, limit: None, ..self.query.clone() })
    }

    /// The customer, if it is one of them, whatever a walk has asked already.
    fn view(&self, customer: &CustomerRow) -> Result<Option<CustomerView>, AuthorityError> {
        let texts = [&customer.name, &customer.company, &customer.email, &customer.external_id];
        let has_words = |words: &Words| words.are_in(texts.into_iter().flatten().map(String::as_str));
        let is_one = words::begins(customer.name.as_deref(), self.query.name.as_deref())
            && words::begins(customer.email.as_deref(), self.query.email.as_deref())
            && self.words.as_ref().is_none_or(has_words);
        if is_one { view(customer).map(Some) } else { Ok(None) }
    }
}
