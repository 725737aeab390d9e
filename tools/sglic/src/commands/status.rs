//! `sglic status`.

use serde::Serialize;

use super::bundle::kept::{Kept, KeptState};
use super::held::{self, Held, Standing};
use super::revocations::{Beside, RevocationData};
use crate::args::Global;
use crate::client::Here;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, pairs};
use crate::settings::Settings;

const NONE: &str = "this machine is not activated: `sglic activate --key - --server URL`";

#[derive(Serialize)]
struct Status {
    activated: bool,
    /// How what is held stands that counts no more. What counts says it of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<State>,
    #[serde(flatten)]
    held: Option<Held>,
    /// The license file for machines without a network that is kept here. One that the machine goes by says the state.
    bundle: Option<Kept>,
    /// Why the one that is kept does not verify any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle_refused: Option<Failure>,
    /// What was imported on a machine that is not activated. What is held says it of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    revocations: Option<RevocationData>,
    /// Why the last heartbeat did not count.
    refused_by: Option<String>,
    server: Option<String>,
    proof: Option<String>,
}

/// Of what counts no more, or of a license file.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum State {
    Held(Standing),
    Bundle(KeptState),
}

pub(crate) fn run(global: &Global, output: Output) -> Result<(), Failure> {
    let here = Here::find(global)?;
    let client = here.offline(global)?;
    let lost = held::lost(&client);
    let (bundle, bundle_refused) = match Kept::gone_by(&client) {
        Ok(kept) => (kept, None),
        Err(failure) => (None, Some(failure)),
    };
    let is_bundle = bundle.is_some();
    let activation = if lost.is_some() || is_bundle { None } else { held::held(&client)? };
    let held = activation.as_ref().map(|activation| Held::of(&client, activation)).transpose()?;
    // A program that activated itself leaves no file.
    let proof = held.as_ref().map(|_| here.settings.proof(&here.folder)).filter(|file| files::is_there(file));
    let proof = proof.map(|file| file.display().to_string());
    // What is held counts before any file.
    let beside = || RevocationData::beside(&client, &Beside::read(&here, None, None)?);
    let revocations = if held.is_none() { Some(beside()?) } else { None };
    let Settings { server, refused_by, .. } = here.settings;
    let activated = held.is_some() || lost.is_some() || is_bundle;
    let state = match &bundle {
        Some(kept) => Some(State::Bundle(kept.state)),
        None => lost.as_ref().map(|_| State::Held(Standing::KeyRevoked)),
    };
    let status =
        Status { activated, state, held, bundle, bundle_refused, revocations, refused_by, server, proof };
    output.result(&status, |status| {
        let mut lines = status.lines(lost.and_then(|lost| lost.fix));
        lines.extend(status.bundle_refused.iter().map(|why| ("license file", why.message.clone())));
        let none = (!status.activated).then(|| NONE.to_owned());
        let rest = (!lines.is_empty()).then(|| pairs(&lines));
        none.into_iter().chain(rest).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

impl Status {
    /// For people.
    fn lines(&self, fix: Option<String>) -> Vec<(&'static str, String)> {
        let known = |data: &&RevocationData| data.version.is_some();
        let mut lines = match (&self.bundle, &self.held, self.state) {
            (Some(kept), ..) => kept.lines(),
            (None, Some(held), _) => held.lines(),
            (None, None, Some(_)) => vec![("state", Standing::KeyRevoked.sentence().to_owned())],
            (None, None, None) => vec![],
        };
        lines.extend(fix.map(|fix| ("fix", fix)));
        let is_key_revoked = self.bundle.is_none() && self.state.is_some();
        let revocations = self.revocations.as_ref().filter(|data| is_key_revoked || known(data));
        lines.extend(revocations.iter().flat_map(|data| data.lines()));
        if self.held.is_some() {
            lines.extend(self.refused_by.clone().map(|code| ("refused by", code)));
            lines.extend(self.server.clone().map(|server| ("server", server)));
            lines.extend(self.proof.clone().map(|proof| ("proof", proof)));
        }
        lines
    }
}
