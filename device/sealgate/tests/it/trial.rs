//! Trials: rights up to the end that a verified decision names (`spec/license.md` §4.4).

use sealgate::Trial;
use sealgate_artifact::Outcome;

use crate::authority::{Authority, DAY, NOW, at};
use crate::site::{Device, ORIGIN, Site};

fn tried() -> std::sync::Arc<Site> {
    let mut authority = Authority::new(1, ORIGIN);
    authority.next_license().trial_days = Some(14);
    Site::of(authority)
}

/// A yes that says until when.
fn until(site: &Site, ends: Option<u64>) {
    let Outcome::Allowed { license, license_statement, variables, .. } = site.authority().allowance() else {
        panic!("an allowance")
    };
    let trial_ends = ends.map(at);
    site.decide(Outcome::Allowed { license, license_statement, trial_ends, variables });
}

#[test]
fn a_trial_has_rights_until_the_end_that_the_server_names() {
    let site = tried();
    let device = Device::new(site.trust(), site.clone());
    until(&site, Some(NOW + 10 * DAY));
    let license = device.validate().expect("is tried");
    assert_eq!(license.trial(), Some(Trial { days: 14, ends_at: at(NOW + 10 * DAY) }));
    assert_eq!(license.expires_at(), Some(at(NOW + 10 * DAY)), "before the license itself ends");
    // A clock that is set back is not believed, one that is ahead is.
    device.clock.set(NOW - 100 * DAY);
    device.validate().expect("is tried");
    device.clock.set(NOW + 10 * DAY);
    assert_eq!(device.validate().expect_err("over").code(), "expired");
}

#[test]
fn without_a_server_s_word_there_is_no_trial() {
    let site = tried();
    let device = Device::new(site.trust(), site.clone());
    for ends in [None, Some(NOW + 14 * DAY + 1)] {
        until(&site, ends);
        assert_eq!(device.validate().expect_err("nobody says until when").code(), "trial_not_begun");
    }
    let file = site.authority().license();
    until(&site, Some(NOW + 14 * DAY));
    device.validate().expect("is tried");
    let error = device.client.validate_license_file(&file).expect_err("a file proves nothing");
    assert_eq!(error.code(), "trial_not_begun");
    assert_eq!(error.fix(), "Connect this machine to the vendor's server, and validate the license again.");
}
