//! The few requests that tortures make as the vendor, and as a customer on AuthForge's wire.

use harness::failure::{Doing, Failure, Result};
use serde_json::{Value, json};
use std::time::Duration;
use ureq::Agent;

const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// A vendor's app, as its creation answered.
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// A license, as its issue answered.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) id: String,
    pub(crate) key: String,
}

/// What the server says about a license.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) devices_used: u64,
    /// Nothing for an unlimited license.
    pub(crate) max_devices: Option<u64>,
}

/// What a customer was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The device may use the license.
    Yes,
    /// It may not, with the code.
    No(String),
    /// Nothing about the license: a fault, a limit, or no answer at all.
    Unanswered(String),
}

/// One connection pool to one start of the server.
pub(crate) struct Client<'a> {
    agent: Agent,
    url: &'a str,
    token: &'a str,
}

impl<'a> Client<'a> {
    /// To the server at `url`, with the owner's token.
    pub(crate) fn new(url: &'a str, token: &'a str) -> Self {
        Self::within(url, token, ANSWERS_WITHIN)
    }

    /// The same, for who does not wait as long.
    pub(crate) fn within(url: &'a str, token: &'a str, patience: Duration) -> Self {
        let config = Agent::config_builder().timeout_global(Some(patience)).http_status_as_error(false);
        Self { agent: config.build().into(), url, token }
    }

    /// Makes an app.
    pub(crate) fn create_app(&self, name: &str) -> Result<App> {
        let (status, body) = self.post("/api/v1/apps", &json!({ "name": name }))?;
        expect(status, &[200, 201], "create an app", &body)?;
        Ok(App { id: text(&body, "app_id")?, secret: text(&body, "app_secret")? })
    }

    /// Issues one license; an error if the server did not acknowledge it.
    pub(crate) fn issue(&self, app: &App, label: &str) -> Result<Issued> {
        self.order(&json!({ "app_id": app.id, "count": 1, "label": label }))
    }

    /// Issues one license by the order's own words.
    pub(crate) fn order(&self, order: &Value) -> Result<Issued> {
        let (status, body) = self.post("/api/v1/licenses", order)?;
        expect(status, &[201], "issue a license", &body)?;
        let license = &body["licenses"][0];
        Ok(Issued { id: text(license, "license_id")?, key: text(license, "license_key")? })
    }

    /// Revokes a license for good.
    pub(crate) fn revoke(&self, license_id: &str) -> Result<()> {
        let (status, body) = self.post(&format!("/api/v1/licenses/{license_id}/revoke"), &json!({}))?;
        expect(status, &[200], "revoke a license", &body)
    }

    /// Whether the device was admitted; a refusal with a 4xx status is a proper answer too.
    pub(crate) fn validate(&self, app: &App, license: &Issued, device: &str, nonce: &str) -> Result<bool> {
        match self.ask(app, license, device, nonce) {
            Answer::Yes => Ok(true),
            Answer::No(_) => Ok(false),
            Answer::Unanswered(why) => Err(Failure::new(why)),
        }
    }

    /// What a device is told on AuthForge's wire.
    pub(crate) fn ask(&self, app: &App, license: &Issued, device: &str, nonce: &str) -> Answer {
        let request = json!({
            "appId": app.id, "appSecret": app.secret, "licenseKey": license.key, "hwid": device, "nonce": nonce,
        });
        match self.post("/auth/validate", &request) {
            Ok((200, _)) => Answer::Yes,
            // That wire has the status of a limit for it.
            Ok((429, body)) if body["error"] == "no_credits" => Answer::No(body.to_string()),
            Ok((status @ (408 | 429 | 500..), body)) => {
                Answer::Unanswered(unexpected(status, "validate", &body).to_string())
            }
            Ok((status, body)) => Answer::No(format!("HTTP {status}: {body}")),
            Err(failure) => Answer::Unanswered(failure.to_string()),
        }
    }

    /// What the server knows about a license; nothing if it does not know it.
    pub(crate) fn show(&self, license_id: &str) -> Result<Option<Shown>> {
        let (status, body) = self.get(&format!("/api/v1/licenses/{license_id}"))?;
        if status == 404 {
            return Ok(None);
        }
        expect(status, &[200], "show a license", &body)?;
        shown(&body).map(Some)
    }

    /// The status and the JSON of an answer.
    pub(crate) fn get(&self, path: &str) -> Result<(u16, Value)> {
        let request = self.agent.get(format!("{}{path}", self.url));
        let mut response =
            request.header("Authorization", self.authorization()).call().doing(format_args!("get {path}"))?;
        let answer = response.body_mut().read_json().doing(format_args!("read the answer of {path}"))?;
        Ok((response.status().as_u16(), answer))
    }

    /// The status and the JSON of an answer.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let mut response = request
            .header("Authorization", self.authorization())
            .send_json(body)
            .doing(format_args!("post to {path}"))?;
        // The whole body, because an answer that was cut off acknowledges nothing.
        let answer = response.body_mut().read_json().doing(format_args!("read the answer of {path}"))?;
        Ok((response.status().as_u16(), answer))
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

fn shown(body: &Value) -> Result<Shown> {
    let devices_used =
        body["devices_used"].as_u64().ok_or_else(|| Failure::new(format!("no devices_used in {body}")))?;
    Ok(Shown { devices_used, max_devices: body["max_devices"].as_u64() })
}

/// A text of an answer.
pub(crate) fn text(body: &Value, name: &str) -> Result<String> {
    body[name].as_str().map(str::to_owned).ok_or_else(|| Failure::new(format!("no {name} in {body}")))
}

/// A failure with the answer's words, unless the status is one of the good ones.
pub(crate) fn expect(status: u16, good: &[u16], doing: &str, body: &Value) -> Result<()> {
    if good.contains(&status) { Ok(()) } else { Err(unexpected(status, doing, body)) }
}

fn unexpected(status: u16, doing: &str, body: &Value) -> Failure {
    Failure::new(format!("could not {doing}: HTTP {status}: {body}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_must_count_devices_and_may_be_unlimited() {
        let limited = shown(&json!({ "devices_used": 1, "max_devices": 2 })).unwrap();
        assert_eq!(limited, Shown { devices_used: 1, max_devices: Some(2) });
        let unlimited = shown(&json!({ "devices_used": 3, "max_devices": null })).unwrap();
        assert_eq!(unlimited, Shown { devices_used: 3, max_devices: None });
        assert!(shown(&json!({ "max_devices": 2 })).is_err());
    }
}
