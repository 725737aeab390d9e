//! What befalls a PostgreSQL: it dies, it starts again, it comes back older.

use crate::failure::{Doing, Result};
use crate::postgres::{Postgres, as_owner};
use crate::process;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// How a server ends without a goodbye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// Kill -9 of the first process. Its sessions notice by themselves.
    Killed,
    /// The immediate shutdown: nothing is written any more.
    Immediate,
}

/// A state of the whole cluster as it was once.
pub struct Snapshot(PathBuf);

impl Postgres {
    /// Ends it; what was committed is in its log, and nowhere else.
    pub fn die(&self, death: Death) -> Result<()> {
        let signal = match death {
            Death::Killed => "KILL",
            Death::Immediate => "QUIT",
        };
        self.end(signal).doing("end PostgreSQL")
    }

    /// Copies the cluster while it runs.
    pub fn copy(&self) -> Result<Snapshot> {
        let folder = self.folder().join("copy");
        let mut backup = as_owner(&self.program("pg_basebackup"), self.folder())?;
        backup.args(["-h", "127.0.0.1", "-U", "postgres", "-c", "fast", "-X", "stream", "--no-sync", "-p"]);
        process::capture(backup.arg(self.port.to_string()).arg("-D").arg(&folder))?;
        Ok(Snapshot(folder))
    }

    /// Replaces the cluster of a server that has ended by the copy. What was written since is lost.
    pub fn go_back(&self, snapshot: Snapshot) -> Result<()> {
        let Snapshot(older) = snapshot;
        let (data, gone) = (self.folder().join("data"), self.folder().join("gone"));
        fs::rename(&data, &gone)
            .and_then(|()| fs::rename(older, &data))
            .doing("put an older cluster back")?;
        fs::remove_dir_all(&gone).doing("remove a cluster")
    }

    /// The rows of an answer, with `|` between their columns.
    pub fn ask(&self, database: &str, question: &str) -> Result<Vec<String>> {
        let mut psql = Command::new(self.program("psql"));
        psql.args(["-X", "-A", "-t", "-d"]).arg(self.url(database)).args(["-c", question]);
        Ok(process::capture(&mut psql)?.lines().map(str::to_owned).collect())
    }
}
