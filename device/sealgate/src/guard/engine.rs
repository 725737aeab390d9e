//! The guard from inside: what it knows, when it judges, and what it shows.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sealgate_artifact::{ClockMode, ClockPolicy, Module, UnixSeconds};
use sealgate_rules::{
    ClockRolledBack, Enforced, Features, Findings, Known, Lack, Latch, Learned, LeftBehind, Local, Moment,
    Revocations, Rights, Session, TimeFloors, Timeline, ends_soon_at, revocations,
};

use super::brought::{Brought, counted, is_old, released};
use super::checks::Checks;
use super::events::GuardCounters;
use super::material::{Files, KnownOfFiles, Material, RanBySnapshot};
use super::shown::{GuardState, Shown, Standing};
use super::watchers::{Watcher, Watchers};
use crate::state::{Floors, epoch};
use crate::{Beat, BeatSaid, Client, Error, ImportError, LicenseFiles, SnapshotImport};

/// How often a program that runs for long keeps what time it is.
const KEEP: Duration = Duration::from_mins(15);
/// What is told where revocation data was put back or deleted.
const MISSING: &str =
    "revocations_missing: what was looked up before stays as it was found, import a snapshot again";
/// Nothing is judged less often.
const LOOK: Duration = Duration::from_hours(1);

/// What a guard was given.
pub(super) struct Setup {
    pub(super) free: Features,
    pub(super) local: Local,
    pub(super) files: Files,
    pub(super) is_online: bool,
    pub(super) checks: Checks,
    /// From how many days before the end of its bundle the program is told.
    pub(super) days_before_end: u64,
}

pub(super) struct Engine {
    pub(super) client: Arc<Client>,
    setup: Setup,
    judged: Mutex<Judged>,
    /// Held while files are read, so that nothing older follows what is newer. What is judged is not locked meanwhile.
    reading: Mutex<()>,
    shown: ArcSwap<Shown>,
    watchers: Watchers,
    pub(super) counters: GuardCounters,
}

/// What is known, and what followed.
struct Judged {
    material: Option<Material>,
    /// What was remembered of keys and revocation data before the material was read, so that what comes meanwhile is noticed.
    known: KnownOfFiles,
    /// The modules of the release that is installed.
    released: Vec<Module>,
    enforced: Enforced,
    floors: TimeFloors,
    /// What the state held of a snapshot's time when it was read.
    imported_from: UnixSeconds,
    timeline: Timeline,
    /// What the clock that nobody sets showed beyond whole seconds when the timeline began. Counted from there, time is never ahead of
    /// what passed.
    phase: Duration,
    rolled_back: Option<ClockRolledBack>,
    unheard_at: Option<UnixSeconds>,
    findings: Findings,
    session: Session,
    /// What it may replace of what other processes leave.
    learned: Learned,
    /// Whether what an earlier run left behind could be read: what nobody read is not overwritten.
    is_read: bool,
    is_kept: bool,
    /// When it was kept last, by the clock that nobody sets.
    kept_at: Duration,
}

