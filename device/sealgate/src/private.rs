//! Files that are the program's own: whether a folder and the files in it can be somebody else's work, asked before what lies
//! there is believed; how they are made, locked and made durable.
#![expect(clippy::disallowed_methods, reason = "part of the file adapter")]

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::wait;

const LOCK: &str = "lock";
/// Whoever holds it writes a file or two. Blocks a wait without end, for a process that was stopped meanwhile.
const LOCKED: Duration = Duration::from_secs(10);
/// How long apart it is asked for: each pause is twice as long as the one before, up to this.
const PAUSE: Duration = Duration::from_millis(50);

/// The two copies of the state, in turn.
pub(crate) const COPIES: [&str; 2] = ["state.0", "state.1"];
/// What lies beside them, and is written once.
pub(crate) const KEY: &str = "state.key";
/// The one file of the first version.
pub(crate) const FIRST: &str = "state.json";
/// What the vendor took back.
pub(crate) const REVOCATIONS: &str = "revocations.sgsnap";
/// What the program recorded of itself, and what nobody takes any more.
pub(crate) const CHAIN: [&str; 2] = ["chain.log", "chain.dead"];

/// A folder with any of these has a state in it.
#[cfg(unix)]
fn has_state(folder: &Path) -> bool {
    let mut files = COPIES.into_iter().chain(CHAIN).chain([KEY, FIRST, REVOCATIONS]);
    files.any(|name| std::fs::symlink_metadata(folder.join(name)).is_ok())
}

/// Makes the folder, and closes one that is there to its group and all others. One that [`check_folder`] refuses stays as it is.
#[cfg(unix)]
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    check_folder(folder)?;
    let mode = std::fs::metadata(folder)?.permissions().mode();
    if mode & unix::OTHERS == 0 {
        return Ok(());
    }
    let is_shared = mode & unix::SHARED != 0;
    let is_closed =
        !is_shared && std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).is_ok();
    // Where others may only look, they see names: the file is its owner's.
    if is_closed || mode & unix::OTHERS_WRITE == 0 {
        return Ok(());
    }
    Err(unix::refused("others may write to this folder: name one of the program's own".to_owned()))
}

/// Refuses a folder of another user, one that is everybody's like `/tmp`, and one with a state in it that others may write to:
/// the state may be theirs. One that is not there yet is nobody's.
#[cfg(unix)]
pub(crate) fn check_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let there = match std::fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        there => there?,
    };
    let (owner, own) = (there.uid(), unix::own());
    if owner != own {
        let why = format!(
            "this folder belongs to user {owner}, and the program runs as user {own}: run it as user {owner}, or name another folder"
        );
        return Err(unix::refused(why));
    }
    // A link's owner decides where it leads.
    unix::check_owner(&std::fs::symlink_metadata(folder)?, folder)?;
    if there.mode() & unix::OTHERS_WRITE == 0 {
        return Ok(());
    }
    if there.mode() & unix::SHARED != 0 {
        let why = "others may write to this folder, and it is shared: name one of the program's own";
        return Err(unix::refused(why.to_owned()));
    }
    if has_state(folder) {
        let why = "others may write to this folder, so the state in it may be theirs: run chmod 700 on the folder if you know that \
                   it is not, or delete the folder";
        return Err(unix::refused(why.to_owned()));
    }
    Ok(())
}

/// Opens a file in such a folder. One of another user is refused, unless it is root's, and so is one that others may write to.
#[cfg(unix)]
pub(crate) fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        link => {
            unix::check_owner(&link?, path)?;
            // Before it is opened: a pipe that somebody put there would not let go.
            unix::check_file(&std::fs::metadata(path)?, path)?;
        }
    }
    let file = options.open(path)?;
    unix::check_file(&file.metadata()?, path)?;
    Ok(file)
}

#[cfg(unix)]
mod unix {
    use std::fs::Metadata;
    use std::io;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    /// What a group and all others may do, and what of it changes what lies there.
    pub(super) const OTHERS: u32 = 0o077;
    pub(super) const OTHERS_WRITE: u32 = 0o022;
    /// Nobody deletes the files of others in it, as in `/tmp`.
    pub(super) const SHARED: u32 = 0o1000;
    const ROOT: u32 = 0;

    pub(super) fn own() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    pub(super) fn check_owner(there: &Metadata, path: &Path) -> io::Result<()> {
        let (owner, own) = (there.uid(), own());
        if [ROOT, own].contains(&owner) {
            return Ok(());
        }
        let name = path.file_name().unwrap_or_default().display();
        Err(refused(format!(
            "{name} belongs to user {owner}, and the program runs as user {own}: run chown {own} on it if you know that it is \
             yours, or delete it"
        )))
    }

    pub(super) fn check_file(there: &Metadata, path: &Path) -> io::Result<()> {
        check_owner(there, path)?;
        let name = path.file_name().unwrap_or_default().display();
        // What a folder of that name is no good for, the system says better.
        if !there.is_file() && !there.is_dir() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name} is no file: delete it")));
        }
        if there.mode() & OTHERS_WRITE == 0 {
            return Ok(());
        }
        Err(refused(format!(
            "others may write to {name}: run chmod 600 on it if you know that nobody did, or delete it"
        )))
    }

    pub(super) fn refused(why: String) -> io::Error {
        io::Error::new(io::ErrorKind::PermissionDenied, why)
    }
}

#[cfg(not(unix))]
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

#[cfg(not(unix))]
pub(crate) fn check_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

/// Keeps other processes out of the folder while it lives. It is released with the process, whatever ends it.
/// Nobody is waited for without end: then the error is of the kind `ResourceBusy`.
pub(crate) fn lock(folder: &Path) -> io::Result<File> {
    lock_within(folder, LOCKED)
}

#[expect(clippy::disallowed_methods, reason = "no system tells within a time that a file's lock is free")]
fn lock_within(folder: &Path, most: Duration) -> io::Result<File> {
    let (began, mut pause) = (Instant::now(), Duration::from_millis(1));
    loop {
        match try_lock(folder, LOCK) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
            locked => return locked,
        }
        if began.elapsed() >= most {
            let why = "another process holds the file `lock` in this folder: wait for it, or end it if it was stopped";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, why));
        }
        wait::pause(pause);
        pause = PAUSE.min(pause * 2);
    }
}

/// The same by a lock of its own. Whoever holds it is not waited for: the error is of the kind `ResourceBusy`.
pub(crate) fn try_lock(folder: &Path, name: &str) -> io::Result<File> {
    let file = open_lock(folder, name)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::ResourceBusy.into()),
        // Where the file system knows no locks, one process has the folder to itself, or nothing helps.
        Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => Err(error),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

fn open_lock(folder: &Path, name: &str) -> io::Result<File> {
    let mut options = for_owner();
    options.read(true).write(true).create(true).truncate(false);
    // Another user who has it open could hold the lock for ever.
    open(&options, &folder.join(name))
}

/// Of what is made with it, nobody else reads anything.
#[cfg(unix)]
pub(crate) fn for_owner() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
pub(crate) fn for_owner() -> OpenOptions {
    OpenOptions::new()
}

/// The rename is durable once the folder is.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::{lock, lock_within};

    /// A process that was stopped within its write holds it for good.
    #[test]
    fn a_lock_that_stays_held_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = lock(folder.path()).expect("nobody holds it");
        let busy = lock_within(folder.path(), Duration::from_millis(20)).expect_err("it is held");
        assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
        assert!(busy.to_string().contains("another process"), "{busy}");
        drop(held);
        lock(folder.path()).expect("it is free");
    }
}
