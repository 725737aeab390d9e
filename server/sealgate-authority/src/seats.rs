//! Seats and credits: what a yes costs, in one transaction (`docs/design.md`, "Seats").

use std::sync::Arc;

use sealgate_artifact::{AppId, Code, Device, DeviceId, UnixSeconds};
use sealgate_rules::{Facts, Seat, Standing, TrialStanding, Verdict, Window};
use sealgate_store::table::{self, DeviceRow, EventRow, LicenseRow, Said, Seated, Trial, TrialPer, Trying};
use sealgate_store::{AppEntry, Db, LicenseEntry, Tx, Work};

use crate::customer_limit::{had_room, leaves_room};
use crate::moving::{Moving, move_seat, wants_a_seat};
use crate::{AuthorityError, ClockWatch, Ids, Side, event_row};
use crate::{bundled, lease};

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// A device that asks to use a license.
pub struct Asking<'a> {
    /// The license, at most a second old.
    pub license: &'a LicenseEntry,
    /// The device.
    pub device: &'a Device,
    /// What it says of itself.
    pub said: &'a Said,
    /// The app, where the seat of another key of the same machine may move to the device: its lists say from whom.
    pub app: Option<&'a Arc<AppEntry>>,
    /// By what a trial knows the machine: the fingerprint, or the name on AuthForge's wire.
    pub machine: Option<&'a str>,
    /// Whether access lists deny the device this license.
    pub blocked: bool,
    /// The time of the decision.
    pub now: UnixSeconds,
    /// The app whose credits are counted, and the question that costs one.
    pub pays: Option<(AppId, [u8; 16])>,
    /// Finds the request in the log.
    pub request_id: &'a str,
}

impl Asking<'_> {
    fn moving(&self) -> Option<Moving> {
        Moving::new((self.device, self.app), self.said.fingerprint.as_deref(), self.now)
    }
}

/// A yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted {
    /// Devices that hold a seat now.
    pub used: u64,
    /// When the trial ends that the license is for the device.
    pub trial_ends: Option<UnixSeconds>,
}

/// Gives seats to devices.
#[derive(Clone)]
pub struct Seats {
    db: Db,
    ids: Ids,
}

impl Seats {
    /// The seats of the licenses in this database.
    pub fn new(db: Db, ids: Ids) -> Self {
        Self { db, ids }
    }

    /// Decides whether the device may use the license, and takes what that costs: a seat, where the device has none,
    /// a credit, where credits are counted, and the beginning of a trial.
    pub async fn admit(&self, asking: &Asking<'_>) -> Result<Admitted, AuthorityError> {
        let license = &asking.license.license;
        let seated = self.seat(asking.license, asking.device).await?;
        let began = seated.as_ref().and_then(|seated| seated.trial_began);
        let runs = began.unwrap_or(asking.now);
        let facts = facts(license, asking.blocked, (license.devices_used, seated.is_some()), Some(runs));
        let must_begin = license.terms.trial.is_some() && began.is_none();
        let must_hold = lease::is_due(license, seated.as_ref(), asking.now)
            || seated.as_ref().is_some_and(|seated| seated.only_bundled);
        let verdict = facts.validate(asking.now);
        if verdict == Verdict::Allow && asking.pays.is_none() && !must_begin && !must_hold {
            return Ok(Admitted { used: license.devices_used, trial_ends: trial_ends(license, began) });
        }
        let seat = self.may_take(license, verdict, asking.now).await;
        if let Err(refused) = seat {
            // Nothing is locked for whoever asks again and again where no seat is left.
            if !wants_a_seat(&refused) || !self.may_move(asking).await? {
                return Err(refused);
            }
        }
        // In a box: most validations write nothing, and need not carry what a write takes.
        Box::pin(self.db.write(TakeSeat::new(&self.ids, asking))).await
    }

