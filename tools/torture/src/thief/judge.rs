//! After each kind of row: are honest customers served, do the vendor's commands work, does the audit log hold?

use super::den::Den;
use crate::books::Books;
use crate::day::{Day, Place};
use harness::failure::{Doing, Failure, Result};
use harness::process;
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

/// No command of the vendor's takes longer, whatever lies in the tables.
const COMMAND_WITHIN: Duration = Duration::from_secs(10);
/// How much longer a command takes for each row of the vendor's own log that it reads.
const PER_ROW: Duration = Duration::from_millis(1);
/// What a server may log about one kind of row: a warning now and then, and no flood.
const LOGGED_AT_MOST: u64 = 64 * 1024;

/// What a server may need at most, however long and many rows are.
const MEMORY_AT_MOST: u64 = 512 * 1024 * 1024;

/// Judges one day.
pub(super) struct Judge<'a> {
    day: &'a Day,
    den: &'a Den,
    books: Books,
    /// How long each server's log was.
    logged: Vec<u64>,
    looks: usize,
    /// Commands of the vendor's that were judged.
    pub(super) commands: u64,
}

impl<'a> Judge<'a> {
    pub(super) fn new(day: &'a Day, den: &'a Den) -> Self {
        let logged = day.places.iter().map(Place::logged).collect();
        Self { day, den, books: Books::default(), logged, looks: 0, commands: 0 }
    }

    /// Rows of the audit log, which was verified.
    pub(super) fn rows(&self) -> usize {
        self.books.rows()
    }

    /// Notes what is wrong after the thief did this.
    pub(super) fn look(&mut self, after: &str) {
        if let Err(why) = self.day.well() {
            self.wrong(after, &first_line(&why));
        }
        for place in &self.day.places {
            if !place.is_running() {
                self.wrong(after, &Failure::new(format!("the server at {} has ended", place.url)));
            }
        }
        self.look_at_logs(after);
        self.look_at_memory(after);
        if let Err(why) = self.vendor_works() {
            self.wrong(after, &why);
        }
    }

    fn wrong(&self, after: &str, why: &Failure) {
        let why: String = why.to_string().chars().take(600).collect();

        self.day.notes.wrong(format!("after {after}: {why}"));
    }

    fn look_at_logs(&mut self, after: &str) {
        for (at, place) in self.day.places.iter().enumerate() {
            let (before, now) = (self.logged[at], place.logged());
            self.logged[at] = now;
            if now.saturating_sub(before) > LOGGED_AT_MOST {
                let flood = format!("{} logged {} bytes: {}", place.url, now - before, place.last_words());
                self.wrong(after, &Failure::new(flood));
            }
        }
    }

    fn look_at_memory(&self, after: &str) {
        for place in &self.day.places {
            let Some(peak) = place.peak_memory() else { continue };
            if peak > MEMORY_AT_MOST {
                self.wrong(after, &Failure::new(format!("{} needed {peak} bytes of memory", place.url)));
            }
        }
    }

    /// The vendor's daily commands, each of which must show what is really there.
    fn vendor_works(&mut self) -> Result<()> {
        let (day, den) = (self.day, self.den);
        let prey = &den.prey;
        // Not all licenses: honest customers buy them by the thousand meanwhile.
        self.shows(&["license", "list", "--app", &prey.app.id], |list| count(list) > 0)?;
        self.shows(&["license", "show", &prey.license.id], |shown| {
            shown["license_id"] == prey.license.id.as_str()
        })?;
        self.shows(&["app", "list"], |list| {
            has(list, "app_id", &day.app.id) && has(list, "app_id", &prey.app.id)
        })?;
        self.shows(&["token", "list"], |list| count(list) > 0)?;
        self.shows(&["server", "list"], |list| den.honest.iter().all(|id| approved(list, id)))?;
        self.shows(&["device", "list", "--license", &prey.license.id], |list| {
            has(list, "identity", &prey.hwid)
        })?;
        self.shows(&["access", "list", "--app", &prey.app.id], |list| {
            prey.denied.iter().all(|hwid| list.to_string().contains(hwid.as_str()))
        })?;
        self.shows(&["events", "--license", &prey.license.id, "--limit", "5000"], |list| {
            has(list, "kind", "device_bound")
        })?;
        self.shows(&["audit", "list"], |list| count(list) > 0)?;
        self.shows(&["audit", "verify"], |_| true)?;
        self.commands += 2;
        // What the vendor did must have its number, whatever else is in the log.
        self.books.verify(&day.places[0].launch, &day.places[0].url, 1)?;
        if !self.books.tells(&prey.app.id) {
            return Err(Failure::new("the exported audit log does not tell of the app that was created"));
        }
        // One after the other, so that each comes up often enough.
        let lists = [
            &["server", "list"][..],
            &["events"],
            &["access", "list"],
            &["activation", "list"],
            &["device", "list"],
            &["audit", "list"],
        ];
        self.looks += 1;
        self.is_harmless_on_a_terminal(lists[self.looks % lists.len()])
    }

    fn shows(&mut self, verb: &[&str], good: impl Fn(&Value) -> bool) -> Result<()> {
        let (place, begin) = (&self.day.places[0], Instant::now());
        let said = process::capture(&mut place.launch.vendor(&place.url, verb))?;
        let took = begin.elapsed();
        self.commands += 1;
        let shown: Value = serde_json::from_str(&said).doing(format_args!("read what {verb:?} says"))?;
        if !good(&shown) {
            return Err(Failure::new(format!("{verb:?} does not show what is there: {shown}")));
        }
        // What the vendor's own log holds takes its time, and honest customers fill it meanwhile.
        let of_the_log = if verb.first() == Some(&"audit") {
            PER_ROW * u32::try_from(self.rows()).unwrap_or(u32::MAX)
        } else {
            Duration::ZERO
        };
        if took > COMMAND_WITHIN + of_the_log {
            return Err(Failure::new(format!("{verb:?} took {took:?}")));
        }
        Ok(())
    }

    /// What is printed for people steers no terminal and turns no text around.
    fn is_harmless_on_a_terminal(&mut self, verb: &[&str]) -> Result<()> {
        let place = &self.day.places[0];
        let mut command = Command::new(&place.launch.binary);
        command.args(["--url", &place.url, "--data"]).arg(place.launch.data()).args(verb);
        let said = process::capture(&mut command)?;
        self.commands += 1;
        let steers = |c: char| {
            (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        match said.chars().find(|c| steers(*c)) {
            None => Ok(()),
            Some(c) => Err(Failure::new(format!("{verb:?} prints {c:?}"))),
        }
    }
}

/// Whether one of the list's items says this.
pub(super) fn has(list: &Value, name: &str, value: &str) -> bool {
    list.as_array().into_iter().flatten().any(|item| item[name] == value)
}

fn approved(list: &Value, id: &str) -> bool {
    let mut servers = list.as_array().into_iter().flatten();
    servers.any(|server| server["server_id"] == id && server["status"] == "approved")
}

fn count(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

fn first_line(failure: &Failure) -> Failure {
    Failure::new(failure.to_string().lines().next().unwrap_or_default())
}
