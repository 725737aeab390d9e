//! The real server beside a model of it.

mod agreement;
mod model;
