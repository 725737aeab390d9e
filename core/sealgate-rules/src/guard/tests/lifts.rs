//! What lifts each reason that lasts, and that nothing else does (`spec/guard.md` §4.2).

use proptest::prelude::*;
use sealgate_artifact::{License, LicenseId, Tier, UnixSeconds};

use super::{ADMITTED, Case, DAY, HOUR, at, finding, found, heard, revoked};
use crate::guard::{
    Admission, ClockRolledBack, Effective, Enforced, Finding, Findings, Held, Known, Lack, Latch, Rights,
    Session,
};

/// When the license of these tests ended, or was to end, when the rights fell.
const END: u64 = ADMITTED + 30 * DAY;

/// What a program before this one left behind.
fn latch(lack: Lack) -> Latch {
    Latch {
        at: at(ADMITTED + DAY),
        license: Some(LicenseId::from_bytes([3; 16])),
        license_ends: Some(at(END)),
        admitted_at: Some(at(ADMITTED)),
        lack,
    }
}

/// Every reason that outlives a program.
fn lasting() -> [Lack; 6] {
    let ended = Lack::Ended("revoked".to_owned());
    [Lack::Revoked, Lack::Expired, Lack::Unheard, ended, Lack::Tampered, Lack::Unapproved]
}

/// What a start may find that the one before did not, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    Nothing,
    TimePassed,
    AnotherFailure,
    EndedAgain,
    LaterEnd,
    NoEnd,
    SameEnd,
    EarlierEnd,
    HigherTier,
    NewerVersion,
    NotListed,
    NewerAdmission,
    OlderAdmission,
    AnotherLicense,
    NoSensorFound,
    NoSensorAsked,
    SensorUnknown,
    FilesAreApproved,
    FilesNotAsked,
    FilesUnknown,
}

const ALL: [News; 20] = [
    News::Nothing,
    News::TimePassed,
    News::AnotherFailure,
    News::EndedAgain,
    News::LaterEnd,
    News::NoEnd,
    News::SameEnd,
    News::EarlierEnd,
    News::HigherTier,
    News::NewerVersion,
    News::NotListed,
    News::NewerAdmission,
    News::OlderAdmission,
    News::AnotherLicense,
    News::NoSensorFound,
    News::NoSensorAsked,
    News::SensorUnknown,
    News::FilesAreApproved,
    News::FilesNotAsked,
    News::FilesUnknown,
];

/// The table of §4.2, news by news.
fn lifts(news: News, lack: &Lack) -> bool {
    match news {
        News::LaterEnd | News::NoEnd => *lack == Lack::Expired,
        News::NewerAdmission => matches!(lack, Lack::Unheard | Lack::Ended(_)),
        News::NotListed => *lack == Lack::Revoked,
        News::NoSensorFound | News::NoSensorAsked => *lack == Lack::Tampered,
        News::FilesAreApproved | News::FilesNotAsked => *lack == Lack::Unapproved,
        News::Nothing
        | News::AnotherLicense
        | News::TimePassed
        | News::AnotherFailure
        | News::EndedAgain
        | News::SameEnd
        | News::EarlierEnd
        | News::HigherTier
        | News::NewerVersion
        | News::OlderAdmission
        | News::SensorUnknown
        | News::FilesUnknown => false,
    }
}

/// What a start holds and finds. Without news, both checks still find what they found, and what was listed is.
#[derive(Debug, Clone)]
struct Start {
    case: Case,
    admitted_at: Option<u64>,
}

impl Start {
    fn new() -> Self {
        let both = Findings { integrity: Finding::Something, tamper: Finding::Something };
        let mut case = found(both);
        case.license.conditions.policy.as_mut().expect("a policy").heartbeat = heard().heartbeat;
        case.now = Ok(super::fits(ADMITTED + HOUR));
        case.is_revoked = true;
        Self { case, admitted_at: Some(ADMITTED) }
    }

