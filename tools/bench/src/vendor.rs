//! What a vendor asks of the server, over one connection.

use serde_json::Value;
use std::io::{Error, Result};

/// Answers are larger than the client's usual limit when an order is.
const ANSWER_BYTES: u64 = 1 << 24;

/// A vendor with the owner's token.
pub struct Vendor {
    agent: ureq::Agent,
    pub address: String,
    token: String,
}

impl Vendor {
    pub fn new(address: &str, token: &str) -> Self {
        Self { agent: ureq::Agent::new_with_defaults(), address: address.to_owned(), token: token.to_owned() }
    }

    /// The same vendor over a connection of its own.
    pub fn another(&self) -> Self {
        Self::new(&self.address, &self.token)
    }

    pub fn get(&self, path: &str) -> Result<String> {
        let request = self.agent.get(format!("http://{}{path}", self.address));
        text(request.header("authorization", format!("Bearer {}", self.token)).call())
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<String> {
        let request = self.agent.post(format!("http://{}{path}", self.address));
        text(request.header("authorization", format!("Bearer {}", self.token)).send_json(body))
    }

    pub fn put(&self, path: &str, body: &Value) -> Result<String> {
        let request = self.agent.put(format!("http://{}{path}", self.address));
        text(request.header("authorization", format!("Bearer {}", self.token)).send_json(body))
    }

    /// Makes something and returns what it is.
    pub fn make(&self, path: &str, body: &Value) -> Result<Value> {
        Ok(serde_json::from_str(&self.post(path, body)?)?)
    }
}

fn text(answer: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<String> {
    let mut answer = answer.map_err(Error::other)?;
    answer.body_mut().with_config().limit(ANSWER_BYTES).read_to_string().map_err(Error::other)
}
