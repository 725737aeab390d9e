//! Under which conditions a license gives its rights, spelled as in its payload (`spec/license.md` §2.13 to §2.23).

use sealgate_artifact::{self as artifact, ArtifactError, Value};
use serde::{Deserialize, Serialize};

/// What a vendor sets. What is absent has the default that `spec/license.md` names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// What the program enforces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Copies of the program that may run on one device at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_instances: Option<u64>,
    /// Whether licenses may go to machines without a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<OfflinePermit>,
    /// What the customer may do without asking the vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowances: Option<Allowances>,
}

impl Conditions {
    /// Those that the vendor set of a license's or a plan's.
    pub fn of(conditions: &artifact::Conditions) -> Self {
        serde_json::from_str(&conditions.to_text()).expect("every shape here is one of the payload's")
    }
}

impl TryFrom<&Conditions> for artifact::Conditions {
    type Error = ArtifactError;

    /// Refuses what a license could not say.
    fn try_from(conditions: &Conditions) -> Result<Self, ArtifactError> {
        let written = serde_json::to_value(conditions).expect("texts and numbers can be written");
        Self::from_value(value(written))
    }
}

/// A number that no statement can hold becomes the largest that one can: beyond every range it stays.
fn value(written: serde_json::Value) -> Value {
    const LARGEST: i64 = artifact::limits::INTEGER_BOUND - 1;
    match written {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::Number(number) => {
            Value::Int(number.as_i64().map_or(LARGEST, |n| n.clamp(-LARGEST, LARGEST)))
        }
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(items) => Value::List(items.into_iter().map(value).collect()),
        serde_json::Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, member)| (name, value(member))).collect())
        }
    }
}

/// What the software enforces on the machine it runs on: at least one of these fields (`spec/license.md` §2.13).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How often the program must ask its server; absent: it need not.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub heartbeat: Option<Heartbeat>,
    /// `lease`: a device holds its seat only as long as its heartbeats come, which needs `heartbeat`; absent: it keeps its seat.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub seat: Option<SeatHold>,
    /// What a failed check of the program's modules at its start does; absent: `soft`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub fail: Option<Fail>,
    /// Whether the program's modules are compared with approved ones; absent: they are not.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub integrity: Option<Integrity>,
    /// The program looks for debuggers and the like; absent: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub anti_tamper: Option<AntiTamper>,
    /// How the machine's clock is judged.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub clock: Option<ClockPolicy>,
    /// How old revocation data may be.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub freshness: Option<Freshness>,
    /// Rates that the program keeps to for each of its own tenants: 1 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub tenant_limits: Option<Vec<TenantLimit>>,
}

/// How often a program asks its server, in seconds (`spec/license.md` §2.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// From one question to the next: 60 to 2,592,000.
    pub interval: u64,
    /// From the last verified answer to the deadline: at least `interval`, at most 31,536,000.
    pub grace: u64,
    /// How far failures may move the deadline: more than `grace`, at most 31,536,000; absent: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub longest_grace: Option<u64>,
}

/// How a device holds its seat, where it does not simply keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SeatHold {
    /// As long as its heartbeats come.
    Lease,
}

/// What a failed check of the program's modules at its start does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fail {
    /// The program does not start.
    Hard,
    /// It starts with the tier `free`.
    Soft,
}

/// Whether the program's modules are compared with approved ones (`spec/license.md` §2.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Integrity {
    /// They are, and without a list the comparison has failed.
    Required,
    /// They are where there is a list.
    WhereListed,
}

/// The search for debuggers and the like (`spec/license.md` §2.17).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AntiTamper {
    /// `tamper`: a sensor that cannot run counts as one that found something; absent: as one that found nothing.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub unknown: Option<Unknown>,
    /// Monitoring agents that are allowed: 1 to 8 different names of 1 to 16 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub agents: Option<Vec<String>>,
}

/// What a sensor that cannot run counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// As one that found something.
    Tamper,
}

