//! Servers that are not the vendor's, or not for this.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sealgate::{Error, Family, SecurityError};
use sealgate_artifact::{AppId, KeyState, KeyUse, LicenseId, Outcome, TenantId, Tier};

use crate::authority::{Authority, DAY, NOW, at, id_of, public_key, signed};
use crate::site::{Device, ORIGIN, Site, ok};

/// Its own keys at every level, the vendor's names.
fn impostor() -> Arc<Site> {
    Site::of(Authority::new(101, ORIGIN))
}

/// Refused for this reason by a fresh device and by one that has a state; the vendor's own server is believed after it.
fn everyone_refuses(site: &Arc<Site>, code: &str) -> Vec<Error> {
    let honest = Site::honest();
    let fresh = Device::new(honest.trust(), site.clone());
    let known = Device::new(honest.trust(), honest.clone());
    known.validate().expect("valid");
    let known = known.at(honest.trust(), site.clone());
    let refusals: Vec<Error> =
        [&fresh, &known].into_iter().map(|device| device.is_refused_with(code)).collect();
    for (device, error) in [&fresh, &known].into_iter().zip(&refusals) {
        assert_eq!(error.family(), Family::Security, "{error}");
        assert_eq!(device.is_refused().code(), code, "the second time too");
        device.at(honest.trust(), honest.clone()).validate().expect("the vendor's server is believed");
    }
    refusals
}

#[test]
fn a_server_with_keys_of_its_own_is_untrusted() {
    for error in everyone_refuses(&impostor(), "server_untrusted") {
        assert!(matches!(error, Error::Security(SecurityError::ServerUntrusted(_))));
    }
}

/// It shows the vendor's chain, and a certificate of its own making.
#[test]
fn a_self_made_certificate_under_the_vendors_chain_is_untrusted() {
    let mut thief = Authority::new(1, ORIGIN);
    thief.server = 104;
    thief.certificate.public_key = public_key(104);
    let site = Site::of(thief.clone());
    let forged = signed(&thief.certificate, &[102]);
    site.between(swap_member("certificate", forged));
    everyone_refuses(&site, "server_untrusted");
}

/// The vendor's certificate, and a decision by somebody else.
#[test]
fn a_decision_that_the_certified_key_did_not_sign_is_untrusted() {
    let mut thief = Authority::new(1, ORIGIN);
    thief.server = 104;
    everyone_refuses(&Site::of(thief), "server_untrusted");
}

#[test]
fn a_server_without_a_certificate_is_untrusted() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    site.between(swap_member("certificate", b"null".to_vec()));
    device.is_refused_with("server_untrusted");
    site.nobody_between();
    device.validate().expect("valid");
}

/// A certificate for another tenant, origin or operation.
#[test]
fn a_certificate_for_something_else_is_out_of_scope() {
    for narrow in [
        (|a: &mut Authority| a.certificate.tenants = vec![TenantId::from_bytes([1; 16])])
            as fn(&mut Authority),
        |a| a.certificate.origins = vec!["https://other.example.com".to_owned()],
        |a| a.certificate.origins = vec![format!("{ORIGIN}:8443"), "http://license.example.com".to_owned()],
        |a| a.certificate.operations = vec!["heartbeat".to_owned()],
    ] {
        let mut authority = Authority::new(1, ORIGIN);
        narrow(&mut authority);
        for error in everyone_refuses(&Site::of(authority), "server_scope") {
            assert_eq!(error, Error::Security(SecurityError::ServerScope));
        }
    }
}

#[test]
fn certificates_outside_their_window_have_codes_of_their_own() {
    let mut authority = Authority::new(1, ORIGIN);
    authority.certificate.issued_at = at(NOW - 20 * DAY);
    authority.certificate.expires_at = at(NOW);
    for error in everyone_refuses(&Site::of(authority.clone()), "certificate_expired") {
        assert_eq!(error, Error::Security(SecurityError::CertificateExpired));
    }
    // One day of tolerance.
    authority.certificate.issued_at = at(NOW + DAY + 1);
    authority.certificate.expires_at = at(NOW + 9 * DAY);
    for error in everyone_refuses(&Site::of(authority), "certificate_not_yet_valid") {
        assert_eq!(error, Error::Security(SecurityError::CertificateNotYetValid));
    }
}

