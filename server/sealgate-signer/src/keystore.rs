//! The encrypted file keystore: a directory with one sealed file per key and per secret.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use base64::{Engine, engine::general_purpose::STANDARD};
use sealgate_artifact::{KeyId, KeyUse, PublicKey};
use sealgate_trust::{Message, SignError, Signer};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::keypair::LoadedKey;
use crate::sealing::{MasterKey, random};
use crate::{KeystoreError, files};

const HEAD: &str = "keystore.json";
const UNLOCK_FILE: &str = "unlock.key";
const SECRET: &str = "secret";
/// There once a database was founded with these keys.
const FOUNDED: &str = "founded";
/// There in a keystore that another one shared with: no installation is founded with what it holds.
const SHARED: &str = "shared";
const PROOF: &[u8] = b"sealgate keystore";

/// What opens a keystore.
pub enum Unlock {
    /// A passphrase. Protects the keys of a stolen machine that is switched off.
    Passphrase(Zeroizing<String>),
    /// A 0600 file beside the keys. Protects only backups that leave it out.
    File,
}

/// 32 secret bytes that are no key pair: a pepper, a session key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; 32]);

impl Secret {
    /// The bytes, for the one computation they are made for.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The keys that a license server made for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnKeys {
    /// By which clients know it.
    pub server: PublicKey,
    /// By which it signs activation proofs.
    pub activation: PublicKey,
}

/// An open keystore.
pub struct Keystore {
    dir: PathBuf,
    installation: String,
    master: MasterKey,
    loaded: RwLock<HashMap<KeyId, Arc<LoadedKey>>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: u32,
    installation: String,
    salt: Option<String>,
    proof: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    r#use: String,
    public_key: String,
    sealed: String,
}

impl Keystore {
    /// Whether somebody made a keystore in `dir`.
    pub fn is_in(dir: &Path) -> bool {
        dir.join(HEAD).exists()
    }

    /// Opens the keystore in `dir`, or makes one there. `new_installation` names a new one and is ignored otherwise.
    pub fn open_or_create(
        dir: &Path,
        unlock: &Unlock,
        new_installation: &str,
    ) -> Result<Self, KeystoreError> {
        files::make_private_dir(dir)?;
        match files::read(&dir.join(HEAD))? {
            Some(head) => Self::open(dir, unlock, &head),
            None => Self::create(dir, unlock, new_installation),
        }
    }

    /// Opens the keystore in `dir`, where somebody made one.
    pub fn open_existing(dir: &Path, unlock: &Unlock) -> Result<Self, KeystoreError> {
        files::check_dir(dir)?;
        let head = files::read(&dir.join(HEAD))?.ok_or_else(|| KeystoreError::Missing(dir.to_owned()))?;
        files::make_private_dir(dir)?;
        Self::open(dir, unlock, &head)
    }

    /// The id that the database must carry too.
    pub fn installation(&self) -> &str {
        &self.installation
    }

    /// Whether a database was founded with these keys: then an empty one is not theirs.
    pub fn has_founded(&self) -> Result<bool, KeystoreError> {
        Ok(files::read(&self.dir.join(FOUNDED))?.is_some())
    }

    /// Notes that a database was founded with these keys.
    pub fn note_founded(&self) -> Result<(), KeystoreError> {
        if self.has_founded()? {
            return Ok(());
        }
        files::create_durably(&self.dir.join(FOUNDED), self.installation.as_bytes()).map(drop)
    }

    /// Whether another keystore shared with this one, so that it is a runtime's.
    pub fn is_shared(&self) -> Result<bool, KeystoreError> {
        Ok(files::read(&self.dir.join(SHARED))?.is_some())
    }

    /// The public keys of that use that are kept here.
    pub fn keys_of(&self, key_use: KeyUse) -> Result<Vec<PublicKey>, KeystoreError> {
        let held = key_files(&self.dir)?.into_iter().map(|(path, text)| key_file(&path, &text));
        let held = held.collect::<Result<Vec<_>, _>>()?;
        Ok(held.into_iter().filter(|(held, _)| *held == key_use).map(|(_, key)| key).collect())
    }

    /// The uses of the keys that a license server makes for itself.
    pub const OF_SERVERS: [KeyUse; 2] = [KeyUse::Server, KeyUse::Activation];

