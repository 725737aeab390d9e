//! `sealgate audit`.

use std::path::Path;

use indicatif::ProgressBar;
use sealgate_artifact::{Code, decode_hex};
use sealgate_journal::{AuditEntry, Broken, Check, Head};
use sealgate_wire::{AuditExport, AuditHead, AuditView};
use serde::{Deserialize, Serialize};

use super::lists;
use crate::args::{AuditCommand, Global, PartArgs};
use crate::client::Client;
use crate::commands::written::write_private;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, say};
use crate::streams::is_dash;

/// The last line of an exported log: where the chain ended, and whose it is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    tenant_id: String,
    head: AuditHead,
}

/// A log, oldest row first.
struct Log {
    end: End,
    rows: Vec<AuditView>,
}

pub(crate) fn run(global: &Global, command: &AuditCommand, output: &Output) -> Result<(), Failure> {
    match command {
        AuditCommand::List(newest) => list(global, &newest.part(), output),
        AuditCommand::Export { output: file } => export(global, file, output),
        AuditCommand::Verify { file, head } => {
            let log = match file {
                Some(file) => read(file)?,
                None => fetch(global, output)?,
            };
            verify(&log, head.as_deref(), output)
        }
    }
}

/// How many rows the log has, once all of it was fetched and its chain followed.
pub(crate) fn verified_rows(global: &Global) -> Result<u64, Failure> {
    let log = fetch(global, &Output { json: false, quiet: true })?;
    check(&log).map(|head| head.seq)
}

fn list(global: &Global, part: &PartArgs, output: &Output) -> Result<(), Failure> {
    let none = "the audit log has no rows yet";
    lists::print(&Client::new(global)?, ("/api/v1/audit", "", none), part, output, |rows: &[AuditView]| {
        let row = |r: &AuditView| {
            let subject = r.subject_slug.as_ref().unwrap_or(&r.subject).clone();
            vec![r.at.to_string(), r.action.clone(), subject, r.actor.clone(), r.detail.clone()]
        };
        Output::table(&["AT", "WHAT", "TO", "BY", "DETAIL"], rows.iter().map(row));
    })
}

fn export(global: &Global, file: &Path, output: &Output) -> Result<(), Failure> {
    let log = fetch(global, output)?;
    check(&log)?;
    let line = |row: &AuditView| serde_json::to_string(row).expect("a row can be written");
    let mut lines: Vec<String> = log.rows.iter().map(line).collect();
    lines.push(serde_json::to_string(&log.end).expect("a head can be written"));
    let written = write_private(file, (lines.join("\n") + "\n").as_bytes())?;
    if is_dash(file) {
        return Ok(());
    }
    let result = serde_json::json!({ "file": file, "rows": log.rows.len(), "head": log.end.head });
    output.result(&result, |_| {
        say!("{written}: {} rows, head {}", log.rows.len(), log.end.head.hash);
    });
    Ok(())
}

fn verify(log: &Log, kept: Option<&str>, output: &Output) -> Result<(), Failure> {
    let head = check(log)?;
    let kept = kept.map(|kept| goes_through(log, kept)).transpose()?;
    let result = serde_json::json!({
        "rows": head.seq, "head": log.end.head, "tenant_id": log.end.tenant_id, "kept_head_at": kept,
    });
    output.result(&result, |_| {
        say!("{} rows: none was changed, inserted or removed since the head was written", head.seq);
        say!("head {}", log.end.head.hash);
        match kept {
            Some(row) => say!("\nRow {row} has the head that you kept: all rows up to there are those of then."),
            None => say!(
                "\nWhoever can write to the whole database can make a new chain. Keep heads or exports elsewhere, and compare: \
                 `sealgate audit verify --head HASH`."
            ),
        }
    });
    Ok(())
}

/// The number of the row at which the log had that head. Its chain was followed already.
fn goes_through(log: &Log, kept: &str) -> Result<u64, Failure> {
    let kept: [u8; 32] = decode_hex(&kept.to_ascii_lowercase()).ok_or_else(|| {
        Failure::new(Code::MalformedRequest, "--head: not a head")
            .fix("give the 64 hexadecimal digits that `audit verify` showed")
    })?;
    let has_it = |row: &&AuditView| row.hash.as_deref().and_then(decode_hex) == Some(kept);
    let found = log.rows.iter().find(has_it).and_then(|row| row.seq);
    found.ok_or_else(|| {
        Failure::new(
            Code::AuditBroken,
            "the log never had the head that you kept: it is another chain, or of another tenant",
        )
        .fix("compare the log with an earlier export, and find out who could write to the database")
    })
}

/// Everything that happened until now.
fn fetch(global: &Global, output: &Output) -> Result<Log, Failure> {
    let client = Client::new(global)?;
    let bar = if output.json || output.quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    let mut rows: Vec<AuditView> = vec![];
    loop {
        let after = rows.last().and_then(|row| row.seq).unwrap_or(0);
        let part: AuditExport = client.get(&format!("/api/v1/audit/export?after={after}"))?;
        let is_last = part.items.is_empty();
        rows.extend(part.items);
        bar.set_message(format!("{} rows", rows.len()));
        bar.tick();
        if is_last || rows.last().and_then(|row| row.seq) == Some(part.head.seq) {
            bar.finish_and_clear();
            return Ok(Log { end: End { tenant_id: part.tenant_id, head: part.head }, rows });
        }
    }
}

fn read(file: &Path) -> Result<Log, Failure> {
    let unreadable = |why: String| Failure::new(Code::FileUnreadable, format!("{}: {why}", file.display()));
    let bytes = files::read_large(file).map_err(|e| unreadable(e.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable("not UTF-8".to_owned()))?;
    let mut lines: Vec<&str> = text.lines().collect();
    let is_export = |e: serde_json::Error| unreadable(format!("not an exported log: {e}"));
    let end = serde_json::from_str(lines.pop().unwrap_or_default()).map_err(is_export)?;
    let rows = lines.into_iter().map(serde_json::from_str).collect::<Result<_, _>>().map_err(is_export)?;
    Ok(Log { end, rows })
}

/// Follows the chain from its first row to its head (`spec/audit.md` §2.2).
fn check(log: &Log) -> Result<Head, Failure> {
    let mut check = Check::default();
    for row in &log.rows {
        let (seq, hash) = (row.seq.unwrap_or(0), row.hash.as_deref().unwrap_or_default());
        let entry = AuditEntry {
            tenant: &log.end.tenant_id,
            id: &row.audit_id,
            at: row.at.0.get(),
            actor: &row.actor,
            action: &row.action,
            subject: &row.subject,
            detail: &row.detail,
            request_id: &row.request_id,
        };
        check.follow(seq, &decode_hex(hash).unwrap_or([0; 32]), &entry).map_err(broken)?;
    }
    let head = Head { seq: log.end.head.seq, hash: decode_hex(&log.end.head.hash).unwrap_or([0; 32]) };
    check.finish(&head).map_err(broken)
}

fn broken(broken: Broken) -> Failure {
    let message = match broken {
        Broken::Number(n) => format!("row {n} is missing, or a row was inserted before it"),
        Broken::Hash(n) => format!("row {n} was changed"),
        Broken::Truncated(n) => format!("row {n} and all later rows are missing"),
    };
    Failure::new(Code::AuditBroken, message)
        .fix("compare the log with an earlier export, and find out who could write to the database")
}
