//! The request for a bundle (`spec/offline.md` §2).

use sealgate::AskedLicense;
use sealgate_artifact::{LicenseHint, LicenseId};

use crate::authority::key;
use crate::bundle::{activate, answering, bundle, client, file, own, read_request, request};
use crate::snapshot::Station;

#[test]
fn a_request_has_the_same_bytes_until_it_is_answered() {
    let station = Station::new(None);
    let first = client(&station).offline_request(AskedLicense::Key(&key())).expect("made");
    assert!(first.is_new());
    let said = read_request(first.bytes());
    assert_eq!((said.id(), said.get().client_time), (first.statement(), first.asked_at()));
    assert_eq!(said.get().license, Some(LicenseHint::of_key(&key())));
    station.machine.clocks.sleep(60);
    // After a restart, whether or not the license is named.
    for named in [AskedLicense::Key(&key().to_lowercase()), AskedLicense::Unsaid] {
        let again = client(&station).offline_request(named).expect("kept");
        assert!(again.bytes() == first.bytes() && !again.is_new());
    }
    let kept = client(&station).kept_offline_request().expect("it reads").expect("kept");
    assert_eq!(kept.bytes(), first.bytes());

    let client = client(&station);
    let answer = answering(bundle(&station, 1, own(&client)), first.statement());
    activate(&client, &file(&answer)).expect("activated");
    assert_eq!(client.kept_offline_request().expect("it reads"), None);
    let next = client.offline_request(AskedLicense::Unsaid).expect("made");
    assert!(next.is_new());
    let said = read_request(next.bytes());
    let kept = client.bundle().expect("it verifies").expect("kept").says.statement;
    assert_eq!((said.get().license, said.get().bundle), (None, Some(kept)));
}

#[test]
fn another_request_is_made_where_somebody_says_so() {
    let station = Station::new(None);
    let client = client(&station);
    let first = client.offline_request(AskedLicense::Unsaid).expect("made");
    let second = client.new_offline_request(AskedLicense::Unsaid).expect("made");
    assert!(second.is_new() && second.statement() != first.statement());
    let id = LicenseId::from_bytes([10; 16]);
    let named = client.offline_request(AskedLicense::Id(id)).expect("made");
    assert!(named.is_new());
    assert_eq!(request(&client).get().license, Some(LicenseHint::Id(id)));
    assert!(!client.offline_request(AskedLicense::Id(id)).expect("kept").is_new());
    // An answer to the one before counts no more.
    let answer = answering(bundle(&station, 1, own(&client)), second.statement());
    let error = activate(&client, &file(&answer)).expect_err("answers another");
    assert_eq!(error.code().as_str(), "nonce_mismatch");
    // One that names the machine and no request does not answer it.
    activate(&client, &file(&bundle(&station, 2, own(&client)))).expect("activated");
    assert_eq!(
        client.kept_offline_request().expect("it reads").map(|it| it.statement()),
        Some(named.statement())
    );
}

/// The file crosses many hands.
#[test]
fn the_key_is_neither_in_the_file_nor_in_the_state() {
    let station = Station::new(None);
    let made = client(&station).offline_request(AskedLicense::Key(&key())).expect("made");
    let symbols = sealgate_artifact::LicenseKey::normalise(&key());
    for bytes in [made.bytes().to_vec(), station.state()] {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains(&key()) && !text.contains(&symbols), "{text}");
    }
}

#[test]
fn a_mistyped_key_is_noticed_before_anything_is_kept() {
    let station = Station::new(None);
    let mut typed = key();
    typed.replace_range(0..1, if typed.starts_with('7') { "8" } else { "7" });
    let error = client(&station).offline_request(AskedLicense::Key(&typed)).expect_err("mistyped");
    assert_eq!(error.code(), "license_key_mistyped");
    assert_eq!(client(&station).kept_offline_request().expect("it reads"), None);
}
