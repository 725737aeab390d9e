//! The checks of the machine: are the program's files the approved ones, and does somebody look into it?

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
#[cfg(target_os = "linux")]
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sealgate_artifact::{Integrity, Module};
use sealgate_rules::{Enforced, Finding, Findings};

use super::events::GuardCounters;
use super::sensors::{Seen, Sensors, together};

/// How often sensors look while the program runs. They need milliseconds.
pub(super) const EVERY: Duration = Duration::from_secs(30);

/// What a guard checks the machine with.
pub(super) struct Checks {
    pub(super) sensors: Box<dyn Sensors>,
    /// Below it lie the program's own files; `None`: the program did not say.
    pub(super) install_root: Option<PathBuf>,
    /// What the checks before found.
    #[cfg(target_os = "linux")]
    pub(super) earlier: Mutex<crate::integrity::Earlier>,
}

impl Checks {
    pub(super) fn new(sensors: impl Sensors + 'static) -> Self {
        Self {
            sensors: Box::new(sensors),
            install_root: None,
            #[cfg(target_os = "linux")]
            earlier: Mutex::default(),
        }
    }

    /// What they say, as far as they are asked for. What they find is told.
    pub(super) fn look(
        &self,
        enforced: &Enforced,
        approved: &[Module],
        counters: &GuardCounters,
    ) -> Findings {
        Findings {
            integrity: self.integrity(enforced, approved, counters),
            tamper: self.tamper(enforced, counters),
        }
    }

    fn tamper(&self, enforced: &Enforced, counters: &GuardCounters) -> Finding {
        if enforced.anti_tamper.is_none() {
            return Finding::NotSought;
        }
        // Sensors may be the program's own. Whatever happens in them, the thread that looks goes on.
        let look = || self.sensors.look(&|agent| enforced.allows_agent(agent));
        let seen = catch_unwind(AssertUnwindSafe(look))
            .unwrap_or_else(|_| vec![Seen::unknown("sensors", &"the sensors panicked")]);
        seen.iter().filter(|seen| is_told(seen, enforced)).for_each(|seen| counters.sensor(seen));
        together(&seen)
    }

    /// `spec/guard.md` §9.1.
    fn integrity(&self, enforced: &Enforced, approved: &[Module], counters: &GuardCounters) -> Finding {
        let Some(asked) = enforced.integrity else { return Finding::NotSought };
        if approved.is_empty() {
            return match asked {
                Integrity::WhereListed => Finding::NotSought,
                Integrity::Required => {
                    counters.integrity_failed("no list of approved modules is there");
                    Finding::Something
                }
            };
        }
        self.compare(approved, counters)
    }

    #[cfg(target_os = "linux")]
    fn compare(&self, approved: &[Module], counters: &GuardCounters) -> Finding {
        use crate::integrity::{Vendor, judge, look_again};
        let Some(root) = &self.install_root else {
            counters.integrity_failed("the program does not say where it is installed");
            return Finding::Unknown;
        };
        let signers: Vec<&str> = approved.iter().filter_map(|module| module.signer.as_deref()).collect();
        let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
        match look_again(&Vendor { install_root: root, signers: &signers }, &mut earlier) {
            Err(why) => {
                counters.integrity_failed(&why.to_string());
                Finding::Unknown
            }
            Ok(found) => {
                let judgement = judge(&found, approved);
                for module in &judgement.unapproved {
                    counters.module_differs(module, approved);
                }
                for (path, why) in &judgement.foreign {
                    counters.integrity_failed(&format!("{} does not belong here ({why:?})", path.display()));
                }
                if judgement.is_approved() { Finding::Nothing } else { Finding::Something }
            }
        }
    }

    /// Elsewhere nobody has built and tried it.
    #[cfg(not(target_os = "linux"))]
    fn compare(&self, _: &[Module], counters: &GuardCounters) -> Finding {
        counters.integrity_failed("this platform shows no list of loaded files yet");
        Finding::Unknown
    }
}

fn is_told(seen: &Seen, enforced: &Enforced) -> bool {
    seen.finding == Finding::Something || (seen.finding == Finding::Unknown && enforced.doubts_sensors())
}
