//! All that may happen: to a program, its machine and its clock, and what the vendor does.

use sealgate_artifact::{
    AppId, ClockPolicy, Code, Conditions, Heartbeat, License, LicenseId, MaxDevices, Policy, TenantId, Tier,
    UnixSeconds,
};
use sealgate_rules::{
    Admission, ClockShows, Effective, Ending, Enforced, Finding, Findings, Held, Known, Lack, Latch,
    LocalFloor, Moment, Session, TimeFloors, Timeline,
};
use stateright::{Model, Property};

/// A step: twelve hours.
const STEP: u64 = 12 * 60 * 60;
/// When everything begins.
const BEGIN: u64 = 40_000 * STEP;
/// In steps, from the last admission on, and from the vendor's revocation on.
const GRACE: u8 = 2;
/// When the license ends, and when the renewed one does.
const ENDS: [u8; 2] = [3, 6];

/// How much may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Bounds {
    pub(crate) steps: u8,
    pub(crate) starts: u8,
    /// Times that the network goes or comes.
    pub(crate) cuts: u8,
    /// Times that somebody sets the clock.
    pub(crate) clocks: u8,
    /// Times that the vendor revokes, admits again or renews.
    pub(crate) vendor: u8,
    /// Times that a debugger comes or goes, or a check runs.
    pub(crate) findings: u8,
    /// Times that revocation data is imported that lists what is held.
    pub(crate) lists: u8,
}

/// A rule that is broken, to see that the model notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    /// A start does not know why the rights of a program before it ended.
    ForgetsLatch,
    /// A start does not know until when a program before it ran.
    ForgetsTime,
    /// Both.
    ForgetsBoth,
    /// A failure counts as an admission.
    FailureMoves,
    /// Rights that fell rise again in the same program.
    Rises,
    /// A start asks nobody.
    NeverAsksAtStart,
    /// An end that is told again is counted from then.
    EndMoves,
    /// Time is what the clock shows.
    BelievesTheClock,
    /// What follows from a doubted clock outlives the program.
    KeepsWhatADoubtedClockSaid,
    /// Nobody remembers what was listed.
    ForgetsLists,
}

/// What the machine's clock shows, beside the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Clock {
    Right,
    /// By a step, which the license tolerates.
    Slow,
    /// By three days.
    Behind,
    /// By ten years.
    Ahead,
}

/// What is kept on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Disk {
    floors: TimeFloors,
    latch: Option<Latch>,
    admitted_at: UnixSeconds,
    unheard_at: Option<UnixSeconds>,
    /// The code is always the same.
    ends: Option<UnixSeconds>,
    is_renewed: bool,
    /// Whether the first version of the license is listed, and whether the renewed one is.
    listed: [bool; 2],
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Run {
    session: Session,
    timeline: Timeline,
    is_rolled_back: bool,
    sees_debugger: bool,
}

/// What really happened, of which the program knows a part.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether something happened, apart from the others"
)]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Trace {
    /// When the server admitted the device last.
    admitted: u8,
    /// When the rights end, as the device was told since.
    told: Option<u8>,
    /// A program started by a clock that was late, and heard no server since.
    is_late: bool,
    /// Nobody did anything that an honest customer and vendor would not.
    is_honest: bool,
    /// The rights of the program that runs have fallen.
    fell: bool,
    /// The license had ended then, or the deadline had passed: only a restart helps such a customer.
    fell_rightly: bool,
    /// The program that runs began by a clock that was right.
    began_right: bool,
    /// Rights fell for a reason that lasts, and nothing newer was heard.
    outlives: Option<Lack>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    now: u8,
    clock: Clock,
    is_reachable: bool,
    has_debugger: bool,
    /// When the device's grace is over, as the server keeps it.
    revoked: Option<u8>,
    is_renewed: bool,
    disk: Disk,
    run: Option<Run>,
    left: Bounds,
    trace: Trace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Step,
    Start,
    Stop,
    Set(Clock),
    Network,
    Revoke,
    Admit,
    Renew,
    Debugger,
    Look,
    /// Somebody imports revocation data that lists what the program holds.
    List,
}

pub(crate) struct World {
    bounds: Bounds,
    broken: Option<Break>,
    /// As it was sold, and renewed.
    licenses: [License; 2],
    enforced: Enforced,
}

fn at(step: u8) -> UnixSeconds {
    UnixSeconds::new(BEGIN + u64::from(step) * STEP).expect("in range")
}

