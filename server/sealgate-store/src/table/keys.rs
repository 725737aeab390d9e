//! Public halves of the keys that sign statements, and of apps' former keys.

use sealgate_artifact::{AppId, KeyUse, PublicKey, TenantId, UnixSeconds};

use crate::columns::{moment, optional_time, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    OF_SCOPE = "SELECT public_key, key_use, scope, state, published_at, ended_at FROM signing_keys WHERE scope = $1 \
                UNION ALL SELECT public_key, 'activation' AS key_use, scope, state, published_at, ended_at \
                FROM listed_activation_keys WHERE scope = $1 ORDER BY published_at, public_key";
    ACTIVE = "SELECT COUNT(*) FROM signing_keys WHERE scope = $1 AND public_key = $2 AND state = 'active'";
    HOLD_ACTIVE = "UPDATE signing_keys SET state = state WHERE scope = $1 AND public_key = $2 AND state = 'active'";
    KNOWN = "SELECT public_key FROM signing_keys WHERE public_key = $1 \
             UNION ALL SELECT server_key FROM servers WHERE server_key = $1 \
             UNION ALL SELECT public_key FROM activation_keys WHERE public_key = $1 \
             UNION ALL SELECT public_key FROM apps WHERE public_key = $1 \
             UNION ALL SELECT next_public_key FROM apps WHERE next_public_key = $1";
    UPSERT = "INSERT INTO signing_keys (public_key, key_use, scope, state, published_at, ended_at) \
              VALUES ($1, $2, $3, $4, $5, $6) \
              ON CONFLICT (public_key) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at";
    FORGET = "DELETE FROM signing_keys WHERE scope = $1 AND public_key = $2";
    NOTE_FORGOTTEN = "INSERT INTO forgotten_keys (public_key) SELECT public_key FROM signing_keys \
                      WHERE scope = $1 AND public_key = $2 ON CONFLICT (public_key) DO NOTHING";
    FORGOTTEN = "SELECT public_key FROM forgotten_keys WHERE public_key = $1";
    REVOKED = "SELECT public_key FROM signing_keys WHERE public_key = $1 AND state = 'revoked'";
    OTHER_USES = "SELECT public_key FROM signing_keys WHERE public_key = $1 AND key_use <> $2 \
                  UNION ALL SELECT public_key FROM apps WHERE public_key = $1 AND $2 <> 'app' \
                  UNION ALL SELECT next_public_key FROM apps WHERE next_public_key = $1 AND $2 <> 'app' \
                  UNION ALL SELECT server_key FROM server_decisions WHERE server_key = $1 AND $2 <> 'server' \
                  UNION ALL SELECT public_key FROM activation_keys WHERE public_key = $1 AND $2 <> 'activation'";
    // A server's key stands in the keysets of many tenants.
    UPSERT_LISTED = "INSERT INTO listed_activation_keys (scope, public_key, state, published_at, ended_at) \
                     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope, public_key) DO UPDATE SET \
                     state = excluded.state, ended_at = excluded.ended_at";
    FORGET_LISTED = "DELETE FROM listed_activation_keys WHERE scope = $1 AND public_key = $2";
}

/// Whose keys, and whose keyset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyScope {
    /// Roots, authorities and servers.
    Installation,
    /// A tenant's issuers, update and snapshot keys, and the activation keys of servers as its keyset lists them.
    Tenant(TenantId),
    /// Keys that signed an app's answers. They stand in no keyset.
    App(AppId),
}

impl KeyScope {
    /// The scope of a key. The text of an id does not say whose it is; the key's use does.
    fn parse(text: &str, key_use: KeyUse) -> Option<Self> {
        match (text, key_use) {
            ("installation", _) => Some(Self::Installation),
            (id, KeyUse::App) => AppId::parse(id).ok().map(Self::App),
            (id, _) => TenantId::parse(id).ok().map(Self::Tenant),
        }
    }
}

/// As the column and the API spell it: `installation`, or the id.
impl std::fmt::Display for KeyScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Installation => f.write_str("installation"),
            Self::Tenant(id) => id.fmt(f),
            Self::App(id) => id.fmt(f),
        }
    }
}

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStage {
    /// Published, so that verifiers know it before it signs.
    Next,
    /// Signs.
    Active,
    /// Verifies what it signed; signs nothing new.
    Retired,
    /// Verifies nothing.
    Revoked,
}

impl KeyStage {
    /// Every stage there is.
    pub const ALL: [Self; 4] = [Self::Next, Self::Active, Self::Retired, Self::Revoked];

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

    /// The stage's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }
}

