//! AuthForge's wire (`spec/http.md` §2): `/auth/*`.

mod answer;
mod heartbeat;
mod offline;
mod parts;
mod self_ban;
mod session;
mod validate;

pub use parts::AuthForge;
pub use validate::Validated;
