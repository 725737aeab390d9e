//! What time it is for a guarded program (`spec/guard.md` §2). What each vector expects was worked out from that text.

use super::case::{Case, Shelf};
use crate::forge::DAY;
use crate::{Artifact, Question, ShownClock, TimeAsked, TimeEvent};

const HOUR: u64 = 3_600;
const YEAR: u64 = 365 * DAY;
/// The newest time that is known where these vectors begin: a midnight.
const KNOWN: u64 = 20_000 * DAY;

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Guard);
    starts(&mut shelf);
    tolerances(&mut shelf);
    doubts(&mut shelf);
    runs(&mut shelf);
    answers(&mut shelf);
    shelf.cases
}

fn asked(events: Vec<TimeEvent>) -> TimeAsked {
    TimeAsked { signed: KNOWN, local: KNOWN, doubted: vec![], clock: None, events }
}

fn start(wall: u64) -> TimeEvent {
    TimeEvent::Start(wall)
}

fn tolerance(seconds: u64) -> ShownClock {
    ShownClock { tolerance: Some(seconds), mode: None }
}

fn run_time() -> ShownClock {
    ShownClock { tolerance: None, mode: Some("run_time".to_owned()) }
}

fn put(shelf: &mut Shelf, name: &str, shows: &str, asked: TimeAsked, expected: &str) {
    shelf.accepted(&format!("time_{name}"), shows, Question::GuardTime(asked), expected);
}

/// The time that is told, what the clock shows, and the two floors behind it.
fn told(at: u64, clock: &str, signed: u64, local: u64) -> String {
    format!("told={at} clock={clock} signed={signed} local={local}")
}

fn refused(signed: u64, local: u64) -> String {
    format!("told=clock_rolled_back signed={signed} local={local}")
}

/// A start by a clock that is right, behind or ahead.
fn starts(shelf: &mut Shelf) {
    let mut one = |name: &str, shows: &str, wall, expected: String| {
        put(shelf, name, shows, asked(vec![start(wall)]), &expected);
    };
    one("first", "Nothing passed since.", KNOWN, told(KNOWN, "fits", KNOWN, KNOWN));
    one("later", "An hour passed.", KNOWN + HOUR, told(KNOWN + HOUR, "fits", KNOWN, KNOWN + HOUR));
    let shows = "A clock that is a second behind: time runs at the newest known one.";
    one("second_behind", shows, KNOWN - 1, told(KNOWN, "behind", KNOWN, KNOWN));
    let shows = "A clock that is an hour behind.";
    one("hour_behind", shows, KNOWN - HOUR, told(KNOWN, "behind", KNOWN, KNOWN));
    let shows = "A clock that is as far behind as the license tolerates where it says nothing.";
    one("day_behind", shows, KNOWN - DAY, told(KNOWN, "behind", KNOWN, KNOWN));
    one("more_than_a_day_behind", "A second more.", KNOWN - DAY - 1, refused(KNOWN, KNOWN));
    one("year_behind", "A clock that is a year behind.", KNOWN - YEAR, refused(KNOWN, KNOWN));
    one("in_1970", "A clock that begins anew.", 0, refused(KNOWN, KNOWN));
    let ahead = KNOWN + 2 * DAY;
    one("two_days_ahead", "A weekend is believed at once.", ahead, told(ahead, "fits", KNOWN, ahead));
    let shows = "A second more is doubted: it counts, and stays doubted.";
    let doubted = format!("{} doubted={}", told(ahead + 1, "doubted", KNOWN, KNOWN), ahead + 1);
    one("more_than_two_days_ahead", shows, ahead + 1, doubted);
    let ahead = KNOWN + 10 * YEAR;
    let doubted = format!("{} doubted={ahead}", told(ahead, "doubted", KNOWN, KNOWN));
    one("ten_years_ahead", "A clock that is ten years ahead.", ahead, doubted);

    let of = |signed, local| TimeAsked { signed, local, ..asked(vec![start(KNOWN)]) };
    let shows =
        "The signed floor is the higher one; where the clock is behind it, the local floor is raised to it.";
    let expected = told(KNOWN + HOUR, "behind", KNOWN + HOUR, KNOWN + HOUR);
    put(shelf, "signed_floor_higher", shows, of(KNOWN + HOUR, 0), &expected);
    let shows = "The local floor is the higher one.";
    put(
        shelf,
        "local_floor_higher",
        shows,
        of(0, KNOWN + HOUR),
        &told(KNOWN + HOUR, "behind", 0, KNOWN + HOUR),
    );
    put(
        shelf,
        "signed_floor_alone_refuses",
        "A day and a second below it.",
        of(KNOWN + DAY + 1, 0),
        &refused(KNOWN + DAY + 1, 0),
    );
    let after = asked(vec![start(0), start(KNOWN + HOUR)]);
    let shows = "A clock that was refused and set right: what was known stands, and nothing else.";
    put(shelf, "set_right", shows, after, &told(KNOWN + HOUR, "fits", KNOWN, KNOWN + HOUR));
}

