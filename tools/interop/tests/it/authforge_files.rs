//! AuthForge's published Rust client on files that we make, and our reader on requests that it writes.

use authforge::{
    OfflineHwidPolicy, OfflineLicense, OfflineLicenseError, VerifyLicenseFileOptions,
    format_activation_request, parse_license_file, verify_license_file,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use proptest::prelude::*;
use sealgate_artifact::{Decimal, PublicKey, UnixSeconds};
use sealgate_authforge::{
    ActivationRequest, FileRefusal, FileVariables, Here, LicenseFile, Machines, Variable,
};
use serde_json::{Value, json};

/// Within the time of every file below.
const NOW: &str = "2027-06-01T00:00:00Z";

fn time(text: &str) -> UnixSeconds {
    UnixSeconds::parse_rfc3339(text).expect("a time")
}

fn file(hwid: Machines, variables: FileVariables, label: Option<String>, ends: bool) -> LicenseFile {
    LicenseFile {
        app_id: "app-1".to_owned(),
        license_key: "000G-40R4-0M30-E209-185G-R38E-1YRB".to_owned(),
        jti: "file-1".to_owned(),
        kid: "key-1".to_owned(),
        issued_at: time("2027-01-31T00:00:00Z"),
        expires_at: ends.then(|| time("2028-01-31T00:00:00Z")),
        hwid,
        label,
        license_expires_at: Some(ends.then(|| time("2029-01-31T00:00:00Z"))),
        license_variables: Some(variables.clone()),
        app_variables: Some(variables),
    }
}

fn made(file: &LicenseFile, key: &SigningKey) -> String {
    let unsigned = file.unsigned().expect("well formed");
    unsigned.with_signature(&key.sign(unsigned.payload().as_bytes()).to_bytes())
}

/// What the published client says.
fn theirs(
    text: &str,
    key: &SigningKey,
    app_id: &str,
    hwid: &str,
) -> Result<OfflineLicense, OfflineLicenseError> {
    let now = i64::try_from(time(NOW).get()).expect("a time");
    verify_license_file(
        text,
        &VerifyLicenseFileOptions {
            app_id: app_id.to_owned(),
            public_keys: vec![STANDARD.encode(key.verifying_key().as_bytes())],
            hwid: Some(hwid.to_owned()),
            now_epoch_ms: Some(now * 1_000),
        },
    )
}

/// What our reader says.
fn ours(text: &str, key: &SigningKey, app_id: &str, hwid: &str) -> Result<LicenseFile, &'static str> {
    let key = PublicKey::from_bytes(key.verifying_key().to_bytes());
    let here = Here { app_id, hwid, now: time(NOW) };
    let opened = LicenseFile::unopened(text).and_then(|file| file.open(&[key], verify, &here));
    opened.map(|file| file.get().clone()).map_err(FileRefusal::as_str)
}

fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_bytes(key.as_bytes()).expect("a public key");
    key.verify(message, &Signature::from_slice(signature).expect("64 bytes")).is_ok()
}

/// Variables as the published client shows them.
fn shown(variables: Option<&FileVariables>) -> Option<Value> {
    let object = variables?.iter().map(|(name, value)| (name.clone(), json!(value)));
    Some(Value::Object(object.collect()))
}

fn is_same(read: &OfflineLicense, file: &LicenseFile) -> bool {
    let ends = |text: Option<&String>| text.map(|text| time(text));
    let policy = match &file.hwid {
        Machines::Any => OfflineHwidPolicy::Any,
        Machines::Bound { hwids } => OfflineHwidPolicy::Bound(hwids.clone()),
    };
    (&read.app_id, &read.license_key, &read.jti, &read.key_id)
        == (&file.app_id, &file.license_key, &file.jti, &file.kid)
        && time(&read.issued_at) == file.issued_at
        && ends(read.expires_at.as_ref()) == file.expires_at
        && read.license_expires_at.as_ref().map(|end| ends(end.as_ref())) == file.license_expires_at
        && read.hwid_policy == policy
        && read.label == file.label
        && read.license_variables.as_ref().map(|v| json!(v)) == shown(file.license_variables.as_ref())
        && read.app_variables.as_ref().map(|v| json!(v)) == shown(file.app_variables.as_ref())
}

fn key() -> impl Strategy<Value = SigningKey> {
    any::<[u8; 32]>().prop_map(|secret| SigningKey::from_bytes(&secret))
}

/// Quotes, escapes, line breaks, what other alphabets have, and the names that clients look for.
fn awkward() -> impl Strategy<Value = String> {
    prop_oneof!["[\"\\\\/\n\r\t\u{1}\u{7f}\u{2028}é漢🦀 <]{1,60}", "\\PC{1,200}", Just("nonce".to_owned())]
}

fn variables() -> impl Strategy<Value = FileVariables> {
    let value = prop_oneof![
        awkward().prop_map(Variable::Text),
        any::<i32>().prop_map(|number| Variable::Number(number.into())),
        any::<bool>().prop_map(Variable::Flag),
        "-?(0|[1-9][0-9]{0,6})[.][0-9]{0,7}[1-9]"
            .prop_map(|text| Variable::Decimal(Decimal::parse(&text).expect("a number with a fraction"))),
    ];
    prop::collection::btree_map(awkward(), value, 0..8).prop_map(|variables| variables.into_iter().collect())
}

fn machines() -> impl Strategy<Value = Machines> {
    let names = prop::collection::vec("[!-~é漢]{1,128}", 1..16);
    prop::option::of(names).prop_map(|hwids| hwids.map_or(Machines::Any, |hwids| Machines::Bound { hwids }))
}

