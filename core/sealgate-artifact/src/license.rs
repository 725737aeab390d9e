//! The license (`spec/license.md`).

use crate::attachments::reference;
use crate::fields::{Fields, int, invalid};
use crate::terms::{list_value, named_list, optional_list};
use crate::{
    AppId, ArtifactError, Attachments, Conditions, Feature, Kind, LicenseId, Licensee, Limit, Statement,
    TenantId, UnixSeconds, Value, Variable, json, limits,
};

/// The three tiers of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// What works without payment.
    Free,
    /// What most customers buy.
    Licensed,
    /// Everything.
    Enterprise,
}

impl Tier {
    /// Every tier there is, the least first.
    pub const ALL: [Self; 3] = [Self::Free, Self::Licensed, Self::Enterprise];

    /// The tier's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Licensed => "licensed",
            Self::Enterprise => "enterprise",
        }
    }

    /// The tier of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text)
    }
}

/// How many devices may use a license at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxDevices {
    /// At most so many, 1 to 1,000,000.
    Limited(u32),
    /// Devices are recorded, not counted.
    Unlimited,
}

impl MaxDevices {
    /// A counted limit; `None` outside 1 to 1,000,000.
    pub fn limited(seats: u64) -> Option<Self> {
        u32::try_from(seats).ok().filter(|n| (1..=limits::MAX_DEVICES).contains(n)).map(Self::Limited)
    }

    /// The number, or `None` when devices are not counted.
    pub fn seats(self) -> Option<u32> {
        match self {
            Self::Limited(n) => Some(n),
            Self::Unlimited => None,
        }
    }
}

/// What a customer bought. Every right comes from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    /// Who sold it.
    pub tenant: TenantId,
    /// What was sold.
    pub app: AppId,
    /// Its identity across versions.
    pub license: LicenseId,
    /// Rises with every change.
    pub version: u64,
    /// When this version was signed.
    pub issued_at: UnixSeconds,
    /// Before this time it gives no rights.
    pub not_before: UnixSeconds,
    /// From this time on it gives no rights. `None`: it never ends.
    pub expires_at: Option<UnixSeconds>,
    /// The tier it grants.
    pub tier: Tier,
    /// Features beyond the tier, in the vendor's own words: at most 128. Above 32 they travel as an attachment.
    pub features: Vec<Feature>,
    /// How many devices may use it.
    pub max_devices: MaxDevices,
    /// Numbers that the program keeps to: at most 32.
    pub limits: Vec<Limit>,
    /// What the vendor hands to the program: at most 50.
    pub variables: Vec<Variable>,
    /// For whom it is; `None` where the vendor names nobody.
    pub licensee: Option<Licensee>,
    /// How many days it can be tried from its first use on, 1 to 3,650; `None` where it is no trial. A trial gives rights only
    /// together with a server's decision (`spec/license.md` §2.11).
    pub trial_days: Option<u32>,
    /// Under which conditions it gives its rights.
    pub conditions: Conditions,
}

impl Statement for License {
    const KIND: Kind = Kind::License;

