//! Where the program stands, in words: a status bar that is always there, and a banner where somebody should do something.

use sealgate::guard::{GraceWhy, GuardState, Lack, Standing};
use sealgate::{Clock, Code, SystemClock, UnixSeconds};
use serde::Serialize;

/// What people are shown, and what `status --json` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    tier: &'static str,
    /// `licensed`, `grace` or `free`.
    standing: &'static str,
    /// When the license itself ends.
    license_ends: Option<String>,
    /// When the license file ends by which the program runs, once that is near.
    ends_soon: Option<String>,
    /// When grace ends.
    grace_until: Option<String>,
    /// Why the rights end or have ended.
    code: Option<String>,
    meaning: Option<String>,
    fix: Option<&'static str>,
    /// Whether more would work after a restart.
    restart_helps: bool,
    /// Whether nobody has vouched for the license for long.
    needs_refresh: bool,
    /// Whether what the program learns outlives it.
    is_kept: bool,
    #[serde(skip)]
    until: Option<UnixSeconds>,
    #[serde(skip)]
    soon: Option<UnixSeconds>,
}

/// The time for countdowns. No right hangs on it.
pub(crate) fn now() -> UnixSeconds {
    SystemClock.now()
}

impl Status {
    pub(crate) fn of(state: &GuardState) -> Self {
        let (standing, until, code) = match &state.standing {
            Standing::Licensed => ("licensed", None, None),
            Standing::Grace { until, why: GraceWhy::Unheard } => ("grace", Some(*until), None),
            Standing::Grace { until, why: GraceWhy::Ended(code) } => {
                ("grace", Some(*until), Some(code.clone()))
            }
            // What this version does not know gives nothing.
            other => ("free", None, other.lack().map(word)),
        };
        // A newer server may say a code that this version does not know.
        let known = code.as_deref().and_then(Code::parse);
        Self {
            tier: state.tier.as_str(),
            standing,
            license_ends: state.license_ends.map(|end| end.to_string()),
            ends_soon: state.ends_soon.map(|end| end.to_string()),
            soon: state.ends_soon,
            grace_until: until.map(|until| until.to_string()),
            meaning: known.map(|code| code.meaning().to_owned()),
            fix: known.and_then(Code::fix),
            code,
            restart_helps: state.restart_helps,
            needs_refresh: state.needs_refresh.is_some(),
            is_kept: state.is_kept,
            until,
        }
    }

    /// Whether the license is over for good: then somebody has to choose.
    pub(crate) fn has_ended(&self) -> bool {
        self.standing == "free" && self.code.as_deref() == Some(Code::Expired.as_str())
    }

    /// One line, always there.
    pub(crate) fn bar(&self) -> String {
        let end = match (&self.license_ends, self.code.as_deref()) {
            (Some(end), _) => format!("license ends {end}"),
            (None, Some("license_missing")) => "no license".to_owned(),
            (None, _) => "license without end".to_owned(),
        };
        let grace = self.grace_until.as_ref().map(|until| format!(" | grace ends {until}"));
        format!("tier {} | {end}{}", self.tier, grace.unwrap_or_default())
    }

    /// What somebody should know or do now, in a few lines. Nothing here is in the way of work.
    pub(crate) fn banner(&self, now: UnixSeconds) -> Vec<String> {
        let mut lines = vec![];
        let why = self.meaning.clone().or_else(|| self.code.clone());
        match (self.standing, self.until) {
            ("grace", Some(until)) => {
                let why = why.unwrap_or_else(|| "The license server was not reached.".to_owned());
                lines
                    .push(format!("{why} Everything works for another {}, until {until}.", left(until, now)));
            }
            ("free", _) if self.code.as_deref() != Some("license_missing") => {
                lines.push(format!("{} What is free goes on.", why.unwrap_or_default()));
            }
            _ => {}
        }
        lines.extend(self.fix.filter(|_| !lines.is_empty()).map(str::to_owned));
        if self.has_ended() && !self.restart_helps {
            lines.push(
                "Choose: readonly (look, and change nothing), renew (a new license file), or quit."
                    .to_owned(),
            );
        }
        if let Some(end) = self.soon.filter(|_| self.standing != "free") {
            let left = left(end, now);
            lines.push(format!(
                "The license ends in {left}, at {end}. Ask the vendor for a new license file now: request FILE."
            ));
        }
        if self.restart_helps {
            lines.push("More would work again after a restart.".to_owned());
        }
        if self.needs_refresh && lines.is_empty() {
            lines.push("Nobody has confirmed the license for long: connect to the network soon.".to_owned());
        }
        if !self.is_kept {
            lines.push(
                "The state folder cannot be written: the next start will know nothing of this one."
                    .to_owned(),
            );
        }
        lines
    }
}

/// A server's own word stays as it is.
fn word(lack: &Lack) -> String {
    match lack {
        Lack::Ended(code) => code.clone(),
        lack => lack.code().as_str().to_owned(),
    }
}

/// A countdown for people: `2 d 3 h`, `3 h 12 min`, `59 s`.
fn left(until: UnixSeconds, now: UnixSeconds) -> String {
    let seconds = until.get().saturating_sub(now.get());
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use sealgate::UnixSeconds;

    use super::left;

    #[test]
    fn a_countdown_names_what_matters() {
        let at = |seconds| UnixSeconds::new(seconds).expect("in range");
        for (seconds, says) in
            [(0, "0 s"), (59, "59 s"), (60, "1 min"), (11_520, "3 h 12 min"), (183_600, "2 d 3 h")]
        {
            assert_eq!(left(at(1_000_000 + seconds), at(1_000_000)), says);
        }
        assert_eq!(left(at(1), at(2)), "0 s");
    }
}
