//! Any text as a license file or an activation request of AuthForge's, and any payload inside one (`spec/authforge.md`).
//! The first byte says which: even for a whole text, odd for a payload.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate_artifact::{UnixSeconds, encode_base64, encode_hex};
use sealgate_wire::authforge::{ActivationRequest, FileRefusal, Here, LicenseFile, Machines};
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

/// Nobody's signature opens nothing. Whoever signed it, what is opened can be made again and opened as the same.
fn license_file(text: &str) {
    let here = Here { app_id: "app-1", hwid: "device-1", now: UnixSeconds::new(0).expect("in range") };
    let nobody = LicenseFile::open(text, |_, _| false, &here).err();
    let Ok(file) = LicenseFile::open(text, |_, _| true, &here) else { return };
    assert_eq!(nobody, Some(FileRefusal::BadSignature));
    assert_eq!(file.app_id, here.app_id);
    let named = |hwids: &[String]| hwids.iter().any(|hwid| hwid == here.hwid);
    assert!(match &file.hwid {
        Machines::Any => true,
        Machines::Bound { hwids } => named(hwids),
    });
    match file.unsigned() {
        Ok(unsigned) => {
            let again = LicenseFile::open(&unsigned.with_signature(&[0; 64]), |_, _| true, &here);
            assert_eq!(again, Ok(file));
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
