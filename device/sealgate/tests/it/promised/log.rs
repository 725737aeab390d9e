//! "Example log events": text and level, as a program's log gets them through `tracing`.

use std::sync::{Arc, Mutex};

use sealgate::Store;
use sealgate::guard::sensors::{Seen, Sensors};
use sealgate::guard::{Finding, Lack};
use sealgate_artifact::{Limit, Policy, Unknown};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::guard::{HOUR, Machine, heard, lack, watched};

/// What a program's log got: level and text of each line.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Does this, and returns what was logged meanwhile.
    pub(crate) fn of<T>(deed: impl FnOnce() -> T) -> (T, Vec<String>) {
        let log = Self::default();
        let done = tracing::subscriber::with_default(log.clone(), deed);
        let lines = log.0.lock().expect("nobody panicked with it").clone();
        (done, lines)
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("sealgate::guard")
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let line = format!("{} {}", event.metadata().level(), text.0);
        self.0.lock().expect("nobody panicked with it").push(line);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

#[track_caller]
fn has(lines: &[String], line: &str) {
    assert!(lines.iter().any(|said| said == line), "{line}\nis not in {lines:#?}");
}

/// `[License] Heartbeat failed. Grace period active until 2026-03-21 10:30:00Z`
#[test]
fn a_heartbeat_that_failed_is_logged_with_the_end_of_grace() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    machine.cut();
    machine.pass(HOUR);
    let (beat, lines) = Log::of(|| guard.heartbeat());
    assert!(beat.is_err());
    has(&lines, "WARN [License] Heartbeat failed. Grace period active until 2027-01-16 08:00:00Z");
    let (_, lines) = Log::of(|| guard.heartbeat());
    assert!(lines.iter().all(|line| !line.contains("Grace period active")), "once: {lines:#?}");
    machine.mend();
    let (_, lines) = Log::of(|| guard.heartbeat());
    has(&lines, "INFO [License] The license is in force. Tier: enterprise");
}

/// What one sensor says, and each other that it sees nothing.
#[derive(Clone)]
struct One(Seen);

impl Sensors for One {
    fn look(&self, _: &dyn Fn(&str) -> bool) -> Vec<Seen> {
        let nothing = Seen { sensor: "other", finding: Finding::Nothing, what: String::new() };
        vec![nothing, self.0.clone()]
    }
}

/// `[AntiTamper] Debugger detected. Downgrading to Free tier.`
#[test]
fn a_debugger_is_logged_with_what_follows() {
    for (sensor, finding, line) in [
        ("debugger", Finding::Something, "Debugger detected"),
        ("preload", Finding::Something, "Preloaded library detected"),
        ("profiler", Finding::Something, "Profiler detected"),
        ("breakpoints", Finding::Something, "Changed code detected"),
        ("debugger", Finding::Unknown, "A sensor cannot look"),
    ] {
        let machine = Machine::new(Some(watched(Some(Unknown::Tamper))));
        let seen = Seen { sensor, finding, what: "process 77 traces thread 2".to_owned() };
        let start = || machine.client().guard().without_threads().sensors(One(seen)).start();
        let (guard, lines) = Log::of(start);
        assert_eq!(lack(&guard.expect("it starts")), Some(Lack::Tampered));
        has(&lines, &format!("ERROR [AntiTamper] {line}. Downgrading to Free tier."));
        has(&lines, &format!("WARN [AntiTamper] {sensor}: process 77 traces thread 2"));
    }
}

/// `[Integrity] Assembly Muonroi.RuleEngine.dll hash mismatch. Expected: abc123... Got: def456...`, which is called a module here.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_differs_is_logged_with_both_digests() {
    use sealgate_artifact::{Integrity, encode_hex};

    let root = std::env::current_exe().expect("this program");
    let root = root.parent().expect("its folder");
    let found = sealgate::integrity::collect(root).expect("readable");
    let mut approved = found.clone();
    for module in &mut approved {
        module.sha256[0] ^= 1;
    }
    let machine = Machine::unactivated(Some(Policy { integrity: Some(Integrity::Required), ..heard() }));
    machine.client().activate_with_modules(&crate::authority::key(), &approved).expect("admitted");
    let start = || machine.client().guard().without_threads().install_root(root).start();
    let (guard, lines) = Log::of(start);
    assert_eq!(lack(&guard.expect("soft: it starts")), Some(Lack::Unapproved));
    for (found, approved) in found.iter().zip(&approved) {
        let (expected, got) = (encode_hex(&approved.sha256), encode_hex(&found.sha256));
        let line =
            format!("[Integrity] Module {} hash mismatch. Expected: {expected} Got: {got}", found.name);
        has(&lines, &format!("WARN {line}"));
    }
    let fell =
        |line: &String| line.starts_with("ERROR [Integrity] ") && line.contains("Downgrading to Free tier.");
    assert!(lines.iter().any(fell), "{lines:#?}");
}

/// `[Policy] API rate limit exceeded for tenant tenant-xyz.`
#[test]
fn a_tenant_that_does_too_much_is_logged() {
    let limits = vec![Limit { name: "api".to_owned(), value: 1 }];
    let machine = Machine::new(Some(Policy { tenant_limits: limits, ..heard() }));
    let guard = machine.start();
    let (_, lines) = Log::of(|| guard.ensure_valid_for("tenant-xyz", "api.validate"));
    assert!(lines.is_empty(), "{lines:#?}");
    let (refused, lines) = Log::of(|| guard.ensure_valid_for("tenant-xyz", "api.validate"));
    assert!(refused.is_err());
    assert_eq!(lines, ["WARN [Policy] API rate limit exceeded for tenant tenant-xyz."]);
}

/// "All enforcement events are logged with prefixes", and none below `info`.
#[test]
fn every_line_has_one_of_four_prefixes() {
    let machine = Machine::new(Some(heard()));
    let (_, lines) = Log::of(|| {
        let guard = machine.start();
        machine.cut();
        let _ = guard.heartbeat();
        machine.pass(24 * HOUR);
        let _ = guard.state();
        drop(guard);
        machine.mend();
        drop(machine.start());
        // What does not read is told as well.
        let whole = machine.store.load().expect("memory");
        assert!(machine.store.replace(whole.as_deref(), b"{}").expect("memory"));
        machine.start()
    });
    assert!(lines.len() > 5 && lines.iter().any(|line| line.contains("cannot be read")), "{lines:#?}");
    for line in lines {
        let (level, text) = line.split_once(' ').expect("a level");
        assert!(["INFO", "WARN", "ERROR"].contains(&level), "{line}");
        assert!(
            ["[License] ", "[AntiTamper] ", "[Policy] ", "[Integrity] "].iter().any(|p| text.starts_with(p)),
            "{line}"
        );
    }
}
