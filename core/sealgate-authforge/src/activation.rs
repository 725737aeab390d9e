//! Activation requests, `.authforge-request`: a machine without a network asks for a license file and states its name
//! (`spec/authforge.md` §3).

use sealgate_artifact::{UnixSeconds, encode_hex};
use sha2::{Digest, Sha256};

use crate::fields::{Fields, plain, require};
use crate::file::LICENSE;
use crate::{FileRefusal, armor};

/// The largest request in bytes, including any mail text around it. Blocks memory exhaustion before anything is decoded.
pub const ACTIVATION_REQUEST_BYTES: usize = 16 * 1024;

const TYP: &str = "authforge-activation-request";
const REQUEST: &str = "ACTIVATION REQUEST";
/// Bytes of the digest in the header `Checksum`.
const CHECKSUM_BYTES: usize = 8;
/// Characters in `appId` and in `hwid`; clients clip to this. Blocks requests that carry other things.
const NAME_CHARS: usize = 256;
/// Characters in `machineName`.
const MACHINE_NAME_CHARS: usize = 128;
/// Characters in any other field.
const FIELD_CHARS: usize = 64;

/// A request for a license file. It is not signed and proves nothing, so it is never an [`Opened`](crate::Opened). It
/// may hold a license key, so its `Debug` text shows only the machine.
#[derive(Clone, PartialEq, Eq)]
pub struct ActivationRequest {
    /// The app.
    pub app_id: String,
    /// The machine, by whatever name its client gives it.
    pub hwid: String,
    /// When the request was made, by the machine's clock.
    pub created_at: UnixSeconds,
    /// The name that people gave the machine.
    pub machine_name: Option<String>,
    /// The operating system.
    pub os: Option<String>,
    /// The client library and its version.
    pub sdk: Option<String>,
    /// The license key as the customer typed it.
    pub license_key: Option<String>,
}

impl ActivationRequest {
    /// Reads a request and checks it in the order of `spec/authforge.md` §3.4.
    pub fn parse(text: &str) -> Result<Self, FileRefusal> {
        if text.len() > ACTIVATION_REQUEST_BYTES {
            return Err(FileRefusal::TooLarge);
        }
        let lines = armor::lines(text);
        if !armor::begins(&lines, REQUEST) && armor::begins(&lines, LICENSE) {
            return Err(FileRefusal::IsLicenseFile);
        }
        let block = armor::between(&lines, REQUEST).and_then(|(block, _)| armor::with_headers(block));
        let block = block.ok_or(FileRefusal::BadArmor)?;
        let checksum = block.header("Checksum").ok_or(FileRefusal::BadArmor)?;
        let fields = Fields::of_version_1(&block.body, &[])?;
        let request = Self::of(fields)?;
        // spec/authforge.md §3.3: over the base64 text, like a license file's signature.
        let digest = Sha256::digest(block.body.as_bytes());
        if encode_hex(&digest[..CHECKSUM_BYTES]) == checksum {
            Ok(request)
        } else {
            Err(FileRefusal::ChecksumMismatch)
        }
    }

    /// spec/authforge.md §3.2.
    fn of(mut fields: Fields) -> Result<Self, FileRefusal> {
        fields.expect_typ(TYP)?;
        let created_at = UnixSeconds::parse_rfc3339(&fields.text("createdAt")?);
        Ok(Self {
            app_id: shown(plain(fields.text("appId")?)?, NAME_CHARS)?,
            hwid: shown(plain(fields.text("hwid")?)?, NAME_CHARS)?,
            created_at: created_at.ok_or(FileRefusal::MalformedPayload)?,
            machine_name: optional(&mut fields, "machineName", MACHINE_NAME_CHARS)?,
            os: optional(&mut fields, "os", FIELD_CHARS)?,
            sdk: optional(&mut fields, "sdk", FIELD_CHARS)?,
            license_key: optional(&mut fields, "licenseKey", FIELD_CHARS)?,
        })
    }
}

