//! The file keystore through its public door.
#![expect(clippy::disallowed_methods, reason = "the tests damage key files")]

mod planted;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sealgate_artifact::{Code, KeyUse, Kind, PublicKey};
use sealgate_signer::{Keystore, KeystoreError, Unlock};
use sealgate_trust::{Message, SignError, Signer, ed25519};
use zeroize::Zeroizing;

fn passphrase(text: &str) -> Unlock {
    Unlock::Passphrase(Zeroizing::new(text.to_owned()))
}

fn open(dir: &Path, unlock: &Unlock) -> Result<Keystore, KeystoreError> {
    Keystore::open_or_create(dir, unlock, "0190f0f0-0000-7000-8000-000000000000")
}

#[test]
fn keys_and_secrets_survive_reopening() {
    for unlock in [Unlock::File, passphrase("correct horse")] {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), &unlock).unwrap();
        let key = first.generate(KeyUse::App).unwrap();
        let sig = first.sign(key.id(KeyUse::App), Message::AppAnswer("e30=")).unwrap();
        let secret = *first.secret("pepper-v1").unwrap().expose();
        drop(first);

        let again = open(dir.path(), &unlock).unwrap();
        assert_eq!(again.sign(key.id(KeyUse::App), Message::AppAnswer("e30=")).unwrap(), sig);
        assert_eq!(again.secret("pepper-v1").unwrap().expose(), &secret);
        assert!(ed25519::verify(&key, b"e30=", &sig));
    }
}

#[test]
fn what_the_disk_does_not_take_or_give_is_not_now_and_not_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let keystore = open(&dir.path().join("keys"), &Unlock::File).unwrap();
    let key = keystore.generate(KeyUse::App).unwrap();
    // In the place of the directory there is a file, where nothing can be made or read.
    let elsewhere = dir.path().join("elsewhere");
    fs::rename(dir.path().join("keys"), &elsewhere).unwrap();
    fs::write(dir.path().join("keys"), "").unwrap();
    let made = keystore.generate(KeyUse::App).map(|_| ());
    let read = Keystore::sign(&keystore, key.id(KeyUse::App), Message::AppAnswer("e30=")).map(|_| ());
    for refused in [made, read] {
        assert_eq!(refused.map_err(|error| error.code()), Err(Code::Unavailable));
    }
    fs::remove_file(dir.path().join("keys")).unwrap();
    fs::rename(elsewhere, dir.path().join("keys")).unwrap();
    assert!(keystore.generate(KeyUse::App).is_ok());
}

#[test]
fn a_wrong_passphrase_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), &passphrase("right")).unwrap());
    for unlock in [passphrase("wrong"), Unlock::File] {
        assert_eq!(open(dir.path(), &unlock).err().map(|e| e.code()), Some(Code::KeystoreLocked));
    }
    assert!(open(dir.path(), &passphrase("right")).is_ok());
}

#[test]
fn without_its_unlock_file_a_copy_is_useless() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), &Unlock::File).unwrap());
    fs::remove_file(dir.path().join("unlock.key")).unwrap();
    assert_eq!(open(dir.path(), &Unlock::File).err().map(|e| e.code()), Some(Code::KeystoreLocked));
}

#[test]
fn a_key_signs_only_what_its_use_covers() {
    let dir = tempfile::tempdir().unwrap();
    let keystore = open(dir.path(), &Unlock::File).unwrap();
    for key_use in KeyUse::ALL {
        let id = keystore.generate(key_use).unwrap().id(key_use);
        let messages = Kind::ALL
            .map(|kind| Message::Statement(kind, b"{}"))
            .into_iter()
            .chain([Message::AppAnswer("e30=")]);
        for message in messages {
            match keystore.sign(id, message) {
                Ok(_) => assert_eq!(message.signing_use(), key_use),
                Err(SignError::KeyMisuse(..)) => assert_ne!(message.signing_use(), key_use),
                Err(other) => panic!("{other}"),
            }
        }
    }
}

#[test]
fn a_changed_byte_anywhere_in_a_key_file_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let key = open(dir.path(), &Unlock::File).unwrap().generate(KeyUse::Issuer).unwrap();
    let path = dir.path().join(format!("{}.key", key.id(KeyUse::Issuer)));
    let sound = fs::read(&path).unwrap();
    for at in 0..sound.len() {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x04;
        fs::write(&path, &damaged).unwrap();
        let signed = open(dir.path(), &Unlock::File)
            .unwrap()
            .sign(key.id(KeyUse::Issuer), Message::Statement(Kind::License, b"{}"));
        assert!(matches!(signed, Err(SignError::Storage(_))), "byte {at}: {signed:?}");
    }
}

