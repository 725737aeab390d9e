//! The license (`spec/license.md`).

use crate::attachments::reference;
use crate::fields::{Fields, distinct, int, invalid};
use crate::{
    AppId, ArtifactError, Attachments, Kind, LicenseId, Statement, TenantId, UnixSeconds, Value, json, limits,
};

/// The three tiers of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// What works without payment.
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
    /// Names of features beyond the tier, in the vendor's own words: at most 128. Above 32 they travel as an attachment.
    pub features: Vec<String>,
    /// How many devices may use it.
    pub max_devices: MaxDevices,
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
            (
                "features",
                self.attached_features().map_or_else(|| self.feature_list(), |text| reference(&text)),
            ),
            ("max_devices", self.max_devices.seats().map_or(Value::Null, |n| int(n.into()))),
        ]
    }

    fn attachments(&self) -> Vec<Vec<u8>> {
        self.attached_features().into_iter().collect()
    }
}

impl License {
    fn feature_list(&self) -> Value {
        Value::List(self.features.iter().cloned().map(Value::Text).collect())
    }

    /// The attachment, where there are more features than a payload may hold.
    fn attached_features(&self) -> Option<Vec<u8>> {
        (self.features.len() > limits::FEATURES).then(|| self.feature_list().to_string().into_bytes())
    }
}

/// `spec/envelope.md` §6.4: a few stand in the payload, many in an attachment.
fn features(field: Value, attachments: &mut Attachments<'_>) -> Result<Vec<String>, ArtifactError> {
    let (list, counts) = match field {
        reference @ Value::Object(_) => {
            let content = attachments.take("features", reference)?;
            (json::parse(content)?, limits::FEATURES + 1..=limits::ATTACHED_FEATURES)
        }
        list => (list, 0..=limits::FEATURES),
    };
    match list {
        Value::List(names) if counts.contains(&names.len()) => distinct("features", names, feature),
        Value::List(_) => Err(invalid("features", "too many entries, or too few for an attachment")),
        _ => Err(invalid("features", "not a list")),
    }
}

/// `spec/license.md` §2.6: names of 1 to 32 bytes that stand once and cannot steer a terminal.
fn feature(name: &str) -> Result<String, ArtifactError> {
    if (1..=limits::FEATURE_BYTES).contains(&name.len()) && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(invalid("features", "an entry is not a name of 1 to 32 bytes without control characters"))
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
        let features = prop::collection::btree_set("[a-zäß.:_]{1,16}", 0..=limits::ATTACHED_FEATURES);
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
        /// Any license that can be signed is read back the same, within the limits of payload and attachment.
        #[test]
        fn what_is_written_is_read(license in licenses()) {
            prop_assert_eq!(License::from_payload(&license.to_payload(), &license.attachments()), Ok(license));
        }
    }
}
