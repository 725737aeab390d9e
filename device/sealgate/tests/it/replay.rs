//! Recorded answers, played back.

use std::sync::Arc;

use sealgate::{Error, HttpAnswer, SecurityError};

use crate::site::{Device, Site, is_denial};

/// Plays this back whatever is asked.
fn play(site: &Arc<Site>, recorded: &HttpAnswer) {
    let recorded = recorded.clone();
    site.between(move |_| Ok(recorded.clone()));
}

/// The last answer as the server gave it.
fn last(site: &Arc<Site>) -> HttpAnswer {
    site.record.lock().expect("nobody panicked with it").last().expect("something was asked").1.clone()
}

fn mismatches(device: &Device) {
    let error = device.is_refused();
    assert!(matches!(error, Error::Security(SecurityError::NonceMismatch(_))), "{error}");
}

/// An allowance and a denial, recorded in full: played to the same client later, across a restart, to another device.
#[test]
fn what_answered_one_question_answers_no_other() {
    for denial in [None, Some("revoked")] {
        let site = Site::honest();
        let trust = site.trust();
        let device = Device::new(trust, site.clone());
        let other = Device::new(trust, site.clone());
        if let Some(code) = denial {
            site.deny(code, None);
        }
        assert_eq!(device.validate().map_err(|error| is_denial(&error)).err(), denial.map(|_| true));
        let recorded = last(&site);
        // A device that has everything by now, and one that has nothing yet.
        site.allow();
        device.validate().expect("valid");
        play(&site, &recorded);
        mismatches(&device);
        mismatches(&device.restarted(trust));
        mismatches(&other);
        site.nobody_between();
        for device in [&device, &other] {
            device.validate().expect("valid");
        }
    }
}

/// Two devices ask at once, and whoever sits between gives each the other's answer.
#[test]
fn answers_that_were_exchanged_are_refused() {
    let site = Site::honest();
    let devices = [(); 2].map(|()| Device::new(site.trust(), site.clone()));
    for device in &devices {
        device.validate().expect("valid");
    }
    site.deny("revoked", None);
    devices[0].validate().expect_err("denied");
    let denial = last(&site);
    site.allow();
    devices[1].validate().expect("valid");
    let allowance = last(&site);
    play(&site, &denial);
    mismatches(&devices[1]);
    play(&site, &allowance);
    mismatches(&devices[0]);
}
