//! What lies beside a program: the license key, the license and the proof.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::config::{GuardConfig, GuardConfigError};
use super::material::Files;

/// A carrier has at most 1.5 MB (`spec/envelope.md`); a key is far shorter.
const BYTES: u64 = 2 << 20;

/// What a file with a license key may hold beside the bare key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyFile {
    license_key: String,
}

impl GuardConfig {
    /// The license key: of the file, else what the program's environment says (`SEALGATE_LICENSE_KEY`), which the program reads itself. The
    /// file holds the bare key, or `{"LicenseKey": "…"}`. `None` where neither says one.
    pub fn license_key(&self, variable: Option<&str>) -> Result<Option<Zeroizing<String>>, GuardConfigError> {
        if let Some(path) = &self.license_file
            && let Some(bytes) = read(path).map_err(|why| GuardConfigError::of(&named(path), &why))?
        {
            return of_text(&Zeroizing::new(bytes))
                .map(Some)
                .map_err(|why| GuardConfigError::of(&named(path), &why));
        }
        let variable = variable.map(str::trim).filter(|key| !key.is_empty());
        Ok(variable.map(|key| Zeroizing::new(key.to_owned())))
    }

    /// License, proof and release as they lie beside the program.
    pub(super) fn placed(&self) -> Result<Files, GuardConfigError> {
        let file = |path: Option<&Path>| match path {
            Some(path) => read(path).map_err(|why| GuardConfigError::of(&named(path), &why)),
            None => Ok(None),
        };
        Ok(Files {
            license: file(self.license_json().as_deref())?,
            proof: file(self.proof_file.as_deref())?,
            release: file(self.release_json().as_deref())?,
        })
    }
}

fn of_text(bytes: &[u8]) -> Result<Zeroizing<String>, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "this is no text")?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let key = if text.starts_with('{') {
        let file: KeyFile =
            serde_json::from_str(text).map_err(|_| "this is no JSON with a field LicenseKey")?;
        Zeroizing::new(file.license_key)
    } else {
        Zeroizing::new(text.to_owned())
    };
    if key.trim().is_empty() {
        Err("the license key is empty")
    } else {
        Ok(Zeroizing::new(key.trim().to_owned()))
    }
}

fn named(path: &Path) -> String {
    format!("{}: ", path.display())
}

/// `None` where there is no such file.
#[expect(clippy::disallowed_methods, reason = "this is the adapter to the files beside a program")]
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // A pipe in the place of a file would make this wait for ever.
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut bytes = vec![];
    File::open(path)?.take(BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than 2 MiB"));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::of_text;

    #[test]
    fn a_key_stands_bare_or_in_json() {
        for text in ["000G-40R4", " 000G-40R4\r\n", "\u{feff}000G-40R4", r#"{"LicenseKey": "000G-40R4"}"#] {
            assert_eq!(of_text(text.as_bytes()).as_deref().map(String::as_str), Ok("000G-40R4"), "{text}");
        }
        for text in ["", " ", "{", r#"{"Key":"x"}"#, r#"{"LicenseKey":" "}"#, r#"{"LicenseKey":1}"#] {
            assert!(of_text(text.as_bytes()).is_err(), "{text}");
        }
        assert!(of_text(&[0xff]).is_err());
    }
}
