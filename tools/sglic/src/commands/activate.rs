//! `sglic activate`.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use sealgate::{Activation, Client, Error, Module};
use sealgate_artifact::Code;
use serde::Serialize;
use zeroize::Zeroizing;

use super::held::{self, Held};
use crate::args::{ActivateArgs, Global};
use crate::client::Here;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, pairs};
use crate::settings::license_beside;

/// Bytes of a line: far more than a key has.
const LINE: u64 = 1_000;

#[derive(Serialize)]
struct Activated {
    #[serde(flatten)]
    held: Held,
    proof: String,
    license: String,
    /// Whether the machine was activated for this key before, so that nobody was asked.
    already: bool,
}

pub(crate) fn run(global: &Global, args: &ActivateArgs, output: Output) -> Result<(), Failure> {
    let mut here = Here::find(global)?;
    let key = key(&args.key, output)?;
    let modules = args.manifest.as_deref().map(modules).transpose()?.unwrap_or_default();
    let server = here.server(global)?;
    let client = here.client(global)?;
    let proof = match &args.output {
        Some(path) => files::resolved(path),
        None => here.settings.proof(&here.folder),
    };
    let license = license_beside(&proof);
    if license == proof {
        let message = "the license is put beside the proof as license.json, so the proof needs another name";
        return Err(Failure::new(Code::MalformedRequest, message).fix("give --output another file name"));
    }
    let before = held_before(&client)?;
    let is_of_these = |held: &Activation| args.manifest.is_none() || held.modules() == modules;
    let is_done = |held: &Activation| {
        let counts = held.ended_by().is_none() && here.settings.refused_by.is_none();
        !args.again && counts && here.settings.is_of(&key, held) && is_of_these(held)
    };
    let done = before.as_ref().filter(|held| is_done(held)).cloned();
    let already = done.is_some();
    let former = here.settings.clone();
    let activation = if let Some(held) = done {
        held
    } else {
        // Before anybody is asked, so that a program that is ended on its way knows what it asked for, and whom. What worked before
        // stays until this works.
        here.settings.asks(&key, before.as_ref());
        here.settings.server.get_or_insert_with(|| server.clone());
        here.settings.proof.get_or_insert_with(|| proof.clone());
        here.settings.save(&here.folder)?;
        output.progress(&format!("asking {server} to activate this machine"));
        let asked = client.activate_with_modules(&key, &modules);
        if let Err(Error::License(_)) = asked {
            // What is held stays what it was: of the key that it came of, and where it lies.
            here.settings.take_back(former);
            here.settings.save(&here.folder)?;
        }
        asked?
    };
    (here.settings.server, here.settings.proof) = (Some(server), Some(proof.clone()));
    here.settings.refused_by = None;
    here.settings.save(&here.folder)?;
    held::write(&activation, &proof)?;
    let held = Held::of(&client, &activation)?;
    let shown = |path: &Path| path.display().to_string();
    let result = Activated { held, proof: shown(&proof), license: shown(&license), already };
    output.result(&result, |result| {
        let mut lines =
            vec![("activated", if result.already { "already, for this key" } else { "yes" }.to_owned())];
        lines.extend(result.held.lines());
        lines.extend([("proof", result.proof.clone()), ("license file", result.license.clone())]);
        pairs(&lines)
    });
    Ok(())
}

/// What does not verify is replaced by what comes.
fn held_before(client: &Client) -> Result<Option<Activation>, Failure> {
    match client.activation() {
        Ok(held) => Ok(held),
        Err(Error::Security(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The list in a manifest, in the order of `spec/activation.md` §2.2.
fn modules(path: &Path) -> Result<Vec<Module>, Failure> {
    let fix = "give a list as in [[\"editor\", \"5feceb66…\", \"1.0\", null]], in the order of names, null for what a file does not say";
    Module::list_of_text("modules", files::read(path)?.trim_ascii_end())
        .map_err(|error| Failure::new(error.code(), format!("{}: {error}", path.display())).fix(fix))
}

/// The key that was given, or the first line of standard input.
fn key(given: &str, output: Output) -> Result<Zeroizing<String>, Failure> {
    if given != "-" {
        return Ok(Zeroizing::new(given.to_owned()));
    }
    if std::io::stdin().is_terminal() {
        output.progress("type or paste the license key:");
    }
    let mut line = Zeroizing::new(String::new());
    let read = std::io::Read::take(std::io::stdin().lock(), LINE).read_line(&mut line);
    read.map_err(|e| Failure::new(Code::FileUnreadable, format!("standard input: {e}")))?;
    let key = line.trim_start_matches('\u{feff}').trim();
    if key.is_empty() {
        let failure = Failure::new(Code::MalformedRequest, "standard input names no license key");
        return Err(failure.fix("send the key in one line: `sglic activate --key - < key.txt`"));
    }
    Ok(Zeroizing::new(key.to_owned()))
}
