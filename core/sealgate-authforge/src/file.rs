//! Offline license files, `.authforge`, version 1 (`spec/authforge.md` §2).

use sealgate_artifact::{PublicKey, UnixSeconds, encode_base64};

use crate::{FileRefusal, LicenseFile, Machines, Opened, Unopened, Verify, armor, iso, payload};

/// The largest file in bytes. Blocks memory exhaustion before anything is decoded.
pub const LICENSE_FILE_BYTES: usize = 64 * 1024;

/// The block with the payload.
pub(crate) const LICENSE: &str = "LICENSE";
const SIGNATURE: &str = "SIGNATURE";

/// The program that opens a file, its machine and the time.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    /// The app that this program is.
    pub app_id: &'a str,
    /// The machine, by whatever name its client gives it.
    pub hwid: &'a str,
    /// The current time.
    pub now: UnixSeconds,
}

/// A file that still needs its signature. It holds a license key, so it has no `Debug` text.
pub struct UnsignedFile {
    pub(crate) headers: String,
    pub(crate) payload: String,
}

impl LicenseFile {
    /// Builds the file, all but its signature. What a reader would refuse for its form is refused here, with the same
    /// word (`spec/authforge.md` §2.4).
    pub fn unsigned(&self) -> Result<UnsignedFile, FileRefusal> {
        let unsigned = UnsignedFile { headers: self.headers(), payload: payload::write(self) };
        if unsigned.with_signature(&[0; 64]).len() > LICENSE_FILE_BYTES {
            return Err(FileRefusal::TooLarge);
        }
        payload::read(&unsigned.payload).map(|_| unsigned)
    }

    /// Takes off the armor. Fails with the first of `too_large`, `bad_armor` and, unless the signature is the canonical
    /// base64 of 64 bytes, `bad_signature` (`spec/authforge.md` §2.6).
    pub fn unopened(text: &str) -> Result<Unopened<Self>, FileRefusal> {
        if text.len() > LICENSE_FILE_BYTES {
            return Err(FileRefusal::TooLarge);
        }
        let (payload, signature) = signed_parts(text).ok_or(FileRefusal::BadArmor)?;
        Unopened::new(payload, &signature).ok_or(FileRefusal::BadSignature)
    }

    fn headers(&self) -> String {
        let Self { app_id, license_key, kid, expires_at, .. } = self;
        let expires_at = expires_at.map_or_else(|| "never".to_owned(), iso::spell);
        format!(
            "Version: 1\nApp-Id: {app_id}\nLicense: {license_key}\nKey-Id: {kid}\nExpires-At: {expires_at}\n\n"
        )
    }

    /// spec/authforge.md §2.6: `wrong_app`, `expired`, `hwid_mismatch`.
    fn counts(&self, here: &Here<'_>) -> Result<(), FileRefusal> {
        if self.app_id != here.app_id {
            return Err(FileRefusal::WrongApp);
        }
        if self.expires_at.is_some_and(|end| end <= here.now) {
            return Err(FileRefusal::Expired);
        }
        match &self.hwid {
            Machines::Bound { hwids } if !hwids.iter().any(|hwid| hwid == here.hwid) => {
                Err(FileRefusal::HwidMismatch)
            }
            _ => Ok(()),
        }
    }
}

impl Unopened<LicenseFile> {
    /// Checks signature, form and content in the order of `spec/authforge.md` §2.6, and gives what the file says.
    /// `keys` are the keys that the program trusts for this app.
    pub fn open(
        &self,
        keys: &[PublicKey],
        verify: Verify,
        here: &Here<'_>,
    ) -> Result<Opened<LicenseFile>, FileRefusal> {
        // spec/authforge.md §2.6: before the payload is decoded.
        let signed = self.signed(keys, verify).ok_or(FileRefusal::BadSignature)?;
        let file = payload::read(signed.text())?;
        file.counts(here)?;
        Ok(signed.opened(file))
    }
}

impl UnsignedFile {
    /// The text to sign: the base64 of the payload, as ASCII (`spec/authforge.md` §2.5).
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// The complete text of the file.
    pub fn with_signature(&self, signature: &[u8; 64]) -> String {
        let mut text = String::new();
        armor::write(&mut text, LICENSE, &self.headers, &self.payload);
        armor::write(&mut text, SIGNATURE, "", &encode_base64(signature));
        text
    }
}

