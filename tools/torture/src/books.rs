//! The audit log after each death, judged by the product's own `audit verify`, from a file and without the server.

use crate::server::Launch;
use harness::failure::{Doing, Failure, Result};
use harness::process;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// What was exported last.
#[derive(Default)]
pub(crate) struct Books {
    lines: Vec<String>,
}

impl Books {
    /// Rows of the log.
    pub(crate) fn rows(&self) -> usize {
        self.lines.len()
    }

    /// Whether any row says this.
    pub(crate) fn tells(&self, what: &str) -> bool {
        self.lines.iter().any(|line| line.contains(what))
    }

    /// Exports the log and has it verified. It must go on where the last one ended, and hold what was acknowledged.
    pub(crate) fn verify(&mut self, launch: &Launch, url: &str, acknowledged: usize) -> Result<()> {
        let file = launch.folder.join("audit.jsonl");
        process::capture(&mut launch.vendor(url, &["audit", "export", "-o", &text(&file)]))?;
        let verdict = process::capture(&mut launch.vendor(url, &["audit", "verify", &text(&file)]))?;
        let verdict: Value = serde_json::from_str(&verdict).doing("read the verdict on the audit log")?;

        let exported = fs::read_to_string(&file).doing("read the exported audit log")?;
        // The last line is the head.
        let mut lines: Vec<String> = exported.lines().map(str::to_owned).collect();
        lines.pop();
        if verdict["rows"] != lines.len() {
            return Err(Failure::new(format!("{} rows were exported, and verified: {verdict}", lines.len())));
        }
        self.follow(lines, acknowledged)
    }

    fn follow(&mut self, lines: Vec<String>, acknowledged: usize) -> Result<()> {
        if !lines.starts_with(&self.lines) {
            return Err(Failure::new("the audit log is another than before the server was killed"));
        }
        if lines.len() < acknowledged {
            let rows = lines.len();
            return Err(Failure::new(format!(
                "{rows} rows of the audit log for {acknowledged} acknowledged changes"
            )));
        }
        self.lines = lines;
        Ok(())
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(rows: &[&str]) -> Vec<String> {
        rows.iter().map(|row| (*row).to_owned()).collect()
    }

    #[test]
    fn a_log_that_lost_or_changed_a_row_is_another() {
        let mut books = Books::default();
        books.follow(log(&["a", "b"]), 2).unwrap();
        assert!(books.follow(log(&["a"]), 1).is_err());
        assert!(books.follow(log(&["a", "c", "d"]), 3).is_err());
        books.follow(log(&["a", "b", "c"]), 3).unwrap();
        assert_eq!(books.rows(), 3);
    }

    #[test]
    fn a_change_without_a_row_is_missed() {
        assert!(Books::default().follow(log(&["a", "b"]), 3).is_err());
        // Written, but killed before the answer went out.
        assert!(Books::default().follow(log(&["a", "b"]), 1).is_ok());
    }
}
