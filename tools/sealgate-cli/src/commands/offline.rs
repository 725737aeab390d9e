//! `sealgate offline`.

use std::path::Path;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use sealgate_artifact::{Code, UnixSeconds, encode_hex};
use sealgate_authority::ports::{Clock, System};
use sealgate_container::{Container, decode_statement};
use sealgate_wire::{
    AppView, ImportSnapshot, Nothing, Page, SnapshotImported, SnapshotSigned, SnapshotView, Timestamp,
};
use sha2::{Digest, Sha256};

use crate::args::{Global, ImportSnapshotArgs, OfflineCommand, SnapshotArgs};
use crate::client::Client;
use crate::commands::written::write;
use crate::confirm::Consent;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, complain, say};
use crate::signals;
use crate::streams::is_dash;

/// A server that answers `unavailable` after so long was perhaps at work: a slow upload takes the time that the request has.
const WAITED: Duration = Duration::from_secs(5);
/// How often that is believed of one import.
const LATE: u32 = 5;
/// How often it is asked again while somebody else signs.
const BUSY: u32 = 10;

pub(crate) fn run(global: &Global, command: &OfflineCommand, output: &Output) -> Result<(), Failure> {
    match command {
        OfflineCommand::Snapshot(args) => snapshot(&Client::new(global)?, args, output),
        OfflineCommand::ImportSnapshot(args) => import(&Client::new(global)?, args, output),
    }
}

/// Writes the newest revocation data to a file.
fn snapshot(client: &Client, args: &SnapshotArgs, output: &Output) -> Result<(), Failure> {
    if args.sign {
        sign(client, output)?;
    }
    // Any app of the tenant will do: a snapshot has the shards of all.
    let apps: Page<AppView> = client.get("/api/v1/apps?limit=1")?;
    let app = apps.items.first().ok_or_else(|| {
        Failure::new(Code::NotFound, "you have no app yet, and so nothing that can be taken back")
            .fix("`sealgate app create NAME` makes the first one")
    })?;
    let file = client.get_bytes(&format!("/api/v1/snapshot?app_id={}", app.app_id))?;
    let written = write(&args.output, &file)?;
    if is_dash(&args.output) {
        return Ok(());
    }
    // The job may have signed another one meanwhile.
    let kept: Page<SnapshotView> = client.get("/api/v1/snapshots")?;
    let sha256 = encode_hex(&Sha256::digest(&file));
    let written_one = kept.items.iter().find(|snapshot| snapshot.sha256 == sha256);
    tell(&args.output, &written, written_one, output);
    Ok(())
}

/// Has the server take a snapshot over. What is wrong with the file, the server says: then the audit log says it, too.
fn import(client: &Client, args: &ImportSnapshotArgs, output: &Output) -> Result<(), Failure> {
    let file = files::read_container(&args.file).map_err(|e| files::unreadable(&args.file, &e))?;
    let question = "Take back again what this snapshot says was taken back?";
    let why = "a license that is revoked stays revoked";
    Consent::new(args.yes, output).ask_seen(|| Ok(seen(&file)), question, why)?;
    let name = args.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let source = args.source.clone().or(name.filter(|_| !is_dash(&args.file)));
    let request = ImportSnapshot { file: STANDARD.encode(&file), source };
    let came = import_to_the_end(client, &request, output)?;
    output.result(&came, shown);
    match came.failed.first() {
        None => Ok(()),
        Some(first) => Err(Failure {
            code: first.code.clone(),
            ..Failure::new(Code::Unavailable, format!("{} could not be taken back again", first.id))
        }
        .fix("run the same command again")),
    }
}

/// Asks until the server says what came of it: an import goes on without its request, and the same request waits for it.
fn import_to_the_end(
    client: &Client,
    request: &ImportSnapshot,
    output: &Output,
) -> Result<SnapshotImported, Failure> {
    let mut late = 0;
    loop {
        signals::none_came()?;
        let asked_at = System.elapsed();
        match client.post("/api/v1/snapshots/import", request) {
            Err(failure) if goes_on(&failure.code, System.elapsed().saturating_sub(asked_at), &mut late) => {
                if !output.quiet {
                    complain!("the server is not done yet");
                }
                wait(1)?;
            }
            done => return done,
        }
    }
}

