//! The payload of a license file (`spec/authforge.md` §2.2).

use sealgate_artifact::{UnixSeconds, Value, encode_base64};
use serde::{Serialize, Serializer};

use crate::fields::{Fields, plain, require, text};
use crate::variable::WITH_VARIABLES;
use crate::{FileRefusal, FileVariables, LicenseFile, Machines, Variable, iso};

const TYP: &str = "authforge-license";

/// The base64 text to be signed.
pub(crate) fn write(file: &LicenseFile) -> String {
    let document = Document {
        v: 1,
        typ: TYP,
        app_id: &file.app_id,
        license_key: &file.license_key,
        jti: &file.jti,
        kid: &file.kid,
        issued_at: iso::spell(file.issued_at),
        expires_at: End::of(file.expires_at),
        hwid: &file.hwid,
        label: file.label.as_deref(),
        license_expires_at: file.license_expires_at.map(End::of),
        license_variables: file.license_variables.as_ref().map(InOrder),
        app_variables: file.app_variables.as_ref().map(InOrder),
    };
    encode_base64(&serde_json::to_vec(&document).expect("text, whole numbers and lists can be written"))
}

/// Reads such a text.
pub(crate) fn read(payload: &str) -> Result<LicenseFile, FileRefusal> {
    let mut fields = Fields::of_version_1(payload, &WITH_VARIABLES)?;
    fields.expect_typ(TYP)?;
    Ok(LicenseFile {
        app_id: plain(fields.text("appId")?)?,
        license_key: plain(fields.text("licenseKey")?)?,
        jti: plain(fields.text("jti")?)?,
        kid: plain(fields.text("kid")?)?,
        issued_at: time(&fields.text("issuedAt")?)?,
        // spec/authforge.md §2.2: `null` means never; an absent field does not.
        expires_at: end(fields.need("expiresAt")?)?,
        hwid: machines(Fields::of(fields.need("hwid")?)?)?,
        label: fields.optional_text("label")?,
        license_expires_at: fields.take("licenseExpiresAt").map(end).transpose()?,
        license_variables: fields.take("licenseVariables").map(variables).transpose()?,
        app_variables: fields.take("appVariables").map(variables).transpose()?,
    })
}

fn time(text: &str) -> Result<UnixSeconds, FileRefusal> {
    iso::parse(text).ok_or(FileRefusal::MalformedPayload)
}

/// A time or `null`.
fn end(value: Value) -> Result<Option<UnixSeconds>, FileRefusal> {
    match value {
        Value::Null => Ok(None),
        value => time(&text(value)?).map(Some),
    }
}

fn machines(mut fields: Fields) -> Result<Machines, FileRefusal> {
    match (fields.text("mode")?.as_str(), fields.take("hwids")) {
        ("any", _) => Ok(Machines::Any),
        ("bound", Some(Value::List(hwids))) => {
            require(!hwids.is_empty())?;
            let hwids = hwids.into_iter().map(|hwid| plain(text(hwid)?));
            Ok(Machines::Bound { hwids: hwids.collect::<Result<_, _>>()? })
        }
        _ => Err(FileRefusal::MalformedPayload),
    }
}

fn variables(value: Value) -> Result<FileVariables, FileRefusal> {
    let Value::Object(members) = value else { return Err(FileRefusal::MalformedPayload) };
    let variable = |(name, value)| Some((name, Variable::of(value)?));
    members.into_iter().map(variable).collect::<Option<_>>().ok_or(FileRefusal::MalformedPayload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    v: u64,
    typ: &'static str,
    app_id: &'a str,
    license_key: &'a str,
    jti: &'a str,
    kid: &'a str,
    issued_at: String,
    expires_at: End,
    hwid: &'a Machines,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_expires_at: Option<End>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_variables: Option<InOrder<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_variables: Option<InOrder<'a>>,
}

/// A time or `null`.
#[derive(Serialize)]
struct End(Option<String>);

impl End {
    fn of(end: Option<UnixSeconds>) -> Self {
        Self(end.map(iso::spell))
    }
}

/// Written as an object, in this order.
struct InOrder<'a>(&'a FileVariables);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
