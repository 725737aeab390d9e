//! What running software asks.

mod answer;
mod asking;
mod heartbeat;
mod identity;
mod offline;
mod online;
mod replay;
mod seat;
mod self_ban;
mod session;
mod trust;
mod validate;

pub use asking::Source;
pub use heartbeat::heartbeat;
pub(crate) use identity::{Identity, raw};
pub use offline::activate_offline;
pub use online::validate_online;
pub(crate) use replay::{Asked, ReplayLog};
pub(crate) use seat::Admit;
pub use self_ban::self_ban;
pub use trust::trust_update;
pub use validate::{Validated, validate};

/// The longest session token that is looked at, in bytes; ours have about 100.
const SESSION_TOKEN_BYTES: usize = 512;
