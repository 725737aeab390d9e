//! Somebody has a copy of a runtime's directory and its database user, and tries every table and every kind of row. Then the
//! vendor follows the guide, and is free of him.

mod attempts;
mod blows;
mod catalog;
mod den;
mod fill;
mod freed;
mod guide;
mod judge;
mod sql;
mod values;

use crate::client::Answer;
use crate::day::{Day, Setting};
use crate::options::{Common, Engine};
use crate::random::Random;
use attempts::{Kind, Means};
use catalog::Table;
use den::{Den, THIEF};
use harness::failure::{Failure, Result};
use judge::Judge;
use sql::Database;
use std::fmt;
use std::path::Path;

/// Rounds, in each of which another row is copied and changed. The short form looks after some tables, the whole form after
/// each kind of row.
const SHORT: u32 = 1;
const WHOLE: u32 = 1;
const TABLES_BETWEEN_LOOKS: usize = 3;
/// The honest runtime's database user.
const HONEST: &str = "honest";

/// How to torture.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
}

/// What was tried.
#[derive(Default)]
struct Figures {
    tables: usize,
    writable: usize,
    kinds: u64,
    done: u64,
    refused: u64,
    forbidden: u64,
    held: u64,
    connections: usize,
    commands: u64,
    audit_rows: usize,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} tables ({} of which he may write), {} kinds of rows, {} statements carried out, {} refused for what they \
             say, {} for want of a right, {} locks held, {} connections, {} commands of the vendor, {} audit rows verified",
            self.tables,
            self.writable,
            self.kinds,
            self.done,
            self.refused,
            self.forbidden,
            self.held,
            self.connections,
            self.commands,
            self.audit_rows
        )
    }
}

/// Lets the thief in.
pub(crate) fn run(binary: &Path, options: &Options) -> Result<()> {
    for engine in options.common.engines(&[Engine::Postgres]) {
        let (seed, rounds) = (options.common.seed(), options.common.rounds(SHORT, WHOLE));
        println!("thief {}: seed {seed}, {rounds} rounds", engine.name());
        let day = Setting { between: &with_a_user_of_its_own, ..Setting::new(binary, engine) }.begin()?;
        let den = Den::dig(&day, &mut Random::new(seed))?;
        let mut figures = Figures::default();
        let outcome = day.work(seed, |day, random| {
            let judge = Judge::new(day, &den);
            let mut theft = Theft { day, den: &den, figures: &mut figures, judge, not_looked_at: vec![] };
            theft.go(rounds, options.common.is_short(), random)
        });
        println!("thief {}: {figures}", engine.name());
        if let Err(why) = &outcome {
            day.notes.wrong(why.to_string());
        }
        day.close(&format!("thief {}, seed {seed}, {rounds} rounds", engine.name()))?;
        outcome?;
    }
    Ok(())
}

/// The honest runtime has the documented rights, too, and shares its user with nobody.
fn with_a_user_of_its_own(at: usize, url: &str) -> String {
    if at == 0 {
        return url.to_owned();
    }
    let made = Database::new(url).and_then(|owner| owner.script(&guide::rights(HONEST)?));
    match made.and_then(|()| den::as_user(url, HONEST)) {
        Ok(url) => url,
        Err(why) => {
            // The server will not start with the guide's rights missing; this says why.
            eprintln!("{why}");
            url.replace("postgres@", "nobody@")
        }
    }
}

struct Theft<'a> {
    day: &'a Day,
    den: &'a Den,
    figures: &'a mut Figures,
    judge: Judge<'a>,
    /// Tables whose rows nobody has looked at yet.
    not_looked_at: Vec<String>,
}