impl Judged {
    fn know<T>(&self, running: Duration, judge: impl FnOnce(&Known<'_>) -> T) -> T {
        let held = self.material.as_ref().map(|material| material.held(self.unheard_at));
        let now = match self.rolled_back {
            Some(rolled_back) => Err(rolled_back),
            None => Ok(self.time(running)),
        };
        judge(&Known { held, findings: self.findings, enforced: &self.enforced, now })
    }

    fn time(&self, running: Duration) -> Moment {
        self.timeline.at(self.boot(running))
    }

    /// Whole seconds of the clock that nobody sets, as the timeline counts them.
    fn boot(&self, running: Duration) -> u64 {
        running.saturating_sub(self.phase).as_secs()
    }

    /// How long until then. What has passed of a second has passed.
    fn left(&self, until: UnixSeconds, running: Duration) -> Duration {
        let seconds = until.get().saturating_sub(self.time(running).at.get());
        Duration::from_secs(seconds).saturating_sub(beyond_seconds(running.saturating_sub(self.phase)))
    }

    /// What is held from now on. What cannot be read changes nothing.
    fn hold(&mut self, material: Option<Material>, local: &Local, counters: &GuardCounters) {
        let Some(material) = material else { return };
        let missing = |material: &Material| material.looked.missing.clone();
        if let Some(why) = missing(&material).filter(|_| self.material.as_ref().and_then(missing).is_none()) {
            counters.unreadable(MISSING, &why);
        }
        self.enforced = enforced(Some(&material), local);
        self.material = Some(material);
    }

    /// `spec/activation.md` §9.4: the modules that the proof lists, and those of the release.
    fn approved(&self) -> Vec<Module> {
        let admitted = self.material.as_ref().and_then(|material| material.admitted.as_ref());
        let listed = admitted.map_or(&[][..], |admitted| &admitted.modules);
        listed.iter().chain(&self.released).cloned().collect()
    }

    fn begin(&mut self, running: Duration, found: &LeftBehind) {
        self.session = self.know(running, |known| Session::begin(known, &found.latches));
        self.learned.lifted = self.know(running, |known| {
            // What is of another license stays kept for that one.
            let is_lifted = |latch: &&Latch| latch.is_lifted(known.held.as_ref(), known.findings);
            found.latches.iter().filter(is_lifted).cloned().collect()
        });
    }

    /// `spec/guard.md` §2.1: goes on at what is signed meanwhile.
    fn follow(&mut self, floors: Floors, running: Duration) {
        let boot = self.boot(running);
        let ran = self.timeline.imported(self.floors.imported, boot);
        let was_replaced = floors.snapshot < self.imported_from;
        let kept = floors.snapshot.max(floors.ran);
        let imported = if was_replaced { kept } else { kept.max(ran) };
        let signed = self.floors.signed.max(floors.signed());
        self.imported_from = floors.snapshot;
        self.floors = TimeFloors { signed, imported, local: self.floors.local.clone() };
        if let Some(rolled_back) = self.rolled_back {
            // spec/guard.md §4.1: by this clock the next program starts, once nothing says any more that it is behind.
            let wall = rolled_back.shown.plus(self.timeline.ran(boot));
            if let Ok(now) = self.floors.tell(self.enforced.clock, wall) {
                (self.rolled_back, self.timeline) = (None, Timeline::begin(now, self.floors.lasting(), boot));
            }
        }
        if self.rolled_back.is_none() {
            self.floors = self.floors.after_run(self.timeline.believed(boot));
            self.timeline = self.timeline.raised(&self.floors, boot);
        }
    }

    /// What ran by what the newest snapshot says.
    fn ran_by_snapshot(&self, running: Duration) -> RanBySnapshot {
        let until = self.timeline.imported(self.floors.imported, self.boot(running));
        RanBySnapshot { from: self.imported_from, until }
    }

    /// `spec/revocation.md` §6.2.
    fn revocation_state(&self, running: Duration) -> Revocations {
        let Some(material) = &self.material else { return Revocations::Unknown };
        let held = material.held(self.unheard_at);
        revocations(&held, &self.enforced, material.looked.says, self.time(running).at)
    }

    /// `spec/guard.md` §3.7: when the program is told of the end of its bundle, and that end.
    fn told_of_end(&self, days: u64) -> Option<(UnixSeconds, UnixSeconds)> {
        let bundle = self.material.as_ref().filter(|material| material.is_bundle)?;
        ends_soon_at(&bundle.license, days).zip(bundle.license.expires_at)
    }

    fn may_be_answered(&self) -> bool {
        // Nobody answers a bundle.
        self.material.as_ref().is_some_and(|material| material.admitted.is_some() && !material.is_bundle)
            && self.session.effective().lack().is_some_and(Lack::may_be_answered)
    }

    /// What the next start is to know.
    fn left_behind(&self, running: Duration) -> LeftBehind {
        let believed = self.timeline.believed(self.boot(running));
        let floors = match self.rolled_back {
            Some(_) => self.floors.clone(),
            None => self.floors.after_run(believed),
        };
        LeftBehind {
            floor: floors.local,
            latches: self.session.latches().to_vec(),
            // A clock that is doubted showed a later time.
            unheard_at: self.unheard_at.map(|at| at.min(believed)),
        }
    }
}

impl Engine {
    /// `spec/guard.md` §5.1: everything before the first action. It asks a server only where that may help.
    pub(super) fn start(client: Arc<Client>, setup: Setup, counters: GuardCounters) -> Self {
        let (running, wall) = (client.clock.running(), client.clock.now());
        if let Ok(Some(note)) = client.state_note() {
            counters.unreadable("the state is not as it was left", &note);
        }
        let read = client.left_behind();
        let is_read = read.is_ok();
        let found = read.unwrap_or_else(|why| {
            counters.unreadable("what is kept cannot be read", &why);
            LeftBehind::default()
        });
        let known = client.known_of_files().unwrap_or_default();
        let loaded = client.material(&setup.files);
        // What kept it from counting may be over with a server's answer: keys that have expired.
        let has_unread = loaded.is_err();
        let material = counted(loaded, &counters);
        if let Some(why) = material.as_ref().and_then(|material| material.looked.missing.as_ref()) {
            counters.unreadable(MISSING, why);
        }
        let enforced = enforced(material.as_ref(), &setup.local);
        let admitted_at = material.as_ref().and_then(|material| material.signed_at);
        let kept = client.signed_floors().unwrap_or(Floors::none());
        let signed = admitted_at.map_or(kept.signed(), |at| at.max(kept.signed()));
        let floors = TimeFloors { signed, imported: kept.snapshot.max(kept.ran), local: found.floor.clone() };
        let told = floors.tell(enforced.clock, wall);
        // At the very first start, and where nobody ever signed anything, nothing is known that a clock could be compared with.
        let is_known = found != LeftBehind::default() && floors.newest().get() > 0;
        if let Some(now) = told.ok().filter(|_| is_known && enforced.clock.mode != Some(ClockMode::RunTime)) {
            counters.clock(now.clock);
        }
        let floors = floors.after_start(enforced.clock, wall);
        let mut judged = Judged {
            timeline: timeline(&floors, told, running),
            phase: beyond_seconds(running),
            floors,
            imported_from: kept.snapshot,
            rolled_back: told.err(),
            unheard_at: found.unheard_at,
            findings: Findings::default(),
            session: nothing(&enforced, told),
            released: released(&client, &setup.files, &counters),
            material,
            known,
            enforced,
            learned: Learned { has_started: true, ..Learned::default() },
            is_read,
            is_kept: true,
            kept_at: running,
        };
        judged.begin(running, &found);
        if setup.is_online && (judged.may_be_answered() || has_unread) {
            ask_at_start(&client, (&setup, &counters), &mut judged);
            judged.begin(client.clock.running(), &found);
        }
        judged.findings = setup.checks.look(&judged.enforced, &judged.approved(), &counters);
        judged.begin(client.clock.running(), &found);
        let shown = ArcSwap::from_pointee(Shown::nothing());
        let engine = Self {
            client,
            setup,
            judged: Mutex::new(judged),
            reading: Mutex::default(),
            shown,
            watchers: Watchers::default(),
            counters,
        };
        let mut judged = engine.judged();
        engine.keep(&mut judged);
        engine.show(&judged);
        drop(judged);
        let first = engine.shown.load().state.clone();
        // What stood there before anything was judged is no news, but the program is told how it starts.
        if first.standing.lack() == Some(&Lack::NoLicense) {
            engine.counters.changed(&first);
        }
        engine
    }

