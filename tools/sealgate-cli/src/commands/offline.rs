//! `sealgate offline`.

use std::path::Path;

use sealgate_artifact::{Code, encode_hex};
use sealgate_wire::{AppView, Nothing, Page, SnapshotSigned, SnapshotView};
use sha2::{Digest, Sha256};

use super::written::write;
use super::{bundles, import_snapshot, verify};
use crate::args::{Global, OfflineCommand, SnapshotArgs};
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Output, complain, counted, say};
use crate::signals;
use crate::streams::is_dash;

/// How often it is asked again while somebody else signs.
const BUSY: u32 = 10;
/// After so many seconds it is asked again whether the next one is there: the server's own job may sign it earlier.
const LOOK_AGAIN: u64 = 5;

const DUE: &str = "careful: the file is not the newest state: something was taken back, or a key was changed, after it was signed. For all of it, \
    write the file again with --sign, or in a minute";

pub(crate) fn run(global: &Global, command: &OfflineCommand, output: &Output) -> Result<(), Failure> {
    match command {
        OfflineCommand::Snapshot(args) => snapshot(&Client::new(global)?, args, output),
        OfflineCommand::Export(args) => bundles::export(&Client::new(global)?, args, output),
        OfflineCommand::Respond(args) => bundles::respond(&Client::new(global)?, args, output),
        OfflineCommand::List { key, part } => bundles::list(&Client::new(global)?, (key, part), output),
        OfflineCommand::Show { bundle_id } => bundles::show(&Client::new(global)?, bundle_id, output),
        OfflineCommand::File { bundle_id, file } => {
            bundles::file(&Client::new(global)?, (bundle_id, file), output)
        }
        OfflineCommand::RevokeBundle { bundle_id, reason, yes } => {
            bundles::revoke(&Client::new(global)?, bundle_id, (reason.as_ref(), *yes), output)
        }
        OfflineCommand::Verify(args) => verify::run(args, output),
        OfflineCommand::ImportSnapshot(args) => import_snapshot::run(&Client::new(global)?, args, output),
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
            .fix("a tenant needs no such file before it has an app: `sealgate app create NAME` makes the first one")
    })?;
    let file = client.get_bytes(&format!("/api/v1/snapshot?app_id={}", app.app_id))?;
    let written = write(&args.output, &file)?;
    // The job may have signed another one meanwhile.
    let kept: Page<SnapshotView> = client.get("/api/v1/snapshots")?;
    let sha256 = encode_hex(&Sha256::digest(&file));
    let written_one = kept.items.iter().find(|snapshot| snapshot.sha256 == sha256);
    if !is_dash(&args.output) {
        tell(&args.output, &written, written_one, output);
    }
    if written_one.is_some_and(|snapshot| snapshot.due) {
        complain!("{DUE}");
    }
    Ok(())
}

/// One request signs as much as it can. While somebody else signs, or where there is a snapshot of this minute already, it is asked for
/// again.
fn sign(client: &Client, output: &Output) -> Result<(), Failure> {
    let (mut busy, mut is_told) = (0, false);
    loop {
        signals::none_came()?;
        let signed: SnapshotSigned = match client.post("/api/v1/snapshots", &Nothing {}) {
            Err(failure) if failure.code == Code::Unavailable.as_str() && busy < BUSY => {
                busy += 1;
                signals::wait(1)?;
                continue;
            }
            signed => signed?,
        };
        if signed.complete {
            return Ok(());
        }
        if let Some(seconds) = signed.again_in {
            if !output.quiet && !is_told {
                complain!(
                    "what was taken back just now is not signed yet: the server signs again in {seconds} s at the latest; waiting for it"
                );
            }
            is_told = true;
            signals::wait(seconds.min(LOOK_AGAIN))?;
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
            let shards = counted(*shards, "shard");
            say!("version {version}, signed {issued_at}, {age} s ago; {revoked} taken back, in {shards}");
        }
    });
}
