//! `sealgate doctor`.

use sealgate_artifact::Code;
use sealgate_terminal::harmless;
use sealgate_wire::{CheckView, Readiness, Timestamp, TokenView};

use super::token::{self, TOKENS};
use crate::args::Global;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Output, complain, say};

/// Prints every check of a running server.
pub(crate) fn run(global: &Global, output: &Output) -> Result<(), Failure> {
    let client = Client::without_token(global)?;
    let Readiness { checks } = client.get_whatever_status("/readyz?checks")?;
    let failed: Vec<&str> = checks.iter().filter(|check| !check.ok).map(|check| &*check.name).collect();
    let mut result = serde_json::json!({ "ok": failed.is_empty(), "checks": checks });
    let owners_end = owners_end(global);
    if let Some(end) = owners_end {
        result["owners_end"] = serde_json::json!(end);
    }
    output.result(&result, |_| checks.iter().for_each(print));
    if let Some(end) = owners_end.filter(|_| !output.json) {
        complain!("{}", token::locked_out(end));
    }
    if failed.is_empty() {
        return Ok(());
    }
    let message = format!("the server at {} fails: {}", client.base(), failed.join(", "));
    let fix = Code::CheckFailed.fix().expect("the table has one");
    Err(Failure::new(Code::CheckFailed, message).fix(fix))
}

/// When the last owner's token of the tenant ends, where there is a token at hand that sees it. The checks need none.
fn owners_end(global: &Global) -> Option<Timestamp> {
    let tokens: Vec<TokenView> = Client::new(global).ok()?.get_all(TOKENS).ok()?;
    token::owners_end(&tokens)
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
        "history" => "no sign that its database came back older (a restored copy of all its data shows none)",
        "jobs" => "what it does by itself is done",
        _ => "",
    }
}
