//! One file a verb.

pub(crate) mod app;
pub(crate) mod inspect;
pub(crate) mod keys;
pub(crate) mod license;
pub(crate) mod serve;
pub(crate) mod verify;
