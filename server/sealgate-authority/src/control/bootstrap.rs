//! The first start: keys, keysets, the default tenant and its owner's token.

use sealgate_artifact::{
    Code, KeyRecord, KeyState, KeyUse, Keyset, PublicKey, Root, TenantId, TenantKeyset, TokenId, UnixSeconds,
};
use sealgate_store::{KeyRow, KeyStage, TenantRow, TokenRow, Tx, Work, read, write};
use sealgate_trust::sign_statement;

use crate::secrets::secret_text;
use crate::{Authority, AuthorityError};

/// Keysets hold this long. Machines without a network live by them, so the end is for keys nobody uses any more;
/// what ends a key early is its state.
pub(super) const KEYSET_SECONDS: u64 = 3650 * 24 * 60 * 60;
/// The scope of keys that all tenants share.
pub(super) const INSTALLATION: &str = "installation";

/// Makes sure that the database belongs to the keystore of `installation`, and founds it if it is new.
///
/// `save_token` stores the owner's token *before* the database knows it: a crash in between loses nothing, for the
/// next start founds again. Returns whether this was the first start.
pub async fn bootstrap(
    a: &Authority,
    installation: &str,
    save_token: impl FnOnce(&str) -> std::io::Result<()>,
) -> Result<bool, AuthorityError> {
    match read::installation::id(&a.db).await? {
        Some(id) if id == installation => Ok(false),
        Some(_) => Err(AuthorityError::Refused(Code::DatabaseMismatch)),
        None => {
            let token = secret_text("sgt", a.random());
            let founding = found(a, installation, &token)?;
            save_token(&token).map_err(AuthorityError::TokenNotSaved)?;
            a.db.write(founding).await?;
            Ok(true)
        }
    }
}

struct Founding {
    keys: Vec<KeyRow>,
    installation: String,
    root: Vec<u8>,
    keyset: (u64, Vec<u8>),
    tenant: TenantRow,
    tenant_keyset: (u64, Vec<u8>),
    token: TokenRow,
}

fn found(a: &Authority, installation: &str, token: &str) -> Result<Founding, AuthorityError> {
    let now = a.now();
    let root = a.signer.generate(KeyUse::Root)?;
    // spec/keys.md §7.1: the next keys are published from the first day.
    let [authority, next_authority] =
        [a.signer.generate(KeyUse::Authority)?, a.signer.generate(KeyUse::Authority)?];
    let [issuer_key, next_issuer] = [a.signer.generate(KeyUse::Issuer)?, a.signer.generate(KeyUse::Issuer)?];
    let (millis, random) = a.new_id();
    let tenant = TenantId::new(millis, random);

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
    let tenant_keyset = TenantKeyset {
        tenant,
        version: first_version(now),
        issued_at: now,
        expires_at: now.plus(KEYSET_SECONDS),
        keys: [issuer_key, next_issuer].map(|key| active(KeyUse::Issuer, key)).to_vec(),
    };
    let (millis, random) = a.new_id();
    let scope = tenant.to_string();
    let listed = |public_key, key_use, scope: &str, state| KeyRow {
        public_key,
        key_use,
        scope: scope.to_owned(),
        state,
        published_at: now,
        ended_at: None,
    };
    Ok(Founding {
        keys: vec![
            listed(root, KeyUse::Root, INSTALLATION, KeyStage::Active),
            listed(authority, KeyUse::Authority, INSTALLATION, KeyStage::Active),
            listed(next_authority, KeyUse::Authority, INSTALLATION, KeyStage::Next),
            listed(issuer_key, KeyUse::Issuer, &scope, KeyStage::Active),
            listed(next_issuer, KeyUse::Issuer, &scope, KeyStage::Next),
        ],
        installation: installation.to_owned(),
        root: sign_statement(&*a.signer, &root_statement, &[root])?.encode(),
        keyset: (keyset.version, sign_statement(&*a.signer, &keyset, &[root])?.encode()),
        tenant: TenantRow { id: tenant, name: "default".to_owned(), issuer_key, created_at: now },
        tenant_keyset: (
            tenant_keyset.version,
            sign_statement(&*a.signer, &tenant_keyset, &[authority])?.encode(),
        ),
        token: TokenRow {
            id: TokenId::new(millis, random),
            tenant,
            name: "owner".to_owned(),
            hash: a.secrets.token(token),
            created_at: now,
            expires_at: None,
            revoked_at: None,
        },
    })
}

impl Work for Founding {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        write::installation::found(tx, &self.installation).await?;
        write::installation::put_keyset(tx, "root/1", 1, &self.root).await?;
        for key in &self.keys {
            write::keys::put(tx, key).await?;
        }
        write::installation::put_keyset(tx, INSTALLATION, self.keyset.0, &self.keyset.1).await?;
        write::tenants::insert(tx, &self.tenant).await?;
        let scope = self.tenant.id.to_string();
        write::installation::put_keyset(tx, &scope, self.tenant_keyset.0, &self.tenant_keyset.1).await?;
        Ok(write::tenants::insert_token(tx, &self.token).await?)
    }
}

fn active(key_use: KeyUse, public_key: PublicKey) -> KeyRecord {
    KeyRecord { key_use, public_key, state: KeyState::Active }
}

/// Unix minutes: a database that was restored from an older copy still counts upwards (`spec/keys.md` §5.3).
pub(super) fn first_version(now: UnixSeconds) -> u64 {
    now.get() / 60
}
