//! What time it is on a machine whose clock may lie (`spec/guard.md` §2).

use sealgate_artifact::{ClockMode, ClockPolicy, UnixSeconds};

/// How far a clock may be ahead of all that is known before it is doubted, in seconds: two days.
const PLAUSIBLE_STEP: u64 = 48 * 60 * 60;
const DAY: u64 = 24 * 60 * 60;
/// So many starts, each on a later day, must agree before a clock that was doubted is believed.
const AGREEING_STARTS: usize = 3;
/// Two starts do not agree if their clocks are further apart: thirty days.
const APART: u64 = 30 * DAY;

/// The times below which a program's time does not run (`spec/guard.md` §2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TimeFloors {
    /// The newest time that stood under a signature which was believed.
    pub signed: UnixSeconds,
    /// What the newest snapshot of revocation data says, and what ran by it. It falls with that snapshot, which another one may replace.
    pub imported: UnixSeconds,
    /// What this machine's clocks showed while the program ran.
    pub local: LocalFloor,
}

/// The newest time that this machine's clocks showed, as far as they are believed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LocalFloor {
    /// Time does not run below it.
    pub at: UnixSeconds,
    /// What a doubted clock showed at starts before: at most two, each on a later day.
    pub doubted: Vec<UnixSeconds>,
}

/// A time by which rights are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    /// It.
    pub at: UnixSeconds,
    /// What the machine's clock showed.
    pub clock: ClockShows,
}

/// What a machine's clock shows, beside what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClockShows {
    /// Nothing to wonder at.
    Fits,
    /// A time before the newest known one, within what the license tolerates. Time runs at the newest known one.
    Behind,
    /// A time so far ahead that nobody knows whether it is true. It counts while the clock shows it, and nothing lasts that follows
    /// from it.
    Doubtful,
    /// Less than the newest snapshot of revocation data says, which nothing else is known to reach. Time runs at that while the snapshot
    /// counts, and nothing lasts that follows from it.
    Imported,
}

impl ClockShows {
    /// Whether what follows from the time lasts.
    pub fn lasts(self) -> bool {
        matches!(self, Self::Fits | Self::Behind)
    }
}

/// The clock is further behind the newest known time than the license tolerates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClockRolledBack {
    /// The newest known time.
    pub known: UnixSeconds,
    /// What the clock shows.
    pub shown: UnixSeconds,
}

impl Default for LocalFloor {
    /// Of a machine of which nothing is known.
    fn default() -> Self {
        Self { at: UnixSeconds::new(0).expect("the first second"), doubted: vec![] }
    }
}

impl TimeFloors {
    /// The highest one.
    pub fn newest(&self) -> UnixSeconds {
        self.lasting().max(self.imported)
    }

    /// The highest of those that no other snapshot takes back.
    pub fn lasting(&self) -> UnixSeconds {
        self.signed.max(self.local.at)
    }

    /// `spec/guard.md` §2.2: the time when a program starts, where the machine's clock shows `wall`.
    pub fn tell(&self, policy: ClockPolicy, wall: UnixSeconds) -> Result<Moment, ClockRolledBack> {
        let known = self.newest();
        let is_imported = known > self.lasting();
        if policy.mode == Some(ClockMode::RunTime) {
            let clock = if is_imported { ClockShows::Imported } else { ClockShows::Fits };
            return Ok(Moment { at: known, clock });
        }
        let tolerance = policy.tolerance.unwrap_or(ClockPolicy::TOLERANCE);
        if wall.plus(tolerance) < known {
            return Err(ClockRolledBack { known, shown: wall });
        }
        let clock = match wall {
            wall if wall < known && is_imported => ClockShows::Imported,
            wall if wall < known => ClockShows::Behind,
            wall if wall > known.plus(PLAUSIBLE_STEP) => ClockShows::Doubtful,
            _ => ClockShows::Fits,
        };
        Ok(Moment { at: known.max(wall), clock })
    }

