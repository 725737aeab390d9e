//! `sealgate inspect`: what a file says, believed by nobody.

mod attached;
mod container;
mod online;
mod seen;

use std::path::Path;

use sealgate_artifact::{ArtifactError, Carrier, Foreign, Kind, Value};
use sealgate_trust::{ChainBytes, TrustFile};
use serde_json::json;

use self::seen::{Seen, readable};
use crate::args::InspectArgs;
use crate::commands::refusals::of_form;
use crate::failure::Failure;
use crate::files::{self, Input};
use crate::output::{Output, say};

pub(crate) fn run(args: &InspectArgs, output: &Output) -> Result<(), Failure> {
    let unreadable = |e| files::unreadable(&args.file, &e);
    let bytes = match files::open(&args.file).map_err(unreadable)? {
        Input::Container(stream) => return container::run(&args.file, stream, args.dsse, output),
        Input::Other(bytes) => bytes,
    };
    match TrustFile::parse(&bytes) {
        Ok(trust) => return inspect_trust(&trust, output),
        Err(error) if Foreign::of(&bytes) == Some(Foreign::TrustFile) => {
            return Err(of_form(&args.file, &bytes, &error, Foreign::TrustFile));
        }
        Err(_) => {}
    }
    let carrier = Carrier::decode(&bytes).map_err(|e| of_another_form(&args.file, &bytes, e))?;
    if args.dsse {
        say!("{}", String::from_utf8_lossy(&carrier.envelope.encode()));
        return Ok(());
    }
    let seen = Seen::of(carrier)?;
    output.result(&seen.report(), |_| seen.print());
    Ok(())
}

fn of_another_form(file: &Path, bytes: &[u8], error: ArtifactError) -> Failure {
    let failure = of_form(file, bytes, &error.into(), Foreign::Statement);
    if Foreign::of(bytes).is_some() {
        return failure;
    }
    failure.fix(
        "inspect reads statements (license files, keysets, root statements, certificates, requests, decisions, activation \
         proofs, heartbeats and their answers, releases, shards, snapshots, bundles and requests for them), containers and trust.json",
    )
}

/// A trust.json: what it pins, and each statement in it.
fn inspect_trust(trust: &TrustFile, output: &Output) -> Result<(), Failure> {
    let ChainBytes { roots, keyset, tenant_keyset } = &trust.chain;
    let envelopes = roots.iter().chain([keyset, tenant_keyset]);
    let statements = envelopes
        .map(|envelope| Seen::of(Carrier::decode(envelope)?))
        .collect::<Result<Vec<_>, Failure>>()?;
    let reports: Vec<_> = statements.iter().map(Seen::report).collect();
    let report = json!({
        "verified": false,
        "kind": "trust.json",
        "roots": trust.roots.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "threshold": trust.threshold,
        "root_version": trust.root_version,
        "tenant": trust.tenant.to_string(),
        "app": trust.app.to_string(),
        "statements": reports,
    });
    output.result(&report, |_| {
        say!("NOT VERIFIED: this is what the file says.\n");
        let mut pairs =
            vec![("kind", "trust.json: what a build pins to verify licenses of one app".to_owned())];
        pairs.extend(trust.roots.iter().map(|root| ("root", root.to_string())));
        pairs.extend([
            ("of which must sign", trust.threshold.to_string()),
            ("root version", trust.root_version.to_string()),
            ("tenant", trust.tenant.to_string()),
            ("app", trust.app.to_string()),
        ]);
        Output::pairs(&pairs);
        say!("\nstatements:");
        Output::table(
            &["KIND", "VERSION", "ENDS", "KEYS", "STATEMENT"],
            statements.iter().map(statement_row),
        );
    });
    Ok(())
}

fn statement_row(seen: &Seen) -> Vec<String> {
    let member = |name: &str| match &seen.payload {
        Value::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, value)| value),
        _ => None,
    };
    let shown = |name: &str| member(name).map_or_else(String::new, |value| readable(name, value));
    let keys = match member("keys") {
        Some(Value::List(keys)) => keys.len().to_string(),
        _ => String::new(),
    };
    let kind = seen.kind.map_or("unknown", Kind::as_str).to_owned();
    vec![kind, shown("version"), shown("expires_at"), keys, seen.carrier.envelope.id().to_string()]
}
