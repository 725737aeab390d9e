//! What the server may use, by its configuration, and what it used.

use crate::process;
use harness::failure::Result;

/// What each connection may hold: half a head, a body, an answer, and itself.
const HELD: u64 = (16 + 64 + 16 + 16) << 10;
/// Descriptors for the database and everything else.
const KEPT_BACK: u64 = 128;

/// Bounds, and the most that was seen.
pub(super) struct Bound {
    pid: u32,
    most: u64,
    base: u64,
    pub(super) descriptors: u64,
    pub(super) resident: u64,
}

impl Bound {
    /// For so many connections, on top of what is resident now.
    pub(super) fn new(pid: u32, most: u64) -> Result<Self> {
        let base = process::memory(pid, "VmRSS")?;
        Ok(Self { pid, most, base, descriptors: 0, resident: 0 })
    }

    /// Looks what is used now.
    pub(super) fn look(&mut self) -> Result<()> {
        self.descriptors = self.descriptors.max(process::descriptors(self.pid)?);
        self.resident = self.resident.max(process::memory(self.pid, "VmRSS")?);
        Ok(())
    }

    /// Figures and bounds, and whether they hold.
    pub(super) fn verdict(&self) -> Result<(bool, String)> {
        let peak = process::memory(self.pid, "VmHWM")?;
        let (memory, descriptors) = (self.base + self.most * HELD, self.most + KEPT_BACK);
        let mib = |bytes: u64| bytes >> 20;
        let said = format!(
            "{} connections at most: memory {} MiB before, {} resident, {} at its peak, bound {} ({} KiB a connection); \
             descriptors {}, bound {descriptors}",
            self.most,
            mib(self.base),
            mib(self.resident),
            mib(peak),
            mib(memory),
            HELD >> 10,
            self.descriptors
        );
        Ok((peak <= memory && self.descriptors <= descriptors, said))
    }
}
