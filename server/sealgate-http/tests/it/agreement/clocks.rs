//! Clocks that are set wrong and right again, each server's its own.

use proptest::prelude::*;
use sealgate_authority::CLOCK_TOLERANCE_SECONDS;
use sealgate_testkit::{TestApp, request};
use serde_json::{Value, json};

use super::model::is_doubted_after;
use super::servers::{Servers, VENDOR};
use super::steps::{Ask, Delivery, LICENSES, Manner, Online, Validate};
use super::wires::shown;
use super::world::{World, text};

/// `docs/book/operators.md`: a clock that keeps its setting for so long is taken as right. By then somebody has set it right.
const TAKEN_AS_RIGHT: u64 = 3600;
/// Within a minute everything is made anew that a clock that was ahead had signed, or in so many more seconds if that clock
/// was ahead by minutes only. A bundle is shown for a second.
const MADE_ANEW: u64 = 62;
const PUT_OFF: u64 = 420;
const BUNDLE: u64 = 2;

const CLOCK: &str = "/api/v1/clock";
const ACCEPT: &str = "/api/v1/clock/accept";
/// How far a clock may be wrong that an operator takes as right.
const OVERLOOKED: u64 = 3600;

/// What was done to the servers' clocks.
pub(crate) struct Clocks {
    /// How far each is ahead, and since when.
    wrong: Vec<Option<(i64, u64)>>,
    /// Servers that were started while their clock was wrong, or whose operator accepted it then: they cannot know, and doubt it
    /// when it is right again.
    misled: Vec<bool>,
    /// Whether nothing is left that was signed by a clock that was wrong.
    settled: bool,
    /// Whether a database that went back forgot a server's address.
    lost: bool,
    kept: Kept,
}

/// The copy of the database that was made last.
struct Kept {
    /// Whether a server was started at another address since.
    moved: bool,
    /// Whether nothing was in it that was signed by a clock that was wrong.
    settled: bool,
}

impl Clocks {
    pub(crate) fn right(servers: usize) -> Self {
        Self {
            wrong: vec![None; servers],
            misled: vec![false; servers],
            settled: true,
            lost: false,
            kept: Kept { moved: false, settled: true },
        }
    }

    pub(crate) fn kept(&mut self) {
        // A copy of a database that forgot the address forgets it again.
        self.kept = Kept { moved: self.lost, settled: self.settled };
    }

    /// Whether a server was started since the database was copied aside.
    pub(crate) fn has_moved(&self) -> bool {
        self.kept.moved
    }

    pub(crate) fn went_back(&mut self) {
        self.lost |= self.kept.moved;
        self.settled &= self.kept.settled && !self.kept.moved;
    }

    /// Whether every server shows a certificate. Servers that certify each other by different clocks take turns at that.
    pub(crate) fn are_settled(&self) -> bool {
        self.settled
    }

    pub(crate) fn started(&mut self, at: usize) {
        self.takes(at);
        self.kept.moved = true;
    }

    /// That server takes its clock as right.
    fn takes(&mut self, at: usize) {
        self.misled[at] = self.wrong[at].is_some();
    }
}

impl Servers {
    /// After a run that failed on the way, or that left a server in doubt.
    pub(crate) fn set_right(&mut self) {
        for at in 0..self.count() {
            if let Some((ahead, _)) = self.clocks.wrong[at].take() {
                self.at(at).clock.set_by(-ahead);
            }
            if self.clocks.misled[at] {
                self.restart(at);
            }
            if at == VENDOR {
                // A clock that was ahead with an operator's word may have noted the time.
                accept_clock(self.first(), set_by(self.first()));
            }
        }
        if !self.clocks.settled {
            self.work_off();
            (self.clocks.settled, self.clocks.lost) = (true, false);
        }
    }

    /// What a clock showed last that nobody doubted.
    pub(super) fn noted_time(&self) -> Option<u64> {
        let noted = self.first().texts("SELECT value FROM installation WHERE name = 'noted_time'");
        noted.first().map(|noted| noted.parse().expect("a number"))
    }