fn license(version: u64, ends: u8) -> License {
    let heartbeat = Some(Heartbeat { interval: STEP, grace: u64::from(GRACE) * STEP, longest_grace: None });
    let policy = Some(Policy { heartbeat, ..Policy::default() });
    License {
        tenant: TenantId::from_bytes([1; 16]),
        app: AppId::from_bytes([2; 16]),
        license: LicenseId::from_bytes([3; 16]),
        version,
        issued_at: at(0),
        not_before: at(0),
        expires_at: Some(at(ends)),
        tier: Tier::Enterprise,
        features: vec![],
        max_devices: MaxDevices::Unlimited,
        limits: vec![],
        variables: vec![],
        licensee: None,
        trial_days: None,
        conditions: Conditions { policy, ..Conditions::default() },
    }
}

impl World {
    pub(crate) fn new(bounds: Bounds, broken: Option<Break>) -> Self {
        let licenses = [license(1, ENDS[0]), license(2, ENDS[1])];
        let enforced = Enforced::of(&licenses[0].conditions);
        Self { bounds, broken, licenses, enforced }
    }

    fn is_broken(&self, rule: Break) -> bool {
        self.broken == Some(rule)
    }

    fn forgets(&self, what: Break) -> bool {
        self.is_broken(what) || self.is_broken(Break::ForgetsBoth)
    }

    /// What the machine's clock shows.
    fn wall(state: &State) -> UnixSeconds {
        let now = at(state.now);
        match state.clock {
            Clock::Right => now,
            Clock::Slow => now.minus(STEP),
            Clock::Behind => now.minus(6 * STEP),
            Clock::Ahead => now.plus(7_300 * STEP),
        }
    }

    /// The clock that nobody sets.
    fn boot(state: &State) -> u64 {
        u64::from(state.now) * STEP
    }