/// What the license says of it.
fn tolerances(shelf: &mut Shelf) {
    let of = |clock, wall| TimeAsked { clock: Some(clock), ..asked(vec![start(wall)]) };
    put(
        shelf,
        "strict",
        "Nothing is tolerated, and nothing is behind.",
        of(tolerance(0), KNOWN),
        &told(KNOWN, "fits", KNOWN, KNOWN),
    );
    put(
        shelf,
        "strict_second_behind",
        "Nothing is tolerated.",
        of(tolerance(0), KNOWN - 1),
        &refused(KNOWN, KNOWN),
    );
    let shows = "An hour is tolerated.";
    put(
        shelf,
        "hour_tolerated",
        shows,
        of(tolerance(HOUR), KNOWN - HOUR),
        &told(KNOWN, "behind", KNOWN, KNOWN),
    );
    put(
        shelf,
        "hour_and_a_second",
        "A second more.",
        of(tolerance(HOUR), KNOWN - HOUR - 1),
        &refused(KNOWN, KNOWN),
    );
    let ahead = KNOWN + 10 * YEAR;
    let shows = "Whatever is tolerated, a clock that is far ahead is doubted.";
    let doubted = format!("{} doubted={ahead}", told(ahead, "doubted", KNOWN, KNOWN));
    put(shelf, "strict_ten_years_ahead", shows, of(tolerance(0), ahead), &doubted);
    for (name, wall) in [("in_1970", 0), ("ten_years_ahead", ahead)] {
        let shows = "A machine whose clock is not read.";
        put(
            shelf,
            &format!("run_time_{name}"),
            shows,
            of(run_time(), wall),
            &told(KNOWN, "fits", KNOWN, KNOWN),
        );
    }
    let events = vec![start(0), TimeEvent::Ran(HOUR), start(0), TimeEvent::Ran(HOUR)];
    let shows = "It counts what it ran, over two starts.";
    let counted = TimeAsked { clock: Some(run_time()), ..asked(events) };
    put(shelf, "run_time_counts", shows, counted, &told(KNOWN + 2 * HOUR, "fits", KNOWN, KNOWN + 2 * HOUR));
}

/// Starts by a clock that is doubted.
fn doubts(shelf: &mut Shelf) {
    let mut walls = |name: &str, shows: &str, days: &[u64], expected: String| {
        let events = days.iter().map(|days| start(KNOWN + days * DAY)).collect();
        put(shelf, name, shows, asked(events), &expected);
    };
    let day = |days: u64| KNOWN + days * DAY;
    walls(
        "three_days_agree",
        "The third of three days that agree is still doubted in its own start, and known after it.",
        &[9, 10, 11],
        told(day(11), "doubted", KNOWN, day(11)),
    );
    walls(
        "three_days_agreed",
        "From the fourth start on it is the time.",
        &[9, 10, 11, 12],
        told(day(12), "fits", KNOWN, day(12)),
    );
    walls(
        "two_days_agree",
        "Two are not enough.",
        &[9, 10],
        format!("{} doubted={},{}", told(day(10), "doubted", KNOWN, KNOWN), day(9), day(10)),
    );
    walls(
        "same_day",
        "Three starts on one day are one.",
        &[9, 9, 9],
        format!("{} doubted={}", told(day(9), "doubted", KNOWN, KNOWN), day(9)),
    );
    walls(
        "back_in_between",
        "A clock that went back in between begins anew.",
        &[9, 8, 9],
        format!("{} doubted={},{}", told(day(9), "doubted", KNOWN, KNOWN), day(8), day(9)),
    );
    walls(
        "thirty_days_apart",
        "Two starts thirty days apart agree.",
        &[9, 39, 69],
        told(day(69), "doubted", KNOWN, day(69)),
    );
    walls(
        "thirty_one_days_apart",
        "A day more, and they do not.",
        &[9, 40, 41],
        format!("{} doubted={},{}", told(day(41), "doubted", KNOWN, KNOWN), day(40), day(41)),
    );
    walls(
        "right_in_between",
        "A start by a clock that is not doubted forgets what was doubted.",
        &[9, 10, 1, 11],
        format!("{} doubted={}", told(day(11), "doubted", KNOWN, day(1)), day(11)),
    );
    let refused_between = asked(vec![start(day(9)), start(day(10)), start(0), start(day(11))]);
    let expected = format!("{} doubted={}", told(day(11), "doubted", KNOWN, KNOWN), day(11));
    put(shelf, "refused_in_between", "So does one that is refused.", refused_between, &expected);
    let kept = TimeAsked { doubted: vec![day(9), day(10)], ..asked(vec![start(day(11))]) };
    let shows = "What was doubted is kept from one run to the next.";
    put(shelf, "doubted_before", shows, kept, &told(day(11), "doubted", KNOWN, day(11)));
}

