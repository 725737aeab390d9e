//! Licenses of which each is in another state when the database goes back.

use crate::client::{Answer, Client, Issued};
use crate::day::{Day, Stored};
use crate::random::Random;
use harness::failure::{Failure, Result};
use std::collections::BTreeMap;

/// One license with a single seat, and the device that had it before.
pub(super) struct Case {
    pub(super) what: &'static str,
    pub(super) license: Issued,
    pub(super) device: String,
}

/// All of them.
pub(super) struct Cases<'a> {
    day: &'a Day,
    /// In use before the copy and after it.
    kept: Case,
    /// Revoked before the copy.
    ended: Case,
    /// Revoked after the copy: that is lost.
    revived: Case,
    /// Its seat was taken after the copy: it is free again.
    freed: Case,
    /// Sold after the copy: nobody knows it.
    gone: Option<Case>,
}

impl<'a> Cases<'a> {
    /// What happens before the copy.
    pub(super) fn before(day: &'a Day, random: &mut Random) -> Result<Self> {
        let mut sell = |what| Case::sell(day, what, random);
        let (kept, ended) = (sell("in use all the time")?, sell("revoked before")?);
        let (revived, freed) = (sell("revoked, which is lost")?, sell("with a seat taken, which is lost")?);
        for case in [&kept, &ended, &revived] {
            case.take_the_seat(day, random)?;
        }
        ended.revoke(day)?;
        Ok(Self { day, kept, ended, revived, freed, gone: None })
    }

    /// What happens after it. Every server has heard it all when this returns.
    pub(super) fn after(&mut self, random: &mut Random) -> Result<()> {
        let gone = Case::sell(self.day, "sold, which is lost", random)?;
        for case in [&self.freed, &gone] {
            case.take_the_seat(self.day, random)?;
        }
        self.revived.revoke(self.day)?;
        self.gone = Some(gone);
        Ok(())
    }

    /// Each with what the database, which went back, says about it. The seat that is free again is taken by somebody else.
    pub(super) fn by(&self, stored: &BTreeMap<String, Stored>) -> Result<Vec<(&Case, bool)>> {
        let all =
            [Some(&self.kept), Some(&self.ended), Some(&self.revived), Some(&self.freed), self.gone.as_ref()];
        let says =
            |case: &Case| stored.get(&case.license.id).map(|license| (license.revoked, license.devices_used));
        let all: Vec<&Case> = all.into_iter().flatten().collect();
        let said: Vec<_> = all.iter().map(|case| says(case)).collect();
        let planned = [Some((false, 1)), Some((true, 1)), Some((false, 1)), Some((false, 0)), None];
        if said != planned {
            return Err(Failure::new(format!("the database is not as old as its copy: {said:?}")));
        }
        Ok(all.into_iter().zip([true, false, true, false, false]).collect())
    }

    /// The license with the free seat.
    pub(super) fn freed(&self) -> &Case {
        &self.freed
    }
}

impl Case {
    fn sell(day: &Day, what: &'static str, random: &mut Random) -> Result<Self> {
        let license = day.vendor().issue(&day.app, what)?;
        Ok(Self { what, license, device: random.hex(4) })
    }

    fn revoke(&self, day: &Day) -> Result<()> {
        day.vendor().revoke(&self.license.id)?;
        day.revoked(self.license.clone(), self.device.clone());
        Ok(())
    }

    /// At every server, so that all of them remember it. Only then others may hear of the license: they want its seat.
    fn take_the_seat(&self, day: &Day, random: &mut Random) -> Result<()> {
        for at in 0..day.places.len() {
            let answer = self.ask(&self.device, at, day, random);
            if answer != Answer::Yes {
                return Err(Failure::new(format!("a license {} before the trouble: {answer:?}", self.what)));
            }
        }
        day.ledger.issued(0, &self.license);
        day.ledger.bound(&self.license, &self.device);
        Ok(())
    }

    /// Asks with this license from that device.
    pub(super) fn ask(&self, device: &str, at: usize, day: &Day, random: &mut Random) -> Answer {
        Client::new(&day.places[at].url, "").ask(&day.app, &self.license, device, &random.hex(2))
    }
}
