//! A new owner's token for an installation that nobody can enter any more, made beside the server.

use std::path::Path;
use std::sync::Arc;

use sealgate_authority::ports::{Clock, Entropy};
use sealgate_authority::{Ids, Limiter, Limits, Observed, SharedSecrets};
use sealgate_control::{BootstrapError, Control, VendorSecrets};
use sealgate_signer::Keystore;
use sealgate_store::{Db, Location, table};
use sealgate_trust::Signer;

use crate::assembly::{DATABASE_FILE, unlock, vendors_keystore};
use crate::config::{Config, ConfigError};
use crate::error::StartError;

/// A token that was made just now. It has no `Debug` text.
pub struct OwnerToken {
    /// Its id.
    pub token_id: String,
    /// The token itself, which nobody can show again.
    pub token: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

/// Makes an owner's token for that tenant, or for the one that looks after the installation. It takes the vendor's key
/// store and the right to write to the database, and makes neither of them. An SQLite database must not be served from at
/// the time; beside PostgreSQL a server may run.
pub async fn owner_token(
    config: Config,
    tenant: Option<&str>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<OwnerToken, StartError> {
    let data = config.data.ok_or(ConfigError::NoData)?;
    let keystore = vendors_keystore(&data, &unlock(config.passphrase_file.as_deref())?)?;
    let db = Db::open(&location(&data, config.database)?).await?;
    let ids = Ids::new(Arc::clone(&clock), entropy);
    let made = make(&db, (ids, clock), keystore, tenant).await;
    db.close().await;
    made
}

/// A database that is there: none is made.
fn location(data: &Path, database: Option<String>) -> Result<Location, StartError> {
    match database {
        Some(url) => Ok(Location::Postgres(url)),
        None if data.join(DATABASE_FILE).is_file() => Ok(Location::File(data.join(DATABASE_FILE))),
        None => Err(StartError::NotSetUp),
    }
}

async fn make(
    db: &Db,
    (ids, clock): (Ids, Arc<dyn Clock>),
    keystore: Keystore,
    tenant: Option<&str>,
) -> Result<OwnerToken, StartError> {
    match table::installation::id(db).await? {
        Some(id) if id == keystore.installation() => {}
        Some(_) => return Err(BootstrapError::Mismatch.into()),
        None => return Err(StartError::NotSetUp),
    }
    let secret = |name: &str| keystore.existing_secret(name).map(|secret| *secret.expose());
    let session = keystore.newest(SharedSecrets::SESSION)?;
    let control = Control::new(sealgate_control::Parts {
        db: db.clone(),
        shared: Arc::new(SharedSecrets::load(&session, secret)?),
        secrets: VendorSecrets::load(secret)?,
        limiter: Limiter::new(Limits::default(), clock),
        observed: Observed::new(db.clone(), ids.clone()),
        ids,
        signer: Arc::new(keystore) as Arc<dyn Signer>,
        own_server: None,
        zone: jiff::tz::TimeZone::UTC,
    });
    let made = control.tokens.recover(tenant).await?;
    Ok(OwnerToken { token_id: made.token_id, token: made.token, scopes: made.scopes })
}
