//! What keys are for (`spec/keys.md` §2 and §3).

/// What a key is for. Each key has exactly one use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// Signs root statements and keysets. Kept offline once a ceremony was held.
    Root,
    /// Signs tenant keysets and server certificates.
    Authority,
    /// Signs a server's decisions. A certificate names it for a few weeks.
    Server,
    /// Signs licenses of one tenant.
    Issuer,
    /// Signs activation proofs, for one license server.
    Activation,
    /// Signs releases of one tenant's apps. No key of another use ever leads to execution.
    Update,
    /// Signs revocation data of one tenant.
    Snapshot,
    /// Signs checkpoints of the audit log.
    Log,
    /// Signs answers of one app on AuthForge's wire. It is in no keyset: clients pin it.
    App,
    /// Signs requests of one device. The device makes it. It is in no keyset: each request names its key.
    Device,
}

impl KeyUse {
    /// Every use there is.
    pub const ALL: [Self; 10] = [
        Self::Root,
        Self::Authority,
        Self::Server,
        Self::Issuer,
        Self::Activation,
        Self::Update,
        Self::Snapshot,
        Self::Log,
        Self::App,
        Self::Device,
    ];

    /// The name as written in keysets and in a key's id.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Authority => "authority",
            Self::Server => "server",
            Self::Issuer => "issuer",
            Self::Activation => "activation",
            Self::Update => "update",
            Self::Snapshot => "snapshot",
            Self::Log => "log",
            Self::App => "app",
            Self::Device => "device",
        }
    }

    /// The use of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|u| u.as_str() == text)
    }
}

impl std::fmt::Display for KeyUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
