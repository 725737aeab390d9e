//! `sealgate job`.

use sealgate_wire::JobView;

use crate::args::{Global, JobCommand};
use crate::client::Client;
use crate::commands::lists;
use crate::failure::Failure;
use crate::output::{Output, say};

pub(crate) fn run(global: &Global, command: &JobCommand, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    match command {
        JobCommand::List(part) => lists::print(&client, ("/api/v1/jobs", "", "no jobs"), part, output, table),
    }
}

fn table(jobs: &[JobView]) {
    let row = |job: &JobView| {
        vec![
            job.name.clone(),
            format!("{} s", job.every),
            job.last_started_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
            result(job),
            job.due_at.to_string(),
            job.holder.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    };
    let text = Output::table_text(
        &["JOB", "EVERY", "LAST RUN", "RESULT", "NEXT DUE", "HOLDER"],
        jobs.iter().map(row),
    );
    say!("{text}");
}

/// What came of the last run, and whether the next one is missing.
fn result(job: &JobView) -> String {
    let late = if job.late { ", LATE" } else { "" };
    match &job.last_error {
        Some(code) => format!("{}: {code}{late}", job.status),
        None => format!("{}{late}", job.status),
    }
}