    /// What the program knows, for the rules to judge.
    fn judge<T>(&self, disk: &Disk, run: &Run, boot: u64, judge: impl FnOnce(&Known<'_>) -> T) -> T {
        let code = || Code::Revoked.as_str().to_owned();
        let ending = disk.ends.map(|grace_until| Ending { code: code(), grace_until });
        let admission = Admission {
            admitted_at: disk.admitted_at,
            unheard_at: disk.unheard_at,
            lease_until: None,
            ending: ending.as_ref(),
        };
        let license = &self.licenses[usize::from(disk.is_renewed)];
        let is_revoked = disk.is_listed() && !self.is_broken(Break::ForgetsLists);
        let held = Held {
            license,
            admission: Some(admission),
            trial_ends: None,
            is_revoked,
            is_unseen: false,
            vouched_at: disk.admitted_at,
        };
        let tamper = if run.sees_debugger { Finding::Something } else { Finding::Nothing };
        let now = run.timeline.at(boot);
        let now = if run.is_rolled_back {
            Err(sealgate_rules::ClockRolledBack { known: now.at, shown: now.at })
        } else {
            Ok(now)
        };
        let findings = Findings { integrity: Finding::Nothing, tamper };
        judge(&Known { held: Some(held), findings, enforced: &self.enforced, now })
    }

    /// One heartbeat, and what is kept of it.
    fn beat(&self, state: &mut State, run: &mut Run) {
        let (boot, now) = (Self::boot(state), at(state.now));
        let disk = &mut state.disk;
        if !state.is_reachable {
            disk.unheard_at = Some(run.timeline.at(boot).at);
            if self.is_broken(Break::FailureMoves) {
                disk.admitted_at = now;
            }
            return;
        }
        run.timeline = run.timeline.heard(now, at(0), boot);
        disk.floors = disk.floors.heard(now, at(0));
        run.is_rolled_back = false;
        disk.unheard_at = None;
        state.trace.is_late = false;
        if let Some(ends) = state.revoked {
            let told = Ending { code: String::new(), grace_until: at(ends) };
            let before = disk.ends.map(|grace_until| Ending { code: String::new(), grace_until });
            disk.ends = Some(if self.is_broken(Break::EndMoves) {
                now.plus(u64::from(GRACE) * STEP)
            } else {
                told.after(before.as_ref()).grace_until
            });
            state.trace.told = Some(state.trace.told.map_or(ends, |told| told.min(ends)));
            return;
        }
        (disk.admitted_at, disk.ends) = (now, None);
        (state.trace.admitted, state.trace.told) = (state.now, None);
        let answers = |lack: &mut Lack| match lack {
            Lack::Revoked | Lack::Unheard | Lack::Ended(_) => true,
            Lack::Expired => state.is_renewed && !disk.is_renewed,
            _ => false,
        };
        state.trace.outlives.take_if(answers);
        disk.is_renewed = state.is_renewed;
    }

    fn start(&self, state: &mut State) {
        let (wall, boot) = (Self::wall(state), Self::boot(state));
        let clock = ClockPolicy::default();
        let floors = state.disk.floors.clone();
        let told = if self.is_broken(Break::BelievesTheClock) {
            Ok(Moment { at: wall, clock: ClockShows::Fits })
        } else {
            floors.tell(clock, wall)
        };
        if !self.forgets(Break::ForgetsTime) {
            state.disk.floors = floors.after_start(clock, wall);
        }
        state.trace.is_late |= wall < at(state.now) && !self.is_broken(Break::BelievesTheClock);
        let first = told.unwrap_or(Moment { at: floors.newest(), clock: ClockShows::Behind });
        let mut run = Run {
            session: Session::begin(
                &Known { held: None, findings: Findings::default(), enforced: &self.enforced, now: told },
                None,
            ),
            timeline: Timeline::begin(first, floors.newest(), boot),
            is_rolled_back: told.is_err(),
            sees_debugger: state.has_debugger,
        };
        let begin = |state: &State, run: &Run| {
            let latch = state.disk.latch.as_ref().filter(|_| !self.forgets(Break::ForgetsLatch));
            self.judge(&state.disk, run, boot, |known| Session::begin(known, latch))
        };
        let session = begin(state, &run);
        let may_help = session.effective().lack().is_some_and(Lack::may_be_answered);
        if may_help && !self.is_broken(Break::NeverAsksAtStart) {
            self.beat(state, &mut run);
        }
        let is_heard = may_help && state.is_reachable;
        state.trace.began_right = state.clock == Clock::Right || is_heard;
        run.session = begin(state, &run);
        (state.trace.fell, state.trace.fell_rightly) = (false, false);
        if state.trace.outlives == Some(Lack::Tampered) && !state.has_debugger {
            state.trace.outlives = None;
        }
        self.keep(state, run);
    }

    /// Judges again, and keeps what outlives the program.
    fn later(&self, state: &mut State, mut run: Run) {
        let boot = Self::boot(state);
        let session = run.session.clone();
        run.session = self.judge(&state.disk, &run, boot, |known| {
            if self.is_broken(Break::Rises) { Session::begin(known, None) } else { session.later(known) }
        });
        self.keep(state, run);
    }

    fn keep(&self, state: &mut State, run: Run) {
        let (boot, is_over) = (Self::boot(state), state.is_over());
        let disk = &mut state.disk;
        if !self.forgets(Break::ForgetsTime) {
            disk.floors = disk.floors.after_run(run.timeline.believed(boot));
        }
        let before = std::mem::replace(&mut disk.latch, run.session.latches().first().cloned());
        if let Some(lack) = run.session.effective().lack() {
            state.trace.fell_rightly |= !state.trace.fell && is_over;
            state.trace.fell = true;
            if let Some(latch) = run.session.latches().first().filter(|latch| before.as_ref() != Some(latch))
            {
                state.trace.outlives = Some(latch.lack.clone());
            } else if lack.lasts()
                && disk.latch.is_none()
                && self.is_broken(Break::KeepsWhatADoubtedClockSaid)
            {
                disk.latch = Some(Latch {
                    lack: lack.clone(),
                    at: run.timeline.at(boot).at,
                    license: Some(self.licenses[0].license),
                    license_ends: self.licenses[usize::from(disk.is_renewed)].expires_at,
                    admitted_at: Some(disk.admitted_at),
                });
            }
        }
        state.run = Some(run);
    }

    fn step(&self, state: &mut State) {
        state.now += 1;
        let Some(mut run) = state.run.take() else { return };
        // The heartbeat is due.
        self.beat(state, &mut run);
        self.later(state, run);
    }
}

impl Disk {
    /// Whether the version that is held is.
    fn is_listed(&self) -> bool {
        self.listed[usize::from(self.is_renewed)]
    }
}

impl State {
    fn effective(&self) -> Option<&Effective> {
        self.run.as_ref().map(|run| run.session.effective())
    }

    fn has_rights(&self) -> bool {
        self.effective().is_some_and(|effective| effective.lack().is_none())
    }

    /// Whether a program that starts now has no rights, by the time and what it can hear.
    fn is_over(&self) -> bool {
        let is_renewed = if self.is_reachable { self.is_renewed } else { self.disk.is_renewed };
        let is_silent = !self.is_reachable && self.now >= self.trace.admitted + GRACE;
        self.now >= ENDS[usize::from(is_renewed)] || is_silent
    }