    /// `spec/guard.md` §2.3: what is known after a start where the machine's clock shows `wall`. A clock that is behind leaves it as it was, and so does one
    /// that is doubted, until starts on three days agree.
    #[must_use]
    pub fn after_start(&self, policy: ClockPolicy, wall: UnixSeconds) -> Self {
        let known = self.newest();
        let local = match self.tell(policy, wall) {
            Err(_) => LocalFloor { at: self.local.at, doubted: vec![] },
            Ok(Moment { clock: ClockShows::Doubtful, .. }) => self.local.doubts(wall),
            Ok(Moment { clock: ClockShows::Imported, .. }) => {
                let lasting = self.lasting();
                let is_believed =
                    policy.mode != Some(ClockMode::RunTime) && wall <= lasting.plus(PLAUSIBLE_STEP);
                LocalFloor { at: if is_believed { lasting.max(wall) } else { lasting }, doubted: vec![] }
            }
            Ok(Moment { at, .. }) => LocalFloor { at: at.max(known), doubted: vec![] },
        };
        Self { local, ..*self }
    }

    /// `spec/guard.md` §2.5: what is known after a server's verified answer, and what keys further up have signed: it heals what a clock that was ahead
    /// left behind. It replaces what a snapshot says, too.
    #[must_use]
    pub fn heard(&self, server: UnixSeconds, authority: UnixSeconds) -> Self {
        let signed = server.max(authority);
        let imported = UnixSeconds::new(0).expect("the first second");
        Self { signed, imported, local: LocalFloor { at: self.local.at.min(signed), doubted: vec![] } }
    }

    /// What is known when a program has run until `believed`, a time of its [`Timeline`].
    #[must_use]
    pub fn after_run(&self, believed: UnixSeconds) -> Self {
        let local = LocalFloor { at: self.local.at.max(believed), doubted: self.local.doubted.clone() };
        Self { local, ..*self }
    }
}

impl LocalFloor {
    fn doubts(&self, wall: UnixSeconds) -> Self {
        let day = |time: UnixSeconds| time.get() / DAY;
        let mut doubted = self.doubted.clone();
        match doubted.last() {
            Some(last) if day(wall) == day(*last) => {}
            Some(last) if *last < wall && wall <= last.plus(APART) => doubted.push(wall),
            _ => doubted = vec![wall],
        }
        if doubted.len() >= AGREEING_STARTS {
            return Self { at: wall, doubted: vec![] };
        }
        Self { at: self.at, doubted }
    }
}

/// `spec/guard.md` §2.4: how time runs in a program, from its start on: by a clock that nobody sets, and that goes on while the machine sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timeline {
    began: Moment,
    /// What was known then and lasts, which a doubted clock is ahead of, and so may a snapshot be.
    known: UnixSeconds,
    /// What that clock showed then, in seconds.
    boot: u64,
}

impl Timeline {
    /// It is `began` now, `known` is the newest time that is believed and lasts, and the clock that nobody sets shows `boot` seconds.
    pub fn begin(began: Moment, known: UnixSeconds, boot: u64) -> Self {
        Self { began, known, boot }
    }

    /// The time when that clock shows `boot` seconds. What follows from a doubted clock is doubted.
    pub fn at(self, boot: u64) -> Moment {
        Moment { at: self.began.at.plus(self.ran(boot)), ..self.began }
    }

    /// The newest time that is believed then, and lasts. A program that started by a doubted clock, or by what a snapshot says, adds what
    /// it ran.
    pub fn believed(self, boot: u64) -> UnixSeconds {
        if self.began.clock.lasts() { self.at(boot).at } else { self.known.plus(self.ran(boot)) }
    }

    /// `spec/guard.md` §2.1: what is known of a snapshot's time `imported` then. What ran by it is not to be run again.
    pub fn imported(self, imported: UnixSeconds, boot: u64) -> UnixSeconds {
        let says_nothing = imported.get() == 0;
        if says_nothing || self.began.clock.lasts() { imported } else { imported.plus(self.ran(boot)) }
    }

    /// `spec/guard.md` §2.1: a running program goes on at the newest of these floors, where it is later than its own time. `floors` hold
    /// what it ran.
    #[must_use]
    pub fn raised(self, floors: &TimeFloors, boot: u64) -> Self {
        let now = self.at(boot);
        let began = match floors.newest() {
            newest if newest <= now.at => now,
            at if at > floors.lasting() => Moment { at, clock: ClockShows::Imported },
            at => Moment { at, clock: ClockShows::Fits },
        };
        Self::begin(began, floors.lasting(), boot)
    }

