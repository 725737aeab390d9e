//! `sglic activate`.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use sealgate::{Activation, Client, Error, Module};
use sealgate_artifact::{Code, LicenseKey};
use serde::Serialize;
use zeroize::Zeroizing;

use super::bundle;
use super::held::{self, Held};
use crate::args::{ActivateArgs, Global};
use crate::client::Here;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, pairs};
use crate::settings::{Settings, license_beside};

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

/// What is asked for.
pub(super) struct Wish<'a> {
    pub(super) key: Zeroizing<String>,
    /// None, where no file is named.
    pub(super) modules: Vec<Module>,
    /// Where to put the proof.
    pub(super) output: Option<&'a Path>,
    /// Also where the machine has it.
    pub(super) again: bool,
    /// What the server is asked, for a person who waits.
    pub(super) asks: &'static str,
}

/// What is held then.
pub(super) struct Done {
    pub(super) activation: Activation,
    pub(super) proof: PathBuf,
    /// Whether nobody was asked.
    pub(super) already: bool,
}

pub(crate) fn run(global: &Global, args: &ActivateArgs, output: Output) -> Result<(), Failure> {
    if let Some(file) = &args.file {
        if file.to_str().is_some_and(|text| LicenseKey::parse(text).is_ok()) {
            // It is not repeated: others may see what a program prints.
            let message = "a license key stands where a license file belongs";
            return Err(
                Failure::new(Code::MalformedRequest, message).fix("give it by --key -, on standard input")
            );
        }
        return bundle::activate::file(global, file, output);
    }
    let mut here = Here::find(global)?;
    let Some(named) = &args.key else {
        if let Ok(server) = here.server(global) {
            return Err(no_key(&server));
        }
        return bundle::offer(global, &here, &args.places, output);
    };
    let wish = Wish {
        key: key(named, output)?,
        modules: args.manifest.as_deref().map(modules).transpose()?.unwrap_or_default(),
        output: args.output.as_deref(),
        again: args.again,
        asks: "to activate this machine",
    };
    let client = here.client(global)?;
    let before = held_before(&client)?;
    let Done { activation, proof, already } =
        obtain(&mut here, (global, output), (&client, before.as_ref()), &wish)?;
    let held = Held::of(&client, &activation)?;
    let shown = |path: &Path| path.display().to_string();
    let license = license_beside(&proof);
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

fn no_key(server: &str) -> Failure {
    let message =
        format!("neither a license key nor a license file was named, and {server} is asked for a key");
    let fix = "give --key - for that server; for a machine without a network, leave --server out or name the license file: `sglic activate FILE.sglic`";
    Failure::new(Code::MalformedRequest, message).fix(fix)
}

impl Wish<'_> {
    /// Whether the machine is activated for this key, with these files where any are named.
    pub(super) fn is_granted(&self, settings: &Settings, held: &Activation) -> bool {
        let lists_them = self.modules.is_empty() || held.modules() == self.modules;
        let counts = held.ended_by().is_none() && settings.refused_by.is_none();
        counts && lists_them && settings.is_of(&self.key, held)
    }
}

/// Activates the machine, unless it is, and puts license and proof into their files.
pub(super) fn obtain(
    here: &mut Here,
    (global, output): (&Global, Output),
    (client, before): (&Client, Option<&Activation>),
    wish: &Wish<'_>,
) -> Result<Done, Failure> {
    let server = here.server(global)?;
    let proof = match wish.output {
        Some(path) => files::resolved(path),
        None => here.settings.proof(&here.folder),
    };
    if license_beside(&proof) == proof {
        let message = "the license is put beside the proof as license.json, so the proof needs another name";
        return Err(Failure::new(Code::MalformedRequest, message).fix("give --output another file name"));
    }
    let former = here.settings.clone();
    let done = before.filter(|held| !wish.again && wish.is_granted(&former, held)).cloned();
    let already = done.is_some();
    let activation = if let Some(held) = done {
        held
    } else {
        // Before anybody is asked, so that a program that is ended on its way knows what it asked for, and whom. What worked before
        // stays until this works.
        here.settings.asks(&wish.key, before);
        here.settings.server.get_or_insert_with(|| server.clone());
        here.settings.proof.get_or_insert_with(|| proof.clone());
        here.settings.save(&here.folder)?;
        output.progress(&format!("asking {server} {}", wish.asks));
        let asked = client.activate_with_modules(&wish.key, &wish.modules);
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
    Ok(Done { activation, proof, already })
}

/// What does not verify, or was taken back, is replaced by what comes.
pub(super) fn held_before(client: &Client) -> Result<Option<Activation>, Failure> {
    match client.activation() {
        Ok(held) => Ok(held),
        Err(Error::Security(_) | Error::License(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The list in a manifest, in the order of `spec/activation.md` §2.2.
pub(super) fn modules(path: &Path) -> Result<Vec<Module>, Failure> {
    let fix = "give a list as in [[\"editor\", \"5feceb66…\", \"1.0\", null]], in the order of names, null for what a file does not say";
    Module::list_of_text("modules", files::read(path)?.trim_ascii_end())
        .map_err(|error| Failure::new(error.code(), format!("{}: {error}", path.display())).fix(fix))
}

/// The key that was given, or the first line of standard input.
pub(super) fn key(given: &str, output: Output) -> Result<Zeroizing<String>, Failure> {
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