    fn with(mut self, news: News) -> Self {
        let license = &mut self.case.license;
        match news {
            News::Nothing => {}
            News::TimePassed => self.case.now = Ok(super::fits(ADMITTED + 2 * HOUR)),
            News::AnotherFailure => self.case.unheard_at = Some(ADMITTED + HOUR),
            News::EndedAgain => self.case.ending = Some(revoked(END)),
            News::LaterEnd => license.expires_at = Some(at(END + 1)),
            News::NoEnd => license.expires_at = None,
            News::SameEnd => license.expires_at = Some(at(END)),
            News::NewerVersion => license.version += 1,
            News::NotListed => self.case.is_revoked = false,
            News::EarlierEnd => license.expires_at = Some(at(END - 1)),
            News::HigherTier => license.tier = Tier::Enterprise,
            News::NewerAdmission => self.admitted_at = Some(ADMITTED + 1),
            News::OlderAdmission => self.admitted_at = Some(ADMITTED - 1),
            News::AnotherLicense => license.license = LicenseId::from_bytes([9; 16]),
            News::NoSensorFound => self.case.findings.tamper = Finding::Nothing,
            News::NoSensorAsked => self.case.findings.tamper = Finding::NotSought,
            News::SensorUnknown => self.case.findings.tamper = Finding::Unknown,
            News::FilesAreApproved => self.case.findings.integrity = Finding::Nothing,
            News::FilesNotAsked => self.case.findings.integrity = Finding::NotSought,
            News::FilesUnknown => self.case.findings.integrity = Finding::Unknown,
        }
        self
    }

