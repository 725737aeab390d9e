//! The HTTP face.
//!
//! This crate must never decide about a license or touch a key: a handler reads a request, calls one use case and
//! writes its answer. Errors become bodies in two places, one per dialect: [`problem`] for our own API,
//! [`auth_wire`] for AuthForge's.

mod api;
mod auth_wire;
mod body;
mod caller;
mod deadline;
mod health;
mod problem;
mod request_id;
mod routes;
mod serve;

pub use routes::router;
pub use serve::serve;
