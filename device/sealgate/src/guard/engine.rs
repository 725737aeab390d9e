//! The guard from inside: what it knows, when it judges, and what it shows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sealgate_artifact::{ClockPolicy, UnixSeconds};
use sealgate_rules::{
    ClockRolledBack, Enforced, Features, Findings, Known, Lack, Local, Moment, Rights, Session, TimeFloors,
    Timeline,
};

use super::checks::Checks;
use super::events::GuardCounters;
use super::material::{Files, Material};
use super::shown::{GuardState, Shown, Standing};
use crate::guarded::Guarded;
use crate::{Beat, BeatSaid, Client, Error, License};

/// How often a program that runs for long keeps what time it is.
const KEEP: Duration = Duration::from_mins(15);
/// Nothing is judged less often.
const LOOK: Duration = Duration::from_hours(1);

/// What a guard was given.
pub(super) struct Setup {
    pub(super) free: Features,
    pub(super) local: Local,
    pub(super) files: Files,
    pub(super) is_online: bool,
    pub(super) checks: Checks,
}

/// Called with each new state.
pub(super) type Watcher = Box<dyn FnMut(&GuardState) + Send>;

pub(super) struct Engine {
    pub(super) client: Arc<Client>,
    setup: Setup,
    judged: Mutex<Judged>,
    shown: ArcSwap<Shown>,
    watchers: Mutex<Vec<Watcher>>,
    pub(super) counters: GuardCounters,
}

/// What is known, and what followed.
struct Judged {
    material: Option<Material>,
    enforced: Enforced,
    floors: TimeFloors,
    timeline: Timeline,
    rolled_back: Option<ClockRolledBack>,
    unheard_at: Option<UnixSeconds>,
    findings: Findings,
    session: Session,
    is_kept: bool,
    /// When it was kept last, by the clock that nobody sets.
    kept_at: Duration,
}

impl Judged {
    fn know<T>(&self, running: Duration, judge: impl FnOnce(&Known<'_>) -> T) -> T {
        let held = self.material.as_ref().map(|material| material.held(self.unheard_at));
        let now = match self.rolled_back {
            Some(rolled_back) => Err(rolled_back),
            None => Ok(self.timeline.at(running.as_secs())),
        };
        judge(&Known { held, findings: self.findings, enforced: &self.enforced, now })
    }

    fn checked(&self, checks: &Checks, counters: &GuardCounters) -> Findings {
        let listed = self.material.as_ref().and_then(|material| material.admitted.as_ref());
        checks.look(&self.enforced, listed.map_or(&[], |admitted| &admitted.modules), counters)
    }

    fn begin(&mut self, running: Duration, guarded: &Guarded) {
        self.session = self.know(running, |known| Session::begin(known, guarded.latch.as_ref()));
    }

    fn may_be_answered(&self) -> bool {
        self.material.as_ref().is_some_and(|material| material.admitted.is_some())
            && self.session.effective().lack().is_some_and(Lack::may_be_answered)
    }

    /// What the next start is to know.
    fn guarded(&self, running: Duration) -> Guarded {
        let floors = match self.rolled_back {
            Some(_) => self.floors.clone(),
            None => self.floors.after_run(self.timeline.believed(running.as_secs())),
        };
        Guarded { floor: floors.local, latch: self.session.latch().cloned(), unheard_at: self.unheard_at }
    }
}

impl Engine {
    /// `spec/guard.md` §5.1: everything before the first action. It asks a server only where that may help.
    pub(super) fn start(client: Arc<Client>, setup: Setup, counters: GuardCounters) -> Self {
        let (running, wall) = (client.clock.running(), client.clock.now());
        let guarded = client.guarded().unwrap_or_else(|why| {
            counters.unreadable("what is kept cannot be read", &why);
            Guarded::default()
        });
        let loaded = client.material(&setup.files);
        // What kept it from counting may be over with a server's answer: keys that have expired.
        let has_unread = loaded.is_err();
        let material = counted(loaded, &counters);
        let enforced = enforced(material.as_ref(), &setup.local);
        let floors = TimeFloors { signed: client.signed_floor(), local: guarded.floor.clone() };
        let told = floors.tell(enforced.clock, wall);
        if let Ok(now) = told {
            counters.clock(now.clock);
        }
        let mut judged = Judged {
            timeline: timeline(&floors, told, running),
            floors: floors.after_start(enforced.clock, wall),
            rolled_back: told.err(),
            unheard_at: guarded.unheard_at,
            findings: Findings::default(),
            session: nothing(&enforced, told),
            material,
            enforced,
            is_kept: true,
            kept_at: running,
        };
        judged.begin(running, &guarded);
        if setup.is_online && (judged.may_be_answered() || has_unread) {
            let beat = client.heartbeat();
            take_in(&client, &setup, &counters, &mut judged, &beat);
            judged.begin(client.clock.running(), &guarded);
        }
        judged.findings = judged.checked(&setup.checks, &counters);
        judged.begin(client.clock.running(), &guarded);
        let shown = ArcSwap::from_pointee(Shown::nothing());
        let engine =
            Self { client, setup, judged: Mutex::new(judged), shown, watchers: Mutex::default(), counters };
        let mut judged = engine.judged();
        engine.keep(&mut judged);
        engine.show(&judged);
        drop(judged);
        engine
    }

    /// What counts for actions now: one atomic read, and a look at a clock.
    pub(super) fn shown(&self) -> arc_swap::Guard<Arc<Shown>> {
        let shown = self.shown.load();
        if self.client.clock.glance() < shown.until {
            return shown;
        }
        self.look();
        self.shown.load()
    }

    /// Judges again, because time has passed.
    pub(super) fn look(&self) {
        self.judge(|_| {});
    }