    /// What counts for actions now: one atomic read, and a look at a clock.
    pub(super) fn shown(&self) -> arc_swap::Guard<Arc<Shown>> {
        let shown = self.shown.load();
        if self.client.clock.glance() < shown.until {
            return shown;
        }
        match self.reading.try_lock() {
            Ok(reading) => self.read_anew(reading),
            Err(TryLockError::Poisoned(reading)) => self.read_anew(reading.into_inner()),
            // Whoever reads judges by it afterwards. No action waits for that.
            Err(TryLockError::WouldBlock) => self.judge(|_| ()),
        }
        self.shown.load()
    }

    /// Judges again, because time has passed, or revocation data was imported.
    pub(super) fn look(&self) {
        self.read_anew(self.reading());
    }

    fn read_anew(&self, reading: MutexGuard<'_, ()>) {
        let read = self.read_revocations();
        let is_news = self.judge_quietly(|judged| self.take_over(judged, read));
        drop(reading);
        self.tell(is_news);
    }

    /// An answer came, or none. One to what an earlier call had sent is followed by another question, so that the time is known. Nothing is
    /// locked while somebody is asked.
    pub(super) fn heard(&self, beat: &Result<Beat, Error>) {
        self.take_in(beat);
        if is_old(beat) {
            self.take_in(&self.client.heartbeat());
        }
    }

