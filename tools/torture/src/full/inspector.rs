//! What is asked while something has run out, and how the answers are judged.

use super::asking::{self, Said};
use super::kind::{Harm, Kind};
use crate::client::{Answer, Issued, text};
use crate::day::Day;
use crate::random::Random;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long nothing may have been written while `/readyz` is green, and how often in a row it may be green then: the last
/// bytes of a disk let something small through.
const TOLD_WITHIN: Duration = Duration::from_millis(1_500);
const UNTOLD: u32 = 5;

/// What was seen over all rounds.
#[derive(Default)]
pub(super) struct Figures {
    /// Writes that were refused in the way they must be.
    pub(super) refused: AtomicU64,
    /// Questions that were answered meanwhile.
    pub(super) answered: AtomicU64,
    /// How often `/readyz` told that nothing can be written.
    pub(super) told: AtomicU64,
}

/// Asks the servers, and knows what they may not say.
pub(super) struct Inspector<'a> {
    day: &'a Day,
    figures: &'a Figures,
    harm: Harm,
    /// Whether files with keys may not be made.
    no_files: bool,
    looks: u32,
    writes: Vec<Writes>,
    /// How often it did not answer where it need not.
    pub(super) silent: u64,
}

/// Whether writes go through at one server.
#[derive(Default)]
struct Writes {
    dead_since: Option<Instant>,
    untold: u32,
}

impl<'a> Inspector<'a> {
    /// Has asked nothing yet.
    pub(super) fn new(day: &'a Day, figures: &'a Figures, kind: Kind, harm: Harm) -> Self {
        let writes = day.places.iter().map(|_| Writes::default()).collect();
        let no_files = matches!(kind, Kind::Data | Kind::Both | Kind::FileSize);
        Self { day, figures, harm, no_files, looks: 0, writes, silent: 0 }
    }

    /// Asks the server there everything once.
    pub(super) fn look(&mut self, at: usize, random: &mut Random) {
        if self.harm == Harm::Server && asking::get(&self.url(at, "/healthz"), "").is_err() {
            self.silent += 1;
            return;
        }
        self.looks += 1;
        self.read(at, random);
        if at == 0 {
            self.write_as_vendor(random);
        }
        self.bind(at, random);
        self.is_told(at);
    }

    /// How many writes were refused.
    pub(super) fn refused(&self) -> u64 {
        self.figures.refused.load(Ordering::Relaxed)
    }

    fn read(&self, at: usize, random: &mut Random) {
        // Where each may have to wait, a few must do.
        let (first, count) =
            if self.harm < Harm::Database { (0, usize::MAX) } else { (self.looks as usize % 7, 2) };
        for (who, answer) in self.day.answers(at, first, random).take(count) {
            match answer {
                Answer::Yes => self.answered(),
                Answer::No(why) => self.wrong(at, &format!("{who} is denied: {why}")),
                Answer::Unanswered(why) if self.harm <= Harm::Writes => {
                    self.wrong(at, &format!("{who} is not served: {why}"));
                }
                Answer::Unanswered(_) => {}
            }
        }
        if at == 0 {
            let path = format!("/api/v1/licenses/{}", self.day.open_house.id);
            match asking::get(&self.url(at, &path), &self.day.token) {
                Ok(said) if said.status == 200 => self.answered(),
                Ok(said) if self.harm > Harm::Writes && said.is_not_now() => {}
                Err(_) if self.harm == Harm::Server => {}
                other => self.wrong(at, &format!("get {path}: {other:?}")),
            }
        }
    }

    fn write_as_vendor(&mut self, random: &mut Random) {
        let order = json!({ "app_id": self.day.app.id, "count": 1, "label": random.hex(1) });
        if let Some(body) = self.write(0, "/api/v1/licenses", &order) {
            let license = &body["licenses"][0];
            match (text(license, "license_id"), text(license, "license_key")) {
                (Ok(id), Ok(key)) => self.day.ledger.issued(0, &Issued { id, key }),
                _ => self.wrong(0, &format!("an order was answered with {body}")),
            }
        }
        if self.looks % 4 == 1 {
            self.make_an_app(random);
        }
    }

    /// Which makes keys, and these are files.
    fn make_an_app(&mut self, random: &mut Random) {
        let (path, app) = ("/api/v1/apps", json!({ "name": format!("App {}", random.hex(1)) }));
        if !self.no_files {
            self.write(0, path, &app);
            return;
        }
        match asking::post(&self.url(0, path), &self.day.token, &app) {
            Ok(said) if said.status == 201 => {}
            Ok(said) if said.is_not_now() => {
                self.figures.refused.fetch_add(1, Ordering::Relaxed);
            }
            other => self.wrong(0, &format!("post {path}: {other:?}")),
        }
    }

    /// A new device, which needs a seat.
    fn bind(&mut self, at: usize, random: &mut Random) {
        let (app, device) = (&self.day.app, random.hex(4));
        let question = json!({
            "appId": app.id, "appSecret": app.secret, "licenseKey": self.day.open_house.key, "hwid": device,
            "nonce": random.hex(2),
        });
        if self.write(at, "/auth/validate", &question).is_some() {
            self.day.ledger.bound(&self.day.open_house, &device);
        }
    }

    /// Returns the answer if it was done. It may only be refused for now, and only where nothing can be written.
    fn write(&mut self, at: usize, path: &str, body: &Value) -> Option<Value> {
        match asking::post(&self.url(at, path), &self.day.token, body) {
            Ok(Said { status: 200 | 201, body, .. }) => {
                self.writes[at] = Writes::default();
                Some(body)
            }
            Ok(said) if self.harm > Harm::None && said.is_not_now() => {
                self.figures.refused.fetch_add(1, Ordering::Relaxed);
                self.writes[at].dead_since.get_or_insert_with(Instant::now);
                None
            }
            Err(_) if self.harm == Harm::Server => None,
            other => {
                self.wrong(at, &format!("post {path}: {other:?}"));
                None
            }
        }
    }

    /// `/readyz` must be red where nothing could be written for a while.
    fn is_told(&mut self, at: usize) {
        let Some(since) = self.writes[at].dead_since.filter(|since| since.elapsed() > TOLD_WITHIN) else {
            return;
        };
        match asking::get(&self.url(at, "/readyz"), "") {
            Ok(said) if said.status == 503 => {
                self.writes[at].untold = 0;
                self.figures.told.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) => {
                self.writes[at].untold += 1;
                if self.writes[at].untold >= UNTOLD {
                    self.wrong(at, &format!("ready, although nothing was written for {:?}", since.elapsed()));
                }
            }
            Err(_) if self.harm == Harm::Server => {}
            Err(why) => self.wrong(at, &format!("/readyz: {why}")),
        }
    }

    fn url(&self, at: usize, path: &str) -> String {
        format!("{}{path}", self.day.places[at].url)
    }

    fn answered(&self) {
        self.figures.answered.fetch_add(1, Ordering::Relaxed);
    }

    fn wrong(&self, at: usize, what: &str) {
        self.day.notes.wrong(format!("at {}: {what}", self.day.places[at].url));
    }
}