/// What passes while the program runs.
fn runs(shelf: &mut Shelf) {
    let ran = |wall, seconds| asked(vec![start(wall), TimeEvent::Ran(seconds)]);
    let shows = "Time is what it was, and what it ran since.";
    put(shelf, "ran", shows, ran(KNOWN, HOUR), &told(KNOWN + HOUR, "fits", KNOWN, KNOWN + HOUR));
    let shows = "A clock that is behind has no part in it.";
    put(
        shelf,
        "ran_behind",
        shows,
        ran(KNOWN - HOUR, HOUR),
        &told(KNOWN + HOUR, "behind", KNOWN, KNOWN + HOUR),
    );
    let ahead = KNOWN + YEAR;
    let shows = "A run that began by a doubted clock adds what it lasted.";
    let doubted = format!("{} doubted={ahead}", told(ahead + HOUR, "doubted", KNOWN, KNOWN + HOUR));
    put(shelf, "ran_doubted", shows, ran(ahead, HOUR), &doubted);
    put(
        shelf,
        "ran_refused",
        "One whose clock is refused keeps nothing.",
        ran(0, HOUR),
        &refused(KNOWN, KNOWN),
    );
    let twice = asked(vec![start(KNOWN), TimeEvent::Ran(HOUR), TimeEvent::Ran(HOUR), start(KNOWN + HOUR)]);
    let shows = "The next start by a clock that fell behind meanwhile.";
    put(shelf, "ran_then_behind", shows, twice, &told(KNOWN + 2 * HOUR, "behind", KNOWN, KNOWN + 2 * HOUR));
}

/// What a server says of the time.
fn answers(shelf: &mut Shelf) {
    let heard = |server, authority| TimeEvent::Heard { server, authority };
    let shows = "A server's time counts from then on, and what was ahead is forgotten.";
    let ahead = KNOWN + 25 * HOUR;
    let events = vec![start(ahead), heard(KNOWN + HOUR, KNOWN)];
    put(shelf, "heard_ahead", shows, asked(events), &told(KNOWN + HOUR, "fits", KNOWN + HOUR, KNOWN + HOUR));
    let shows = "A clock that was doubted, and an answer: nothing is doubted any more.";
    let events = vec![start(KNOWN + YEAR), heard(KNOWN + HOUR, KNOWN), TimeEvent::Ran(HOUR)];
    let expected = told(KNOWN + 2 * HOUR, "fits", KNOWN + HOUR, KNOWN + 2 * HOUR);
    put(shelf, "heard_doubted", shows, asked(events), &expected);
    let shows = "A clock that was refused, and an answer.";
    let events = vec![start(0), heard(KNOWN + HOUR, KNOWN), TimeEvent::Ran(60)];
    let expected = told(KNOWN + HOUR + 60, "fits", KNOWN + HOUR, KNOWN + HOUR + 60);
    put(shelf, "heard_refused", shows, asked(events), &expected);
    let shows = "An answer never leads below what keys further up have signed.";
    let events = vec![start(KNOWN), heard(KNOWN - YEAR, KNOWN - DAY)];
    put(
        shelf,
        "heard_below_authority",
        shows,
        asked(events),
        &told(KNOWN - DAY, "fits", KNOWN - DAY, KNOWN - DAY),
    );
    let shows = "A local floor that was wrong is healed, and the next start is by the clock.";
    let wrong = TimeAsked {
        local: KNOWN + YEAR,
        doubted: vec![KNOWN + 2 * YEAR],
        ..asked(vec![start(KNOWN), heard(KNOWN, KNOWN), start(KNOWN + HOUR)])
    };
    put(shelf, "heard_heals", shows, wrong, &told(KNOWN + HOUR, "fits", KNOWN, KNOWN + HOUR));
    let shows = "An answer that is newer raises the signed floor alone.";
    let events = vec![start(KNOWN), heard(KNOWN + DAY, KNOWN)];
    put(shelf, "heard_newer", shows, asked(events), &told(KNOWN + DAY, "fits", KNOWN + DAY, KNOWN));
}
