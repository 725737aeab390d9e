//! A bundle: the terms of a license for machines that are never heard (`spec/offline.md` §3.1).

use super::acknowledgement::{listed, take_acknowledged};
use super::list::{Listed, take_list};
use crate::activation_proof::{positive, statement_id};
use crate::fields::{Fields, int, invalid, text_of};
use crate::{
    Acknowledged, ArtifactError, Attachments, BundleId, Kind, License, PublicKey, Statement, StatementId,
    UnixSeconds, Value, limits,
};

/// The vendor's word that some machines may use a license for a while without being heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The terms of a version of the license. Its `expires_at` is the bundle's end, its `issued_at` when the bundle was signed,
    /// its `slot` the bundle's own.
    pub terms: License,
    /// The bundle.
    pub bundle: BundleId,
    /// Rises with every bundle of the license, from 1 on.
    pub serial: u64,
    /// The first bundle of its line; `None`: this one is it.
    pub line: Option<BundleId>,
    /// For which machines it is.
    pub machines: Machines,
    /// The one request that it answers.
    pub request: Option<StatementId>,
    /// Slots of the same license that were taken back. They rise.
    pub revoked: Vec<u64>,
    /// Up to where the vendor has journals of the license.
    pub acknowledged: Vec<Acknowledged>,
}

/// For which machines a bundle is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Machines {
    /// For those with these keys, 1 to 4,096, and no others.
    Bound(Vec<PublicKey>),
    /// For so many, 1 to 1,000,000, whichever they are. No machine sees how many others there are.
    Pool(u32),
}

impl Machines {
    /// How many seats of the license they take.
    pub fn count(&self) -> u32 {
        match self {
            Self::Bound(keys) => u32::try_from(keys.len()).unwrap_or(u32::MAX),
            Self::Pool(count) => *count,
        }
    }

    fn keys(&self) -> &[PublicKey] {
        match self {
            Self::Bound(keys) => keys,
            Self::Pool(_) => &[],
        }
    }
}

impl Bundle {
    /// When it ends.
    pub fn ends_at(&self) -> UnixSeconds {
        self.terms.expires_at.expect("no bundle without an end is read or signed")
    }

    /// The name of its line: the first bundle of it.
    pub fn line(&self) -> BundleId {
        self.line.unwrap_or(self.bundle)
    }

    /// `spec/offline.md` §4.4: whether it is for the machine with this key.
    pub fn is_for(&self, device_key: &PublicKey) -> bool {
        match &self.machines {
            Machines::Bound(keys) => keys.contains(device_key),
            Machines::Pool(_) => true,
        }
    }

    fn devices(&self) -> Listed {
        Listed(self.machines.keys().iter().map(|key| Value::Text(key.to_string())).collect())
    }

    fn revoked(&self) -> Listed {
        Listed(self.revoked.iter().map(|slot| int(*slot)).collect())
    }
}

impl Statement for Bundle {
    const KIND: Kind = Kind::Bundle;

    fn take(fields: &mut Fields, attachments: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let terms = License::take(fields, attachments)?;
        for_unheard(&terms)?;
        let id = |text: &str| BundleId::parse(text).ok();
        let bundle = fields.parsed("bundle", "not an identifier", id)?;
        let serial = positive(fields, "serial")?;
        let line = fields
            .optional("line", |fields, field| fields.parsed(field, "not an identifier", id))?
            .map(|line| if line == bundle { Err(invalid("line", "the bundle itself")) } else { Ok(line) })
            .transpose()?;
        let devices = fields.optional("devices", |fields, field| devices(fields, field, attachments))?;
        let pool = fields.optional("pool", pool)?;
        let request = fields.optional("request", statement_id)?;
        let revoked = fields.optional("revoked", |fields, field| slots(fields, field, attachments))?;
        let acknowledged =
            fields.optional("acknowledged", |fields, field| take_acknowledged(fields, field, attachments))?;
        let machines = match (devices, pool) {
            (Some(keys), None) => Machines::Bound(keys),
            (None, Some(count)) => Machines::Pool(count),
            _ => return Err(invalid("pool", "exactly one of `devices` and `pool` is there")),
        };
        if request.is_some() && machines.keys().len() != 1 {
            return Err(invalid("request", "beside more or less than one device"));
        }
        let revoked = revoked.unwrap_or_default();
        let acknowledged = acknowledged.unwrap_or_default();
        Ok(Self { terms, bundle, serial, line, machines, request, revoked, acknowledged })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = self.terms.members();
        members.push(("bundle", Value::Text(self.bundle.to_string())));
        members.push(("serial", int(self.serial)));
        members.extend(self.line.map(|line| ("line", Value::Text(line.to_string()))));
        members.extend(self.devices().member("devices"));
        if let Machines::Pool(count) = self.machines {
            members.push(("pool", int(count.into())));
        }
        members.extend(self.request.map(|request| ("request", Value::Text(request.to_string()))));
        members.extend(self.revoked().member("revoked"));
        members.extend(listed(&self.acknowledged).member("acknowledged"));
        members
    }

