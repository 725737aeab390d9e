//! Questions on both wires, and what was answered.

use proptest::prelude::*;
use sealgate_artifact::{Decision, Outcome, Unverified, decode_base64};
use sealgate_authforge::{Typ, ValidatePayload};
use sealgate_testkit::{Answer, TestApp, is_signed_by};
use sealgate_wire::{OnlineAnswer, OnlineQuestion};
use serde_json::{Value, json};

use super::model::{Allowed, Begun, Code, Denied, Eyes, Model, Reported, Session};
use super::servers::Asked;
use super::steps::{Ask, Manner, Online, Token};
use super::world::{Place, World, text};

/// `docs/design.md`, "A clock in doubt": a certificate holds at two times that are no further apart, 13 days. A repeated question
/// has its first time, whatever the clock was set to since.
const CERTIFIED: u64 = 13 * 86_400;

/// A refusal as AuthForge says it: a status and a body.
type Refused = (u16, String);

impl World<'_> {
    /// Asks, and compares what is answered. A token that nobody has yet asks nothing.
    pub(super) fn ask(&mut self, place: Place, ask: &Ask) -> Result<(), TestCaseError> {
        let Some((path, question)) = self.question(place.0, ask) else { return Ok(()) };
        let answer = self.servers.at(place.0).post(path, &question);
        match ask {
            Ask::Validate(request) => {
                let ours = (request.license, request.hwid, request.manner.ttl());
                let told = self.begun((Typ::Validate, request.nonce), ours, None, &answer)?;
                let asks = |model: &mut Model, eyes: &Eyes| model.validate(eyes, request).map_err(refused);
                self.goes_on(place, asks, &told, &format!("{request:?}"), &answer)
            }
            Ask::Heartbeat(token, nonce) => {
                let Some((_, session)) = self.beliefs.any().session(*token) else { return Ok(()) };
                let ours = (session.license, session.hwid, session.ttl);
                let told = self.begun((Typ::Heartbeat, *nonce), ours, Some(session.begins_at), &answer)?;
                let asks = |model: &mut Model, eyes: &Eyes| {
                    model.heartbeat(eyes, (*token, session), *nonce).map_err(refused)
                };
                self.goes_on(place, asks, &told, &format!("{session:?}, {nonce}"), &answer)
            }
            Ask::Report { .. } | Ask::ReportInSession(..) => {
                let told = reported(&answer);
                let outcomes = |model: &Model| model.outcomes(place, |model, eyes| report(model, eyes, ask));
                self.beliefs.told(outcomes, |expected| *expected == told, &shown(&answer)).map(drop)
            }
            Ask::Online(request) => self.online(place, request, &answer),
        }
    }

    /// The same, but the connection breaks as soon as the question was sent.
    pub(super) fn ask_and_break_off(&mut self, place: Place, ask: &Ask) {
        let Some((path, question)) = self.question(place.0, ask) else { return };
        self.servers.at(place.0).break_off(path, &[], &question);
        self.beliefs.perhaps(|model| {
            model.outcomes(place, |model, eyes| match ask {
                Ask::Validate(request) => {
                    let _ = model.validate(eyes, request);
                }
                Ask::Online(request) => drop(model.online(eyes, request)),
                Ask::Heartbeat(token, nonce) => {
                    if let Some((_, session)) = model.session(*token) {
                        let _ = model.heartbeat(eyes, (*token, session), *nonce);
                    }
                }
                Ask::Report { .. } | Ask::ReportInSession(..) => drop(report(model, eyes, ask)),
            })
        });
    }

    /// Where it is asked, and the body.
    fn question(&self, at: usize, ask: &Ask) -> Option<(&'static str, Value)> {
        Some(match ask {
            Ask::Validate(request) => {
                let mut question = self.of_license(request.license, request.hwid, request.nonce);
                question["ttlSeconds"] = json!(request.manner.ttl());
                if request.manner == Manner::Bare {
                    (question["appId"], question["appSecret"]) = (json!(null), json!(null));
                }
                ("/auth/validate", question)
            }
            Ask::Online(request) => {
                ("/api/v1/validate", serde_json::to_value(self.signed(at, request)).expect("a question"))
            }
            Ask::Heartbeat(token, nonce) => {
                let mut question = self.of_session(*token)?;
                question["nonce"] = json!(digits(*nonce));
                ("/auth/heartbeat", question)
            }
            Ask::Report { license, hwid, revoke } => {
                let mut question = self.of_license(*license, *hwid, 0);
                question["revokeLicense"] = json!(revoke);
                ("/auth/selfban", question)
            }
            Ask::ReportInSession(token, reach) => {
                let mut question = self.of_session(*token)?;
                question["revokeLicense"] = json!(reach.license);
                question["blacklistHwid"] = json!(reach.device);
                question["blacklistIp"] = json!(reach.address);
                ("/auth/selfban", question)
            }
        })
    }

    fn of_license(&self, license: usize, hwid: usize, nonce: u8) -> Value {
        TestApp::question(&self.editor, &self.licenses[license], &self.name(hwid), &digits(nonce))
    }

    /// A request with a session's token, as its owner sends it or somebody else.
    fn of_session(&self, token: Token) -> Option<Value> {
        let (nth, session) = self.beliefs.any().session(token)?;
        let hwid = self.name(token.sender(session.hwid));
        Some(json!({ "appId": self.editor["app_id"], "sessionToken": self.tokens[nth], "hwid": hwid }))
    }

    fn signed(&self, at: usize, request: &Online) -> OnlineQuestion {
        let license = &self.licenses[request.license];
        let name = text(&license[if request.by_id { "license_id" } else { "license_key" }]);
        self.keys[request.key].question(&self.builds[at], name, request.nonce.into(), &[])
    }

    /// What a session's owner is told: how the session goes on, under the app's signature, or a refusal.
    fn begun(
        &mut self,
        (typ, nonce): (Typ, u8),
        (license, hwid, ttl): (usize, usize, u64),
        began: Option<u64>,
        answer: &Answer,
    ) -> Result<Result<Begun, Refused>, TestCaseError> {
        if answer.status != 200 {
            return Ok(Err((answer.status, shown(answer))));
        }
        let payload = self.open(answer);
        let names = (payload.typ, payload.app_id, payload.license_id, payload.hwid, payload.nonce);
        let asked = (
            typ,
            text(&self.editor["app_id"]).to_owned(),
            text(&self.licenses[license]["license_id"]).to_owned(),
            self.name(hwid),
            digits(nonce),
        );
        prop_assert_eq!(names, asked);
        let (asked_at, ends_at) = (payload.timestamp.get(), payload.expires_in);
        let session = Session { license, hwid, ttl, begins_at: began.unwrap_or(asked_at), ends_at };
        self.offered = payload.session_token;
        Ok(Ok(Begun { session, asked_at, used: payload.hwid_count }))
    }

    fn goes_on(
        &mut self,
        place: Place,
        asks: impl Fn(&mut Model, &Eyes) -> Result<Begun, Refused>,
        told: &Result<Begun, Refused>,
        question: &str,
        answer: &Answer,
    ) -> Result<(), TestCaseError> {
        let outcomes = |model: &Model| model.outcomes(place, &asks);
        let said = format!("{told:?}");
        let Ok(begun) = self.beliefs.told(outcomes, |expected| expected == told, &said)? else {
            return Ok(());
        };
        self.beliefs.surely(|model| model.begin(begun.session));
        let token = std::mem::take(&mut self.offered);
        self.tokens.push(token);
        self.repeats(&format!("{question}: {begun:?}"), &answer.bytes)
    }

    fn open(&self, answer: &Answer) -> ValidatePayload {
        let answer = answer.json();
        let (payload, key) = (text(&answer["payload"]), text(&self.editor["public_key"]));
        assert!(is_signed_by(key, payload, text(&answer["signature"])));
        let payload = decode_base64(payload, "payload").expect("base64");
        serde_json::from_slice(&payload).expect("the documented form")
    }

    fn online(&mut self, place: Place, request: &Online, answer: &Answer) -> Result<(), TestCaseError> {
        let at = place.0;
        if answer.status == 503 && !self.servers.clocks.are_settled() {
            return Ok(());
        }
        prop_assert_eq!(answer.status, 200, "{}", shown(answer));
        let signed = self.signed(at, request);
        let answer: OnlineAnswer = serde_json::from_slice(&answer.bytes).expect("an answer");
        let now = self.servers.at(at).clock.seconds();
        let judged = self.builds[at].judge(&signed, &answer, now);
        let is_far = || read(&answer).issued_at.get().abs_diff(now) > CERTIFIED;
        let decision = match judged {
            Err(_) if !self.is_certified(at) || is_far() => read(&answer),
            judged => judged.map_err(|error| TestCaseError::fail(format!("{error:?}")))?,
        };
        let told = self.decided(&decision, request.license);
        let outcomes = |model: &Model| model.outcomes(place, |model, eyes| model.online(eyes, request));
        let said = format!("{told:?}");
        match self.beliefs.told(outcomes, |expected| *expected == told, &said)? {
            Ok(allowed) => {
                let Outcome::Allowed { license_statement, .. } = &decision.outcome else { unreachable!() };
                let question = format!("{at}: {request:?}: {allowed:?}, {license_statement}");
                self.repeats(&question, answer.decision.get().as_bytes())
            }
            Err(_) => Ok(()),
        }
    }

    fn decided(&self, decision: &Decision, asked: usize) -> Result<Allowed, Denied> {
        let named = decision.license().map(|id| id.to_string());
        let license = named.map(|id| {
            assert_eq!(id, text(&self.licenses[asked]["license_id"]));
            asked
        });
        match &decision.outcome {
            Outcome::Allowed { .. } => Ok(Allowed {
                asked_at: decision.issued_at.get(),
                used: decision.devices_used.expect("an allowance says it"),
            }),
            Outcome::Denied { code, .. } => Err(Denied { code: code.clone(), license }),
        }
    }
}

