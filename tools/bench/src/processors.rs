//! Who runs on which processor.
//!
//! One question at a time takes as long as its threads need to wake each other. That depends on whether they share a
//! processor, which the system decides by chance and then keeps for seconds: two equal servers differ by a third.

use std::io::{Error, Result};
use std::process::{Command, Stdio};

use crate::server::Server;

/// Keeps the servers on the second processor and this process on the first, with all threads they have or will have.
pub fn apart<'a>(servers: impl IntoIterator<Item = &'a Server>) -> Result<()> {
    keep(std::process::id(), 0)?;
    servers.into_iter().try_for_each(|server| keep(server.id(), 1))
}

fn keep(process: u32, processor: u32) -> Result<()> {
    let (process, processor) = (process.to_string(), processor.to_string());
    let mut taskset = Command::new("taskset");
    taskset.args(["--all-tasks", "--pid", "--cpu-list", &processor, &process]).stdout(Stdio::null());
    let status = taskset.status().map_err(|e| Error::other(format!("taskset, of util-linux: {e}")))?;
    if status.success() { Ok(()) } else { Err(Error::other("taskset: two processors are needed")) }
}
