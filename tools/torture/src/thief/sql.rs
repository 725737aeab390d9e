//! What is said to the database, by whoever has a way into it, through PostgreSQL's own program.

use harness::failure::{Doing, Failure, Result};
use harness::{postgres, process};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Stands before what became of a statement, among whatever the statement itself printed.
const MARK: &str = "@became ";

/// A way into a database.
pub(super) struct Database {
    psql: PathBuf,
    url: String,
}

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Its SQLSTATE.
    pub(super) state: String,
    /// Rows that it touched.
    pub(super) rows: u64,
}

impl Outcome {
    /// Whether it was carried out.
    pub(super) fn is_done(&self) -> bool {
        self.state == "00000"
    }

    /// Whether the user lacks the right.
    pub(super) fn is_forbidden(&self) -> bool {
        self.state == "42501"
    }

    /// Whether the database refused it for what it says: data (22), constraints (23), limits (54).
    pub(super) fn is_refused(&self) -> bool {
        self.is_forbidden() || ["22", "23", "54"].iter().any(|class| self.state.starts_with(class))
    }

    fn read(line: &str) -> Option<Self> {
        let (state, rows) = line.strip_prefix(MARK)?.split_once(' ')?;
        Some(Self { state: state.to_owned(), rows: rows.parse().ok()? })
    }
}

impl Database {
    /// By this URL.
    pub(super) fn new(url: &str) -> Result<Self> {
        Ok(Self { psql: postgres::binaries()?.join("psql"), url: url.to_owned() })
    }

    /// Another database of the same server, for the same user.
    pub(super) fn beside(&self, name: &str) -> Result<Self> {
        let (server, _) = self.url.rsplit_once('/').ok_or_else(|| Failure::new("no database in the URL"))?;
        Self::new(&format!("{server}/{name}"))
    }

    /// Its URL.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Says each statement by itself.
    pub(super) fn try_each<'a>(&self, statements: impl IntoIterator<Item = &'a str>) -> Result<Vec<Outcome>> {
        let (mut script, mut count) = (String::new(), 0);
        for statement in statements {
            writeln!(script, "{statement};\n\\echo {MARK}:SQLSTATE :ROW_COUNT").doing("write a script")?;
            count += 1;
        }
        let mut file = tempfile::NamedTempFile::new().doing("make a script")?;
        file.write_all(script.as_bytes()).doing("write a script")?;
        let said = process::capture(self.command().arg("-f").arg(file.path()))?;
        let outcomes: Vec<Outcome> = said.lines().filter_map(Outcome::read).collect();
        if outcomes.len() == count {
            return Ok(outcomes);
        }
        Err(Failure::new(format!("of {count} statements {} were answered: {said}", outcomes.len())))
    }

    /// Says statements of which each must be carried out.
    pub(super) fn must<'a>(&self, statements: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let statements: Vec<&str> = statements.into_iter().collect();
        let outcomes = self.try_each(statements.iter().copied())?;
        match outcomes.iter().zip(&statements).find(|(outcome, _)| !outcome.is_done()) {
            None => Ok(()),
            Some((outcome, statement)) => {
                Err(Failure::new(format!("the database says {}: {statement}", outcome.state)))
            }
        }
    }

    /// A script with transactions of its own, which must be carried out as a whole.
    pub(super) fn script(&self, script: &str) -> Result<()> {
        process::capture(self.command().args(["-v", "ON_ERROR_STOP=1", "-c", script])).map(drop)
    }

    /// The rows of a query.
    pub(super) fn rows(&self, query: &str) -> Result<Vec<Value>> {
        let query = format!("SELECT COALESCE(json_agg(row_to_json(q)), '[]') FROM ({query}) q");
        let said = process::capture(self.command().args(["-c", &query]))?;
        let rows: Value = serde_json::from_str(&said).doing("read the rows of a query")?;
        Ok(rows.as_array().cloned().unwrap_or_default())
    }

    /// A session that stays open.
    pub(super) fn session(&self) -> Result<Session> {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().doing("start psql")?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(stdin), Some(stdout)) = (stdin, stdout) else {
            return Err(Failure::new("psql has no streams"));
        };
        Ok(Session { child, stdin, stdout: BufReader::new(stdout) })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.psql);
        command.args(["-X", "-q", "-A", "-t", "-w", "-d", &self.url]).env("PGCLIENTENCODING", "UTF8");
        command
    }
}

/// Somebody who stays connected.
pub(super) struct Session {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Session {
    /// Says a statement. An error if the session has ended.
    pub(super) fn say(&mut self, statement: &str) -> Result<Outcome> {
        writeln!(self.stdin, "{statement};\n\\echo {MARK}:SQLSTATE :ROW_COUNT").doing("speak to psql")?;
        loop {
            let mut line = String::new();
            if self.stdout.read_line(&mut line).doing("hear psql")? == 0 {
                return Err(Failure::new("the session has ended"));
            }
            if let Some(outcome) = Outcome::read(line.trim_end()) {
                return Ok(outcome);
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// A text as the database reads it back, whatever is in it.
pub(super) fn quoted(text: &str) -> String {
    let mut literal = String::from("E'");
    for c in text.chars() {
        match c {
            '\'' => literal.push_str("''"),
            '\\' => literal.push_str("\\\\"),
            c if c.is_control() => literal = format!("{literal}\\U{:08x}", u32::from(c)),
            c => literal.push(c),
        }
    }
    literal + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_end_its_quotes_or_its_line() {
        assert_eq!(quoted("a'b\\c\n"), "E'a''b\\\\c\\U0000000a'");
    }

    #[test]
    fn what_became_of_a_statement_is_read() {
        let done = Outcome::read("@became 00000 3").unwrap();
        assert!(done.is_done() && done.rows == 3 && !done.is_refused());
        assert!(Outcome::read("@became 42501 0").unwrap().is_forbidden());
        // An error of the torture's own must not pass for a refusal.
        assert!(!Outcome::read("@became 42601 0").unwrap().is_refused());
        assert_eq!(Outcome::read("00000 3"), None);
    }
}