    /// Refuses what is sure to be refused, before anything is locked.
    async fn may_take(
        &self,
        license: &LicenseRow,
        verdict: Verdict,
        now: UnixSeconds,
    ) -> Result<(), AuthorityError> {
        let refused = match verdict {
            Verdict::Allow => return Ok(()),
            Verdict::TakeSeat => had_room(&self.db, license).await,
            Verdict::Refuse(code) => Err(AuthorityError::Refused(code)),
        };
        match refused {
            // What is over is counted anew in the transaction.
            Err(why) if wants_a_seat(&why) && license.has_ended_bundles(now) => Ok(()),
            Err(why) if wants_a_seat(&why) && lease::is_any_over(&self.db, license, now).await? => Ok(()),
            refused => refused,
        }
    }

    /// Refuses a device that has no seat and would get none.
    pub async fn has_room(&self, license: &LicenseRow, now: UnixSeconds) -> Result<(), AuthorityError> {
        let verdict = facts(license, false, (license.devices_used, false), Some(now)).validate(now);
        self.may_take(license, verdict, now).await
    }

    /// Whether another device's seat would move to this one at this moment.
    async fn may_move(&self, asking: &Asking<'_>) -> Result<bool, AuthorityError> {
        match asking.moving() {
            Some(moving) => Ok(moving.find(&self.db, &asking.license.license).await?.is_some()),
            None => Ok(false),
        }
    }

    /// Whether the device held a seat at most a second ago.
    pub async fn holds(&self, entry: &LicenseEntry, device: &Device) -> Result<bool, AuthorityError> {
        Ok(self.seat(entry, device).await?.is_some())
    }

    /// The seat that the device held at most a second ago.
    pub async fn seat(
        &self,
        entry: &LicenseEntry,
        device: &Device,
    ) -> Result<Option<Seated>, AuthorityError> {
        match &entry.devices {
            Some(devices) => Ok(devices.iter().find(|seated| seated.device == *device).cloned()),
            None => Ok(table::devices::seat(&self.db, entry.license.id, device).await?),
        }
    }

    /// Whether the device holds a seat at this moment. Another server may have given it one within the last second.
    pub async fn holds_now(&self, entry: &LicenseEntry, device: &Device) -> Result<bool, AuthorityError> {
        Ok(table::devices::seat(&self.db, entry.license.id, device).await?.is_some())
    }
}

/// Takes a seat. What was known before the transaction may be a second old; inside it, the same rule decides again.
pub struct TakeSeat {
    clock: ClockWatch,
    device: DeviceRow,
    moving: Option<Moving>,
    machine: Option<String>,
    blocked: bool,
    now: UnixSeconds,
    pays: Option<(AppId, [u8; 16])>,
    event: EventRow,
}

impl TakeSeat {
    fn new(ids: &Ids, asking: &Asking<'_>) -> Self {
        let license = &asking.license.license;
        let given = Self::given(ids, license, asking.device, asking.request_id);
        let (said, now) = (asking.said.clone(), asking.now);
        Self {
            device: DeviceRow { first_seen: now, last_seen: Some(now), said, ..given.device },
            moving: asking.moving(),
            machine: asking.machine.map(str::to_owned),
            blocked: asking.blocked,
            now,
            pays: asking.pays,
            ..given
        }
    }

    /// A seat that is given to a device without asking lists or credits: those are for devices that ask by themselves.
    pub fn given(ids: &Ids, license: &LicenseRow, device: &Device, request_id: &str) -> Self {
        Self {
            clock: ids.clock_watch().clone(),
            device: DeviceRow::new(ids.fresh(DeviceId::new), license, device.clone(), ids.now()),
            moving: None,
            machine: None,
            blocked: false,
            now: ids.now(),
            pays: None,
            event: event_row(ids, license, "device_bound", Some(&*device.name()), request_id),
        }
    }

    /// The same for a device that an [`Asking`] describes.
    pub fn asked(ids: &Ids, asking: &Asking<'_>) -> Self {
        Self::new(ids, asking)
    }

