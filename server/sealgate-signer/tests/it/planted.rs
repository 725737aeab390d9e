//! What somebody else may have put into a key store, or changed in it, is not believed. Some of it needs root, who may give files away;
//! whoever is not root sees the rest.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};

use sealgate_artifact::{Code, KeyUse};
use sealgate_signer::{Keystore, Unlock, private};
use sealgate_trust::{Message, SignError, Signer};

use crate::open;

const SOMEBODY: u32 = 65_534;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is one's own");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// Both ways to open it refuse it, name this path, and say what to do.
fn is_refused(dir: &Path, path: &Path, fix: &str) {
    for opened in [open(dir, &Unlock::File), Keystore::open_existing(dir, &Unlock::File)] {
        let refused = opened.err().expect("it may be somebody else's");
        assert_eq!(refused.code(), Code::FileUnreadable, "{refused}");
        let told = refused.to_string();
        assert!(told.starts_with(&path.display().to_string()) && told.contains(fix), "{told}");
    }
}

#[test]
fn a_directory_that_others_may_write_to_is_not_believed_and_one_that_they_could_read_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    set_mode(dir.path(), 0o777);
    drop(open(dir.path(), &Unlock::File).expect("it is empty"));
    assert_eq!(mode(dir.path()), 0o700);
    for writable in [0o777, 0o770, 0o722, 0o1777] {
        set_mode(dir.path(), writable);
        is_refused(dir.path(), dir.path(), "chmod 700");
        assert_eq!(mode(dir.path()), writable & 0o777, "it stays refused until a person has looked");
    }
    for readable in [0o755, 0o750, 0o711] {
        set_mode(dir.path(), readable);
        assert!(Keystore::open_existing(dir.path(), &Unlock::File).is_ok());
        assert_eq!(mode(dir.path()), 0o700);
    }
}

#[test]
fn files_that_others_may_write_to_or_that_are_anothers_open_nothing() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), &Unlock::File).unwrap());
    for name in ["unlock.key", "keystore.json"] {
        let path = dir.path().join(name);
        for writable in [0o666, 0o620, 0o602] {
            set_mode(&path, writable);
            is_refused(dir.path(), &path, "chmod 600");
        }
        // As `cp` leaves a copy that was brought back.
        set_mode(&path, 0o644);
        assert!(open(dir.path(), &Unlock::File).is_ok());
        if chown(&path, Some(SOMEBODY), None).is_ok() {
            is_refused(dir.path(), &path, "chown 0");
            chown(&path, Some(0), None).unwrap();
        }
        behind_a_link(dir.path(), &path);
        assert!(open(dir.path(), &Unlock::File).is_ok());
    }
}

/// One's own link to one's own file is as good as the file.
fn behind_a_link(dir: &Path, path: &Path) {
    let aside = path.with_extension("aside");
    fs::rename(path, &aside).expect("it is there");
    symlink(&aside, path).expect("its name is free");
    assert!(open(dir, &Unlock::File).is_ok());
    if lchown(path, Some(SOMEBODY), None).is_ok() {
        is_refused(dir, path, "chown 0");
    }
    fs::remove_file(path).expect("it is there");
    assert!(std::process::Command::new("mkfifo").arg(path).status().expect("it runs").success());
    is_refused(dir, path, "remove it");
    fs::remove_file(path).expect("it is there");
    fs::rename(aside, path).expect("its name is free");
}

/// Somebody's link may lead to an older copy of the directory tomorrow.
#[test]
fn a_directory_behind_anothers_link_is_not_believed() {
    let outer = tempfile::tempdir().unwrap();
    let (keys, link) = (outer.path().join("keys"), outer.path().join("link"));
    fs::create_dir(&keys).unwrap();
    set_mode(&keys, 0o700);
    symlink(&keys, &link).unwrap();
    assert!(open(&link, &Unlock::File).is_ok(), "one's own");
    if lchown(&link, Some(SOMEBODY), None).is_ok() {
        is_refused(&link, &link, "chown 0");
    }
}

#[test]
fn keys_and_secrets_that_others_may_write_to_are_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let keystore = open(dir.path(), &Unlock::File).unwrap();
    let key = keystore.generate(KeyUse::App).unwrap().id(KeyUse::App);
    keystore.secret("pepper-v1").unwrap();
    keystore.note_founded().unwrap();
    let all: [PathBuf; 3] = [format!("{key}.key"), "pepper-v1.secret".to_owned(), "founded".to_owned()]
        .map(|name| dir.path().join(name));
    for path in &all {
        set_mode(path, 0o666);
    }
    let signed = keystore
        .sign(key, Message::AppAnswer("e30="))
        .map(drop)
        .map_err(|error: SignError| error.to_string());
    let told = [
        signed,
        keystore.keys_of(KeyUse::App).map(drop).map_err(|error| error.to_string()),
        keystore.secret("pepper-v1").map(drop).map_err(|error| error.to_string()),
        keystore.has_founded().map(drop).map_err(|error| error.to_string()),
    ];
    for (told, path) in told.into_iter().zip([&all[0], &all[0], &all[1], &all[2]]) {
        let told = told.expect_err("somebody else may have written it");
        assert!(told.contains(&path.display().to_string()) && told.contains("chmod 600"), "{told}");
    }
    for path in &all {
        set_mode(path, 0o600);
    }
    keystore.sign(key, Message::AppAnswer("e30=")).expect("nobody did");
}

/// A file in a directory that is looked at: root may look at another user's, and believes that user there, and nobody else.
#[test]
fn a_file_is_read_as_its_directory_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("admin.token");
    fs::write(&path, "token").unwrap();
    let opened = || private::open_in(dir.path(), "admin.token").map(drop).map_err(|error| error.to_string());
    opened().expect("one's own");
    if chown(&path, Some(SOMEBODY), None).is_ok() {
        assert!(opened().expect_err("another's in one's own").contains("chown 0"));
        chown(dir.path(), Some(SOMEBODY), None).unwrap();
        opened().expect("the server's user has both");
        chown(&path, Some(SOMEBODY - 1), None).unwrap();
        assert!(opened().expect_err("a third one's").contains("belongs to user 65533"));
        chown(&path, Some(0), None).unwrap();
        opened().expect("root's");
    }
    set_mode(&path, 0o622);
    assert!(opened().expect_err("anybody's").contains("chmod 600"));
    set_mode(&path, 0o600);
    set_mode(dir.path(), 0o777);
    assert!(opened().expect_err("in anybody's").contains("chmod 700"));
}
