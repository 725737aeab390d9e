//! The program's work. The guard is asked in one place, before any of it.

use std::collections::BTreeMap;

use guarded_rules::{Library, Relation};
use sealgate::Guard;
use sealgate::guard::{ActionRefused, GuardState, HOST, RecordedAction};
use sha2::{Digest, Sha256};

use crate::bundles::Bundles;
use crate::command::{Command, HELP};
use crate::features::{Need, RULES};
use crate::status::{self, Status};
use crate::table::Table;

pub(crate) struct Session {
    guard: Guard,
    library: Option<Library>,
    /// A table for each tenant.
    tables: BTreeMap<String, Table>,
    /// The program itself, where none was chosen.
    tenant: String,
    /// What was done with rules.
    trail: Vec<String>,
    bundles: Bundles,
    /// Whether somebody chose to look and change nothing, once the license had ended.
    is_read_only: bool,
}

/// Why a command was not carried out.
pub(crate) enum NotDone {
    /// The license does not allow it. It says nothing about the next command.
    Refused(ActionRefused),
    /// It failed.
    Failed(String),
}

impl Session {
    pub(crate) fn new(guard: Guard, library: Option<Library>, bundles: Bundles) -> Self {
        Self {
            guard,
            library,
            tables: BTreeMap::new(),
            tenant: HOST.to_owned(),
            trail: vec![],
            bundles,
            is_read_only: false,
        }
    }

    /// At the start: where no right is in force, somebody may have put a license file where it is looked for. It is shown, and never
    /// activated unasked.
    pub(crate) fn greeting(&mut self) -> Vec<String> {
        if self.state().standing.lack().is_some() { self.bundles.find() } else { vec![] }
    }

    /// Carries a command out, and says what came of it.
    pub(crate) fn run(&mut self, command: Command) -> Result<Vec<String>, NotDone> {
        self.may(command.need())?;
        if self.is_read_only && command.changes() {
            return Err(failed("nothing is changed: you chose readonly when the license had ended"));
        }
        match command {
            Command::Open(file) => {
                *self.table() = Table::open(&file).map_err(failed)?;
                Ok(vec![format!("{} rows", self.table().rows.len())])
            }
            Command::Add(name, number) => self.table().add(&name, number).map(|()| vec![]).map_err(failed),
            Command::List => Ok(self.table().lines()),
            Command::Save(file) => self.table().save(&file).map(|()| vec![]).map_err(failed),
            Command::Check(relation, bound) => self.check(relation, bound),
            Command::Engine(file) => {
                self.library = Some(Library::load(file).map_err(failed)?);
                Ok(vec![])
            }
            Command::Audit => Ok(self.trail.clone()),
            Command::Tenant(name) => {
                self.tenant = name;
                Ok(vec![])
            }
            Command::Status => Ok(self.status()),
            Command::Verify => {
                self.guard.verify_integrity();
                Ok(self.status())
            }
            // Whoever asked wants to see the answer. A program that has no time for that calls `beat_now`.
            Command::Beat => {
                let beat = self.guard.heartbeat();
                beat.map(|_| self.status()).map_err(|why| NotDone::Failed(format!("{why} ({})", why.code())))
            }
            Command::Licenses(None) => Ok(self.find()),
            Command::Licenses(Some(file)) => Ok(self.bundles.look(&file)),
            Command::Request(file) => self.bundles.request(&file).map_err(NotDone::Failed),
            Command::Activate => self.activate(),
            Command::ReadOnly => self.read_only(),
            Command::Renew => Ok(self.renew()),
            Command::Help => Ok(HELP.map(str::to_owned).to_vec()),
            Command::Quit => Ok(vec![]),
        }
    }

    fn find(&mut self) -> Vec<String> {
        let found = self.bundles.find();
        if found.is_empty() { vec![format!("none was found; put {}", self.bundles.places())] } else { found }
    }

