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
mod dialect;
mod document;
mod entry;
mod health;
mod misfit;
mod online;
mod openapi;
mod problem;
mod query;
mod request_id;
mod retry;
mod routes;
mod schema;
mod snapshot;
mod transfers;

pub use openapi::openapi;
pub use routes::{Settings, Sides, router};
