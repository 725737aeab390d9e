//! Something that takes several requests: how far it is, and where it fails on the way, how far it came and how to go on.

use indicatif::ProgressBar;
use sealgate_artifact::Code;

use crate::failure::Failure;
use crate::output::Output;

/// Work that is done request by request.
pub(crate) struct Parts {
    bar: ProgressBar,
    /// What was done to what, as in "licenses moved".
    what: &'static str,
    requests: u64,
    done: u64,
}

impl Parts {
    /// Nobody knows how much it is.
    pub(crate) fn new(what: &'static str, output: &Output) -> Self {
        let unseen = output.json || output.quiet;
        let bar = if unseen { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        Self { bar, what, requests: 0, done: 0 }
    }

    /// So many of something. A person sees how far it is where they are more than `short`.
    pub(crate) fn of(what: &'static str, (count, short): (u64, u64), noun: &str, output: &Output) -> Self {
        Self { bar: output.progress(count, short, noun), what, requests: 0, done: 0 }
    }

    /// A request was answered, and did so many.
    pub(crate) fn add(&mut self, done: u64) {
        self.requests += 1;
        self.done += done;
        self.bar.set_message(format!("{}: {}", self.what, self.done));
        self.bar.set_position(self.done);
        self.bar.tick();
    }

    /// A request failed: this command goes on with the rest, and does nothing twice. Where nothing was done, and nothing can have
    /// been, to repeat it would repeat the mistake.
    pub(crate) fn stopped(&self, failure: Failure, again: impl FnOnce() -> String) -> Failure {
        self.bar.finish_and_clear();
        if self.requests > 0 {
            return failure.fix(format!("{} so far: {}; go on with: {}", self.what, self.done, again()));
        }
        if !may_be_done(&failure) {
            return failure;
        }
        let first = failure.fix.clone().map(|fix| fix + "; ").unwrap_or_default();
        failure.fix(format!("{first}if the answer was lost, repeat it with: {}", again()))
    }

    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// Whether what was asked for may be done all the same: the answer did not arrive.
fn may_be_done(failure: &Failure) -> bool {
    [Code::ServerUnreachable, Code::AnswerInvalid].iter().any(|code| failure.code == code.as_str())
}

/// A command that goes on, as one types it.
pub(crate) struct Again(String);

impl Again {
    pub(crate) fn new(verb: &str) -> Self {
        Self(format!("sealgate {verb}"))
    }

    pub(crate) fn word(mut self, text: &str) -> Self {
        self.0 += " ";
        self.0 += &quoted(text);
        self
    }

    /// A flag with its value, where there is one.
    pub(crate) fn flag(self, name: &str, value: Option<&str>) -> Self {
        match value {
            // Else it would be read as a flag itself.
            Some(value) if value.starts_with('-') => self.word(&format!("{name}={value}")),
            Some(value) => self.word(name).word(value),
            None => self,
        }
    }

    /// A flag without a value.
    pub(crate) fn switch(self, name: &str, on: bool) -> Self {
        if on { self.word(name) } else { self }
    }
}

impl From<Again> for String {
    fn from(again: Again) -> Self {
        again.0
    }
}

/// A word as a shell reads it.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+@,%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Output = Output { json: true, quiet: true };

    fn failure(code: Code) -> Failure {
        Failure::new(code, "no").fix("begin")
    }

    #[test]
    fn a_failure_on_the_way_says_how_far_it_came() {
        let mut parts = Parts::new("licenses moved", &NOBODY);
        let stopped = |parts: &Parts, code| parts.stopped(failure(code), || "again".to_owned()).fix;
        assert_eq!(stopped(&parts, Code::NotFound).as_deref(), Some("begin"), "it would be a mistake again");
        let lost = stopped(&parts, Code::ServerUnreachable);
        assert_eq!(lost.as_deref(), Some("begin; if the answer was lost, repeat it with: again"));
        parts.add(3);
        parts.add(4);
        let fix = "licenses moved so far: 7; go on with: again";
        assert_eq!(stopped(&parts, Code::NotFound).as_deref(), Some(fix));
    }

    #[test]
    fn a_command_can_be_typed_as_it_is_shown() {
        let again = Again::new("license issue").flag("--app", Some("a-1")).flag("--plan", None);
        let again = again.flag("--label", Some("Ada's order; $7")).switch("--yes", true).word("");
        let again = again.flag("--reason", Some("-5"));
        let told = "sealgate license issue --app a-1 --label 'Ada'\\''s order; $7' --yes '' --reason=-5";
        assert_eq!(String::from(again), told);
    }
}
