//! Room on the disk for what the stages build: a full disk in the middle reads like a fault of the code.

use crate::workspace::Workspace;
use harness::failure::{Doing, Failure, Result};
use std::fs;
use std::path::Path;

/// What a run from nothing writes: about 13 GiB of builds, and the databases of the tests beside them.
const WANTED: u64 = 20 << 30;
/// Cargo's folders of former builds, the cheapest to lose first.
const FORMER: [&str; 3] = ["debug/incremental", "debug/deps", "release"];

/// Removes former builds until there is enough room, and says which.
pub(super) fn make(workspace: &Workspace) -> Result<()> {
    let target = workspace.target();
    fs::create_dir_all(target).doing("make the target folder")?;
    for folder in FORMER.map(|name| target.join(name)) {
        if free(target)? >= WANTED {
            break;
        }
        if folder.exists() {
            println!("room: {}; removing {}", gibibytes(free(target)?), folder.display());
            fs::remove_dir_all(&folder).doing("remove a former build")?;
        }
    }
    println!("room: {}", gibibytes(free(target)?));
    Ok(())
}

/// Bytes that this user may still write beside `path`.
fn free(path: &Path) -> Result<u64> {
    let disk = rustix::fs::statvfs(path).map_err(|error| Failure::new(format!("ask the disk: {error}")))?;
    Ok(disk.f_bavail * disk.f_frsize)
}

fn gibibytes(bytes: u64) -> String {
    format!("{} GiB free", bytes >> 30)
}
