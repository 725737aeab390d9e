//! A program that enforces its license. The first start activates this machine with the license key in `SEALGATE_LICENSE_KEY`; later
//! starts need none. The trust.json beside it belongs to nobody: put your own in its place.
#![expect(clippy::disallowed_methods, reason = "this is where the program reads its environment")]

use std::path::Path;
use std::sync::Arc;

use sealgate::guard::{GuardConfig, Mode};
use sealgate::{Client, Tier};

const TRUST: &[u8] = include_bytes!("trust.json");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder(TRUST).server("https://license.example.com").state_dir("./sealgate-state");
    let client = Arc::new(client.build()?);

    let config = GuardConfig { mode: Mode::Online, ..GuardConfig::default() };
    let key = config.license_key(std::env::var("SEALGATE_LICENSE_KEY").ok().as_deref())?;
    let program = std::env::current_exe()?;
    let folder = program.parent().unwrap_or(Path::new("/"));
    // Before anything else of your program.
    let guard =
        client.guard().free(["open", "save"]).install_root(folder).configured(&config, key)?.start()?;

    // Before an action: an error says why it may not be.
    match guard.ensure_valid("rule-engine") {
        Ok(()) => println!("rules are judged"),
        Err(no) => println!("refused {}: {no} {}", no.code(), no.fix().unwrap_or_default()),
    }
    // To show or hide something: it costs nanoseconds.
    println!("multi-tenant: {}", guard.has_feature("multi-tenant"));
    println!("enterprise: {}", guard.tier() == Tier::Enterprise);
    Ok(())
}
