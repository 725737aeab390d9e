//! Customers (`spec/http.md` §3.17).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Seats, Timestamp};

/// `POST /api/v1/customers`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateCustomer {
    /// A person's or an organisation's name: 1 to 128 characters and at most 128 bytes.
    pub name: String,
    /// What people write in the place of its id: 1 to 63 lower-case letters, digits and single hyphens between them, unique in
    /// the tenant. Made from the name when absent; none when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The organisation, within the same limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// An e-mail address: at most 128 bytes with one `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The vendor's own name for the customer, such as a shop's number: 1 to 128 characters, unique in the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The vendor's own notes: at most 16,384 bytes as JSON, at most 8 objects and lists deep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// The most devices over all of the customer's licenses; `"unlimited"` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_devices: Option<Seats>,
}

/// `PATCH /api/v1/customers/{customer_id}`: what is absent stays.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateCustomer {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What people write in the place of its id; none when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The organisation; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The e-mail address; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The vendor's own name for the customer; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// All of the vendor's own notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// The most devices over all of the customer's licenses. Who has more keeps them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_devices: Option<Seats>,
}

/// A customer as the vendor sees it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerView {
    /// The customer's id, safe in URLs and logs.
    pub customer_id: String,
    /// The name; `null` once the customer was forgotten.
    pub name: Option<String>,
    /// What people write in the place of its id. It goes with the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The organisation.
    pub company: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The vendor's own name for the customer, unique in the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The vendor's own notes.
    pub metadata: Map<String, Value>,
    /// The most devices over all of the customer's licenses.
    pub max_devices: Seats,
    /// Where one customer is shown: how many licenses it has. 1,001 stands for all that are more than 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licenses: Option<u64>,
    /// And how many devices hold seats of these licenses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices_used: Option<u64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten_at: Option<Timestamp>,
}

/// Which customers: those that fulfil all of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct CustomerQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wished, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// `true`: no items, but how many this request found; those of all pages together are all.
    pub count: Option<bool>,
    /// Only customers whose name starts with this text (upper and lower case alike), in the order of names.
    pub name: Option<String>,
    /// Only customers whose e-mail address starts with this text (upper and lower case alike), in the order of addresses
    /// unless `name` is given, too.
    pub email: Option<String>,
    /// Only the customer whom the vendor calls so.
    pub external_id: Option<String>,
    /// Only customers with all of these words in their name, company, e-mail address or external id, whatever the case and the
    /// accents.
    pub text: Option<String>,
}

/// `POST /api/v1/customers/{customer_id}/merge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MergeCustomers {
    /// The customer who gets the licenses.
    pub into: String,
}

/// Licenses that went from one customer to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomersMerged {
    /// The customer who has them now.
    pub customer_id: String,
    /// How many this request moved: at most 500.
    pub moved: u64,
    /// Whether the other customer is gone. If not, send the request again, under another name.
    pub complete: bool,
}

/// `POST /api/v1/customers/{customer_id}/forget`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ForgetCustomer {
    /// Where to go on: `next` of the answer before. From the first license when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A customer whose name is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerForgotten {
    /// The customer.
    pub customer_id: String,
    /// How many licenses this request looked at.
    pub licenses: u64,
    /// Where to go on; absent when nothing is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
