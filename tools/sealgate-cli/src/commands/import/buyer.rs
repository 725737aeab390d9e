//! Who a row says has bought its license.

use sealgate_wire::CreateCustomer;

/// The columns that say who a customer is.
pub(super) const COLUMNS: [&str; 4] =
    ["customer_external_id", "customer_name", "customer_email", "customer_company"];

/// A customer as a row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Buyer {
    pub(super) external_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) company: Option<String>,
}

impl Buyer {
    /// What the customer goes by.
    pub(super) fn named(&self) -> String {
        let by_id = self.external_id.as_ref().map(|id| format!("external:{id}"));
        by_id.or_else(|| self.email.clone()).unwrap_or_default()
    }

    pub(super) fn column(&self) -> &'static str {
        if self.external_id.is_some() { "customer_external_id" } else { "customer_email" }
    }

    /// The customer as it is made.
    pub(super) fn to_make(&self) -> CreateCustomer {
        let name = [&self.name, &self.company, &self.email, &self.external_id].into_iter().flatten().next();
        CreateCustomer {
            name: name.cloned().unwrap_or_default(),
            slug: None,
            company: self.company.clone(),
            email: self.email.clone(),
            external_id: self.external_id.clone(),
            metadata: None,
            max_devices: None,
        }
    }
}