    fn take_in(&self, beat: &Result<Beat, Error>) {
        let reading = self.reading();
        let heard = Brought::by(beat, &self.client, (&self.setup.files, &self.counters));
        let parts = (&self.setup.local, &self.counters);
        let is_news = self.judge_quietly(|judged| take_in(&self.client, parts, judged, heard));
        drop(reading);
        self.tell(is_news);
    }

    /// Checks the machine again. Nothing is locked while files are read.
    pub(super) fn check(&self) {
        let (enforced, approved) = {
            let judged = self.judged();
            (judged.enforced.clone(), judged.approved())
        };
        let findings = self.setup.checks.look(&enforced, &approved, &self.counters);
        let reading = self.reading();
        let read = self.read_revocations();
        let is_news = self.judge_quietly(|judged| {
            judged.findings = findings;
            self.take_over(judged, read);
        });
        drop(reading);
        self.tell(is_news);
    }

    /// Looks everything up again where this program or another one imported something since, be it keys alone. `None`: there is nothing new, or
    /// it cannot be read now, and the next look tries again.
    fn read_revocations(&self) -> Option<ReadAnew> {
        let known = self.client.known_of_files().ok()?;
        if known == self.judged().known {
            return None;
        }
        let floors = self.client.signed_floors().ok()?;
        let loaded = match self.client.material(&self.setup.files) {
            Err(Error::Configuration(why)) => {
                self.counters.unreadable("what is held cannot be read", &why);
                return None;
            }
            loaded => loaded,
        };
        let released = released(&self.client, &self.setup.files, &self.counters);
        Some(ReadAnew { known, floors, loaded, released })
    }

    fn take_over(&self, judged: &mut Judged, read: Option<ReadAnew>) {
        let Some(ReadAnew { known, floors, loaded, released }) = read else { return };
        let before = std::mem::replace(&mut judged.known, known);
        judged.follow(floors, self.client.clock.running());
        let snapshot = |known: &KnownOfFiles| known.revocations.snapshot.clone();
        if let Some(taken) = snapshot(&judged.known).filter(|taken| snapshot(&before).as_ref() != Some(taken))
        {
            self.counters.imported(taken.maximum.version, taken.issued_at);
        }
        match loaded {
            // The key that signed it may be listed no more, and nothing else has to bring that home.
            Err(Error::Security(why)) => {
                self.counters.unreadable("what is held does not count", &why);
                judged.material = None;
            }
            loaded => judged.hold(counted(loaded, &self.counters), &self.setup.local, &self.counters),
        }
        judged.released = released;
    }

