//! Licenses (`spec/http.md` §3.2).

use serde::{Deserialize, Serialize};

use crate::{
    Allowances, AllowancesChange, Feature, Limit, OfflineChange, OfflinePermit, Policy, Seats, Timestamp,
    Trial, When,
};

/// `POST /api/v1/licenses`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IssueLicenses {
    /// The app that is sold; the plan's, or the tenant's only one, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::present")]
    pub app_id: Option<String>,
    /// The plan whose terms they get; without one: tier `licensed`, no features, 1 seat, no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<String>,
    /// Seats, in place of the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_devices: Option<Seats>,
    /// When they end, in place of the plan's duration; `null` never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub expires_at: Option<Option<When>>,
    /// What the software enforces, in place of the plan's; `null` nothing. Programs need an SDK that enforces policies: others refuse the
    /// license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub policy: Option<Option<Policy>>,
    /// Copies of the program that may run on one device at once, 1 to 1,000, in place of the plan's; `null` 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub max_instances: Option<Option<u64>>,
    /// Whether the licenses may go to machines without a network, for how long, to how many; `null` not. What is absent is the plan's. A trial's may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub offline: Option<Option<OfflineChange>>,
    /// What the customer may do without asking the vendor; `null` the defaults. What is
    /// absent is the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub allowances: Option<Option<AllowancesChange>>,
    /// The vendor's own note, up to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The customer who bought them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// What the licenses say about their buyer, in place of what the plan takes from the customer; `null` or `{}` nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub licensee: Option<Option<Licensee>>,
    /// The vendor's own name for the license, such as an order's number: 1 to 128 characters, unique in the tenant. Only
    /// where one license is issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// How many, 1 to 1,000; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

/// What a license itself says about its buyer, for everybody who has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Licensee {
    /// A person's name: 1 to 128 bytes, none of them a control character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// An organisation's name, within the same limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// An e-mail address, within the same limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// New licenses with their keys.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LicensesIssued {
    /// As many as were asked for.
    pub licenses: Vec<IssuedLicense>,
    /// Since when the app is disabled, where it is: its clients are refused until it is enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_disabled_at: Option<Timestamp>,
}

/// One new license with its key.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedLicense {
    /// The license's id, safe in URLs and logs.
    pub license_id: String,
    /// The key to send to the customer. A secret.
    pub license_key: String,
    /// When it ends; `null` never.
    pub expires_at: Option<Timestamp>,
    /// Seats.
    pub max_devices: Seats,
}

/// A license as the vendor sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LicenseView {
    /// The license's id.
    pub license_id: String,
    /// The app that was sold.
    pub app_id: String,
    /// The app's slug, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The plan that it was issued from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<String>,
    /// The plan's slug, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// `active`, `suspended`, `expired` or `revoked`.
    pub status: String,
    /// `free`, `licensed` or `enterprise`.
    pub tier: String,
    /// Features beyond the tier.
    pub features: Vec<Feature>,
    /// Numbers that the software holds itself to.
    pub limits: Vec<Limit>,
    /// Seats.
    pub max_devices: Seats,
    /// Seats taken by devices.
    pub devices_used: u64,
    /// Seats that pools of live bundles take besides (`spec/offline.md` §5.2).
    #[serde(default, skip_serializing_if = "is_none_taken")]
    pub pool_seats: u64,
    /// When it ends; `null` never.
    pub expires_at: Option<Timestamp>,
    /// Whether its terms allow that it is handed out as a file; the tenant must, too. A trial's never do.
    #[serde(default)]
    pub files: bool,
    /// What the software enforces; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Copies of the program that may run on one device at once; absent: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_instances: Option<u64>,
    /// How it may go to machines without a network; absent: it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<OfflinePermit>,
    /// What the customer may do without asking the vendor; absent: the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowances: Option<Allowances>,
    /// How it can be tried, where it is a trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    /// The vendor's own note.
    pub label: Option<String>,
    /// The id of the customer who bought it.
    pub customer_id: Option<String>,
    /// The customer's slug, where it has one, for a token with the scope `customers:read`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// What the license itself says about its buyer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licensee: Option<Licensee>,
    /// The vendor's own name for it, unique in the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The newest signed version.
    pub version: u64,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_at: Option<Timestamp>,
    /// Why it is suspended, in the vendor's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend_reason: Option<String>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// Why it was revoked, in the vendor's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke_reason: Option<String>,
    /// Only where it was looked up by a key that it no longer has: when it got another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_replaced_at: Option<Timestamp>,
}

