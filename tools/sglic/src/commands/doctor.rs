//! `sglic doctor`: one check after another, each with what to do.

use std::path::Path;

use sealgate::{Activation, Client, Clock, SystemClock};
use sealgate_artifact::{Code, UnixSeconds};
use serde::Serialize;
use serde_json::Value;

use super::compared::Compared;
use super::heartbeat::{AGAIN, meaning};
use super::held::Standing;
use super::verify::{files_verified, in_force, no_list};
use crate::args::{DoctorArgs, Global, VerifyArgs};
use crate::client::Here;
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::trust;

/// By how much the clock may be behind the time that the vendor's keys signed last.
const TOLERANCE: u64 = 300;

/// One check.
#[derive(Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    /// What was found.
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    /// Each file of the program, where files were compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    modules: Vec<Value>,
    /// More about it for people, a line each.
    #[serde(skip)]
    lines: Vec<String>,
}

type Found = Result<String, Failure>;

pub(crate) fn run(global: &Global, args: &DoctorArgs, output: Output) -> Result<(), Failure> {
    let checks = checks(global, args.root.as_deref());
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

fn checks(global: &Global, root: Option<&Path>) -> Vec<Check> {
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
    // Without it nothing else can be told.
    if state.ok {
        checks.push(state);
        checks.push(check("clock", clock(&client)));
        checks.push(check("server", server(global, &here)));
        checks.push(check("license", license(&here, &client)));
        checks.push(modules(&here, &client, root));
        checks.push(check("heartbeat", heartbeat(&here, &client)));
    } else {
        checks.push(state);
    }
    checks
}

fn check(name: &'static str, found: Found) -> Check {
    match found {
        Ok(message) => {
            Check { name, ok: true, message, code: None, fix: None, modules: vec![], lines: vec![] }
        }
        Err(failure) => {
            let Failure { code, message, fix, lines, .. } = failure;
            Check { name, ok: false, message, code: Some(code), fix, modules: vec![], lines }
        }
    }
}

impl Check {
    fn text(&self) -> String {
        let mark = if self.ok { "ok     " } else { "FAILS  " };
        let fix = self.fix.iter().map(|fix| format!("fix: {fix}"));
        let below = self.lines.iter().cloned().chain(fix).map(|line| format!("\n         {line}"));
        format!("{mark} {:10} {}", self.name, self.message) + &below.collect::<String>()
    }
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

fn server(global: &Global, here: &Here) -> Found {
    let address = here.server(global)?;
    here.client(global)?.check_server()?;
    Ok(format!("{address} answers, and shows the vendor's certificate for this address"))
}

/// Seed failures: a proof that does not fit, and a license that was revoked.
fn license(here: &Here, client: &Client) -> Found {
    let args = VerifyArgs::default();
    let activation = files_verified(here, client, &args)?;
    in_force(&activation, client.trusted_time()?)?;
    let until = activation.rights_until();
    match Standing::of(&activation, client.trusted_time()?) {
        Standing::Grace => {
            let code = activation.ended_by().unwrap_or_default();
            let fix = "Restore a valid license with the vendor before then, and activate again.";
            Err(Failure::of_code(code, format!("the license ends here at {until}")).fix(fix))
        }
        _ => Ok(format!("license and proof verify, and count until {until}")),
    }
}

/// The program's files beside the list in the proof. A file that says no version is named, and is no fault.
fn modules(here: &Here, client: &Client, root: Option<&Path>) -> Check {
    // Where it does not verify, the check of the license says so.
    let held = files_verified(here, client, &VerifyArgs::default()).ok();
    let listed = held.as_ref().map(Activation::modules);
    let Some(root) = root else {
        let said = match listed.map_or(0, <[_]>::len) {
            0 => "no proof lists files, so none were compared".to_owned(),
            count => {
                format!("the proof lists {count}; --root DIR compares them with the files of the program")
            }
        };
        return check("modules", Ok(said));
    };
    let compared = match Compared::of(root, listed.unwrap_or_default()) {
        Ok(compared) => compared,
        Err(failure) => return check("modules", Err(failure)),
    };
    let found = match listed {
        None => {
            Ok("nothing counts here that could list files, so they were compared with nothing".to_owned())
        }
        Some([]) => Err(no_list()),
        Some(_) => {
            compared.all_listed().map(|count| format!("the proof lists all {count} files of the program"))
        }
    };
    let check = check("modules", found);
    let lines = check.lines.iter().cloned().chain(compared.remarks()).collect();
    Check { modules: compared.json(), lines, ..check }
}

fn heartbeat(here: &Here, client: &Client) -> Found {
    if let Some(code) = &here.settings.refused_by {
        let message = format!("the last one did not count: {}", meaning(code));
        return Err(Failure::of_code(code, message).fix(AGAIN));
    }
    let due = client.heartbeat_due()?;
    let now: UnixSeconds = SystemClock.now();
    match due {
        None => Err(Failure::not_activated()),
        Some(due) if due <= now => {
            let message = "a heartbeat is due";
            Err(Failure::new(Code::CheckFailed, message)
                .fix("send one: `sglic heartbeat`, or keep `sglic heartbeat --watch` running"))
        }
        Some(due) => Ok(format!("the next one is due at {due}")),
    }
}
