//! `sglic import`: a file that came on a medium.

use std::io::Read;
use std::path::Path;

use sealgate::container::{ContainerError, Purpose, StageError, Staged};
use sealgate::{Client, HeldStatement, ImportError, SnapshotImport, SnapshotSays, TrustError};
use sealgate_artifact::Code;
use serde_json::{Value, json};

use super::bundle;
use super::revocations::{Beside, counted, not_looked_up};
use super::verify::revoked;
use super::{held, named};
use crate::args::{Global, ImportArgs};
use crate::client::Here;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, pairs};
use crate::progress::Bar;

pub(crate) fn run(global: &Global, args: &ImportArgs, output: Output) -> Result<(), Failure> {
    let here = Here::find(global)?;
    let client = here.offline(global)?;
    if args.file.as_os_str() == "-" {
        return standard_input(global, (&here, &client), args, output);
    }
    let beside = Beside::read(&here, args.license.as_deref(), args.proof.as_deref())?;
    let mut bar = Bar::new(output, "copying");
    match client.stage(&args.file, |done, all| bar.show(done, all)) {
        Ok(staged) => snapshot(&client, &staged, &beside, output),
        // By what the file says it is for, and not by its name. Nothing of it was used yet.
        Err(ImportError::Purpose(Purpose::License)) => bundle::activate::file(global, &args.file, output),
        Err(error) => Err(unstaged(&here, &error, &args.file.display().to_string(), Some(&args.file))),
    }
}

/// The same of what comes on standard input, which can be read only once: its head says what it is for.
fn standard_input(
    global: &Global,
    (here, client): (&Here, &Client),
    args: &ImportArgs,
    output: Output,
) -> Result<(), Failure> {
    const PURPOSE_AT: u64 = 9;
    let beside = Beside::read(here, args.license.as_deref(), args.proof.as_deref())?;
    let of = "standard input";
    let (mut head, mut input) = (vec![], std::io::stdin().lock());
    let read = input.by_ref().take(PURPOSE_AT + 1).read_to_end(&mut head);
    read.map_err(|why| unstaged(here, &ImportError::File(StageError::Medium(why)), of, None))?;
    let is_license = head.last() == Some(&Purpose::License.number()) && head.len() as u64 > PURPOSE_AT;
    let medium = head.chain(input);
    if is_license {
        return bundle::activate::medium(global, (here, client), medium, output);
    }
    let mut bar = Bar::new(output, "copying");
    let staged = client.stage_medium(medium, None, |done, all| bar.show(done, all));
    snapshot(client, &staged.map_err(|error| unstaged(here, &error, of, None))?, &beside, output)
}

fn update() -> Failure {
    let message = "this is an update of a program (.sgupd), and only licenses (.sglic) and snapshots of revocation data (.sgsnap) are imported";
    Failure::new(Code::KindUnexpected, message).fix("update the program as its vendor says")
}

fn request() -> Failure {
    let message = "this is a machine's request for a license (.sgreq)";
    Failure::new(Code::KindUnexpected, message)
        .fix("send it to the vendor, and import the file that comes back (.sglic)")
}

/// Why there is no copy of the file in the state folder.
fn unstaged(here: &Here, error: &ImportError, of: &str, file: Option<&Path>) -> Failure {
    match error {
        ImportError::File(StageError::Copy(why)) => {
            let message =
                format!("{of}: it cannot be copied to the state folder {}: {why}", here.folder.display());
            Failure::new(error.code(), message).fix(error.fix())
        }
        _ => failure(error, of, file),
    }
}

/// What came of an import, with what it ended beside.
struct Came<'a> {
    imported: &'a SnapshotImport,
    /// Why what this machine holds counts no more: its key was revoked.
    lost: Option<Failure>,
    unread: &'a [String],
}

impl<'a> Came<'a> {
    fn of(client: &Client, imported: &'a SnapshotImport, beside: &'a Beside) -> Self {
        Self { imported, lost: held::lost(client), unread: beside.unread() }
    }
}

fn snapshot(client: &Client, staged: &Staged, beside: &Beside, output: Output) -> Result<(), Failure> {
    let error = match client.import_staged_for(staged, beside.files()) {
        Ok(imported) => {
            let came = Came::of(client, &imported, beside);
            output.result(&shown(&came), |_| lines(&came));
            return Ok(());
        }
        Err(error) => error,
    };
    let (of, counts, imported) = match &error {
        ImportError::Refused { imported, .. } => {
            ("the snapshot is refused", "what was verified before that stays in force:", imported)
        }
        ImportError::NotKept { imported, .. }
        | ImportError::Overtaken { imported }
        | ImportError::Lacking { imported } => ("the snapshot", "what counts:", imported),
        error => return Err(failure(error, "the snapshot cannot be kept", None)),
    };
    let came = Came::of(client, imported, beside);
    let mut failure = failure(&error, of, None).with("imported", shown(&came));
    if let ImportError::Refused { why, .. } = &error
        && let Some(message) = refused(client, staged, why)
    {
        failure.message = format!("{of}: {message}");
    }
    if imported.has_new_keys || imported.snapshot.is_some() {
        failure.lines.push(counts.to_owned());
        failure.lines.extend(lines(&came).lines().map(str::to_owned));
    }
    Err(failure)
}

