//! `sealgate offline import-snapshot`.

use std::io;
use std::path::Path;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use sealgate_artifact::{Code, UnixSeconds};
use sealgate_authority::ports::{Clock, System};
use sealgate_container::{Container, decode_statement};
use sealgate_wire::{ImportSnapshot, OwnToken, Page, SnapshotImported, SnapshotView, Timestamp};
use serde_json::Value;

use crate::args::ImportSnapshotArgs;
use crate::client::Client;
use crate::confirm::Consent;
use crate::container::of_container;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, complain, counted, say};
use crate::signals;
use crate::streams::is_dash;

/// A server that answers `unavailable` after so long was perhaps at work: a slow upload takes the time that the request has.
const WAITED: Duration = Duration::from_secs(5);
/// How often that is believed of one import.
const LATE: u32 = 5;

/// Has the server take a snapshot over. What is wrong with the file, the server says: then the audit log says it, too.
pub(super) fn run(client: &Client, args: &ImportSnapshotArgs, output: &Output) -> Result<(), Failure> {
    let file = files::read_container(&args.file).map_err(|e| unreadable(&args.file, &e))?;
    let question = "Take back again what this snapshot says was taken back?";
    let why = "a license that is revoked stays revoked";
    Consent::new(args.yes, output).ask_seen(|| Ok(seen(&args.file, &file)), question, why)?;
    let name = args.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let source = args.source.clone().or(name.filter(|_| !is_dash(&args.file)));
    let request = ImportSnapshot { file: STANDARD.encode(&file), source };
    let came = import_to_the_end(client, &request, output);
    let came = came.map_err(|failure| explained(client, (&args.file, &file), failure))?;
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
                signals::wait(1)?;
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
fn seen(path: &Path, file: &[u8]) -> String {
    let container = match Container::read(file) {
        Ok(container) => container,
        Err(error) => return of_container(path, &error).message,
    };
    let Some(said) = said(&container, file) else { return String::new() };
    let time = issued_at(&said).map_or_else(|| "not said".to_owned(), |time| time.to_string());
    Output::pairs_text(&[
        (
            "file",
            format!("{}, {} bytes; nobody has verified it yet", container.purpose().as_str(), file.len()),
        ),
        ("tenant", said["tenant"].as_str().unwrap_or("not said").to_owned()),
        ("version", said["version"].to_string()),
        ("signed", time),
    ])
}

/// What its main statement says.
fn said(container: &Container, file: &[u8]) -> Option<Value> {
    let main = container.main();
    let (kind, bytes) = main.name.kind().zip(main.contents(file))?;
    let said = decode_statement(kind, bytes).ok()?;
    serde_json::from_slice(said.payload()).ok()
}

fn issued_at(said: &Value) -> Option<Timestamp> {
    said["issued_at"].as_u64().and_then(UnixSeconds::new).map(Timestamp)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(Code::FileUnreadable, format!("{}: {error}", path.display()));
    failure.fix("check the path; the file is one that `sealgate offline snapshot` wrote, of at most 16 MiB")
}

/// A refusal with what the server does not tell: what the file and the server say of themselves, and what to do.
fn explained(client: &Client, (path, file): (&Path, &[u8]), failure: Failure) -> Failure {
    let code = Code::parse(&failure.code);
    let container = match Container::read(file) {
        Err(error) if Some(error.code()) == code => {
            return Failure { request_id: failure.request_id, ..of_container(path, &error) };
        }
        read => read.ok(),
    };
    let said = container.and_then(|container| said(&container, file)).unwrap_or_default();
    let of_file = |why: String| Failure { message: format!("{}: {why}", path.display()), ..failure.clone() };
    match code {
        Some(Code::WrongTenant) => of_file(wrong_tenant(client, &said)).fix(
            "give the file of this tenant, or the token of the file's tenant: --token, or a profile of `sealgate login`",
        ),
        Some(Code::RootUnknown) => of_file("it is of another installation: this server's roots did not sign it".to_owned())
            .fix("give a file that this installation signed; `sealgate inspect FILE` shows whose it is"),
        Some(Code::SignatureInvalid) => of_file("no snapshot key that this installation still believes signed it".to_owned())
            .fix(
                "if the key was revoked since (`sealgate keys list`), give a file that another key signed; else the file was made or changed by \
                 somebody else: get it again from where it was kept",
            ),
        Some(Code::VersionRollback) => of_file(older(client, &said))
            .fix("nothing is left to do with this file; if a newer one is somewhere, give that one"),
        Some(code) if failure.fix.is_none() => Failure { fix: code.fix().map(str::to_owned), ..failure },
        _ => failure,
    }
}

fn wrong_tenant(client: &Client, said: &Value) -> String {
    let of = said["tenant"].as_str().unwrap_or("another one");
    let own = client.get::<OwnToken>("/api/v1/token").ok();
    let own =
        own.map_or_else(|| "another one".to_owned(), |own| format!("{}, {}", own.tenant_id, own.tenant_name));
    format!("it is of the tenant {of}, and the token is of {own}")
}

/// Nothing was to be done for the file, and the server signed a newer one.
fn older(client: &Client, said: &Value) -> String {
    let kept = client.get::<Page<SnapshotView>>("/api/v1/snapshots?limit=1").ok();
    let newest = kept.as_ref().and_then(|kept| kept.items.first());
    let newest =
        newest.map_or_else(|| "a newer one".to_owned(), |n| format!("{} of {}", n.version, n.issued_at));
    let time = issued_at(said).map_or_else(String::new, |time| format!(" of {time}"));
    format!(
        "all that it says was taken back is taken back here: it is snapshot {}{time}, and this server has signed {newest} since",
        said["version"]
    )
}

fn shown(came: &SnapshotImported) {
    let new = format!("{} of them, in {}", came.listed, counted(came.shards, "shard"));
    Output::pairs(&[
        ("version", came.version.to_string()),
        ("signed", came.issued_at.to_string()),
        ("taken back", format!("{}; all of it stays so", came.revoked)),
        ("not known here before", new),
        ("of apps not known here", counted(came.unknown, "shard")),
    ]);
    let lists = [
        ("licenses suspended", &came.licenses_suspended),
        ("devices released again", &came.devices_released),
        ("servers revoked again", &came.servers_revoked),
        ("keys revoked again", &came.keys_revoked),
        ("keys retired again", &came.keys_retired),
    ];
    let done = lists.into_iter().filter(|(_, ids)| !ids.is_empty());
    for (what, ids) in done.clone() {
        say!("\n{what}: {}", ids.len());
        for id in ids {
            say!("  {id}");
        }
    }
    if done.count() == 0 && came.failed.is_empty() {
        say!("\nNothing had to be taken back again: all that it says is in force here already.");
    }
    if !came.licenses_suspended.is_empty() {
        say!(
            "\nA suspended license was revoked, or given less. Revoke it, or give it the terms that it should have and resume it: then it is signed anew, and its file is to be handed out again. \
             `sealgate license list --status suspended` lists them."
        );
    }
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