    /// Locks the license for this transaction and takes the seat, or moves one, and takes the credit.
    pub async fn take(&self, tx: &mut Tx<'_>) -> Result<Admitted, AuthorityError> {
        let device = &self.device;
        let locked = table::licenses::lock(tx, device.tenant, device.license).await?;
        let locked = locked.ok_or(AuthorityError::Refused(Code::LicenseUnknown))?;
        let mut locked = bundled::settled(tx, locked, (&self.clock, self.now)).await?;
        let lease_until = lease::ends(&locked, self.now);
        if let Some(until) = lease_until {
            locked.devices_used = lease::hold(tx, &locked, &device.device, (until, self.now)).await?;
        }
        let (used, seated) = table::devices::count_seats(&mut *tx, &locked, &device.device).await?;
        let moves = match &self.moving {
            Some(moving) if seated.is_none() => moving.find(&mut *tx, &locked).await?,
            _ => None,
        };
        let is_bound = seated.is_some() || moves.is_some();
        // A trial goes on with the seat.
        let began = moves.as_ref().and_then(|from| from.trial_began);
        let held = seated.as_ref().map_or(began, |seated| seated.trial_began);
        // spec/errors.md §3.1: first all that comes before the trial, as if that began now.
        let verdict = self.verdict(&locked, (used, is_bound), held.unwrap_or(self.now))?;
        if verdict == Verdict::TakeSeat {
            leaves_room(tx, &locked).await?;
        }
        let began = match (locked.terms.trial, held) {
            (Some(trial), None) => Some(self.begin(tx, &locked, trial).await?),
            (_, held) => held,
        };
        self.verdict(&locked, (used, is_bound), began.unwrap_or(self.now))?;
        self.pay(tx).await?;
        let trial_ends = trial_ends(&locked, began);
        if let Some(seated) = seated {
            if seated.only_bundled {
                table::bundle_seats::comes_online(tx, &locked, &device.device).await?;
            }
            if let Some(began) = began.filter(|_| held.is_none()) {
                table::devices::begin_trial(tx, &locked, &device.device, began).await?;
            }
            return Ok(Admitted { used, trial_ends });
        }
        self.has_no_other_use(tx).await?;
        let device = DeviceRow { trial_began: began, lease_until, ..device.clone() };
        if let Some(from) = &moves {
            move_seat(tx, &locked, (from, &device), (self.now, &self.event)).await?;
            if let Some(until) = lease_until {
                table::leases::hold(tx, locked.id, &device.device, until).await?;
            }
            return Ok(Admitted { used, trial_ends });
        }
        table::devices::take_seat(tx, &locked, &device).await?;
        table::events::insert(tx, &self.event).await?;
        Ok(Admitted { used: used + 1, trial_ends })
    }

    /// spec/keys.md §2.1: one key has one use.
    async fn has_no_other_use(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        match self.device.device {
            Device::Key(key) if table::keys::is_known(tx, key).await? => {
                Err(AuthorityError::Refused(Code::KeyMisuse))
            }
            _ => Ok(()),
        }
    }

    fn verdict(
        &self,
        locked: &LicenseRow,
        seats: (u64, bool),
        began: UnixSeconds,
    ) -> Result<Verdict, AuthorityError> {
        match facts(locked, self.blocked, seats, Some(began)).validate(self.now) {
            Verdict::Refuse(code) => Err(AuthorityError::Refused(code)),
            verdict => Ok(verdict),
        }
    }

    /// When the trial began (`spec/online.md` §7.7): once for a device, whatever key it has, or once for all devices of a
    /// customer's license.
    async fn begin(
        &self,
        tx: &mut Tx<'_>,
        locked: &LicenseRow,
        trial: Trial,
    ) -> Result<UnixSeconds, AuthorityError> {
        let used = || AuthorityError::Refused(Code::TrialUsed);
        let (device, all) = (self.machine.as_deref().map(Trying::Device), Trying::License(locked.id));
        let (who, before) = match (trial.per, device) {
            (TrialPer::Customer, device) => (all, device),
            (TrialPer::Device, Some(device)) => (device, Some(all)),
            (TrialPer::Device, None) => return Err(AuthorityError::Refused(Code::FingerprintRequired)),
        };
        let known = table::trials::find(&mut *tx, locked.app, who).await?;
        if known.is_some_and(|known| known.license != locked.id) {
            return Err(used());
        }
        // What began while the license was tried in the other way goes on.
        let before = match before {
            Some(before) => table::trials::find(&mut *tx, locked.app, before).await?,
            None => None,
        };
        let before = before.filter(|before| before.license == locked.id);
        let earliest = [known, before].into_iter().flatten().map(|trial| trial.began_at).min();
        let began = earliest.map_or_else(|| self.begins_now(), Ok)?;
        // Another license of the app may be faster, with the same machine.
        if known.is_none() && !table::trials::begin(tx, locked, who, began).await? {
            return Err(used());
        }
        Ok(began)
    }

