//! What a file is that somebody took for one of ours. It is only asked once a decoder has refused the file, and decides nothing.

use crate::{ArtifactError, Carrier, LicenseKey, Value, json};

/// A file that is no statement, as far as its bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// Nothing but white space or zeros.
    Empty,
    /// A statement or other JSON behind a byte order mark.
    Marked,
    /// Text in UTF-16.
    Utf16,
    /// HTML or XML: what web servers send in place of a file.
    WebPage,
    /// A license file for clients that were written for AuthForge (`spec/authforge.md` §2).
    AuthforgeFile,
    /// A request for such a file (`spec/authforge.md` §3).
    ActivationRequest,
    /// A certificate or key in PEM.
    Pem,
    /// A zip archive.
    Zip,
    /// A gzip archive.
    Gzip,
    /// A license key.
    LicenseKey,
    /// A `trust.json` (`spec/keys.md` §6).
    TrustFile,
    /// A statement, where something else is expected.
    Statement,
    /// A container (`spec/container.md`).
    Container,
    /// JSON whose end is missing.
    CutOff,
    /// Not text.
    Binary,
}

impl Foreign {
    /// What these bytes are; `None` where nothing speaks for any of them.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0) {
            return Some(Self::Empty);
        }
        by_first_bytes(bytes).or_else(|| match std::str::from_utf8(bytes) {
            Ok(text) if text.contains('\0') => Some(Self::Binary),
            Ok(text) => of_text(text),
            Err(_) => Some(Self::Binary),
        })
    }

    /// What it is: the rest of a sentence that begins with "this is".
    pub fn what(self) -> &'static str {
        match self {
            Self::Empty => "an empty file",
            Self::Marked => "a file that an editor changed: it begins with a byte order mark",
            Self::Utf16 => "text in UTF-16: an editor or a shell changed the file",
            Self::WebPage => "a web page: the download went wrong",
            Self::AuthforgeFile => "a license file for clients that were written for AuthForge",
            Self::ActivationRequest => "an activation request: it asks for a license file, and is none",
            Self::Pem => "a PEM file, such as a certificate or a key",
            Self::Zip => "a zip archive",
            Self::Gzip => "a gzip archive",
            Self::LicenseKey => "a license key, and no file that proves anything",
            Self::TrustFile => "a trust.json: it says whom to trust",
            Self::Statement => "a statement, such as a license file or a keyset",
            Self::Container => "a container, such as a snapshot",
            Self::CutOff => "a file whose end is missing",
            Self::Binary => "no text",
        }
    }

    /// What to do about it, in one sentence.
    pub fn fix(self) -> &'static str {
        match self {
            Self::Empty | Self::CutOff => "Get the file again: the download or the copy did not finish.",
            Self::Marked => {
                "Get the file again, and do not save it in an editor; or save it as UTF-8 without a byte order mark."
            }
            Self::Utf16 => {
                "Get the file again, and do not save it in an editor; in PowerShell, write it with -o FILE in place of `>`."
            }
            Self::WebPage => {
                "Open the address in a browser: it may ask you to sign in, or show an error. Then save the file itself."
            }
            Self::AuthforgeFile => {
                "Give it to a program that was built with AuthForge's client; for other programs, ask the vendor for the file that \
                 `sealgate license file` writes."
            }
            Self::ActivationRequest => "Send it to the vendor, who makes the license file from it.",
            Self::Pem => "Check that this is the right file; if it holds a private key, give it to nobody.",
            Self::Zip | Self::Gzip => "Unpack it, and give the file that is in it.",
            Self::LicenseKey => {
                "Type it where the program asks for a license key, or ask the vendor for a license file."
            }
            Self::TrustFile => {
                "Give the license file here; a trust.json belongs into the program, or behind --trust."
            }
            Self::Statement => "Give the vendor's trust.json here, which `sealgate keys export` writes.",
            Self::Container => {
                "Give it to `sglic import` or `sealgate verify`; `sealgate inspect` shows what is in it."
            }
            Self::Binary => "Check that this is the right file, and get it again.",
        }
    }
}

