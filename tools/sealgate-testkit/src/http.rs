//! A plain HTTP client that treats no status as an error.

use std::time::Duration;

use serde_json::Value;

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body's bytes.
    pub bytes: Vec<u8>,
    /// The `x-request-id` header.
    pub request_id: Option<String>,
    /// All headers.
    pub headers: ureq::http::HeaderMap,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON, once the status is the expected one.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self.json()
    }
}

/// Sends JSON, or nothing for `Value::Null`.
pub fn request(method: &str, url: &str, token: Option<&str>, body: &Value) -> Answer {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    send(method, url, token, &bytes)
}

/// Sends these very bytes.
pub fn send(method: &str, url: &str, token: Option<&str>, body: &[u8]) -> Answer {
    send_with(method, url, token, &[], body)
}

/// The same with more headers.
pub fn send_with(
    method: &str,
    url: &str,
    token: Option<&str>,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_mins(1)))
        .build()
        .into();
    let mut builder =
        ureq::http::Request::builder().method(method).uri(url).header("content-type", "application/json");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    if let Some(token) = token {
        builder = builder.header("authorization", format!("Bearer {token}"));
    }
    let request = builder.body(body.to_vec()).expect("a well-formed request");
    let mut response = agent.run(request).unwrap_or_else(|e| panic!("{method} {url}: {e}"));
    let headers = response.headers().clone();
    let request_id = headers.get("x-request-id").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let bytes = response.body_mut().read_to_vec().expect("the body arrives");
    Answer { status: response.status().as_u16(), bytes, request_id, headers }
}
