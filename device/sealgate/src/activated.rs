//! What a client keeps of its activation (`spec/activation.md`), and the text it is kept as.

use sealgate_artifact::{
    ActivationProof, HeartbeatAnswer, InstanceId, Nonce, StatementId, UnixSeconds, Unverified,
};
use sealgate_rules::Ending;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::kept::{bytes_of, json_of, read};
use crate::statements;

/// A device that was admitted to a license. Statements are kept as they came, and verified anew each time they are used.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Activated {
    /// The license's version that counts.
    pub(crate) license: Vec<u8>,
    /// The proof that counts.
    pub(crate) proof: Vec<u8>,
    /// Where the heartbeats of this generation are.
    pub(crate) pulse: Pulse,
    /// `spec/activation.md` §4.7: the decision that this generation began with, where the license is a trial: it says until when.
    pub(crate) began: Option<AdmittedBy>,
    /// The last answer that admitted the device; `None` before the first one.
    pub(crate) admitted: Option<AdmittedBy>,
    /// Until when the device holds a seat that is lent.
    pub(crate) lease_until: Option<UnixSeconds>,
    /// Why the rights end.
    pub(crate) ending: Option<Ending>,
    /// The last answer that counted.
    pub(crate) last: Option<Answered>,
    /// The heartbeat that was sent, or is about to be, byte for byte, until a verified answer is held (`spec/activation.md` §6.3).
    pub(crate) under_way: Option<Vec<u8>>,
}

/// With what the next heartbeat goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pulse {
    /// `None` before the first answer.
    pub(crate) instance: Option<InstanceId>,
    /// How many heartbeats counted.
    pub(crate) seq: u64,
    pub(crate) nonce: Nonce,
}

/// An answer that admitted the device, and what vouched for it then: kept as it came, so that nobody moves a deadline by editing a
/// state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AdmittedBy {
    /// Its envelope.
    pub(crate) answer: Vec<u8>,
    /// That of the server's certificate.
    pub(crate) certificate: Vec<u8>,
    /// Where the server was called.
    pub(crate) origin: String,
}

/// An answer that counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    /// Its envelope.
    pub(crate) bytes: Vec<u8>,
    /// What the device's clock showed when it came.
    pub(crate) received_at: UnixSeconds,
    /// How many seconds after that the next heartbeat is due.
    pub(crate) wait: u64,
}

impl Activated {
    /// What a proof that has just been verified begins.
    pub(crate) fn begin(proof: &ActivationProof, bytes: Vec<u8>, license: Vec<u8>) -> Self {
        Self {
            license,
            proof: bytes,
            pulse: Pulse { instance: None, seq: 0, nonce: proof.nonce },
            began: None,
            admitted: None,
            lease_until: None,
            ending: None,
            last: None,
            under_way: None,
        }
    }

    /// What the proof says. It verified when it was kept; whoever changed it since is refused by the server, or by
    /// [`Client::activation`](crate::Client::activation).
    pub(crate) fn peek(&self) -> Option<(ActivationProof, StatementId)> {
        let proof = Unverified::<ActivationProof>::decode(&self.proof).ok()?.danger_peek().ok()?;
        Some((proof, statements::id(&self.proof)?))
    }

    /// When the device was admitted last, as the state says.
    pub(crate) fn peek_admitted_at(&self) -> Option<UnixSeconds> {
        let (proof, _) = self.peek()?;
        let answer = self.admitted.as_ref().and_then(|by| peek_answer(&by.answer));
        Some(answer.map_or(proof.issued_at, |answer| answer.issued_at.max(proof.issued_at)))
    }
}

/// What an answer says. Nothing in it is believed.
pub(crate) fn peek_answer(bytes: &[u8]) -> Option<HeartbeatAnswer> {
    Unverified::<HeartbeatAnswer>::decode(bytes).ok()?.danger_peek().ok()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActivatedText {
    license: Box<RawValue>,
    proof: Box<RawValue>,
    instance: Option<String>,
    seq: u64,
    nonce: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    began: Option<AdmittedText>,
    admitted: Option<AdmittedText>,
    lease_until: Option<u64>,
    ending: Option<EndingText>,
    last: Option<AnsweredText>,
    under_way: Option<Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdmittedText {
    answer: Box<RawValue>,
    certificate: Box<RawValue>,
    origin: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndingText {
    code: String,
    grace_until: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnsweredText {
    answer: Box<RawValue>,
    received_at: u64,
    wait: u64,
}

impl ActivatedText {
    pub(crate) fn of(activated: &Activated) -> Self {
        Self {
            license: json_of(&activated.license),
            proof: json_of(&activated.proof),
            instance: activated.pulse.instance.map(|id| id.to_string()),
            seq: activated.pulse.seq,
            nonce: activated.pulse.nonce.to_string(),
            began: activated.began.as_ref().map(AdmittedText::of),
            admitted: activated.admitted.as_ref().map(AdmittedText::of),
            lease_until: activated.lease_until.map(UnixSeconds::get),
            ending: activated.ending.as_ref().map(|ending| EndingText {
                code: ending.code.clone(),
                grace_until: ending.grace_until.get(),
            }),
            last: activated.last.as_ref().map(|last| AnsweredText {
                answer: json_of(&last.bytes),
                received_at: last.received_at.get(),
                wait: last.wait,
            }),
            under_way: activated.under_way.as_deref().map(json_of),
        }
    }

    pub(crate) fn read(self) -> Option<Activated> {
        Some(Activated {
            license: bytes_of(self.license),
            proof: bytes_of(self.proof),
            pulse: Pulse {
                instance: read(self.instance, |text| InstanceId::parse(&text).ok()).ok()?,
                seq: self.seq,
                nonce: Nonce::parse(&self.nonce)?,
            },
            began: self.began.map(AdmittedText::read),
            admitted: self.admitted.map(AdmittedText::read),
            lease_until: read(self.lease_until, UnixSeconds::new).ok()?,
            ending: read(self.ending, EndingText::read).ok()?,
            last: read(self.last, AnsweredText::read).ok()?,
            under_way: self.under_way.map(bytes_of),
        })
    }
}

impl AdmittedText {
    fn of(admitted: &AdmittedBy) -> Self {
        Self {
            answer: json_of(&admitted.answer),
            certificate: json_of(&admitted.certificate),
            origin: admitted.origin.clone(),
        }
    }

    fn read(self) -> AdmittedBy {
        AdmittedBy {
            answer: bytes_of(self.answer),
            certificate: bytes_of(self.certificate),
            origin: self.origin,
        }
    }
}

impl EndingText {
    fn read(self) -> Option<Ending> {
        Some(Ending { code: self.code, grace_until: UnixSeconds::new(self.grace_until)? })
    }
}

impl AnsweredText {
    fn read(self) -> Option<Answered> {
        let received_at = UnixSeconds::new(self.received_at)?;
        Some(Answered { bytes: bytes_of(self.answer), received_at, wait: self.wait })
    }
}
