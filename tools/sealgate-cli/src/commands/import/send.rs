//! Rows on their way to the server, some at a time.

use sealgate_wire::{ImportLicenses, ImportedRow, LicensesImported};

use super::again;
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
/// Less than a request may have.
const BATCH_BYTES: usize = 48 * 1024;

pub(super) fn all(
    client: &Client,
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
    let mut left = lines;
    while !left.is_empty() {
        signals::none_came().map_err(|failure| parts.stopped(failure, again))?;
        let (batch, rest) = left.split_at(next(left));
        let request = ImportLicenses {
            app_id: batch[0].app.clone(),
            dry_run: dry_run.then_some(true),
            rows: batch.iter().map(|line| line.row.clone()).collect(),
        };
        let answer: Result<LicensesImported, Failure> = client.post_once("/api/v1/licenses/import", &request);
        let answer = answer.map_err(|failure| parts.stopped(failure, again))?;
        parts.add(batch.len() as u64);
        let done: Vec<(&Line, ImportedRow)> = batch.iter().zip(answer.rows).collect();
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

/// How many rows go next: of one app, and no more than a request takes.
fn next(lines: &[Line]) -> usize {
    let mut bytes = 0;
    let fits = |line: &&Line| {
        bytes += serde_json::to_vec(&line.row).expect("rows can be written").len() + 1;
        line.app == lines[0].app && bytes <= BATCH_BYTES
    };
    lines.iter().take(BATCH).take_while(fits).count().max(1)
}