    /// Takes a snapshot over, and with it looks up what lies beside the program.
    pub(super) fn import(&self, file: &Path) -> Result<SnapshotImport, ImportError> {
        let staged = self.client.stage(file, |_, _| ())?;
        let Files { license, proof, .. } = &self.setup.files;
        let files = LicenseFiles { license: license.as_deref(), proof: proof.as_deref() };
        self.client.import_staged_for(&staged, files)
    }

    /// How far the rights go.
    pub(super) fn rights(&self) -> Rights {
        self.judged().session.effective().rights.clone()
    }

    pub(super) fn watch(&self, watcher: Watcher) {
        self.watchers.add(watcher);
    }

    /// Keeps what time it is, for a program that ends.
    pub(super) fn end(&self) {
        let mut judged = self.judged();
        self.keep(&mut judged);
    }

    fn judge(&self, change: impl FnOnce(&mut Judged)) {
        self.tell(self.judge_quietly(change));
    }

    /// Whether what is shown now is news. Who watches is told once nothing is locked.
    fn judge_quietly(&self, change: impl FnOnce(&mut Judged)) -> bool {
        let mut judged = self.judged();
        let before = judged.session.latches().to_vec();
        change(&mut judged);
        let running = self.client.clock.running();
        let session = judged.session.clone();
        judged.session = judged.know(running, |known| session.later(known));
        let is_due = running.saturating_sub(judged.kept_at) >= KEEP;
        if is_due || judged.session.latches() != before {
            self.keep(&mut judged);
        }
        self.show(&judged)
    }

    fn tell(&self, is_news: bool) {
        if is_news {
            self.watchers.tell(|| self.shown.load().state.clone());
        }
    }

    fn reading(&self) -> MutexGuard<'_, ()> {
        // It guards nothing that could be half changed.
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judged(&self) -> MutexGuard<'_, Judged> {
        // What is judged is replaced as a whole.
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, judged: &mut Judged) {
        let running = self.client.clock.running();
        if !judged.is_read {
            judged.is_kept = false;
            return;
        }
        let was_kept = judged.is_kept;
        let left = judged.left_behind(running);
        let found = (judged.material.as_ref().map(|it| &it.looked), judged.ran_by_snapshot(running));
        let kept = self.client.leave_behind(&left, &judged.learned, found);
        match &kept {
            Ok(()) => {
                judged.learned =
                    Learned { lifted: std::mem::take(&mut judged.learned.lifted), ..Learned::default() }
            }
            Err(why) if was_kept => self.counters.not_persistent(why),
            Err(_) => {}
        }
        (judged.is_kept, judged.kept_at) = (kept.is_ok(), running);
    }

    /// Shows what was judged, and says whether it is news.
    fn show(&self, judged: &Judged) -> bool {
        let running = self.client.clock.running();
        let effective = judged.session.effective();
        let has_rights = effective.lack().is_none();
        let license = judged.material.as_ref().map(|material| &material.license);
        let features = match license.filter(|_| has_rights) {
            Some(license) => self.setup.free.with(&license.features),
            None => self.setup.free.clone(),
        };
        let told = judged.told_of_end(self.setup.days_before_end).filter(|_| has_rights);
        let now = judged.time(running).at;
        let ends_soon = told.filter(|(from, _)| *from <= now).map(|(_, end)| end);
        let state = GuardState {
            standing: Standing::of(effective),
            tier: effective.tier(),
            license_ends: judged.material.as_ref().and_then(|material| material.held(None).ends()),
            ends_soon,
            needs_refresh: effective.needs_refresh,
            revocations: judged.revocation_state(running),
            restart_helps: judged.know(running, |known| judged.session.restart_helps(known)),
            is_kept: judged.is_kept,
        };
        let changes = [effective.until, told.map(|(from, _)| from).filter(|from| *from > now)];
        let left = changes.into_iter().flatten().min();
        let left = left.map_or(LOOK, |until| judged.left(until, running).min(LOOK));
        let shown = Shown {
            state: state.clone(),
            features: Arc::new(features),
            license: judged.material.as_ref().map(|material| Arc::new(material.shown())),
            limits: judged.enforced.tenant_limits.clone(),
            until: self.client.clock.glance().saturating_add(left),
        };
        let before = self.shown.swap(Arc::new(shown));
        if before.state.standing != state.standing {
            self.counters.changed(&state);
        }
        if let Some(since) = state.needs_refresh.filter(|_| before.state.needs_refresh.is_none()) {
            self.counters.needs_refresh(since);
        }
        if let Some(end) = state.ends_soon.filter(|_| before.state.ends_soon.is_none()) {
            self.counters.ends_soon(end);
        }
        before.state != state
    }
}

