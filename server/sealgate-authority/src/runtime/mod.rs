//! What running software asks.

mod answer;
mod asking;
mod heartbeat;
mod offline;
mod replay;
mod seat;
mod self_ban;
mod session;
mod validate;

pub use asking::Source;
pub use heartbeat::heartbeat;
pub use offline::activate_offline;
pub(crate) use replay::ReplayLog;
pub(crate) use seat::Admit;
pub use self_ban::self_ban;
pub use validate::{Validated, validate};

/// The longest session token that is looked at, in bytes; ours have about 100.
const SESSION_TOKEN_BYTES: usize = 512;
