//! The few requests that the crash test makes.

use crate::failure::{Doing, Failure, Result};
use serde_json::{Value, json};
use std::time::Duration;
use ureq::Agent;

const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// A vendor's app, as its creation answered.
pub(super) struct App {
    pub(super) id: String,
    pub(super) secret: String,
}

/// A license, as its issue answered.
#[derive(Clone)]
pub(super) struct Issued {
    pub(super) id: String,
    pub(super) key: String,
}

/// What the server says about a license.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) devices_used: u64,
    /// Nothing for an unlimited license.
    pub(super) max_devices: Option<u64>,
}

/// One connection pool to one start of the server.
pub(super) struct Client<'a> {
    agent: Agent,
    url: &'a str,
    token: &'a str,
}

impl<'a> Client<'a> {
    /// To the server at `url`, with the owner's token.
    pub(super) fn new(url: &'a str, token: &'a str) -> Self {
        let config = Agent::config_builder().timeout_global(Some(ANSWERS_WITHIN)).http_status_as_error(false);
        Self { agent: config.build().into(), url, token }
    }

    /// Makes an app.
    pub(super) fn create_app(&self, name: &str) -> Result<App> {
        let (status, body) = self.post("/api/v1/apps", &json!({ "name": name }))?;
        expect(status, &[200, 201], "create an app", &body)?;
        Ok(App { id: text(&body, "app_id")?, secret: text(&body, "app_secret")? })
    }

    /// Issues one license; an error if the server did not acknowledge it.
    pub(super) fn issue(&self, app: &App, label: &str) -> Result<Issued> {
        let order = json!({ "app_id": app.id, "count": 1, "label": label });
        let (status, body) = self.post("/api/v1/licenses", &order)?;
        expect(status, &[201], "issue a license", &body)?;
        let license = &body["licenses"][0];
        Ok(Issued { id: text(license, "license_id")?, key: text(license, "license_key")? })
    }

    /// Whether the device was admitted; a refusal with a 4xx status is a proper answer too.
    pub(super) fn validate(&self, app: &App, license: &Issued, device: &str, nonce: &str) -> Result<bool> {
        let request = json!({
            "appId": app.id, "appSecret": app.secret, "licenseKey": license.key, "hwid": device, "nonce": nonce,
        });
        let (status, body) = self.post("/auth/validate", &request)?;
        match status {
            200 => Ok(true),
            400..=499 => Ok(false),
            _ => Err(unexpected(status, "validate", &body)),
        }
    }

    /// What the server knows about a license; nothing if it does not know it.
    pub(super) fn show(&self, license_id: &str) -> Result<Option<Shown>> {
        let request = self.agent.get(format!("{}/api/v1/licenses/{license_id}", self.url));
        let mut response =
            request.header("Authorization", self.authorization()).call().doing("show a license")?;
        let status = response.status().as_u16();
        if status == 404 {
            return Ok(None);
        }
        let body: Value = response.body_mut().read_json().doing("read a license")?;
        expect(status, &[200], "show a license", &body)?;
        shown(&body).map(Some)
    }

    fn post(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
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

fn text(body: &Value, name: &str) -> Result<String> {
    body[name].as_str().map(str::to_owned).ok_or_else(|| Failure::new(format!("no {name} in {body}")))
}

fn expect(status: u16, good: &[u16], doing: &str, body: &Value) -> Result<()> {
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