    fn lacks(&self, lack: &Lack) -> bool {
        self.effective().and_then(Effective::lack) == Some(lack)
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let floors = TimeFloors { signed: at(0), imported: at(0), local: LocalFloor::default() };
        let disk = Disk {
            floors,
            latch: None,
            admitted_at: at(0),
            unheard_at: None,
            ends: None,
            is_renewed: false,
            listed: [false; 2],
        };
        let trace = Trace {
            admitted: 0,
            told: None,
            is_late: false,
            is_honest: true,
            fell: false,
            fell_rightly: false,
            began_right: true,
            outlives: None,
        };
        vec![State {
            now: 0,
            clock: Clock::Right,
            is_reachable: true,
            has_debugger: false,
            revoked: None,
            is_renewed: false,
            disk,
            run: None,
            left: self.bounds,
            trace,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let left = &state.left;
        let mut may = |is_left: u8, action| {
            if is_left > 0 {
                actions.push(action);
            }
        };
        may(left.steps, Action::Step);
        if state.run.is_none() {
            may(left.starts, Action::Start);
            for clock in [Clock::Right, Clock::Slow, Clock::Behind, Clock::Ahead] {
                if clock != state.clock {
                    may(left.clocks, Action::Set(clock));
                }
            }
        } else {
            may(1, Action::Stop);
            may(left.findings, Action::Look);
        }
        may(left.cuts, Action::Network);
        may(left.vendor, if state.revoked.is_some() { Action::Admit } else { Action::Revoke });
        if !state.is_renewed {
            may(left.vendor, Action::Renew);
        }
        may(left.findings, Action::Debugger);
        may(left.lists, Action::List);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let left = &mut state.left;
        match action {
            Action::Step => {
                left.steps -= 1;
                self.step(&mut state);
            }
            Action::Start => {
                left.starts -= 1;
                self.start(&mut state);
            }
            Action::Stop => state.run = None,
            Action::Set(clock) => {
                left.clocks -= 1;
                state.clock = clock;
                state.trace.is_honest &= matches!(clock, Clock::Right | Clock::Ahead);
            }
            Action::Network => {
                left.cuts -= 1;
                state.is_reachable = !state.is_reachable;
            }
            Action::Revoke => {
                left.vendor -= 1;
                state.revoked = Some(state.now + GRACE);
                state.trace.is_honest = false;
            }
            Action::Admit => {
                left.vendor -= 1;
                state.revoked = None;
            }
            Action::Renew => {
                left.vendor -= 1;
                state.is_renewed = true;
            }
            Action::Debugger => {
                left.findings -= 1;
                state.has_debugger = !state.has_debugger;
                state.trace.is_honest = false;
            }
            Action::List => {
                left.lists -= 1;
                state.disk.listed[usize::from(state.disk.is_renewed)] = true;
                state.trace.is_honest = false;
                if let Some(run) = state.run.take() {
                    self.later(&mut state, run);
                }
            }
            Action::Look => {
                left.findings -= 1;
                let mut run = state.run.take()?;
                run.sees_debugger = state.has_debugger;
                self.later(&mut state, run);
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nobody has rights after the end", |_, state: &State| {
                let ends = ENDS[usize::from(state.disk.is_renewed)];
                !state.has_rights() || state.trace.is_late || state.now < ends
            }),
            Property::always("silence ends the rights", |_, state: &State| {
                let told = state.trace.told.is_some();
                !state.has_rights() || state.trace.is_late || told || state.now < state.trace.admitted + GRACE
            }),
            Property::always("an end comes when it was told", |_, state: &State| {
                let is_over = state.trace.told.is_some_and(|ends| ends <= state.now);
                !state.has_rights() || state.trace.is_late || !is_over
            }),
            Property::always("what fell stays down", |_, state: &State| {
                !state.has_rights() || !state.trace.fell
            }),
            Property::always("what lasts outlives the program", |_, state: &State| {
                !state.has_rights() || state.trace.outlives.is_none()
            }),
            Property::always("what is listed gives no right", |_, state: &State| {
                !state.has_rights() || !state.disk.is_listed()
            }),
            Property::always("an honest customer is served", |_, state: &State| {
                let is_over = state.is_over() || state.trace.fell_rightly;
                // Three starts on three days agreed on a clock that was ahead.
                let believes_wrong = state.disk.floors.newest() > at(state.now);
                let is_owed = state.trace.is_honest && state.trace.began_right && !is_over && !believes_wrong;
                !is_owed || state.run.is_none() || state.has_rights()
            }),
            Property::sometimes("grace", |world: &Self, state: &State| {
                world.bounds.cuts == 0
                    || matches!(
                        state.effective().map(|it| &it.rights),
                        Some(sealgate_rules::Rights::Grace { .. })
                    )
            }),
            Property::sometimes("the end", |_, state: &State| state.lacks(&Lack::Expired)),
            Property::sometimes("a revocation that was imported", |world: &Self, state: &State| {
                world.bounds.lists == 0 || state.lacks(&Lack::Revoked)
            }),
            Property::sometimes(
                "rights after a revocation that was imported",
                |world: &Self, state: &State| {
                    world.bounds.lists == 0 || (state.has_rights() && state.disk.listed[0])
                },
            ),
            Property::sometimes("a clock that was set back", |world: &Self, state: &State| {
                world.bounds.clocks == 0 || state.lacks(&Lack::ClockRolledBack)
            }),
            Property::sometimes("a debugger that was seen", |world: &Self, state: &State| {
                world.bounds.findings == 0 || state.lacks(&Lack::Tampered)
            }),
        ]
    }
}
