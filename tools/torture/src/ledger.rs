//! What the server acknowledged, against which it is judged after its death.

use crate::client::{Issued, Shown};
use harness::failure::{Failure, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Acknowledged writes, shared between the clients.
#[derive(Default)]
pub(crate) struct Ledger {
    entries: Mutex<Entries>,
    grown: Condvar,
}

#[derive(Default)]
struct Entries {
    licenses: BTreeMap<String, License>,
    /// In the order of their issue, for picking one.
    order: Vec<Issued>,
    writes: u64,
    /// The last thing that did not go as it should, for the person who has to find out why.
    complaint: Option<Failure>,
}

#[derive(Default)]
struct License {
    round: u32,
    devices: BTreeSet<String>,
}

/// A license that was acknowledged, and how many devices with it.
pub(crate) struct Owed {
    pub(crate) license_id: String,
    pub(crate) devices: u64,
}

/// What a license shown after the crash says about the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Kept,
    Lost,
    OverCap,
}

impl Owed {
    /// Nothing acknowledged may be missing, and no crash may open a seat.
    pub(crate) fn judge(&self, shown: Option<&Shown>) -> Verdict {
        match shown {
            Some(shown)
                if shown.max_devices.is_some_and(|cap| shown.devices_used.max(self.devices) > cap) =>
            {
                Verdict::OverCap
            }
            Some(shown) if shown.devices_used >= self.devices => Verdict::Kept,
            _ => Verdict::Lost,
        }
    }
}

impl Ledger {
    /// A license was acknowledged.
    pub(crate) fn issued(&self, round: u32, license: &Issued) {
        let mut entries = self.lock();
        entries.licenses.insert(license.id.clone(), License { round, devices: BTreeSet::new() });
        entries.order.push(license.clone());
        entries.writes += 1;
        self.grown.notify_all();
    }

    /// A device was acknowledged; telling it again writes nothing new.
    pub(crate) fn bound(&self, license: &Issued, device: &str) {
        let mut entries = self.lock();
        let fresh =
            entries.licenses.get_mut(&license.id).is_some_and(|held| held.devices.insert(device.to_owned()));
        entries.writes += u64::from(fresh);
        self.grown.notify_all();
    }

    /// This license is gone, by the torture's own doing: neither it nor its devices are owed any more. Returns how many
    /// devices it had.
    pub(crate) fn forget_license(&self, license_id: &str) -> u64 {
        let mut entries = self.lock();
        entries.order.retain(|issued| issued.id != license_id);
        entries.licenses.remove(license_id).map_or(0, |license| license.devices.len() as u64)
    }

    /// Only so many devices of this license are left, by the torture's own doing. Returns how many are owed no longer.
    pub(crate) fn forget_devices(&self, license_id: &str, left: u64) -> u64 {
        let mut entries = self.lock();
        let Some(license) = entries.licenses.get_mut(license_id) else { return 0 };
        let before = license.devices.len() as u64;
        // Which of them are left is not shown, only how many.
        while license.devices.len() as u64 > left {
            license.devices.pop_last();
        }
        before.saturating_sub(left)
    }

    /// Something did not go as it should; after a kill that is to be expected.
    pub(crate) fn complain(&self, failure: Failure) {
        self.lock().complaint = Some(failure);
    }

    /// Takes the last complaint.
    pub(crate) fn complaint(&self) -> Option<Failure> {
        self.lock().complaint.take()
    }

    /// One of the newest licenses, chosen by any number.
    pub(crate) fn recent(&self, choice: u64) -> Option<Issued> {
        let entries = self.lock();
        let mut newest = entries.order.iter().rev().take(8);
        let count = u64::try_from(newest.len()).ok().filter(|count| *count > 0)?;
        newest.nth(usize::try_from(choice % count).ok()?).cloned()
    }

    /// All acknowledged writes.
    pub(crate) fn writes(&self) -> u64 {
        self.lock().writes
    }

    /// All acknowledged licenses.
    pub(crate) fn licenses(&self) -> usize {
        self.lock().licenses.len()
    }

    /// All acknowledged devices.
    pub(crate) fn devices(&self) -> usize {
        self.lock().licenses.values().map(|license| license.devices.len()).sum()
    }

    /// Waits until there are that many acknowledged writes.
    pub(crate) fn wait_for(&self, writes: u64, within: Duration) -> Result<()> {
        let waiting = |entries: &mut Entries| entries.writes < writes;
        let waited = self.grown.wait_timeout_while(self.lock(), within, waiting);
        let (mut entries, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if !timeout.timed_out() {
            return Ok(());
        }
        let reason =
            entries.complaint.take().map_or_else(String::new, |failure| format!("; last: {failure}"));
        let missing = writes - entries.writes;
        Err(Failure::new(format!(
            "the server did not acknowledge {missing} more writes in {within:?}{reason}"
        )))
    }

    /// What the server owes: of one round, or of all.
    pub(crate) fn owed(&self, round: Option<u32>) -> Vec<Owed> {
        let entries = self.lock();
        let chosen =
            entries.licenses.iter().filter(|(_, license)| round.is_none_or(|round| license.round == round));
        chosen
            .map(|(id, license)| Owed { license_id: id.clone(), devices: license.devices.len() as u64 })
            .collect()
    }

    /// A client that panicked leaves a usable ledger: every change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn license(id: &str) -> Issued {
        Issued { id: id.to_owned(), key: String::new() }
    }

    #[test]
    fn a_missing_license_or_device_is_lost_and_a_seat_too_many_is_over_cap() {
        let owed = |devices| Owed { license_id: String::new(), devices };
        let shown = |devices_used, max_devices| Some(Shown { devices_used, max_devices });
        assert_eq!(owed(0).judge(None), Verdict::Lost);
        assert_eq!(owed(1).judge(shown(0, Some(1)).as_ref()), Verdict::Lost);
        assert_eq!(owed(1).judge(shown(2, Some(1)).as_ref()), Verdict::OverCap);
        assert_eq!(owed(2).judge(shown(1, Some(1)).as_ref()), Verdict::OverCap);
        assert_eq!(owed(1).judge(shown(1, Some(1)).as_ref()), Verdict::Kept);
        // Written, but killed before the answer went out.
        assert_eq!(owed(0).judge(shown(1, Some(1)).as_ref()), Verdict::Kept);
        assert_eq!(owed(2).judge(shown(2, None).as_ref()), Verdict::Kept);
    }

    #[test]
    fn writes_are_counted_once_and_kept_by_round() {
        let ledger = Ledger::default();
        ledger.issued(1, &license("a"));
        ledger.issued(2, &license("b"));
        ledger.bound(&license("b"), "device");
        ledger.bound(&license("b"), "device");
        assert_eq!((ledger.writes(), ledger.devices()), (3, 1));
        assert_eq!(ledger.owed(None).len(), 2);
        assert_eq!(ledger.owed(Some(2))[0].devices, 1);
        assert!(ledger.recent(5).is_some());
    }

    #[test]
    fn waiting_in_vain_says_why() {
        let ledger = Ledger::default();
        ledger.complain(Failure::new("HTTP 500"));
        let failure = ledger.wait_for(1, Duration::ZERO).unwrap_err();
        assert!(failure.to_string().contains("HTTP 500"));
    }
}
