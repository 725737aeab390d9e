//! `sealgate verify` of containers: whether all that is in one is true, and fits together.

use std::collections::BTreeMap;
use std::path::Path;

use sealgate::container::{EntryName, Purpose, StageError, Staged};
use sealgate_artifact::{
    AppId, Code, Envelope, KeyUse, Release, ShardBody, Snapshot, TenantId, UnixSeconds, Unverified,
    encode_hex,
};
use sealgate_container::Parts;
use sealgate_trust::{
    Accepted, ChainBytes, SnapshotParts, SnapshotReader, TenantTrust, TrustError, Verified, verify_release,
};
use sealgate_wire::Timestamp;
use serde_json::{Value, json};

use super::chain::{self, Pinned, names, with_chain};
use super::{bundle, issued, journal, request};
use crate::commands::refusals::of_chain;
use crate::failure::Failure;
use crate::files::Stream;
use crate::output::{Output, say};

/// Files up to this size need no bar.
const SHORT: u64 = 16 * 1024 * 1024;

/// A container on the private copy, and who is believed.
struct Judge<'a> {
    path: &'a Path,
    staged: &'a Staged,
    pinned: &'a Pinned,
    now: UnixSeconds,
}

/// `pinned` is whom the caller believes, or why that is nobody: of a request, that does not matter.
pub(super) fn run(
    path: &Path,
    stream: Stream,
    (pinned, now): (impl FnOnce() -> Result<Pinned, Failure>, UnixSeconds),
    output: &Output,
) -> Result<(), Failure> {
    let folder = tempfile::tempdir();
    let folder =
        folder.map_err(|e| Failure::new(Code::FileUnreadable, format!("a temporary folder: {e}")))?;
    let bar = output.progress(stream.size.unwrap_or(0), SHORT, "bytes read");
    let staged = Staged::copy(stream.read, stream.size, folder.path(), |copied, _| bar.set_position(copied));
    bar.finish_and_clear();
    let staged = staged.map_err(|error| unstaged(path, &error))?;
    let purpose = staged.container().purpose();
    let mut parts = parts_of(path, &staged);
    match (purpose, pinned()) {
        (Purpose::Request, pinned) => request::run(path, &parts.main()?, pinned.ok().as_ref(), output),
        (Purpose::License, pinned) => bundle::run(path, parts.license()?, (&pinned?, now), output),
        (Purpose::Snapshot, pinned) => {
            Judge { path, staged: &staged, pinned: &pinned?, now }.snapshot(output)
        }
        (Purpose::Update, pinned) => Judge { path, staged: &staged, pinned: &pinned?, now }.update(output),
        (Purpose::Journal, pinned) => journal::run(path, parts.journals()?, pinned.ok().as_ref(), output),
        (Purpose::Return, pinned) => journal::receipt(path, &parts.main()?, pinned.ok().as_ref(), output),
        (Purpose::Acknowledgement | Purpose::ReAnchor, pinned) => {
            issued::run(path, parts.license()?, (&pinned?, now), output)
        }
    }
}

/// What stands on the private copy.
fn parts_of<'a>(
    path: &'a Path,
    staged: &'a Staged,
) -> Parts<'a, impl FnMut(&sealgate::container::Entry) -> Result<Vec<u8>, Failure>> {
    Parts::new(staged.container(), move |entry| staged.read(entry).map_err(|error| unstaged(path, &error)))
}

/// A shard that was verified.
struct Listed {
    app: AppId,
    block: u64,
    version: u64,
    issued_at: UnixSeconds,
    count: u32,
}

