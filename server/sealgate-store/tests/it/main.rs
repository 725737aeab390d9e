//! The store through its public door, on both engines.

mod cache;
mod closing;
mod errors;
mod group;
mod jobs;
mod keys;
mod opening;
mod seats;
mod support;