/// The public half of a key that signs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct KeyRow {
    pub public_key: PublicKey,
    pub key_use: KeyUse,
    pub scope: KeyScope,
    pub state: KeyStage,
    /// When it was first listed.
    pub published_at: UnixSeconds,
    /// When it was retired or revoked.
    pub ended_at: Option<UnixSeconds>,
}

impl FromRow for KeyRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let key_use = parsed(row, "key_use", KeyUse::parse)?;
        Ok(Self {
            public_key: parsed(row, "public_key", |t| PublicKey::parse(t).ok())?,
            key_use,
            scope: parsed(row, "scope", |t| KeyScope::parse(t, key_use))?,
            state: parsed(row, "state", KeyStage::parse)?,
            published_at: time(row, "published_at")?,
            ended_at: optional_time(row, "ended_at")?,
        })
    }
}

/// Every key of a scope, the longest published first.
pub async fn of_scope(on: impl Read, scope: KeyScope) -> Result<Vec<KeyRow>, StoreError> {
    query_as(OF_SCOPE).bind(scope.to_string()).fetch_all(on).await
}

/// Whether that key of the scope signs now.
pub async fn is_active(on: impl Read, scope: KeyScope, key: PublicKey) -> Result<bool, StoreError> {
    let query = query(ACTIVE).bind(scope.to_string()).bind(key.to_string());
    Ok(query.fetch_one(on).await?.get::<i64>(0)? > 0)
}

/// Holds a key that signs now for this transaction: it is neither retired nor revoked meanwhile. `false` if it was.
pub async fn hold_active(tx: &mut Tx<'_>, scope: KeyScope, key: PublicKey) -> Result<bool, StoreError> {
    Ok(query(HOLD_ACTIVE).bind(scope.to_string()).bind(key.to_string()).execute(tx).await? > 0)
}

/// Whether that key has a use already, here, as a server's or as an app's: one key has one use.
pub async fn is_known(on: impl Read, key: PublicKey) -> Result<bool, StoreError> {
    Ok(query(KNOWN).bind(key.to_string()).fetch_optional(on).await?.is_some())
}

/// Whether that key left a keyset. It does not come back.
pub async fn is_forgotten(on: impl Read, key: PublicKey) -> Result<bool, StoreError> {
    Ok(query(FORGOTTEN).bind(key.to_string()).fetch_optional(on).await?.is_some())
}

/// Whether that key was revoked, or left its keyset: what it signed counts no more.
pub async fn is_over(on: impl Read + Copy, key: PublicKey) -> Result<bool, StoreError> {
    let revoked = query(REVOKED).bind(key.to_string()).fetch_optional(on).await?;
    Ok(revoked.is_some() || is_forgotten(on, key).await?)
}

/// Whether that key serves another use than this one: here, as an app's, or as a key of a server about which something was decided.
/// What servers only say of themselves does not count: whoever makes up a server would keep others from being approved.
pub async fn has_other_use(on: impl Read, key: PublicKey, key_use: KeyUse) -> Result<bool, StoreError> {
    let query = query(OTHER_USES).bind(key.to_string()).bind(key_use.as_str());
    Ok(query.fetch_optional(on).await?.is_some())
}

/// Adds a key, or stores the new state of a known one.
pub async fn upsert(tx: &mut Tx<'_>, key: &KeyRow) -> Result<(), StoreError> {
    if key.key_use == KeyUse::Activation {
        return upsert_listed(tx, key).await;
    }
    query(UPSERT)
        .bind(key.public_key.to_string())
        .bind(key.key_use.as_str())
        .bind(key.scope.to_string())
        .bind(key.state.as_str())
        .bind(signed(key.published_at.get()))
        .bind(moment(key.ended_at))
        .execute(tx)
        .await?;
    Ok(())
}

async fn upsert_listed(tx: &mut Tx<'_>, key: &KeyRow) -> Result<(), StoreError> {
    let query = query(UPSERT_LISTED).bind(key.scope.to_string()).bind(key.public_key.to_string());
    let query = query.bind(key.state.as_str()).bind(signed(key.published_at.get()));
    query.bind(moment(key.ended_at)).execute(tx).await?;
    Ok(())
}

/// Forgets a key that the scope's keyset does not list any more, but that it was there.
pub async fn forget(tx: &mut Tx<'_>, scope: KeyScope, key: PublicKey) -> Result<(), StoreError> {
    for statement in [NOTE_FORGOTTEN, FORGET, FORGET_LISTED] {
        query(statement).bind(scope.to_string()).bind(key.to_string()).execute(&mut *tx).await?;
    }
    Ok(())
}