/// How the machine's clock is judged: at least one of these fields (`spec/license.md` §2.18).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ClockPolicy {
    /// Seconds that it may be behind the newest known time, 0 to 604,800; absent: 86,400.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub tolerance: Option<u64>,
    /// `run_time`: the program counts the time that it runs; absent: the clock is read.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub mode: Option<ClockMode>,
}

/// How time is told where the machine's clock is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClockMode {
    /// The program counts the time that it runs.
    RunTime,
}

/// How old revocation data may be, in days from 1 to 3,650, none less than one before it: at least one of these fields
/// (`spec/license.md` §2.19).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// From then on the program is told; absent: after 14 days.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub warn: Option<u64>,
    /// From then on the tier is `free`; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub restrict: Option<u64>,
    /// From then on the program does not run; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub block: Option<u64>,
}

/// A pair: how the names of features begin, in 1 to 16 bytes, and how many actions a minute they allow, 1 to 10^9
/// (`spec/license.md` §2.20).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantLimit(pub String, pub u64);

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for TenantLimit {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
        let of = |kind| ObjectBuilder::new().schema_type(SchemaType::Type(kind));
        // Which comes first, `prefixItems` could say; tools that make clients do not read it.
        let either = OneOfBuilder::new().item(of(Type::String)).item(of(Type::Integer));
        let pair = ArrayBuilder::new().items(either);
        Schema::from(pair.min_items(Some(2)).max_items(Some(2)).build()).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for TenantLimit {}

/// A license may go to machines without a network (`spec/license.md` §2.22).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OfflinePermit {
    /// Days from when a bundle was made to its end, at most: 1 to 3,650.
    pub days: u64,
    /// Machines that one bundle may go to without asking first, 1 to 1,000,000; absent: each asks first.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub pool: Option<u64>,
    /// Days that the journal which the next bundle needs may be old, 1 to 3,650; absent: it needs none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub journal_days: Option<u64>,
}

/// What a customer may do without asking the vendor: at least one of these fields (`spec/license.md` §2.23).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Allowances {
    /// Seats given back early, for each seat and year, 0 to 1,000; absent: 2.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub releases: Option<u64>,
    /// Dead machines replaced, a year, 0 to 1,000; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub replacements: Option<u64>,
}

/// A change of [`OfflinePermit`]: what is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OfflineChange {
    /// Days from when a bundle was made to its end, at most: 1 to 3,650. Needed where there was no permission.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub days: Option<u64>,
    /// Machines that one bundle may go to without asking first, 1 to 1,000,000; `null`: each asks first.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub pool: Option<Option<u64>>,
    /// Days that the journal which the next bundle needs may be old, 1 to 3,650; `null`: it needs none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub journal_days: Option<Option<u64>>,
}

/// A change of [`Allowances`]: what is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AllowancesChange {
    /// Seats given back early, for each seat and year, 0 to 1,000; `null`: 2.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub releases: Option<Option<u64>>,
    /// Dead machines replaced, a year, 0 to 1,000; `null`: none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub replacements: Option<Option<u64>>,
}

/// What a request does to conditions: what is absent stays, `null` takes it away.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConditionsChange<'a> {
    /// The whole policy.
    pub policy: Option<Option<&'a Policy>>,
    /// Copies of the program on one device.
    pub max_instances: Option<Option<u64>>,
    /// Parts of the permission.
    pub offline: Option<Option<OfflineChange>>,
    /// Parts of the allowances.
    pub allowances: Option<Option<AllowancesChange>>,
}

impl ConditionsChange<'_> {
    /// Whether it changes something.
    pub fn is_any(&self) -> bool {
        self.policy.is_some()
            || self.max_instances.is_some()
            || self.offline.is_some()
            || self.allowances.is_some()
    }
}

macro_rules! conditions_of {
    ($($request:ident)*) => {$(
        impl crate::$request {
            /// What it does to conditions.
            pub fn conditions(&self) -> ConditionsChange<'_> {
                ConditionsChange {
                    policy: self.policy.as_ref().map(Option::as_ref),
                    max_instances: self.max_instances,
                    offline: self.offline,
                    allowances: self.allowances,
                }
            }
        }
    )*};
}

conditions_of!(UpdatePlan IssueLicenses UpdateLicense);
