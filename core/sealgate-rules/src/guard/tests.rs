//! What the rules of the guard say together.

mod lifts;
mod revoked;

use proptest::prelude::*;
use sealgate_artifact::{
    AntiTamper, AppId, ClockPolicy, Code, Conditions, Fail, Freshness, Heartbeat, Integrity, License,
    LicenseId, MaxDevices, Policy, SeatHold, TenantId, Tier, UnixSeconds, Unknown,
};

use super::{
    Admission, ClockRolledBack, ClockShows, Enforced, Finding, Findings, GraceWhy, Held, Known, Lack, Latch,
    Learned, LeftBehind, Local, Moment, Rights, Session, effective,
};
use crate::Ending;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// When the device of these tests was admitted last.
const ADMITTED: u64 = 20_000 * DAY;

fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(seconds).expect("in range")
}

fn license(policy: Option<Policy>) -> License {
    License {
        tenant: TenantId::from_bytes([1; 16]),
        app: AppId::from_bytes([2; 16]),
        license: LicenseId::from_bytes([3; 16]),
        version: 1,
        issued_at: at(ADMITTED - DAY),
        not_before: at(ADMITTED - DAY),
        expires_at: Some(at(ADMITTED + 30 * DAY)),
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

/// Four hours from one heartbeat to the next, a day of grace.
fn heard() -> Policy {
    Policy {
        heartbeat: Some(Heartbeat { interval: 4 * HOUR, grace: DAY, longest_grace: None }),
        ..Policy::default()
    }
}

fn fits(now: u64) -> Moment {
    Moment { at: at(now), clock: ClockShows::Fits }
}

/// One device, at a time, with everything as it should be.
#[derive(Debug, Clone)]
struct Case {
    license: License,
    ending: Option<Ending>,
    unheard_at: Option<u64>,
    lease_until: Option<u64>,
    is_admitted: bool,
    is_revoked: bool,
    is_unseen: bool,
    trial_ends: Option<u64>,
    findings: Findings,
    local: Local,
    now: Result<Moment, ClockRolledBack>,
}

impl Case {
    fn new(policy: Option<Policy>, now: u64) -> Self {
        Self {
            license: license(policy),
            ending: None,
            unheard_at: None,
            lease_until: None,
            is_admitted: true,
            is_revoked: false,
            is_unseen: false,
            trial_ends: None,
            findings: Findings::default(),
            local: Local::default(),
            now: Ok(fits(now)),
        }
    }

    fn ask<T>(&self, ask: impl FnOnce(&Known<'_>) -> T) -> T {
        let admission = Admission {
            admitted_at: at(ADMITTED),
            unheard_at: self.unheard_at.map(at),
            lease_until: self.lease_until.map(at),
            ending: self.ending.as_ref(),
        };
        let held = Held {
            license: &self.license,
            admission: self.is_admitted.then_some(admission),
            trial_ends: self.trial_ends.map(at),
            is_revoked: self.is_revoked,
            is_unseen: self.is_unseen,
            vouched_at: at(ADMITTED),
        };
        let enforced = Enforced::of(&self.license.conditions).tightened(&self.local);
        ask(&Known { held: Some(held), findings: self.findings, enforced: &enforced, now: self.now })
    }

    fn rights(&self) -> Rights {
        self.ask(|known| effective(known, None)).rights
    }

    fn begin(&self, kept: Option<&Latch>) -> Session {
        self.ask(|known| Session::begin(known, kept))
    }

    fn lacks(&self) -> Option<Lack> {
        self.ask(|known| effective(known, None)).lack().cloned()
    }
}

fn revoked(until: u64) -> Ending {
    Ending { code: "revoked".to_owned(), grace_until: at(until) }
}

#[test]
fn without_a_license_the_tier_is_free() {
    let enforced = Enforced::default();
    let known =
        Known { held: None, findings: Findings::default(), enforced: &enforced, now: Ok(fits(ADMITTED)) };
    let now = effective(&known, None);
    assert_eq!((now.tier(), now.lack()), (Tier::Free, Some(&Lack::NoLicense)));
}

#[test]
fn an_expiry_has_no_grace() {
    let end = ADMITTED + 30 * DAY;
    for (now, rights) in [(end - 1, Rights::License(Tier::Enterprise)), (end, Rights::Free(Lack::Expired))] {
        assert_eq!(Case::new(None, now).rights(), rights);
    }
    let early = Case::new(None, ADMITTED - DAY - 1);
    assert_eq!(early.lacks(), Some(Lack::NotYetValid));
}

#[test]
fn silence_is_grace_and_then_the_end() {
    let day = ADMITTED + DAY;
    let grace = || Rights::Grace { tier: Tier::Enterprise, until: at(day), why: GraceWhy::Unheard };
    for (now, unheard, rights) in [
        (ADMITTED + 4 * HOUR, None, Rights::License(Tier::Enterprise)),
        (ADMITTED + 4 * HOUR, Some(ADMITTED + 4 * HOUR), grace()),
        (ADMITTED + 8 * HOUR, None, grace()),
        (day - 1, Some(day - 1), grace()),
        (day, Some(day - 1), Rights::Free(Lack::Unheard)),
        (day, None, Rights::Free(Lack::Unheard)),
    ] {
        assert_eq!(Case { unheard_at: unheard, ..Case::new(Some(heard()), now) }.rights(), rights, "{now}");
    }
    assert_eq!(Case::new(None, day).rights(), Rights::License(Tier::Enterprise), "it need not be heard");
}

/// The seed's "every heartbeat failure extends grace" holds only as far as the license signs.
#[test]
fn failures_lengthen_grace_only_as_far_as_the_license_signs() {
    let heartbeat = Heartbeat { interval: 4 * HOUR, grace: DAY, longest_grace: Some(3 * DAY) };
    let signed = Policy { heartbeat: Some(heartbeat), ..Policy::default() };
    let last = |now: u64, unheard: u64| {
        Case { unheard_at: Some(unheard), ..Case::new(Some(signed.clone()), now) }.lacks()
    };
    assert_eq!(last(ADMITTED + 2 * DAY, ADMITTED + DAY + 1), None);
    assert_eq!(last(ADMITTED + 2 * DAY, ADMITTED + DAY), Some(Lack::Unheard));
    assert_eq!(last(ADMITTED + 3 * DAY, ADMITTED + 3 * DAY - 1), Some(Lack::Unheard), "the hard maximum");
}

#[test]
fn what_a_server_said_of_an_end_counts_for_every_license() {
    for policy in [None, Some(heard())] {
        let told = Case { ending: Some(revoked(ADMITTED + HOUR)), ..Case::new(policy, ADMITTED) };
        let why = GraceWhy::Ended("revoked".to_owned());
        assert_eq!(told.rights(), Rights::Grace { tier: Tier::Enterprise, until: at(ADMITTED + HOUR), why });
        let over = Case { now: Ok(fits(ADMITTED + HOUR)), ..told };
        assert_eq!(over.lacks(), Some(Lack::Ended("revoked".to_owned())));
    }
}

#[test]
fn a_seat_that_is_lent_gives_rights_only_while_it_is() {
    let policy = Policy { seat: Some(SeatHold::Lease), ..heard() };
    let lent = |until: Option<u64>, now| Case { lease_until: until, ..Case::new(Some(policy.clone()), now) };
    let until = ADMITTED + 8 * HOUR;
    assert_eq!(lent(Some(until), until - 1).lacks(), None);
    assert_eq!(lent(Some(until), until).lacks(), Some(Lack::Unheard), "another device may have it");
    assert_eq!(lent(None, ADMITTED).lacks(), Some(Lack::Unheard), "it was given back");
    assert_eq!(
        lent(Some(until + 2 * DAY), ADMITTED + DAY).lacks(),
        Some(Lack::Unheard),
        "never longer than the grace"
    );
}

#[test]
fn who_must_be_heard_must_be_activated() {
    let never = Case { is_admitted: false, ..Case::new(Some(heard()), ADMITTED) };
    assert_eq!(never.lacks(), Some(Lack::NotActivated));
    let need_not = Case { is_admitted: false, ..Case::new(None, ADMITTED) };
    assert_eq!(need_not.lacks(), None);
}

#[test]
fn a_trial_needs_a_servers_word() {
    let mut trial = Case::new(None, ADMITTED);
    trial.license.trial_days = Some(14);
    assert_eq!(trial.lacks(), Some(Lack::TrialNotBegun));
    trial.trial_ends = Some(ADMITTED + 1);
    assert_eq!(trial.lacks(), None);
    trial.now = Ok(fits(ADMITTED + 1));
    assert_eq!(trial.lacks(), Some(Lack::Expired));
}

#[test]
fn what_nobody_vouched_for_is_said_then_restricted_then_blocked() {
    let freshness = Some(Freshness { warn: Some(2), restrict: Some(4), block: Some(6) });
    let policy = Some(Policy { freshness, ..Policy::default() });
    let after = |days: u64| Case::new(policy.clone(), ADMITTED + days * DAY);
    let refresh = |days| after(days).ask(|known| effective(known, None)).needs_refresh;
    assert_eq!((refresh(1), refresh(2)), (None, Some(at(ADMITTED + 2 * DAY))));
    assert_eq!((after(3).lacks(), after(4).lacks()), (None, Some(Lack::Stale)));
    assert_eq!(after(5).begin(None).effective().rights, Rights::Free(Lack::Stale));
    assert_eq!(after(6).begin(None).effective().rights, Rights::Blocked(Lack::Stale));
    let plain = Case::new(None, ADMITTED + 14 * DAY);
    assert!(plain.ask(|known| effective(known, None)).needs_refresh.is_some(), "after 14 days");
    assert_eq!(plain.lacks(), None, "and nothing else, where the license says nothing");
}

#[test]
fn a_failed_check_of_modules_is_hard_or_soft_and_later_always_soft() {
    for (fail, rights) in
        [(Fail::Hard, Rights::Blocked(Lack::Unapproved)), (Fail::Soft, Rights::Free(Lack::Unapproved))]
    {
        let policy = Policy { fail: Some(fail), integrity: Some(Integrity::Required), ..Policy::default() };
        let clean = Case::new(Some(policy), ADMITTED);
        for finding in [Finding::Something, Finding::Unknown] {
            let changed =
                Case { findings: Findings { integrity: finding, ..clean.findings }, ..clean.clone() };
            assert_eq!(changed.begin(None).effective().rights, rights);
            let later = changed.ask(|known| clean.begin(None).later(known));
            assert_eq!(later.effective().rights, Rights::Free(Lack::Unapproved));
        }
    }
}

#[test]
fn a_sensor_that_cannot_run_counts_as_the_license_says() {
    for (unknown, lacks) in [(None, None), (Some(Unknown::Tamper), Some(Lack::Tampered))] {
        let policy =
            Policy { anti_tamper: Some(AntiTamper { unknown, agents: vec![] }), ..Policy::default() };
        let case = |tamper| Case {
            findings: Findings { tamper, ..Findings::default() },
            ..Case::new(Some(policy.clone()), ADMITTED)
        };
        assert_eq!(case(Finding::Unknown).lacks(), lacks);
        assert_eq!(case(Finding::Something).lacks(), Some(Lack::Tampered));
        assert_eq!(case(Finding::Nothing).lacks(), None);
    }
}

#[test]
fn a_clock_that_was_set_back_leaves_nothing_behind() {
    let now = Err(ClockRolledBack { known: at(ADMITTED), shown: at(0) });
    let session = Case { now, ..Case::new(Some(heard()), ADMITTED) }.begin(None);
    assert_eq!(session.effective().lack(), Some(&Lack::ClockRolledBack));
    assert_eq!(session.latches(), []);
}

/// Each reason that lasts: what does not lift it, and what does.
#[test]
fn each_latch_is_lifted_by_one_thing() {
    let ended = Case { ending: Some(revoked(ADMITTED)), ..Case::new(Some(heard()), ADMITTED) };
    let renewed = |case: &Case| {
        let license = License { expires_at: Some(at(ADMITTED + 60 * DAY)), ..case.license.clone() };
        Case { license, ..case.clone() }
    };
    let cases = [
        (Case::new(Some(heard()), ADMITTED + DAY), Lack::Unheard),
        (ended, Lack::Ended("revoked".to_owned())),
        (Case::new(None, ADMITTED + 30 * DAY), Lack::Expired),
        (found(Findings { tamper: Finding::Something, ..Findings::default() }), Lack::Tampered),
        (found(Findings { integrity: Finding::Something, ..Findings::default() }), Lack::Unapproved),
    ];
    for (case, lack) in cases {
        let latch = case.begin(None).latches().first().cloned().expect("it lasts");
        assert_eq!(latch.lack, lack);
        // All is well, but for what was kept: an hour after the admission, nothing found.
        let well =
            Case { now: Ok(fits(ADMITTED + HOUR)), ending: None, findings: Findings::default(), ..case };
        let lifted_by_checks = matches!(lack, Lack::Tampered | Lack::Unapproved);
        assert_eq!(well.begin(Some(&latch)).effective().lack().is_none(), lifted_by_checks, "{lack:?}");
        let older = Latch { admitted_at: Some(at(ADMITTED - 1)), ..latch.clone() };
        let lifted_by_word = matches!(lack, Lack::Unheard | Lack::Ended(_));
        assert_eq!(
            well.begin(Some(&older)).effective().lack().is_none(),
            lifted_by_word || lifted_by_checks,
            "{lack:?}"
        );
        let longer = renewed(&well).begin(Some(&latch)).effective().lack().is_none();
        assert_eq!(longer, lack == Lack::Expired || lifted_by_checks, "{lack:?}");
        let other = License { license: LicenseId::from_bytes([9; 16]), ..well.license.clone() };
        assert!(
            Case { license: other, ..well }.begin(Some(&latch)).effective().lack().is_none(),
            "of another license"
        );
    }
}

fn found(findings: Findings) -> Case {
    let policy = Policy {
        integrity: Some(Integrity::Required),
        anti_tamper: Some(AntiTamper::default()),
        ..Policy::default()
    };
    Case { findings, ..Case::new(Some(policy), ADMITTED) }
}

#[test]
fn a_restart_helps_once_something_newer_came() {
    let over = Case::new(Some(heard()), ADMITTED + DAY);
    let session = over.begin(None);
    assert!(!over.ask(|known| session.restart_helps(known)));
    let heard_again = Case { now: Ok(fits(ADMITTED + HOUR)), ..over };
    assert!(!heard_again.ask(|known| session.restart_helps(known)), "nothing newer");
    let newer = |known: &Known<'_>| {
        let held = known.held.expect("a license");
        let admission = held.admission.map(|it| Admission { admitted_at: at(ADMITTED + HOUR), ..it });
        let known = Known { held: Some(Held { admission, ..held }), ..*known };
        (session.restart_helps(&known), session.clone().later(&known))
    };
    assert_eq!(heard_again.ask(newer), (true, session.clone()), "this program stays as it is");
}

#[test]
fn each_lack_has_a_code_of_its_own() {
    let all = [
        Lack::NoLicense,
        Lack::NotActivated,
        Lack::ClockRolledBack,
        Lack::NotYetValid,
        Lack::TrialNotBegun,
        Lack::Stale,
        Lack::Expired,
        Lack::Unheard,
        Lack::Ended("chain_mismatch".to_owned()),
        Lack::Tampered,
        Lack::Unapproved,
    ];
    let codes: std::collections::BTreeSet<&str> = all.iter().map(|lack| lack.code().as_str()).collect();
    assert_eq!(codes.len(), all.len());
    assert_eq!(Lack::Ended("of_a_later_version".to_owned()).code(), Code::Blocked);
}

fn finding() -> impl Strategy<Value = Finding> {
    prop::sample::select(vec![Finding::NotSought, Finding::Nothing, Finding::Something, Finding::Unknown])
}

prop_compose! {
    fn policies()(
        heartbeat in prop::option::of((1u64..8, 0u64..40, prop::option::of(1u64..40))),
        hard: bool, integrity: bool, tamper in prop::option::of(prop::bool::ANY), tolerance in prop::option::of(0u64..DAY),
    ) -> Policy {
        Policy {
            heartbeat: heartbeat.map(|(interval, more, longest)| {
                let grace = (interval + more) * HOUR;
                Heartbeat { interval: interval * HOUR, grace, longest_grace: longest.map(|hours| grace + hours * HOUR) }
            }),
            fail: hard.then_some(Fail::Hard),
            integrity: integrity.then_some(Integrity::Required),
            anti_tamper: tamper.map(|doubts| AntiTamper { unknown: doubts.then_some(Unknown::Tamper), agents: vec![] }),
            clock: tolerance.map(|tolerance| ClockPolicy { tolerance: Some(tolerance), mode: None }),
            ..Policy::default()
        }
    }
}

prop_compose! {
    fn cases()(
        policy in prop::option::of(policies()), hours in 0u64..900, ending in prop::option::of(0u64..60),
        unheard in prop::option::of(0u64..60), is_admitted: bool, is_revoked in prop::bool::weighted(0.1), integrity in finding(), tamper in finding(), doubted: bool,
    ) -> Case {
        let clock = if doubted { ClockShows::Doubtful } else { ClockShows::Fits };
        Case {
            ending: ending.map(|hours| revoked(ADMITTED + hours * HOUR)),
            unheard_at: unheard.map(|hours| ADMITTED + hours * HOUR),
            is_admitted,
            is_revoked,
            is_unseen: false,
            findings: Findings { integrity, tamper },
            now: Ok(Moment { at: at(ADMITTED + hours * HOUR), clock }),
            ..Case::new(policy, 0)
        }
    }
}

prop_compose! {
    fn locals()(
        heartbeat in prop::option::of((0u64..20, 0u64..60)), is_hard: bool, integrity: bool, anti_tamper: bool,
    ) -> Local {
        let heartbeat = heartbeat.map(|(interval, grace)| (interval * HOUR, grace * HOUR));
        Local { heartbeat, is_hard, integrity, anti_tamper }
    }
}

/// None is less than free, free is less than grace, and grace is less than the license.
fn height(rights: &Rights) -> u8 {
    match rights {
        Rights::Blocked(_) => 0,
        Rights::Free(_) => 1,
        Rights::Grace { .. } => 2,
        Rights::License(_) => 3,
    }
}

proptest! {
    /// Whatever a program's own configuration says, it gives no more than the license does.
    #[test]
    fn configuration_only_narrows(case in cases(), local in locals()) {
        let (plain, tightened) = (case.begin(None), Case { local, ..case }.begin(None));
        prop_assert!(height(&tightened.effective().rights) <= height(&plain.effective().rights));
    }

    /// Whatever a program before it left behind, a program has no more than without it.
    #[test]
    fn a_latch_only_narrows(case in cases(), before in cases()) {
        let kept = before.begin(None).latches().first().cloned();
        let (plain, latched) = (case.begin(None), case.begin(kept.as_ref()));
        prop_assert!(height(&latched.effective().rights) <= height(&plain.effective().rights));
    }

    /// What two processes left behind together gives the next start no more than what either of them left.
    #[test]
    fn what_two_processes_leave_gives_no_more_than_either(
        next in cases(), found in prop::array::uniform2((finding(), finding(), 0u64..900, prop::option::of(0u64..60))),
    ) {
        let left = found.map(|(integrity, tamper, hours, unheard)| {
            let (findings, now) = (Findings { integrity, tamper }, Ok(fits(ADMITTED + hours * HOUR)));
            let unheard_at = unheard.map(|hours| ADMITTED + hours * HOUR);
            let latches = Case { unheard_at, findings, now, ..next.clone() }.begin(None).latches().to_vec();
            LeftBehind { latches, ..LeftBehind::default() }
        });
        let [one, other] = left.clone();
        let both = other.over(one, &Learned { has_started: true, ..Learned::default() });
        let rights = |left: &LeftBehind| next.ask(|known| height(&Session::begin(known, &left.latches).effective().rights));
        for left in left {
            prop_assert!(rights(&both) <= rights(&left));
        }
    }

    /// Rights that fell stay down until the program ends, whatever it hears and finds, and what ended them for longer is left behind.
    #[test]
    fn what_fell_stays_down(mut life in prop::collection::vec(cases(), 1..6)) {
        let last = life.pop().expect("one at least");
        let mut session = last.begin(None);
        let mut fell = session.effective().lack().cloned();
        for case in life {
            session = case.ask(|known| session.clone().later(known));
            if let Some(fell) = &fell {
                prop_assert_eq!(session.effective().lack(), Some(fell));
            }
            fell = session.effective().lack().cloned();
            let lasts = fell.as_ref().is_some_and(Lack::lasts);
            prop_assert!(session.latches().is_empty() || lasts);
        }
    }

    /// Nothing changes by itself before the time that is named.
    #[test]
    fn nothing_changes_before_it_is_said_to(case in cases(), share in 0.0f64..1.0) {
        let now = case.now.expect("a time").at;
        let first = case.ask(|known| effective(known, None));
        let Some(until) = first.until else { return Ok(()) };
        prop_assert!(until > now);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a time in between")]
        let between = now.plus(((until.get() - now.get() - 1) as f64 * share) as u64);
        let later = Case { now: Ok(Moment { at: between, clock: ClockShows::Fits }), ..case };
        prop_assert_eq!(later.ask(|known| effective(known, None)).rights, first.rights);
    }

    /// Only a time that is past takes rights away, and then for good: without anything new, rights never come back later.
    #[test]
    fn time_alone_never_gives_rights(case in cases(), later in 0u64..400) {
        let now = case.now.expect("a time").at;
        let before = case.lacks();
        let after = Case { now: Ok(fits(now.get() + later * HOUR)), ..case }.lacks();
        prop_assert!(before.is_none() || after.is_some());
    }
}
