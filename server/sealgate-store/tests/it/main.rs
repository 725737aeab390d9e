//! The store through its public door, on both engines.

mod cache;
mod closing;
mod errors;
mod group;
mod history;
mod jobs;
mod keys;
mod opening;
mod support;
