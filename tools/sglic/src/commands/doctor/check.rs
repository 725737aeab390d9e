//! One check, and what it found.

use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;

/// One check. Names, severities and `because` are for programs, and stay.
#[derive(Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) ok: bool,
    severity: Severity,
    /// What was found.
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Which of several causes it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    /// Each file of the program, where files were compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    modules: Vec<Value>,
    /// More about it, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// How much it matters.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Severity {
    Ok,
    /// It may be meant so, and takes no right.
    Warning,
    Error,
}

pub(super) type Found = Result<String, Failure>;

pub(super) fn check(name: &'static str, found: Found) -> Check {
    let well = |message| Check {
        name,
        ok: true,
        severity: Severity::Ok,
        message,
        code: None,
        because: None,
        fix: None,
        modules: vec![],
        notes: vec![],
    };
    match found {
        Ok(message) => well(message),
        Err(Failure { code, message, fix, lines, .. }) => Check {
            ok: false,
            severity: Severity::Error,
            code: Some(code),
            fix,
            notes: lines,
            ..well(message)
        },
    }
}

impl Check {
    /// What was found takes no right here.
    pub(super) fn into_warning(self) -> Self {
        match self.severity {
            Severity::Error => Self { ok: true, severity: Severity::Warning, ..self },
            Severity::Ok | Severity::Warning => self,
        }
    }

    pub(super) fn because(self, because: &'static str) -> Self {
        Self { because: Some(because), ..self }
    }

    pub(super) fn with_notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    pub(super) fn with_modules(self, modules: Vec<Value>) -> Self {
        Self { modules, ..self }
    }

    pub(super) fn text(&self) -> String {
        let mark = match self.severity {
            Severity::Ok => "ok     ",
            Severity::Warning => "WARNS  ",
            Severity::Error => "FAILS  ",
        };
        let fix = self.fix.iter().map(|fix| format!("fix: {fix}"));
        let below = self.notes.iter().cloned().chain(fix).map(|line| format!("\n         {line}"));
        format!("{mark} {:11} {}", self.name, self.message) + &below.collect::<String>()
    }
}
