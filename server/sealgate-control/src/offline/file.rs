//! A bundle as a file that crosses to a machine without a network (`spec/offline.md` §4.1, §5.6).

use sealgate_artifact::{Carrier, Code, Envelope, Kind};
use sealgate_authority::seats::standing;
use sealgate_authority::{AuthorityError, broken};
use sealgate_container::{EntryName, Purpose, encode_statement, write};
use sealgate_store::table;
use sealgate_wire::{BundleFileQuery, BundleKeys};

use super::bundles::Offline;
use super::view::is_live;
use crate::Caller;
use crate::snapshots::Chain;

/// A bundle as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleFile {
    /// How it is called, such as `license-1f3a5b7c.sglic`.
    pub name: String,
    /// The container (`spec/container.md`).
    pub bytes: Vec<u8>,
}

impl Offline {
    /// The file of a bundle that has not ended and was not revoked: the same statement each time, with the keys that count now.
    pub async fn file(
        &self,
        caller: &Caller,
        id: &str,
        query: &BundleFileQuery,
    ) -> Result<BundleFile, AuthorityError> {
        let (db, tenant) = (&self.desk.db, caller.tenant);
        let row = self.find(caller, id).await?;
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let license = table::licenses::find(db, tenant, row.license).await?.ok_or_else(unknown)?;
        let standing = standing(&license);
        if standing.revoked || row.revoked_at.is_some() {
            return Err(AuthorityError::Refused(Code::LicenseRevoked));
        }
        if standing.suspended {
            return Err(AuthorityError::Refused(Code::Blocked));
        }
        if !is_live(&row, self.desk.ids.now()) {
            return Err(unknown());
        }
        // Its customer may have been forgotten, and with them what it said.
        let statement = table::bundles::statement(db, tenant, row.id).await?.ok_or_else(unknown)?;
        let mut entries = entries(&Carrier::decode(&statement)?)?;
        let keys = query.keys.unwrap_or_default();
        if keys != BundleKeys::None {
            entries.extend(keys_of(&Chain::read(db, tenant).await?, keys)?);
        }
        let entries: Vec<_> = entries.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        let bytes =
            write(Purpose::License, &entries).map_err(|fault| broken(format!("no container: {fault:?}")))?;
        let id = license.id.to_string();
        let begin = id.get(..8).unwrap_or(&id);
        Ok(BundleFile { name: format!("license-{begin}{}", Purpose::License.file_ending()), bytes })
    }
}

type Entries = Vec<(EntryName, Vec<u8>)>;

fn entries(bundle: &Carrier) -> Result<Entries, AuthorityError> {
    let mut entries = vec![(EntryName::Bundle, statement(Kind::Bundle, &bundle.envelope)?)];
    entries.extend(bundle.attachments.iter().map(|bytes| (EntryName::Attachment, bytes.clone())));
    Ok(entries)
}

fn keys_of(chain: &Chain, keys: BundleKeys) -> Result<Entries, AuthorityError> {
    let mut entries = vec![];
    if keys == BundleKeys::All {
        for root in &chain.roots {
            entries.push((EntryName::Root, statement(Kind::Root, root)?));
        }
        entries.push((EntryName::Keyset, statement(Kind::Keyset, &chain.keyset)?));
    }
    entries.push((EntryName::TenantKeyset, statement(Kind::TenantKeyset, &chain.tenant_keyset)?));
    Ok(entries)
}

fn statement(kind: Kind, envelope: &Envelope) -> Result<Vec<u8>, AuthorityError> {
    encode_statement(kind, envelope).map_err(|fault| broken(format!("a stored {kind} is none: {fault:?}")))
}
