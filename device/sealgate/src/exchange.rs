//! The wire: what is posted, what comes back, and what an answer without a decision is taken for.

use std::time::Duration;

use sealgate_artifact::{Envelope, Operation, StatementId};
use sealgate_trust::ChainBytes;
use sealgate_wire::{OnlineQuestion, Problem, TrustUpdate};
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::clock::Deadline;
use crate::error::Said;
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

/// An answer that brings a decision. Nothing in it is believed.
pub(crate) struct Answer {
    pub(crate) decision: Vec<u8>,
    certificate: Option<Vec<u8>>,
    keyset: Option<Vec<u8>>,
    tenant_keyset: Option<Vec<u8>>,
    license: Option<Vec<u8>>,
    /// Devices that have the seats. Nobody signed it.
    pub(crate) seats: Vec<UnverifiedSeat>,
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

/// `POST /api/v1/validate`, or what the operation is called otherwise.
pub(crate) fn ask(
    transport: &dyn Transport,
    (server, operation): (&Server, &Operation),
    request: &Envelope,
    holds: &[StatementId],
    deadline: Deadline,
) -> Result<Answer, TransportError> {
    let body = question(request, holds);
    let bytes = send(transport, &server.url(&format!("/api/v1/{operation}")), Some(&body), deadline)?;
    let text: AnswerText = parse(&bytes)?;
    // spec/online.md §6.3: an answer that brings no decision is of the family transport.
    let decision = text.decision.ok_or(TransportError::AnswerInvalid("it has no decision"))?;
    Ok(Answer {
        decision: bytes_of(decision),
        certificate: text.certificate.map(bytes_of),
        keyset: text.keyset.map(bytes_of),
        tenant_keyset: text.tenant_keyset.map(bytes_of),
        license: text.license.map(bytes_of),
        seats: text
            .seats
            .map(|text| seats(serde_json::from_str(text.get()).unwrap_or_default()))
            .unwrap_or_default(),
    })
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

fn bytes_of(text: Box<RawValue>) -> Vec<u8> {
    String::from(Box::<str>::from(text)).into_bytes()
}

/// It holds a license key, so the body's memory is wiped when it goes: what passes through other hands on the way is not.
fn question(request: &Envelope, holds: &[StatementId]) -> Zeroizing<Vec<u8>> {
    let request = String::from_utf8(request.encode()).expect("an envelope is written as text");
    let question = OnlineQuestion {
        request: RawValue::from_string(request).expect("an envelope is written as JSON"),
        // At most four: well within the wire's sixteen.
        holds: holds.iter().map(StatementId::to_string).collect(),
    };
    Zeroizing::new(serde_json::to_vec(&question).expect("a question can be written"))
}

/// A [`sealgate_wire::OnlineAnswer`] that may lack its decision: `null` is none, and no envelope that does not verify.
/// Members that a later server adds are passed over: nothing is believed for standing here.
#[derive(Deserialize)]
struct AnswerText {
    decision: Option<Box<RawValue>>,
    certificate: Option<Box<RawValue>>,
    keyset: Option<Box<RawValue>>,
    tenant_keyset: Option<Box<RawValue>>,
    license: Option<Box<RawValue>>,
    seats: Option<Box<RawValue>>,
}
