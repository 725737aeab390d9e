//! What a program may do when it starts (`spec/guard.md` §3, §4 and §6). What each vector expects was worked out from that text.

use super::case::{Case, Shelf};
use crate::forge::{DAY, LICENSE};
use crate::{
    Artifact, Question, ShownAdmission, ShownAntiTamper, ShownEnding, ShownFinding, ShownFreshness,
    ShownHeartbeat, ShownHeld, ShownLatch, ShownLocal, ShownPolicy, StateAsked,
};

pub(super) const HOUR: u64 = 3_600;
/// When the device of these vectors was admitted last, and the license was vouched for.
pub(super) const ADMITTED: u64 = 20_000 * DAY;
/// When its license ends.
pub(super) const END: u64 = ADMITTED + 30 * DAY;
/// When the silent device's rights end, where the license wants to hear it.
pub(super) const DEADLINE: u64 = ADMITTED + DAY;
/// Two intervals.
const OVERDUE: u64 = ADMITTED + 8 * HOUR;

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Guard);
    windows(&mut shelf);
    trials(&mut shelf);
    silence(&mut shelf);
    longest_grace(&mut shelf);
    ends(&mut shelf);
    leases(&mut shelf);
    freshness(&mut shelf);
    findings(&mut shelf);
    configuration(&mut shelf);
    order(&mut shelf);
    shelf.cases
}

/// A license without a policy, and an admission to it.
pub(super) fn held(policy: Option<ShownPolicy>) -> ShownHeld {
    ShownHeld {
        license_id: LICENSE.to_owned(),
        tier: "enterprise".to_owned(),
        not_before: ADMITTED - DAY,
        expires_at: Some(END),
        trial_days: None,
        trial_ends: None,
        policy,
        vouched_at: ADMITTED,
        listed: false,
        unseen: false,
        admission: Some(ShownAdmission {
            admitted_at: ADMITTED,
            unheard_at: None,
            lease_until: None,
            ending: None,
        }),
    }
}

pub(super) fn asked(now: u64, held: ShownHeld) -> StateAsked {
    StateAsked {
        now: Some(now),
        doubted: false,
        held: Some(held),
        integrity: ShownFinding::NotSought,
        tamper: ShownFinding::NotSought,
        configuration: None,
        kept: None,
    }
}

/// Four hours from one heartbeat to the next, a day of grace.
pub(super) fn heard() -> ShownPolicy {
    ShownPolicy {
        heartbeat: Some(ShownHeartbeat { interval: 4 * HOUR, grace: DAY, longest_grace: None }),
        ..ShownPolicy::default()
    }
}

pub(super) fn put(shelf: &mut Shelf, name: &str, shows: &str, asked: StateAsked, expected: &str) {
    shelf.accepted(&format!("state_{name}"), shows, Question::GuardState(Box::new(asked)), expected);
}

pub(super) fn licensed(until: u64) -> String {
    format!("license tier=enterprise until={until}")
}

/// Without the tier, and for a reason that is not kept.
pub(super) fn free(code: &str) -> String {
    format!("free tier=free code={code}")
}

/// The same for one that is.
pub(super) fn fell(code: &str) -> String {
    format!("free tier=free code={code} kept={code}")
}

pub(super) fn grace(grace_until: u64, until: u64) -> String {
    format!("grace tier=enterprise grace_until={grace_until} until={until}")
}