    /// The key by which clients know the server that starts with this keystore, and the one by which it signs activation proofs;
    /// made where they are missing. An activation key belongs to one server's key: a new server in a copied directory, or
    /// after a revocation, makes both anew.
    pub fn own_server(&self) -> Result<OwnKeys, KeystoreError> {
        let first = |key_use: KeyUse| Ok::<_, KeystoreError>(self.keys_of(key_use)?.first().copied());
        let server = if let Some(key) = first(KeyUse::Server)? {
            key
        } else {
            // First, or a crash would leave the former one beside the new server's key.
            self.remove_all(KeyUse::Activation)?;
            self.make(KeyUse::Server)?
        };
        let activation = first(KeyUse::Activation)?.map_or_else(|| self.make(KeyUse::Activation), Ok)?;
        Ok(OwnKeys { server, activation })
    }

    fn remove_all(&self, key_use: KeyUse) -> Result<(), KeystoreError> {
        for (path, text) in key_files(&self.dir)? {
            if key_file(&path, &text)?.0 == key_use {
                files::remove(&path)?;
            }
        }
        Ok(())
    }

    /// Refuses a keystore in which a key of another use lies: a server that may be stolen must not hold it.
    pub fn holds_only(&self, uses: &[KeyUse]) -> Result<(), KeystoreError> {
        for (path, text) in key_files(&self.dir)? {
            let (key_use, _) = key_file(&path, &text)?;
            if !uses.contains(&key_use) {
                return Err(KeystoreError::NotForThisRole { path, key_use });
            }
        }
        Ok(())
    }

    /// Copies keys of these uses and these secrets into a keystore of the same installation, sealed under its own
    /// master key. What is there already stays; a secret that was made there is refused, or the two would never agree. Returns
    /// how many were added.
    pub fn share(
        &self,
        dir: &Path,
        unlock: &Unlock,
        uses: &[KeyUse],
        secrets: &[&str],
    ) -> Result<usize, KeystoreError> {
        let other = Self::open_or_create(dir, unlock, &self.installation)?;
        if other.installation != self.installation {
            return Err(invalid(&dir.join(HEAD), "of another installation"));
        }
        other.holds_only(&[uses, &Self::OF_SERVERS].concat())?;
        // All before anything is added: a directory with half of it would be of no use.
        for name in secrets {
            self.agrees(&other, name)?;
        }
        files::create_durably(&other.dir.join(SHARED), self.installation.as_bytes())?;
        let mut added = 0;
        for name in secrets {
            let path = other.secret_file(name);
            if files::read(&path)?.is_none() {
                let sealed = other.master.seal(self.secret(name)?.expose(), &secret_meaning(name));
                added += usize::from(files::create_durably(&path, &sealed)?);
            }
        }
        for (path, text) in key_files(&self.dir)? {
            let (key_use, public_key) = key_file(&path, &text)?;
            let there = other.key_path(public_key.id(key_use));
            if uses.contains(&key_use) && files::read(&there)?.is_none() {
                let seed = self.open_seed(&text).ok_or_else(|| invalid(&path, "not a sound key file"))?;
                let sealed = other.sealed_key(key_use, public_key, &seed);
                added += usize::from(files::create_durably(&there, &sealed)?);
            }
        }
        Ok(added)
    }

    /// Refuses another keystore that has a secret of that name which is not this one's, or a newer version of it.
    fn agrees(&self, other: &Self, name: &str) -> Result<(), KeystoreError> {
        let differs = |name: &str| KeystoreError::SecretDiffers(other.secret_file(name));
        if let Some(there) = other.stored_secret(name)?
            && self.secret(name)?.expose() != there.expose()
        {
            return Err(differs(name));
        }
        let (stem, version) = name.rsplit_once("-v").expect("names carry their version");
        match other.newest_version(stem)? {
            Some(newest) if version.parse().is_ok_and(|version: u32| newest > version) => {
                Err(differs(&versioned(stem, newest)))
            }
            _ => Ok(()),
        }
    }

    /// The secret of that name, if it is here.
    pub fn existing_secret(&self, name: &str) -> Result<Secret, KeystoreError> {
        self.stored_secret(name)?.ok_or_else(|| KeystoreError::SecretMissing(name.to_owned()))
    }

    /// The secret of that name, made on first use. Names carry their version, as in `license-key-pepper-v1`.
    pub fn secret(&self, name: &str) -> Result<Secret, KeystoreError> {
        if let Some(secret) = self.stored_secret(name)? {
            return Ok(secret);
        }
        let sealed = self.master.seal(&random::<32>(), &secret_meaning(name));
        files::create_durably(&self.secret_file(name), &sealed)?;
        // Somebody else may have made it at the same time: what lies there counts.
        self.existing_secret(name)
    }

    /// The newest secret's name of those that differ in their version alone: `session` gives `session-v2` where there are
    /// two. Where there is none, the first version's.
    pub fn newest(&self, stem: &str) -> Result<String, KeystoreError> {
        Ok(versioned(stem, self.newest_version(stem)?.unwrap_or(1)))
    }