impl Judge<'_> {
    /// `spec/revocation.md` §5.1, by a reader that remembers nothing.
    fn snapshot(&self, output: &Output) -> Result<(), Failure> {
        let snapshot =
            Unverified::<Snapshot>::of_carrier(self.parts().main()?).map_err(|e| self.refused(&e.into()))?;
        let said = snapshot.danger_peek().map_err(|e| self.refused(&e.into()))?;
        let reader = SnapshotReader {
            roots: &self.pinned.roots,
            tenant: self.pinned.scope.map_or(said.tenant, |(tenant, _)| tenant),
            app: None,
            known: None,
            accepted: &Accepted::default(),
            snapshot: None,
            shards: &BTreeMap::new(),
            now: self.now,
        };
        let parts = SnapshotParts { chain: self.chain()?, snapshot };
        let mut shards = vec![];
        let imported = reader.import(&parts, self.parts().shards(), |shard, _| {
            let shard = shard.get();
            shards.push(Listed {
                app: shard.app,
                block: shard.block,
                version: shard.version,
                issued_at: shard.issued_at,
                count: shard.body.as_ref().map_or(0, ShardBody::count),
            });
            Ok::<(), Failure>(())
        })?;
        match (imported.refusal, imported.chain, imported.snapshot) {
            (None, Some(chain), Some((snapshot, _))) => {
                output
                    .result(&report(&snapshot, &shards, &chain), |_| self.print(&snapshot, &shards, &chain));
                Ok(())
            }
            (Some(why), None, _) => Err(of_chain(why)),
            (Some(why), ..) => Err(self.refused(&why)),
            (None, ..) => unreachable!("what is not refused was taken over whole"),
        }
    }

    /// `spec/container.md` §5.3.
    fn update(&self, output: &Output) -> Result<(), Failure> {
        let carrier = self.parts().main()?;
        let said = Unverified::<Release>::of_carrier(carrier.clone()).and_then(|claim| claim.danger_peek());
        let said = said.map_err(|e| self.refused(&e.into()))?;
        let (tenant, app): (Option<TenantId>, AppId) =
            self.pinned.scope.map_or((None, said.app), |(tenant, app)| (Some(tenant), app));
        let chain =
            TenantTrust::verify(&self.pinned.roots, &self.chain()?, tenant, &Accepted::default(), self.now);
        let chain = chain.map_err(of_chain)?;
        let release = verify_release(&chain, &carrier.encode(), app).map_err(|why| self.refused(&why))?;
        let said = release.get();
        let package = self.staged.container().only(EntryName::Package).expect("every update has one");
        if (package.length, package.sha256) != (said.length, said.sha256) {
            let why = "the package in it is not the one that the release names";
            return Err(Failure::new(Code::ContentMismatch, format!("{}: {why}", self.path.display()))
                .fix(Code::ContentMismatch.fix().unwrap_or_default()));
        }
        output.result(&update_report(&release, &chain), |_| print_update(&release, &chain));
        Ok(())
    }

    fn parts(&self) -> Parts<'_, impl FnMut(&sealgate::container::Entry) -> Result<Vec<u8>, Failure>> {
        parts_of(self.path, self.staged)
    }

    fn chain(&self) -> Result<ChainBytes, Failure> {
        let mut parts = self.parts();
        let roots = parts.envelopes(EntryName::Root)?;
        Ok(ChainBytes {
            roots: roots.iter().map(Envelope::encode).collect(),
            keyset: parts.only(EntryName::Keyset)?.encode(),
            tenant_keyset: parts.only(EntryName::TenantKeyset)?.encode(),
        })
    }

    fn refused(&self, why: &TrustError) -> Failure {
        chain::refused(self.path, why)
    }

    fn print(&self, snapshot: &Verified<Snapshot>, shards: &[Listed], chain: &TenantTrust) {
        let said = snapshot.get();
        say!("VALID\n");
        let next = Timestamp(said.next_update);
        Output::pairs(&[
            ("snapshot of tenant", said.tenant.to_string()),
            ("version", said.version.to_string()),
            ("signed", Timestamp(said.issued_at).to_string()),
            (
                "next one due",
                if said.next_update <= self.now {
                    format!("{next}: there is a newer one")
                } else {
                    next.to_string()
                },
            ),
            ("statements taken back", total(shards).to_string()),
        ]);
        if !shards.is_empty() {
            say!("");
            let row = |shard: &Listed| {
                let Listed { app, block, version, issued_at, count } = shard;
                let signed = Timestamp(*issued_at).to_string();
                vec![app.to_string(), block.to_string(), version.to_string(), signed, count.to_string()]
            };
            Output::table(&["APP", "BLOCK", "VERSION", "SIGNED", "TAKEN BACK"], shards.iter().map(row));
        }
        chain::print_signer("snapshot and shards", snapshot.signed_by(), KeyUse::Snapshot, chain);
        say!("not checked:");
        say!("  whether there is a newer snapshot: only its date tells how old this one is");
    }
}

fn total(shards: &[Listed]) -> u64 {
    shards.iter().map(|shard| u64::from(shard.count)).sum()
}

fn report(snapshot: &Verified<Snapshot>, shards: &[Listed], chain: &TenantTrust) -> Value {
    let said = snapshot.get();
    let shard = |shard: &Listed| {
        json!({
            "app": shard.app.to_string(), "block": shard.block, "version": shard.version,
            "issued_at": Timestamp(shard.issued_at), "revoked": shard.count,
        })
    };
    let own = json!({
        "verdict": "valid",
        "kind": "snapshot",
        "statement_id": snapshot.id().to_string(),
        "tenant": said.tenant.to_string(),
        "version": said.version,
        "issued_at": Timestamp(said.issued_at),
        "next_update": Timestamp(said.next_update),
        "revoked": total(shards),
        "shards": shards.iter().map(shard).collect::<Vec<_>>(),
        "signed_by": names(snapshot.signed_by(), KeyUse::Snapshot),
    });
    with_chain(own, chain)
}

fn update_report(release: &Verified<Release>, chain: &TenantTrust) -> Value {
    let said = release.get();
    let own = json!({
        "verdict": "valid",
        "kind": "update",
        "statement_id": release.id().to_string(),
        "tenant": said.tenant.to_string(),
        "app": said.app.to_string(),
        "version": said.version,
        "target": said.target,
        "bytes": said.length,
        "sha256": encode_hex(&said.sha256),
        "modules": said.modules.len(),
        "signed_by": names(release.signed_by(), KeyUse::Update),
    });
    with_chain(own, chain)
}

fn print_update(release: &Verified<Release>, chain: &TenantTrust) {
    let said = release.get();
    say!("VALID\n");
    Output::pairs(&[
        ("app", said.app.to_string()),
        ("tenant", said.tenant.to_string()),
        ("version", said.version.clone()),
        ("for", said.target.clone()),
        ("published", Timestamp(said.issued_at).to_string()),
        ("package", format!("{} bytes, SHA-256 {}", said.length, encode_hex(&said.sha256))),
    ]);
    chain::print_signer("release", release.signed_by(), KeyUse::Update, chain);
    say!("not checked:");
    say!("  whether the vendor took the release back since");
}

fn unstaged(path: &Path, error: &StageError) -> Failure {
    match error {
        StageError::Container(error) => crate::container::of_container(path, error),
        other => Failure::new(other.code(), format!("{}: {other}", path.display())).fix(other.fix()),
    }
}

impl From<sealgate_container::ContainerError> for Failure {
    fn from(error: sealgate_container::ContainerError) -> Self {
        crate::container::of_container(Path::new("the file"), &error)
    }
}