/// What a decision says that no client believes.
fn read(answer: &OnlineAnswer) -> Decision {
    let decision = Unverified::<Decision>::decode(answer.decision.get().as_bytes()).expect("an envelope");
    decision.danger_peek().expect("a decision")
}

fn digits(nonce: u8) -> String {
    format!("{nonce:032x}")
}

fn report(model: &mut Model, eyes: &Eyes, ask: &Ask) -> Result<Reported, Refused> {
    let told = match ask {
        Ask::Report { license, hwid, revoke } => model.report(eyes, (*license, *hwid), *revoke),
        Ask::ReportInSession(token, reach) => match model.session(*token) {
            Some((_, session)) => model.report_in_session(eyes, (*token, session), *reach),
            None => unreachable!("nothing is asked"),
        },
        _ => unreachable!("this is no report"),
    };
    told.map_err(refused)
}

fn reported(answer: &Answer) -> Result<Reported, Refused> {
    if answer.status != 200 {
        return Err((answer.status, shown(answer)));
    }
    let body = answer.json();
    let stands = |name: &str| body[name].as_bool().expect("a truth");
    assert_eq!((&body["status"], stands("licenseRevoked")), (&json!("success"), false));
    Ok(Reported { device: stands("hwidBlacklisted"), address: stands("ipBlacklisted") })
}

/// `spec/errors.md` §4.
fn refused(code: Code) -> Refused {
    let (status, error) = match code {
        "replay_detected" | "session_expired" => (401, code),
        "not_yet_valid" | "blocked" => (403, "blocked"),
        "device_limit" => (403, "hwid_mismatch"),
        "revoke_requires_session" => (403, code),
        "no_credits" => (429, code),
        "revoked" | "expired" => (410, code),
        _ => panic!("the model does not say {code} on this wire"),
    };
    (status, format!(r#"{{"status":"failed","error":"{error}"}}"#))
}

pub(super) fn shown(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.bytes).into_owned()
}