    /// Makes the next version of a secret, and returns its name. Who shows what was made with an earlier one is believed
    /// no longer, by those who only take the newest.
    pub fn renew_secret(&self, stem: &str) -> Result<String, KeystoreError> {
        let next = self.newest_version(stem)?.map_or(1, |newest| newest.saturating_add(1));
        let name = versioned(stem, next);
        self.secret(&name)?;
        Ok(name)
    }

    fn newest_version(&self, stem: &str) -> Result<Option<u32>, KeystoreError> {
        let version = |path: &PathBuf| -> Option<u32> {
            let name = path.file_stem()?.to_str()?;
            name.strip_prefix(stem)?.strip_prefix("-v")?.parse().ok()
        };
        Ok(files::named(&self.dir, SECRET)?.iter().filter_map(version).max())
    }

    fn stored_secret(&self, name: &str) -> Result<Option<Secret>, KeystoreError> {
        let path = self.secret_file(name);
        let Some(sealed) = files::read(&path)? else { return Ok(None) };
        let bytes = self.master.open(&sealed, &secret_meaning(name));
        let bytes = bytes.ok_or_else(|| invalid(&path, "does not open"))?;
        let bytes: [u8; 32] = bytes[..].try_into().map_err(|_| invalid(&path, "not 32 bytes"))?;
        Ok(Some(Secret(bytes)))
    }

    fn secret_file(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.{SECRET}"))
    }

    fn create(dir: &Path, unlock: &Unlock, installation: &str) -> Result<Self, KeystoreError> {
        let (master, salt) = match unlock {
            Unlock::Passphrase(passphrase) => {
                let salt: [u8; 16] = random();
                (MasterKey::from_passphrase(passphrase.as_bytes(), &salt), Some(STANDARD.encode(salt)))
            }
            Unlock::File => {
                let text = Zeroizing::new(STANDARD.encode(*Zeroizing::new(random::<32>())));
                let path = dir.join(UNLOCK_FILE);
                // Where one lies already, somebody else is here, or began and did not come to the end.
                files::create_durably(&path, text.as_bytes())?;
                (read_unlock_file(&path)?, None)
            }
        };
        let proof = STANDARD.encode(master.seal(PROOF, installation.as_bytes()));
        let head = Head { format: 1, installation: installation.to_owned(), salt, proof };
        let text = serde_json::to_vec_pretty(&head).expect("strings and numbers can be written");
        if !files::create_durably(&dir.join(HEAD), &text)? {
            return Self::open_existing(dir, unlock);
        }
        Ok(Self::new(dir, head.installation, master))
    }

    fn open(dir: &Path, unlock: &Unlock, head: &[u8]) -> Result<Self, KeystoreError> {
        let path = dir.join(HEAD);
        let head: Head = serde_json::from_slice(head).map_err(|_| invalid(&path, "not a keystore head"))?;
        if head.format != 1 {
            return Err(invalid(&path, "made by a newer version of this program"));
        }
        let master = match (&head.salt, unlock) {
            (Some(salt), Unlock::Passphrase(passphrase)) => {
                let salt =
                    decode(salt).and_then(|s| s.try_into().ok()).ok_or_else(|| invalid(&path, "bad salt"))?;
                MasterKey::from_passphrase(passphrase.as_bytes(), &salt)
            }
            (Some(_), Unlock::File) => return Err(KeystoreError::PassphraseNeeded),
            (None, Unlock::File) => read_unlock_file(&dir.join(UNLOCK_FILE))?,
            (None, Unlock::Passphrase(_)) => return Err(KeystoreError::NoPassphrase),
        };
        let proof = decode(&head.proof).ok_or_else(|| invalid(&path, "bad proof"))?;
        master.open(&proof, head.installation.as_bytes()).ok_or(KeystoreError::Locked)?;
        Ok(Self::new(dir, head.installation, master))
    }

    fn new(dir: &Path, installation: String, master: MasterKey) -> Self {
        Self { dir: dir.to_owned(), installation, master, loaded: RwLock::default() }
    }

    fn loaded(&self, id: KeyId) -> Result<Arc<LoadedKey>, SignError> {
        if let Some(key) = self.loaded.read().expect("no holder of this lock panics").get(&id) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(self.load(id)?);
        self.loaded.write().expect("no holder of this lock panics").insert(id, Arc::clone(&key));
        Ok(key)
    }