    /// An answer came, or none.
    pub(super) fn heard(&self, beat: &Result<Beat, Error>) {
        self.judge(|judged| take_in(&self.client, &self.setup, &self.counters, judged, beat));
    }

    /// Checks the machine again.
    pub(super) fn check(&self) {
        self.judge(|judged| judged.findings = judged.checked(&self.setup.checks, &self.counters));
    }

    /// How far the rights go.
    pub(super) fn rights(&self) -> Rights {
        self.judged().session.effective().rights.clone()
    }

    pub(super) fn watch(&self, watcher: Watcher) {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner).push(watcher);
    }

    /// Keeps what time it is, for a program that ends.
    pub(super) fn end(&self) {
        let mut judged = self.judged();
        self.keep(&mut judged);
    }

    fn judge(&self, change: impl FnOnce(&mut Judged)) {
        let mut judged = self.judged();
        let before = judged.session.latch().cloned();
        change(&mut judged);
        let running = self.client.clock.running();
        let session = judged.session.clone();
        judged.session = judged.know(running, |known| session.later(known));
        let is_due = running.saturating_sub(judged.kept_at) >= KEEP;
        if is_due || judged.session.latch() != before.as_ref() {
            self.keep(&mut judged);
        }
        self.show(&judged);
    }

    fn judged(&self) -> MutexGuard<'_, Judged> {
        // What is judged is replaced as a whole.
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, judged: &mut Judged) {
        let running = self.client.clock.running();
        let kept = self.client.keep_guarded(&judged.guarded(running));
        if let Err(why) = &kept {
            self.counters.unreadable("what was found cannot be kept", why);
        }
        (judged.is_kept, judged.kept_at) = (kept.is_ok(), running);
    }

    /// Shows what was judged, and tells whoever watches if it is news.
    fn show(&self, judged: &Judged) {
        let running = self.client.clock.running();
        let effective = judged.session.effective();
        let has_rights = effective.lack().is_none();
        let license = judged.material.as_ref().map(|material| &material.license);
        let features = match license.filter(|_| has_rights) {
            Some(license) => self.setup.free.with(&license.features),
            None => self.setup.free.clone(),
        };
        let state = GuardState {
            standing: Standing::of(effective),
            tier: effective.tier(),
            license_ends: license.and_then(|license| license.expires_at),
            needs_refresh: effective.needs_refresh,
            restart_helps: judged.know(running, |known| judged.session.restart_helps(known)),
            is_kept: judged.is_kept,
        };
        let now = judged.timeline.at(running.as_secs()).at;
        let left = effective
            .until
            .map_or(LOOK, |until| Duration::from_secs(until.get().saturating_sub(now.get())).min(LOOK));
        let shown = Shown {
            state: state.clone(),
            features: Arc::new(features),
            license: license.map(|license| Arc::new(License::new(license, None))),
            limits: judged.enforced.tenant_limits.clone(),
            until: self.client.clock.glance() + left,
        };
        let before = self.shown.swap(Arc::new(shown));
        if before.state != state {
            if before.state.standing != state.standing {
                self.counters.changed(&state);
            }
            for watcher in self.watchers.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
                watcher(&state);
            }
        }
    }
}

/// Takes in what a heartbeat brought; where it answers what an earlier call had sent, asks once more, so that the time is known.
fn take_in(
    client: &Client,
    setup: &Setup,
    counters: &GuardCounters,
    judged: &mut Judged,
    beat: &Result<Beat, Error>,
) {
    take_in_one(client, setup, counters, judged, beat);
    if beat.as_ref().is_ok_and(|beat| !beat.asked_now) {
        take_in_one(client, setup, counters, judged, &client.heartbeat());
    }
}

fn take_in_one(
    client: &Client,
    setup: &Setup,
    counters: &GuardCounters,
    judged: &mut Judged,
    beat: &Result<Beat, Error>,
) {
    let boot = client.clock.running().as_secs();
    let beat = match beat {
        Ok(beat) => beat,
        Err(why) => {
            counters.heartbeat_failed(why);
            judged.unheard_at = Some(judged.timeline.at(boot).at);
            return;
        }
    };
    judged.unheard_at = None;
    if beat.asked_now {
        let authority = client.authority_floor();
        judged.timeline = judged.timeline.heard(beat.server_time, authority, boot);
        judged.floors = judged.floors.heard(beat.server_time, authority);
        judged.rolled_back = None;
    }
    if let BeatSaid::Refused { code, .. } = &beat.said {
        counters.heartbeat_failed(code);
    }
    if let Some(material) = counted(client.material(&setup.files), counters) {
        judged.enforced = enforced(Some(&material), &setup.local);
        judged.material = Some(material);
    }
}

/// What does not verify is told, and counts as nothing.
fn counted(loaded: Result<Option<Material>, Error>, counters: &GuardCounters) -> Option<Material> {
    loaded.unwrap_or_else(|why| {
        counters.unreadable("what is held does not count", &why);
        None
    })
}

fn enforced(material: Option<&Material>, local: &Local) -> Enforced {
    let signed = material.map(|material| Enforced::of(&material.license.conditions)).unwrap_or_default();
    // Where there is no license, nothing is enforced of one.
    if material.is_some() { signed.tightened(local) } else { signed }
}

fn timeline(floors: &TimeFloors, told: Result<Moment, ClockRolledBack>, running: Duration) -> Timeline {
    let first = told.or_else(|_| floors.tell(ClockPolicy::default(), floors.newest()));
    let first = first.expect("the newest known time is not behind itself");
    Timeline::begin(first, floors.newest(), running.as_secs())
}

fn nothing(enforced: &Enforced, now: Result<Moment, ClockRolledBack>) -> Session {
    Session::begin(&Known { held: None, findings: Findings::default(), enforced, now }, None)
}
