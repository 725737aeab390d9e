//! A vendor's server, and nobody between.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sealgate::{Client, Denied, DeniedBy, Error, Family, MemoryStore, Tier};
use sealgate_artifact::{Envelope, KeyState, KeyUse, LicenseId, MaxDevices};

use crate::authority::{DAY, NOW, at, key, public_key};
use crate::site::{Device, ORIGIN, Site};

#[test]
fn a_valid_key_brings_the_rights_of_its_license() {
    let site = Site::honest();
    let license = Device::new(site.trust(), site.clone()).validate().expect("valid");
    assert_eq!(license.id(), LicenseId::from_bytes([10; 16]));
    assert_eq!(license.tier(), Tier::Licensed);
    assert!(license.has_feature("export") && !license.has_feature("Export"));
    assert_eq!(license.features().iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["export", "sync"]);
    assert_eq!(license.max_devices(), Some(3));
    assert_eq!(license.expires_at(), Some(at(NOW + 30 * DAY)));
    assert_eq!(license.devices_used(), Some(2));
    assert_eq!(license.server_time(), Some(at(NOW)));
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    let first = device.validate().expect("valid");
    assert_eq!(device.validate().expect("valid"), first);
    let record = site.record.lock().unwrap();
    let sent = |at: usize| serde_json::from_slice::<serde_json::Value>(&record[at].1.body).unwrap();
    let members = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    // The build brings keyset and tenant keyset along.
    assert_eq!(members(&sent(0)), ["certificate", "decision", "license"]);
    assert_eq!(members(&sent(1)), ["decision"]);
    assert!(record[1].1.body.len() <= 1536, "{} bytes", record[1].1.body.len());
    assert_eq!(site.trusts.load(Ordering::SeqCst), 0);
}

#[test]
fn a_signed_denial_is_a_denial_and_moves_nothing() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    device.validate().expect("valid");
    site.deny("device_limit", Some(3600));
    let error = device.is_refused();
    let Error::License(Denied { code, by, retry_after, devices_used, .. }) = &error else {
        panic!("{error}")
    };
    assert_eq!((code.as_str(), *by), ("device_limit", DeniedBy::Server));
    assert_eq!((*retry_after, *devices_used), (Some(Duration::from_hours(1)), Some(2)));
    assert_eq!((error.family(), error.retry_after()), (Family::License, Some(Duration::from_hours(1))));
    site.allow();
    device.validate().expect("valid again");
}

/// `spec/online.md` §6.9: a stolen server neither.
#[test]
fn a_signed_denial_makes_a_client_wait_a_day_at_most() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    for (said, waited) in [(86_399, 86_399), (86_401, 86_400), ((1 << 53) - 1, 86_400)] {
        site.deny("rate_limited", Some(said));
        assert_eq!(device.is_refused().retry_after(), Some(Duration::from_secs(waited)), "{said}");
    }
}

/// `spec/online.md` §4.3: a code that this program does not know is a denial like any other.
#[test]
fn an_unknown_denial_is_a_denial() {
    let site = Site::honest();
    site.deny("moon_phase", None);
    let error = Device::new(site.trust(), site).validate().expect_err("denied");
    assert_eq!((error.code(), error.family()), ("moon_phase", Family::License));
}

/// `spec/license.md` §3.7: only a program that says so takes keys of another system, and sends their symbols.
#[test]
fn a_foreign_key_is_sent_where_the_program_takes_them() {
    let site = Site::honest();
    let client = |takes: bool| {
        let builder = Client::builder(site.trust())
            .server(ORIGIN)
            .store(MemoryStore::new())
            .clock(Device::new(site.trust(), site.clone()).clock)
            .transport(site.clone());
        if takes { builder.foreign_keys() } else { builder }.build().expect("configured")
    };
    let key = "7kqm-w2zd-hx9v-rt4b";
    assert_eq!(
        client(false).validate_license(key).expect_err("no key of ours").code(),
        "license_key_malformed"
    );
    assert!(site.record.lock().unwrap().is_empty());
    client(true).validate_license(key).expect("valid");
    assert_eq!(client(true).validate_license("secret").expect_err("weak").code(), "license_key_malformed");
    let record = site.record.lock().unwrap();
    let body: serde_json::Value = serde_json::from_slice(&record[0].0).expect("JSON");
    let sent = Envelope::decode(body["request"].to_string().as_bytes()).expect("an envelope");
    let payload = String::from_utf8(sent.payload().to_vec()).expect("text");
    assert!(payload.contains(r#""license_key":"7KQMW2ZDHX9VRT4B""#), "{payload}");
}

#[test]
fn a_mistyped_key_is_noticed_before_anything_is_sent() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    let mut typed = key().into_bytes();
    typed[0] = if typed[0] == b'7' { b'8' } else { b'7' };
    let error = device.client.validate_license(std::str::from_utf8(&typed).unwrap()).expect_err("mistyped");
    assert_eq!(error.code(), "license_key_mistyped");
    assert!(matches!(error, Error::License(Denied { by: DeniedBy::Typing, .. })));
    assert_eq!(site.validations.load(Ordering::SeqCst), 0);
    assert_eq!(device.state(), None);
    let error = device.client.validate_license("W4RS-AF3R").expect_err("no key");
    assert_eq!(error.code(), "license_key_malformed");
    assert_eq!(site.validations.load(Ordering::SeqCst), 0);
    for typed in
        [key().to_lowercase().replace('-', " "), format!("“{}”.\r\n", key().replace('-', "\u{2011}"))]
    {
        device.client.validate_license(&typed).expect("valid, however typed");
    }
}

/// `spec/license.md` §4: client and server run the same function, so a server that forgets to look changes nothing.
#[test]
fn the_license_itself_says_no_outside_its_window() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    device.validate().expect("valid");
    let is_denied_with = |code: &str| {
        let error = device.validate().expect_err("outside its window");
        assert!(matches!(error, Error::License(Denied { by: DeniedBy::License, .. })), "{error}");
        assert_eq!(error.code(), code);
    };
    site.authority().next_license().expires_at = Some(at(NOW));
    is_denied_with("expired");
    site.authority().next_license().expires_at = None;
    site.authority().license.not_before = at(NOW + 1);
    is_denied_with("not_yet_valid");
    site.authority().next_license().not_before = at(NOW);
    device.validate().expect("valid from this second on");
}

