//! The first start: keys, keysets, the default tenant and its owner's token.

use sealgate_artifact::{Code, KeyRecord, KeyState, KeyUse, Keyset, PublicKey, Root, UnixSeconds};
use sealgate_store::{KeyRow, KeyStage, Tx, Work, read, write};
use sealgate_trust::sign_statement;

use super::tenants::{NewTenant, make_tenant};
use crate::secrets::secret_text;
use crate::{Authority, AuthorityError, Scope, Scopes};

/// Keysets hold this long. Machines without a network live by them, so the end is for keys nobody uses any more;
/// what ends a key early is its state.
pub(super) const KEYSET_SECONDS: u64 = 3650 * 24 * 60 * 60;
/// The scope of keys that all tenants share.
pub(crate) const INSTALLATION: &str = "installation";

/// What a keystore knows of its database.
pub struct Installation<'a> {
    /// The id that both carry.
    pub id: &'a str,
    /// Whether a database was founded with these keys. Then an empty one is a lost one, and what was sold is in a backup.
    pub founded: bool,
}

/// Makes sure that the database belongs to the keystore, and founds it if both are new.
///
/// `save_token` stores the owner's token *before* the database knows it: a crash in between loses nothing, for the
/// next start founds again. Returns whether this was the first start.
pub async fn bootstrap(
    a: &Authority,
    installation: Installation<'_>,
    save_token: impl FnOnce(&str) -> std::io::Result<()>,
) -> Result<bool, AuthorityError> {
    match read::installation::id(&a.db).await? {
        Some(id) if id == installation.id => Ok(false),
        Some(_) => Err(AuthorityError::Refused(Code::DatabaseMismatch)),
        None if installation.founded => Err(AuthorityError::DatabaseLost),
        None => {
            let token = secret_text("sgt", a.random());
            let founding = found(a, installation.id, &token)?;
            save_token(&token).map_err(AuthorityError::TokenNotSaved)?;
            a.db.write(founding).await?;
            Ok(true)
        }
    }
}

/// Makes sure that the database belongs to the keystore of `installation`, for a process that founds nothing.
pub async fn join(a: &Authority, installation: &str) -> Result<(), AuthorityError> {
    match read::installation::id(&a.db).await? {
        Some(id) if id == installation => Ok(()),
        Some(_) => Err(AuthorityError::Refused(Code::DatabaseMismatch)),
        None => Err(AuthorityError::NotFounded),
    }
}

struct Founding {
    installation: String,
    root: Vec<u8>,
    keyset: (u64, Vec<u8>),
    keys: Vec<KeyRow>,
    tenant: NewTenant,
}

fn found(a: &Authority, installation: &str, token: &str) -> Result<Founding, AuthorityError> {
    let now = a.now();
    let root = a.signer.generate(KeyUse::Root)?;
    // spec/keys.md §7.1: the next key is published from the first day.
    let [authority, next_authority] =
        [a.signer.generate(KeyUse::Authority)?, a.signer.generate(KeyUse::Authority)?];
    let root_statement = Root {
        version: 1,
        issued_at: now,
        expires_at: now.plus(KEYSET_SECONDS),
        threshold: 1,
        keys: vec![root],
    };
    let keyset = Keyset {
        version: first_version(now),
        issued_at: now,
        expires_at: now.plus(KEYSET_SECONDS),
        keys: [authority, next_authority].map(|key| active(KeyUse::Authority, key)).to_vec(),
    };
    let row = |public_key, key_use, state| KeyRow {
        public_key,
        key_use,
        scope: INSTALLATION.to_owned(),
        state,
        published_at: now,
        ended_at: None,
    };
    Ok(Founding {
        installation: installation.to_owned(),
        root: sign_statement(&*a.signer, &root_statement, &[root])?.encode(),
        keyset: (keyset.version, sign_statement(&*a.signer, &keyset, &[root])?.encode()),
        keys: vec![
            row(root, KeyUse::Root, KeyStage::Active),
            row(authority, KeyUse::Authority, KeyStage::Active),
            row(next_authority, KeyUse::Authority, KeyStage::Next),
        ],
        tenant: make_tenant(
            a,
            "default",
            authority,
            token,
            Scopes::of(&[Scope::Owner, Scope::Installation]),
        )?,
    })
}

impl Work for Founding {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        write::installation::found(tx, &self.installation).await?;
        write::installation::put_keyset(tx, "root/1", 1, &self.root).await?;
        write::installation::put_keyset(tx, INSTALLATION, self.keyset.0, &self.keyset.1).await?;
        for key in &self.keys {
            write::keys::put(tx, key).await?;
        }
        Ok(self.tenant.insert(tx).await?)
    }
}

fn active(key_use: KeyUse, public_key: PublicKey) -> KeyRecord {
    KeyRecord { key_use, public_key, state: KeyState::Active }
}

/// Unix minutes: a database that was restored from an older copy still counts upwards (`spec/keys.md` §5.3).
pub(super) fn first_version(now: UnixSeconds) -> u64 {
    now.get() / 60
}
