//! What running software asks.

mod answer;
mod replay;
mod validate;

pub(crate) use replay::ReplayLog;
pub use validate::{Validated, validate};
