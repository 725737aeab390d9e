//! What a process is, and how it is to behave.

use sealgate_artifact::PublicKey;

use crate::Limits;

/// Which part of the work this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Both, with every key in one place.
    All,
    /// What the vendor does: it holds the keys that licenses and trust hang on, and answers no running software.
    Authority,
    /// What running software asks: it holds the key of this server and the apps' keys, and no other.
    Runtime,
}

impl Role {
    /// Whether the vendor's side is served, and its keys are held.
    pub fn has_control(self) -> bool {
        self != Self::Runtime
    }

    /// Whether running software is answered.
    pub fn has_runtime(self) -> bool {
        self != Self::Authority
    }
}

/// Settings of an [`Authority`](crate::Authority).
#[derive(Debug, Clone)]
pub struct Settings {
    /// How often somebody may ask.
    pub limits: Limits,
    /// Which part of the work is done here.
    pub role: Role,
    /// This server, where running software is answered.
    pub server: Option<ServerSettings>,
}

/// What clients know a server by.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Its key.
    pub key: PublicKey,
    /// Where they find it (`spec/keys.md` §5.8).
    pub origins: Vec<String>,
}
