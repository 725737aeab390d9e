//! License files on AuthForge's wire, put together and signed (`spec/authforge.md`).

use std::collections::BTreeMap;
use std::sync::Arc;

use sealgate_artifact::{Code, KeyUse, RecordId, UnixSeconds};
use sealgate_authforge::{FileVariables, LicenseFile, Machines, Variable};
use sealgate_store::table::{AppRow, LicenseRow};
use sealgate_trust::{Message, Signer};

use crate::{AuthorityError, Ids, Side, stored};

/// A signed file. It holds a license key, so it has no `Debug` text.
#[derive(Clone)]
pub struct Minted {
    /// The file's own id.
    pub jti: String,
    /// The armored text.
    pub text: String,
    /// A name for it on a disk.
    pub name: String,
}

/// Signs files with the keys of apps.
#[derive(Clone)]
pub struct Mint {
    signer: Arc<dyn Signer>,
    ids: Ids,
    side: Side,
}

/// What a file is made from.
pub struct Draft<'a> {
    /// The app whose key signs.
    pub app: &'a AppRow,
    /// The license that the file grants.
    pub license: &'a LicenseRow,
    /// Its key, which stands in the file.
    pub key: String,
    /// The devices that may use the file.
    pub machines: Machines,
    /// When the file ends; `None` for never.
    pub expires_at: Option<UnixSeconds>,
}

impl Mint {
    /// Signs with this signer's keys, for that side.
    pub fn new(signer: Arc<dyn Signer>, ids: Ids, side: Side) -> Self {
        Self { signer, ids, side }
    }

    /// Makes a file. Stores nothing, and decides nothing but whether the clock is good enough for it.
    pub fn make(&self, draft: Draft<'_>) -> Result<Minted, AuthorityError> {
        let Draft { app, license, key, machines, expires_at } = draft;
        self.ids.clock_watch().may_sign_until(self.side, expires_at)?;
        let jti = self.ids.fresh(RecordId::new).to_string();
        let kid = app.public_key.id(KeyUse::App);
        let name = file_name(&key);
        let file = LicenseFile {
            app_id: app.id.to_string(),
            license_key: key,
            jti: jti.clone(),
            kid: kid.to_string(),
            issued_at: self.ids.now(),
            expires_at,
            hwid: machines,
            // The label is the vendor's own note: it leaves only where the vendor says so.
            label: license.label.clone().filter(|_| app.show_labels),
            license_expires_at: Some(license.expires_at),
            license_variables: variables(&license.variables)?,
            app_variables: variables(&app.variables)?,
        };
        // Everything in it is ours but the device's name, which a published client may not be able to read.
        let unsigned = file.unsigned().map_err(|_| AuthorityError::Refused(Code::MalformedRequest))?;
        let signature = self.signer.sign(kid, Message::AppAnswer(unsigned.payload()))?;
        Ok(Minted { jti, text: unsigned.with_signature(&signature), name })
    }
}

/// What the file of a license key is called on a disk.
pub fn file_name(key: &str) -> String {
    // A key from elsewhere may hold what leads out of a folder.
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    format!("{}.authforge", key.chars().map(plain).collect::<String>())
}

fn variables(text: &str) -> Result<Option<FileVariables>, AuthorityError> {
    let variables: BTreeMap<String, Variable> = stored(text)?;
    Ok((!variables.is_empty()).then(|| variables.into_iter().collect()))
}
