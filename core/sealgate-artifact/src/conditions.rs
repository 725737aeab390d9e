//! Under which conditions a license gives its rights, beyond what was sold (`spec/license.md` §2.13 to §2.25).

use crate::fields::{Fields, int};
use crate::policy::within;
use crate::{Allowances, ArtifactError, OfflinePermit, Policy, Value, json, limits};

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
    /// Reads what [`Conditions::to_text`] writes, and what a vendor wishes in the same form.
    pub fn parse(text: &str) -> Result<Self, ArtifactError> {
        Self::from_value(json::parse(text.as_bytes())?)
    }

    /// The fields of `spec/license.md` §2.13 to §2.25, as they stand in a payload, alone in one object.
    pub fn from_value(value: Value) -> Result<Self, ArtifactError> {
        let mut fields = Fields::new(value)?;
        let conditions = Self::take_fields(&mut fields)?;
        fields.finish()?;
        Ok(conditions)
    }

    /// The same as JSON. Without `crit`: a license with a policy has it because it has a policy.
    pub fn to_text(&self) -> String {
        let named = self.fields().into_iter().map(|(name, value)| (name.to_owned(), value));
        Value::Object(named.collect()).to_string()
    }

    /// Seats given back early, for each seat and year (`spec/license.md` §2.23).
    pub fn releases(&self) -> u64 {
        self.allowances.and_then(|allowed| allowed.releases).unwrap_or(Allowances::RELEASES)
    }

    pub(crate) fn take(fields: &mut Fields) -> Result<Self, ArtifactError> {
        let conditions = Self::take_fields(fields)?;
        fields.knows_critical(POLICY, conditions.policy.is_some());
        Ok(conditions)
    }

    fn take_fields(fields: &mut Fields) -> Result<Self, ArtifactError> {
        let epochs = 1..=u64::MAX;
        Ok(Self {
            policy: fields.optional(POLICY, |f, field| f.object(field, Policy::take))?,
            max_instances: fields.optional("max_instances", |f, field| {
                within(f, field, 1..=limits::INSTANCES, "not 1 to 1,000")
            })?,
            offline: fields.optional("offline", |f, field| f.object(field, OfflinePermit::take))?,
            allowances: fields.optional("allowances", |f, field| f.object(field, Allowances::take))?,
            pool_epoch: fields
                .optional("pool_epoch", |f, field| within(f, field, epochs, "not from 1 on"))?,
            slot: fields.optional("slot", Fields::count)?,
        })
    }

    pub(crate) fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = self.fields();
        let critical = || Value::List(vec![Value::Text(POLICY.to_owned())]);
        members.extend(self.policy.as_ref().map(|_| ("crit", critical())));
        members
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        let mut fields = vec![];
        fields.extend(self.policy.as_ref().map(|policy| (POLICY, policy.to_value())));
        fields.extend(self.max_instances.map(|n| ("max_instances", int(n))));
        fields.extend(self.offline.map(|offline| ("offline", offline.to_value())));
        fields.extend(self.allowances.map(|allowances| ("allowances", allowances.to_value())));
        fields.extend(self.pool_epoch.map(|n| ("pool_epoch", int(n))));
        fields.extend(self.slot.map(|n| ("slot", int(n))));
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::Conditions;
    use crate::Code;

    #[test]
    fn a_refusal_names_the_field_and_what_it_may_be() {
        let policy = |inner: &str| format!(r#"{{"policy":{{{inner}}}}}"#);
        for (text, field, why) in [
            (
                policy(r#""heartbeat":{"interval":59,"grace":60}"#),
                "policy.heartbeat.interval",
                "not 60 to 2,592,000",
            ),
            (
                policy(r#""heartbeat":{"interval":60,"grace":31536001}"#),
                "policy.heartbeat.grace",
                "not 60 to 31,536,000",
            ),
            (
                policy(r#""heartbeat":{"interval":90,"grace":60}"#),
                "policy.heartbeat.grace",
                "not at least `interval`",
            ),
            (policy(r#""heartbeat":{"interval":60}"#), "policy.heartbeat.grace", "is needed here"),
            (policy(r#""heartbeat":5"#), "policy.heartbeat", "not an object"),
            (policy(r#""seat":"lease""#), "policy.seat", "a lease, which needs `heartbeat`"),
            (policy(r#""fail":"hard","colour":1"#), "policy.colour", "not a field of this object"),
            (policy(r#""clock":{}"#), "policy.clock", "says nothing: it needs one of its fields"),
            (policy(""), "policy", "says nothing: it needs one of its fields"),
            (r#"{"max_instances":0}"#.to_owned(), "max_instances", "not 1 to 1,000"),
            (r#"{"offline":{"days":1,"pool":1000001}}"#.to_owned(), "offline.pool", "not 1 to 1,000,000"),
            (r#"{"allowances":{"releases":1001}}"#.to_owned(), "allowances.releases", "not 0 to 1,000"),
        ] {
            let error = Conditions::parse(&text).expect_err(&text);
            assert_eq!(error.in_field(), Some((field.to_owned(), why.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_in_an_object_has_the_code_of_what_is_wrong() {
        for (text, code) in [
            (r#"{"offline":{}}"#, Code::FieldMissing),
            (r#"{"offline":{"days":1,"colour":1}}"#, Code::FieldUnknown),
            (r#"{"offline":{"days":0}}"#, Code::FieldInvalid),
        ] {
            assert_eq!(Conditions::parse(text).map_err(|error| error.code()), Err(code), "{text}");
        }
    }

    /// `crit` stands in a payload, where it is about the policy beside it.
    #[test]
    fn what_is_stored_has_no_crit() {
        let text = r#"{"policy":{"fail":"hard"}}"#;
        assert_eq!(Conditions::parse(text).expect("conditions").to_text(), text);
        assert!(Conditions::parse(r#"{"policy":{"fail":"hard"},"crit":["policy"]}"#).is_err());
        assert_eq!(Conditions::default().to_text(), "{}");
    }
}