/// `POST /api/v1/licenses/lookup`: one of both. Keys travel in bodies, never in URLs.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LookUpLicense {
    /// The key as someone typed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_key: Option<String>,
    /// The vendor's own name for the license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// `PATCH /api/v1/licenses/{license_id}`: what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateLicense {
    /// The note; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The customer; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// A plan of the app: its terms become the license's, but not its duration. The other fields of the request apply
    /// on top (`spec/http.md` §3.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<String>,
    /// `free`, `licensed` or `enterprise`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Features that come, or get another value. The others stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<Feature>>,
    /// Names of features that go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_features: Option<Vec<String>>,
    /// All features from now on, instead of the two before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace_features: Option<Vec<Feature>>,
    /// Limits that come, or get another value. The others stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Vec<Limit>>,
    /// Names of limits that go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_limits: Option<Vec<String>>,
    /// All limits from now on, instead of the two before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace_limits: Option<Vec<Limit>>,
    /// When it ends from now on; `null` never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub expires_at: Option<Option<When>>,
    /// What the license itself says about its buyer, all of it; `null` or `{}` nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub licensee: Option<Option<Licensee>>,
    /// Seats. Fewer than are taken is `devices_in_use`, unless `release` names enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_devices: Option<Seats>,
    /// What the software enforces, all of it; `null` nothing. Programs need an SDK that enforces policies: others refuse the
    /// license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub policy: Option<Option<Policy>>,
    /// Copies of the program that may run on one device at once, 1 to 1,000; `null` 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub max_instances: Option<Option<u64>>,
    /// Whether it may go to machines without a network, for how long, to how many; `null` not. A trial may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub offline: Option<Option<OfflineChange>>,
    /// What the customer may do without asking the vendor; `null` the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub allowances: Option<Option<AllowancesChange>>,
    /// Ids of devices that lose their seats with this change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Vec<String>>,
    /// Release even if the license allows no more releases this year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_allowance: Option<bool>,
    /// The version that the caller saw: where the license has another one by then, nothing is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<u64>,
}

/// `POST /api/v1/licenses/resign`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ResignLicenses {
    /// Where to go on: `next` of the answer before. From the first license when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// How many licenses were signed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LicensesResigned {
    /// By this request.
    pub resigned: u64,
    /// Where to go on; absent when nothing is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /api/v1/licenses/{license_id}/renew`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RenewLicense {
    /// When it ends from now on; `null` never. A time such as `3m` comes after the present end, or after now if that is later. When
    /// absent, so does the plan's duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "super::present")]
    pub expires_at: Option<Option<When>>,
    /// The version that the caller saw: where the license has another one by then, nothing is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<u64>,
}

/// `POST /api/v1/licenses/{license_id}/suspend` and `…/revoke`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StopLicense {
    /// Why, up to 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The version that the caller saw: where the license has another one by then, nothing is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<u64>,
}

/// `POST /api/v1/licenses/{license_id}/resume`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ResumeLicense {
    /// The version that the caller saw: where the license has another one by then, nothing is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<u64>,
}

/// Changes that have a reason, such as a new license key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Why, up to 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /api/v1/licenses/{license_id}/reset-devices` and the release of one device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReleaseDevices {
    /// Release even if the license allows no more releases this year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_allowance: Option<bool>,
}

/// Seats that became free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Released {
    /// The license.
    pub license_id: String,
    /// Ids of the devices that were released. One that a live bundle names keeps its seat until that ends.
    pub released: Vec<String>,
    /// Seats still taken, those that live bundles hold among them. One request releases at most 500: send `reset-devices` again until
    /// it releases none.
    pub devices_used: u64,
    /// Releases left for this year; `null` when devices are not counted.
    pub releases_left: Option<u64>,
}

/// Which licenses: those that fulfil all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct LicenseQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wished, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// `true`: no items, but how many this request found; those of all pages together are all.
    pub count: Option<bool>,
    /// Only this app's.
    pub app_id: Option<String>,
    /// Only those issued from, or changed to, this plan.
    pub plan_id: Option<String>,
    /// Only this customer's.
    pub customer_id: Option<String>,
    /// Only licenses on which this device holds a seat: by its `hwid`, its key, or what it calls itself.
    pub device: Option<String>,
    /// `active`, `suspended`, `expired` or `revoked`.
    pub status: Option<String>,
    /// `free`, `licensed` or `enterprise`.
    pub tier: Option<String>,
    /// Only licenses whose label starts with this text (upper and lower case alike), in the order of labels unless another
    /// order is wished, or a device's or a customer's are listed.
    pub label: Option<String>,
    /// Only licenses with all of these words in their label, external id or licensee or, with the scope `customers:read`, in
    /// what is known of their customer, whatever the case and the accents.
    pub text: Option<String>,
    /// `true`: only licenses that no device ever used: none holds a seat, and none was released.
    pub never_seen: Option<bool>,
    /// Only licenses that end later than this.
    pub ends_after: Option<When>,
    /// Only licenses that end at this moment or before.
    pub ends_before: Option<When>,
    /// `newest`, the newest first; or `end`, only those that end, the first end first. Without it, `end` where `ends_after` or
    /// `ends_before` is given and no `device`.
    pub sort: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_none_taken(seats: &u64) -> bool {
    *seats == 0
}
