//! The management API (`spec/http.md` §3).

mod access;
mod activations;
mod apps;
mod authforge_files;
mod bundles;
mod changes;
mod clock;
mod conditions;
mod customers;
mod devices;
mod health;
mod imports;
mod jobs;
mod keys;
mod licenses;
mod online;
#[cfg(feature = "openapi")]
mod pages;
mod plans;
mod records;
mod releases;
mod servers;
mod snapshots;
mod tenants;
mod tokens;
mod variable;

pub use access::*;
pub use activations::*;
pub use apps::*;
pub use authforge_files::*;
pub use bundles::*;
pub use changes::*;
pub use clock::*;
pub use conditions::*;
pub use customers::*;
pub use devices::*;
pub use health::*;
pub use imports::*;
pub use jobs::*;
pub use keys::*;
pub use licenses::*;
pub use online::*;
pub use plans::*;
pub use records::*;
pub use releases::*;
pub use servers::*;
pub use snapshots::*;
pub use tenants::*;
pub use tokens::*;
pub use variable::*;

use sealgate_artifact::MaxDevices;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Which part of a list, or how many it has.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct CountedQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wished, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// `true`: no items, but how many this request found; those of all pages together are all.
    pub count: Option<bool>,
}

/// Which part of a list, of one app if given.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct AppQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wished, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// `true`: no items, but how many this request found; those of all pages together are all.
    pub count: Option<bool>,
    /// Only this app's.
    pub app_id: Option<String>,
}

/// A request that says all it has to say by its path: `{}`, or no body at all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// One page of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// Where they are counted: how many this request found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Send it back as `cursor` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Every error outside `/auth/*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A code of `spec/errors.md`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// Finds this request in the server's log.
    pub request_id: String,
    /// The field of the body or the parameter of the query that does not fit, such as `features[2].name`, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// With `external_id_taken`: the license that has the external id, for a caller who may see licenses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_id: Option<String>,
    /// With `external_id_taken`: the customer who has the external id, for a caller who may see customers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Seconds after which asking again is worth it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// A number of seats, or `"unlimited"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seats(pub MaxDevices);

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Seats {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, SchemaType, Type};
        let number = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Integer))
            .minimum(Some(1))
            .maximum(Some(sealgate_artifact::limits::MAX_DEVICES));
        let word =
            ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(["unlimited"]));
        utoipa::openapi::Schema::from(OneOfBuilder::new().item(number).item(word).build()).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Seats {}

impl Serialize for Seats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.seats() {
            Some(n) => serializer.serialize_u32(n),
            None => serializer.serialize_str("unlimited"),
        }
    }
}

impl<'de> Deserialize<'de> for Seats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Word(String),
        }
        let seats = match Written::deserialize(deserializer) {
            Ok(Written::Number(n)) => MaxDevices::limited(n),
            Ok(Written::Word(word)) if word == "unlimited" => Some(MaxDevices::Unlimited),
            _ => None,
        };
        seats.map(Self).ok_or_else(|| de::Error::custom("expected 1 to 1,000,000 or \"unlimited\""))
    }
}

/// Reads a field that may be absent, `null` or a value: three different wishes. Where `null` is none, it is refused.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
