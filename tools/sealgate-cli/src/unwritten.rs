//! Standard output that takes nothing, as on a full disk. What was asked for is done all the same: the failure says so, and how to
//! see what was to be shown.

use std::sync::OnceLock;

use sealgate_artifact::Code;
use sealgate_terminal::unwritten;

use crate::failure::Failure;

/// How to see what was lost.
static WAY: OnceLock<String> = OnceLock::new();

/// How to see what is shown only once, if it was not written; an empty text where the failure says that anyway.
pub(crate) fn way_back(way: impl FnOnce() -> String) {
    if unwritten().is_some() {
        let _ = WAY.set(way());
    }
}

/// What became of a command, and of what it had to show.
pub(crate) fn failure(done: Result<(), Failure>) -> Result<(), Failure> {
    let Some(why) = unwritten() else { return done };
    Err(of(why, WAY.get().filter(|way| !way.is_empty()).cloned(), done))
}

fn of(why: &str, way: Option<String>, done: Result<(), Failure>) -> Failure {
    let why = format!("standard output: {why}");
    match done {
        Ok(()) => {
            let all_else = || "the command did all else; make room, or send its output elsewhere".to_owned();
            Failure::new(Code::FileUnreadable, why).fix(way.unwrap_or_else(all_else))
        }
        Err(failure) => {
            let message = format!("{}; {why}", failure.message.trim_end_matches('.'));
            let fix = [failure.fix, way].into_iter().flatten().collect::<Vec<_>>().join("; ");
            Failure { message, fix: Some(fix).filter(|fix| !fix.is_empty()), ..failure }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_before_stays_the_failure_and_the_rest_is_said_with_it() {
        let told = of("full", None, Ok(()));
        assert_eq!((&*told.code, &*told.message), ("file_unreadable", "standard output: full"));
        assert!(told.fix.is_some_and(|fix| fix.contains("did all else")));
        let first = Failure::new(Code::ServerUnreachable, "gone.").fix("go on with: x");
        let told = of("full", Some("show it with: y".to_owned()), Err(first));
        assert_eq!((&*told.code, &*told.message), ("server_unreachable", "gone; standard output: full"));
        assert_eq!(told.fix.as_deref(), Some("go on with: x; show it with: y"));
    }
}
