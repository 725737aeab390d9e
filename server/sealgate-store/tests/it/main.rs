//! The store through its public door, on both engines.

mod cache;
mod closing;
mod group;
mod opening;
mod support;
