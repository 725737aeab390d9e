//! Keys that change under a running client, under its next start, and under a client that was built before.

use std::sync::atomic::Ordering;

use sealgate_artifact::{KeyState, KeyUse};

use crate::authority::{Authority, public_key};
use crate::forged::swap_member;
use crate::site::{Device, Site};

type Change = fn(&mut Authority);

fn keyset(a: &mut Authority) {
    a.keyset_keys =
        vec![(KeyUse::Authority, 21, KeyState::Active), (KeyUse::Authority, 2, KeyState::Retired)];
    a.keyset_version += 1;
}

fn authority_revoked(a: &mut Authority) {
    a.keyset_keys =
        vec![(KeyUse::Authority, 22, KeyState::Active), (KeyUse::Authority, 2, KeyState::Revoked)];
    a.keyset_version += 1;
    a.tenant_version += 1;
}

/// The same statements under the same names, signed by another authority key.
fn signed_anew(a: &mut Authority) {
    a.keyset_keys =
        vec![(KeyUse::Authority, 23, KeyState::Active), (KeyUse::Authority, 2, KeyState::Revoked)];
    a.keyset_version += 1;
}

fn issuer(a: &mut Authority) {
    a.issuers = vec![(31, KeyState::Active), (3, KeyState::Retired)];
    a.tenant_version += 1;
}

/// The license keeps its name and is signed anew.
fn issuer_revoked(a: &mut Authority) {
    a.issuers = vec![(32, KeyState::Active), (3, KeyState::Revoked)];
    a.tenant_version += 1;
}

fn server(a: &mut Authority) {
    a.server = 41;
    a.certificate.public_key = public_key(41);
}

fn root(a: &mut Authority) {
    a.roots.push(vec![51]);
    a.keyset_version += 1;
}

fn root_twice(a: &mut Authority) {
    a.roots.extend([vec![52, 53], vec![53, 54]]);
    a.keyset_version += 1;
}

/// The keyset keeps its name and is signed by the new root.
fn root_alone(a: &mut Authority) {
    a.roots.push(vec![55]);
}

fn everything(a: &mut Authority) {
    root_twice(a);
    authority_revoked(a);
    issuer(a);
    server(a);
}

const CHANGES: [(&str, Change); 10] = [
    ("keyset", keyset),
    ("authority revoked", authority_revoked),
    ("signed anew", signed_anew),
    ("issuer", issuer),
    ("issuer revoked", issuer_revoked),
    ("server", server),
    ("root", root),
    ("root twice", root_twice),
    ("root alone", root_alone),
    ("everything", everything),
];

/// Between two validations of one client, across a restart, and under a build from before that was never started.
#[test]
fn clients_from_before_a_rotation_go_on() {
    for (name, change) in CHANGES {
        let site = Site::honest();
        let old_build = site.trust();
        let running = Device::new(old_build, site.clone());
        let stopped = Device::new(old_build, site.clone());
        for device in [&running, &stopped] {
            device.validate().expect("valid before");
        }
        change(&mut site.authority());
        let asleep = Device::new(old_build, site.clone());
        for device in [&running, &stopped.restarted(old_build), &asleep] {
            device.validate().unwrap_or_else(|error| panic!("{name}: {error}"));
            device.validate().unwrap_or_else(|error| panic!("{name}, again: {error}"));
        }
    }
}

/// And a build from after it, on the state of the one before.
#[test]
fn an_updated_program_goes_on_with_the_state_it_finds() {
    for (name, change) in CHANGES {
        let site = Site::honest();
        let device = Device::new(site.trust(), site.clone());
        device.validate().expect("valid before");
        change(&mut site.authority());
        let updated = device.restarted(site.trust());
        updated.validate().unwrap_or_else(|error| panic!("{name}: {error}"));
        // Nothing had to be asked for: the build brings it along. Of two statements of one name, the state's is taken.
        let is_known = !["signed anew", "root alone"].contains(&name);
        assert!(!is_known || site.trusts.load(Ordering::SeqCst) == 0, "{name}");
    }
}

#[test]
fn what_is_missing_is_asked_for_once_and_remembered() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    device.validate().expect("valid");
    root_twice(&mut site.authority());
    device.validate().expect("valid");
    device.validate().expect("valid");
    assert_eq!(site.trusts.load(Ordering::SeqCst), 1);
}

