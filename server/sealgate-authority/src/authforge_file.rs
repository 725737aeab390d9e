//! License files on AuthForge's wire, put together and signed (`spec/authforge.md`).

use sealgate_artifact::{Code, KeyUse, RecordId, UnixSeconds};
use sealgate_authforge::{FileVariables, LicenseFile, Machines, Variable};
use sealgate_store::{AppRow, LicenseRow};
use sealgate_trust::Message;
use std::collections::BTreeMap;

use crate::control::stored;
use crate::{Authority, AuthorityError};

/// A signed file. It holds a license key, so it has no `Debug` text.
#[derive(Clone)]
pub(crate) struct Minted {
    /// Names this file among all.
    pub(crate) jti: String,
    /// The armored text.
    pub(crate) text: String,
    /// What to call it on a disk.
    pub(crate) name: String,
}

/// Makes a file for these machines. Nothing is stored, and nothing is decided here.
pub(crate) fn mint(
    a: &Authority,
    (app, license, key): (&AppRow, &LicenseRow, String),
    hwid: Machines,
    expires_at: Option<UnixSeconds>,
) -> Result<Minted, AuthorityError> {
    let (millis, random) = a.new_id();
    let jti = RecordId::new(millis, random).to_string();
    let kid = app.public_key.id(KeyUse::App);
    let name = format!("{key}.authforge");
    let file = LicenseFile {
        app_id: app.id.to_string(),
        license_key: key,
        jti: jti.clone(),
        kid: kid.to_string(),
        issued_at: a.now(),
        expires_at,
        hwid,
        // The label is the vendor's own note.
        label: None,
        license_expires_at: Some(license.expires_at),
        license_variables: variables(&license.variables)?,
        app_variables: variables(&app.variables)?,
    };
    // What is not ours in it is the device's name, which a published client would not read as it stands.
    let unsigned = file.unsigned().map_err(|_| AuthorityError::Refused(Code::MalformedRequest))?;
    let signature = a.signer.sign(kid, Message::AppAnswer(unsigned.payload()))?;
    Ok(Minted { jti, text: unsigned.with_signature(&signature), name })
}

fn variables(text: &str) -> Result<Option<FileVariables>, AuthorityError> {
    let variables: BTreeMap<String, Variable> = stored(text)?;
    Ok((!variables.is_empty()).then(|| variables.into_iter().collect()))
}