fn windows(shelf: &mut Shelf) {
    let none = StateAsked { held: None, ..asked(ADMITTED, held(None)) };
    put(shelf, "none", "There is no license.", none, &free("license_missing"));
    put(shelf, "plain", "A license without a policy.", asked(ADMITTED, held(None)), &licensed(END));
    let of = |tier: &str| ShownHeld { tier: tier.to_owned(), ..held(None) };
    let expected = format!("license tier=licensed until={END}");
    put(shelf, "tier", "The tier is the license's.", asked(ADMITTED, of("licensed")), &expected);
    let begin = ADMITTED - DAY;
    put(shelf, "before_begin", "A second too early.", asked(begin - 1, held(None)), &free("not_yet_valid"));
    put(shelf, "begin", "Its first second.", asked(begin, held(None)), &licensed(END));
    let late = format!("{} refresh={}", licensed(END), ADMITTED + 14 * DAY);
    put(
        shelf,
        "last_second",
        "Its last second. Nobody vouched for it for 14 days, which is told.",
        asked(END - 1, held(None)),
        &late,
    );
    put(shelf, "end", "There is no grace.", asked(END, held(None)), &fell("expired"));
    let forever = || ShownHeld { expires_at: None, ..held(None) };
    put(shelf, "no_end", "A license that never ends.", asked(ADMITTED, forever()), "license tier=enterprise");
    let rolled_back = StateAsked { now: None, ..asked(0, held(None)) };
    put(shelf, "rolled_back", "A clock that is too far behind.", rolled_back, &free("clock_rolled_back"));
    let doubted = StateAsked { doubted: true, ..asked(END, held(None)) };
    put(
        shelf,
        "end_by_doubted",
        "By a doubted clock it is over, and nothing is kept of that.",
        doubted,
        &free("expired"),
    );
}

fn trials(shelf: &mut Shelf) {
    let of = |days, ends| ShownHeld { trial_days: days, trial_ends: ends, ..held(None) };
    let begun = ADMITTED + 10 * DAY;
    put(
        shelf,
        "trial_not_begun",
        "Nobody said until when.",
        asked(ADMITTED, of(Some(14), None)),
        &free("trial_not_begun"),
    );
    put(
        shelf,
        "trial",
        "Until the end that was said.",
        asked(ADMITTED, of(Some(14), Some(begun))),
        &licensed(begun),
    );
    put(shelf, "trial_end", "At that end.", asked(begun, of(Some(14), Some(begun))), &fell("expired"));
    let after = of(Some(60), Some(END + DAY));
    put(shelf, "trial_longer", "The license ends before its trial.", asked(ADMITTED, after), &licensed(END));
    let shows = "What is said of a trial changes nothing about a license that is none.";
    put(shelf, "trial_of_none", shows, asked(begun, of(None, Some(begun))), &licensed(END));
}

fn silent(now: u64, unheard_at: Option<u64>, policy: ShownPolicy) -> StateAsked {
    let held = held(Some(policy));
    let admission = held.admission.clone().map(|admission| ShownAdmission { unheard_at, ..admission });
    asked(now, ShownHeld { admission, ..held })
}

fn silence(shelf: &mut Shelf) {
    let never = ShownHeld { admission: None, ..held(Some(heard())) };
    put(
        shelf,
        "never_admitted",
        "A device that must be heard, and was never admitted.",
        asked(ADMITTED, never),
        &free("not_activated"),
    );
    let never = ShownHeld { admission: None, ..held(None) };
    put(shelf, "need_not_be_heard", "One that need not.", asked(ADMITTED, never), &licensed(END));
    let mut one =
        |name: &str, shows: &str, asked, expected: String| put(shelf, name, shows, asked, &expected);
    one("heard", "Just heard.", silent(ADMITTED, None, heard()), licensed(OVERDUE));
    one(
        "due",
        "A heartbeat is due; nothing failed.",
        silent(ADMITTED + 4 * HOUR, None, heard()),
        licensed(OVERDUE),
    );
    let failed = ADMITTED + 4 * HOUR;
    one(
        "failed",
        "A question reached no server.",
        silent(failed, Some(failed), heard()),
        grace(DEADLINE, DEADLINE),
    );
    one(
        "overdue",
        "Nobody asked for two intervals.",
        silent(OVERDUE, None, heard()),
        grace(DEADLINE, DEADLINE),
    );
    let last = DEADLINE - 1;
    one(
        "last_second_of_grace",
        "No failure moved the deadline.",
        silent(last, Some(last), heard()),
        grace(DEADLINE, DEADLINE),
    );
    one("deadline", "At the deadline.", silent(DEADLINE, Some(last), heard()), fell("grace_over"));
    one(
        "deadline_without_failure",
        "Also where nobody asked.",
        silent(DEADLINE, None, heard()),
        fell("grace_over"),
    );
    let doubted = StateAsked { doubted: true, ..silent(DEADLINE, None, heard()) };
    one("deadline_by_doubted", "By a doubted clock, nothing is kept of it.", doubted, free("grace_over"));
    let short = ShownHeld { expires_at: Some(ADMITTED + 6 * HOUR), ..held(Some(heard())) };
    one(
        "end_before_overdue",
        "The license ends before anything else changes.",
        asked(ADMITTED, short),
        licensed(ADMITTED + 6 * HOUR),
    );
    let forever = ShownHeld { expires_at: None, ..held(Some(heard())) };
    one(
        "no_end_heard",
        "A license without an end that wants to be heard.",
        asked(ADMITTED, forever),
        licensed(OVERDUE),
    );
}