    fn activate(&mut self) -> Result<Vec<String>, NotDone> {
        let mut lines = self.bundles.activate(&self.guard).map_err(NotDone::Failed)?;
        self.is_read_only = false;
        // Rights that a run of the program does not have at its start, or that fell in it, come with the next start.
        if self.state().standing.lack().is_some() {
            lines.push("Start the program again: it counts from the next start on.".to_owned());
        }
        Ok(lines)
    }

    /// After the end there are three choices: this one, [`renew`](Self::renew), and to quit.
    fn read_only(&mut self) -> Result<Vec<String>, NotDone> {
        if !Status::of(&self.state()).has_ended() {
            return Err(failed("readonly: the license has not ended"));
        }
        self.is_read_only = true;
        Ok(vec!["nothing is changed from now on, until a new license file is activated".to_owned()])
    }

    fn renew(&mut self) -> Vec<String> {
        let how = [
            "request FILE writes a file: send it to the vendor.".to_owned(),
            format!("Put what comes back here: {}.", self.bundles.places()),
            "Then type licenses, and activate.".to_owned(),
        ];
        how.into_iter().chain(self.bundles.find()).collect()
    }

    /// The one question to the guard. It costs nanoseconds.
    fn may(&self, need: Need) -> Result<(), NotDone> {
        match need {
            Need::Nothing => Ok(()),
            Need::Feature(feature) => self.guard.ensure_valid_for(&self.tenant, feature),
            Need::Tier(tier) => self.guard.require_tier(tier),
        }
        .map_err(NotDone::Refused)
    }

    /// The entries for which a rule holds.
    fn check(&mut self, relation: Relation, bound: i64) -> Result<Vec<String>, NotDone> {
        let library =
            self.library.as_ref().ok_or_else(|| failed("the library that judges rules is not there"))?;
        let Some(table) = self.tables.get(&self.tenant) else { return Ok(vec![]) };
        let mut found = vec![];
        for row in &table.rows {
            if library
                .holds(row.number, relation, bound)
                .ok_or_else(|| failed("this library judges no rules"))?
            {
                found.push(row.line());
            }
        }
        self.record(format!(
            "{}: a rule with {bound} held for {} of {} rows",
            self.tenant,
            found.len(),
            table.rows.len()
        ));
        Ok(found)
    }

    /// Licensed work leaves a trail: here, and in the chain that heartbeats bring to the vendor.
    fn record(&mut self, what: String) {
        let digest = Sha256::digest(&what).into();
        let action = RecordedAction { tenant: &self.tenant, action: RULES, digest };
        if let Err(why) = self.guard.record_action(&action) {
            tracing::warn!("this action is not in the chain: {why}");
        }
        self.trail.push(what);
    }

    fn table(&mut self) -> &mut Table {
        self.tables.entry(self.tenant.clone()).or_default()
    }

    /// The rows that are open, for a screen.
    pub(crate) fn rows(&self) -> Vec<String> {
        self.tables.get(&self.tenant).map(Table::lines).unwrap_or_default()
    }

    pub(crate) fn state(&self) -> GuardState {
        self.guard.state()
    }

    /// Calls this with every new state from now on.
    pub(crate) fn on_change(&self, watcher: impl FnMut(&GuardState) + Send + 'static) {
        self.guard.on_change(watcher);
    }

    fn status(&self) -> Vec<String> {
        let status = Status::of(&self.state());
        let banner = status.banner(status::now());
        std::iter::once(status.bar()).chain(banner).collect()
    }
}

impl NotDone {
    /// For people: what is lacking, in one line.
    pub(crate) fn said(&self) -> String {
        match self {
            Self::Failed(why) => format!("failed: {why}"),
            Self::Refused(why) => format!("refused {}: {why}", why.code()),
        }
    }

    /// What helps, where that is known.
    pub(crate) fn helps(&self) -> Vec<String> {
        match self {
            Self::Failed(_) => vec![],
            Self::Refused(why) => why.fix().map(str::to_owned).into_iter().collect(),
        }
    }
}

fn failed(why: impl std::fmt::Display) -> NotDone {
    NotDone::Failed(why.to_string())
}
