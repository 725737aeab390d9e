//! What can run out.

use crate::options::Engine;

/// One thing that runs out and comes back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The disk with the data directories.
    Data,
    /// The disk with the logs.
    Log,
    /// Both.
    Both,
    /// The disk with PostgreSQL's tables: it refuses statements.
    Tables,
    /// The disk with PostgreSQL's own log of changes: it ends itself.
    Changes,
    /// How long a file of the server may be: of its log, and of SQLite.
    FileSize,
    /// Connections up to the limit of descriptors.
    Connections,
    /// Descriptors of a running server, below what it needs.
    Descriptors,
    /// Memory, near what it uses.
    Memory,
}

/// What must go on while it has run out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Harm {
    /// Everything goes on.
    None,
    /// Nothing can be written, and questions that need no write are answered.
    Writes,
    /// The database is away.
    Database,
    /// The server may answer nothing, or end.
    Server,
}

impl Kind {
    /// Those that an engine can meet; without those that need a mounted disk, where mounting is not permitted.
    pub(super) fn all(engine: Engine, disks: bool) -> Vec<Self> {
        use Kind::{Both, Changes, Connections, Data, Descriptors, FileSize, Log, Memory, Tables};
        let all: &[Self] = match engine {
            Engine::Sqlite => &[Data, FileSize, Descriptors, Both, Log, Memory, Connections],
            Engine::Postgres => {
                &[Tables, Changes, Data, Memory, FileSize, Both, Log, Descriptors, Connections]
            }
        };
        all.iter().copied().filter(|kind| disks || !kind.needs_a_disk()).collect()
    }

    /// What it may harm.
    pub(super) fn harm(self, engine: Engine) -> Harm {
        match self {
            Self::Data | Self::Both | Self::FileSize if engine == Engine::Sqlite => Harm::Writes,
            Self::Data | Self::Both | Self::FileSize | Self::Log | Self::Connections => Harm::None,
            Self::Tables => Harm::Writes,
            Self::Changes => Harm::Database,
            Self::Descriptors | Self::Memory => Harm::Server,
        }
    }

    /// For figures.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Data => "disk of data",
            Self::Log => "disk of logs",
            Self::Both => "both disks",
            Self::Tables => "disk of tables",
            Self::Changes => "disk of changes",
            Self::FileSize => "file size",
            Self::Connections => "connections",
            Self::Descriptors => "descriptors",
            Self::Memory => "memory",
        }
    }

    fn needs_a_disk(self) -> bool {
        matches!(self, Self::Data | Self::Log | Self::Both | Self::Tables | Self::Changes)
    }
}
