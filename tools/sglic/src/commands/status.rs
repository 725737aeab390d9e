//! `sglic status`.

use serde::Serialize;

use super::held::{self, Held, Standing};
use super::revocations::{Beside, RevocationData};
use crate::args::Global;
use crate::client::Here;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, pairs};
use crate::settings::Settings;

#[derive(Serialize)]
struct Status {
    activated: bool,
    /// How what is held stands that counts no more. What counts says it of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<Standing>,
    #[serde(flatten)]
    held: Option<Held>,
    /// What was imported on a machine that is not activated. What is held says it of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    revocations: Option<RevocationData>,
    /// Why the last heartbeat did not count.
    refused_by: Option<String>,
    server: Option<String>,
    proof: Option<String>,
}

pub(crate) fn run(global: &Global, output: Output) -> Result<(), Failure> {
    let here = Here::find(global)?;
    let client = here.offline(global)?;
    let lost = held::lost(&client);
    let activation = if lost.is_some() { None } else { held::held(&client)? };
    let held = activation.as_ref().map(|activation| Held::of(&client, activation)).transpose()?;
    // A program that activated itself leaves no file.
    let proof = held.as_ref().map(|_| here.settings.proof(&here.folder)).filter(|file| files::is_there(file));
    let proof = proof.map(|file| file.display().to_string());
    // What is held counts before any file.
    let beside = || RevocationData::beside(&client, &Beside::read(&here, None, None)?);
    let revocations = if held.is_none() { Some(beside()?) } else { None };
    let Settings { server, refused_by, .. } = here.settings;
    let (activated, state) = (held.is_some() || lost.is_some(), lost.as_ref().map(|_| Standing::KeyRevoked));
    let status = Status { activated, state, held, revocations, refused_by, server, proof };
    output.result(&status, |status| match &status.held {
        None if status.state.is_some() => {
            let mut lines = vec![("state", Standing::KeyRevoked.sentence().to_owned())];
            lines.extend(lost.and_then(|lost| lost.fix).map(|fix| ("fix", fix)));
            lines.extend(status.revocations.iter().flat_map(RevocationData::lines));
            pairs(&lines)
        }
        None => {
            let none = "this machine is not activated: `sglic activate --key - --server URL`".to_owned();
            let imported = status.revocations.as_ref().filter(|data| data.version.is_some());
            imported.map_or(none.clone(), |data| format!("{none}\n{}", pairs(&data.lines())))
        }
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