/// `spec/online.md` §6.8: a newer answer corrects what a server said, and a clock that is set back corrects nothing.
#[test]
fn time_never_runs_below_what_a_server_said_last() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    site.time.store(NOW + 9 * DAY, Ordering::SeqCst);
    device.clock.set(NOW + 9 * DAY);
    device.validate().expect("valid");
    device.clock.set(NOW);
    let file = |until| {
        site.authority().next_license().expires_at = Some(at(until));
        device.client.validate_license_file(&site.authority().license())
    };
    assert_eq!(file(NOW + 9 * DAY).expect_err("the floor is its end").code(), "expired");
    file(NOW + 9 * DAY + 1).expect("valid at the floor");
    // Its clock was ahead, and was set right.
    site.time.store(NOW, Ordering::SeqCst);
    site.authority().next_license().expires_at = Some(at(NOW + DAY));
    device.validate().expect("valid now");
    file(NOW + DAY).expect("nothing is left of the wrong time");
}

/// No answer lowers the time at which keys further up vouched for a server.
#[test]
fn time_never_runs_below_what_the_authority_signed() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    site.authority().certificate.issued_at = at(NOW + 9 * DAY);
    site.time.store(NOW + 9 * DAY, Ordering::SeqCst);
    device.clock.set(NOW + 9 * DAY);
    device.validate().expect("valid");
    device.clock.set(NOW);
    site.time.store(NOW, Ordering::SeqCst);
    site.authority().certificate.issued_at = at(NOW);
    site.authority().next_license().expires_at = Some(at(NOW + 9 * DAY));
    assert_eq!(device.validate().expect_err("the floor is its end").code(), "expired");
    site.authority().certificate.expires_at = at(NOW + 9 * DAY);
    device.is_refused_with("certificate_expired");
}

/// A server that says a time ahead, as whoever stole it can, is forgotten with the next answer of an honest one.
#[test]
fn a_time_that_a_server_made_up_harms_nobody_for_long() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    site.authority().license.expires_at = Some(at(NOW + 10 * DAY));
    let end = site.authority().certificate.expires_at;
    site.time.store(end.get() - 1, Ordering::SeqCst);
    assert_eq!(device.validate().expect_err("by its time").code(), "expired");
    site.time.store(NOW, Ordering::SeqCst);
    device.validate().expect("valid");
}

/// Whoever is denied learns of a revoked server all the same.
#[test]
fn a_denial_brings_what_vouches_for_it() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    device.validate().expect("valid");
    let stolen = site.authority().clone();
    {
        let mut authority = site.authority();
        authority.keyset_keys.push((KeyUse::Server, stolen.server, KeyState::Revoked));
        authority.keyset_version += 1;
        authority.server = 9;
        authority.certificate.public_key = public_key(9);
    }
    site.deny("revoked", None);
    assert_eq!(device.validate().expect_err("denied").code(), "revoked");
    *site.authority() = stolen;
    site.allow();
    device.is_refused_with("version_rollback");
}

/// A server's key moves the floor no further than its own certificate holds.
#[test]
fn a_time_beyond_what_vouches_for_it_moves_the_floor_to_there_at_most() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    site.authority().keyset_until = NOW + 5 * DAY;
    site.authority().keyset_version += 1;
    site.authority().license.expires_at = None;
    site.time.store(NOW + 15 * DAY, Ordering::SeqCst);
    device.validate().expect("valid");
    device.validate().expect("the keyset holds at the floor, in its last second");
}

#[test]
fn many_features_and_uncounted_devices_arrive() {
    let site = Site::honest();
    let features = (0..100).map(|n| sealgate::Feature::named(format!("feature-{n}"))).collect();
    site.authority().license.features = features;
    site.authority().license.max_devices = MaxDevices::Unlimited;
    let device = Device::new(site.trust(), site);
    let license = device.validate().expect("valid");
    assert!(license.has_feature("feature-99") && license.max_devices().is_none());
    assert_eq!(device.validate().expect("valid from the state"), license);
}

#[test]
fn two_licenses_of_one_device_do_not_get_in_each_others_way() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    for _ in 0..2 {
        for number in [10, 11] {
            site.authority().license.license = LicenseId::from_bytes([number; 16]);
            assert_eq!(device.validate().expect("valid").id(), LicenseId::from_bytes([number; 16]));
        }
    }
}
