//! Any text as a license file or an activation request of AuthForge's, and any payload inside one (`spec/authforge.md`).
//! The first byte says which: even for a whole text, odd for a payload.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate_artifact::{PublicKey, UnixSeconds, encode_base64, encode_hex};
use sealgate_authforge::{ActivationRequest, FileRefusal, Here, LicenseFile, Machines, Unopened};
use sha2::{Digest, Sha256};

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, rest)) = bytes.split_first() else { return };
    if mode % 2 == 0 {
        let Ok(text) = std::str::from_utf8(rest) else { return };
        license_file(text);
        activation_request(text);
    } else {
        let body = encode_base64(rest);
        license_file(&armored("LICENSE", "Version: 1", &body));
        let checksum = encode_hex(&Sha256::digest(body.as_bytes()));
        activation_request(&armored("ACTIVATION REQUEST", &format!("Checksum: {}", &checksum[..16]), &body));
    }
});

fn armored(name: &str, header: &str, body: &str) -> String {
    let signature = encode_base64(&[0; 64]);
    format!(
        "-----BEGIN AUTHFORGE {name}-----\n{header}\n\n{body}\n-----END AUTHFORGE {name}-----\n\
         -----BEGIN AUTHFORGE SIGNATURE-----\n{signature}\n-----END AUTHFORGE SIGNATURE-----\n"
    )
}

/// A file does not open for a key that did not sign it. If one did, what is opened can be made again and opens as the
/// same.
fn license_file(text: &str) {
    let key = [PublicKey::from_bytes([0; 32])];
    let here = Here { app_id: "app-1", hwid: "device-1", now: UnixSeconds::new(0).expect("in range") };
    let Ok(unopened) = LicenseFile::unopened(text) else { return };
    let open = |file: &Unopened<LicenseFile>| file.open(&key, |_, _, _| true, &here);
    let not_signed = unopened.open(&key, |_, _, _| false, &here).err();
    assert_eq!(not_signed, Some(FileRefusal::BadSignature));
    let Ok(opened) = open(&unopened) else { return };
    let file = opened.get();
    assert_eq!(file.app_id, here.app_id);
    let named = |hwids: &[String]| hwids.iter().any(|hwid| hwid == here.hwid);
    assert!(match &file.hwid {
        Machines::Any => true,
        Machines::Bound { hwids } => named(hwids),
    });
    match file.unsigned() {
        Ok(unsigned) => {
            let again = LicenseFile::unopened(&unsigned.with_signature(&[0; 64]));
            assert_eq!(again.and_then(|again| open(&again)), Ok(opened));
        }
        // Our own spelling has headers, and longer escapes of some characters.
        Err(refusal) => assert_eq!(refusal, FileRefusal::TooLarge),
    }
}

/// What is read can be shown to people.
fn activation_request(text: &str) {
    let Ok(request) = ActivationRequest::parse(text) else { return };
    let ActivationRequest { app_id, hwid, machine_name, os, sdk, license_key, .. } = request;
    let optional = [machine_name, os, sdk, license_key];
    for text in [app_id, hwid].into_iter().chain(optional.into_iter().flatten()) {
        assert!(!text.is_empty() && !text.contains(char::is_control));
    }
}