    fn take(fields: &mut Fields, attachments: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let license = Self {
            tenant: fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?,
            app: fields.parsed("app", "not an identifier", |t| AppId::parse(t).ok())?,
            license: fields.parsed("license", "not an identifier", |t| LicenseId::parse(t).ok())?,
            version: fields.count("version")?,
            issued_at: fields.time("issued_at")?,
            not_before: fields.time("not_before")?,
            expires_at: fields.nullable("expires_at", Fields::time)?,
            tier: fields.parsed("tier", "unknown tier", Tier::parse)?,
            features: features(fields.take("features")?, attachments)?,
            max_devices: match fields.nullable("max_devices", Fields::count)? {
                None => MaxDevices::Unlimited,
                Some(n) => {
                    MaxDevices::limited(n).ok_or_else(|| invalid("max_devices", "not 1 to 1,000,000"))?
                }
            },
            limits: optional_list(fields, "limits", limits::LIMITS)?,
            variables: optional_list(fields, "variables", limits::VARIABLES)?,
            licensee: fields.optional("licensee", |fields, field| Licensee::take(fields.take(field)?))?,
            trial_days: fields.optional("trial_days", trial_days)?,
            conditions: Conditions::take(fields)?,
        };
        // spec/license.md §2.3: a window that is empty from the start is a mistake, not a license.
        if license.expires_at.is_some_and(|end| end <= license.not_before) {
            return Err(invalid("expires_at", "not after not_before"));
        }
        Ok(license)
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = vec![
            ("tenant", Value::Text(self.tenant.to_string())),
            ("app", Value::Text(self.app.to_string())),
            ("license", Value::Text(self.license.to_string())),
            ("version", int(self.version)),
            ("issued_at", int(self.issued_at.get())),
            ("not_before", int(self.not_before.get())),
            ("expires_at", self.expires_at.map_or(Value::Null, |t| int(t.get()))),
            ("tier", Value::Text(self.tier.as_str().to_owned())),
            (
                "features",
                self.attached_features().map_or_else(|| self.feature_list(), |text| reference(&text)),
            ),
            ("max_devices", self.max_devices.seats().map_or(Value::Null, |n| int(n.into()))),
        ];
        if !self.limits.is_empty() {
            members.push(("limits", list_value(&self.limits)));
        }
        if !self.variables.is_empty() {
            members.push(("variables", list_value(&self.variables)));
        }
        members.extend(self.licensee.as_ref().map(|licensee| ("licensee", licensee.to_value())));
        members.extend(self.trial_days.map(|days| ("trial_days", int(days.into()))));
        members.extend(self.conditions.members());
        members
    }

    fn attachments(&self) -> Vec<Vec<u8>> {
        self.attached_features().into_iter().collect()
    }
}

impl License {
    /// `spec/license.md` §2.12: how many bytes of the payload are left, whatever number and dates a later version has; `Err` with how many are too many.
    pub fn room(&self) -> Result<usize, usize> {
        let last = UnixSeconds::new(limits::LAST_SECOND).expect("the last second is in range");
        let widest = Self {
            version: limits::INTEGER_BOUND.unsigned_abs() - 1,
            issued_at: last,
            not_before: last,
            expires_at: Some(last),
            conditions: Conditions {
                slot: Some(limits::INTEGER_BOUND.unsigned_abs() - 1),
                ..self.conditions.clone()
            },
            ..self.clone()
        };
        let bytes = widest.to_payload().len();
        limits::PAYLOAD_BYTES.checked_sub(bytes).ok_or_else(|| bytes - limits::PAYLOAD_BYTES)
    }

    fn feature_list(&self) -> Value {
        list_value(&self.features)
    }

    /// The attachment, where there are more features than a payload may hold.
    fn attached_features(&self) -> Option<Vec<u8>> {
        (self.features.len() > limits::FEATURES).then(|| self.feature_list().to_string().into_bytes())
    }
}

/// `spec/envelope.md` §6.4: a few stand in the payload, many in an attachment.
fn features(field: Value, attachments: &mut Attachments<'_>) -> Result<Vec<Feature>, ArtifactError> {
    let (list, counts) = match field {
        reference @ Value::Object(_) => {
            let content = attachments.take("features", reference)?;
            (json::parse(content)?, limits::FEATURES + 1..=limits::ATTACHED_FEATURES)
        }
        list => (list, 0..=limits::FEATURES),
    };
    match list {
        Value::List(entries) if counts.contains(&entries.len()) => named_list("features", entries),
        Value::List(_) => Err(invalid("features", "too many entries, or too few for an attachment")),
        _ => Err(invalid("features", "not a list")),
    }
}

