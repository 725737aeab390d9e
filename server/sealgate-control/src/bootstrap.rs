//! The first start: keys, keysets, the default tenant and its owner's token.

use sealgate_artifact::{Code, KeyRecord, KeyState, KeyUse, Keyset, PublicKey, Root, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_store::table::keysets::KeysetRow;
use sealgate_store::table::{self, KeyRow, KeyScope, KeyStage};
use sealgate_store::{Tx, Work};

use crate::desk::Desk;
use crate::keys::{KeyChanges, first_version, keyset_end};
use crate::recovery::FIRST_TENANT;
use crate::tenants::{NewTenant, Tenants};
use crate::{Scope, Scopes};

/// What a keystore knows of its database.
pub struct Installation<'a> {
    /// The id that both carry.
    pub id: &'a str,
    /// Whether an installation was set up with these keys. Then an empty database is a lost one, and what was sold is
    /// in a backup.
    pub founded: bool,
}

/// Why the installation cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The database belongs to another keystore.
    #[error("{}", Code::DatabaseMismatch.meaning())]
    Mismatch,
    /// The database is empty, and the keystore is not.
    #[error("the database is empty, but the keystore belongs to an installation that was already set up")]
    DatabaseLost,
    /// The owner's token could not be saved.
    #[error("the owner's token cannot be saved: {0}")]
    TokenNotSaved(std::io::Error),
    /// The database or the signer failed.
    #[error(transparent)]
    Failed(#[from] AuthorityError),
}

impl BootstrapError {
    /// The stable code (`spec/errors.md` §2).
    pub fn code(&self) -> Code {
        match self {
            Self::Mismatch => Code::DatabaseMismatch,
            Self::DatabaseLost => Code::DatabaseUnusable,
            Self::TokenNotSaved(_) => Code::FileUnreadable,
            Self::Failed(error) => error.code(),
        }
    }
}

/// Sets up new installations.
pub(crate) struct Bootstrap {
    desk: Desk,
    changes: KeyChanges,
    tenants: Tenants,
}

impl Bootstrap {
    pub(crate) fn new(desk: Desk, changes: KeyChanges, tenants: Tenants) -> Self {
        Self { desk, changes, tenants }
    }

    /// See [`Control::bootstrap`](crate::Control::bootstrap).
    pub(crate) async fn run(
        &self,
        installation: Installation<'_>,
        save_token: impl FnOnce(&str) -> std::io::Result<()>,
    ) -> Result<bool, BootstrapError> {
        match table::installation::id(&self.desk.db).await.map_err(AuthorityError::from)? {
            Some(id) if id == installation.id => Ok(false),
            Some(_) => Err(BootstrapError::Mismatch),
            None if installation.founded => Err(BootstrapError::DatabaseLost),
            None => {
                let new = self.prepare(installation.id)?;
                save_token(&new.tenant.owner.token).map_err(BootstrapError::TokenNotSaved)?;
                self.desk.db.write(new).await?;
                Ok(true)
            }
        }
    }

    fn prepare(&self, installation: &str) -> Result<NewInstallation, AuthorityError> {
        let (now, expires_at) = (self.desk.ids.now(), keyset_end(&self.desk.ids, None)?);
        let root = self.changes.generate(KeyUse::Root)?;
        // spec/keys.md §7.1: the next key is published from the first day.
        let [authority, next_authority] =
            [self.changes.generate(KeyUse::Authority)?, self.changes.generate(KeyUse::Authority)?];
        let root_statement = Root { version: 1, issued_at: now, expires_at, threshold: 1, keys: vec![root] };
        let keyset = Keyset {
            version: first_version(now),
            issued_at: now,
            expires_at,
            keys: [authority, next_authority].map(active).to_vec(),
        };
        let row = |public_key, key_use, state| KeyRow {
            public_key,
            key_use,
            scope: KeyScope::Installation,
            state,
            published_at: now,
            ended_at: None,
        };
        let scopes = Scopes::of(&[Scope::Owner, Scope::Installation]);
        Ok(NewInstallation {
            id: installation.to_owned(),
            now,
            root: self.changes.sign(&root_statement, &[root])?,
            keyset: KeysetRow {
                version: keyset.version,
                expires_at,
                envelope: self.changes.sign(&keyset, &[root])?,
            },
            keys: vec![
                row(root, KeyUse::Root, KeyStage::Active),
                row(authority, KeyUse::Authority, KeyStage::Active),
                row(next_authority, KeyUse::Authority, KeyStage::Next),
            ],
            tenant: self.tenants.new_tenant(FIRST_TENANT, (authority, &[]), scopes)?,
        })
    }
}

fn active(public_key: PublicKey) -> KeyRecord {
    KeyRecord { key_use: KeyUse::Authority, public_key, state: KeyState::Active }
}

struct NewInstallation {
    id: String,
    root: Vec<u8>,
    keyset: KeysetRow,
    now: UnixSeconds,
    keys: Vec<KeyRow>,
    tenant: NewTenant,
}

impl Work for NewInstallation {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        table::installation::insert_id(tx, &self.id).await?;
        // The next start compares its clock with this.
        table::installation::note_time(tx, self.now).await?;
        table::roots::insert(tx, 1, &self.root).await?;
        table::keysets::upsert(tx, KeyScope::Installation, &self.keyset).await?;
        for key in &self.keys {
            table::keys::upsert(tx, key).await?;
        }
        Ok(self.tenant.insert(tx).await?)
    }
}
