//! `sealgate doctor`.

use sealgate_artifact::Code;
use sealgate_wire::{CheckView, Readiness};

use crate::args::Global;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Output, harmless, say};

/// Prints every check of a running server.
pub(crate) fn run(global: &Global, output: &Output) -> Result<(), Failure> {
    let client = Client::without_token(global)?;
    let Readiness { checks } = client.get_whatever_status("/readyz?checks")?;
    let failed: Vec<&str> = checks.iter().filter(|check| !check.ok).map(|check| &*check.name).collect();
    let result = serde_json::json!({ "ok": failed.is_empty(), "checks": checks });
    output.result(&result, |_| checks.iter().for_each(print));
    if failed.is_empty() {
        return Ok(());
    }
    let message = format!("the server at {} fails: {}", client.base(), failed.join(", "));
    let fix = Code::CheckFailed.fix().expect("the table has one");
    Err(Failure::new(Code::CheckFailed, message).fix(fix))
}

fn print(check: &CheckView) {
    let verdict = if check.ok { "ok" } else { "FAILS" };
    say!("{verdict:<6} {:<12} {}", harmless(&check.name), meaning(&check.name));
    for (label, text) in [("why", &check.message), ("fix", &check.fix)] {
        if let Some(text) = text {
            say!("       {label}: {}", harmless(text));
        }
    }
}

/// What a check is about. A newer server may have others.
fn meaning(name: &str) -> &'static str {
    match name {
        "threads" => "every part that works by itself runs",
        "read" => "it reads its database",
        "write" => "it writes to its database",
        "sign" => "its keys sign",
        "clock" => "its clock was not set",
        "certificate" => "its certificates are in force",
        "history" => "its database did not come back older",
        _ => "",
    }
}