    fn attachments(&self) -> Vec<Vec<u8>> {
        let lists = [
            self.devices().attachment(),
            self.revoked().attachment(),
            listed(&self.acknowledged).attachment(),
        ];
        self.terms.attachments().into_iter().chain(lists.into_iter().flatten()).collect()
    }
}

/// `spec/offline.md` §3.2: what a license says, and no bundle.
fn for_unheard(terms: &License) -> Result<(), ArtifactError> {
    if terms.expires_at.is_none() {
        return Err(invalid("expires_at", "a bundle ends"));
    }
    if terms.trial_days.is_some() {
        return Err(invalid("trial_days", "in a bundle: only a server can say when a trial ends"));
    }
    let policy = terms.conditions.policy.as_ref();
    if policy.is_some_and(|policy| policy.heartbeat.is_some() || policy.seat.is_some()) {
        return Err(invalid("policy", "in a bundle there is neither `heartbeat` nor `seat`"));
    }
    if terms.conditions.slot.is_none() {
        return Err(invalid("slot", "a bundle has one"));
    }
    Ok(())
}

fn devices(
    fields: &mut Fields,
    field: &'static str,
    attachments: &mut Attachments<'_>,
) -> Result<Vec<PublicKey>, ArtifactError> {
    let entries = take_list(fields, field, attachments, limits::BUNDLE_DEVICES)?;
    let keys = entries.into_iter().map(|entry| PublicKey::parse(&text_of(field, entry)?));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let mut sorted: Vec<&[u8; 32]> = keys.iter().map(PublicKey::as_bytes).collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|two| two[0] == two[1]) {
        return Err(invalid(field, "an entry appears twice"));
    }
    Ok(keys)
}

fn slots(
    fields: &mut Fields,
    field: &'static str,
    attachments: &mut Attachments<'_>,
) -> Result<Vec<u64>, ArtifactError> {
    let slot = |entry| match entry {
        Value::Int(slot) => u64::try_from(slot).map_err(|_| invalid(field, "negative")),
        _ => Err(invalid(field, "an entry is not a whole number")),
    };
    let entries = take_list(fields, field, attachments, limits::BUNDLE_REVOKED)?;
    let slots = entries.into_iter().map(slot).collect::<Result<Vec<_>, _>>()?;
    let rise = slots.windows(2).all(|two| two[0] < two[1]);
    if rise { Ok(slots) } else { Err(invalid(field, "slots do not rise")) }
}

