//! Digests of the keys of licenses that were issued before requests named them (`spec/offline.md` §2.2).

use sealgate_artifact::LicenseId;
use sealgate_authority::AuthorityError;
use sealgate_store::table::KeyHash;
use sealgate_store::{Tx, Work, table};

use super::bundles::Offline;

/// Licenses that are looked at together.
const PAGE: u32 = 200;

impl Offline {
    /// Notes the digests of keys that are missing, of a page of licenses after that one. Says where to go on; `None` at the end.
    pub async fn note_digests(&self, after: &str) -> Result<Option<String>, AuthorityError> {
        let after = LicenseId::parse(after).ok();
        let page = table::key_digests::after(&self.desk.db, after, PAGE).await?;
        let mut missing = vec![];
        for sealed in page.iter().filter(|sealed| !sealed.is_done) {
            // One that does not open was sealed by another installation; nobody finds it by its key anyway.
            if let Some(key) = self.secrets.open_license_key(&sealed.key_sealed, sealed.license) {
                missing.push(Missing {
                    license: sealed.license,
                    tenant: sealed.tenant,
                    key: self.shared.license_key(&key),
                    digest: self.shared.digest_of_key(&key),
                });
            }
        }
        for missing in missing {
            self.desk.db.write(missing).await?;
        }
        let last = page.last().filter(|_| page.len() == PAGE as usize);
        Ok(last.map(|last| last.license.to_string()))
    }
}

struct Missing {
    license: LicenseId,
    tenant: sealgate_artifact::TenantId,
    key: KeyHash,
    digest: KeyHash,
}

impl Work for Missing {
    type Output = ();
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let locked = table::licenses::lock(tx, self.tenant, self.license).await?;
        // It may have got another key meanwhile, and with that its digest.
        match locked.filter(|license| license.key_hash == self.key) {
            Some(locked) => Ok(table::key_digests::replace(tx, &locked, self.digest).await?),
            None => Ok(()),
        }
    }
}
