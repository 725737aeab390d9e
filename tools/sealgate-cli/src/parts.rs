//! Something that takes several requests: how far it is, and where it fails on the way, how far it came and how to go on.

use indicatif::ProgressBar;
use sealgate_artifact::Code;

use crate::failure::Failure;
use crate::output::Output;
use crate::signals;

/// Work that is done request by request.
pub(crate) struct Parts {
    bar: ProgressBar,
    /// What was done to what, as in "licenses moved".
    what: &'static str,
    /// How many there are, where that is known.
    count: Option<u64>,
    requests: u64,
    done: u64,
}

impl Parts {
    /// Nobody knows how much it is.
    pub(crate) fn new(what: &'static str, output: &Output) -> Self {
        let unseen = output.json || output.quiet;
        let bar = if unseen { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        signals::listen(output);
        Self { bar, what, count: None, requests: 0, done: 0 }
    }

    /// So many of something. A person sees how far it is where they are more than `short`.
    pub(crate) fn of(what: &'static str, (count, short): (u64, u64), noun: &str, output: &Output) -> Self {
        signals::listen(output);
        Self { bar: output.progress(count, short, noun), what, count: Some(count), requests: 0, done: 0 }
    }

    /// There may be more of them.
    pub(crate) fn or_more(self) -> Self {
        Self { count: None, ..self }
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
        if self.requests > 0 || failure.code == Code::Interrupted.as_str() {
            let of_all = self.count.map(|count| format!(" of {count}")).unwrap_or_default();
            return failure.fix(format!(
                "{} so far: {}{of_all}; go on with: {}",
                self.what,
                self.done,
                again()
            ));
        }
        if_lost(failure, again)
    }

    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// How to ask again, where what was asked for may be done all the same.
pub(crate) fn if_lost(failure: Failure, again: impl FnOnce() -> String) -> Failure {
    if !may_be_done(&failure) {
        return failure;
    }
    let first = failure.fix.clone().map(|fix| fix + "; ").unwrap_or_default();
    failure.fix(format!("{first}if the answer was lost, repeat it with: {}", again()))
}

/// Whether it may be: the answer did not arrive.
fn may_be_done(failure: &Failure) -> bool {
    [Code::ServerUnreachable, Code::AnswerInvalid].iter().any(|code| failure.code == code.as_str())
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
        let of_nine = Parts::of("licenses renewed", (9, 20), "licenses", &NOBODY);
        let fix = "licenses renewed so far: 0 of 9; go on with: again";
        assert_eq!(stopped(&of_nine, Code::Interrupted).as_deref(), Some(fix));
    }
}
