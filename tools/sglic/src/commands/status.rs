//! `sglic status`.

use serde::Serialize;

use super::held::{self, Held};
use crate::args::Global;
use crate::client::Here;
use crate::failure::Failure;
use crate::output::{Output, pairs};

#[derive(Serialize)]
struct Status {
    activated: bool,
    #[serde(flatten)]
    held: Option<Held>,
    server: Option<String>,
    proof: Option<String>,
}

pub(crate) fn run(global: &Global, output: Output) -> Result<(), Failure> {
    let here = Here::find(global)?;
    let client = here.offline(global)?;
    let activation = held::held(&client)?;
    let held = activation.as_ref().map(|activation| Held::of(&client, activation)).transpose()?;
    let proof = held.as_ref().map(|_| here.settings.proof(&here.folder).display().to_string());
    let status = Status { activated: held.is_some(), held, server: here.settings.server.clone(), proof };
    output.result(&status, |status| match &status.held {
        None => "this machine is not activated: `sglic activate --key - --server URL`".to_owned(),
        Some(held) => {
            let mut lines = held.lines();
            lines.extend(status.server.clone().map(|server| ("server", server)));
            lines.extend(status.proof.clone().map(|proof| ("proof", proof)));
            pairs(&lines)
        }
    });
    Ok(())
}