fn by_first_bytes(bytes: &[u8]) -> Option<Foreign> {
    match bytes {
        // What else it may be tells more than the mark.
        [0xef, 0xbb, 0xbf, rest @ ..] => match Foreign::of(rest) {
            Some(other) if other != Foreign::Statement => Some(other),
            _ => Some(Foreign::Marked),
        },
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{', 0, ..] | [0, b'{', ..] => Some(Foreign::Utf16),
        // spec/container.md §1.1.
        [0x93, b'S', b'G', b'C', ..] => Some(Foreign::Container),
        [b'P', b'K', 3, 4, ..] => Some(Foreign::Zip),
        [0x1f, 0x8b, ..] => Some(Foreign::Gzip),
        _ => None,
    }
}

fn of_text(text: &str) -> Option<Foreign> {
    let begin = text.trim_start();
    let has = |block: &str| text.contains(&format!("-----BEGIN AUTHFORGE {block}-----"));
    if has("LICENSE") {
        Some(Foreign::AuthforgeFile)
    } else if has("ACTIVATION REQUEST") {
        Some(Foreign::ActivationRequest)
    } else if begin.starts_with("-----BEGIN ") {
        Some(Foreign::Pem)
    } else if begin.starts_with('<') {
        Some(Foreign::WebPage)
    } else if begin.starts_with('{') {
        of_json(text.trim_end())
    } else {
        LicenseKey::parse(text).is_ok().then_some(Foreign::LicenseKey)
    }
}

fn of_json(text: &str) -> Option<Foreign> {
    match json::parse(text.as_bytes()) {
        Err(ArtifactError::Json { at, .. }) if at == text.len() => Some(Foreign::CutOff),
        Ok(Value::Object(members)) if members.iter().any(|(name, _)| name == "keyset_chain") => {
            Some(Foreign::TrustFile)
        }
        Ok(_) if Carrier::decode(text.as_bytes()).is_ok() => Some(Foreign::Statement),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Foreign;

    const STATEMENT: &str = r#"{"payloadType":"t","payload":"e30=","signatures":[{"keyid":"","sig":""}]}"#;

    #[test]
    fn what_people_take_for_a_license_file_is_told() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let armored = |block: &str| format!("Dear Ada,\n-----BEGIN AUTHFORGE {block}-----\n").into_bytes();
        let cases: Vec<(Vec<u8>, Foreign)> = vec![
            (vec![], Foreign::Empty),
            (b" \r\n".to_vec(), Foreign::Empty),
            (vec![0; 512], Foreign::Empty),
            (format!("\u{feff}{STATEMENT}").into_bytes(), Foreign::Marked),
            ("\u{feff}<html>".into(), Foreign::WebPage),
            ("\u{feff}".into(), Foreign::Empty),
            ([&[0xff, 0xfe][..], &utf16(STATEMENT)].concat(), Foreign::Utf16),
            (utf16(STATEMENT), Foreign::Utf16),
            (b"\n<!DOCTYPE html><title>Sign in</title>".to_vec(), Foreign::WebPage),
            (b"<?xml version=\"1.0\"?><Error/>".to_vec(), Foreign::WebPage),
            (armored("LICENSE"), Foreign::AuthforgeFile),
            (armored("ACTIVATION REQUEST"), Foreign::ActivationRequest),
            (b"-----BEGIN CERTIFICATE-----\n".to_vec(), Foreign::Pem),
            (b"PK\x03\x04\x14\0".to_vec(), Foreign::Zip),
            (b"\x1f\x8b\x08\0".to_vec(), Foreign::Gzip),
            (b"000G-40R4-0M30-E209-185G-R38E-1YRB\n".to_vec(), Foreign::LicenseKey),
            (br#"{"roots":[],"keyset_chain":[]}"#.to_vec(), Foreign::TrustFile),
            (format!("{STATEMENT}\n").into_bytes(), Foreign::Statement),
            (STATEMENT.as_bytes()[..40].to_vec(), Foreign::CutOff),
            (format!("{}\n", &STATEMENT[..30]).into_bytes(), Foreign::CutOff),
            (b"\x89PNG\r\n".to_vec(), Foreign::Binary),
            (b"text\0text".to_vec(), Foreign::Binary),
        ];
        for (bytes, is) in cases {
            assert_eq!(Foreign::of(&bytes), Some(is), "{}", String::from_utf8_lossy(&bytes));
            assert!(is.fix().ends_with('.') && !is.what().ends_with('.'));
        }
        for unknown in ["hello", r#"{"a":1}"#, r#"{"a":1.5}"#, "[1]"] {
            assert_eq!(Foreign::of(unknown.as_bytes()), None, "{unknown}");
        }
    }

    proptest! {
        /// No bytes whatever make it panic.
        #[test]
        fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Foreign::of(&bytes);
        }
    }
}