/// Whether an import that was answered with that code after so long goes on. `late` counts the answers that do not say so.
fn goes_on(code: &str, waited: Duration, late: &mut u32) -> bool {
    if code == Code::ImportRunning.as_str() {
        return true;
    }
    // Whoever is answered at once has nothing to wait for, and what fails again and again is not tried for ever.
    let is_late = code == Code::Unavailable.as_str() && waited >= WAITED && *late < LATE;
    *late += u32::from(is_late);
    is_late
}

/// What the file says of itself, before anybody believes it.
fn seen(file: &[u8]) -> String {
    let Ok(container) = Container::read(file) else { return String::new() };
    let main = container.main();
    let said = main
        .name
        .kind()
        .zip(main.contents(file))
        .and_then(|(kind, bytes)| decode_statement(kind, bytes).ok());
    let payload = said.and_then(|said| serde_json::from_slice::<serde_json::Value>(said.payload()).ok());
    let Some(payload) = payload else { return String::new() };
    let time = payload["issued_at"].as_u64().and_then(UnixSeconds::new).map(Timestamp);
    Output::pairs_text(&[
        ("file", format!("{}, {} bytes", container.purpose().as_str(), file.len())),
        ("version", payload["version"].to_string()),
        ("signed", time.map_or_else(|| "not said".to_owned(), |time| time.to_string())),
    ])
}

fn shown(came: &SnapshotImported) {
    let of = |list: &[String]| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    Output::pairs(&[
        ("version", came.version.to_string()),
        ("signed", came.issued_at.to_string()),
        ("lists", format!("{} versions of licenses and proofs, of which all stay listed", came.revoked)),
        ("not listed before", format!("{} in {} shards", came.listed, came.shards)),
        ("shards of unknown apps", came.unknown.to_string()),
        ("licenses suspended", of(&came.licenses_suspended)),
        ("devices released again", of(&came.devices_released)),
        ("servers revoked again", of(&came.servers_revoked)),
        ("keys revoked again", of(&came.keys_revoked)),
        ("keys retired again", of(&came.keys_retired)),
    ]);
    if !came.licenses_suspended.is_empty() {
        say!(
            "\nA suspended license was revoked, or given less. Revoke it, or give it the terms that it should have and resume it: then it is signed anew, and its file is to be handed out again."
        );
    }
}

/// One request signs as much as it can. While somebody else signs, or where there is a snapshot of this minute already, it is asked for
/// again.
fn sign(client: &Client, output: &Output) -> Result<(), Failure> {
    let mut busy = 0;
    loop {
        signals::none_came()?;
        let signed: SnapshotSigned = match client.post("/api/v1/snapshots", &Nothing {}) {
            Err(failure) if failure.code == Code::Unavailable.as_str() && busy < BUSY => {
                busy += 1;
                wait(1)?;
                continue;
            }
            signed => signed?,
        };
        if signed.complete {
            return Ok(());
        }
        if let Some(seconds) = signed.again_in {
            if !output.quiet {
                complain!("a snapshot of this minute is there; the next is signed in {seconds} s");
            }
            wait(seconds)?;
        }
    }
}

/// Waits for so many seconds, or for a signal.
fn wait(seconds: u64) -> Result<(), Failure> {
    for _ in 0..seconds {
        signals::none_came()?;
        std::thread::park_timeout(Duration::from_secs(1));
    }
    Ok(())
}

fn tell(path: &Path, written: &str, newest: Option<&SnapshotView>, output: &Output) {
    let mut result = serde_json::json!({ "file": path });
    if let Some(newest) = newest {
        let view = serde_json::to_value(newest).expect("views can be written");
        result.as_object_mut().expect("an object").extend(view.as_object().expect("an object").clone());
    }
    output.result(&result, |_| {
        say!("{written}");
        if let Some(SnapshotView { version, age, shards, revoked, issued_at, .. }) = newest {
            say!("version {version}, signed {issued_at}, {age} s ago; {shards} shards list {revoked} that were taken back");
        }
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LATE, goes_on};

    #[test]
    fn a_failing_import_is_not_tried_for_ever() {
        let (mut late, soon, long) = (0, Duration::from_secs(4), Duration::from_secs(25));
        assert!(
            (0..1_000).all(|_| goes_on("import_running", soon, &mut late)),
            "the server says that it goes on"
        );
        assert!(!goes_on("unavailable", soon, &mut late) && !goes_on("version_rollback", long, &mut late));
        let tried = (0..1_000).filter(|_| goes_on("unavailable", long, &mut late)).count();
        assert_eq!(u32::try_from(tried), Ok(LATE));
    }
}