    fn ask<T>(&self, ask: impl FnOnce(&Known<'_>) -> T) -> T {
        self.case.ask(|known| {
            let held = known.held.expect("a license");
            let admission = held.admission.zip(self.admitted_at);
            let admission =
                admission.map(|(admission, time)| Admission { admitted_at: at(time), ..admission });
            ask(&Known { held: Some(Held { admission, ..held }), ..*known })
        })
    }

    fn is_lifted(&self, latch: &Latch) -> bool {
        self.ask(|known| latch.is_lifted(known.held.as_ref(), known.findings))
    }
}

/// Six reasons and twenty sorts of news, each alone.
#[test]
fn each_news_lifts_what_the_table_says_and_nothing_else() {
    for lack in lasting() {
        for news in ALL {
            let start = Start::new().with(news);
            assert_eq!(start.is_lifted(&latch(lack.clone())), lifts(news, &lack), "{news:?}: {lack:?}");
        }
    }
}

/// Each two together: two sorts of news that lift nothing lift nothing together, and one that lifts is enough.
#[test]
fn two_news_together_lift_no_more_than_each_alone() {
    let undoes = |first: News, second: News| {
        let of_one_thing = [
            [News::LaterEnd, News::NoEnd, News::SameEnd, News::EarlierEnd].as_slice(),
            &[News::NewerAdmission, News::OlderAdmission],
            &[News::NoSensorFound, News::NoSensorAsked, News::SensorUnknown],
            &[News::FilesAreApproved, News::FilesNotAsked, News::FilesUnknown],
        ];
        of_one_thing.iter().any(|those| those.contains(&first) && those.contains(&second))
    };
    for lack in lasting() {
        for (first, second) in ALL.iter().flat_map(|first| ALL.map(|second| (*first, second))) {
            if undoes(first, second) {
                continue;
            }
            let start = Start::new().with(first).with(second);
            // Whatever is new about another license lifts nothing of the one before.
            let of_machine = matches!(lack, Lack::Tampered | Lack::Unapproved);
            let is_other = [first, second].contains(&News::AnotherLicense);
            let expected = (lifts(first, &lack) || lifts(second, &lack)) && (of_machine || !is_other);
            assert_eq!(start.is_lifted(&latch(lack.clone())), expected, "{first:?}, {second:?}: {lack:?}");
        }
    }
}

/// `spec/guard.md` §4.2: a reason of one license says nothing about another, and is there again with its own.
#[test]
fn another_license_neither_feels_nor_lifts_a_reason() {
    let clean = Start::new().with(News::NoSensorFound).with(News::FilesAreApproved).with(News::NotListed);
    for lack in [Lack::Expired, Lack::Unheard, Lack::Ended("blocked".to_owned())] {
        let kept = latch(lack.clone());
        let other = clean.clone().with(News::AnotherLicense);
        let session = other.ask(|known| Session::begin(known, Some(&kept)));
        assert_eq!(session.effective().lack(), None, "{lack:?}");
        assert!(!other.is_lifted(&kept), "{lack:?}");
        // Its own reasons are left behind beside it.
        let mut over = other;
        over.case.now = Ok(super::fits(END));
        let session = over.ask(|known| session.later(known));
        let [own] = session.latches() else { panic!("{lack:?}: {:?}", session.latches()) };
        assert_eq!(own.license, Some(LicenseId::from_bytes([9; 16])));
        let again = clean.ask(|known| Session::begin(known, [own, &kept]));
        assert_eq!((again.effective().lack(), again.latches()), (Some(&lack), &[kept.clone()][..]));
    }
}

/// A program that holds nothing any more has lost its license, and not the reason.
#[test]
fn who_deletes_the_license_lifts_nothing_of_it() {
    let both = Findings { integrity: Finding::Something, tamper: Finding::Something };
    for lack in lasting() {
        assert!(!latch(lack.clone()).is_lifted(None, both), "{lack:?}");
    }
}

/// `spec/revocation.md` §5.3: what is listed itself lifts nothing, however new it is.
#[test]
fn what_is_listed_lifts_no_revocation() {
    for news in [News::NewerVersion, News::NewerAdmission] {
        let start = Start::new().with(news);
        assert!(!start.is_lifted(&latch(Lack::Revoked)), "{news:?}");
        assert!(start.with(News::NotListed).is_lifted(&latch(Lack::Revoked)), "{news:?}");
    }
}

/// A license that never ended has no later end.
#[test]
fn a_reason_without_an_end_is_lifted_by_no_end() {
    let never = Latch { license_ends: None, ..latch(Lack::Expired) };
    for news in [News::LaterEnd, News::NoEnd, News::EarlierEnd] {
        assert!(!Start::new().with(news).is_lifted(&never), "{news:?}");
    }
}

/// A device that was never admitted when its rights fell is heard by any admission.
#[test]
fn any_admission_is_newer_than_none() {
    let never = Latch { admitted_at: None, ..latch(Lack::Unheard) };
    assert!(Start::new().is_lifted(&never));
    let still = Start { admitted_at: None, ..Start::new() };
    assert!(!still.is_lifted(&never));
}

/// The clock lifts nothing: neither one that is right again, nor one that is set back.
#[test]
fn no_clock_lifts_anything() {
    let clean = Start::new().with(News::NoSensorFound).with(News::FilesAreApproved).with(News::NotListed);
    for lack in [Lack::Expired, Lack::Unheard, Lack::Ended("blocked".to_owned())] {
        let kept = latch(lack.clone());
        for now in [0, ADMITTED - DAY, ADMITTED, ADMITTED + HOUR, END - 1] {
            let mut start = clean.clone();
            start.case.now = Ok(super::fits(now));
            let session = start.ask(|known| Session::begin(known, Some(&kept)));
            assert!(session.effective().lack().is_some(), "{lack:?} at {now}");
            assert_eq!(session.latches(), std::slice::from_ref(&kept), "it stays as it was kept");
        }
        let mut start = clean.clone();
        start.case.now = Err(ClockRolledBack { known: at(ADMITTED), shown: at(0) });
        let session = start.ask(|known| Session::begin(known, Some(&kept)));
        assert_eq!(session.latches(), std::slice::from_ref(&kept), "{lack:?}");
    }
}

fn lacks() -> impl Strategy<Value = Lack> {
    prop::sample::select(lasting().to_vec())
}

fn near(time: u64) -> impl Strategy<Value = Option<UnixSeconds>> {
    prop::option::of((0u64..3).prop_map(move |offset| at(time - 1 + offset)))
}

prop_compose! {
    fn latches()(
        lack in lacks(), license in 3u8..5, license_ends in near(END), admitted_at in near(ADMITTED),
    ) -> Latch {
        let license = Some(LicenseId::from_bytes([license; 16]));
        Latch { lack, at: at(ADMITTED), license, license_ends, admitted_at }
    }
}

prop_compose! {
    fn starts()(
        license in prop::option::of(3u8..5), ends in near(END), admitted in near(ADMITTED), integrity in finding(), tamper in finding(),
        ending: bool, unheard: bool, is_revoked: bool,
    ) -> (Option<License>, Option<UnixSeconds>, Findings, bool, bool, bool) {
        let license = license.map(|license| License {
            license: LicenseId::from_bytes([license; 16]),
            expires_at: ends,
            ..super::license(Some(heard()))
        });
        (license, admitted, Findings { integrity, tamper }, ending, unheard, is_revoked)
    }
}

/// `spec/guard.md` §4.2 in one sentence for each reason.
fn as_written(latch: &Latch, held: Option<&Held<'_>>, findings: Findings) -> bool {
    let is_clean = |finding| finding == Finding::Nothing || finding == Finding::NotSought;
    let of_the_same = held.filter(|held| Some(held.license.license) == latch.license);
    match latch.lack {
        Lack::Tampered => is_clean(findings.tamper),
        Lack::Unapproved => is_clean(findings.integrity),
        Lack::Expired => {
            let later = |held: &Held<'_>| match (held.license.expires_at, latch.license_ends) {
                (Some(now), Some(before)) => now > before,
                (None, before) => before.is_some(),
                (Some(_), None) => false,
            };
            of_the_same.is_some_and(later)
        }
        Lack::Revoked => of_the_same.is_some_and(|held| !held.is_revoked),
        _ => {
            let newer = |held: &Held<'_>| match (held.admission, latch.admitted_at) {
                (Some(now), Some(before)) => now.admitted_at > before,
                (now, None) => now.is_some(),
                (None, Some(_)) => false,
            };
            of_the_same.is_some_and(newer)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_096, ..ProptestConfig::default() })]

    /// Every reason, beside everything that a start can hold and find: it is lifted by what the clause says, and by nothing else; and
    /// what is not lifted gives no rights.
    #[test]
    fn nothing_else_lifts_a_reason(latch in latches(), (license, admitted, findings, ends, unheard, is_revoked) in starts()) {
        let ending = ends.then(|| revoked(END));
        let admission = admitted.map(|admitted_at| Admission {
            admitted_at,
            unheard_at: unheard.then_some(admitted_at),
            lease_until: None,
            ending: ending.as_ref(),
        });
        let held = license
            .as_ref()
            .map(|license| Held { license, admission, trial_ends: None, is_revoked, is_unseen: false, vouched_at: at(ADMITTED) });
        let expected = as_written(&latch, held.as_ref(), findings);
        prop_assert_eq!(latch.is_lifted(held.as_ref(), findings), expected);
        let enforced = Enforced::of(&license.as_ref().map(|it| it.conditions.clone()).unwrap_or_default());
        let known = Known { held, findings, enforced: &enforced, now: Ok(super::fits(ADMITTED + HOUR)) };
        let session = Session::begin(&known, Some(&latch));
        let of_machine = matches!(latch.lack, Lack::Tampered | Lack::Unapproved);
        let of_another = license.as_ref().is_some_and(|it| Some(it.license) != latch.license);
        if !expected && of_another && !of_machine {
            prop_assert!(!session.latches().contains(&latch), "it is none of this license");
        } else if !expected {
            let Effective { rights, .. } = session.effective();
            prop_assert!(matches!(rights, Rights::Free(_) | Rights::Blocked(_)), "{:?}", rights);
            prop_assert_eq!(session.latches(), std::slice::from_ref(&latch));
        }
    }
}