    /// `docs/design.md`, "A clock in doubt": a trial that begins ahead lasts until then, and one that begins behind is over.
    fn begins_now(&self) -> Result<UnixSeconds, AuthorityError> {
        match self.clock.doubt(Side::Runtime) {
            Some(_) => Err(AuthorityError::Refused(Code::ClockInDoubt)),
            None => Ok(self.now),
        }
    }

    async fn pay(&self, tx: &mut Tx<'_>) -> Result<(), AuthorityError> {
        let Some((app, question)) = &self.pays else { return Ok(()) };
        let owes = table::debits::insert(tx, question, self.now).await?;
        if owes && !table::apps::spend_credit(tx, *app).await? {
            return Err(AuthorityError::Refused(Code::NoCredits));
        }
        Ok(())
    }
}

impl Work for TakeSeat {
    type Output = Admitted;
    type Error = AuthorityError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Admitted, AuthorityError> {
        self.take(tx).await
    }
}

/// Refuses a further device of a locked license that has no seat left, or whose customer may have no more devices.
pub async fn room_for_another(tx: &mut Tx<'_>, locked: &LicenseRow) -> Result<(), AuthorityError> {
    if Seat::count(locked.terms.max_devices, locked.seats_taken(), false) == Seat::Full {
        return Err(AuthorityError::Refused(Code::DeviceLimit));
    }
    leaves_room(tx, locked).await
}

/// How long before it is made a license without a start date begins, for those who have nothing but what was signed
/// (`spec/license.md` §2.4).
pub const HEAD_START_SECONDS: u64 = 24 * 60 * 60;

/// Where a license stands, by its row. One without a start date has begun for whoever holds its row, whatever that one's clock
/// shows.
pub fn standing(license: &LicenseRow) -> Standing {
    let has_no_start = license.not_before <= license.created_at.minus(HEAD_START_SECONDS);
    let begins_at = if has_no_start { UnixSeconds::new(0).expect("in range") } else { license.not_before };
    Standing {
        window: Window::new(begins_at, license.expires_at),
        revoked: license.revoked_at.is_some(),
        suspended: license.suspended_at.is_some(),
        trial: license.terms.trial.map(|_| TrialStanding::NotBegun),
    }
}

/// What the rules need to know about a license and a device: how many hold a seat and whether it is among them, and when its
/// trial began, where the license is one.
pub fn facts(
    license: &LicenseRow,
    blocked_by_lists: bool,
    (used, bound): (u64, bool),
    began: Option<UnixSeconds>,
) -> Facts {
    // spec/offline.md §5.2: what pools take is taken.
    let seat = Seat::count(license.terms.max_devices, used.saturating_add(license.pools), bound);
    let mut standing = standing(license);
    if let Some(end) = trial_ends(license, began) {
        standing.trial = Some(TrialStanding::Ends(end));
    }
    Facts { license: standing, blocked_by_lists, seat }
}

/// Which end of a trial an answer of that time names: never later than if the trial began with it, whatever this or another
/// clock showed before (`spec/online.md` §7.7).
pub fn told_end(license: &LicenseRow, ends: Option<UnixSeconds>, at: UnixSeconds) -> Option<UnixSeconds> {
    let latest = trial_ends(license, Some(at));
    ends.map(|end| latest.map_or(end, |latest| end.min(latest)))
}

/// When a trial ends that began then; `None` where it has not, or the license is no trial.
pub fn trial_ends(license: &LicenseRow, began: Option<UnixSeconds>) -> Option<UnixSeconds> {
    let days = license.terms.trial?.days;
    Some(began?.plus(u64::from(days) * DAY_SECONDS))
}