    /// Lets what clocks that were wrong have signed be made anew. Returns how long that took.
    fn work_off(&self) -> u64 {
        let mut passed = self.work_through(MADE_ANEW);
        // No job is due later than a minute after it ran, unless a clock said so that was ahead.
        if self.first().count(&format!("jobs WHERE due_at > {} + 60", self.first().clock.seconds())) > 0 {
            passed += self.work_through(PUT_OFF);
        }
        self.all().for_each(|server| server.clock.advance(BUNDLE));
        passed + BUNDLE
    }

    /// Lets so much time pass, and what is due then be done, by whichever server does it. Returns how much passed.
    fn work_through(&self, seconds: u64) -> u64 {
        let mut passed = 0;
        // The database may have been copied aside while a job ran. Its lease ends first then.
        for seconds in [seconds, PUT_OFF] {
            self.all().for_each(|server| server.clock.advance(seconds));
            passed += seconds;
            if (0..500).any(|_| self.is_worked_off()) {
                return passed;
            }
        }
        panic!("the jobs are not done");
    }

    fn is_worked_off(&self) -> bool {
        self.all().for_each(TestApp::run_jobs);
        let now = self.first().clock.seconds();
        self.first().count(&format!("jobs WHERE due_at <= {now} OR holder IS NOT NULL")) == 0
    }
}

