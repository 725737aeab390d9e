//! What became of an import.

use std::path::PathBuf;

use sealgate_artifact::Code;
use sealgate_wire::{ImportedRow, Timestamp};
use serde::Serialize;

use super::again;
use super::rejects;
use super::row::{Line, Refusal, Source};
use super::shown;
use crate::args::ImportArgs;
use crate::client::Client;
use crate::commands::written::write_private;
use crate::failure::Failure;
use crate::output::{Output, ends, say};

/// Refused rows that a person reads; all of them are in `--json` and in `--rejects`.
const SHOWN: usize = 100;

#[derive(Serialize)]
pub(super) struct Report {
    pub(super) dry_run: bool,
    pub(super) rows: usize,
    /// Rows in which nothing stands, which are not counted as rows.
    #[serde(skip_serializing_if = "is_none")]
    empty_rows: usize,
    pub(super) imported: usize,
    /// Rows whose license exists already, such as one that an earlier run made. It stays as it is.
    pub(super) there: usize,
    /// Customers of new licenses that were made, too.
    #[serde(skip_serializing_if = "is_none")]
    customers_made: usize,
    /// Devices that got seats of licenses that exist already.
    devices_added: u64,
    pub(super) refused: Vec<Refusal>,
    /// Devices that did not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    devices_left_out: Vec<WithoutSeats>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<Refusal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejects_file: Option<PathBuf>,
    /// With --strict: rows were refused, and nothing else was done.
    #[serde(skip)]
    only_looked: bool,
    /// What `line` counts.
    #[serde(skip)]
    noun: &'static str,
    /// New licenses, where no file has their keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<Made>,
}

/// Devices of a row that got no seats of the license that there is.
#[derive(Serialize)]
struct WithoutSeats {
    devices: u64,
    #[serde(flatten)]
    why: Refusal,
}

