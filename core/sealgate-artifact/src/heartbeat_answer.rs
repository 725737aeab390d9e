//! What a server answers to one heartbeat (`spec/activation.md` §7).

use crate::activation_proof::{positive, statement_id};
use crate::decision::code;
use crate::fields::{Fields, int, invalid};
use crate::heartbeat_request::chain_head;
use crate::{
    AppId, ArtifactError, Attachments, ChainHead, InstanceId, Kind, LicenseId, Nonce, PublicKey, Statement,
    StatementId, TenantId, UnixSeconds, Value,
};

/// With what the device goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextBeat {
    /// Which copy of the program it is.
    pub instance: InstanceId,
    /// The nonce of the next heartbeat.
    pub nonce: Nonce,
    /// Not before this time, so that a server is not asked by all at once.
    pub not_before: UnixSeconds,
}

/// What follows from a heartbeat (`spec/activation.md` §7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeatOutcome {
    /// The device is still admitted.
    Admitted {
        /// The license's version that counts now.
        license_statement: StatementId,
        /// The proof that counts now.
        current_proof: StatementId,
        /// With what it goes on.
        next: NextBeat,
        /// Until when it holds its seat without another heartbeat, where the license lends seats.
        lease_until: Option<UnixSeconds>,
    },
    /// The heartbeat counted, and the license gives this device no more rights from a time on.
    Ended {
        /// Why.
        code: String,
        /// With what it goes on.
        next: NextBeat,
        /// From this time on the tier is `free`. It is the same in every answer about this end.
        grace_until: UnixSeconds,
    },
    /// The heartbeat did not count.
    Refused {
        /// Why. This version may not know the code.
        code: String,
        /// How many seconds to wait before asking again may help.
        retry_after: Option<u64>,
    },
}

/// A server's answer to one heartbeat, a no as well as a yes. It grants no rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatAnswer {
    /// As in the request.
    pub tenant: TenantId,
    /// As in the request.
    pub app: AppId,
    /// As in the request.
    pub license: LicenseId,
    /// As in the request.
    pub device_key: PublicKey,
    /// As in the request.
    pub proof: StatementId,
    /// The request's statement id.
    pub request: StatementId,
    /// As in the request.
    pub seq: u64,
    /// As in the request.
    pub nonce: Nonce,
    /// The server's time.
    pub issued_at: UnixSeconds,
    /// What was decided.
    pub outcome: BeatOutcome,
    /// The head of the device's chain that the server holds, where the request named one.
    pub head: Option<ChainHead>,
    /// From which entry on the server needs the chain again.
    pub resend_from: Option<u64>,
    /// The newest version of revocation data.
    pub snapshot: Option<u64>,
    /// How often this installation came back from a backup.
    pub epoch: u64,
}

impl HeartbeatAnswer {
    /// With what the device goes on, where the heartbeat counted.
    pub fn next(&self) -> Option<&NextBeat> {
        match &self.outcome {
            BeatOutcome::Admitted { next, .. } | BeatOutcome::Ended { next, .. } => Some(next),
            BeatOutcome::Refused { .. } => None,
        }
    }
}

impl Statement for HeartbeatAnswer {
    const KIND: Kind = Kind::HeartbeatAnswer;