/// A thief of old roots cannot lead a client back that has seen the new ones.
#[test]
fn a_client_that_saw_new_roots_does_not_go_back() {
    let site = Site::honest();
    let trust = site.trust();
    let device = Device::new(trust, site.clone());
    let before = site.authority().clone();
    root(&mut site.authority());
    device.validate().expect("valid");
    let old = Site::of(before);
    let back = device.at(trust, old.clone());
    back.is_refused_with("server_untrusted");
    // With everything the old root can make, newer than all that was seen.
    old.authority().keyset_version += 100;
    old.authority().tenant_version += 100;
    back.is_refused_with("server_untrusted");
    device.validate().expect("valid");
}

/// What only a revoked key raised does not last: a thief's enormous version is gone with the thief.
#[test]
fn a_thiefs_enormous_version_goes_with_the_thief() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    let mut thief = site.authority().clone();
    thief.tenant_version = 1 << 50;
    site.between(swap_member("tenant_keyset", thief.tenant_keyset()));
    device.validate().expect("the key was not known to be stolen");
    site.nobody_between();
    device.is_refused_with("version_rollback");
    authority_revoked(&mut site.authority());
    device.validate().expect("valid");
    device.restarted(site.trust()).validate().expect("valid");
}

/// Whoever stole keys may leave a version that no honest statement ever reaches. A build that came after the theft has a chain of its
/// own, and needs no server to be told.
#[test]
fn a_build_from_after_a_theft_verifies_files_over_what_the_thief_left() {
    let huge = 1_u64 << 50;
    let of_root: Change = |a| a.keyset_version = 1 << 50;
    let of_authority: Change = |a| a.tenant_version = 1 << 50;
    let of_both: Change = |a| (a.keyset_version, a.tenant_version) = (1 << 50, 1 << 50);
    let thefts = [
        ("root", of_root, root as Change),
        ("authority", of_authority, authority_revoked),
        ("both", of_both, everything),
    ];
    for (stolen, theft, after) in thefts {
        let site = Site::honest();
        let device = Device::new(site.trust(), site.clone());
        let honest = site.authority().clone();
        theft(&mut site.authority());
        device.validate().expect("the key was not known to be stolen");
        let left = device.state().expect("a state");
        assert!(
            String::from_utf8_lossy(&left).contains(&huge.to_string()),
            "{stolen}: the thief's version is kept"
        );

        *site.authority() = honest;
        after(&mut site.authority());
        let updated = device.restarted(site.trust());
        let file = site.authority().license();
        updated.client.validate_license_file(&file).unwrap_or_else(|error| panic!("{stolen}: {error}"));
        // It is remembered, and what was accepted before the theft still counts.
        updated
            .client
            .validate_license_file(&file)
            .unwrap_or_else(|error| panic!("{stolen}, again: {error}"));
        updated.validate().unwrap_or_else(|error| panic!("{stolen}, online: {error}"));
    }
}

/// The build's chain takes the place of one that fails, not of what was accepted: an older build does not lead back.
#[test]
fn an_older_builds_chain_does_not_help_against_newer_keys() {
    let site = Site::honest();
    let old_build = site.trust();
    let device = Device::new(old_build, site.clone());
    let old_file = site.authority().license();
    device.client.validate_license_file(&old_file).expect("valid");
    issuer_revoked(&mut site.authority());
    device.validate().expect("valid");
    let error =
        device.restarted(old_build).client.validate_license_file(&old_file).expect_err("its key is revoked");
    assert_eq!(error.family(), sealgate::Family::Security, "{error}");
    device.client.validate_license_file(&site.authority().license()).expect("the new one is valid");
}

/// `spec/keys.md` §4.7: a key that the build knows to be revoked makes no server the vendor's, though the state knows nothing of it.
#[test]
fn a_server_with_older_keys_than_the_builds_is_refused() {
    for has_state in [false, true] {
        let site = Site::honest();
        let device = Device::new(site.trust(), site.clone());
        if has_state {
            device.validate().expect("valid");
        }
        let before = Site::of(site.authority().clone());
        {
            let mut vendor = site.authority();
            let revoked = (KeyUse::Server, vendor.server, KeyState::Revoked);
            vendor.keyset_keys.push(revoked);
            vendor.keyset_version += 1;
        }
        let updated = device.at(site.trust(), before);
        updated.is_refused_with("version_rollback");
        assert_eq!(updated.client.check_server().expect_err("refused").code(), "version_rollback");
    }
}