/// A failure lengthens the grace, where the license signs how far.
fn longest_grace(shelf: &mut Shelf) {
    let mut one =
        |name: &str, shows: &str, asked, expected: String| put(shelf, name, shows, asked, &expected);
    let longer = || ShownPolicy {
        heartbeat: Some(ShownHeartbeat { interval: 4 * HOUR, grace: DAY, longest_grace: Some(3 * DAY) }),
        ..ShownPolicy::default()
    };
    let moved = ADMITTED + 20 * HOUR + DAY;
    let asked_late = silent(DEADLINE, Some(ADMITTED + 20 * HOUR), longer());
    one(
        "longest_grace",
        "A failure lengthens the grace as far as the license signs.",
        asked_late,
        grace(moved, moved),
    );
    let most = ADMITTED + 3 * DAY;
    one(
        "longest_grace_most",
        "Never beyond its hard maximum.",
        silent(most - 1, Some(most - 1), longer()),
        grace(most, most),
    );
    one("longest_grace_over", "At that maximum.", silent(most, Some(most - 1), longer()), fell("grace_over"));
    one(
        "longest_grace_silent",
        "Without a failure it lengthens nothing.",
        silent(DEADLINE, None, longer()),
        fell("grace_over"),
    );
}

/// What a server said of an end.
pub(super) fn ended(policy: Option<ShownPolicy>, code: &str, grace_until: u64) -> ShownHeld {
    let held = held(policy);
    let ending = Some(ShownEnding { code: code.to_owned(), grace_until });
    let admission = held.admission.clone().map(|admission| ShownAdmission { ending, ..admission });
    ShownHeld { admission, ..held }
}

fn ends(shelf: &mut Shelf) {
    let told = |until: u64, code: &str| {
        format!("grace tier=enterprise grace_until={until} ended_by={code} until={until}")
    };
    let until = ADMITTED + HOUR;
    for (name, policy) in [("revoked", None), ("revoked_heard", Some(heard()))] {
        let shows = "A server said that the rights end.";
        put(
            shelf,
            name,
            shows,
            asked(ADMITTED, ended(policy.clone(), "revoked", until)),
            &told(until, "revoked"),
        );
        let shows = "Its grace is over.";
        let over = asked(until, ended(policy, "revoked", until));
        put(shelf, &format!("{name}_over"), shows, over, &fell("revoked"));
    }
    let later = ADMITTED + 2 * DAY;
    let shows = "What a server said counts in the place of what silence would mean: later than the deadline.";
    put(
        shelf,
        "ended_after_deadline",
        shows,
        asked(DEADLINE, ended(Some(heard()), "suspended_by_nobody", later)),
        &told(later, "suspended_by_nobody"),
    );
    let shows = "A code that this version does not know: the rights end as well.";
    let over = asked(later, ended(Some(heard()), "of_a_later_version", later));
    put(shelf, "ended_by_unknown", shows, over, &fell("blocked"));
    let doubted = StateAsked { doubted: true, ..asked(until, ended(None, "revoked", until)) };
    put(shelf, "revoked_by_doubted", "By a doubted clock, nothing is kept of it.", doubted, &free("revoked"));
}