    fn take(fields: &mut Fields, _: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        Ok(Self {
            tenant: fields.parsed("tenant", "not an identifier", |t| TenantId::parse(t).ok())?,
            app: fields.parsed("app", "not an identifier", |t| AppId::parse(t).ok())?,
            license: fields.parsed("license", "not an identifier", |t| LicenseId::parse(t).ok())?,
            device_key: PublicKey::parse(&fields.text("device_key")?)?,
            proof: statement_id(fields, "proof")?,
            request: statement_id(fields, "request")?,
            seq: positive(fields, "seq")?,
            nonce: fields.parsed("nonce", "not 32 lower-case hexadecimal digits", Nonce::parse)?,
            issued_at: fields.time("issued_at")?,
            outcome: BeatOutcome::take(fields)?,
            head: fields.optional("head", chain_head)?,
            resend_from: fields.optional("resend_from", positive)?,
            snapshot: fields.optional("snapshot", Fields::count)?,
            epoch: fields.count("epoch")?,
        })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let text = |shown: &dyn std::fmt::Display| Value::Text(shown.to_string());
        let mut members = vec![
            ("tenant", text(&self.tenant)),
            ("app", text(&self.app)),
            ("license", text(&self.license)),
            ("device_key", text(&self.device_key)),
            ("proof", text(&self.proof)),
            ("request", text(&self.request)),
            ("seq", int(self.seq)),
            ("nonce", text(&self.nonce)),
            ("issued_at", int(self.issued_at.get())),
        ];
        members.extend(self.outcome.members());
        members.extend(self.head.map(|head| ("head", head.to_value())));
        members.extend(self.resend_from.map(|seq| ("resend_from", int(seq))));
        members.extend(self.snapshot.map(|version| ("snapshot", int(version))));
        members.push(("epoch", int(self.epoch)));
        members
    }
}

impl BeatOutcome {
    /// `spec/activation.md` §7.2: which fields go together is judged once all of them were read.
    fn take(fields: &mut Fields) -> Result<Self, ArtifactError> {
        let code = fields.nullable("code", code)?;
        let retry_after = fields.optional("retry_after", Fields::count)?;
        let license_statement = fields.optional("license_statement", statement_id)?;
        let current_proof = fields.optional("current_proof", statement_id)?;
        let next = fields.optional("next", NextBeat::take)?;
        let grace_until = fields.optional("grace_until", Fields::time)?;
        let lease_until = fields.optional("lease_until", Fields::time)?;
        match (code, next, license_statement, current_proof, grace_until, lease_until, retry_after) {
            (None, Some(next), Some(license_statement), Some(current_proof), None, lease_until, None) => {
                Ok(Self::Admitted { license_statement, current_proof, next, lease_until })
            }
            (Some(code), Some(next), None, None, Some(grace_until), None, None) => {
                Ok(Self::Ended { code, next, grace_until })
            }
            (Some(code), None, None, None, None, None, retry_after) => {
                Ok(Self::Refused { code, retry_after })
            }
            _ => Err(invalid("code", "does not go with the fields that are there")),
        }
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let time = |name, time: UnixSeconds| (name, int(time.get()));
        let code = |code: &String| ("code", Value::Text(code.clone()));
        match self {
            Self::Admitted { license_statement, current_proof, next, lease_until } => {
                let mut members = vec![
                    ("code", Value::Null),
                    ("license_statement", Value::Text(license_statement.to_string())),
                    ("current_proof", Value::Text(current_proof.to_string())),
                    ("next", next.to_value()),
                ];
                members.extend(lease_until.map(|until| time("lease_until", until)));
                members
            }
            Self::Ended { code: why, next, grace_until } => {
                vec![code(why), ("next", next.to_value()), time("grace_until", *grace_until)]
            }
            Self::Refused { code: why, retry_after } => {
                let mut members = vec![code(why)];
                members.extend(retry_after.map(|seconds| ("retry_after", int(seconds))));
                members
            }
        }
    }
}

impl NextBeat {
    fn take(fields: &mut Fields, field: &'static str) -> Result<Self, ArtifactError> {
        let mut fields = Fields::new_in(field, fields.take(field)?)?;
        let next = Self {
            instance: fields.parsed("instance", "not an identifier", |t| InstanceId::parse(t).ok())?,
            nonce: fields.parsed("nonce", "not 32 lower-case hexadecimal digits", Nonce::parse)?,
            not_before: fields.time("not_before")?,
        };
        fields.finish()?;
        Ok(next)
    }

    fn to_value(self) -> Value {
        Value::Object(vec![
            ("instance".to_owned(), Value::Text(self.instance.to_string())),
            ("nonce".to_owned(), Value::Text(self.nonce.to_string())),
            ("not_before".to_owned(), int(self.not_before.get())),
        ])
    }
}
