//! Putting the crates of the server together into a running Authority.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealgate_artifact::{Code, KeyUse};
use sealgate_authority::ports::{Clock, Entropy};
use sealgate_authority::{
    Authority, AuthorityError, Limits, Role, Secrets, ServerSettings, Settings, control,
};
use sealgate_signer::{Keystore, KeystoreError, Unlock};
use sealgate_store::{Db, Location, StoreError};
use sealgate_trust::Signer;
use zeroize::Zeroizing;

use crate::config::ConfigError;
use crate::files;
use crate::jobs::{JOBS, Jobs};

/// The owner's token, beside the data.
pub const TOKEN_FILE: &str = "admin.token";
const KEYS_DIR: &str = "keys";
const DATABASE_FILE: &str = "sealgate.db";

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be made.
    #[error("{path}: {source}")]
    DataDir {
        /// The directory.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// There is no keystore to share from.
    #[error("{0}: no keystore; start the Authority with this data directory first")]
    NoKeystore(String),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The passphrase cannot be read.
    #[error("{path}: {why}")]
    Passphrase {
        /// The file that should hold it.
        path: String,
        /// What is wrong with the file.
        why: String,
    },
    /// The keystore does not open.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// The database does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first start failed, or database and keystore do not belong together.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl StartError {
    /// The stable code, `spec/errors.md` §2.
    pub fn code(&self) -> Code {
        match self {
            Self::DataDir { .. } | Self::NoKeystore(_) | Self::Passphrase { .. } => Code::FileUnreadable,
            Self::Config(e) => e.code(),
            Self::Keystore(e) => e.code(),
            Self::Store(e) => e.code(),
            Self::Authority(e) => e.code(),
        }
    }
}

/// An Authority that is ready to serve.
pub struct Started {
    /// The Authority.
    pub authority: Arc<Authority>,
    /// What it does by itself, once something calls it; [`crate::listen::serve`] does.
    pub jobs: Jobs,
    /// Whether keys, schema, tenant and token were made just now.
    pub first: bool,
}

/// What a process is started with. It has no `Debug` text: a PostgreSQL URL may hold a password.
pub struct Options {
    /// The data directory.
    pub data: PathBuf,
    /// A PostgreSQL URL. Without one, the database is an SQLite file in the data directory.
    pub database: Option<String>,
    /// What opens the keystore.
    pub unlock: Unlock,
    /// How often somebody may ask.
    pub limits: Limits,
    /// Which part of the work this process does.
    pub role: Role,
    /// Where clients reach this server.
    pub origins: Vec<String>,
}

/// Opens the data directory. A new one gets keys, schema, tenant and token, unless the role is `runtime`.
pub async fn start(
    options: Options,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Started, StartError> {
    let Options { data, database, unlock, limits, role, origins } = options;
    files::make_private_dir(&data)
        .map_err(|source| StartError::DataDir { path: data.display().to_string(), source })?;
    // The database first: its lock keeps a second process from making keys beside the first.
    let location = match database {
        Some(url) => Location::Postgres(url),
        None => Location::File(data.join(DATABASE_FILE)),
    };
    let db = Db::open(&location).await?;
    let keystore =
        Keystore::open_or_create(&data.join(KEYS_DIR), &unlock, &new_installation(&*clock, &*entropy))?;
    if !role.has_control() {
        keystore.holds_only(&[KeyUse::Server, KeyUse::App])?;
    }
    let secret =
        |name: &str| if role.has_control() { keystore.secret(name) } else { keystore.existing_secret(name) };
    let secrets = Secrets::load(role, |name| secret(name).map(|secret| *secret.expose()))?;
    let server = if role.has_runtime() { Some(own_server(&keystore, origins)?) } else { None };
    let settings = Settings { limits, role, server };
    let keystore = Arc::new(keystore);
    let signer = Arc::clone(&keystore);
    let authority =
        Arc::new(Authority::new(db, signer, secrets, Arc::clone(&clock), Arc::clone(&entropy), settings));
    let token_file = data.join(TOKEN_FILE);
    let first = if role.has_control() {
        let save = |token: &str| files::write_private(&token_file, format!("{token}\n").as_bytes());
        let installation =
            control::Installation { id: keystore.installation(), founded: keystore.has_founded()? };
        let first = control::bootstrap(&authority, installation, save).await?;
        keystore.note_founded()?;
        first
    } else {
        control::join(&authority, keystore.installation()).await?;
        false
    };
    control::register_server(&authority).await?;
    let jobs = Jobs::new(Arc::clone(&authority), clock, &*entropy, JOBS).await?;
    Ok(Started { authority, jobs, first })
}

/// This server's key, made on the first start.
fn own_server(keystore: &Keystore, origins: Vec<String>) -> Result<ServerSettings, StartError> {
    let key = match keystore.keys_of(KeyUse::Server)?.first() {
        Some(key) => *key,
        None => keystore.generate(KeyUse::Server).map_err(AuthorityError::from)?,
    };
    Ok(ServerSettings { key, origins })
}

/// Brings what a server of role `runtime` needs into its data directory `to`: the apps' keys and the secrets by which
/// licenses, apps and sessions are known. Returns how many were added.
pub fn share(data: &Path, unlock: &Unlock, to: &Path) -> Result<usize, StartError> {
    let keys = data.join(KEYS_DIR);
    if !keys.is_dir() {
        return Err(StartError::NoKeystore(keys.display().to_string()));
    }
    files::make_private_dir(to)
        .map_err(|source| StartError::DataDir { path: to.display().to_string(), source })?;
    let keystore = Keystore::open_or_create(&keys, unlock, "")?;
    Ok(keystore.share(&to.join(KEYS_DIR), &Unlock::File, &[KeyUse::App], &Secrets::OF_RUNTIME)?)
}

/// What opens a keystore: the passphrase in the first line of that file, or the file beside the keys.
pub fn unlock(passphrase_file: Option<&Path>) -> Result<Unlock, StartError> {
    passphrase_file.map_or(Ok(Unlock::File), read_passphrase)
}

fn read_passphrase(path: &Path) -> Result<Unlock, StartError> {
    let unusable =
        |why: &str| StartError::Passphrase { path: path.display().to_string(), why: why.to_owned() };
    let bytes = Zeroizing::new(files::read(path).map_err(|e| unusable(&e.to_string()))?);
    let text = std::str::from_utf8(&bytes).map_err(|_| unusable("not UTF-8"))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Unlock::Passphrase(Zeroizing::new(line.to_owned()))),
        _ => Err(unusable("its first line is empty")),
    }
}

fn new_installation(clock: &dyn Clock, entropy: &dyn Entropy) -> String {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    sealgate_artifact::TenantId::new(clock.unix_millis(), random).to_string()
}
