//! Printing: tables for people, JSON for programs.

use std::io::Write;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use indicatif::{ProgressBar, ProgressStyle};
use sealgate_artifact::MaxDevices;
use sealgate_terminal::{after_colon, harmless, json};
use sealgate_wire::{Feature, Seats, Timestamp, Trial, TrialPer};
use serde::Serialize;

use crate::failure::Failure;
use crate::unwritten;

/// Prints a line on standard output. Whatever of it came from a server or a file cannot steer the terminal.
macro_rules! say {
    ($($text:tt)*) => { sealgate_terminal::line(format_args!($($text)*)) };
}
pub(crate) use say;

/// Prints a line to standard error. Where that is impossible, the exit code has to do.
macro_rules! complain {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr().lock(), $($text)*);
    }};
}
pub(crate) use complain;

/// So many of them.
pub(crate) fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// When something ends, for people.
pub(crate) fn ends(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "never".to_owned(), |t| t.to_string())
}

/// A number of seats, for people.
pub(crate) fn seat_count(seats: Seats) -> String {
    match seats.0 {
        MaxDevices::Limited(n) => n.to_string(),
        MaxDevices::Unlimited => "unlimited".to_owned(),
    }
}

/// How something can be tried, for people.
pub(crate) fn trial(trial: Trial) -> String {
    let whom = match trial.per {
        TrialPer::Device => "device",
        TrialPer::Customer => "customer",
    };
    format!("{} days from first use, one per {whom}", trial.days)
}

/// Features with their values, for people.
pub(crate) fn feature_list(features: &[Feature]) -> String {
    let one = |f: &Feature| f.value.as_ref().map_or_else(|| f.name.clone(), |v| format!("{}={v}", f.name));
    features.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// How to print.
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Output {
    /// A result: as it is for programs, by `show` for people.
    pub(crate) fn result<T: Serialize>(&self, value: &T, show: impl FnOnce(&T)) {
        if self.json {
            say!("{}", json(value));
        } else if !self.quiet {
            show(value);
        }
    }

    /// A list: for people by `show`, or where it is empty a word on standard error: that it is, and what to do next.
    pub(crate) fn list<T: Serialize>(&self, items: &[T], none: &str, show: impl FnOnce(&[T])) {
        if !items.is_empty() || self.json {
            self.result(&items, |items| show(items));
        } else if !self.quiet {
            complain!("{none}");
        }
    }

    /// A result that is shown only once: a person who wants to read little gets the secret alone. Where it cannot be written,
    /// the failure says `way_back` to it.
    pub(crate) fn only_once<T: Serialize>(
        &self,
        value: &T,
        secret: impl FnOnce(&T) -> String,
        show: impl FnOnce(&T),
        way_back: impl FnOnce() -> String,
    ) {
        if self.quiet && !self.json {
            say!("{}", secret(value));
        } else {
            self.result(value, show);
        }
        unwritten::way_back(way_back);
    }

    /// A result, for a program that goes on: it need not be heard.
    pub(crate) fn announce(&self, value: &serde_json::Value, text: &str) -> std::io::Result<()> {
        let text = if self.json { value.to_string() } else { text.to_owned() };
        if self.quiet && !self.json {
            return Ok(());
        }
        writeln!(std::io::stdout().lock(), "{text}")
    }

    /// A bar on standard error when the work is long and a person is watching: beyond `short`.
    pub(crate) fn progress(&self, count: u64, short: u64, of: &str) -> ProgressBar {
        if count <= short || self.json || self.quiet {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template(&format!("{{bar:40}} {{pos}}/{{len}} {of}, {{eta}} left"));
        ProgressBar::new(count).with_style(style.expect("a constant template"))
    }

    /// Names and values, one pair a line.
    pub(crate) fn pairs(pairs: &[(&str, String)]) {
        say!("{}", Self::pairs_text(pairs));
    }

    /// The same as a text, for a question.
    pub(crate) fn pairs_text(pairs: &[(&str, String)]) -> String {
        let mut table = Table::new();
        table.load_preset(NOTHING);
        for (name, value) in pairs {
            table.add_row([harmless(name), harmless(value)]);
        }
        trimmed(&table)
    }

    /// A list with a head.
    pub(crate) fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        say!("{}", Self::table_text(head, rows));
    }

    /// The same as a text, for a question.
    pub(crate) fn table_text(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
        let mut table = Table::new();
        table.load_preset(NOTHING).set_header(head.iter().copied());
        for row in rows {
            table.add_row(row.iter().map(|cell| harmless(cell)));
        }
        trimmed(&table)
    }

    /// What went wrong, on standard error.
    pub(crate) fn failure(&self, failure: &Failure) {
        let Failure { code, message, fix, request_id, exit: _ } = failure;
        if self.json {
            let mut body = serde_json::json!({ "code": code, "message": message });
            if let Some(fix) = fix {
                body["fix"] = fix.clone().into();
            }
            if let Some(id) = request_id {
                body["request_id"] = id.clone().into();
            }
            complain!("{}", json(&body));
            return;
        }
        if code.is_empty() {
            return complain!("{}", harmless(message));
        }
        complain!("error: {} ({})", after_colon(&harmless(message)), harmless(code));
        if let Some(fix) = fix {
            complain!("  fix: {}", after_colon(&harmless(fix)));
        }
        if let Some(id) = request_id {
            complain!("  request: {}", harmless(id));
        }
    }
}

fn trimmed(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_is_no_plural() {
        assert_eq!(
            [0, 1, 2].map(|n| super::counted(n, "release")),
            ["0 releases", "1 release", "2 releases"]
        );
    }
}
