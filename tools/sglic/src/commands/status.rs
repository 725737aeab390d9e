//! `sglic status`.

use serde::Serialize;

use super::held::{self, Held};
use crate::args::Global;
use crate::client::Here;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, pairs};
use crate::settings::Settings;

#[derive(Serialize)]
struct Status {
    activated: bool,
    #[serde(flatten)]
    held: Option<Held>,
    /// Why the last heartbeat did not count.
    refused_by: Option<String>,
    server: Option<String>,
    proof: Option<String>,
}

pub(crate) fn run(global: &Global, output: Output) -> Result<(), Failure> {
    let here = Here::find(global)?;
    let client = here.offline(global)?;
    let activation = held::held(&client)?;
    let held = activation.as_ref().map(|activation| Held::of(&client, activation)).transpose()?;
    // A program that activated itself leaves no file.
    let proof = held.as_ref().map(|_| here.settings.proof(&here.folder)).filter(|file| files::is_there(file));
    let proof = proof.map(|file| file.display().to_string());
    let Settings { server, refused_by, .. } = here.settings;
    let status = Status { activated: held.is_some(), held, refused_by, server, proof };
    output.result(&status, |status| match &status.held {
        None => "this machine is not activated: `sglic activate --key - --server URL`".to_owned(),
        Some(held) => {
            let mut lines = held.lines();
            lines.extend(status.refused_by.clone().map(|code| ("refused by", code)));
            lines.extend(status.server.clone().map(|server| ("server", server)));
            lines.extend(status.proof.clone().map(|proof| ("proof", proof)));
            pairs(&lines)
        }
    });
    Ok(())
}
