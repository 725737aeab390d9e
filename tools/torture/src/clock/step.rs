//! One step: clocks are set wrong, perhaps a server is started meanwhile, and they are set right again.

use super::bought::{self, Bought};
use super::wrong::{BEHIND, STEPS, Start, UNSEEN, Wrong};
use crate::client::expect;
use crate::day::Day;
use crate::random::Random;
use harness::failure::Result;
use serde_json::json;
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

/// A wrong clock stays for up to this long after all that is promised was seen.
const STAYS_MS: u64 = 300;
/// One step in so many has a restart.
const RESTART_IN: u64 = 10;
/// One step in so many has a rotation of keys while the clock is wrong; a keyset has room for so many.
const ROTATION_IN: u64 = 20;
const ROTATIONS: u32 = 6;
/// By then every server shows it.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

/// What the steps did.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    restarts: u32,
    rotations: u32,
    bought: u32,
    refused_for_the_clock: u32,
    steps: u32,
    apart: u64,
}

/// When a server is started in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Restart {
    Never,
    /// It runs while its clock is set.
    AfterTheSetting,
    /// It is down while its clock is set.
    WithTheSetting,
}

impl Clocks {
    pub(super) fn step(&mut self, day: &Day, random: &mut Random) -> Result<()> {
        // Of its own: how often somebody must be asked until all is well is no choice, and must not change the next one.
        let random = &mut Random::new(random.next());
        let (restart, wrong) = choose(day, random);
        self.steps += 1;
        let step = self.steps;
        let scene = |now| day.notes.set_scene(format!("step {step}, {now}: {wrong:?}, restart {restart:?}"));
        scene("wrong");
        let starts = self.go_wrong(day, (restart, wrong), random)?;
        let bought = self.sell(day)?;
        thread::sleep(Duration::from_millis(random.below(STAYS_MS)));

        day.trouble();
        scene("right again");
        set(day, Wrong::default(), starts)?;
        let right_since = Instant::now();
        if wrong.deceives_devices() {
            start_again(day, starts)?;
            self.apart += day.list_apart(random)?;
            bought::is_served(day, &bought, Instant::now(), random)?;
            return day.well().map(drop);
        }
        bought::is_served(day, &bought, right_since, random)?;
        day.well()?;
        if starts == [Start::default(); 2] {
            return Ok(());
        }
        day.trouble();
        start_again(day, starts)?;
        day.well().map(drop)
    }

    fn go_wrong(
        &mut self,
        day: &Day,
        (restart, wrong): (Restart, Wrong),
        random: &mut Random,
    ) -> Result<[Start; 2]> {
        let mut starts = [Start::default(); 2];
        day.trouble();
        if restart == Restart::WithTheSetting {
            self.start_misled(day, wrong, &mut starts, Start::Warned)?;
        } else {
            set(day, wrong, starts)?;
        }
        if random.below(ROTATION_IN) == 0 && self.rotations < ROTATIONS {
            self.rotate(day)?;
        }
        day.well()?;
        if restart == Restart::AfterTheSetting {
            day.trouble();
            self.start_misled(day, wrong, &mut starts, Start::Misled)?;
            day.well()?;
        }
        Ok(starts)
    }

    /// Starts every server whose clock is wrong.
    fn start_misled(
        &mut self,
        day: &Day,
        wrong: Wrong,
        starts: &mut [Start; 2],
        start: fn(i64) -> Start,
    ) -> Result<()> {
        let places = || day.places.iter().enumerate().filter(|(at, _)| wrong.servers[*at] != 0);
        for (at, place) in places() {
            place.kill()?;
            starts[at] = start(wrong.servers[at]);
        }
        set(day, wrong, *starts)?;
        for (_, place) in places() {
            place.start()?;
            self.restarts += 1;
        }
        Ok(())
    }

    /// A keyset that is signed while clocks are wrong. Before all is well: another server shows it up to a second later, and
    /// until then clients that have it are refused there.
    fn rotate(&mut self, day: &Day) -> Result<()> {
        self.rotations += 1;
        let (status, body) = day.vendor().post("/api/v1/keys/rotate", &json!({ "use": "issuer" }))?;
        self.count_refusal(day, expect(status, &[200], "rotate a key", &body))?;
        thread::sleep(SHOWN_WITHIN);
        Ok(())
    }

    /// A license that is sold while clocks are wrong.
    fn sell(&mut self, day: &Day) -> Result<Vec<Bought>> {
        let order = json!({ "app_id": day.app.id, "count": 1, "max_devices": 2, "label": "bought" });
        match day.vendor().order(&order) {
            Ok(license) => {
                self.bought += 1;
                Ok(vec![Bought::new(day, license)?])
            }
            refused => self.count_refusal(day, refused.map(drop)).map(|()| vec![]),
        }
    }

    fn count_refusal(&mut self, day: &Day, outcome: Result<()>) -> Result<()> {
        match outcome {
            Err(why) if day.is_refused_for_the_clock(&why) => {
                self.refused_for_the_clock += 1;
                Ok(())
            }
            outcome => outcome,
        }
    }
}

/// What an operator does whose server doubts the right clock.
fn start_again(day: &Day, starts: [Start; 2]) -> Result<()> {
    for (at, place) in day.places.iter().enumerate() {
        if starts[at] != Start::Right {
            place.kill()?;
            place.start()?;
        }
    }
    set(day, Wrong::default(), [Start::default(); 2])
}

/// Sets all clocks, and what is promised then.
fn set(day: &Day, wrong: Wrong, starts: [Start; 2]) -> Result<()> {
    for (at, place) in day.places.iter().enumerate() {
        place.promise(wrong.promises(at, starts[at]));
        place.set_clock(wrong.servers[at])?;
    }
    day.devices.set(wrong.devices);
    Ok(())
}

fn choose(day: &Day, random: &mut Random) -> (Restart, Wrong) {
    let ahead = one_of(STEPS, random);
    let restart = match random.below(2 * RESTART_IN) {
        0 => Restart::AfterTheSetting,
        1 => Restart::WithTheSetting,
        _ => Restart::Never,
    };
    // Most machines that start with a wrong clock have lost the time.
    let ahead = match restart {
        Restart::WithTheSetting if random.below(2) == 0 => one_of(BEHIND, random),
        _ => ahead,
    };
    // Whether the first server doubts a clock with which it ran before depends on whether it had noted the time by then.
    let restart = match restart {
        Restart::AfterTheSetting if ahead > UNSEEN => Restart::WithTheSetting,
        other => other,
    };
    let servers = |servers| Wrong { servers, devices: 0 };
    let wrong = match (random.below(4), day.places.len()) {
        // Devices keep the time when servers lose it.
        (0, _) if restart != Restart::Never && ahead < 0 => servers([ahead, 0]),
        // A whole network has a wrong clock; who is asked was started in it.
        (0, _) if restart != Restart::Never => Wrong { servers: [ahead, ahead], devices: ahead },
        (0, _) => Wrong { servers: [0, 0], devices: ahead },
        (_, 1) | (1, _) => servers([ahead, 0]),
        (2, _) => servers([0, ahead]),
        _ => servers([ahead, ahead]),
    };
    (restart, wrong)
}

fn one_of(all: [i64; 4], random: &mut Random) -> i64 {
    all[usize::try_from(random.below(all.len() as u64)).expect("below four")]
}

impl fmt::Display for Clocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} starts with a wrong clock, {} licenses sold and {} keys rotated by wrong clocks, {} of these refused for the \
             clock, {} clients listed apart",
            self.restarts, self.bought, self.rotations, self.refused_for_the_clock, self.apart
        )
    }
}
