//! Under which conditions a license gives its rights, beyond what was sold (`spec/license.md` §2.13 to §2.25).

use crate::fields::{Fields, int};
use crate::policy::within;
use crate::{Allowances, ArtifactError, OfflinePermit, Policy, Value, limits};

/// The conditions of a license. What is absent has the default that `spec/license.md` names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions {
    /// What the program enforces; `None`: nothing beyond what the license says.
    pub policy: Option<Policy>,
    /// Copies of the program that may run on one device at once, 1 to 1,000; `None`: 1.
    pub max_instances: Option<u64>,
    /// Whether the license may go to machines without a network; `None`: it may not.
    pub offline: Option<OfflinePermit>,
    /// What the customer may do without asking the vendor; `None`: the defaults.
    pub allowances: Option<Allowances>,
    /// How often the vendor began to count a pool's devices anew, 1 to 2^53 − 1; `None`: never.
    pub pool_epoch: Option<u64>,
    /// Where revocation data speaks of this version, 0 to 2^53 − 1; `None`: nowhere.
    pub slot: Option<u64>,
}

/// The critical meaning of a license with a policy (`spec/license.md` §2.14).
const POLICY: &str = "policy";

impl Conditions {
    pub(crate) fn take(fields: &mut Fields) -> Result<Self, ArtifactError> {
        let policy = fields.optional(POLICY, |fields, field| Policy::take(fields.take(field)?))?;
        fields.knows_critical(POLICY, policy.is_some());
        Ok(Self {
            policy,
            max_instances: fields
                .optional("max_instances", |fields, field| within(fields, field, 1..=limits::INSTANCES))?,
            offline: fields.optional("offline", |fields, field| OfflinePermit::take(fields.take(field)?))?,
            allowances: fields
                .optional("allowances", |fields, field| Allowances::take(fields.take(field)?))?,
            pool_epoch: fields.optional("pool_epoch", |fields, field| within(fields, field, 1..=u64::MAX))?,
            slot: fields.optional("slot", Fields::count)?,
        })
    }

    pub(crate) fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = vec![];
        members.extend(self.policy.as_ref().map(|policy| (POLICY, policy.to_value())));
        members.extend(self.max_instances.map(|n| ("max_instances", int(n))));
        members.extend(self.offline.map(|offline| ("offline", offline.to_value())));
        members.extend(self.allowances.map(|allowances| ("allowances", allowances.to_value())));
        members.extend(self.pool_epoch.map(|n| ("pool_epoch", int(n))));
        members.extend(self.slot.map(|n| ("slot", int(n))));
        let critical = || Value::List(vec![Value::Text(POLICY.to_owned())]);
        members.extend(self.policy.as_ref().map(|_| ("crit", critical())));
        members
    }
}