    fn load(&self, id: KeyId) -> Result<LoadedKey, SignError> {
        let path = self.key_path(id);
        let text = files::read(&path).map_err(|e| storage(&e))?.ok_or(SignError::KeyMissing(id))?;
        let read = || {
            let file: KeyFile = serde_json::from_slice(&text).ok()?;
            let key_use = KeyUse::parse(&file.r#use)?;
            let public_key = PublicKey::parse(&file.public_key).ok()?;
            let seed = self.master.open(&decode(&file.sealed)?, &meaning(key_use, public_key))?;
            let key = LoadedKey::from_seed(key_use, &seed)?;
            // The file is named for its key, and the seed decides which key that is.
            (key.public_key() == public_key && public_key.id(key_use) == id).then_some(key)
        };
        read().ok_or_else(|| storage(&invalid(&path, "not a sound key file")))
    }

    fn open_seed(&self, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let file: KeyFile = serde_json::from_slice(text).ok()?;
        let (key_use, public_key) = (KeyUse::parse(&file.r#use)?, PublicKey::parse(&file.public_key).ok()?);
        let sealed = decode(&file.sealed)?;
        Some(Zeroizing::new(self.master.open(&sealed, &meaning(key_use, public_key))?.to_vec()))
    }

    fn sealed_key(&self, key_use: KeyUse, public_key: PublicKey, seed: &[u8]) -> Vec<u8> {
        let file = KeyFile {
            r#use: key_use.to_string(),
            public_key: public_key.to_string(),
            sealed: STANDARD.encode(self.master.seal(seed, &meaning(key_use, public_key))),
        };
        serde_json::to_vec_pretty(&file).expect("strings can be written")
    }

    fn make(&self, key_use: KeyUse) -> Result<PublicKey, KeystoreError> {
        let seed = Zeroizing::new(random::<32>());
        let key = LoadedKey::from_seed(key_use, &*seed).expect("a seed of 32 random bytes makes a sound key");
        let public_key = key.public_key();
        let text = self.sealed_key(key_use, public_key, &*seed);
        files::create_durably(&self.key_path(public_key.id(key_use)), &text)?;
        Ok(public_key)
    }

    fn key_path(&self, id: KeyId) -> PathBuf {
        self.dir.join(format!("{id}.key"))
    }
}

impl Signer for Keystore {
    fn generate(&self, key_use: KeyUse) -> Result<PublicKey, SignError> {
        self.make(key_use).map_err(|e| storage(&e))
    }

    fn sign(&self, key: KeyId, message: Message<'_>) -> Result<[u8; 64], SignError> {
        self.loaded(key)?.sign(message)
    }

    fn check(&self, key: KeyId) -> Result<(), SignError> {
        self.loaded(key)?.check()
    }
}

fn read_unlock_file(path: &Path) -> Result<MasterKey, KeystoreError> {
    let text = Zeroizing::new(files::read(path)?.ok_or(KeystoreError::Locked)?);
    let bytes = Zeroizing::new(STANDARD.decode(text.trim_ascii()).map_err(|_| invalid(path, "not base64"))?);
    let bytes: &[u8; 32] = bytes[..].try_into().map_err(|_| invalid(path, "not 32 bytes"))?;
    Ok(MasterKey::from_bytes(bytes))
}

/// Every key file: named for its key, so the unlock file is none.
fn key_files(dir: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, KeystoreError> {
    let is_named = |path: &Path| {
        path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| KeyId::parse(stem).is_some())
    };
    let all = files::read_all(dir, "key")?;
    Ok(all.into_iter().filter(|(path, _)| is_named(path)).collect())
}

/// What a key file says of itself; nothing of it is believed.
fn key_file(path: &Path, text: &[u8]) -> Result<(KeyUse, PublicKey), KeystoreError> {
    let read = || {
        let file: KeyFile = serde_json::from_slice(text).ok()?;
        Some((KeyUse::parse(&file.r#use)?, PublicKey::parse(&file.public_key).ok()?))
    };
    read().ok_or_else(|| invalid(path, "not a sound key file"))
}

fn versioned(stem: &str, version: u32) -> String {
    format!("{stem}-v{version}")
}

fn secret_meaning(name: &str) -> Vec<u8> {
    format!("sealgate-secret-v1\0{name}").into_bytes()
}

fn meaning(key_use: KeyUse, public_key: PublicKey) -> Vec<u8> {
    format!("sealgate-private-key-v1\0{key_use}\0{public_key}").into_bytes()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

fn invalid(path: &Path, why: &'static str) -> KeystoreError {
    KeystoreError::Invalid { path: path.to_owned(), why }
}

fn storage(error: &KeystoreError) -> SignError {
    match error {
        KeystoreError::Io { .. } => SignError::Unavailable(error.to_string()),
        other => SignError::Storage(other.to_string()),
    }
}