/// What was read where this program or another one imported something.
struct ReadAnew {
    known: KnownOfFiles,
    floors: Floors,
    loaded: Result<Option<Material>, Error>,
    released: Vec<Module>,
}

/// Asks before the first action. One answer to what an earlier call had sent is followed by another question, so that the time is known.
fn ask_at_start(client: &Client, (setup, counters): (&Setup, &GuardCounters), judged: &mut Judged) {
    let mut hear = || {
        let beat = client.heartbeat();
        let heard = Brought::by(&beat, client, (&setup.files, counters));
        take_in(client, (&setup.local, counters), judged, heard);
        is_old(&beat)
    };
    if hear() {
        hear();
    }
}

/// Takes in what a heartbeat brought.
fn take_in(
    client: &Client,
    (local, counters): (&Local, &GuardCounters),
    judged: &mut Judged,
    heard: Result<(&Beat, Brought), &Error>,
) {
    let running = client.clock.running();
    let (beat, brought) = match heard {
        Ok(heard) => heard,
        Err(why) => {
            counters.heartbeat_failed(why);
            judged.unheard_at = Some(judged.time(running).at);
            return;
        }
    };
    if beat.asked_now {
        judged.timeline = judged.timeline.heard(beat.server_time, brought.authority, beat.came_at.as_secs());
        judged.phase = beyond_seconds(beat.came_at);
        judged.floors = judged.floors.heard(beat.server_time, brought.authority);
        judged.imported_from = epoch();
        judged.rolled_back = None;
        judged.learned.heard_time = true;
    }
    match &beat.said {
        // It reached a server, and is no admission: it neither lengthens a grace nor ends one.
        BeatSaid::Refused { code, .. } => counters.heartbeat_failed(code),
        BeatSaid::Admitted | BeatSaid::Revoked | BeatSaid::Ended { .. } => {
            judged.unheard_at = None;
            judged.learned.was_answered = true;
        }
    }
    judged.hold(brought.material, local, counters);
    judged.released = brought.released;
}

fn enforced(material: Option<&Material>, local: &Local) -> Enforced {
    let signed = material.map(|material| Enforced::of(&material.license.conditions)).unwrap_or_default();
    match material {
        // spec/guard.md §6.1: nobody hears a machine that has a bundle.
        Some(material) if material.is_bundle => signed.tightened(&Local { heartbeat: None, ..local.clone() }),
        Some(_) => signed.tightened(local),
        // Where there is no license, nothing is enforced of one.
        None => signed,
    }
}

fn timeline(floors: &TimeFloors, told: Result<Moment, ClockRolledBack>, running: Duration) -> Timeline {
    let first = told.or_else(|_| floors.tell(ClockPolicy::default(), floors.newest()));
    let first = first.expect("the newest known time is not behind itself");
    Timeline::begin(first, floors.lasting(), running.as_secs())
}

fn beyond_seconds(running: Duration) -> Duration {
    Duration::from_nanos(running.subsec_nanos().into())
}

fn nothing(enforced: &Enforced, now: Result<Moment, ClockRolledBack>) -> Session {
    Session::begin(&Known { held: None, findings: Findings::default(), enforced, now }, None)
}
