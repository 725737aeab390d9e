//! `sealgate keys`.

use std::path::{Path, PathBuf};

use sealgate_artifact::{Code, KeyUse};
use sealgate_server::assembly::{self, unlock};
use sealgate_wire::{KeyRevoked, KeyView, Page, Reason, RotateKey, Trust};

use crate::args::{ExportKeysArgs, Global, PartArgs, RevokeKeyArgs, ShareKeysArgs};
use crate::client::Client;
use crate::commands::by_file::BY_FILE;
use crate::commands::lists;
use crate::commands::written::write;
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::names;
use crate::output::{Output, say};
use crate::parts::Parts;
use crate::signals;
use crate::streams::is_dash;

/// Dark licenses that are named to a person; `--json` names all.
const NAMED: usize = 20;
const KEYS: &str = "/api/v1/keys?limit=200";

pub(crate) fn list(global: &Global, part: &PartArgs, output: &Output) -> Result<(), Failure> {
    let none = "no keys; `sealgate app create NAME` makes the first of an app";
    lists::print(&Client::new(global)?, ("/api/v1/keys", "", none), part, output, print)
}

pub(crate) fn rotate(global: &Global, key_use: &str, output: &Output) -> Result<(), Failure> {
    let wish = RotateKey { r#use: key_use.to_owned() };
    let client = Client::new(global)?;
    let first: Page<KeyView> = client.post("/api/v1/keys/rotate", &wish)?;
    let keys = client.all_of(first, KEYS).map_err(|failure| {
        failure.fix("the key was rotated, and this command would rotate it again; see `sealgate keys list`")
    })?;
    output.result(&keys, |keys| {
        print(keys);
        say!("\nThe former key still verifies what it signed. Export trust.json again for new builds.");
    });
    Ok(())
}

pub(crate) fn revoke(global: &Global, args: &RevokeKeyArgs, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let keys: Result<Vec<KeyView>, Failure> = client.get_all(KEYS);
    let keys = keys.map_err(|failure| {
        failure.fix_for(
            Code::ScopeMissing,
            "use a token that has the scopes keys:read and keys:write: the key is looked up first",
        )
    })?;
    let unknown = || {
        Failure::new(Code::NotFound, Code::NotFound.meaning()).fix("`sealgate keys list` shows the key ids")
    };
    let key = keys.iter().find(|key| key.keyid == args.keyid).ok_or_else(unknown)?;
    // A server's key stands in the keyset of each tenant.
    let whose = if key.r#use == KeyUse::Activation.as_str() { " for your tenant" } else { "" };
    let question = format!(
        "Revoke the {} key {}{whose}? Everything that it signed is then refused.",
        key.r#use, key.keyid
    );
    Consent::new(args.yes, output).ask(&question, "revoking a key cannot be undone")?;
    let path = format!("/api/v1/keys/{}/revoke", key.keyid);
    let request = Reason { reason: args.reason.clone() };
    let mut parts = Parts::new("licenses signed again", output);
    let mut all =
        KeyRevoked { keyid: key.keyid.clone(), complete: false, dark: vec![], dark_bundles: vec![] };
    while !all.complete {
        let next = signals::none_came().and_then(|()| client.post(&path, &request));
        let part: KeyRevoked = next.map_err(|failure| {
            let failure = parts.stopped(failure, || again(&client, args));
            if !all.dark.is_empty() {
                // The next run lists only those that it signs itself.
                output.result(&all, print_revoked);
            }
            failure
        })?;
        all.complete = part.complete;
        parts.add(part.dark.len() as u64);
        all.dark.extend(part.dark);
        // Each part names all of them.
        all.dark_bundles = part.dark_bundles;
    }
    parts.finish();
    output.result(&all, print_revoked);
    Ok(())
}

fn again(client: &Client, args: &RevokeKeyArgs) -> String {
    let again = client.again("keys revoke").word(&args.keyid).flag("--reason", args.reason.as_deref());
    again.switch("--yes", args.yes).into()
}

/// Works on data directories, without a server.
pub(crate) fn share(global: &Global, args: &ShareKeysArgs, output: &Output) -> Result<(), Failure> {
    let added =
        assembly::share(&authority(global)?, &unlock(args.passphrase_file.as_deref())?, &args.output)?;
    let result = serde_json::json!({ "directory": args.output, "added": added });
    output.result(&result, |_| {
        say!("{}: {added} keys and secrets added", args.output.display());
        say!("\nThe directory contains keys/unlock.key, which opens its keystore. Whoever has the directory can answer running");
        say!("software until the server is revoked, but cannot make licenses.");
    });
    Ok(())
}

/// Works on a data directory, without a server.
pub(crate) fn renew_sessions(
    global: &Global,
    passphrase_file: Option<&Path>,
    output: &Output,
) -> Result<(), Failure> {
    let name = assembly::renew_sessions(&authority(global)?, &unlock(passphrase_file)?)?;
    output.result(&serde_json::json!({ "secret": name }), |_| {
        say!("{name} counts from each server's next start; sessions of the former secret are then over.");
        say!("Run `sealgate keys share` for each runtime first.");
    });
    Ok(())
}

fn authority(global: &Global) -> Result<PathBuf, Failure> {
    global.data_dir().ok_or_else(|| {
        Failure::new(Code::ConfigInvalid, "no data directory was given")
            .fix("give --data DIR, the Authority's data directory")
    })
}

pub(crate) fn export(global: &Global, args: &ExportKeysArgs, output: &Output) -> Result<(), Failure> {
    let client = Client::new(global)?;
    let trust: Trust = client.get(&format!("{}/trust", names::app_path(args.app.as_deref())?))?;
    let text = serde_json::to_vec_pretty(&trust).expect("trust can be written");
    let written = write(&args.output, &text)?;
    if is_dash(&args.output) {
        return Ok(());
    }
    let result =
        serde_json::json!({ "app_id": trust.app, "file": args.output, "root_version": trust.root_version });
    output.result(&result, |_| {
        say!("{written}\nBuilds pin this file. Pass it on in such a way that nobody else can change it.");
    });
    Ok(())
}

fn print(keys: &[KeyView]) {
    let row = |key: &KeyView| {
        let ended = key.not_after.map_or_else(String::new, |t| t.to_string());
        vec![
            key.keyid.clone(),
            key.r#use.clone(),
            key.state.clone(),
            key.not_before.to_string(),
            ended,
            key.scope.clone(),
        ]
    };
    Output::table(&["KEY ID", "USE", "STATE", "PUBLISHED", "ENDED", "SCOPE"], keys.iter().map(row));
}

/// Bundles that the key signed: they are not signed again, because somebody has to carry new ones.
fn print_dark_bundles(bundles: &[String]) {
    if bundles.is_empty() {
        return;
    }
    say!(
        "\nBundles that the key signed: {}. Machines refuse them once they take over newer keys. Make others: `sealgate offline export KEY --replaces BUNDLE`:",
        bundles.len()
    );
    for bundle in bundles.iter().take(NAMED) {
        say!("  {bundle}");
    }
    if bundles.len() > NAMED {
        say!("  and {} more; --json lists all", bundles.len() - NAMED);
    }
    say!("");
}

fn print_revoked(revoked: &KeyRevoked) {
    say!("{} {}", if revoked.complete { "revoked" } else { "not revoked yet:" }, revoked.keyid);
    if revoked.dark.is_empty() {
        say!("No license in force had to be signed again.");
    } else {
        say!(
            "\nLicenses signed again: {}. Copies of their files in the field no longer verify; hand out new files:",
            revoked.dark.len()
        );
        for license in revoked.dark.iter().take(NAMED) {
            say!("  {license}");
        }
        if revoked.dark.len() > NAMED {
            say!("  and {} more; --json lists all", revoked.dark.len() - NAMED);
        }
    }
    print_dark_bundles(&revoked.dark_bundles);
    say!(
        "Older trust files still accept the key: export trust.json again, and FILE.trust with each license file. {BY_FILE}"
    );
}
