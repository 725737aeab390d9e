//! What the guard's sensors see (`spec/guard.md` §9.2): in this command's own environment, or in a program that runs.

use sealgate::guard::sensors::Seen;
use sealgate::guard::{Enforced, Finding};
use sealgate_artifact::Code;

use super::check::{Check, check};
use crate::failure::Failure;

/// What Linux keeps from everybody, where other systems show it.
const HARDWARE: &str =
    "breakpoints that a debugger keeps in the processor are not shown by Linux; its debugger is";

/// A check for each sensor. `enforced` is what the license asks for with what the configuration adds; `None` where no license is held.
pub(super) fn sensors(process: Option<u32>, enforced: Option<&Enforced>) -> Vec<Check> {
    let allows = |agent: &str| enforced.is_some_and(|enforced| enforced.allows_agent(agent));
    let (seen, plain) = match (look(process, &allows), look(process, &|_| false)) {
        (Ok(seen), Ok(plain)) => (seen, plain),
        (Err(failure), _) | (_, Err(failure)) => return vec![check("sensors", Err(failure))],
    };
    let judge = |seen: &Seen| {
        let allowed = plain.iter().find(|plain| plain.sensor == seen.sensor && plain.finding != seen.finding);
        judged(seen, allowed, enforced)
    };
    seen.iter().map(judge).collect()
}

#[cfg(target_os = "linux")]
fn look(process: Option<u32>, allows: &dyn Fn(&str) -> bool) -> Result<Vec<Seen>, Failure> {
    use sealgate::guard::sensors::{LinuxProcess, look_at};
    let process = match process {
        None => LinuxProcess::default(),
        Some(number) => {
            let process = LinuxProcess::of(number);
            if !process.is_there() {
                return Err(Failure::new(Code::NotFound, format!("no process {number} runs here"))
                    .fix("give --pid the number of the program while it runs"));
            }
            process
        }
    };
    Ok(look_at(&process, allows))
}

#[cfg(not(target_os = "linux"))]
fn look(process: Option<u32>, allows: &dyn Fn(&str) -> bool) -> Result<Vec<Seen>, Failure> {
    use sealgate::guard::sensors::{PlatformSensors, Sensors};
    match process {
        None => Ok(PlatformSensors.look(allows)),
        Some(_) => {
            Err(Failure::new(Code::CheckFailed, "this platform has no sensors yet").fix("leave --pid out"))
        }
    }
}

fn judged(seen: &Seen, allowed: Option<&Seen>, enforced: Option<&Enforced>) -> Check {
    let asked = enforced.filter(|enforced| enforced.anti_tamper.is_some());
    let found = match seen.finding {
        Finding::Something => {
            Err(Failure::new(Code::TamperDetected, seen.what.clone()).fix(fix(seen.sensor)))
        }
        Finding::Unknown => {
            let message = format!("this sensor cannot look here: {}", seen.what);
            Err(Failure::new(Code::TamperDetected, message).fix(
                "Run it as the program's user, where /proc is there. It takes rights only where the license says \"unknown\": \"tamper\".",
            ))
        }
        Finding::Nothing | Finding::NotSought => Ok(allowed.map_or_else(
            || "nothing found".to_owned(),
            |allowed| format!("{}, and the license allows that", allowed.what),
        )),
    };
    let counts = match seen.finding {
        Finding::Unknown => asked.is_some_and(Enforced::doubts_sensors),
        _ => asked.is_some(),
    };
    let check = check(seen.sensor, found);
    let check = if counts { check } else { check.into_warning() };
    let hardware = (seen.sensor == "breakpoints").then(|| HARDWARE.to_owned());
    let unasked = seen.finding == Finding::Something && !counts;
    let unasked = unasked.then(|| {
        "neither the license nor the configuration asks for sensors, so it takes no right".to_owned()
    });
    check.with_notes(unasked.into_iter().chain(hardware))
}

fn fix(sensor: &str) -> &'static str {
    match sensor {
        "debugger" => "Detach the debugger or tracer (gdb, strace, an IDE), then start the program again.",
        "preload" => {
            "Unset LD_PRELOAD and LD_AUDIT for the program, or ask the vendor to allow the library's name as an agent; then start the \
             program again."
        }
        "profiler" => {
            "Unset it for the program (agents of Application Insights, Datadog, New Relic and .NET profilers set such variables), or ask the \
             vendor to allow the agent; then start the program again."
        }
        _ => "Start the program again, without a debugger.",
    }
}
