//! Single requests, each on a connection of its own, and what was said to them.

use serde_json::Value;
use std::time::Duration;
use ureq::Agent;

/// Longer than the server may take, whatever has run out.
const PATIENCE: Duration = Duration::from_secs(3);

/// An answer.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) body: Value,
    retry_after: Option<String>,
}

impl Said {
    /// Whether it is the refusal of what cannot be done now, in either dialect: whoever asks is told to ask again.
    pub(super) fn is_not_now(&self) -> bool {
        let code = self.body["code"].as_str().or(self.body["error"].as_str());
        let stable = matches!(code, Some("unavailable" | "system_error"));
        self.status == 503
            && stable
            && self.retry_after.as_ref().is_some_and(|after| after.parse::<u32>().is_ok())
    }
}

/// Gets it, or says why there was no answer.
pub(super) fn get(url: &str, token: &str) -> Result<Said, String> {
    let request = agent().get(url).header("Authorization", format!("Bearer {token}"));
    said(request.call())
}

/// Posts it, or says why there was no answer.
pub(super) fn post(url: &str, token: &str, body: &Value) -> Result<Said, String> {
    let request = agent().post(url).header("Authorization", format!("Bearer {token}"));
    said(request.send_json(body))
}

fn agent() -> Agent {
    Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into()
}

fn said(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Said, String> {
    let mut answer = answer.map_err(|error| error.to_string())?;
    let retry_after = answer.headers().get("retry-after");
    let retry_after = retry_after.and_then(|value| Some(value.to_str().ok()?.to_owned()));
    let body = answer.body_mut().read_json().map_err(|error| error.to_string())?;
    Ok(Said { status: answer.status().as_u16(), body, retry_after })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn not_now_has_a_status_a_code_and_a_time() {
        let said = |status, body, after: Option<&str>| {
            Said { status, body, retry_after: after.map(str::to_owned) }.is_not_now()
        };
        assert!(said(503, json!({ "code": "unavailable" }), Some("1")));
        assert!(said(503, json!({ "error": "system_error" }), Some("1")));
        assert!(!said(503, json!({ "code": "unavailable" }), None));
        assert!(!said(500, json!({ "error": "system_error" }), Some("1")));
        assert!(!said(503, json!({ "code": "keystore_invalid" }), Some("1")));
    }
}
