//! The keys that a tenant sees, page by page.

use std::fmt;

use sealgate_artifact::{PublicKey, TenantId, decode_hex, encode_hex};

use super::{KeyRow, KeyScope};
use crate::columns::signed;
use crate::sql::query_as;
use crate::statements::statements;
use crate::{Read, StoreError};

/// Keys behind one that has this scope (`$2`), time (`$3`) and key (`$4`), the longest published of each scope first.
macro_rules! behind {
    ($keys:literal, $scope:literal, $at:literal, $key:literal) => {
        concat!(
            "SELECT ",
            $key,
            " AS public_key, ",
            $keys,
            " AND ",
            $scope,
            " >= $2 AND (",
            $scope,
            ", ",
            $at,
            ", ",
            $key,
            ") > ($2, $3, $4) ORDER BY ",
            $scope,
            ", ",
            $at,
            ", ",
            $key,
            " LIMIT $5"
        )
    };
}

statements! {
    OF_SCOPE = behind!(
        "key_use, scope, state, published_at, ended_at FROM signing_keys WHERE scope = $1",
        "scope", "published_at", "public_key"
    );
    OF_SERVERS = behind!(
        "'activation' AS key_use, scope, state, published_at, ended_at FROM listed_activation_keys WHERE scope = $1",
        "scope", "published_at", "public_key"
    );
    NEXT_OF_APPS = behind!(
        "'app' AS key_use, app_id AS scope, 'next' AS state, created_at AS published_at, CAST(NULL AS BIGINT) AS ended_at \
         FROM apps WHERE tenant_id = $1",
        "app_id", "created_at", "next_public_key"
    );
    ACTIVE_OF_APPS = behind!(
        "'app' AS key_use, app_id AS scope, 'active' AS state, created_at AS published_at, CAST(NULL AS BIGINT) AS ended_at \
         FROM apps WHERE tenant_id = $1",
        "app_id", "created_at", "public_key"
    );
    FORMER_OF_APPS = behind!(
        "key_use, scope, state, published_at, ended_at FROM apps a JOIN signing_keys k ON k.scope = a.app_id \
         WHERE a.tenant_id = $1",
        "a.app_id", "k.published_at", "k.public_key"
    );
}

/// The parts of the list. An app's key goes from one to the next: whoever reads on meanwhile may see it twice and does not
/// miss it.
const PARTS: [(&str, &str); 6] = [
    ("installation", OF_SCOPE),
    ("tenant", OF_SCOPE),
    ("servers", OF_SERVERS),
    ("next", NEXT_OF_APPS),
    ("active", ACTIVE_OF_APPS),
    ("former", FORMER_OF_APPS),
];

/// Where a list of keys goes on: behind this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    part: usize,
    scope: String,
    at: i64,
    /// As the column holds it.
    key: String,
}

impl Place {
    fn first(part: usize) -> Self {
        Self { part, scope: String::new(), at: i64::MIN, key: String::new() }
    }

    fn of(key: &KeyRow, part: usize) -> Self {
        let at = signed(key.published_at.get());
        Self { part, scope: key.scope.to_string(), at, key: key.public_key.to_string() }
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, '.');
        let named = parts.next()?;
        let part = PARTS.iter().position(|(name, _)| *name == named)?;
        let (scope, at) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
        let key = PublicKey::from_bytes(decode_hex(parts.next()?)?).to_string();
        Some(Self { part, scope, at, key })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = PublicKey::parse(&self.key).map(|key| encode_hex(key.as_bytes())).unwrap_or_default();
        write!(f, "{}.{}.{}.{key}", PARTS[self.part].0, self.scope, self.at)
    }
}

/// A key, and its place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "they say what they are")]
pub struct ListedKey {
    pub key: KeyRow,
    pub place: Place,
}

/// The next keys: the installation's, the tenant's, the servers' that its keyset lists, and then those of the tenant's apps.
pub async fn list(
    on: impl Read + Copy,
    tenant: TenantId,
    after: Option<Place>,
    limit: u32,
) -> Result<Vec<ListedKey>, StoreError> {
    let mut place = after.unwrap_or_else(|| Place::first(0));
    let mut listed = vec![];
    while let Some((name, statement)) = PARTS.get(place.part) {
        let left = limit.saturating_sub(u32::try_from(listed.len()).unwrap_or(u32::MAX));
        if left == 0 {
            break;
        }
        let whose = if *name == "installation" { KeyScope::Installation } else { KeyScope::Tenant(tenant) };
        let query =
            query_as(statement).bind(whose.to_string()).bind(place.scope).bind(place.at).bind(place.key);
        let keys: Vec<KeyRow> = query.bind(signed(left.into())).fetch_all(on).await?;
        listed.extend(keys.into_iter().map(|key| ListedKey { place: Place::of(&key, place.part), key }));
        place = Place::first(place.part + 1);
    }
    Ok(listed)
}
