//! `sglic import`: a file that came on a medium.

use std::path::Path;

use sealgate::container::{ContainerError, Purpose, StageError, Staged};
use sealgate::{Client, ImportError, SnapshotImport};
use sealgate_artifact::Code;
use serde_json::{Value, json};

use super::named;
use super::revocations::{Beside, not_looked_up};
use crate::args::{Global, ImportArgs};
use crate::client::Here;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, pairs};
use crate::progress::Bar;

pub(crate) fn run(global: &Global, args: &ImportArgs, output: Output) -> Result<(), Failure> {
    let here = Here::find(global)?;
    let client = here.offline(global)?;
    let beside = Beside::read(&here, args.license.as_deref(), args.proof.as_deref())?;
    let staged = staged(&client, &args.file, output)?;
    // By what the file says it is for, and not by its name.
    match staged.container().purpose() {
        Purpose::Snapshot => snapshot(&client, &staged, &beside, output),
        Purpose::Update => Err(update()),
    }
}

fn update() -> Failure {
    let message = "this is an update of a program (.sgupd), and only snapshots of revocation data (.sgsnap) are imported";
    Failure::new(Code::KindUnexpected, message).fix("update the program as its vendor says")
}

/// A copy of the file in the state folder. The medium is read once.
fn staged(client: &Client, file: &Path, output: Output) -> Result<Staged, Failure> {
    let mut bar = Bar::new(output, "copying");
    if file.as_os_str() == "-" {
        let staged = client.stage_medium(std::io::stdin().lock(), None, |done, all| bar.show(done, all));
        return staged.map_err(|error| failure(&error, "standard input", None));
    }
    let staged = client.stage(file, |done, all| bar.show(done, all));
    staged.map_err(|error| failure(&error, &file.display().to_string(), Some(file)))
}

fn snapshot(client: &Client, staged: &Staged, beside: &Beside, output: Output) -> Result<(), Failure> {
    let error = match client.import_staged_for(staged, beside.files()) {
        Ok(imported) => {
            output.result(&shown(&imported, beside.unread()), |_| lines(&imported, beside.unread()));
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
    let mut failure = failure(&error, of, None).with("imported", shown(imported, beside.unread()));
    if imported.has_new_keys || imported.snapshot.is_some() {
        failure.lines.push(counts.to_owned());
        failure.lines.extend(lines(imported, beside.unread()).lines().map(str::to_owned));
    }
    Err(failure)
}

fn failure(error: &ImportError, of: &str, file: Option<&Path>) -> Failure {
    if matches!(error, ImportError::Purpose(Purpose::Update)) {
        return update();
    }
    if let ImportError::File(StageError::Container(ContainerError::Unknown)) = error
        && let Some(is) = file.and_then(other)
    {
        let message =
            format!("{of}: this is {is}, and only snapshots of revocation data (.sgsnap) are imported");
        return Failure::new(Code::ContainerUnknown, message)
            .fix("give the file whose name ends in .sgsnap, as the vendor handed it out");
    }
    let fix = error.fix().to_owned();
    Failure::new(error.code(), format!("{of}: {error}")).fix(fix)
}

/// What a file is that is no container.
fn other(file: &Path) -> Option<String> {
    named::what(&files::read(file).ok()?)
}

/// For programs.
fn shown(imported: &SnapshotImport, unread: &[String]) -> Value {
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
        "not_looked_up": unread,
    })
}

fn lines(imported: &SnapshotImport, unread: &[String]) -> String {
    let mut lines = vec![];
    if let Some(said) = imported.snapshot {
        let again = if imported.is_unchanged { ", which was imported before" } else { "" };
        lines.push(("imported", format!("snapshot {} of {}{again}", said.version, said.issued_at)));
        lines.push(("next update", format!("by {}", said.next_update)));
    }
    let new = imported.shards.iter().filter(|shard| shard.is_new).count();
    let listed: u64 = imported.shards.iter().map(|shard| u64::from(shard.listed)).sum();
    lines.push(("this app", format!("{listed} taken back, in {} lists ({new} new)", imported.shards.len())));
    if imported.has_new_keys {
        lines.push(("keys", "the vendor's keys are newer now".to_owned()));
    }
    let here: Vec<&str> = imported.revoked.iter().map(|held| held.what.as_str()).collect();
    let here = match (here.is_empty(), imported.looked_up.is_empty()) {
        (true, true) => {
            "no license was looked up: this machine holds none (--license FILE names one)".to_owned()
        }
        (true, false) => "nothing that this machine holds".to_owned(),
        (false, _) => here.join(" and "),
    };
    lines.push(("revoked", here));
    lines.extend(not_looked_up(unread));
    pairs(&lines)
}