#[test]
fn a_decision_outside_its_certificates_window_is_refused() {
    let site = Site::honest();
    site.time.store(NOW + 20 * DAY, Ordering::SeqCst);
    everyone_refuses(&site, "certificate_expired");
}

#[test]
fn a_revoked_server_has_a_code_of_its_own() {
    let mut authority = Authority::new(1, ORIGIN);
    authority.keyset_keys.push((KeyUse::Server, authority.server, KeyState::Revoked));
    authority.keyset_version += 1;
    for error in everyone_refuses(&Site::of(authority), "server_revoked") {
        assert_eq!(error, Error::Security(SecurityError::ServerRevoked));
    }
}

/// What a stolen server's key cannot do: make or widen a license (`spec/online.md` §1.2).
#[test]
fn a_genuine_server_cannot_make_or_widen_a_license() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    device.validate().expect("valid");
    let mut thief = site.authority().clone();
    thief.license.tier = Tier::Enterprise;
    // Every key that a runtime has, and some of the thief's own.
    for issuer in [thief.server, 103] {
        thief.issuers = vec![(issuer, KeyState::Active)];
        let (genuine, forged) = (site.authority().clone(), thief.clone());
        let stolen = Site::of(genuine);
        stolen.authority().license = forged.license.clone();
        stolen.between(swap_member("license", forged.license()));
        device.at(site.trust(), stolen).is_refused_with("signature_invalid");
    }
    assert_eq!(device.validate().expect("valid").tier(), Tier::Licensed);
}

/// A genuine license that is not the one of the decision: an older, wider version of the same, or another's.
#[test]
fn another_license_than_the_decision_names_is_refused() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    let wide = site.authority().license();
    site.authority().license.version = 2;
    site.authority().license.features.clear();
    site.between(swap_member("license", wide));
    device.is_refused_with("nonce_mismatch");
    site.nobody_between();
    assert_eq!(device.validate().expect("valid").features().len(), 0);

    let mut other = site.authority().clone();
    other.license.license = LicenseId::from_bytes([77; 16]);
    site.between(swap_member("license", other.license()));
    site.authority().license.version = 3;
    device.is_refused_with("nonce_mismatch");
}

/// A decision whose two names of the license are not of one.
#[test]
fn a_decision_that_contradicts_itself_is_refused() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    let license_statement = id_of(&site.authority().license());
    site.decide(Outcome::allowed(LicenseId::from_bytes([77; 16]), license_statement));
    device.is_refused_with("nonce_mismatch");
    site.allow();
    device.validate().expect("valid");
}

#[test]
fn a_license_of_another_app_or_tenant_is_refused() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    site.authority().license.app = AppId::from_bytes([1; 16]);
    device.is_refused_with("wrong_app");
    site.authority().license.app = crate::authority::app();
    site.authority().license.tenant = TenantId::from_bytes([1; 16]);
    device.is_refused_with("wrong_tenant");
}

#[test]
fn an_allowance_without_its_license_is_no_answer() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    site.between(swap_member("license", b"null".to_vec()));
    let error = device.is_refused_with("answer_invalid");
    assert_eq!(error.family(), Family::Transport);
}

#[test]
fn older_keysets_than_the_last_are_refused() {
    let site = Site::honest();
    let trust = site.trust();
    let device = Device::new(trust, site.clone());
    let older = site.authority().clone();
    site.authority().keyset_version += 1;
    site.authority().tenant_version += 1;
    device.validate().expect("valid");
    for (name, older) in [("keyset", older.keyset()), ("tenant_keyset", older.tenant_keyset())] {
        site.between(swap_member(name, older));
        device.is_refused_with("version_rollback");
        device.restarted(trust).is_refused_with("version_rollback");
    }
    site.nobody_between();
    let mut two_faced = site.authority().clone();
    two_faced.keyset_until += 1;
    site.between(swap_member("keyset", two_faced.keyset()));
    device.is_refused_with("equivocation");
    site.nobody_between();
    device.validate().expect("valid");
}

/// Puts this in the place of a member of every validation's answer, whether it was there or not.
pub(crate) fn swap_member(
    name: &'static str,
    with: Vec<u8>,
) -> impl FnMut(sealgate::HttpAnswer) -> Result<sealgate::HttpAnswer, sealgate::Unanswered> + Send {
    move |answer| {
        let mut value: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        if value.get("decision").is_some() {
            value[name] = serde_json::from_slice(&with).expect("JSON");
        }
        Ok(ok(&value.to_string()))
    }
}
