//! A small file system of the run's own, which can be filled.

use harness::failure::{Doing, Failure, Result};
use harness::process;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is free on it after room was made: more than the load writes in a round.
const ROOM: u64 = 256 << 20;
/// How much of that is left to the file that fills it.
const FILLED: u64 = 8 << 20;
const CHUNK: usize = 64 << 10;

/// A mounted file system; unmounted when this is dropped, with all that lies on it.
pub(super) struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Mounts one at this folder, which is made.
    pub(super) fn mount(path: &Path) -> Result<Self> {
        fs::create_dir(path).doing("make a folder")?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("mode=0755,size={ROOM}"), "sealgate-torture"]).arg(path);
        process::capture(&mut mount)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Where it is mounted.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Fills it with a file, but for so many bytes.
    pub(super) fn fill(&self, leaving: u64) -> Result<()> {
        self.resize(FILLED)?;
        let mut filler = File::create(self.filler()).doing("make the file that fills a disk")?;
        let zeros = vec![0; CHUNK];
        loop {
            match filler.write(&zeros) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(Failure::new(format!("could not fill a disk: {error}"))),
            }
        }
        let length = filler.metadata().doing("look at the file that fills a disk")?.len();
        filler.set_len(length.saturating_sub(leaving)).doing("leave some room")
    }

    /// Removes what filled it. What was written meanwhile stays, and there is as much room again as in the beginning.
    pub(super) fn make_room(&self) -> Result<()> {
        match fs::remove_file(self.filler()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Failure::new(format!("could not empty a disk: {error}")));
            }
            _ => {}
        }
        self.resize(ROOM)
    }

    /// As large as what is on it, and so much more.
    fn resize(&self, more: u64) -> Result<()> {
        let size = format!("remount,size={}", self.used()? + more);
        process::capture(Command::new("mount").args(["-o", &size]).arg(&self.path)).map(drop)
    }

    fn used(&self) -> Result<u64> {
        let table =
            process::capture(Command::new("df").args(["--output=used", "--block-size=1"]).arg(&self.path))?;
        let used = table.lines().last().and_then(|line| line.trim().parse().ok());
        used.ok_or_else(|| Failure::new(format!("df said: {table}")))
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Somebody may still hold a file: then it goes with the last of them.
        if let Err(failure) = process::capture(Command::new("umount").arg("--lazy").arg(&self.path)) {
            eprintln!("{} may still be mounted: {failure}", self.path.display());
        }
    }
}
