//! What became of an import.

use std::path::PathBuf;

use sealgate_artifact::Code;
use sealgate_wire::{ImportedRow, Timestamp};
use serde::Serialize;

use super::keys_file::records;
use super::row::{Line, Refusal, Source};
use crate::args::ImportArgs;
use crate::commands::written::write_private;
use crate::failure::Failure;
use crate::output::{Output, ends, say};

/// Refused rows that a person reads; all of them are in `--json` and in `--rejects`.
const SHOWN: usize = 100;

#[derive(Serialize)]
pub(super) struct Report {
    pub(super) dry_run: bool,
    pub(super) rows: usize,
    pub(super) imported: usize,
    /// Rows whose license was made by an earlier run.
    pub(super) there: usize,
    pub(super) refused: Vec<Refusal>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<Refusal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys_file: Option<PathBuf>,
    /// New licenses, where no file has their keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<Made>,
}

#[derive(Serialize)]
struct Made {
    line: u64,
    license_id: String,
    license_key: String,
    expires_at: Option<Timestamp>,
}

impl Report {
    pub(super) fn new(source: &mut Source, args: &ImportArgs) -> Self {
        Self {
            dry_run: args.dry_run,
            rows: source.count(),
            imported: 0,
            there: 0,
            refused: source.refused.clone(),
            left_out: source.left_out.clone(),
            keys_file: args.output.clone().filter(|_| !args.dry_run),
            licenses: vec![],
        }
    }

    pub(super) fn add(&mut self, done: Vec<(&Line, ImportedRow)>, keys_are_written: bool) {
        for (line, became) in done {
            match became.outcome.as_str() {
                "imported" => self.imported += 1,
                "there" => self.there += 1,
                _ => self.refused.push(refusal(line.number, &became)),
            }
            if let (Some(license_id), Some(license_key), false) =
                (became.license_id, became.license_key, keys_are_written)
            {
                let expires_at = became.expires_at;
                self.licenses.push(Made { line: line.number, license_id, license_key, expires_at });
            }
        }
    }

    pub(super) fn has_refusals(&self) -> bool {
        !self.refused.is_empty()
    }

    /// Prints it, and fails where a row was refused.
    pub(super) fn finish(
        mut self,
        args: &ImportArgs,
        source: &Source,
        output: &Output,
    ) -> Result<(), Failure> {
        self.refused.sort_by_key(|refusal| refusal.line);
        if let Some(path) = args.rejects.as_ref().filter(|_| self.has_refusals()) {
            write_private(path, &self.rejects(source))?;
        }
        self.print(output);
        if !self.has_refusals() {
            return Ok(());
        }
        let (refused, rows) = (self.refused.len(), self.rows);
        let why = if args.strict && !args.dry_run {
            format!("nothing was imported: {refused} of {rows} rows are refused")
        } else {
            format!("{refused} of {rows} rows were refused")
        };
        Err(Failure::new(Code::RowsRefused, why)
            .fix("correct them, and import the file again: what is there stays as it is"))
    }

    /// What was imported before something failed is real, and its keys are shown.
    pub(super) fn interrupted(self, failure: Failure, output: &Output) -> Failure {
        if self.imported + self.there == 0 {
            return failure;
        }
        self.print(output);
        failure.fix("run the same command again: no row makes a second license")
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
        for (what, lines) in [("", &self.refused), ("left out: ", &self.left_out)] {
            for refusal in lines.iter().take(SHOWN) {
                let column = refusal.column.as_ref().map(|column| format!(", {column}")).unwrap_or_default();
                say!("line {}{column}: {what}{}", refusal.line, refusal.reason);
            }
            if lines.len() > SHOWN {
                say!("and {} more lines; --json and --rejects have all of them", lines.len() - SHOWN);
            }
        }
        let imported = if self.dry_run { "would be imported" } else { "imported" };
        say!(
            "Rows: {}. {imported}: {}. There before: {}. Refused: {}. Left out: {}.",
            self.rows,
            self.imported,
            self.there,
            self.refused.len(),
            self.left_out.len()
        );
        if let Some(path) = &self.keys_file {
            say!("The keys of new licenses are in {}.", path.display());
        }
    }

    /// The refused lines as they came, each with what is wrong with it.
    fn rejects(&self, source: &Source) -> Vec<u8> {
        let is_old = |name: &String| name.starts_with("reject_");
        let own: Vec<usize> = (0..source.header.len()).filter(|at| !is_old(&source.header[*at])).collect();
        let mut rows = Vec::with_capacity(self.refused.len() + 1);
        let added = ["reject_line", "reject_column", "reject_reason"].map(str::to_owned);
        rows.push(own.iter().map(|at| source.header[*at].clone()).chain(added).collect());
        for refusal in &self.refused {
            let cells = source.cells.get(&refusal.line);
            let cell = |at: &usize| cells.and_then(|cells| cells.get(*at)).cloned().unwrap_or_default();
            let Refusal { line, column, reason, .. } = refusal;
            let why = [line.to_string(), column.clone().unwrap_or_default(), reason.clone()];
            rows.push(own.iter().map(cell).chain(why).collect());
        }
        records(&rows)
    }
}

/// The server names fields; a person reads columns.
fn refusal(line: u64, became: &ImportedRow) -> Refusal {
    let column = became.field.as_deref().map(|field| match field {
        "plan_id" => "plan",
        "customer_id" => "customer",
        "expires_at" => "expires",
        "variables" => "vars",
        "licensee" => "licensee_name",
        other => other,
    });
    Refusal {
        line,
        column: column.map(str::to_owned),
        code: became.code.clone(),
        reason: became.message.clone().unwrap_or_else(|| "refused".to_owned()),
    }
}
