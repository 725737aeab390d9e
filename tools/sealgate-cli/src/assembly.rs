//! Putting the rooms together into a running Authority.

use std::path::Path;
use std::sync::Arc;

use sealgate_artifact::Code;
use sealgate_authority::ports::{Clock, Entropy};
use sealgate_authority::{Authority, AuthorityError, Limits, Secrets, control};
use sealgate_signer::{Keystore, KeystoreError, Unlock};
use sealgate_store::{Db, Location, StoreError};

use crate::files;

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
            Self::DataDir { .. } => Code::FileUnreadable,
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
    /// Whether keys, schema, tenant and token were made just now.
    pub first: bool,
}

/// Opens the data directory `data`, founding it if it is new. `database` is a PostgreSQL URL; without one, the data
/// lie in an SQLite file in the directory.
pub async fn start(
    data: &Path,
    database: Option<&str>,
    unlock: &Unlock,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    limits: Limits,
) -> Result<Started, StartError> {
    files::make_private_dir(data)
        .map_err(|source| StartError::DataDir { path: data.display().to_string(), source })?;
    // The database first: its lock keeps a second process from founding keys beside the first.
    let location = match database {
        Some(url) => Location::Postgres(url.to_owned()),
        None => Location::File(data.join(DATABASE_FILE)),
    };
    let db = Db::open(&location).await?;
    let keystore =
        Keystore::open_or_create(&data.join(KEYS_DIR), unlock, &new_installation(&*clock, &*entropy))?;
    let secrets = Secrets::load(|name| keystore.secret(name).map(|secret| *secret.expose()))?;
    let installation = keystore.installation().to_owned();
    let authority = Arc::new(Authority::new(db, Arc::new(keystore), secrets, clock, entropy, limits));
    let token_file = data.join(TOKEN_FILE);
    let first = control::bootstrap(&authority, &installation, |token| {
        files::write_private(&token_file, format!("{token}\n").as_bytes())
    })
    .await?;
    Ok(Started { authority, first })
}

fn new_installation(clock: &dyn Clock, entropy: &dyn Entropy) -> String {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    sealgate_artifact::TenantId::new(clock.unix_millis(), random).to_string()
}