fn leases(shelf: &mut Shelf) {
    let lent = |now: u64, lease_until: Option<u64>| {
        let held = held(Some(ShownPolicy { seat: Some("lease".to_owned()), ..heard() }));
        let admission = held.admission.clone().map(|admission| ShownAdmission { lease_until, ..admission });
        asked(now, ShownHeld { admission, ..held })
    };
    let until = ADMITTED + 6 * HOUR;
    put(shelf, "lease", "A seat that is lent.", lent(ADMITTED, Some(until)), &licensed(until));
    put(
        shelf,
        "lease_over",
        "Another device may have it from then on.",
        lent(until, Some(until)),
        &fell("grace_over"),
    );
    put(shelf, "lease_none", "It was given back.", lent(ADMITTED, None), &fell("grace_over"));
    let shows = "A lease never lengthens the grace.";
    put(shelf, "lease_longer", shows, lent(DEADLINE, Some(DEADLINE + DAY)), &fell("grace_over"));
}

fn freshness(shelf: &mut Shelf) {
    let fresh = |warn, restrict, block| ShownPolicy {
        freshness: Some(ShownFreshness { warn, restrict, block }),
        ..ShownPolicy::default()
    };
    let day = |days: u64| ADMITTED + days * DAY;
    let all = || held(Some(fresh(Some(2), Some(4), Some(6))));
    put(shelf, "fresh", "Somebody vouched for it a day ago.", asked(day(1), all()), &licensed(day(4)));
    let warned = format!("{} refresh={}", licensed(day(4)), day(2));
    put(shelf, "stale_warned", "After two days the program is told.", asked(day(2), all()), &warned);
    put(
        shelf,
        "stale_restricted",
        "After four, it is free, and nothing is kept.",
        asked(day(4), all()),
        &free("revocations_stale"),
    );
    let blocked = "blocked tier=free code=revocations_stale";
    put(shelf, "stale_blocked", "After six, it does not start.", asked(day(6), all()), blocked);
    let later = held(Some(fresh(None, Some(5), None)));
    put(
        shelf,
        "stale_before_warning",
        "Without a number for the warning, the least of the others counts.",
        asked(day(4), later.clone()),
        &licensed(day(5)),
    );
    put(shelf, "stale_restrict_only", "At that least one.", asked(day(5), later), &free("revocations_stale"));
    let block = held(Some(fresh(None, None, Some(3))));
    put(shelf, "stale_block_only", "Where only blocking is asked for.", asked(day(3), block), blocked);
    let newer = ShownHeld { vouched_at: day(5), ..all() };
    put(shelf, "stale_vouched_anew", "Somebody vouched since.", asked(day(6), newer), &licensed(day(9)));
}

