//! The decision: what a server answers to one request of one device (`spec/online.md` §4).

use crate::fields::{Fields, int, invalid};
use crate::terms::{list_value, optional_list};
use crate::{
    AppId, ArtifactError, Attachments, Kind, LicenseId, Nonce, Operation, PublicKey, Statement, StatementId,
    TenantId, UnixSeconds, Value, Variable, limits,
};

/// What was decided (`spec/online.md` §4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The device may use the license.
    Allowed {
        /// The license.
        license: LicenseId,
        /// The version that counts. Rights come from this statement, not from the decision.
        license_statement: StatementId,
        /// When the trial ends that the license is for this device; `None` where it is no trial.
        trial_ends: Option<UnixSeconds>,
        /// What the vendor hands to every copy of the app.
        variables: Vec<Variable>,
    },
    /// The device may not.
    Denied {
        /// The license, where one was found.
        license: Option<LicenseId>,
        /// Why, as `[a-z][a-z0-9_]{0,63}`. This version may not know the code.
        code: String,
        /// How many seconds to wait before asking again may help.
        retry_after: Option<u64>,
    },
}

/// A server's answer to one request. It grants no rights: those come from the license (`spec/online.md` §1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// As in the request.
    pub tenant: TenantId,
    /// As in the request.
    pub app: AppId,
    /// As in the request.
    pub device_key: PublicKey,
    /// As in the request.
    pub operation: Operation,
    /// The request's statement id.
    pub request: StatementId,
    /// As in the request.
    pub nonce: Nonce,
    /// The server's time.
    pub issued_at: UnixSeconds,
    /// What was decided.
    pub outcome: Outcome,
    /// How many devices use the license.
    pub devices_used: Option<u64>,
    /// How many may, where a denial says so.
    pub max_devices: Option<u64>,
}

impl Outcome {
    /// A yes to a license that is no trial, of an app without variables.
    pub fn allowed(license: LicenseId, license_statement: StatementId) -> Self {
        Self::Allowed { license, license_statement, trial_ends: None, variables: vec![] }
    }
}

impl Decision {
    /// The license that the decision is about. A denial may name none.
    pub fn license(&self) -> Option<LicenseId> {
        match &self.outcome {
            Outcome::Allowed { license, .. } => Some(*license),
            Outcome::Denied { license, .. } => *license,
        }
    }
}

impl Statement for Decision {
    const KIND: Kind = Kind::Decision;

