//! Questions on both wires, and what was answered.

use proptest::prelude::*;
use sealgate_artifact::{Decision, Outcome, decode_base64};
use sealgate_authforge::{Typ, ValidatePayload};
use sealgate_testkit::{Answer, TestApp, is_signed_by};
use sealgate_wire::OnlineAnswer;
use serde_json::{Value, json};

use super::model::{Allowed, Begun, Code, Denied, Reported, Session};
use super::steps::{Manner, Online, Reach, Token, Validate};
use super::world::{World, text};
use crate::support::{ask, with};

impl World<'_> {
    pub(super) fn validate(&mut self, request: &Validate) -> Result<(), TestCaseError> {
        let (hwid, nonce) = (self.name(request.hwid), digits(request.nonce));
        let mut question = TestApp::question(&self.editor, &self.licenses[request.license], &hwid, &nonce);
        question["ttlSeconds"] = json!(request.manner.ttl());
        if request.manner == Manner::Bare {
            (question["appId"], question["appSecret"]) = (json!(null), json!(null));
        }
        let expected = self.model.validate(request);
        let answer = self.server.validate(&question);
        self.compare(&format!("{request:?}"), (Typ::Validate, request.nonce), expected, &answer)
    }

    pub(super) fn heartbeat(&mut self, token: Token, nonce: u8) -> Result<(), TestCaseError> {
        let Some((nth, session)) = self.model.session(token) else { return Ok(()) };
        let question = with(&self.proof(token, (nth, session)), "nonce", json!(digits(nonce)));
        let expected = self.model.heartbeat(token, session, nonce);
        let answer = ask(self.server, "heartbeat", &question);
        self.compare(&format!("{session:?}, {nonce}"), (Typ::Heartbeat, nonce), expected, &answer)
    }

    pub(super) fn report(&mut self, license: usize, hwid: usize, revoke: bool) -> Result<(), TestCaseError> {
        let name = self.name(hwid);
        let question = TestApp::question(&self.editor, &self.licenses[license], &name, &digits(0));
        let answer = ask(self.server, "selfban", &with(&question, "revokeLicense", json!(revoke)));
        reported(&self.model.report(license, hwid, revoke), &answer)
    }

    pub(super) fn report_in_session(&mut self, token: Token, reach: Reach) -> Result<(), TestCaseError> {
        let Some((nth, session)) = self.model.session(token) else { return Ok(()) };
        let mut question = self.proof(token, (nth, session));
        question["revokeLicense"] = json!(reach.license);
        question["blacklistHwid"] = json!(reach.device);
        question["blacklistIp"] = json!(reach.address);
        let answer = ask(self.server, "selfban", &question);
        reported(&self.model.report_in_session(token, session, reach), &answer)
    }

    /// A request with a session's token, as its owner sends it or somebody else.
    fn proof(&self, token: Token, (nth, session): (usize, Session)) -> Value {
        let hwid = self.name(token.sender(session.hwid));
        json!({ "appId": self.editor["app_id"], "sessionToken": self.tokens[nth], "hwid": hwid })
    }

    /// Compares what a session's owner is told with what the model expects.
    fn compare(
        &mut self,
        question: &str,
        (typ, nonce): (Typ, u8),
        expected: Result<Begun, Code>,
        answer: &Answer,
    ) -> Result<(), TestCaseError> {
        let begun = match expected {
            Ok(begun) => begun,
            Err(code) => return refused(code, answer),
        };
        prop_assert_eq!(answer.status, 200, "{}, not {:?}", String::from_utf8_lossy(&answer.bytes), begun);
        let payload = self.open(answer);
        let session = begun.session;
        let names = (payload.typ, payload.app_id, payload.license_id, payload.hwid, payload.nonce);
        let expected = (
            typ,
            text(&self.editor["app_id"]).to_owned(),
            text(&self.licenses[session.license]["license_id"]).to_owned(),
            self.name(session.hwid),
            digits(nonce),
        );
        prop_assert_eq!(names, expected);
        let facts = (payload.timestamp.get(), payload.expires_in, payload.hwid_count);
        prop_assert_eq!(facts, (begun.asked_at, session.ends_at, begun.used), "asked at, ends at, seats");
        self.tokens.push(payload.session_token);
        self.repeats(&format!("{question}: {begun:?}"), &answer.bytes)
    }

    fn open(&self, answer: &Answer) -> ValidatePayload {
        let answer = answer.json();
        let (payload, key) = (text(&answer["payload"]), text(&self.editor["public_key"]));
        assert!(is_signed_by(key, payload, text(&answer["signature"])));
        let payload = decode_base64(payload, "payload").expect("base64");
        serde_json::from_slice(&payload).expect("the documented form")
    }

    pub(super) fn online(&mut self, request: &Online) -> Result<(), TestCaseError> {
        let license = &self.licenses[request.license];
        let name = text(&license[if request.by_id { "license_id" } else { "license_key" }]);
        let question = self.keys[request.key].question(&self.build, name, request.nonce.into(), &[]);
        let answer = self.server.ask_online(&question);
        prop_assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
        let answer: OnlineAnswer = serde_json::from_slice(&answer.bytes).expect("an answer");
        let decision = self.build.judge(&question, &answer, self.server.clock.seconds());
        let decision = decision.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        let expected = self.model.online(request);
        let decided = self.decided(&decision, request.license);
        prop_assert_eq!(&decided, &expected);
        match decided {
            Ok(allowed) => {
                self.repeats(&format!("{request:?}: {allowed:?}"), answer.decision.get().as_bytes())
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

fn digits(nonce: u8) -> String {
    format!("{nonce:032x}")
}

fn reported(expected: &Result<Reported, Code>, answer: &Answer) -> Result<(), TestCaseError> {
    match expected {
        Err(code) => refused(code, answer),
        Ok(Reported { device, address }) => {
            let body = json!({
                "status": "success",
                "licenseRevoked": false,
                "hwidBlacklisted": device,
                "ipBlacklisted": address,
            });
            prop_assert_eq!((answer.status, answer.json()), (200, body));
            Ok(())
        }
    }
}

/// A refusal as AuthForge says it (`spec/errors.md` §4).
fn refused(code: Code, answer: &Answer) -> Result<(), TestCaseError> {
    let (status, error) = match code {
        "replay_detected" | "session_expired" => (401, code),
        "not_yet_valid" | "blocked" => (403, "blocked"),
        "device_limit" => (403, "hwid_mismatch"),
        "revoke_requires_session" => (403, code),
        "revoked" | "expired" => (410, code),
        _ => panic!("the model does not say {code} on this wire"),
    };
    let body = format!(r#"{{"status":"failed","error":"{error}"}}"#);
    prop_assert_eq!((answer.status, &*String::from_utf8_lossy(&answer.bytes)), (status, &*body));
    Ok(())
}
