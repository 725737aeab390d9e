//! License files, and the bare signature rule.

use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;
use sealgate::ed25519::{PublicKey, verify};
use sealgate::{Denied, DeniedBy, Error, Family, verify_license_file};

use crate::authority::{Authority, DAY, NOW, at};
use crate::site::ORIGIN;

#[test]
fn a_license_file_stands_on_its_own() {
    let authority = Authority::new(1, ORIGIN);
    let (trust, file) = (authority.trust_json(), authority.license());
    let license = verify_license_file(trust, &file, at(NOW)).expect("valid");
    assert!(license.has_feature("sync"));
    assert_eq!((license.devices_used(), license.server_time()), (None, None));

    let error = verify_license_file(trust, &file, at(NOW + 30 * DAY)).expect_err("expired");
    assert!(
        matches!(error, Error::License(Denied { by: DeniedBy::License, .. })) && error.code() == "expired"
    );
    let (end, clock) = (at(NOW + 30 * DAY), at(NOW + 30 * DAY));
    assert!(
        error.to_string().ends_with(&format!(": it ended at {end}, and the clock shows {clock}")),
        "{error}"
    );
    let forged = Authority::new(101, ORIGIN).license();
    let error = verify_license_file(trust, &forged, at(NOW)).expect_err("forged");
    assert_eq!((error.code(), error.family()), ("signature_invalid", Family::Security));
    assert!(error.fix().contains("older than the key"), "{}", error.fix());
    let error = verify_license_file(trust, &file, at(NOW + 400 * DAY)).expect_err("the keyset is over");
    assert_eq!(error.code(), "keyset_expired");
    assert!(error.to_string().ends_with(&format!(", and it is {}", at(NOW + 400 * DAY))), "{error}");
    let error = verify_license_file(b"", &file, at(NOW)).expect_err("nothing to judge by");
    assert_eq!((error.code(), error.family()), ("trust_missing", Family::Configuration));
}

#[test]
fn another_file_is_called_what_it_is() {
    let authority = Authority::new(1, ORIGIN);
    let (trust, file) = (authority.trust_json(), authority.license());
    for (bytes, code, said) in [
        ([&b"\xef\xbb\xbf"[..], &file].concat(), "json_invalid", "it begins with a byte order mark"),
        (b"<html>".to_vec(), "json_invalid", "this is a web page"),
        (trust.to_vec(), "envelope_invalid", "this is a trust.json"),
        (file[..200].to_vec(), "json_invalid", "whose end is missing"),
    ] {
        let error = verify_license_file(trust, &bytes, at(NOW)).expect_err("another file");
        assert_eq!((error.code(), error.family()), (code, Family::Security));
        assert!(error.to_string().contains(said) && error.fix().ends_with('.'), "{error}");
    }
    let error = verify_license_file(b"PK\x03\x04", &file, at(NOW)).expect_err("no trust.json");
    assert!(error.to_string().ends_with("it is a zip archive"), "{error}");
}

/// Whoever replaces it by their own has seen one that works.
#[test]
fn the_examples_trust_is_sound() {
    let error = verify_license_file(include_bytes!("../../examples/trust.json"), b"{}", at(NOW))
        .expect_err("no license");
    assert_eq!(error.code(), "envelope_invalid", "{error}");
}

/// Programs that are begun from it end as it does.
#[test]
fn the_example_ends_as_a_failure_in_words_where_there_is_no_license() {
    let tests = std::env::current_exe().expect("this program");
    let built = tests.parent().and_then(std::path::Path::parent).expect("a folder of builds");
    let folder = tempfile::tempdir().expect("a folder");
    let mut example = std::process::Command::new(built.join("examples/license"));
    let ended = example.current_dir(folder.path()).output().expect("it was built beside the tests");
    let told = String::from_utf8(ended.stderr).expect("UTF-8");
    assert_eq!((ended.status.code(), ended.stdout.is_empty()), (Some(1), true), "{told}");
    assert!(told.starts_with("no license: ") && told.ends_with(".\n"), "{told}");
}

proptest! {
    /// No change of any byte of a license file is accepted as something else.
    #[test]
    fn a_changed_file_never_says_something_else(place: prop::sample::Index, byte: u8) {
        let authority = Authority::new(1, ORIGIN);
        let (trust, mut file) = (authority.trust_json(), authority.license());
        let genuine = verify_license_file(trust, &file, at(NOW)).expect("valid");
        let place = place.index(file.len());
        file[place] = byte;
        match verify_license_file(trust, &file, at(NOW)) {
            Ok(license) => prop_assert_eq!(license, genuine),
            Err(error) => prop_assert_eq!(error.family(), Family::Security),
        }
    }

    /// Any message, and no other.
    #[test]
    fn a_signature_is_over_its_message(seed: [u8; 32], message: Vec<u8>, other: Vec<u8>) {
        let key = SigningKey::from_bytes(&seed);
        let public = PublicKey::from_bytes(key.verifying_key().to_bytes());
        let signature = key.sign(&message).to_bytes();
        prop_assert!(verify(&public, &message, &signature));
        prop_assert_eq!(verify(&public, &other, &signature), message == other);
    }
}
