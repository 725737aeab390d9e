//! The HTTP face.
//!
//! This crate must never decide about a license or touch a key: a handler reads a request, calls one use case and
//! writes its answer. Errors become bodies in two places, one per dialect: [`problem`] for our own API,
//! [`auth_wire`] for AuthForge's.

mod address;
mod api;
mod auth_document;
mod auth_wire;
mod body;
mod caller;
mod deadline;
mod health;
mod online;
mod openapi;
mod problem;
mod request_id;
mod routes;

pub use routes::{Sides, router};

/// The OpenAPI document, as `GET /api/v1/openapi.json` answers it.
pub fn openapi() -> String {
    openapi::document(&api::operations()).to_string()
}

/// What an operator may set about this face.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Proxies whose word on a client's address is taken.
    pub trusted_proxies: Vec<ipnet::IpNet>,
}