fn pool(fields: &mut Fields, field: &'static str) -> Result<u32, ArtifactError> {
    let count = u32::try_from(fields.count(field)?).ok();
    let count = count.filter(|count| (1..=limits::MAX_DEVICES).contains(count));
    count.ok_or_else(|| invalid(field, "not 1 to 1,000,000"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Bundle, Machines};
    use crate::{
        AppId, BundleId, Conditions, Feature, License, LicenseId, MaxDevices, PublicKey, Statement,
        StatementId, TenantId, Tier, UnixSeconds, limits,
    };

    fn terms() -> License {
        let at = |second| UnixSeconds::new(second).expect("a time");
        let feature = |n: u32| Feature { name: format!("feature-{n}"), value: None };
        License {
            tenant: TenantId::from_bytes([1; 16]),
            app: AppId::from_bytes([2; 16]),
            license: LicenseId::from_bytes([3; 16]),
            version: 29_000_000,
            issued_at: at(1_800_000_000),
            not_before: at(1_700_000_000),
            expires_at: Some(at(1_802_592_000)),
            tier: Tier::Licensed,
            features: (0..8).map(feature).collect(),
            max_devices: MaxDevices::Limited(50),
            limits: vec![],
            variables: vec![],
            licensee: None,
            trial_days: None,
            conditions: Conditions { slot: Some(123_456_789), ..Conditions::default() },
        }
    }

    fn key(n: usize) -> PublicKey {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
        PublicKey::from_bytes(bytes)
    }

    fn bundle(machines: Machines, revoked: Vec<u64>) -> Bundle {
        let bundle = BundleId::from_bytes([4; 16]);
        Bundle {
            terms: terms(),
            bundle,
            serial: 29_000_000,
            line: None,
            machines,
            request: None,
            revoked,
            acknowledged: vec![],
        }
    }

    fn reread(bundle: &Bundle) -> Result<Bundle, crate::ArtifactError> {
        Bundle::from_payload(&bundle.to_payload(), &bundle.attachments())
    }

    proptest! {
        /// Any bundle that can be signed is read back the same.
        #[test]
        fn what_is_written_is_read(
            devices in 0..40usize,
            pool in 1..=limits::MAX_DEVICES,
            slots in prop::collection::btree_set(0..1u64 << 53, 0..40),
            (asked, follows, many) in any::<(bool, bool, bool)>(),
        ) {
            let machines = match devices {
                0 => Machines::Pool(pool),
                count => Machines::Bound((0..count).map(key).collect()),
            };
            let request = (asked && devices == 1).then(|| StatementId::from_bytes([9; 32]));
            let mut written = bundle(machines, slots.into_iter().collect());
            written.line = follows.then(|| BundleId::from_bytes([5; 16]));
            written.request = request;
            if many {
                let more = |n| Feature { name: format!("f{n}"), value: None };
                written.terms.features = (0..limits::ATTACHED_FEATURES).map(more).collect();
            }
            prop_assert_eq!(reread(&written), Ok(written));
        }
    }

    /// The longest lists fit into attachments; longer ones are refused.
    #[test]
    fn lists_have_limits() {
        let slots = |count: u64| ((1 << 53) - count..1 << 53).collect::<Vec<_>>();
        let keys = |count| Machines::Bound((0..count).map(key).collect());
        let longest = bundle(keys(limits::BUNDLE_DEVICES), slots(limits::BUNDLE_REVOKED as u64));
        assert!(longest.attachments().iter().all(|bytes| bytes.len() <= limits::ATTACHMENT_BYTES));
        assert_eq!(reread(&longest), Ok(longest));
        for long in [
            bundle(keys(limits::BUNDLE_DEVICES + 1), vec![]),
            bundle(keys(1), slots(limits::BUNDLE_REVOKED as u64 + 1)),
        ] {
            assert!(reread(&long).is_err());
        }
    }

    /// `spec/offline.md` §3.2.
    #[test]
    fn what_only_a_heard_machine_can_keep_to_is_in_no_bundle() {
        let with = |change: fn(&mut License)| {
            let mut changed = bundle(Machines::Pool(5), vec![]);
            change(&mut changed.terms);
            reread(&changed)
        };
        assert!(with(|_| {}).is_ok());
        assert!(with(|terms| terms.expires_at = None).is_err());
        assert!(with(|terms| terms.trial_days = Some(30)).is_err());
        assert!(with(|terms| terms.conditions.slot = None).is_err());
        let conditions = |text: &str| Conditions::parse(text).expect("conditions");
        let mut heard = bundle(Machines::Pool(5), vec![]);
        heard.terms.conditions =
            conditions(r#"{"policy":{"heartbeat":{"interval":60,"grace":60}},"slot":1}"#);
        assert!(reread(&heard).is_err());
        heard.terms.conditions = conditions(r#"{"policy":{"fail":"hard"},"slot":1}"#);
        assert_eq!(reread(&heard), Ok(heard));
    }

    /// Five devices and eight features leave room in a file of 1,024 bytes (`docs/assurance.md`).
    #[test]
    fn a_bundle_of_five_devices_is_short() {
        let payload = bundle(Machines::Bound((0..5).map(key).collect()), vec![]).to_payload();
        // Head, statement's own head, signature and checksum of a container with this one entry.
        let file = 12 + 9 + 3 + payload.len() + 64 + 32;
        assert!(file <= 1_024, "{file} bytes");
    }
}
