//! The license (`spec/license.md`).

use crate::fields::{Fields, invalid};
use crate::keyset::int;
use crate::{AppId, ArtifactError, Kind, LicenseId, Statement, TenantId, UnixSeconds, Value, limits};

/// The three tiers of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// What works without paying.
    Free,
    /// What most customers buy.
    Licensed,
    /// Everything.
    Enterprise,
}

impl Tier {
    const ALL: [Self; 3] = [Self::Free, Self::Licensed, Self::Enterprise];

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
    /// Rises by every change.
    pub version: u64,
    /// When this version was signed.
    pub issued_at: UnixSeconds,
    /// Before then it gives no right.
    pub not_before: UnixSeconds,
    /// From then on it gives no right; `None` never ends.
    pub expires_at: Option<UnixSeconds>,
    /// The tier it grants.
    pub tier: Tier,
    /// Names of features beyond the tier, in the vendor's own words.
    pub features: Vec<String>,
    /// How many devices may use it.
    pub max_devices: MaxDevices,
}

impl Statement for License {
    const KIND: Kind = Kind::License;

    fn take(fields: &mut Fields) -> Result<Self, ArtifactError> {
        let license = Self {
            tenant: fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?,
            app: fields.parsed("app", "not an identifier", |t| AppId::parse(t).ok())?,
            license: fields.parsed("license", "not an identifier", |t| LicenseId::parse(t).ok())?,
            version: fields.count("version")?,
            issued_at: fields.time("issued_at")?,
            not_before: fields.time("not_before")?,
            expires_at: fields.nullable("expires_at", Fields::time)?,
            tier: fields.parsed("tier", "unknown tier", Tier::parse)?,
            features: feature_list(fields.list("features", limits::FEATURES)?)?,
            max_devices: match fields.nullable("max_devices", Fields::count)? {
                None => MaxDevices::Unlimited,
                Some(n) => {
                    MaxDevices::limited(n).ok_or_else(|| invalid("max_devices", "not 1 to 1,000,000"))?
                }
            },
        };
        // spec/license.md §2.3: a window that is empty from the start is a mistake, not a license.
        if license.expires_at.is_some_and(|end| end <= license.not_before) {
            return Err(invalid("expires_at", "not after not_before"));
        }
        Ok(license)
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("tenant", Value::Text(self.tenant.to_string())),
            ("app", Value::Text(self.app.to_string())),
            ("license", Value::Text(self.license.to_string())),
            ("version", int(self.version)),
            ("issued_at", int(self.issued_at.get())),
            ("not_before", int(self.not_before.get())),
            ("expires_at", self.expires_at.map_or(Value::Null, |t| int(t.get()))),
            ("tier", Value::Text(self.tier.as_str().to_owned())),
            ("features", Value::List(self.features.iter().cloned().map(Value::Text).collect())),
            ("max_devices", self.max_devices.seats().map_or(Value::Null, |n| int(n.into()))),
        ]
    }
}

/// `spec/license.md` §2.6: names of 1 to 32 bytes that stand once and cannot steer a terminal.
fn feature_list(values: Vec<Value>) -> Result<Vec<String>, ArtifactError> {
    let mut names = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Value::Text(name) if !is_feature(&name) => {
                return Err(invalid(
                    "features",
                    "an entry is not a name of 1 to 32 bytes without control characters",
                ));
            }
            Value::Text(name) if names.contains(&name) => {
                return Err(invalid("features", "a name stands twice"));
            }
            Value::Text(name) => names.push(name),
            _ => return Err(invalid("features", "an entry is not a string")),
        }
    }
    Ok(names)
}

fn is_feature(name: &str) -> bool {
    (1..=limits::FEATURE_BYTES).contains(&name.len()) && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{License, MaxDevices, Tier};
    use crate::{AppId, LicenseId, Statement, TenantId, UnixSeconds, limits};

    fn licenses() -> impl Strategy<Value = License> {
        let seconds = || 0..=limits::LAST_SECOND;
        let seats = prop_oneof![
            Just(MaxDevices::Unlimited),
            (1..=limits::MAX_DEVICES).prop_map(MaxDevices::Limited),
        ];
        let features = prop::collection::btree_set("[a-zäß.:_]{1,16}", 0..limits::FEATURES);
        (any::<[u8; 16]>(), 0..1u64 << 53, seconds(), seconds(), any::<bool>(), 0..3usize, features, seats)
            .prop_map(|(id, version, issued, begin, ends, tier, features, max_devices)| License {
                tenant: TenantId::from_bytes(id),
                app: AppId::from_bytes(id),
                license: LicenseId::from_bytes(id),
                version,
                issued_at: UnixSeconds::new(issued).expect("in range"),
                not_before: UnixSeconds::new(begin).expect("in range"),
                expires_at: (ends && begin < limits::LAST_SECOND)
                    .then(|| UnixSeconds::new(limits::LAST_SECOND).expect("in range")),
                tier: Tier::ALL[tier],
                features: features.into_iter().collect(),
                max_devices,
            })
    }

    proptest! {
        /// Any license that can be signed is read back the same, within the payload's limit.
        #[test]
        fn what_is_written_is_read(license in licenses()) {
            prop_assert_eq!(License::from_payload(&license.to_payload()), Ok(license));
        }
    }
}