/// `spec/license.md` §2.11.
fn trial_days(fields: &mut Fields, field: &'static str) -> Result<u32, ArtifactError> {
    let days =
        u32::try_from(fields.count(field)?).ok().filter(|days| (1..=limits::TRIAL_DAYS).contains(days));
    days.ok_or_else(|| invalid(field, "not 1 to 3,650"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{License, MaxDevices, Tier};
    use crate::{
        Allowances, AntiTamper, AppId, ClockMode, ClockPolicy, Conditions, Fail, Feature, Freshness,
        Heartbeat, Integrity, LicenseId, Licensee, Limit, OfflinePermit, Policy, SeatHold, Statement,
        TenantId, UnixSeconds, Unknown, Variable, VariableValue, limits,
    };

    prop_compose! {
        /// What a license may say beyond the necessary, small enough for a payload beside all the rest.
        fn extras()(
            features in prop::collection::btree_map("[a-zäß.:_]{1,16}", prop::option::of("[^\\p{Cc}\"]{1,6}"), 0..=limits::ATTACHED_FEATURES),
            numbers in prop::collection::btree_map("[a-z]{1,8}", 0..1u64 << 53, 0..8),
            variables in prop::collection::btree_map("[a-z]{1,8}", values(), 0..8),
            parts in any::<[bool; 3]>(),
            trial_days in prop::option::of(1..=limits::TRIAL_DAYS),
        ) -> (Vec<Feature>, Vec<Limit>, Vec<Variable>, Option<Licensee>, Option<u32>) {
            let part = |there: bool| there.then(|| "Ada & Söhne".to_owned());
            let licensee = Licensee { name: part(parts[0]), company: part(parts[1]), email: part(parts[2]) };
            (
                features.into_iter().map(|(name, value)| Feature { name, value }).collect(),
                numbers.into_iter().map(|(name, value)| Limit { name, value }).collect(),
                variables.into_iter().map(|(name, value)| Variable { name, value }).collect(),
                Some(licensee).filter(|licensee| !licensee.is_empty()),
                trial_days,
            )
        }
    }

    fn values() -> impl Strategy<Value = VariableValue> {
        prop_oneof![
            any::<bool>().prop_map(VariableValue::Flag),
            (1 - limits::INTEGER_BOUND..limits::INTEGER_BOUND).prop_map(VariableValue::Number),
            "[^\\p{Cc}]{0,8}".prop_map(VariableValue::Text),
        ]
    }

    prop_compose! {
        fn policies()(
            beat in prop::option::of((60..=2_592_000u64, 0..1_000u64, prop::option::of(1..1_000u64))),
            lease in any::<bool>(),
            fail in prop::option::of(prop::sample::select(Fail::ALL)),
            integrity in prop::option::of(prop::sample::select(Integrity::ALL)),
            anti_tamper in prop::option::of((any::<bool>(), prop::collection::btree_set("[a-zé]{1,8}", 0..=limits::AGENTS))),
            clock in prop::option::of((0..=604_800u64, any::<bool>())),
            days in prop::option::of(prop::collection::btree_set(1..=3_650u64, 3)),
            rates in prop::collection::btree_map("[a-z]{1,16}", 1..=limits::RATE, 0..=limits::TENANT_LIMITS),
        ) -> Option<Policy> {
            let heartbeat = beat.map(|(interval, more, longest)| {
                let grace = interval + more;
                Heartbeat { interval, grace, longest_grace: longest.map(|more| grace + more) }
            });
            let stages = days.map(Vec::from_iter);
            let policy = Policy {
                heartbeat,
                seat: heartbeat.filter(|_| lease).map(|_| SeatHold::Lease),
                fail,
                integrity,
                anti_tamper: anti_tamper.map(|(unknown, agents)| AntiTamper {
                    unknown: unknown.then_some(Unknown::Tamper),
                    agents: agents.into_iter().collect(),
                }),
                clock: clock.map(|(tolerance, runs)| ClockPolicy {
                    tolerance: Some(tolerance),
                    mode: runs.then_some(ClockMode::RunTime),
                }),
                freshness: stages.map(|days| Freshness { warn: Some(days[0]), restrict: Some(days[1]), block: Some(days[2]) }),
                tenant_limits: rates.into_iter().map(|(name, value)| Limit { name, value }).collect(),
            };
            Some(policy).filter(|policy| *policy != Policy::default())
        }
    }

    prop_compose! {
        fn conditions()(
            policy in policies(),
            max_instances in prop::option::of(1..=limits::INSTANCES),
            offline in prop::option::of((1..=3_650u64, prop::option::of(1..=1_000_000u64), prop::option::of(1..=3_650u64))),
            releases in prop::option::of(0..=1_000u64),
            replacements in prop::option::of(0..=1_000u64),
            pool_epoch in prop::option::of(1..1u64 << 53),
            slot in prop::option::of(0..1u64 << 53),
        ) -> Conditions {
            Conditions {
                policy,
                max_instances,
                offline: offline.map(|(days, pool, journal_days)| OfflinePermit { days, pool, journal_days }),
                allowances: Some(Allowances { releases, replacements }).filter(|said| *said != Allowances::default()),
                pool_epoch,
                slot,
            }
        }
    }

    fn licenses() -> impl Strategy<Value = License> {
        let seconds = || 0..=limits::LAST_SECOND;
        let seats = prop_oneof![
            Just(MaxDevices::Unlimited),
            (1..=limits::MAX_DEVICES).prop_map(MaxDevices::Limited),
        ];
        (
            any::<[u8; 16]>(),
            0..1u64 << 53,
            seconds(),
            seconds(),
            any::<bool>(),
            0..3usize,
            extras(),
            seats,
            conditions(),
        )
            .prop_map(|(id, version, issued, begin, ends, tier, extras, max_devices, conditions)| {
                License {
                    tenant: TenantId::from_bytes(id),
                    app: AppId::from_bytes(id),
                    license: LicenseId::from_bytes(id),
                    version,
                    issued_at: UnixSeconds::new(issued).expect("in range"),
                    not_before: UnixSeconds::new(begin).expect("in range"),
                    expires_at: (ends && begin < limits::LAST_SECOND)
                        .then(|| UnixSeconds::new(limits::LAST_SECOND).expect("in range")),
                    tier: Tier::ALL[tier],
                    features: extras.0,
                    max_devices,
                    limits: extras.1,
                    variables: extras.2,
                    licensee: extras.3,
                    trial_days: extras.4,
                    conditions,
                }
            })
    }

    proptest! {
        /// Any license that can be signed is read back the same, within the limits of payload and attachment.
        #[test]
        fn what_is_written_is_read(license in licenses()) {
            prop_assume!(license.room().is_ok());
            prop_assert_eq!(License::from_payload(&license.to_payload(), &license.attachments()), Ok(license));
        }

        /// Conditions that are stored are those that are signed.
        #[test]
        fn conditions_that_are_stored_are_read(conditions in conditions()) {
            prop_assert_eq!(Conditions::parse(&conditions.to_text()), Ok(conditions));
        }

        /// What has room now has room in any later version, and one byte beyond it is told.
        #[test]
        fn room_is_counted_to_the_byte(license in licenses()) {
            let Ok(room) = license.room() else { return Ok(()) };
            prop_assert!(license.to_payload().len() + room <= limits::PAYLOAD_BYTES);
            let name = "x".repeat(limits::VARIABLE_NAME_BYTES);
            let filled = |bytes| {
                let value = VariableValue::Text("y".repeat(bytes));
                License { variables: vec![Variable { name: name.clone(), value }], ..license.clone() }
            };
            let left = filled(0).room();
            prop_assume!(left.is_ok());
            let left = left.unwrap_or_default();
            prop_assert_eq!(filled(left).room(), Ok(0));
            prop_assert_eq!(filled(left + 1).room(), Err(1));
        }
    }
}