impl std::fmt::Debug for ActivationRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActivationRequest").field("hwid", &self.hwid).finish_non_exhaustive()
    }
}

fn optional(fields: &mut Fields, name: &str, chars: usize) -> Result<Option<String>, FileRefusal> {
    fields.optional_text(name)?.map(|text| shown(text, chars)).transpose()
}

/// Text that is safe to show in a terminal, of at most `chars` characters.
fn shown(text: String, chars: usize) -> Result<String, FileRefusal> {
    require(!text.is_empty() && text.chars().count() <= chars && !text.contains(char::is_control))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{encode_base64, encode_hex};
    use serde_json::{Value, json};
    use sha2::{Digest, Sha256};

    use super::{ACTIVATION_REQUEST_BYTES, ActivationRequest};
    use crate::{FileRefusal, armor};

    fn request() -> Value {
        json!({
            "v": 1, "typ": "authforge-activation-request", "appId": "app-1", "hwid": "device-1",
            "createdAt": "2027-01-31T00:00:00.000Z",
        })
    }

    /// A request with this body, and the checksum of another.
    fn armored(body: &str, summed: &str) -> String {
        let checksum = encode_hex(&Sha256::digest(summed.as_bytes()));
        let mut text = String::new();
        armor::write(&mut text, "ACTIVATION REQUEST", &format!("Checksum: {}\n\n", &checksum[..16]), body);
        text
    }

    fn parse(json: &str) -> Result<ActivationRequest, FileRefusal> {
        let body = encode_base64(json.as_bytes());
        ActivationRequest::parse(&armored(&body, &body))
    }

    #[test]
    fn a_request_is_read() {
        let least = parse(&request().to_string()).expect("a request");
        assert_eq!((least.app_id.as_str(), least.hwid.as_str()), ("app-1", "device-1"));
        assert_eq!(least.created_at.to_string(), "2027-01-31T00:00:00Z");
        assert_eq!((least.machine_name, least.os, least.sdk, least.license_key), (None, None, None, None));

        let mut full = request();
        full["machineName"] = json!("Büro \"2\"");
        full["os"] = json!("Linux");
        full["sdk"] = json!("rust/2.0.0");
        full["licenseKey"] = json!("SECRET-KEY");
        full["later"] = json!([]);
        let full = parse(&full.to_string()).expect("a request");
        assert_eq!(full.machine_name.as_deref(), Some("Büro \"2\""));
        assert_eq!((full.os.as_deref(), full.sdk.as_deref()), (Some("Linux"), Some("rust/2.0.0")));
        assert_eq!(full.license_key.as_deref(), Some("SECRET-KEY"));
        assert!(!format!("{full:?}").contains("SECRET"));
    }

    #[test]
    fn each_field_is_looked_at() {
        let too_long = "x".repeat(257);
        let long = |n: usize| json!("ä".repeat(n));
        let wrong = [
            ("typ", json!("authforge-license")),
            ("typ", json!(1)),
            ("appId", json!("")),
            ("appId", json!(" a")),
            ("hwid", json!("")),
            ("hwid", json!("a\nb")),
            ("hwid", json!(too_long)),
            ("hwid", Value::Null),
            ("createdAt", json!("yesterday")),
            ("machineName", long(129)),
            ("machineName", json!("\u{1b}[31m")),
            ("os", long(65)),
            ("sdk", long(65)),
            ("licenseKey", long(65)),
            ("licenseKey", json!(1)),
            ("os", json!("")),
        ];
        for (name, value) in wrong {
            let mut request = request();
            request[name] = value;
            assert_eq!(parse(&request.to_string()), Err(FileRefusal::MalformedPayload), "{request}");
        }
        for (name, value) in
            [("hwid", long(256)), ("machineName", long(128)), ("os", long(64)), ("os", Value::Null)]
        {
            let mut request = request();
            request[name] = value;
            assert!(parse(&request.to_string()).is_ok(), "{request}");
        }
        for version in [json!(2), json!(true), json!("1"), Value::Null] {
            let mut request = request();
            request["v"] = version;
            assert_eq!(parse(&request.to_string()), Err(FileRefusal::UnsupportedVersion), "{request}");
        }
        let mut unversioned = request();
        unversioned.as_object_mut().expect("an object").remove("v");
        assert_eq!(
            parse(&unversioned.to_string()),
            Err(FileRefusal::UnsupportedVersion),
            "a `v` that is absent is not 1"
        );
        // Not strict, and of another version: the text is judged first.
        for text in ["[]", " ", r#"{"v":1,"v":1}"#, "{\"v\":1.0}", r#"{"v":2,"a":1.5}"#] {
            assert_eq!(parse(text), Err(FileRefusal::MalformedPayload), "{text}");
        }
    }

    #[test]
    fn armor_and_checksum_are_looked_at() {
        let body = encode_base64(request().to_string().as_bytes());
        let text = armored(&body, &body);
        assert!(ActivationRequest::parse(&text).is_ok());
        let refusals = [
            (text.replace("Checksum", "Check-Sum"), FileRefusal::BadArmor),
            (text.replace("Checksum: ", "Checksum: 0"), FileRefusal::ChecksumMismatch),
            (text.replacen("Checksum: ", "Checksum: 0\nChecksum: ", 1), FileRefusal::BadArmor),
            (text.replace("ACTIVATION REQUEST", "LICENSE"), FileRefusal::IsLicenseFile),
            (text.replace("END ", "END"), FileRefusal::BadArmor),
            // It begins, and another of two files follows: a request that is damaged.
            (
                text.replace("END ", "END") + &text.replace("ACTIVATION REQUEST", "LICENSE"),
                FileRefusal::BadArmor,
            ),
            (format!("{text}{}", " ".repeat(ACTIVATION_REQUEST_BYTES)), FileRefusal::TooLarge),
        ];
        for (text, refusal) in refusals {
            assert_eq!(ActivationRequest::parse(&text), Err(refusal), "{text}");
        }
        let both = format!("{}{text}", text.replace("ACTIVATION REQUEST", "LICENSE"));
        assert!(ActivationRequest::parse(&both).is_ok(), "a mail may hold both");
    }

    proptest! {
        /// Whatever a client may write within its own limits is read, and fits the size.
        #[test]
        fn whatever_clients_may_write_is_read(
            hwid in "[^\\p{Cc}\\s]{1,256}",
            machine in "[^\\p{Cc}]{1,128}",
            other in "[^\\p{Cc}]{1,64}",
        ) {
            let mut request = request();
            request["hwid"] = json!(hwid);
            request["machineName"] = json!(machine);
            for name in ["os", "sdk", "licenseKey"] {
                request[name] = json!(other);
            }
            let read = parse(&request.to_string()).expect("a request");
            prop_assert_eq!((read.hwid, read.machine_name), (hwid, Some(machine)));
            prop_assert_eq!(read.license_key, Some(other));
        }

        /// No single other letter in the body passes unnoticed.
        #[test]
        fn no_changed_letter_passes(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9+/=]") {
            let body = encode_base64(request().to_string().as_bytes());
            let at = at.index(body.len());
            prop_assume!(body[at..=at] != to);
            let mut changed = body.clone();
            changed.replace_range(at..=at, &to);
            let text = armored(&changed, &body);
            prop_assert!(ActivationRequest::parse(&text).is_err());
        }

        /// Any text gets an answer.
        #[test]
        fn any_text_gets_an_answer(text in any::<String>(), json in any::<String>()) {
            prop_assert!(ActivationRequest::parse(&text).is_err());
            prop_assert!(parse(&json).is_err());
        }
    }
}
