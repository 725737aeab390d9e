//! Rows on their way to the server, some at a time.

use sealgate_artifact::Code;
use sealgate_wire::{ImportLicenses, ImportRow, ImportedRow, LicensesImported};

use super::again;
use super::customers::{self, Customers};
use super::keys_file::KeysFile;
use super::report::Report;
use super::row::Line;
use crate::args::ImportArgs;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::Output;
use crate::parts::Parts;
use crate::signals;

/// Rows in one request: small enough to show progress and to let others write, large enough to be fast.
const BATCH: usize = 100;
/// More rows no request may have.
const AT_MOST: usize = 200;
/// Less than a request may have.
const BATCH_BYTES: usize = 48 * 1024;

pub(super) fn all(
    (client, customers): (&Client, &mut Customers<'_>),
    (lines, args): (&[Line], &ImportArgs),
    dry_run: bool,
    report: &mut Report,
    (mut keys, output): (Option<&mut KeysFile>, &Output),
) -> Result<(), Failure> {
    let what = if dry_run { "rows looked at" } else { "rows done" };
    let mut parts = Parts::of(what, (lines.len() as u64, BATCH as u64), "rows", output);
    let again = || {
        again::command(
            client.again("license import"),
            args,
            args.files.iter().map(std::path::PathBuf::as_path),
        )
    };
    let mut lines: Vec<&Line> = lines.iter().collect();
    if dry_run {
        // The server forgets what it looked at: what customers may have once or up to a number is looked at together.
        lines
            .chunk_by_mut(|a, b| a.app == b.app)
            .for_each(|of_app| of_app.sort_by_key(|line| customer(line)));
    }
    let mut left = &lines[..];
    while !left.is_empty() {
        signals::none_came().map_err(|failure| parts.stopped(failure, again))?;
        let (batch, rest) = left.split_at(next(left, dry_run));
        let mut batch = batch.to_vec();
        let ask = |batch: &[&Line], dry_run: bool, customers: &Customers<'_>| {
            let row = |line: &&Line| ImportRow { customer_id: customers.id(line), ..line.row.clone() };
            let rows = batch.iter().map(row).collect();
            let app_id = batch[0].app.clone();
            asked(client, &ImportLicenses { app_id, dry_run: dry_run.then_some(true), rows })
        };
        let stopped = |failure, parts: &Parts| parts.stopped(failure, again);
        if !dry_run && batch.iter().any(|line| customers.is_missing(line)) {
            let would = ask(&batch, true, customers).map_err(|failure| stopped(failure, &parts))?;
            let made = with_customers(&batch, would, customers, report);
            batch = made.map_err(|failure| stopped(failure, &parts))?;
        }
        let rows = if batch.is_empty() { Ok(vec![]) } else { ask(&batch, dry_run, customers) };
        let rows = rows.map_err(|failure| stopped(failure, &parts))?;
        parts.add((left.len() - rest.len()) as u64);
        let mut done: Vec<(&Line, ImportedRow)> = batch.iter().copied().zip(rows).collect();
        if dry_run {
            for (line, would) in &mut done {
                *would = customers.once_made(line, would.clone());
            }
            let new = done.iter().filter(|(_, would)| would.outcome == "imported");
            new.for_each(|(line, _)| customers.would_make(line));
        }
        // On the disk before anything else is asked: nobody shows the keys again without being asked.
        if let Some(keys) = keys.as_deref_mut() {
            keys.add(&done).map_err(|failure| parts.stopped(failure, again))?;
        }
        report.add(done, keys.is_some());
        left = rest;
    }
    parts.finish();
    Ok(())
}

/// Makes the customers of rows that will be licenses, and none for other rows. Says which rows are still to be sent.
fn with_customers<'a>(
    batch: &[&'a Line],
    would: Vec<ImportedRow>,
    customers: &mut Customers<'_>,
    report: &mut Report,
) -> Result<Vec<&'a Line>, Failure> {
    let mut left = Vec::new();
    for (line, would) in batch.iter().copied().zip(would) {
        let would = customers.once_made(line, would);
        match &*would.outcome {
            "imported" => match customers.make(line) {
                Err(failure) if customers::is_about_the_row(&failure) => {
                    report.refused.push(customers::refusal(line, &failure));
                }
                made => made.map(|()| left.push(line))?,
            },
            "refused" if customers.is_missing(line) => report.add(vec![(line, would)], true),
            _ => left.push(line),
        }
    }
    Ok(left)
}

fn asked(client: &Client, request: &ImportLicenses) -> Result<Vec<ImportedRow>, Failure> {
    let rows = request.rows.len();
    let answer: Result<LicensesImported, Failure> = client.post_once("/api/v1/licenses/import", request);
    match answer {
        Err(failure) if is_about_rows(&failure, rows) => Ok(refused(&failure, rows)),
        answer => Ok(answer?.rows),
    }
}

/// Whether rows of other apps, or smaller ones, may still do: an app that a token cannot look up is found missing only now.
fn is_about_rows(failure: &Failure, rows: usize) -> bool {
    failure.code == Code::NotFound.as_str() || rows == 1 && failure.code == Code::BodyTooLarge.as_str()
}

fn refused(failure: &Failure, rows: usize) -> Vec<ImportedRow> {
    let field = (failure.code == Code::NotFound.as_str()).then(|| "app".to_owned());
    let row = ImportedRow {
        outcome: "refused".to_owned(),
        license_id: None,
        license_key: None,
        expires_at: None,
        devices_added: None,
        devices_left_out: None,
        code: Some(failure.code.clone()),
        field,
        message: Some(failure.message.clone()),
    };
    vec![row; rows]
}

fn customer(line: &Line) -> Option<&str> {
    line.row.customer_id.as_deref()
}

/// How many rows go next: of one app, and no more than a request takes. One that only looks takes rows of one customer together.
fn next(lines: &[&Line], together: bool) -> usize {
    let mut bytes = 0;
    let fits = |(at, line): &(usize, &&Line)| {
        bytes += serde_json::to_vec(&line.row).expect("rows can be written").len() + 1;
        let is_same = || customer(line).is_some() && customer(line) == customer(lines[at - 1]);
        let has_room = *at < BATCH || together && *at < AT_MOST && is_same();
        line.app == lines[0].app && bytes <= BATCH_BYTES && has_room
    };
    lines.iter().enumerate().take_while(fits).count().max(1)
}
