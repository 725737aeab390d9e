//! Starting and ending the programs under measurement.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Limits that let one address ask everything, and are checked all the same: 10^6 questions a second.
const LIMITS: &str = "[limits]
per_license = 60000000
heartbeats_per_license = 60000000
per_address = 60000000
address_burst = 60000000
per_app = 60000000
";

/// A child that serves; ended with this value.
pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    /// Starts a program and reads where it listens.
    pub fn start(mut command: Command) -> std::io::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        let Some(address) = line.strip_prefix("listening on http://") else {
            return Err(std::io::Error::other(format!(
                "the server said {line:?} instead of where it listens"
            )));
        };
        Ok(Self { child, address: address.to_owned() })
    }

    /// Starts the product on a data directory, and on a PostgreSQL database if one is named.
    pub fn sealgate(program: &Path, data: &Path, database: Option<&str>) -> std::io::Result<Self> {
        let config = data.with_extension("toml");
        std::fs::write(&config, LIMITS)?;
        let mut command = Command::new(program);
        command.arg("--config").arg(config).args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        if let Some(url) = database {
            command.args(["--database", url]);
        }
        Self::start(command)
    }

    /// Starts this program's own bare handler.
    pub fn bare() -> std::io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare");
        Self::start(command)
    }

    /// The same, which also inserts a row into a new database before each answer.
    pub fn bare_with_insert(database: &Path) -> std::io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare").arg("--insert").arg(database);
        Self::start(command)
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory now and at its peak, in KiB.
    pub fn memory(&self) -> std::io::Result<(u64, u64)> {
        memory(self.id())
    }
}

/// A process's resident memory now and at its peak, in KiB.
pub fn memory(process: u32) -> std::io::Result<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0)
    };
    Ok((field("VmRSS:"), field("VmHWM:")))
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