    fn take(fields: &mut Fields, _: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let tenant = fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?;
        let app = fields.parsed("app", "not an identifier", |t| AppId::parse(t).ok())?;
        let license = fields.nullable("license", |fields, field| {
            fields.parsed(field, "not an identifier", |t| LicenseId::parse(t).ok())
        })?;
        let license_statement = fields.nullable("license_statement", statement_id)?;
        let device_key = PublicKey::parse(&fields.text("device_key")?)?;
        let operation = fields.parsed("operation", "not of its form", Operation::parse)?;
        let request = statement_id(fields, "request")?;
        let nonce = fields.parsed("nonce", "not 32 lower-case hexadecimal digits", Nonce::parse)?;
        let issued_at = fields.time("issued_at")?;
        let code = fields.nullable("code", code)?;
        let retry_after = fields.nullable("retry_after", Fields::count)?;
        let devices_used = fields.nullable("devices_used", Fields::count)?;
        let max_devices = fields.optional("max_devices", Fields::count)?;
        let trial_ends = fields.optional("trial_ends", Fields::time)?;
        let variables = optional_list(fields, "variables", limits::VARIABLES)?;
        let mut outcome = outcome(license, license_statement, code, retry_after)?;
        match &mut outcome {
            Outcome::Allowed { trial_ends: ends, variables: given, .. } => {
                (*ends, *given) = (trial_ends, variables);
            }
            Outcome::Denied { .. } if trial_ends.is_some() => {
                return Err(invalid("trial_ends", "in a denial"));
            }
            Outcome::Denied { .. } if !variables.is_empty() => {
                return Err(invalid("variables", "in a denial"));
            }
            Outcome::Denied { .. } => {}
        }
        Ok(Self {
            tenant,
            app,
            device_key,
            operation,
            request,
            nonce,
            issued_at,
            outcome,
            devices_used,
            max_devices,
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let id = |id: Option<StatementId>| id.map_or(Value::Null, |id| Value::Text(id.to_string()));
        let number = |n: Option<u64>| n.map_or(Value::Null, int);
        let (license_statement, code, retry_after) = match &self.outcome {
            Outcome::Allowed { license_statement, .. } => (Some(*license_statement), None, None),
            Outcome::Denied { code, retry_after, .. } => (None, Some(code.clone()), *retry_after),
        };
        let mut members = vec![
            ("tenant", Value::Text(self.tenant.to_string())),
            ("app", Value::Text(self.app.to_string())),
            ("license", self.license().map_or(Value::Null, |id| Value::Text(id.to_string()))),
            ("license_statement", id(license_statement)),
            ("device_key", Value::Text(self.device_key.to_string())),
            ("operation", Value::Text(self.operation.to_string())),
            ("request", id(Some(self.request))),
            ("nonce", Value::Text(self.nonce.to_string())),
            ("issued_at", int(self.issued_at.get())),
            ("code", code.map_or(Value::Null, Value::Text)),
            ("retry_after", number(retry_after)),
            ("devices_used", number(self.devices_used)),
        ];
        members.extend(self.max_devices.map(|seats| ("max_devices", int(seats))));
        if let Outcome::Allowed { trial_ends, variables, .. } = &self.outcome {
            members.extend(trial_ends.map(|end| ("trial_ends", int(end.get()))));
            if !variables.is_empty() {
                members.push(("variables", list_value(variables)));
            }
        }
        members
    }
}

/// `spec/online.md` §4.2: a yes names the version that counts, a no names none.
fn outcome(
    license: Option<LicenseId>,
    license_statement: Option<StatementId>,
    code: Option<String>,
    retry_after: Option<u64>,
) -> Result<Outcome, ArtifactError> {
    match (code, license_statement, license) {
        (Some(code), None, license) => Ok(Outcome::Denied { license, code, retry_after }),
        (Some(_), Some(_), _) => Err(invalid("license_statement", "not null in a denial")),
        (None, Some(license_statement), Some(license)) if retry_after.is_none() => {
            Ok(Outcome::allowed(license, license_statement))
        }
        (None, Some(_), Some(_)) => Err(invalid("retry_after", "not null where the device is allowed")),
        (None, ..) => Err(invalid("license_statement", "no license where the device is allowed")),
    }
}

fn statement_id(fields: &mut Fields, field: &'static str) -> Result<StatementId, ArtifactError> {
    fields.parsed(field, "not 64 lower-case hexadecimal digits", StatementId::parse)
}

/// `spec/errors.md` §1: the spelling of a code, known or not.
pub(crate) fn code(fields: &mut Fields, field: &'static str) -> Result<String, ArtifactError> {
    fields.parsed(field, "not spelled as a code", |text| {
        let tail = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let is_code = text.len() <= limits::CODE_BYTES
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(tail);
        is_code.then(|| text.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Decision, Outcome};
    use crate::{
        AppId, LicenseId, Nonce, Operation, PublicKey, Statement, StatementId, TenantId, UnixSeconds,
        Variable, VariableValue, encode_hex, limits,
    };

    fn id(bytes: [u8; 32]) -> StatementId {
        StatementId::parse(&encode_hex(&bytes)).expect("64 digits")
    }

    fn outcomes() -> impl Strategy<Value = Outcome> {
        let license = || any::<[u8; 16]>().prop_map(LicenseId::from_bytes);
        prop_oneof![
            (license(), any::<[u8; 32]>(), prop::option::of(0..=limits::LAST_SECOND), any::<bool>())
                .prop_map(|(license, statement, ends, flag)| Outcome::Allowed {
                    license,
                    license_statement: id(statement),
                    trial_ends: ends.map(|end| UnixSeconds::new(end).expect("in range")),
                    variables: if flag {
                        vec![Variable { name: "beta".to_owned(), value: VariableValue::Flag(flag) }]
                    } else {
                        vec![]
                    },
                }),
            (prop::option::of(license()), "[a-z][a-z0-9_]{0,63}", prop::option::of(0..1u64 << 53))
                .prop_map(|(license, code, retry_after)| Outcome::Denied { license, code, retry_after }),
        ]
    }

    prop_compose! {
        fn decisions()(
            bits in any::<[u8; 16]>(),
            keys in any::<[[u8; 32]; 2]>(),
            operation in "[a-z0-9_.-]{1,32}",
            time in 0..=limits::LAST_SECOND,
            outcome in outcomes(),
            devices_used in prop::option::of(0..1u64 << 53),
            max_devices in prop::option::of(0..1u64 << 53),
        ) -> Decision {
            Decision {
                tenant: TenantId::from_bytes(bits),
                app: AppId::from_bytes(bits),
                device_key: PublicKey::from_bytes(keys[0]),
                operation: Operation::parse(&operation).expect("a name"),
                request: id(keys[1]),
                nonce: Nonce::from_random(bits),
                issued_at: UnixSeconds::new(time).expect("in range"),
                outcome,
                devices_used,
                max_devices,
            }
        }
    }

    proptest! {
        /// Any decision that can be signed is read back the same.
        #[test]
        fn what_is_written_is_read(decision in decisions()) {
            prop_assert_eq!(Decision::from_payload(&decision.to_payload(), &[]), Ok(decision));
        }
    }
}