impl Theft<'_> {
    fn go(&mut self, rounds: u32, short: bool, random: &mut Random) -> Result<()> {
        self.he_serves()?;
        let tables = catalog::read(&self.den.owner, &self.den.thief)?;
        self.figures.tables = tables.len();
        self.figures.writable = tables.iter().filter(|table| table.is_writable()).count();
        let prey = &self.den.prey;
        let ids = [prey.app.id.clone(), prey.license.id.clone()];
        let many = if short { 50 } else { 300 };
        let means = Means { prey: &ids, decoys: &self.den.decoys, foreign: &self.den.foreign, many };
        self.is_forbidden(&tables, random)?;
        self.figures.connections = blows::crowd(self.day, self.den)?;
        self.judge.look("many connections");
        for _ in 0..rounds {
            for table in &tables {
                self.writes(table, &means, short, random)?;
            }
        }
        self.holds(&tables, short, random)?;
        for blow in blows::blows(self.day, self.den)? {
            self.figures.done += blows::strike(self.day, self.den, &blow)?;
            self.judge.look(blow.name);
        }
        self.figures.done += fill::fill(self.day, self.den, &mut self.judge, short, random)?;
        self.vendor_gets_free(&tables, &means, random)
    }

    /// Until he is locked out he answers as the stolen server, and a customer believes him.
    fn he_serves(&self) -> Result<()> {
        den::start_as_authority(&self.den.his, self.day.folder())?;
        self.den.his.start()?;
        match self.den.customer.ask_him() {
            Answer::Yes => Ok(()),
            other => Err(Failure::new(format!("the stolen server is no bait: it says {other:?}"))),
        }
    }

    /// What he may not do, the database refuses, and his rights are afterwards what they were.
    fn is_forbidden(&mut self, tables: &[Table], random: &mut Random) -> Result<()> {
        let of_tables = tables.iter().flat_map(|table| attempts::forbidden(table, THIEF, random));
        let mut statements: Vec<String> = of_tables.collect();
        statements.extend(attempts::forbidden_elsewhere("postgres"));
        let outcomes = self.den.thief.try_each(statements.iter().map(String::as_str))?;
        for (outcome, statement) in outcomes.iter().zip(&statements) {
            if outcome.is_forbidden() {
                self.figures.forbidden += 1;
            } else {
                self.day.notes.wrong(format!("not forbidden, but {}: {statement}", outcome.state));
            }
        }
        self.judge.look("what is forbidden");
        self.has_one_database()
    }

    /// What he makes in another database would outlive the guide's steps.
    fn has_one_database(&self) -> Result<()> {
        for name in ["postgres", "template1"] {
            if self.den.thief.beside(name)?.rows("SELECT lo_create(0)").is_ok() {
                self.day.notes.wrong(format!("the thief gets into the database {name}"));
            }
        }
        Ok(())
    }

    fn writes(&mut self, table: &Table, means: &Means, short: bool, random: &mut Random) -> Result<()> {
        let kinds = attempts::permitted(table, means, random);
        if table.is_writable() && kinds.is_empty() {
            return Err(Failure::new(format!("{} has no row to copy, so it would not be tried", table.name)));
        }
        for kind in &kinds {
            self.writes_kind(kind)?;
            if !short {
                self.judge.look(&kind.name);
            }
        }
        if short && !kinds.is_empty() {
            self.not_looked_at.push(table.name.clone());
        }
        // What he wrote stays, so that a later look sees it, too.
        if self.not_looked_at.len() >= TABLES_BETWEEN_LOOKS {
            let names = std::mem::take(&mut self.not_looked_at).join(", ");
            self.judge.look(&names);
        }
        Ok(())
    }

    fn writes_kind(&mut self, kind: &Kind) -> Result<()> {
        self.figures.kinds += 1;
        let outcomes = self.den.thief.try_each(kind.statements.iter().map(String::as_str))?;
        for (outcome, statement) in outcomes.iter().zip(&kind.statements) {
            match outcome {
                done if done.is_done() => self.figures.done += 1,
                // Some rows of a table are his to write, and others are not.
                refused if refused.is_refused() && kind.may_be_refused => self.figures.refused += 1,
                other => {
                    let words: String = statement.chars().take(300).collect();
                    self.day.notes.wrong(format!("{}: {} for {words}", kind.name, other.state));
                }
            }
        }
        Ok(())
    }

    /// One table after the other; in the short form all at once.
    fn holds(&mut self, tables: &[Table], short: bool, random: &mut Random) -> Result<()> {
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        for names in names.chunks(if short { names.len() } else { 1 }) {
            self.figures.held += blows::hold(self.day, self.den, names, random)?;
            self.judge.look(&format!("holding {names:?}"));
        }
        Ok(())
    }

    fn vendor_gets_free(&mut self, tables: &[Table], means: &Means, random: &mut Random) -> Result<()> {
        let thief = freed::last_blow(self.day, self.den, tables, means, random)?;
        self.figures.done += thief.done;
        freed::free(self.day, self.den, thief)?;
        self.judge.look("the guide's steps");
        freed::is_free(self.day, self.den, random)?;
        (self.figures.commands, self.figures.audit_rows) = (self.judge.commands, self.judge.rows());
        Ok(())
    }
}
