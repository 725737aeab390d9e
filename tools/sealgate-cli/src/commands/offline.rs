//! `sealgate offline`.

use std::path::Path;

use sealgate_artifact::Code;
use sealgate_wire::{AppView, Nothing, Page, SnapshotSigned, SnapshotView};

use crate::args::{Global, OfflineCommand, SnapshotArgs};
use crate::client::Client;
use crate::commands::written::write;
use crate::failure::Failure;
use crate::output::{Output, say};
use crate::signals;
use crate::streams::is_dash;

pub(crate) fn run(global: &Global, command: &OfflineCommand, output: &Output) -> Result<(), Failure> {
    match command {
        OfflineCommand::Snapshot(args) => snapshot(&Client::new(global)?, args, output),
    }
}

/// Writes the newest revocation data to a file.
fn snapshot(client: &Client, args: &SnapshotArgs, output: &Output) -> Result<(), Failure> {
    if args.sign {
        sign(client)?;
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
    let written_one = kept.items.iter().find(|snapshot| snapshot.bytes == file.len() as u64);
    tell(&args.output, &written, written_one, output);
    Ok(())
}

/// One request signs as much as it can.
fn sign(client: &Client) -> Result<(), Failure> {
    loop {
        signals::none_came()?;
        let signed: SnapshotSigned = client.post("/api/v1/snapshots", &Nothing {})?;
        if signed.complete {
            return Ok(());
        }
    }
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