impl World<'_> {
    /// Whether what that server shows must verify. One that is certified by another server waits for that one's clock.
    pub(super) fn is_certified(&self, at: usize) -> bool {
        let clocks = &self.servers.clocks;
        clocks.settled || at == VENDOR && !clocks.lost
    }

    /// A clock that was doubted at the start is set right at once: it takes any other setting as right, too, that is not far
    /// after the noted time.
    pub(super) fn set(&mut self, at: usize, ahead: i64) {
        let now = self.beliefs.any().now();
        let was = self.servers.clocks.wrong[at].map_or(0, |(ahead, _)| ahead);
        if ahead == was || ahead != 0 && self.beliefs.any().is_paused(at) {
            return;
        }
        self.servers.at(at).clock.set_by(ahead - was);
        if at == VENDOR {
            // It looks before its clock is set again.
            self.set_by();
        }
        let clocks = &mut self.servers.clocks;
        clocks.wrong[at] = (ahead != 0).then_some((ahead, now));
        clocks.settled &= ahead == 0;
        self.beliefs.surely(|model| model.set(at, ahead));
    }

    pub(super) fn advance(&mut self, seconds: u64) {
        self.mend_clocks(self.beliefs.any().now() + seconds);
        self.servers.all().for_each(|server| server.clock.advance(seconds));
        self.beliefs.surely(|model| model.advance(seconds));
    }

    /// Sets those right that would be taken as right by then.
    fn mend_clocks(&mut self, then: u64) {
        for at in 0..self.servers.count() {
            if self.servers.clocks.wrong[at].is_some_and(|(_, since)| then >= since + TAKEN_AS_RIGHT) {
                self.set(at, 0);
            }
        }
    }

    /// All clocks are right again, and a minute has passed: nobody is refused for what they showed.
    pub(super) fn settle(&mut self) -> Result<(), TestCaseError> {
        (0..self.servers.count()).for_each(|at| self.set(at, 0));
        self.accept()?;
        self.greet();
        let passed = self.servers.work_off();
        self.beliefs.surely(|model| model.advance(passed));
        (self.servers.clocks.settled, self.servers.clocks.lost) = (true, false);
        for at in 0..self.servers.count() {
            let ready = request("GET", &format!("{}/readyz", self.servers.at(at).url), None, &Value::Null);
            prop_assert!(
                ready.status == 200 || at != VENDOR && self.servers.clocks.misled[at],
                "{}",
                shown(&ready)
            );
            self.honest_customers_ask(at)?;
        }
        self.look_back()?;
        self.sold_licenses_verify()
    }

    /// What the server that serves the vendor says of its clock is what the model says. An operator accepts it, unless it is wrong
    /// by days.
    pub(super) fn accept(&mut self) -> Result<(), TestCaseError> {
        let set_by = self.set_by();
        let model = self.beliefs.any();
        let (expected, ahead) = (model.set_by(VENDOR), model.ahead(VENDOR));
        prop_assert!(
            (set_by == 0) == (expected == 0) && set_by.abs_diff(expected) <= CLOCK_TOLERANCE_SECONDS,
            "the clock was set by {}, says the server; {}",
            set_by,
            expected
        );
        if set_by != 0 && ahead.unsigned_abs() <= OVERLOOKED {
            accept_clock(self.servers.first(), set_by);
            self.servers.clocks.takes(VENDOR);
            self.beliefs.surely(|model| model.takes_clock(VENDOR, 0));
        }
        Ok(())
    }

    /// Whether the clock is doubted after a start. It may have been noted once more before the server ended, or after a start
    /// without a doubt.
    pub(super) fn looks_after_start(&mut self, before: Option<u64>) -> Result<(), TestCaseError> {
        let (set_by, shown) = (self.set_by(), self.beliefs.any().clock(VENDOR));
        let noted = self.servers.noted_time();
        let gap = |noted: u64| shown.cast_signed() - noted.cast_signed();
        if set_by == 0 {
            let is_far = before.is_some_and(|before| is_doubted_after(gap(before)));
            prop_assert!(!is_far || noted != before, "{shown} is far from {before:?}");
            self.beliefs.surely(|model| model.takes_clock(VENDOR, 0));
        } else {
            let expected = noted.map(gap).filter(|gap| is_doubted_after(*gap));
            prop_assert_eq!(Some(set_by), expected, "{} is not far from {:?}", shown, noted);
            self.beliefs.surely(|model| model.starts_after(VENDOR, set_by));
        }
        Ok(())
    }

    /// By how much the clock was set, as the server that serves the vendor says; 0 if it is not doubted.
    fn set_by(&self) -> i64 {
        set_by(self.servers.first())
    }

    /// A server that finds that the database forgot its address says it again when it is asked, and is approved for it.
    fn greet(&mut self) {
        if self.servers.clocks.lost {
            self.advance(BUNDLE);
            for at in 0..self.servers.count() {
                self.servers.at(at).read_changes();
                let nobody = self.keys[0].question(&self.builds[at], "nobody", 0, &[]);
                self.servers.at(at).ask_online(&nobody);
            }
            self.servers.first().approve_servers();
        }
    }

    /// Everybody who may, on both wires. From now on what they are shown must verify.
    fn honest_customers_ask(&mut self, at: usize) -> Result<(), TestCaseError> {
        for license in 0..LICENSES {
            let nonce = 255;
            let validate = Validate { license, hwid: 0, nonce, manner: Manner::Usual };
            let online = Online { license, key: 0, nonce, by_id: false };
            for ask in [Ask::Validate(validate), Ask::Online(online)] {
                self.deliver((at, false), Delivery::Arrives, &ask)?;
            }
        }
        Ok(())
    }

    /// What was sold meanwhile has begun, and its file verifies.
    fn sold_licenses_verify(&self) -> Result<(), TestCaseError> {
        let (server, now) = (self.servers.first(), self.beliefs.any().now());
        for (serial, answer) in self.first.iter().enumerate() {
            let Some(answer) = answer else { continue };
            let answer: Value = serde_json::from_slice(answer).expect("JSON");
            let license = &answer["licenses"][0];
            if license.is_null() || !self.beliefs.any().was_done(serial) {
                continue;
            }
            let judged = server.chain(&self.editor, license).judge(now);
            prop_assert!(judged.is_ok(), "{:?}", judged);
            let id = text(&license["license_id"]);
            let began = format!("licenses WHERE license_id = '{id}' AND not_before <= {now}");
            prop_assert_eq!(server.count(&began), 1, "the license has not begun");
        }
        Ok(())
    }
}

/// By how much its clock was set, as it says; 0 if it is not doubted.
fn set_by(server: &TestApp) -> i64 {
    let clock = server.api("GET", CLOCK, &Value::Null).expect(200);
    let set_by = clock["set_by"].as_i64().expect("a number");
    assert_eq!(clock["in_doubt"], json!(set_by != 0));
    set_by
}

fn accept_clock(server: &TestApp, set_by: i64) {
    let accepted = server.api("POST", ACCEPT, &json!({ "set_by": set_by })).expect(200);
    assert_eq!(accepted["in_doubt"], json!(false));
}