fn files() -> impl Strategy<Value = LicenseFile> {
    (machines(), variables(), prop::option::of(awkward()), any::<bool>())
        .prop_map(|(hwid, variables, label, ends)| file(hwid, variables, label, ends))
}

/// A machine on which the file counts.
fn home(file: &LicenseFile) -> &str {
    match &file.hwid {
        Machines::Bound { hwids } => hwids.last().expect("at least one"),
        Machines::Any => "",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any file that we make is accepted by the published client with exactly what it says, and refused for another
    /// app, another machine and another key.
    #[test]
    fn any_file_that_we_make_is_accepted(file in files(), key in key(), other in key()) {
        let text = made(&file, &key);
        prop_assert!(text.lines().all(|line| line.len() <= 64 || line.contains(": ")));

        let read = theirs(&text, &key, "app-1", home(&file)).expect("accepted");
        prop_assert!(is_same(&read, &file), "{read:?}");
        let parsed = parse_license_file(&text).expect("armor");
        prop_assert_eq!(parsed.headers.get("License"), Some(&file.license_key));
        prop_assert_eq!(parsed.headers.len(), 5);
        prop_assert_eq!(ours(&text, &key, "app-1", home(&file)), Ok(file.clone()));

        for (key, app, hwid, word) in [
            (&other, "app-1", home(&file), "bad_signature"),
            (&key, "app-2", home(&file), "wrong_app"),
            (&key, "app-1", "no such machine", "hwid_mismatch"),
        ] {
            let word = (word != "hwid_mismatch" || file.hwid != Machines::Any).then_some(word);
            prop_assert_eq!(theirs(&text, key, app, hwid).err().map(|e| e.code()), word);
            prop_assert_eq!(ours(&text, key, app, hwid).err(), word);
        }
    }

    /// No single byte of the payload can change without both readers noticing, whatever it becomes.
    #[test]
    fn no_flipped_byte_is_accepted(file in files(), key in key(), at in any::<prop::sample::Index>(), bit in 0u32..7) {
        let text = made(&file, &key);
        let begin = text.find("\n\n").expect("an empty line") + 2;
        let end = text.find("\n-----END").expect("an end");
        let at = begin + at.index(end - begin);
        prop_assume!(text.as_bytes()[at] != b'\n');
        let mut bytes = text.into_bytes();
        bytes[at] ^= 1 << bit;
        let flipped = String::from_utf8(bytes).expect("ASCII stays ASCII");
        prop_assert!(theirs(&flipped, &key, "app-1", home(&file)).is_err());
        prop_assert!(ours(&flipped, &key, "app-1", home(&file)).is_err());
    }

    /// Whatever our reader opens, the published client opens too and reads alike, however odd the payload that was
    /// signed.
    #[test]
    fn whatever_we_open_they_open(
        file in files(),
        key in key(),
        at in any::<prop::sample::Index>(),
        cut in 0usize..3,
        put in prop::sample::select(vec![
            "", " ", "0", "9", "x", "\"", ",", "}", "null", "true", "1", "[]", "{}", ".0", ".5", "e1", "\\u0061", "any", "Z", "+",
            "\"later\":[1],", "\"appId\":\"app-1\",", "\"label\":null,", "\"v\":1,",
        ]),
    ) {
        let payload = file.unsigned().expect("well formed").payload().to_owned();
        let json = String::from_utf8(STANDARD.decode(payload).expect("base64")).expect("UTF-8");
        let mut letters: Vec<char> = json.chars().collect();
        let at = at.index(letters.len());
        let until = letters.len().min(at + cut);
        letters.splice(at..until, put.chars());
        let payload = STANDARD.encode(letters.into_iter().collect::<String>());
        let signature = STANDARD.encode(key.sign(payload.as_bytes()).to_bytes());
        let text = format!(
            "-----BEGIN AUTHFORGE LICENSE-----\nVersion: 1\n\n{payload}\n-----END AUTHFORGE LICENSE-----\n\
             -----BEGIN AUTHFORGE SIGNATURE-----\n{signature}\n-----END AUTHFORGE SIGNATURE-----\n"
        );
        if let Ok(opened) = ours(&text, &key, "app-1", home(&file)) {
            let read = theirs(&text, &key, "app-1", home(&file)).expect("they open it too");
            prop_assert!(is_same(&read, &opened), "{read:?}");
        }
    }

    /// Any request that the published client writes is read as it was meant.
    #[test]
    fn any_request_that_the_client_writes_is_read(
        hwid in "[!-~]{1,256}",
        machine in prop::option::of("[ -~]{1,128}"),
        os in prop::option::of("[ -~]{1,64}"),
        sdk in prop::option::of("[!-~]{1,64}"),
        license in prop::option::of("[!-~]{1,64}"),
    ) {
        let (machine, os, sdk, license) = (machine.as_deref(), os.as_deref(), sdk.as_deref(), license.as_deref());
        let text = format_activation_request("app-1", &hwid, "2027-01-31T00:00:00.123Z", machine, os, sdk, license);
        let read = ActivationRequest::parse(&text).expect("a request");
        prop_assert_eq!((read.app_id.as_str(), read.hwid.as_str()), ("app-1", hwid.as_str()));
        prop_assert_eq!(read.created_at, time("2027-01-31T00:00:00Z"));
        prop_assert_eq!((read.machine_name.as_deref(), read.os.as_deref()), (machine, os));
        prop_assert_eq!((read.sdk.as_deref(), read.license_key.as_deref()), (sdk, license));
    }
}