    /// A server's verified answer says what time it is, which overrides a clock that is ahead. It never goes below what keys
    /// further up have signed.
    #[must_use]
    pub fn heard(self, server: UnixSeconds, authority: UnixSeconds, boot: u64) -> Self {
        let at = server.max(authority);
        Self { began: Moment { at, clock: ClockShows::Fits }, known: at, boot }
    }

    /// How long it has run then, in seconds.
    pub fn ran(self, boot: u64) -> u64 {
        boot.saturating_sub(self.boot)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{ClockMode, ClockPolicy, UnixSeconds};

    use super::{ClockRolledBack, ClockShows, DAY, LocalFloor, Moment, TimeFloors, Timeline};

    const HOUR: u64 = 3_600;
    const YEAR: u64 = 365 * DAY;
    /// When the programs of these tests know what time it is.
    const KNOWN: u64 = 20_000 * DAY;
    const STRICT: ClockPolicy = ClockPolicy { tolerance: Some(0), mode: None };
    const PLAIN: ClockPolicy = ClockPolicy { tolerance: None, mode: None };

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).expect("in range")
    }

    fn floors(signed: u64, local: u64) -> TimeFloors {
        TimeFloors {
            signed: at(signed),
            imported: at(0),
            local: LocalFloor { at: at(local), doubted: vec![] },
        }
    }

    /// The outcomes that decisions 6.1 lists.
    #[test]
    fn an_hour_behind_runs_at_the_newest_known_time_and_strict_refuses() {
        let floors = floors(KNOWN, KNOWN - DAY);
        let wall = at(KNOWN - HOUR);
        assert_eq!(floors.tell(PLAIN, wall), Ok(Moment { at: at(KNOWN), clock: ClockShows::Behind }));
        assert_eq!(floors.tell(STRICT, wall), Err(ClockRolledBack { known: at(KNOWN), shown: wall }));
        assert_eq!(floors.tell(STRICT, at(KNOWN)).map(|now| now.clock), Ok(ClockShows::Fits));
    }

    #[test]
    fn a_year_behind_and_1970_are_refused_and_change_nothing() {
        for known in [floors(KNOWN, 0), floors(0, KNOWN)] {
            for wall in [KNOWN - YEAR, KNOWN - DAY - 1, 0] {
                for policy in [PLAIN, STRICT] {
                    assert_eq!(
                        known.tell(policy, at(wall)),
                        Err(ClockRolledBack { known: at(KNOWN), shown: at(wall) })
                    );
                    assert_eq!(known.after_start(policy, at(wall)), known, "fixing the clock recovers");
                }
            }
            assert!(known.tell(PLAIN, at(KNOWN - DAY)).is_ok(), "as much as the license tolerates");
        }
    }

    #[test]
    fn ten_years_ahead_counts_while_the_clock_shows_it() {
        let known = floors(KNOWN, KNOWN);
        let wall = at(KNOWN + 10 * YEAR);
        assert_eq!(known.tell(PLAIN, wall), Ok(Moment { at: wall, clock: ClockShows::Doubtful }));
        let after = known.after_start(PLAIN, wall);
        assert_eq!(after.newest(), at(KNOWN));
        assert_eq!(
            after.tell(PLAIN, at(KNOWN + HOUR)),
            Ok(Moment { at: at(KNOWN + HOUR), clock: ClockShows::Fits })
        );
    }

    #[test]
    fn what_three_days_agree_on_is_believed() {
        let starts = |walls: &[u64]| {
            walls
                .iter()
                .fold(floors(KNOWN, KNOWN), |known, wall| known.after_start(PLAIN, at(KNOWN + wall)))
                .newest()
        };
        assert_eq!(starts(&[9 * DAY, 10 * DAY, 11 * DAY]), at(KNOWN + 11 * DAY), "a holiday");
        assert_eq!(starts(&[9 * DAY, 9 * DAY + 1, 9 * DAY + 2, 10 * DAY]), at(KNOWN), "two days");
        assert_eq!(starts(&[9 * DAY, 8 * DAY, 9 * DAY]), at(KNOWN), "it was set back in between");
        assert_eq!(
            starts(&[9 * DAY, 10 * DAY, HOUR, 11 * DAY]),
            at(KNOWN + HOUR),
            "it was set right in between"
        );
        assert_eq!(starts(&[YEAR, 2 * YEAR, 3 * YEAR]), at(KNOWN), "they do not agree");
        assert_eq!(starts(&[2 * DAY]), at(KNOWN + 2 * DAY), "a weekend is believed at once");
        assert_eq!(starts(&[2 * DAY + 1]), at(KNOWN));
    }

    #[test]
    fn a_machine_without_a_clock_counts_the_time_that_it_runs() {
        let policy = ClockPolicy { mode: Some(ClockMode::RunTime), tolerance: Some(0) };
        let mut known = floors(KNOWN, KNOWN);
        for wall in [0, KNOWN + YEAR] {
            let now = known.tell(policy, at(wall)).expect("the clock is not read");
            assert_eq!(now, Moment { at: known.newest(), clock: ClockShows::Fits });
            let line = Timeline::begin(now, known.newest(), 5);
            known = known.after_start(policy, at(wall)).after_run(line.believed(5 + HOUR));
        }
        assert_eq!(known.newest(), at(KNOWN + 2 * HOUR));
    }

    #[test]
    fn a_server_overrides_a_clock_that_is_ahead() {
        let began = Moment { at: at(KNOWN + YEAR), clock: ClockShows::Doubtful };
        let line = Timeline::begin(began, at(KNOWN), 100);
        assert_eq!(line.at(160), Moment { at: at(KNOWN + YEAR + 60), clock: ClockShows::Doubtful });
        assert_eq!(line.believed(160), at(KNOWN + 60), "only so much as it ran");
        let heard = line.heard(at(KNOWN), at(KNOWN - DAY), 160);
        assert_eq!(heard.at(170), Moment { at: at(KNOWN + 10), clock: ClockShows::Fits });
        assert_eq!(heard.believed(170), at(KNOWN + 10));
        assert_eq!(line.heard(at(KNOWN - 2 * DAY), at(KNOWN - DAY), 160).at(160).at, at(KNOWN - DAY));
        assert_eq!(line.at(0), began, "it never runs backwards");
    }

    #[test]
    fn a_server_heals_what_a_wrong_clock_left_behind() {
        let wrong = TimeFloors {
            local: LocalFloor { at: at(KNOWN + YEAR), doubted: vec![at(KNOWN + 2 * YEAR)] },
            ..floors(KNOWN, 0)
        };
        assert!(wrong.tell(PLAIN, at(KNOWN + DAY)).is_err());
        let healed = wrong.heard(at(KNOWN + DAY), at(KNOWN));
        assert_eq!(healed, floors(KNOWN + DAY, KNOWN + DAY));
        assert_eq!(
            wrong.heard(at(KNOWN - DAY), at(KNOWN)).newest(),
            at(KNOWN),
            "never below what keys further up signed"
        );
    }

    /// `spec/guard.md` §2.1: what only a snapshot says counts while that snapshot does, and is gone with it.
    #[test]
    fn what_a_snapshot_says_is_gone_with_it() {
        let run_time = ClockPolicy { mode: Some(ClockMode::RunTime), tolerance: None };
        for (policy, wall) in [(run_time, KNOWN), (PLAIN, KNOWN + YEAR - HOUR)] {
            let wall = at(wall);
            let told = TimeFloors { imported: at(KNOWN + YEAR), ..floors(KNOWN, KNOWN - DAY) };
            let now = told.tell(policy, wall).expect("within what is tolerated");
            assert_eq!(now, Moment { at: at(KNOWN + YEAR), clock: ClockShows::Imported });
            let line = Timeline::begin(now, told.lasting(), 5);
            let after = told.after_start(policy, wall).after_run(line.believed(5 + HOUR));
            assert_eq!((after.lasting(), after.imported), (at(KNOWN + HOUR), at(KNOWN + YEAR)));
            assert_eq!(
                line.imported(after.imported, 5 + HOUR),
                at(KNOWN + YEAR + HOUR),
                "it is not run again"
            );
        }
        let told = TimeFloors { imported: at(KNOWN + YEAR), ..floors(KNOWN, KNOWN) };
        assert!(told.tell(PLAIN, at(KNOWN)).is_err());
        assert_eq!(told.after_start(PLAIN, at(KNOWN)), told, "nothing is kept");
        // A clock that has reached it is believed.
        let after = told.after_start(PLAIN, at(KNOWN + YEAR));
        assert_eq!(after.lasting(), at(KNOWN + YEAR));
        assert_eq!(told.heard(at(KNOWN), at(KNOWN)), floors(KNOWN, KNOWN), "a server's word replaces it");
    }

    /// A clock that is believed is so too where it is a little behind what a snapshot says.
    #[test]
    fn a_clock_behind_a_snapshot_is_believed_as_far_as_any_other() {
        let told = TimeFloors { imported: at(KNOWN + 3 * DAY), ..floors(KNOWN, KNOWN - DAY) };
        let run_time = ClockPolicy { mode: Some(ClockMode::RunTime), tolerance: None };
        let wide = ClockPolicy { tolerance: Some(30 * DAY), mode: None };
        let rows = [
            (wide, KNOWN + 2 * DAY, KNOWN + 2 * DAY),
            (wide, KNOWN + 2 * DAY + 1, KNOWN),
            (wide, KNOWN - HOUR, KNOWN),
            (run_time, KNOWN + DAY, KNOWN),
        ];
        for (policy, wall, lasting) in rows {
            let now = told.tell(policy, at(wall)).expect("within what is tolerated");
            assert_eq!(now, Moment { at: at(KNOWN + 3 * DAY), clock: ClockShows::Imported });
            let after = told.after_start(policy, at(wall));
            assert_eq!((after.lasting(), after.imported), (at(lasting), at(KNOWN + 3 * DAY)));
        }
    }

    /// A running program follows what is signed meanwhile.
    #[test]
    fn a_running_program_goes_on_at_a_floor_that_rose() {
        let line = Timeline::begin(Moment { at: at(KNOWN), clock: ClockShows::Fits }, at(KNOWN), 5);
        assert_eq!(line.raised(&floors(KNOWN, KNOWN), 5 + HOUR).at(5 + HOUR), line.at(5 + HOUR));
        let raised = line.raised(&floors(KNOWN + DAY, 0), 5 + HOUR);
        assert_eq!(raised.at(5 + 2 * HOUR), Moment { at: at(KNOWN + DAY + HOUR), clock: ClockShows::Fits });
        let told = TimeFloors { imported: at(KNOWN + DAY), ..floors(KNOWN, KNOWN + HOUR) };
        let raised = line.raised(&told, 5 + HOUR);
        assert_eq!(raised.at(5 + HOUR), Moment { at: at(KNOWN + DAY), clock: ClockShows::Imported });
        assert_eq!(raised.believed(5 + 2 * HOUR), at(KNOWN + 2 * HOUR));
    }

    proptest! {
        /// Whatever the clock shows at starts and however long the program runs, what is known never goes back, and time is never told
        /// below it.
        #[test]
        fn time_never_runs_backwards(
            steps in prop::collection::vec((0u64..40 * YEAR, 0u64..DAY, 0u64..2 * DAY), 1..12), signed in 0u64..30 * YEAR,
        ) {
            let mut known = floors(signed, 0);
            for (wall, ran, tolerance) in steps {
                let policy = ClockPolicy { tolerance: Some(tolerance), mode: None };
                let before = known.newest();
                let told = known.tell(policy, at(wall));
                known = known.after_start(policy, at(wall));
                prop_assert!(known.newest() >= before);
                if let Ok(now) = told {
                    prop_assert!(now.at >= before);
                    known = known.after_run(Timeline::begin(now, before, 0).believed(ran));
                    prop_assert!(known.newest() >= before.plus(ran));
                }
            }
        }

        /// A clock that is at most two days ahead of all that is known, and never behind, is the time.
        #[test]
        fn an_honest_clock_is_believed(pauses in prop::collection::vec(0u64..=48 * HOUR, 1..30)) {
            let (mut known, mut wall) = (floors(KNOWN, KNOWN), KNOWN);
            for pause in pauses {
                wall += pause;
                prop_assert_eq!(known.tell(STRICT, at(wall)), Ok(Moment { at: at(wall), clock: ClockShows::Fits }));
                known = known.after_start(STRICT, at(wall));
                prop_assert_eq!(known.newest(), at(wall));
            }
        }
    }
}
