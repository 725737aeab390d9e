//! Keys that licenses brought along from elsewhere: they count beside ours.

use sealgate_artifact::{AppId, LicenseId, TenantId, UnixSeconds};

use super::FormerKeyRow;
use super::license_keys::LicenseKeyRow;
use crate::columns::{digest, parsed};
use crate::key_hash::KeyHash;
use crate::many::{MANY, for_all, with_rows};
use crate::sql::{Query, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

macro_rules! select_key {
    ($rest:literal) => {
        concat!("SELECT key_hash, app_id, tenant_id, license_id FROM foreign_keys WHERE ", $rest)
    };
}

macro_rules! insert {
    () => {
        "INSERT INTO foreign_keys (key_hash, app_id, tenant_id, license_id) VALUES "
    };
}

macro_rules! own {
    () => {
        "SELECT key_hash, license_id FROM licenses WHERE app_id = $1 AND key_hash IN "
    };
}

macro_rules! foreign {
    () => {
        "SELECT key_hash, license_id FROM foreign_keys WHERE app_id = $1 AND key_hash IN "
    };
}

macro_rules! former {
    () => {
        "SELECT key_hash, license_id FROM former_keys WHERE app_id = $1 AND key_hash IN "
    };
}

statements! {
    // The key that its license is kept by.
    OWN_KEY = "SELECT l.key_hash FROM foreign_keys f JOIN licenses l ON l.license_id = f.license_id \
               WHERE f.key_hash = $1 AND f.app_id = $2 AND l.app_id = f.app_id";
    OF_TENANT = select_key!("key_hash = $1 AND tenant_id = $2");
    OF_LICENSE = select_key!("license_id = $1");
    INSERT = with_rows!(insert!(), (1, 1, 4), "", "");
    INSERT_MANY = with_rows!(insert!(), (MANY, 1, 4), "", "");
    END = "DELETE FROM foreign_keys WHERE license_id = $1";
    TAKEN_AS_OWN = with_rows!(own!(), (1, 2, MANY), "", "");
    TAKEN_AS_FOREIGN = with_rows!(foreign!(), (1, 2, MANY), "", "");
    TAKEN_BEFORE = with_rows!(former!(), (1, 2, MANY), "", "");
}

/// Our own key of the app's license that has this one, too.
pub(crate) async fn own_key(on: impl Read, app: AppId, key: KeyHash) -> Result<Option<KeyHash>, StoreError> {
    let found = query(OWN_KEY).bind(key.0.to_vec()).bind(app.to_string()).fetch_optional(on).await?;
    found.map(|row| digest(&row, "key_hash").map(KeyHash)).transpose()
}

/// The license of the tenant that has this key. Of those that two apps have, it is the one of either.
pub async fn of_tenant(
    on: impl Read,
    tenant: TenantId,
    key: KeyHash,
) -> Result<Option<LicenseId>, StoreError> {
    let asked = query_as::<LicenseKeyRow>(OF_TENANT).bind(key.0.to_vec()).bind(tenant.to_string());
    Ok(asked.fetch_all(on).await?.into_iter().next().map(|row| row.license))
}

/// A key that a license of an app has or had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenKey {
    /// The license.
    pub license: LicenseId,
    /// Whether it is our own key of that license, at present.
    pub is_own: bool,
}

/// Those of the keys that a license of the app has or had, whether ours or from elsewhere.
pub async fn taken(
    tx: &mut Tx<'_>,
    app: AppId,
    keys: &[KeyHash],
) -> Result<Vec<(KeyHash, TakenKey)>, StoreError> {
    let mut found = Vec::new();
    for some in keys.chunks(MANY) {
        for (statement, is_own) in [(TAKEN_AS_OWN, true), (TAKEN_AS_FOREIGN, false), (TAKEN_BEFORE, false)] {
            let values = some.iter().cycle().take(MANY);
            let asked =
                values.fold(query(statement).bind(app.to_string()), |query, key| query.bind(key.0.to_vec()));
            for row in asked.fetch_all(&mut *tx).await? {
                let license = parsed(&row, "license_id", |t| LicenseId::parse(t).ok())?;
                found.push((KeyHash(digest(&row, "key_hash")?), TakenKey { license, is_own }));
            }
        }
    }
    Ok(found)
}

/// Adds keys of new licenses. Nobody has looked them up: what is not found is not kept in memory.
pub async fn insert_all(tx: &mut Tx<'_>, keys: &[LicenseKeyRow]) -> Result<(), StoreError> {
    let with = |query: Query, key: &LicenseKeyRow| {
        let query = query.bind(key.key_hash.0.to_vec()).bind(key.app.to_string());
        query.bind(key.tenant.to_string()).bind(key.license.to_string())
    };
    for_all(tx, [INSERT, INSERT_MANY], keys, |query, some| some.iter().fold(query, with)).await?;
    Ok(())
}

/// Ends the foreign key of a locked license: it becomes one that the license had. Memory keeps it as a way to our own key, so the
/// caller exchanges that one in the same transaction.
pub async fn end(tx: &mut Tx<'_>, license: LicenseId, at: UnixSeconds) -> Result<bool, StoreError> {
    let asked = query_as::<LicenseKeyRow>(OF_LICENSE).bind(license.to_string());
    let Some(key) = asked.fetch_optional(&mut *tx).await? else { return Ok(false) };
    super::former_keys::insert(tx, &FormerKeyRow { of: key, replaced_at: at }).await?;
    query(END).bind(license.to_string()).execute(&mut *tx).await?;
    Ok(true)
}