/// What the reason itself does not say.
fn refused(client: &Client, staged: &Staged, why: &TrustError) -> Option<String> {
    match why {
        TrustError::VersionRollback => {
            let (file, known) = (SnapshotSays::unverified(staged)?, client.revocations().ok()?.snapshot?);
            let is_older = file.version < known.version;
            is_older.then(|| {
                format!(
                    "the file is {} of {}, and this machine knows {} of {}",
                    file.version, file.issued_at, known.version, known.issued_at
                )
            })
        }
        TrustError::SignerUnknown | TrustError::SignerRevoked => Some(
            "it is signed by a key that is none of the vendor's now, as far as the file itself says"
                .to_owned(),
        ),
        _ => None,
    }
}

fn failure(error: &ImportError, of: &str, file: Option<&Path>) -> Failure {
    match error {
        ImportError::Purpose(Purpose::Update) => return update(),
        ImportError::Purpose(Purpose::Request) => return request(),
        _ => {}
    }
    if let ImportError::File(StageError::Container(ContainerError::Unknown)) = error
        && let Some(is) = file.and_then(other)
    {
        let message = format!(
            "{of}: this is {is}, and only licenses (.sglic) and snapshots of revocation data (.sgsnap) are imported"
        );
        return Failure::new(Code::ContainerUnknown, message)
            .fix("give the file whose name ends in .sglic or .sgsnap, as the vendor handed it out");
    }
    let fix = error.fix().to_owned();
    Failure::new(error.code(), format!("{of}: {error}")).fix(fix)
}

/// What a file is that is no container.
fn other(file: &Path) -> Option<String> {
    named::what(&files::read(file).ok()?)
}

/// For programs.
fn shown(came: &Came<'_>) -> Value {
    let imported = came.imported;
    let shards = imported.shards.iter().map(|shard| {
        json!({
            "block": shard.block,
            "version": shard.version,
            "issued_at": shard.issued_at.to_string(),
            "listed": shard.listed,
            "new": shard.is_new,
        })
    });
    let revoked = imported.revoked.iter();
    let revoked = revoked.map(|held| json!({ "what": held.what.as_str(), "statement": held.id.to_string() }));
    let snapshot = imported.snapshot;
    json!({
        "purpose": Purpose::Snapshot.as_str(),
        "version": snapshot.map(|said| said.version),
        "issued_at": snapshot.map(|said| said.issued_at.to_string()),
        "next_update": snapshot.map(|said| said.next_update.to_string()),
        "new_keys": imported.has_new_keys,
        "shards": shards.collect::<Vec<_>>(),
        "revoked": revoked.collect::<Vec<_>>(),
        "unchanged": imported.is_unchanged,
        "counts_no_more": came.lost,
        "not_looked_up": came.unread,
    })
}

fn lines(came: &Came<'_>) -> String {
    let imported = came.imported;
    let mut lines = vec![];
    if let Some(said) = imported.snapshot {
        let again = if imported.is_unchanged { ", which was imported before" } else { "" };
        lines.push(("imported", format!("snapshot {} of {}{again}", said.version, said.issued_at)));
        lines.push(("next update", format!("by {}", said.next_update)));
    }
    let new = imported.shards.iter().filter(|shard| shard.is_new).count();
    let listed: u64 = imported.shards.iter().map(|shard| u64::from(shard.listed)).sum();
    let shards = counted(imported.shards.len() as u64, "shard");
    lines.push(("this app", format!("{listed} taken back, in {shards} ({new} new)")));
    if imported.has_new_keys {
        lines.push(("keys", "the vendor's keys are newer now".to_owned()));
    }
    let here: Vec<&str> = imported.revoked.iter().map(|held| held.what.as_str()).collect();
    let here = match (here.is_empty(), imported.looked_up.is_empty(), &came.lost) {
        (true, _, Some(_)) => None,
        (true, true, None) => {
            Some("no license was looked up: this machine holds none (--license FILE names one)".to_owned())
        }
        (true, false, None) => Some("nothing that this machine holds".to_owned()),
        (false, ..) => Some(here.join(" and ")),
    };
    lines.extend(here.map(|here| ("revoked", here)));
    if !imported.revoked.is_empty() {
        let is_of_activation_alone = imported.revoked.iter().all(|held| held.what == HeldStatement::Proof);
        lines.extend(revoked(is_of_activation_alone, None).fix.map(|fix| ("fix", fix)));
    }
    if let Some(lost) = &came.lost {
        lines.push(("held here", lost.message.clone()));
        lines.extend(lost.fix.clone().map(|fix| ("fix", fix)));
    }
    lines.extend(not_looked_up(came.unread));
    pairs(&lines)
}