fn findings(shelf: &mut Shelf) {
    use ShownFinding::{NotSought, Nothing, Something, Unknown};
    let files = |fail: Option<&str>| {
        held(Some(ShownPolicy {
            integrity: Some("required".to_owned()),
            fail: fail.map(str::to_owned),
            ..ShownPolicy::default()
        }))
    };
    let blocked = "blocked tier=free code=unapproved_module kept=unapproved_module";
    for (name, fail, finding, expected) in [
        ("files_approved", Some("hard"), Nothing, licensed(END)),
        ("files_not_sought", Some("hard"), NotSought, licensed(END)),
        ("files_differ_soft", Some("soft"), Something, fell("unapproved_module")),
        ("files_differ", None, Something, fell("unapproved_module")),
        ("files_differ_hard", Some("hard"), Something, blocked.to_owned()),
        ("files_unknown_soft", Some("soft"), Unknown, fell("unapproved_module")),
        ("files_unknown_hard", Some("hard"), Unknown, blocked.to_owned()),
    ] {
        let question = StateAsked { integrity: finding, ..asked(ADMITTED, files(fail)) };
        put(
            shelf,
            name,
            "The check of modules, hard and soft. One that could not run has failed.",
            question,
            &expected,
        );
    }
    let looks = |unknown: Option<&str>| {
        let unknown = unknown.map(str::to_owned);
        held(Some(ShownPolicy {
            anti_tamper: Some(ShownAntiTamper { unknown }),
            fail: Some("hard".to_owned()),
            ..ShownPolicy::default()
        }))
    };
    for (name, unknown, finding, expected) in [
        ("sensors_nothing", None, Nothing, licensed(END)),
        ("sensors_something", None, Something, fell("tamper_detected")),
        ("sensors_unknown", None, Unknown, licensed(END)),
        ("sensors_unknown_counts", Some("tamper"), Unknown, fell("tamper_detected")),
        ("sensors_nothing_counts", Some("tamper"), Nothing, licensed(END)),
    ] {
        let question = StateAsked { tamper: finding, ..asked(ADMITTED, looks(unknown)) };
        put(
            shelf,
            name,
            "What sensors find is never hard; one that cannot look counts as the license says.",
            question,
            &expected,
        );
    }
    let doubted = StateAsked { doubted: true, tamper: Something, ..asked(ADMITTED, looks(None)) };
    put(
        shelf,
        "sensors_by_doubted",
        "What was found is kept, whatever the clock shows.",
        doubted,
        &fell("tamper_detected"),
    );
    let over = StateAsked { integrity: Something, ..asked(END, files(Some("hard"))) };
    let shows = "A changed program does not start, whatever else has ended its rights.";
    put(
        shelf,
        "files_differ_hard_and_over",
        shows,
        over,
        "blocked tier=free code=unapproved_module kept=expired",
    );
}

fn configuration(shelf: &mut Shelf) {
    let narrowed = |now, policy, configuration| StateAsked {
        configuration: Some(configuration),
        ..asked(now, held(policy))
    };
    let times = |interval, grace| ShownLocal {
        heartbeat: Some(ShownHeartbeat { interval, grace, longest_grace: None }),
        ..ShownLocal::default()
    };
    let of = |now, policy, interval, grace| narrowed(now, policy, times(interval, grace));
    let mut one =
        |name: &str, shows: &str, asked, expected: String| put(shelf, name, shows, asked, &expected);
    let at = |hours: u64| ADMITTED + hours * HOUR;
    one("narrowed_times", "Shorter times count.", of(at(1), Some(heard()), HOUR, 3 * HOUR), licensed(at(2)));
    one(
        "narrowed_over",
        "The shorter deadline.",
        of(at(3), Some(heard()), HOUR, 3 * HOUR),
        fell("grace_over"),
    );
    one(
        "widened_times",
        "Longer ones do not.",
        of(DEADLINE, Some(heard()), 40 * HOUR, 40 * DAY),
        fell("grace_over"),
    );
    one(
        "narrowed_grace_below_interval",
        "A grace below the interval that results is that interval.",
        of(at(3), Some(heard()), 4 * HOUR, HOUR),
        licensed(at(4)),
    );
    one(
        "own_heartbeat",
        "A heartbeat where the license asks for none.",
        of(at(2), None, HOUR, DAY),
        grace(DEADLINE, DEADLINE),
    );
    let longest = ShownPolicy {
        heartbeat: Some(ShownHeartbeat { interval: 4 * HOUR, grace: DAY, longest_grace: Some(3 * DAY) }),
        ..ShownPolicy::default()
    };
    let failed = silent(DEADLINE, Some(DEADLINE - 1), longest);
    let failed = StateAsked { configuration: Some(times(4 * HOUR, DAY)), ..failed };
    one(
        "own_heartbeat_moves_nothing",
        "With a heartbeat of its own, no failure moves the deadline.",
        failed,
        fell("grace_over"),
    );
    let soft = ShownPolicy {
        integrity: Some("required".to_owned()),
        fail: Some("soft".to_owned()),
        ..ShownPolicy::default()
    };
    let hard = narrowed(ADMITTED, Some(soft), ShownLocal { hard: true, ..ShownLocal::default() });
    let hard = StateAsked { integrity: ShownFinding::Something, ..hard };
    one(
        "own_hard",
        "It makes a failed check hard.",
        hard,
        "blocked tier=free code=unapproved_module kept=unapproved_module".to_owned(),
    );
    let nothing =
        StateAsked { configuration: Some(ShownLocal::default()), ..silent(DEADLINE, None, heard()) };
    one("own_nothing", "A configuration that adds nothing takes nothing away.", nothing, fell("grace_over"));
    let none = StateAsked { held: None, ..of(ADMITTED, None, HOUR, HOUR) };
    one(
        "own_without_license",
        "Without a license there is nothing to narrow.",
        none,
        free("license_missing"),
    );
}

