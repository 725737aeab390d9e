//! Whether a directory and the files in it can be somebody else's work. Asked before what lies there is believed.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What of a mode lets a group and all others change what lies there.
const OTHERS_WRITE: u32 = 0o022;
const ROOT: u32 = 0;

/// Refuses a directory of another user, also as root: its owner could put other keys there, and could not read what root writes. And
/// one that others may write to, unless it is empty: what lies there may be theirs. One that is not there yet is nobody's.
pub fn check_dir(path: &Path) -> Result<()> {
    let there = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        there => there?,
    };
    // A link's owner decides where it leads.
    check_owner(&fs::symlink_metadata(path)?, &[ROOT, there.uid()])?;
    let (owner, own) = (there.uid(), own());
    if owner != own {
        return refused(format!(
            "this directory belongs to user {owner}, and this program runs as user {own}: run it as user {owner} (sudo -u \
             '#{owner}'), or name another directory"
        ));
    }
    check_dirs_mode(&there, path)
}

/// Refuses a directory that others may write to, unless it is empty.
fn check_dirs_mode(there: &Metadata, path: &Path) -> Result<()> {
    if there.mode() & OTHERS_WRITE == 0 || fs::read_dir(path)?.next().is_none() {
        return Ok(());
    }
    refused(
        "others may write to this directory, so what lies in it may be theirs: run chmod 700 on it if you know that it is not, or \
         restore it from a backup"
            .to_owned(),
    )
}

/// Refuses a file of another user than this one and root, and one that others may write to. One that is not there is an error.
pub fn check_file(path: &Path) -> Result<()> {
    check_file_of(path, &[ROOT, own()])
}

/// Opens a file that [`check_file`] does not refuse.
pub fn open(path: &Path) -> Result<File> {
    open_of(path, &[ROOT, own()])
}

/// Opens a file in a directory that one names to read this file alone: root may look at a directory of another user, and then a file
/// of that user counts as the directory does.
pub fn open_in(dir: &Path, name: &str) -> Result<File> {
    let there = fs::metadata(dir)?;
    let own = own();
    let owners = if own == ROOT { vec![ROOT, there.uid()] } else { vec![ROOT, own] };
    check_owner(&fs::symlink_metadata(dir)?, &owners)?;
    check_owner(&there, &owners)?;
    check_dirs_mode(&there, dir)?;
    open_of(&dir.join(name), &owners)
}

fn open_of(path: &Path, owners: &[u32]) -> Result<File> {
    // Before it is opened: a pipe that somebody put there would not let go.
    check_file_of(path, owners)?;
    let file = OpenOptions::new().read(true).open(path)?;
    check(&file.metadata()?, owners)?;
    Ok(file)
}

/// A link's owner decides where it leads.
fn check_file_of(path: &Path, owners: &[u32]) -> Result<()> {
    check_owner(&fs::symlink_metadata(path)?, owners)?;
    check(&fs::metadata(path)?, owners)
}

fn check(there: &Metadata, owners: &[u32]) -> Result<()> {
    check_owner(there, owners)?;
    // What a directory of that name is no good for, the system says better.
    if !there.is_file() && !there.is_dir() {
        return refused("this is no file: remove it".to_owned());
    }
    if there.mode() & OTHERS_WRITE == 0 {
        return Ok(());
    }
    refused("others may write to it: run chmod 600 on it if you know that nobody did, or restore it from a backup".to_owned())
}

fn check_owner(there: &Metadata, owners: &[u32]) -> Result<()> {
    let (owner, own) = (there.uid(), own());
    if owners.contains(&owner) {
        return Ok(());
    }
    refused(format!(
        "it belongs to user {owner}, and this program runs as user {own}: run chown {own} on it if you know that it is yours, or \
         restore it from a backup"
    ))
}

fn own() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn refused(why: String) -> Result<()> {
    Err(Error::new(ErrorKind::PermissionDenied, why))
}