/// The base64 of payload and signature. Headers must have the form of headers; their content does not matter.
fn signed_parts(text: &str) -> Option<(String, String)> {
    let lines = armor::lines(text);
    let (license, behind) = armor::between(&lines, LICENSE)?;
    let (signature, _) = armor::between(behind, SIGNATURE)?;
    Some((armor::with_headers(license)?.body, armor::body(signature)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{Decimal, PublicKey, UnixSeconds, decode_base64, encode_base64};

    use super::{Here, LICENSE_FILE_BYTES, UnsignedFile};
    use crate::tests::signs::{self, KEY, OTHER_KEY};
    use crate::{FileRefusal, LicenseFile, Machines, Variable};

    const PLAIN: &str = r#"{"v":1,"typ":"authforge-license","appId":"app-1","licenseKey":"SECRET-KEY","jti":"file-1","kid":"key-1","issuedAt":"2027-01-31T00:00:00.000Z","expiresAt":"2028-01-31T00:00:00.000Z","hwid":{"mode":"bound","hwids":["device-1"]}}"#;

    fn time(text: &str) -> UnixSeconds {
        UnixSeconds::parse_rfc3339(text).expect("a time")
    }

    fn plain() -> LicenseFile {
        LicenseFile {
            app_id: "app-1".to_owned(),
            license_key: "SECRET-KEY".to_owned(),
            jti: "file-1".to_owned(),
            kid: "key-1".to_owned(),
            issued_at: time("2027-01-31T00:00:00Z"),
            expires_at: Some(time("2028-01-31T00:00:00Z")),
            hwid: Machines::Bound { hwids: vec!["device-1".to_owned()] },
            label: None,
            license_expires_at: None,
            license_variables: None,
            app_variables: None,
        }
    }

    fn here() -> Here<'static> {
        Here { app_id: "app-1", hwid: "device-1", now: time("2027-06-01T00:00:00Z") }
    }

    fn signed(file: &UnsignedFile) -> String {
        file.with_signature(&signs::sign(&KEY, file.payload().as_bytes()))
    }

    /// A signed file around any payload.
    fn around(payload: &str) -> String {
        signed(&UnsignedFile { headers: plain().headers(), payload: payload.to_owned() })
    }

    fn open_here(text: &str, keys: &[PublicKey], here: &Here<'_>) -> Result<LicenseFile, FileRefusal> {
        LicenseFile::unopened(text)?.open(keys, signs::verify, here).map(|file| file.get().clone())
    }

    fn open(text: &str) -> Result<LicenseFile, FileRefusal> {
        open_here(text, &[KEY], &here())
    }

    fn open_json(json: &str) -> Result<LicenseFile, FileRefusal> {
        open(&around(&encode_base64(json.as_bytes())))
    }

    #[test]
    fn a_file_has_this_form() {
        let unsigned = plain().unsigned().expect("well formed");
        let json = decode_base64(unsigned.payload(), "payload").expect("base64");
        assert_eq!(String::from_utf8(json).as_deref(), Ok(PLAIN));
        let text = signed(&unsigned);
        let head = "-----BEGIN AUTHFORGE LICENSE-----\nVersion: 1\nApp-Id: app-1\nLicense: SECRET-KEY\nKey-Id: key-1\n\
                    Expires-At: 2028-01-31T00:00:00.000Z\n\ney";
        assert!(text.starts_with(head), "{text}");
        assert!(text.ends_with("=\n-----END AUTHFORGE SIGNATURE-----\n"), "{text}");
        assert_eq!(open(&text), Ok(plain()));
        assert_eq!(open_json(PLAIN), Ok(plain()));
    }

    #[test]
    fn the_first_thing_that_is_wrong_gives_the_word() {
        let no_file = PLAIN.replace("SECRET-KEY", "");
        let later = no_file.replace(r#""v":1"#, r#""v":2"#);
        let elsewhere = Here { app_id: "app-2", hwid: "device-2", now: time("2028-01-31T00:00:00Z") };
        let open =
            |json: &str, here: Here<'_>| open_here(&around(&encode_base64(json.as_bytes())), &[KEY], &here);

        let huge = " ".repeat(LICENSE_FILE_BYTES + 1);
        assert_eq!(open_here(&huge, &[], &elsewhere), Err(FileRefusal::TooLarge));
        assert_eq!(open_here(&huge[1..], &[], &elsewhere), Err(FileRefusal::BadArmor));
        let unsigned = around(&encode_base64(later.as_bytes()));
        assert_eq!(open_here(&unsigned, &[OTHER_KEY], &elsewhere), Err(FileRefusal::BadSignature));
        assert_eq!(open(&later, elsewhere), Err(FileRefusal::UnsupportedVersion));
        assert_eq!(open(&no_file, elsewhere), Err(FileRefusal::MalformedPayload));
        assert_eq!(open(PLAIN, elsewhere), Err(FileRefusal::WrongApp));
        assert_eq!(open(PLAIN, Here { app_id: "app-1", ..elsewhere }), Err(FileRefusal::Expired));
        assert_eq!(open(PLAIN, Here { hwid: "device-2", ..here() }), Err(FileRefusal::HwidMismatch));
        let last = UnixSeconds::new(elsewhere.now.get() - 1).expect("a time");
        assert!(open(PLAIN, Here { now: last, ..here() }).is_ok());
    }

    #[test]
    fn a_payload_has_no_other_form() {
        let changes = [
            ("authforge-license", "validate"),
            ("app-1", ""),
            ("file-1", " file-1"),
            ("key-1", "key\\n1"),
            ("device-1", ""),
            (r#"["device-1"]"#, "[]"),
            (r#"["device-1"]"#, "[1]"),
            ("bound", "all"),
            (r#"{"mode":"bound","hwids":["device-1"]}"#, r#"["any"]"#),
            (r#""2028-01-31T00:00:00.000Z""#, "1"),
            ("2028-01-31T00:00:00.000Z", "2028-01-31"),
            ("2027-01-31T00:00:00.000Z", "2027-01-31T00:00:00Z"),
            (r#""expiresAt":"2028-01-31T00:00:00.000Z","#, ""),
            (r#""v":1"#, r#""v":1,"label":1"#),
            (r#""v":1"#, r#""v":1,"licenseExpiresAt":0"#),
            (r#""v":1"#, r#""v":1,"appVariables":null"#),
            (r#""v":1"#, r#""v":1,"appVariables":{"a":1.0}"#),
            (r#""v":1"#, r#""v":1,"appVariables":{"a":0.50}"#),
            (r#""v":1"#, r#""v":1,"appVariables":{"a":1e3}"#),
            (r#""v":1"#, r#""v":1,"appVariables":{"a":.5}"#),
            (r#""v":1"#, r#""v":1,"licenseVariables":{"a":-0}"#),
            (r#""v":1"#, r#""v":1,"licenseVariables":{"a":0.1234567890123456}"#),
            (r#""v":1"#, r#""v":1,"licenseVariables":{"a":[0.5]}"#),
            (r#""v":1"#, r#""v":1,"later":0.5"#),
            (r#""v":1"#, r#""v":1,"later":{"appVariables":{"a":0.5}}"#),
            (r#""v":1"#, r#""v":1,"licenseVariables":{"a":[]}"#),
            (r#""v":1"#, r#""v":1,"licenseVariables":{"a":1,"\u0061":2}"#),
            (r#""v":1"#, r#""v":1,"jti":"x""#),
        ];
        for (from, to) in changes {
            let json = PLAIN.replacen(from, to, 1);
            assert_ne!(json, PLAIN, "{from}");
            assert_eq!(open_json(&json), Err(FileRefusal::MalformedPayload), "{json}");
        }
        for json in [" ", "null", "[1]", "{\"v\":1", "\u{feff}{\"v\":1}", "{\"v\":2,\"a\":1.5}"] {
            assert_eq!(open_json(json), Err(FileRefusal::MalformedPayload), "{json}");
        }
        let unversioned = PLAIN.replacen("\"v\":1,", "", 1);
        assert_eq!(
            open_json(&unversioned),
            Err(FileRefusal::UnsupportedVersion),
            "a `v` that is absent is not 1"
        );
        for version in ["2", "true", "\"1\"", "null", "[1]"] {
            let json = PLAIN.replacen("\"v\":1", &format!("\"v\":{version}"), 1);
            assert_eq!(open_json(&json), Err(FileRefusal::UnsupportedVersion), "{json}");
        }
        let later = PLAIN.replacen("\"v\":1", "\"v\":1,\"later\":{\"a\":[]},\"label\":null", 1);
        assert_eq!(open_json(&later), Ok(plain()), "what version 1 does not know is left alone");
        assert_eq!(open(&around("e30")), Err(FileRefusal::MalformedPayload), "base64 has one spelling");
    }

    /// `spec/authforge.md` §2.8.
    #[test]
    fn variables_with_a_fraction_are_written_and_read_in_their_spelling() {
        let variable = |text: &str| {
            (text.to_owned(), Variable::Decimal(Decimal::parse(text).expect("a number with a fraction")))
        };
        let file = LicenseFile {
            license_variables: Some(vec![variable("0.000001"), variable("-12345678901234.5")]),
            app_variables: Some(vec![variable("0.5")]),
            ..plain()
        };
        let unsigned = file.unsigned().expect("well formed");
        let json =
            String::from_utf8(decode_base64(unsigned.payload(), "payload").expect("base64")).expect("text");
        let variables = r#""licenseVariables":{"0.000001":0.000001,"-12345678901234.5":-12345678901234.5},"appVariables":{"0.5":0.5}}"#;
        assert!(json.ends_with(variables), "{json}");
        assert_eq!(open(&signed(&unsigned)), Ok(file));
    }

    #[test]
    fn armor_is_read_as_mail_leaves_it() {
        let text = signed(&plain().unsigned().expect("well formed"));
        let (lines, spaced) = (text.replace('\n', "\r\n"), text.replace("\n\ney", "\n\n e\n y"));
        for text in
            [format!("\u{feff}{text}"), format!("Hello,\n{lines}\nBye"), spaced, text.replace('\n', "\r")]
        {
            assert_eq!(open(&text), Ok(plain()), "{text:?}");
        }
        let no_more = [
            "BEGIN AUTHFORGE LICENSE",
            "END AUTHFORGE LICENSE",
            "BEGIN AUTHFORGE SIG",
            "END AUTHFORGE SIG",
            "\n\n",
            ": ",
        ];
        for part in no_more {
            assert_eq!(open(&text.replace(part, "")), Err(FileRefusal::BadArmor), "{part}");
        }
        let other_headers = text.replace("app-1", "app-2").replace("2028", "never");
        assert_eq!(open(&other_headers), Ok(plain()), "headers are for people");
    }

    proptest! {
        /// No letter of the payload can change unnoticed.
        #[test]
        fn no_letter_changes_unnoticed(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9+/=]") {
            let unsigned = plain().unsigned().expect("well formed");
            let signature = signs::sign(&KEY, unsigned.payload().as_bytes());
            let at = at.index(unsigned.payload.len());
            prop_assume!(unsigned.payload[at..=at] != to);
            let mut payload = unsigned.payload;
            payload.replace_range(at..=at, &to);
            let text = UnsignedFile { headers: unsigned.headers, payload }.with_signature(&signature);
            let refusal = open(&text).err();
            prop_assert!(matches!(refusal, Some(FileRefusal::BadSignature | FileRefusal::BadArmor)), "{refusal:?}");
        }

        /// A file is opened only for a key that signed it, which is then named; `Debug` text never shows the license key.
        #[test]
        fn only_a_trusted_key_opens_a_file_and_no_license_key_is_shown(key in "[A-Z2-9]{4}-[A-Z2-9]{4}") {
            let file = LicenseFile { license_key: key.clone(), ..plain() };
            let text = signed(&file.unsigned().expect("well formed"));
            for keys in [&[][..], &[OTHER_KEY]] {
                prop_assert_eq!(open_here(&text, keys, &here()), Err(FileRefusal::BadSignature));
            }
            let unopened = LicenseFile::unopened(&text).expect("armor");
            let opened = unopened.open(&[OTHER_KEY, KEY], signs::verify, &here()).expect("opens");
            prop_assert_eq!((opened.get(), opened.signed_by()), (&file, KEY));
            let shown = format!("{opened:?}");
            prop_assert!(!shown.contains(&key));
        }

        /// Any text gets an answer.
        #[test]
        fn any_text_gets_an_answer(text in any::<String>(), json in any::<String>()) {
            prop_assert!(open(&text).is_err() && open_json(&json).is_err());
        }
    }

    #[test]
    fn what_is_too_large_is_never_made() {
        let labelled = |n: usize| LicenseFile { label: Some("x".repeat(n)), ..plain() }.unsigned();
        let (mut fits, mut too_long) = (0, LICENSE_FILE_BYTES);
        while too_long - fits > 1 {
            let n = usize::midpoint(fits, too_long);
            *if labelled(n).is_ok() { &mut fits } else { &mut too_long } = n;
        }
        let text = signed(&labelled(fits).expect("fits"));
        assert!(text.len() > LICENSE_FILE_BYTES - 10, "{}", text.len());
        assert!(open(&text).is_ok());
        assert_eq!(labelled(too_long).err(), Some(FileRefusal::TooLarge));
    }
}
