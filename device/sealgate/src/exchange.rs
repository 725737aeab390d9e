//! The wire: what is posted, what comes back, and what an answer without a decision is taken for.

use std::time::Duration;

use sealgate_artifact::{Module, Operation, StatementId};
use sealgate_trust::ChainBytes;
use sealgate_wire::{HeartbeatQuestion, OnlineQuestion, Problem, TrustUpdate};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::clock::Deadline;
use crate::error::Said;
use crate::kept::{bytes_of, json_of};
use crate::modules::modules;
use crate::seat::{UnverifiedSeat, seats};
use crate::server::Server;
use crate::shown::shown;
use crate::statements::Statements;
use crate::trust::Trust;
use crate::wait;
use crate::{HttpAnswer, HttpQuestion, Transport, TransportError, Unanswered};

/// What is shown of an unsigned answer's words, in characters. Blocks a stranger's text from filling a screen or a log.
const SAID_CHARS: usize = 200;
/// `spec/errors.md` §1: the longest code. A request id is shorter.
const NAME_CHARS: usize = 64;

/// An answer that brings a signed statement. Nothing in it is believed.
pub(crate) struct Answer {
    /// A decision, or the answer to a heartbeat.
    pub(crate) said: Vec<u8>,
    certificate: Option<Vec<u8>>,
    keyset: Option<Vec<u8>>,
    tenant_keyset: Option<Vec<u8>>,
    license: Option<Vec<u8>>,
    pub(crate) proof: Option<Vec<u8>>,
    /// Devices that have the seats. Nobody signed it.
    pub(crate) seats: Vec<UnverifiedSeat>,
    /// Modules that the vendor did not approve. Nobody signed it.
    pub(crate) unapproved: Vec<Module>,
}

/// What `GET /api/v1/trust` says is missing. Nothing in it is believed.
pub(crate) struct Missing {
    roots: Vec<Vec<u8>>,
    keyset: Option<Vec<u8>>,
    tenant_keyset: Option<Vec<u8>>,
    certificate: Option<Vec<u8>>,
}

impl Answer {
    /// What came with the decision, in the place of what was there.
    pub(crate) fn over(&self, mut held: Statements) -> Statements {
        replace(&mut held.chain.keyset, self.keyset.as_ref());
        replace(&mut held.chain.tenant_keyset, self.tenant_keyset.as_ref());
        held.certificate = self.certificate.clone().or(held.certificate);
        held.license = self.license.clone().or(held.license);
        held
    }

    pub(crate) fn brings_certificate(&self) -> bool {
        self.certificate.is_some()
    }

    pub(crate) fn brings_license(&self) -> bool {
        self.license.is_some()
    }
}

impl Missing {
    /// The build's root statements with what follows them, and whatever else came, in the place of what was there.
    pub(crate) fn over(&self, mut held: Statements, build: &ChainBytes) -> Statements {
        held.chain.roots = [build.roots.as_slice(), &self.roots].concat();
        replace(&mut held.chain.keyset, self.keyset.as_ref());
        replace(&mut held.chain.tenant_keyset, self.tenant_keyset.as_ref());
        held.certificate = self.certificate.clone().or(held.certificate);
        held
    }
}

fn replace(there: &mut Vec<u8>, came: Option<&Vec<u8>>) {
    if let Some(came) = came {
        there.clone_from(came);
    }
}

/// `POST /api/v1/validate`, or what the operation is called otherwise. `request` is the carrier, byte for byte as it was signed.
pub(crate) fn ask(
    transport: &dyn Transport,
    (server, operation): (&Server, &Operation),
    request: &[u8],
    holds: &[StatementId],
    deadline: Deadline,
) -> Result<Answer, TransportError> {
    let question = OnlineQuestion { request: json_of(request), holds: names(holds) };
    // It holds a license key, so the body's memory is wiped when it goes: what passes through other hands on the way is not.
    let body = Zeroizing::new(serde_json::to_vec(&question).expect("a question can be written"));
    let url = server.url(&format!("/api/v1/{operation}"));
    let text: AnswerText = parse(&send(transport, &url, Some(&body), deadline)?)?;
    text.saying(|text| &mut text.decision)
}

/// A heartbeat, and what stands beside it.
pub(crate) struct HeartbeatSent<'a> {
    /// The carrier, byte for byte as it was signed.
    pub(crate) request: &'a [u8],
    pub(crate) holds: &'a [StatementId],
    /// `spec/activation.md` §7.6: the last answer, where there is one, and the proof, for a server that wants them.
    pub(crate) state: Option<(Option<&'a [u8]>, &'a [u8])>,
}

/// `POST /api/v1/heartbeat`.
pub(crate) fn beat(
    transport: &dyn Transport,
    server: &Server,
    sent: &HeartbeatSent<'_>,
    deadline: Deadline,
) -> Result<Answer, TransportError> {
    let question = HeartbeatQuestion {
        request: json_of(sent.request),
        holds: names(sent.holds),
        last: sent.state.and_then(|(last, _)| last).map(json_of),
        proof: sent.state.map(|(_, proof)| json_of(proof)),
    };
    let body = serde_json::to_vec(&question).expect("a question can be written");
    let text: AnswerText = parse(&send(transport, &server.url("/api/v1/heartbeat"), Some(&body), deadline)?)?;
    text.saying(|text| &mut text.answer)
}