/// All reasons hold at once; each vector has one less than the one before. The first that holds is the one that is said.
fn order(shelf: &mut Shelf) {
    let policy = ShownPolicy {
        integrity: Some("required".to_owned()),
        anti_tamper: Some(ShownAntiTamper::default()),
        freshness: Some(ShownFreshness { warn: None, restrict: Some(1), block: None }),
        ..heard()
    };
    let kept = ShownLatch {
        code: "grace_over".to_owned(),
        said: false,
        license_id: LICENSE.to_owned(),
        license_ends: None,
        admitted_at: Some(ADMITTED),
    };
    let mut all = StateAsked {
        now: None,
        held: None,
        integrity: ShownFinding::Something,
        tamper: ShownFinding::Something,
        kept: Some(kept),
        ..asked(0, held(None))
    };
    let now = ADMITTED + 3 * DAY;
    let mut everything = ShownHeld {
        not_before: now + 1,
        expires_at: Some(now),
        trial_days: Some(14),
        admission: None,
        ..held(Some(policy))
    };
    let mut one = |name: &str, asked: &StateAsked, code: &str| {
        let shows = "Of several reasons the first one counts; what an earlier run left behind stays.";
        put(
            shelf,
            &format!("order_{name}"),
            shows,
            asked.clone(),
            &format!("{} kept=grace_over", free(code)),
        );
    };
    one("license", &all, "license_missing");
    all.held = Some(everything.clone());
    one("clock", &all, "clock_rolled_back");
    all.now = Some(now);
    one("not_yet", &all, "not_yet_valid");
    everything.not_before = ADMITTED;
    all.held = Some(everything.clone());
    one("expired", &all, "expired");
    everything.expires_at = Some(END);
    all.held = Some(everything.clone());
    one("trial", &all, "trial_not_begun");
    everything.trial_days = None;
    all.held = Some(everything.clone());
    one("not_activated", &all, "not_activated");
    everything.admission = ended(None, "revoked", now).admission;
    all.held = Some(everything.clone());
    one("ended", &all, "revoked");
    everything.admission = held(None).admission;
    all.held = Some(everything.clone());
    one("unheard", &all, "grace_over");
    all.now = Some(DEADLINE - 1);
    everything.vouched_at = DEADLINE - 1 - DAY;
    all.held = Some(everything.clone());
    one("stale", &all, "revocations_stale");
    everything.vouched_at = DEADLINE - 1;
    all.held = Some(everything);
    one("unapproved", &all, "unapproved_module");
    all.integrity = ShownFinding::Nothing;
    one("tampered", &all, "tamper_detected");
    all.tamper = ShownFinding::Nothing;
    one("kept", &all, "grace_over");
}
