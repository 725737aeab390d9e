//! Customers that come along with licenses: each is found, or made.

use std::collections::{HashMap, HashSet};

use sealgate_artifact::Code;
use sealgate_wire::{CustomerView, ImportedRow};

use super::buyer::{Buyer, COLUMNS};
use super::row::{Line, Refusal, Source};
use crate::client::Client;
use crate::failure::Failure;
use crate::names;
use crate::signals;

/// The one that a row's columns describe, if they do.
pub(super) fn read(line: u64, text: impl Fn(&str) -> Option<String>) -> Result<Option<Buyer>, Refusal> {
    let [external_id, name, email, company] = COLUMNS.map(&text);
    let buyer = Buyer { external_id, name, email, company };
    if buyer == (Buyer { external_id: None, name: None, email: None, company: None }) {
        return Ok(None);
    }
    if text("customer").is_some() {
        let why = "customer says who it is: leave it or the columns customer_… empty";
        return Err(Refusal::new(line, "customer", why));
    }
    if buyer.external_id.is_none() && buyer.email.is_none() {
        let why = "a customer is found by this or by customer_email: give one of them";
        return Err(Refusal::new(line, "customer_external_id", why));
    }
    if let Err(failure) = names::customer(&buyer.named()) {
        return Err(Refusal::new(line, buyer.column(), failure.message));
    }
    Ok(Some(buyer))
}

enum Customer {
    /// With its id.
    There(String),
    /// It is made with its first license.
    Missing,
    /// A dry run came to its first license.
    WouldBe,
}

/// The customers of a file, as far as there are any yet.
pub(super) struct Customers<'a> {
    client: &'a Client,
    known: HashMap<String, Customer>,
    /// Which of them that there are not yet have a trial of which app among the rows.
    tried: HashSet<(String, String)>,
    /// Those that are made, or would be.
    pub(super) made: usize,
}

impl<'a> Customers<'a> {
    /// Looks for all of them, and takes out the rows of those that nobody can be.
    pub(super) fn find(client: &'a Client, source: &mut Source) -> Result<Self, Failure> {
        let mut customers = Self { client, known: HashMap::new(), tried: HashSet::new(), made: 0 };
        let mut refused = Vec::new();
        for line in std::mem::take(&mut source.lines) {
            match line.buyer.as_ref().map_or(Ok(()), |buyer| customers.look_for(buyer)) {
                Err(failure) if is_about_the_row(&failure) => refused.push(refusal(&line, &failure)),
                Err(failure) => return Err(failure),
                Ok(()) => source.lines.push(line),
            }
        }
        source.refused.append(&mut refused);
        Ok(customers)
    }

    fn look_for(&mut self, buyer: &Buyer) -> Result<(), Failure> {
        let named = buyer.named();
        if self.known.contains_key(&named) {
            return Ok(());
        }
        signals::none_came()?;
        let mut found = self.one(&named)?;
        if let (None, Some(_), Some(email)) = (&found, &buyer.external_id, &buyer.email)
            && names::customer(email).is_ok()
        {
            // One that has another id of the vendor's is somebody else.
            found = self.one(email)?.filter(|customer| customer.external_id.is_none());
        }
        let found = found.map_or(Customer::Missing, |customer| Customer::There(customer.customer_id));
        self.known.insert(named, found);
        Ok(())
    }

    fn one(&self, named: &str) -> Result<Option<CustomerView>, Failure> {
        match self.client.get(&names::customer_path(named)?) {
            Err(failure) if failure.code == Code::NotFound.as_str() => Ok(None),
            found => found.map(Some).map_err(may),
        }
    }

    /// The id of a row's customer, as far as there is one.
    pub(super) fn id(&self, line: &Line) -> Option<String> {
        let Some(buyer) = &line.buyer else { return line.row.customer_id.clone() };
        match self.known.get(&buyer.named()) {
            Some(Customer::There(id)) => Some(id.clone()),
            _ => None,
        }
    }

    pub(super) fn is_missing(&self, line: &Line) -> bool {
        let known = line.buyer.as_ref().and_then(|buyer| self.known.get(&buyer.named()));
        matches!(known, Some(Customer::Missing))
    }

    /// Makes the customer of a row whose license is made next.
    pub(super) fn make(&mut self, line: &Line) -> Result<(), Failure> {
        let Some(buyer) = line.buyer.as_ref().filter(|_| self.is_missing(line)) else { return Ok(()) };
        let made: Result<CustomerView, Failure> =
            self.client.post_once("/api/v1/customers", &buyer.to_make());
        self.known.insert(buyer.named(), Customer::There(made.map_err(may)?.customer_id));
        self.made += 1;
        Ok(())
    }

    /// What would become of a row once its customer is made. Without one the server refuses a trial of which each has one.
    pub(super) fn once_made(&mut self, line: &Line, would: ImportedRow) -> ImportedRow {
        let Some(buyer) = line.buyer.as_ref().filter(|_| self.id(line).is_none()) else { return would };
        if would.field.as_deref() != Some("customer_id") {
            return would;
        }
        if self.tried.insert((buyer.named(), line.app.clone())) {
            return ImportedRow {
                outcome: "imported".to_owned(),
                code: None,
                field: None,
                message: None,
                ..would
            };
        }
        let (code, message) = (Code::TrialUsed.to_string(), Code::TrialUsed.meaning().to_owned());
        ImportedRow { code: Some(code), message: Some(message), ..would }
    }

    /// Notes the customer of a row of which a dry run says that it would make a license.
    pub(super) fn would_make(&mut self, line: &Line) {
        if let Some(buyer) = line.buyer.as_ref().filter(|_| self.is_missing(line)) {
            self.known.insert(buyer.named(), Customer::WouldBe);
            self.made += 1;
        }
    }
}

fn may(failure: Failure) -> Failure {
    let fix = "use a token that has the scopes customers:read and customers:write, too, or leave the columns customer_… out";
    failure.fix_for(Code::ScopeMissing, fix)
}

/// Whether other rows may still do.
pub(super) fn is_about_the_row(failure: &Failure) -> bool {
    [Code::FieldInvalid, Code::MalformedRequest, Code::ExternalIdTaken, Code::NotFound]
        .iter()
        .any(|code| failure.code == code.as_str())
}

pub(super) fn refusal(line: &Line, failure: &Failure) -> Refusal {
    let column = line.buyer.as_ref().map_or("customer", Buyer::column);
    Refusal { code: Some(failure.code.clone()), ..Refusal::new(line.number, column, failure.message.clone()) }
}