/// At most four: well within the wire's sixteen.
fn names(holds: &[StatementId]) -> Vec<String> {
    holds.iter().map(StatementId::to_string).collect()
}

/// `GET /api/v1/trust`: what follows the build's last root statement, and the current rest.
pub(crate) fn trust(
    transport: &dyn Transport,
    server: &Server,
    pinned: &Trust,
    deadline: Deadline,
) -> Result<Missing, TransportError> {
    let (tenant, last_root) = (pinned.tenant, pinned.last_root);
    let path = format!("/api/v1/trust?tenant={tenant}&root={last_root}&keyset=0");
    let text: TrustUpdate = parse(&send(transport, &server.url(&path), None, deadline)?)?;
    Ok(Missing {
        roots: text.roots.into_iter().map(bytes_of).collect(),
        keyset: text.keyset.map(bytes_of),
        tenant_keyset: text.tenant_keyset.map(bytes_of),
        certificate: text.certificate.map(bytes_of),
    })
}

/// Sends, and once more the same bytes where nothing came back. `spec/online.md` §2.4: the same request may be sent again
/// when an answer was lost. After a time-out nothing is left of the call's time, so nothing is sent again.
fn send(
    transport: &dyn Transport,
    url: &str,
    body: Option<&[u8]>,
    deadline: Deadline,
) -> Result<Vec<u8>, TransportError> {
    let exchange = |within| transport.exchange(&HttpQuestion { url, body, within });
    let over = || Unanswered("the time for the call is over".to_owned());
    let in_time = || Some(deadline.left()).filter(|left| !left.is_zero());
    let answer = in_time().ok_or_else(over).and_then(exchange);
    let answer = answer.or_else(|first| in_time().map_or(Err(first), exchange));
    let answer = answer.map_err(|why| TransportError::unanswered(shown(&why.0, SAID_CHARS)))?;
    if answer.status == 200 { Ok(answer.body) } else { Err(refused(&answer)) }
}

/// `spec/online.md` §6.3: a refusal without a signature is never a denial, whatever its status or its words.
fn refused(answer: &HttpAnswer) -> TransportError {
    let problem = serde_json::from_slice::<Problem>(&answer.body).ok();
    let said_after = problem.as_ref().and_then(|problem| problem.retry_after);
    let retry_after = answer.retry_after.or(said_after.map(|after| Duration::from_secs(after.into())));
    TransportError::RefusedUnsigned {
        status: answer.status,
        retry_after: retry_after.map(wait::bounded),
        said: problem.map(|problem| Said {
            code: shown(&problem.code, NAME_CHARS),
            message: shown(&problem.message, SAID_CHARS),
            request_id: shown(&problem.request_id, NAME_CHARS),
        }),
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, TransportError> {
    serde_json::from_slice(body).map_err(|_| TransportError::AnswerInvalid("the body cannot be read"))
}

/// A [`sealgate_wire::OnlineAnswer`] that may lack its decision, or a [`sealgate_wire::HeartbeatReply`] that may lack its answer:
/// `null` is none, and no envelope that does not verify. Members that a later server adds are passed over: nothing is believed for
/// standing here.
#[derive(Deserialize)]
struct AnswerText {
    decision: Option<Box<RawValue>>,
    answer: Option<Box<RawValue>>,
    certificate: Option<Box<RawValue>>,
    keyset: Option<Box<RawValue>>,
    tenant_keyset: Option<Box<RawValue>>,
    license: Option<Box<RawValue>>,
    proof: Option<Box<RawValue>>,
    seats: Option<Box<RawValue>>,
    unapproved: Option<Box<RawValue>>,
}

impl AnswerText {
    /// `spec/online.md` §6.3: an answer that brings no decision is of the family transport.
    fn saying(
        mut self,
        said: impl FnOnce(&mut Self) -> &mut Option<Box<RawValue>>,
    ) -> Result<Answer, TransportError> {
        let said = said(&mut self).take().ok_or(TransportError::AnswerInvalid("it has no decision"))?;
        Ok(Answer {
            said: bytes_of(said),
            certificate: self.certificate.map(bytes_of),
            keyset: self.keyset.map(bytes_of),
            tenant_keyset: self.tenant_keyset.map(bytes_of),
            license: self.license.map(bytes_of),
            proof: self.proof.map(bytes_of),
            seats: seats(shown_only(self.seats.as_deref())),
            unapproved: modules(shown_only(self.unapproved.as_deref())),
        })
    }
}

/// What is for people. Where it does not read, nothing else is the worse for it.
fn shown_only<T: DeserializeOwned>(text: Option<&RawValue>) -> Vec<T> {
    text.and_then(|text| serde_json::from_str(text.get()).ok()).unwrap_or_default()
}
