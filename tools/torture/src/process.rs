//! What the kernel says about a process, and what it lets it have.

use harness::failure::{Doing, Failure, Result};
use harness::process;
use std::fs;
use std::process::Command;

/// A line of `/proc/PID/status` that counts memory, such as `VmRSS`; in bytes.
pub(crate) fn memory(pid: u32, line: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).doing("read what a process uses")?;
    in_bytes(&status, line).ok_or_else(|| Failure::new(format!("no {line} of process {pid}")))
}

/// How many descriptors it has open.
pub(crate) fn descriptors(pid: u32) -> Result<u64> {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).doing("count the descriptors of a process")?;
    Ok(open.count() as u64)
}

/// Limits a running process, as `prlimit` of util-linux names it, such as `nofile` or `fsize`; [`None`] lifts the limit.
pub(crate) fn limit(pid: u32, what: &str, most: Option<u64>) -> Result<()> {
    // Only the soft limit, so that it can be raised again.
    let most = most.map_or_else(|| "unlimited".to_owned(), |most| most.to_string());
    process::capture(
        Command::new("prlimit").args(["--pid", &pid.to_string()]).arg(format!("--{what}={most}:")),
    )
    .map(drop)
}

fn in_bytes(status: &str, line: &str) -> Option<u64> {
    let rest = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':'))?;
    let kilobytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_its_own_line() {
        let status = "Name:\tx\nVmRSSx:\t 9 kB\nVmRSS:\t   12 kB\n";
        assert_eq!(in_bytes(status, "VmRSS"), Some(12 * 1024));
        assert_eq!(in_bytes(status, "VmHWM"), None);
        assert!(memory(std::process::id(), "VmRSS").unwrap() > 0);
        assert!(descriptors(std::process::id()).unwrap() > 2);
    }
}
