//! An older version of a license, from a server whose key was stolen, and as a file (`spec/license.md` §2.7).

use std::sync::Arc;

use sealgate_artifact::{KeyState, License, MaxDevices};

use crate::authority::{Authority, DAY, NOW, at};
use crate::site::{Device, Site};

/// The vendor sold 50 seats for long, and then took them back: one seat, which has ended.
fn sold_and_taken_back() -> (Arc<Site>, License) {
    let site = Site::honest();
    let mut authority = site.authority();
    authority.license.max_devices = MaxDevices::Limited(50);
    authority.license.expires_at = Some(at(NOW + 3000 * DAY));
    let before = authority.license.clone();
    authority.next_license().max_devices = MaxDevices::Limited(1);
    authority.license.expires_at = Some(at(NOW));
    drop(authority);
    (site, before)
}

#[test]
fn a_version_that_was_seen_is_not_taken_back_even_if_it_gives_nothing() {
    let (site, before) = sold_and_taken_back();
    let trust = site.trust();
    let device = Device::new(trust, site.clone());
    assert_eq!(device.validate().expect_err("it has ended").code(), "expired");
    let newest = std::mem::replace(&mut site.authority().license, before.clone());
    device.is_refused_with("version_rollback");
    device.restarted(trust).is_refused_with("version_rollback");
    let file = device.client.validate_license_file(&site.authority().license());
    assert_eq!(file.expect_err("older than what was seen").code(), "version_rollback");

    // Who has seen nothing cannot know; and the next honest version is taken.
    let new = Device::new(trust, site.clone());
    assert_eq!(new.validate().expect("valid").max_devices(), Some(50));
    site.authority().license = newest;
    site.authority().next_license().expires_at = None;
    assert_eq!(device.validate().expect("renewed").max_devices(), Some(1));
}

#[test]
fn a_file_raises_the_version_for_a_server_and_a_later_file() {
    let (site, before) = sold_and_taken_back();
    site.authority().license.expires_at = None;
    let trust = site.trust();
    let device = Device::new(trust, site.clone());
    let newest = site.authority().license();
    let license = device.client.validate_license_file(&newest).expect("valid");
    assert_eq!((license.max_devices(), license.server_time()), (Some(1), None));
    site.authority().license = before;
    device.is_refused_with("version_rollback");
    let client = device.restarted(trust).client;
    let error = client.validate_license_file(&site.authority().license()).expect_err("an older file");
    assert_eq!(error.code(), "version_rollback");
    client.validate_license_file(&newest).expect("the same again");
}

/// A file is judged at a time that no clock sets back.
#[test]
fn a_file_of_a_remembering_client_is_judged_at_the_floor() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    site.time.store(NOW + 9 * DAY, std::sync::atomic::Ordering::SeqCst);
    device.validate().expect("valid");
    site.authority().next_license().expires_at = Some(at(NOW + 9 * DAY));
    let error =
        device.client.validate_license_file(&site.authority().license()).expect_err("ended at the floor");
    assert_eq!(error.code(), "expired");
}

#[test]
fn two_licenses_of_one_version_are_two_faces() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    device.validate().expect("valid");
    site.authority().license.max_devices = MaxDevices::Unlimited;
    device.is_refused_with("equivocation");
    site.authority().license.version += 1;
    device.validate().expect("valid");
}

/// Whoever stole the issuer's key signs an enormous version. Revoking the key drops it; retiring the key does not.
#[test]
fn a_version_falls_with_the_key_that_raised_it() {
    let rotated = |authority: &mut Authority, state| {
        authority.issuers = vec![(31, KeyState::Active), (3, state)];
        authority.tenant_version += 1;
    };
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    let honest = site.authority().license.clone();
    site.authority().license.version = (1 << 53) - 1;
    device.validate().expect("the key is trusted still");
    site.authority().license = honest;
    site.authority().license.version = 7;
    device.is_refused_with("version_rollback");
    rotated(&mut site.authority(), KeyState::Retired);
    device.is_refused_with("version_rollback");
    rotated(&mut site.authority(), KeyState::Revoked);
    device.validate().expect("the thief's version fell");
    site.authority().license.version = 6;
    device.is_refused_with("version_rollback");
}

/// Each license has a version of its own.
#[test]
fn another_license_is_not_older() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    site.authority().license.version = 9;
    device.validate().expect("valid");
    let first = site.authority().license.license;
    site.authority().license.license = sealgate_artifact::LicenseId::from_bytes([77; 16]);
    site.authority().license.version = 3;
    device.validate().expect("valid");
    site.authority().license.license = first;
    device.is_refused_with("version_rollback");
}
