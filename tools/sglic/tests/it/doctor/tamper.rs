//! Seed 002, "Anti-tamper blocking startup": what the sensors see, and what the license makes of it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use sealgate_testkit::program::faketime;
use serde_json::{Value, json};

use super::{found, is, said, words};
use crate::program::{Machine, Outcome, Vendor, run};

/// A machine whose license says this of sensors.
fn guarded(vendor: &Vendor, anti_tamper: Option<Value>) -> Machine {
    let machine = vendor.machine();
    let order = anti_tamper.map_or(json!({}), |asked| json!({ "policy": { "anti_tamper": asked } }));
    machine.activate(&vendor.issue(&order)).json();
    machine
}

fn with(machine: &Machine, name: &str, value: &str) -> Outcome {
    run(machine.command("doctor").env(name, value))
}

/// "Detach debugger": the command itself, and a program that runs.
#[test]
fn a_debugger_is_named() {
    let vendor = Vendor::new();
    for (asked, severity) in [(Some(json!({})), "error"), (None, "warning")] {
        let machine = guarded(&vendor, asked);
        assert_eq!(found(&machine.run("doctor"), "debugger"), is("ok", ""));
        let plain = machine.command("doctor");
        let mut traced = Command::new("strace");
        traced.args(["-f", "-o", "/dev/null"]).arg(plain.get_program()).args(plain.get_args());
        traced.env_clear().env("PATH", "/usr/bin:/bin");
        let outcome = run(&mut traced);
        assert_eq!(found(&outcome, "debugger"), is(severity, "tamper_detected"), "{outcome:?}");

        let mut other = Command::new("strace");
        other.args(["-o", "/dev/null", "sh", "-c", "echo $$; exec cat"]);
        let mut other = other.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut number = String::new();
        BufReader::new(other.stdout.as_mut().expect("a pipe")).read_line(&mut number).expect("text");
        let outcome = machine.run(&format!("doctor --pid {}", number.trim()));
        drop(other.stdin.take());
        other.wait().expect("it ends");
        assert_eq!(found(&outcome, "debugger"), is(severity, "tamper_detected"), "{outcome:?}");
        assert!(words(&said(&outcome, "debugger")).contains(&format!("process {} traces", other.id())));
        let gone = machine.run(&format!("doctor --pid {}", number.trim()));
        assert_eq!(found(&gone, "sensors"), is("error", "not_found"));
    }
}

/// "Check for profilers": the variables of each, and which the license allows.
#[test]
fn each_profilers_variable_is_named_unless_the_license_allows_it() {
    let vendor = Vendor::new();
    let asks = guarded(&vendor, Some(json!({ "agents": ["datadog"] })));
    for (name, value) in [
        ("COR_ENABLE_PROFILING", "1"),
        ("CORECLR_ENABLE_PROFILING", "1"),
        ("CORECLR_PROFILER", "{918728DD-259F-4A6A-AC2B-B85E1B658318}"),
        ("MicrosoftInstrumentationEngine_Host", "x"),
        ("DOTNET_STARTUP_HOOKS", "/opt/hook.dll"),
        ("CORECLR_NEWRELIC_HOME", "/opt/newrelic"),
    ] {
        let outcome = with(&asks, name, value);
        assert_eq!(found(&outcome, "profiler"), is("error", "tamper_detected"), "{name}");
        assert!(words(&said(&outcome, "profiler")).contains(name), "{outcome:?}");
        assert_eq!(outcome.exit, Some(1));
    }
    let allowed = with(&asks, "DD_DOTNET_TRACER_HOME", "/opt/datadog");
    assert_eq!(found(&allowed, "profiler"), is("ok", ""));
    assert!(words(&said(&allowed, "profiler")).contains("the license allows that"), "{allowed:?}");
    let plain = guarded(&vendor, None);
    let outcome = with(&plain, "CORECLR_PROFILER", "x");
    assert_eq!(found(&outcome, "profiler"), is("warning", "tamper_detected"));
    assert!(words(&said(&outcome, "profiler")).contains("takes no right"), "{outcome:?}");
    // The program's own configuration can ask for sensors, too.
    let config = plain.path("app.json");
    std::fs::write(&config, r#"{"LicenseConfigs": {"EnableAntiTampering": true}}"#).expect("written");
    let words = format!("doctor --config {}", config.display());
    let outcome = run(plain.command(&words).env("CORECLR_PROFILER", "x"));
    assert_eq!(found(&outcome, "profiler"), is("error", "tamper_detected"));
}

#[test]
fn a_preloaded_library_is_named() {
    let vendor = Vendor::new();
    let asks = guarded(&vendor, Some(json!({})));
    let library = faketime();
    let outcome = with(&asks, "LD_PRELOAD", &library.display().to_string());
    assert_eq!(found(&outcome, "preload"), is("error", "tamper_detected"));
    assert!(words(&said(&outcome, "preload")).contains(&format!("LD_PRELOAD loads {}", library.display())));
}

/// "Verify hardware breakpoints are disabled": Linux shows them to nobody, and that is said.
#[test]
fn it_is_said_that_breakpoints_in_the_processor_are_not_seen() {
    let vendor = Vendor::new();
    let outcome = guarded(&vendor, Some(json!({}))).run("doctor");
    assert_eq!(found(&outcome, "breakpoints"), is("ok", ""));
    assert!(words(&said(&outcome, "breakpoints")).contains("in the processor are not shown by Linux"));
}

/// A process that has ended shows nothing. What that counts as is the license's to say.
#[test]
fn a_sensor_that_cannot_look_is_told() {
    let vendor = Vendor::new();
    for (unknown, severity) in [(json!({ "unknown": "tamper" }), "error"), (json!({}), "warning")] {
        let machine = guarded(&vendor, Some(unknown));
        let mut ended = Command::new("true").stdout(Stdio::piped()).spawn().expect("it starts");
        ended.stdout.take().expect("a pipe").read_to_end(&mut vec![]).expect("it says nothing");
        let outcome = machine.run(&format!("doctor --pid {}", ended.id()));
        ended.wait().expect("it ended");
        assert_eq!(found(&outcome, "breakpoints"), is(severity, "tamper_detected"), "{outcome:?}");
        assert!(words(&said(&outcome, "breakpoints")).contains("cannot look here"));
    }
}
