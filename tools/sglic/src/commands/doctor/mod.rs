//! `sglic doctor`: one check after another, each with what to do.

mod bundle;
mod check;
mod license;
mod machine;
mod network;
mod program;
mod revocations;
mod rights;
mod variables;

use sealgate::guard::Enforced;
use sealgate::{Client, Clock, SystemClock};
use sealgate_artifact::Code;

use self::check::{Check, Found, check};
use self::program::Program;
pub(crate) use self::variables::Variables;
use crate::args::{DoctorArgs, Global};
use crate::client::Here;
use crate::commands::bundle::kept::Kept;
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::trust;

/// By how much the clock may be behind the time that the vendor's keys signed last.
const TOLERANCE: u64 = 300;

pub(crate) fn run(
    global: &Global,
    args: &DoctorArgs,
    variables: &Variables,
    output: Output,
) -> Result<(), Failure> {
    let checks = checks(global, args, variables);
    let failed = checks.iter().filter(|check| !check.ok).count();
    output.result(&serde_json::json!({ "ok": failed == 0, "checks": &checks }), |_| {
        checks.iter().map(Check::text).collect::<Vec<_>>().join("\n")
    });
    if failed == 0 {
        return Ok(());
    }
    let fix = "do what is written below each check that failed";
    Err(Failure::new(Code::CheckFailed, format!("{failed} of {} checks failed", checks.len())).fix(fix))
}

fn checks(global: &Global, args: &DoctorArgs, variables: &Variables) -> Vec<Check> {
    let trusted = trust::load(global);
    let mut checks = vec![check(
        "trust",
        trusted
            .map(|pinned| format!("the vendor's keys for app {}, from {}", pinned.trust.app(), pinned.from)),
    )];
    if !checks[0].ok {
        return checks;
    }
    let (here, client) =
        match Here::find(global).and_then(|here| here.offline(global).map(|client| (here, client))) {
            Ok(found) => found,
            Err(failure) => {
                checks.push(check("state", Err(failure)));
                return checks;
            }
        };
    let state = check("state", state(&here, &client));
    let is_there = state.ok;
    // What reads is no failure, and somebody may have taken the newer copy away.
    let note = client.state_note().ok().flatten();
    checks.push(state.with_notes(note));
    // Without it nothing else can be told.
    if is_there {
        checks.extend(all(global, (&here, &client), args, variables));
    }
    checks
}

fn all(
    global: &Global,
    (here, client): (&Here, &Client),
    args: &DoctorArgs,
    variables: &Variables,
) -> Vec<Check> {
    let (program, config) = Program::read(args.config.as_deref());
    // One that does not verify is told by its own check.
    let kept = Kept::gone_by(client).ok().flatten();
    let is_activated = kept.is_some() || client.kept_activation().is_ok_and(|held| held.is_some());
    let mut checks = vec![
        config,
        program::key(&program, variables, is_activated),
        program::proof(&program, client, is_activated),
        check("clock", clock(client)),
        network::server((global, here), &program, variables, kept.is_some()),
        check("license", license::license(here, client, &program, kept.as_ref())),
        bundle::bundle(client, &program, kept.as_ref()),
        license::modules(here, client, &program, args.root.as_deref()),
    ];
    // What does not verify asks for nothing; the check of the license says so.
    let enforced =
        client.enforced().ok().flatten().map(|signed: Enforced| signed.tightened(&program.config.local));
    checks.extend(machine::sensors(args.pid, enforced.as_ref()));
    let beside = revocations::beside(here, &program);
    checks.push(revocations::revocations(client, &beside));
    checks.push(rights::heartbeat(here, client, &program, kept.is_some()));
    checks.push(check("rights", rights::fell(client, &beside)));
    checks
}

fn state(here: &Here, client: &Client) -> Found {
    // Reads it, and refuses what may be somebody else's work.
    client.signed_time()?;
    if files::is_there(&here.folder) {
        files::check_writable(&here.folder)?;
        return Ok(format!("{} can be read and written", here.folder.display()));
    }
    Ok(format!("{} is made when the machine is activated", here.folder.display()))
}

fn clock(client: &Client) -> Found {
    let (now, signed) = (SystemClock.now(), client.signed_time()?);
    if now.plus(TOLERANCE) < signed {
        let message = format!("the clock shows {now}, and the vendor's server signed something at {signed}");
        let fix = "set the clock of this machine; if it is right, the server's was ahead: `sglic heartbeat`";
        return Err(Failure::new(Code::NotYetValid, message).fix(fix));
    }
    Ok(format!("the clock shows {now}"))
}
