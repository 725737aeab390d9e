//! Seats: who has them, and giving one back (`spec/online.md` §7.8, §9).

use std::sync::{Arc, Mutex};

use sealgate::{Denied, DeviceId, Error};
use sealgate_artifact::{AboutDevice, DeviceRequest, Unverified};

use crate::authority::key;
use crate::site::{Device, ORIGIN, Site, ok};

fn another() -> DeviceId {
    DeviceId::from_bytes([5; 16])
}

/// What was sent last.
fn sent(site: &Site) -> DeviceRequest {
    let record = site.record.lock().expect("nobody panicked with it");
    let body: serde_json::Value = serde_json::from_slice(&record.last().expect("asked").0).expect("JSON");
    let envelope = body["request"].to_string();
    Unverified::<DeviceRequest>::decode(envelope.as_bytes()).expect("reads").danger_peek().expect("reads")
}

fn certified(operations: &[&str]) -> Arc<Site> {
    let site = Site::honest();
    site.authority().certificate.operations = operations.iter().map(|&o| o.to_owned()).collect();
    site
}

#[test]
fn a_seat_is_given_back_under_signature() {
    let site = certified(&["validate", "release"]);
    let device = Device::new(site.trust(), site.clone());
    device.validate().expect("valid");
    let before = device.state();
    let released = device.client.release(&key()).expect("given back");
    assert_eq!((released.license, released.devices_used), (site.authority().license.license, Some(2)));
    assert_eq!((sent(&site).operation.as_str(), sent(&site).release), ("release", None));
    assert!(device.state() == before, "what it holds of the license stays");
    device.client.release_device(&key(), another()).expect("given back");
    assert_eq!(sent(&site).release, Some(another()));
    site.deny("allowance_spent", None);
    let error = device.client.release(&key()).expect_err("too often");
    assert!(matches!(&error, Error::License(Denied { code, .. }) if code == "allowance_spent"), "{error}");
}

/// A stolen certificate for one operation says nothing about the other.
#[test]
fn a_server_that_may_only_validate_gives_no_seat_back() {
    let site = certified(&["validate"]);
    let device = Device::new(site.trust(), site.clone());
    device.validate().expect("valid");
    assert_eq!(device.client.release(&key()).expect_err("not covered").code(), "server_scope");
}

#[test]
fn who_gets_no_seat_is_shown_who_has_them() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    let shown = format!(
        r#","seats":[{{"device_id":"{}","name":"desk\u001b[2J"}},{{"device_id":"no id"}},{{"device_id":"{0}","last_seen":"2027-01-15T08:00:00Z","more":1}}]}}"#,
        another()
    );
    let add = |seats: String| {
        move |answer: sealgate::HttpAnswer| {
            let body = String::from_utf8(answer.body).expect("JSON");
            Ok(ok(&format!("{}{seats}", body.strip_suffix('}').expect("an object"))))
        }
    };
    site.between(add(shown.clone()));
    site.deny("device_limit", None);
    let Error::License(no) = device.validate().expect_err("denied") else { panic!("a denial") };
    let seats: Vec<_> = no.unverified_seats.iter().map(|s| (s.device_id, s.name.as_deref())).collect();
    assert_eq!(seats, [(another(), Some("desk\\u{1b}[2J")), (another(), None)]);
    assert!(no.unverified_seats[1].last_seen.is_some());
    // Nothing hangs on them, and they explain one denial only.
    site.between(add(r#","seats":{"a":1}}"#.to_owned()));
    assert_eq!(device.validate().expect_err("denied").code(), "device_limit");
    site.between(add(shown));
    site.deny("revoked", None);
    let Error::License(no) = device.validate().expect_err("denied") else { panic!("a denial") };
    assert!(no.unverified_seats.is_empty());
    site.allow();
    device.validate().expect("a yes is a yes");
}

#[test]
fn a_program_says_what_it_is_told_to() {
    let site = Site::honest();
    let asked = Arc::new(Mutex::new(vec![]));
    let built = |build: &dyn Fn(sealgate::Builder) -> sealgate::Builder| {
        let builder = sealgate::Client::builder(site.trust()).server(ORIGIN).transport(site.clone());
        let clock = Device::new(site.trust(), site.clone()).clock;
        let client =
            build(builder.store(sealgate::MemoryStore::new()).clock(clock)).build().expect("configured");
        client.validate_license(&key()).expect("valid");
        asked.lock().expect("nobody panicked with it").push(sent(&site).about);
    };
    built(&|builder| builder);
    built(&|builder| builder.no_device_name().product_version("4.2"));
    built(&|builder| builder.device_name("Desk 12"));
    let asked = asked.lock().expect("nobody panicked with it");
    let platform = Some(format!("{} {}", std::env::consts::OS, std::env::consts::ARCH));
    assert!(asked[0].name.is_some() && asked[0].product_version.is_none(), "{asked:?}");
    let version = Some("4.2".to_owned());
    assert_eq!(asked[1], AboutDevice { name: None, platform: platform.clone(), product_version: version });
    assert_eq!(asked[2], AboutDevice { name: Some("Desk 12".to_owned()), platform, product_version: None });
}
