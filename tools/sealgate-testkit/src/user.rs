//! People with a token.

use serde_json::{Value, json};

use crate::{Answer, TestApp, request, send_with};

/// Somebody who asks the management API.
#[derive(Debug, Clone)]
pub struct User {
    /// Where the server listens.
    pub url: String,
    /// What they prove themselves by.
    pub token: String,
}

impl TestApp {
    /// Who founded the installation: may do everything.
    pub fn owner(&self) -> User {
        User { url: self.url.clone(), token: self.token.clone() }
    }

    /// The owner of a new tenant of that name.
    pub fn tenant(&self, name: &str) -> User {
        let made = self.api("POST", "/api/v1/tenants", &json!({ "name": name })).expect(201);
        User { url: self.url.clone(), token: text(&made["admin_token"]) }
    }
}

impl User {
    /// A management request.
    pub fn api(&self, method: &str, path: &str, body: &Value) -> Answer {
        request(method, &format!("{}{path}", self.url), Some(&self.token), body)
    }

    /// The same with a name, so that it can come again.
    pub fn api_once(&self, method: &str, path: &str, body: &Value, name: &str) -> Answer {
        let bytes = if body.is_null() { vec![] } else { body.to_string().into_bytes() };
        let headers = [("idempotency-key", name)];
        send_with(method, &format!("{}{path}", self.url), Some(&self.token), &headers, &bytes)
    }

    /// Somebody of the same tenant who may do only this.
    #[must_use]
    pub fn with_scopes(&self, scopes: &[&str]) -> Self {
        let made = self.api("POST", "/api/v1/tokens", &json!({ "scopes": scopes })).expect(201);
        Self { url: self.url.clone(), token: text(&made["token"]) }
    }

    /// A thing that a `POST` makes.
    pub fn make(&self, path: &str, body: &Value) -> Value {
        self.api("POST", path, body).expect(201)
    }
}

/// A value that is text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