#[test]
fn nobody_else_may_read_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("keys");
    let keystore = open(&inner, &Unlock::File).unwrap();
    keystore.generate(KeyUse::Root).unwrap();
    keystore.secret("pepper-v1").unwrap();
    assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
    for file in fs::read_dir(&inner).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}

/// Whoever comes second finds what the first one made, and what was handed out stays.
#[test]
fn racers_on_one_directory_agree_on_every_file() {
    for unlock in [Unlock::File, passphrase("correct horse")] {
        let rounds = if matches!(unlock, Unlock::File) { 50 } else { 2 };
        for _ in 0..rounds {
            let dir = tempfile::tempdir().unwrap();
            let seen: Vec<(String, [u8; 32])> = std::thread::scope(|scope| {
                let racers = [(); 4].map(|()| {
                    scope.spawn(|| {
                        let keystore = open(dir.path(), &unlock).unwrap();
                        let secret = *keystore.secret("pepper-v1").unwrap().expose();
                        let key = keystore.generate(KeyUse::App).unwrap();
                        keystore.sign(key.id(KeyUse::App), Message::AppAnswer("e30=")).unwrap();
                        (keystore.installation().to_owned(), secret)
                    })
                });
                racers.map(|racer| racer.join().unwrap()).into()
            });
            let again = open(dir.path(), &unlock).unwrap();
            let there = (again.installation().to_owned(), *again.secret("pepper-v1").unwrap().expose());
            assert!(seen.iter().all(|racer| *racer == there), "all of them use what lies there");
            assert_eq!(again.keys_of(KeyUse::App).unwrap().len(), 4);
            let names = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name());
            assert!(names.into_iter().all(|name| !name.to_string_lossy().ends_with(".new")));
        }
    }
}

#[test]
fn a_keystore_is_only_opened_where_there_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let missing = Keystore::open_existing(dir.path(), &Unlock::File).err().map(|e| e.code());
    assert_eq!(missing, Some(Code::KeyMissing));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// A full disk, or a folder that is away for a while, is no damage: nobody restores a key store for it.
#[test]
fn what_cannot_be_written_or_read_now_is_not_called_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("keys");
    let keystore = open(&inner, &Unlock::File).unwrap();
    let key = keystore.generate(KeyUse::App).unwrap();
    let file = inner.join(format!("{}.key", key.id(KeyUse::App)));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let signed = keystore.sign(key.id(KeyUse::App), Message::AppAnswer("e30=")).err();
    fs::remove_dir_all(&inner).unwrap();
    let made = keystore.generate(KeyUse::App).err();
    for error in [signed, made] {
        assert_eq!(error.as_ref().map(SignError::code), Some(Code::Unavailable), "{error:?}");
    }
}

/// Its owner could put other keys there. Root may give a folder away; whoever may not has `/` for a folder of somebody else's.
#[test]
fn a_directory_of_another_user_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), &Unlock::File).unwrap());
    let is_root = std::os::unix::fs::chown(dir.path(), Some(65_534), None).is_ok();
    let theirs = if is_root { dir.path() } else { Path::new("/") };
    let again = [open(theirs, &Unlock::File), Keystore::open_existing(theirs, &Unlock::File)];
    for refused in again.into_iter().take(if is_root { 2 } else { 1 }) {
        let refused = refused.err().expect("it is somebody else's");
        assert_eq!(refused.code(), Code::FileUnreadable);
        assert!(refused.to_string().contains("belongs to user"), "{refused}");
    }
}

/// A revoked server that makes a new key, or one in a copied directory, must not go on with the other one's activation key.
#[test]
fn an_activation_key_goes_with_its_servers_key() {
    let dir = tempfile::tempdir().unwrap();
    let keystore = open(dir.path(), &Unlock::File).unwrap();
    let first = keystore.own_server().unwrap();
    assert_eq!(keystore.own_server().unwrap(), first, "made once");
    let file = |key: PublicKey, key_use: KeyUse| dir.path().join(format!("{}.key", key.id(key_use)));

    std::fs::remove_file(file(first.activation, KeyUse::Activation)).unwrap();
    let second = keystore.own_server().unwrap();
    assert!(second.server == first.server && second.activation != first.activation);

    std::fs::remove_file(file(first.server, KeyUse::Server)).unwrap();
    let third = keystore.own_server().unwrap();
    assert!(third.server != second.server && third.activation != second.activation);
    assert_eq!(keystore.keys_of(KeyUse::Activation).unwrap(), [third.activation], "the former one is gone");
    keystore.holds_only(&Keystore::OF_SERVERS).unwrap();
    let message = Message::Statement(Kind::ActivationProof, b"{}");
    keystore.sign(third.activation.id(KeyUse::Activation), message).unwrap();
    assert!(
        keystore.sign(third.server.id(KeyUse::Server), message).is_err(),
        "a server's key signs no proofs"
    );
}