#[derive(Serialize)]
struct Made {
    line: u64,
    license_id: String,
    license_key: String,
    expires_at: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Report {
    pub(super) fn new(source: &mut Source, args: &ImportArgs) -> Self {
        Self {
            dry_run: args.dry_run,
            rows: source.count(),
            empty_rows: source.empty_rows,
            imported: 0,
            there: 0,
            customers_made: 0,
            devices_added: 0,
            devices_left_out: vec![],
            refused: source.refused.clone(),
            left_out: source.left_out.clone(),
            keys_file: args.output.clone().filter(|_| !args.dry_run),
            rejects_file: args.rejects.clone(),
            only_looked: false,
            noun: source.noun(),
            licenses: vec![],
        }
    }

    pub(super) fn add(&mut self, done: Vec<(&Line, ImportedRow)>, keys_are_written: bool) {
        for (line, became) in done {
            match became.outcome.as_str() {
                "imported" => self.imported += 1,
                "there" => self.there += 1,
                _ => self.refused.push(refusal(line, &became)),
            }
            self.devices_added += became.devices_added.unwrap_or_default();
            if let Some(devices) = became.devices_left_out {
                let why = Refusal { column: Some("hwids".to_owned()), ..refusal(line, &became) };
                self.devices_left_out.push(WithoutSeats { devices, why });
            }
            if let (Some(license_id), Some(license_key), false) =
                (became.license_id, became.license_key, keys_are_written)
            {
                let expires_at = became.expires_at;
                self.licenses.push(Made { line: line.number, license_id, license_key, expires_at });
            }
        }
    }

    pub(super) fn only_looked(self) -> Self {
        Self { imported: 0, only_looked: true, ..self }
    }

    pub(super) fn customers(self, customers_made: usize) -> Self {
        Self { customers_made, ..self }
    }

    pub(super) fn has_refusals(&self) -> bool {
        !self.refused.is_empty()
    }

    /// Prints it, and fails where a row was refused.
    pub(super) fn finish(
        mut self,
        client: &Client,
        (args, source): (&ImportArgs, &Source),
        output: &Output,
    ) -> Result<(), Failure> {
        self.refused.sort_by_key(|refusal| refusal.line);
        if let Some(path) = &args.rejects {
            write_private(path, &rejects::written(&self.refused, source))?;
        }
        if self.rows == 0 && !output.json {
            let none = "no rows: the file names columns, and nothing stands below them; nothing was imported";
            let none =
                if source.header.is_empty() { "no licenses are in it; nothing was imported" } else { none };
            output.list::<Refusal>(&[], none, |_| ());
            return Ok(());
        }
        self.print(output);
        if !self.has_refusals() {
            return Ok(());
        }
        let (refused, rows) = (self.refused.len(), self.rows);
        // With --strict, too, a row may be refused only once others were imported.
        let why = match (self.only_looked, args.strict && !args.dry_run) {
            (true, _) => format!("nothing was imported: {refused} of {rows} rows are refused"),
            (false, true) => {
                let imported = self.imported;
                format!(
                    "{refused} of {rows} rows were refused after --strict found nothing wrong; imported: {imported}"
                )
            }
            (false, false) => format!("{refused} of {rows} rows were refused"),
        };
        let fix = "correct them, and import the file again: what is there stays as it is".to_owned();
        let by_rejects = |path: &PathBuf| {
            format!(
                "correct them in {}, and run: {}",
                path.display(),
                again::command(client.again("license import"), args, std::iter::once(&**path))
            )
        };
        let whole = self.only_looked || args.dry_run;
        let fix = args.rejects.as_ref().filter(|_| !whole).map_or(fix, by_rejects);
        Err(Failure::new(Code::RowsRefused, why).fix(fix))
    }

    /// What was imported before something failed is real, and its keys are shown.
    pub(super) fn interrupted(mut self, failure: Failure, output: &Output) -> Failure {
        if self.imported + self.there == 0 {
            return failure;
        }
        self.rejects_file = None;
        self.print(output);
        failure
    }

    fn print(&self, output: &Output) {
        let secret = |report: &Self| {
            report.licenses.iter().map(|made| made.license_key.clone()).collect::<Vec<_>>().join("\n")
        };
        if output.quiet && self.licenses.is_empty() {
            return output.result(self, |_| ());
        }
        let way_back = || {
            let way = if self.licenses.is_empty() {
                "the rows are done; the same command shows what became of each"
            } else {
                "the licenses are made; `sealgate license export --with-keys -o FILE` writes their keys"
            };
            way.to_owned()
        };
        output.only_once(self, secret, Self::show, way_back);
    }

    fn show(&self) {
        if !self.licenses.is_empty() {
            let row = |made: &Made| {
                vec![
                    made.license_key.clone(),
                    made.license_id.clone(),
                    made.line.to_string(),
                    ends(made.expires_at),
                ]
            };
            Output::table(&["KEY", "LICENSE", "LINE", "ENDS"], self.licenses.iter().map(row));
            say!("");
        }
        let all_in = if self.noun == "line" { "--json and --rejects have" } else { "--json has" };
        for (what, lines) in [("", &self.refused), ("left out: ", &self.left_out)] {
            for refusal in lines.iter().take(SHOWN) {
                say!("{}: {what}{}", self.place(refusal), refusal.reason);
            }
            if lines.len() > SHOWN {
                say!("and {} more {}s; {all_in} all of them", lines.len() - SHOWN, self.noun);
            }
        }
        for WithoutSeats { devices, why } in self.devices_left_out.iter().take(SHOWN) {
            say!("{}: devices without a seat: {devices}: {}", self.place(why), why.reason);
        }
        if self.devices_left_out.len() > SHOWN {
            say!("and devices of {} more; --json has all of them", self.devices_left_out.len() - SHOWN);
        }
        let imported = if self.dry_run { "would be imported" } else { "imported" };
        say!(
            "Rows: {}. {imported}: {}. Exist already: {}. Refused: {}. Left out: {}.",
            self.rows,
            self.imported,
            self.there,
            self.refused.len(),
            self.left_out.len()
        );
        if self.there > 0 {
            say!("What exists already stays as it is; `sealgate license update` changes a license.");
        }
        if self.devices_added > 0 {
            let given = if self.dry_run { "would be given" } else { "given" };
            say!("Seats {given} to devices of licenses that exist already: {}.", self.devices_added);
        }
        if self.customers_made > 0 {
            let made = if self.dry_run { "would be made" } else { "made" };
            say!("Customers {made}: {}.", self.customers_made);
        }
        if self.empty_rows > 0 {
            say!("Empty rows passed over: {}.", self.empty_rows);
        }
        if let Some(path) = self.keys_file.as_ref().filter(|_| self.imported > 0) {
            say!("The keys of new licenses are in {}.", path.display());
        }
        match &self.rejects_file {
            Some(path) if self.has_refusals() => say!("The refused rows are in {}.", path.display()),
            Some(path) => say!("No row was refused: {} has the names of columns alone.", path.display()),
            None => {}
        }
    }

    /// Where it stands, and what stands there: `line 5, max_devices "0"`.
    fn place(&self, refusal: &Refusal) -> String {
        let id = refusal.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        let value = refusal.value.as_ref().map(|value| format!(" {value:?}")).unwrap_or_default();
        let column = refusal.column.as_ref().map(|column| format!(", {column}{value}")).unwrap_or_default();
        format!("{} {}{id}{column}", self.noun, refusal.line)
    }
}

/// The server names fields; a person reads columns.
fn refusal(line: &Line, became: &ImportedRow) -> Refusal {
    let column = became.field.as_deref().map(|field| match field {
        "plan_id" => "plan",
        "customer_id" => "customer",
        "expires_at" => "expires",
        "variables" => "vars",
        "licensee" => "licensee_name",
        other => other,
    });
    // The field is named already.
    let said = became.message.as_deref().unwrap_or("refused");
    let named = became.field.as_deref().and_then(|field| said.strip_prefix(field)?.strip_prefix(": "));
    let mut reason = named.unwrap_or(said).to_owned();
    if let Some(other) = became.license_id.as_ref().filter(|id| !reason.contains(*id)) {
        reason.push_str("; it is license ");
        reason.push_str(other);
    }
    Refusal {
        line: line.number,
        id: line.row.name.strip_prefix("keygen:").map(Into::into),
        column: column.map(str::to_owned),
        value: column.and_then(|column| shown::sent(column, &line.row)).map(Into::into),
        code: became.code.clone(),
        reason,
    }
}
