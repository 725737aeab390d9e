//! `sglic heartbeat`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;

use sealgate::{Beat, BeatSaid, Client, Error, HeldStatement};
use sealgate_artifact::Code;
use serde_json::{Value, json};

use super::held;
use super::verify::revoked;
use crate::args::{Global, HeartbeatArgs};
use crate::client::Here;
use crate::failure::Failure;
use crate::output::{Output, pairs};
use crate::settings::Settings;

/// The way out where the server does not know this activation, or knows another copy of it.
pub(super) const AGAIN: &str = "activate this machine again: `sglic activate --key -`; if the state was copied, activate each machine on its own";

pub(crate) fn run(global: &Global, args: &HeartbeatArgs, output: Output) -> Result<(), Failure> {
    let here = Here::find(global)?;
    here.check_activated(global)?;
    let client = here.client(global)?;
    let kept = Kept { folder: here.folder.clone(), proof: here.settings.proof(&here.folder) };
    if args.watch { watch(client, kept, output) } else { show(&client, &kept, client.heartbeat(), output) }
}

/// Where what comes of a heartbeat is kept.
struct Kept {
    folder: PathBuf,
    proof: PathBuf,
}

impl Kept {
    /// Notes why the heartbeat did not count, or that it did, so that `activate` knows whether the activation is of use.
    fn note(&self, refused_by: Option<&str>) -> Result<(), Failure> {
        let mut settings = Settings::load(&self.folder)?;
        if settings.refused_by.as_deref() == refused_by {
            return Ok(());
        }
        settings.refused_by = refused_by.map(str::to_owned);
        settings.save(&self.folder)
    }
}

/// Until a signal comes.
fn watch(client: Client, kept: Kept, output: Output) -> Result<(), Failure> {
    let (tell, told) = channel();
    // Whoever asked may be gone, and then nobody needs to hear it.
    let listening = sealgate_terminal::listen(move |_| tell.send(()).unwrap_or_default());
    let failed = |error| Failure::new(Code::ConfigInvalid, format!("signals cannot be waited for: {error}"));
    listening.map_err(failed)?;
    let due = client.heartbeat_due()?;
    let client = Arc::new(client);
    let theirs = client.clone();
    let heartbeats = client.start_heartbeats(move |beat| {
        if let Err(failure) = show(&theirs, &kept, beat, output) {
            output.failure(&failure);
        }
    })?;
    if let Some(due) = due {
        output.progress(&format!("sends heartbeats until Ctrl-C; the next one is due at {due}"));
    }
    // Whoever listens tells once, or is gone.
    let _ = told.recv();
    output.progress("sending a last heartbeat; another signal ends the program at once");
    heartbeats.stop_and_leave();
    Ok(())
}

/// Shows an answer, and puts a newer license and proof into their files.
fn show(client: &Client, kept: &Kept, beat: Result<Beat, Error>, output: Output) -> Result<(), Failure> {
    let beat = beat?;
    let told = json(&beat);
    match &beat.said {
        BeatSaid::Admitted => {}
        BeatSaid::Revoked => {
            let listed = client.revocations()?.revoked;
            return Err(with_all(still_revoked(&listed), &told));
        }
        BeatSaid::Ended { code, grace_until } => {
            let message = format!("the license ends for this machine at {grace_until}: {}", meaning(code));
            return Err(with_all(Failure::of_code(code, message), &told));
        }
        BeatSaid::Refused { code, .. } => {
            let message = format!("the heartbeat did not count: {}", meaning(code));
            let failure = with_all(Failure::of_code(code, message), &told);
            if !wants_activation(code) {
                return Err(failure);
            }
            // What the server said matters more than that it cannot be noted.
            let _ = kept.note(Some(code));
            return Err(failure.fix(AGAIN));
        }
        _ => {
            return Err(Failure::new(
                Code::AnswerInvalid,
                "the answer says something that this version does not know",
            ));
        }
    }
    kept.note(None)?;
    let activation = client.kept_activation()?;
    if let Some(activation) = &activation {
        held::write(activation, &kept.proof)?;
    }
    let until = activation.and_then(|activation| activation.deadline(None));
    output.result(&told, |_| {
        let mut lines = vec![("heartbeat", "admitted".to_owned())];
        lines.extend(until.map(|until| ("until", format!("{until}, without another heartbeat"))));
        lines.push(("next", beat.next_due.to_string()));
        pairs(&lines)
    });
    match (beat.not_remembered, beat.chain_error) {
        (Some(why), _) => {
            Err(Failure::new(Code::FileUnreadable, format!("the answer could not be kept: {why}")))
        }
        (None, Some(error)) => Err(Failure::new(error.code(), error.to_string()).fix(error.fix())),
        (None, None) => Ok(()),
    }
}

/// Another heartbeat says nothing else.
fn still_revoked(listed: &[HeldStatement]) -> Failure {
    let is_of_activation_alone = listed.iter().all(|what| *what == HeldStatement::Proof);
    let failure = revoked(is_of_activation_alone, None);
    if is_of_activation_alone {
        return failure;
    }
    failure.fix("Ask the vendor for a valid license, then activate again: `sglic activate --key -`.")
}

fn json(beat: &Beat) -> Value {
    let (said, code, grace_until) = match &beat.said {
        BeatSaid::Ended { code, grace_until } => ("ended", Some(code), Some(grace_until.to_string())),
        BeatSaid::Refused { code, .. } => ("refused", Some(code), None),
        BeatSaid::Revoked => ("revoked", None, None),
        _ => ("admitted", None, None),
    };
    json!({
        "said": said,
        "code": code,
        "grace_until": grace_until,
        "server_time": beat.server_time.to_string(),
        "rights_until": beat.rights_until.to_string(),
        "lease_until": beat.lease_until.map(|time| time.to_string()),
        "next_heartbeat": beat.next_due.to_string(),
        "license_changed": beat.license_changed,
    })
}

fn with_all(failure: Failure, told: &Value) -> Failure {
    let told =
        told.as_object().into_iter().flatten().filter(|(name, value)| *name != "code" && !value.is_null());
    told.fold(failure, |failure, (name, value)| failure.with(name, value.clone()))
}

/// Whether this device's activation is over for the server, or another copy's.
fn wants_activation(code: &str) -> bool {
    use Code::{FingerprintMismatch, NonceReplayed, NotActivated, StateWanted, Superseded};
    let wanted = [FingerprintMismatch, NonceReplayed, NotActivated, StateWanted, Superseded];
    Code::parse(code).is_some_and(|code| wanted.contains(&code))
}

/// What a code means, without a full stop.
pub(super) fn meaning(code: &str) -> String {
    let meaning = Code::parse(code).map_or_else(|| code.to_owned(), |known| known.meaning().to_owned());
    meaning.trim_end_matches('.').to_owned()
}
