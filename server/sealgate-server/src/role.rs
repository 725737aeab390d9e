//! Which part of the work a process does.

/// Which part of the work a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Both sides, with every key in one place.
    All,
    /// The vendor's side. It holds the keys that licenses and trust depend on, and answers no running software.
    Authority,
    /// The side that answers running software. It holds this server's key and the apps' keys, and no others.
    Runtime,
}

impl Role {
    /// Whether the vendor's side is served and its keys are held.
    pub fn has_control(self) -> bool {
        self != Self::Runtime
    }

    /// Whether running software is answered.
    pub fn has_runtime(self) -> bool {
        self != Self::Authority
    }
}
