//! `sealgate verify` of the file of a license (`spec/offline.md` §4.2), by a reader that remembers nothing and is no machine.

use std::path::Path;

use sealgate_artifact::{Bundle, Code, Envelope, KeyUse, Machines, UnixSeconds, Unverified};
use sealgate_container::LicenseStatements;
use sealgate_rules::Standing;
use sealgate_trust::{TenantTrust, Verified, verify_bundle};
use sealgate_wire::Timestamp;
use serde_json::{Value, json};

use super::chain::{self, Pinned, names, with_chain};
use crate::commands::terms;
use crate::failure::Failure;
use crate::output::{Output, counted, say};

pub(super) fn run(
    path: &Path,
    file: LicenseStatements,
    (pinned, now): (&Pinned, UnixSeconds),
    output: &Output,
) -> Result<(), Failure> {
    let trust = chain::carried_keys(path, &file, (pinned, now))?;
    let carries = carried(&file);
    let claim = Unverified::<Bundle>::of_carrier(file.bundle).map_err(|e| chain::refused(path, &e.into()))?;
    let bundle = verify_bundle(&trust, &claim, pinned.scope.map(|(_, app)| app));
    let bundle = bundle.map_err(|why| chain::refused(path, &why))?;
    let terms = &bundle.get().terms;
    Standing::of_signed(terms).gives_rights(now).map_err(|code| not_in_force(code, bundle.get(), now))?;
    output.result(&report(&bundle, &trust, &carries), |_| print(&bundle, &trust));
    Ok(())
}

/// A genuine bundle that gives no right now.
fn not_in_force(code: Code, bundle: &Bundle, now: UnixSeconds) -> Failure {
    let clock = format!("this machine's clock shows {now}");
    let failure = |why: String| Failure::new(code, format!("the bundle is genuine, but {why}; {clock}"));
    match code {
        Code::Expired => failure(format!("ended at {}", bundle.ends_at())).fix(
            "check this machine's clock; if it is right, make a new bundle: `sealgate offline export KEY --replaces BUNDLE`",
        ),
        Code::NotYetValid => {
            failure(format!("begins at {}", bundle.terms.not_before)).fix("check this machine's clock")
        }
        _ => failure(code.meaning().to_owned()),
    }
}

/// The levels of keys that the file brings.
fn carried(file: &LicenseStatements) -> Vec<&'static str> {
    let level = |envelope: &Option<Envelope>, name| envelope.as_ref().map(|_| name);
    let roots = (!file.roots.is_empty()).then_some("root");
    let levels = [roots, level(&file.keyset, "keyset"), level(&file.tenant_keyset, "tenant-keyset")];
    levels.into_iter().flatten().collect()
}

/// What a program does by this bundle.
fn enforced(bundle: &Bundle) -> String {
    let end = Timestamp(bundle.ends_at());
    match (&bundle.machines, bundle.request) {
        (Machines::Bound(keys), None) => {
            let machines = match keys.len() {
                1 => "machine whose key".to_owned(),
                count => format!("{count} machines whose keys"),
            };
            format!("it holds on the {machines} it names, on no other one, and until {end}")
        }
        (Machines::Bound(_), Some(_)) => {
            format!(
                "it holds on the one machine that asked for it, where that still keeps its request, and until {end}"
            )
        }
        (Machines::Pool(_), _) => format!("it holds until {end}, on every machine that takes it over"),
    }
}

/// What no program can do by it.
fn not_enforced(bundle: &Bundle) -> String {
    let back =
        "it cannot be called back: a machine hears of a revocation only by a newer bundle or a snapshot";
    match bundle.machines {
        Machines::Bound(_) => back.to_owned(),
        Machines::Pool(count) => {
            let machines = counted(count.into(), "machine");
            format!("nobody counts the {machines} that the vendor agreed upon, and {back}")
        }
    }
}

const NOT_CHECKED: [&str; 2] = [
    "whether there is a newer bundle of this license, or a machine has one already",
    "revocation: only the server or newer signed files can tell",
];

fn report(bundle: &Verified<Bundle>, trust: &TenantTrust, carries: &[&str]) -> Value {
    let said = bundle.get();
    let (mode, keys) = match &said.machines {
        Machines::Bound(keys) => ("bound", keys.iter().map(ToString::to_string).collect()),
        Machines::Pool(_) => ("pool", vec![]),
    };
    let own = json!({
        "verdict": "valid",
        "kind": "bundle",
        "statement_id": bundle.id().to_string(),
        "bundle": said.bundle.to_string(),
        "serial": said.serial,
        "line": said.line().to_string(),
        "mode": mode,
        "machines": said.machines.count(),
        "device_keys": keys,
        "request": said.request.map(|request| request.to_string()),
        "issued_at": Timestamp(said.terms.issued_at),
        "valid_until": Timestamp(said.ends_at()),
        "revoked": said.revoked.len(),
        "license": terms::report(&said.terms),
        "carries": carries,
        "signed_by": names(bundle.signed_by(), KeyUse::Issuer),
        "enforced": enforced(said),
        "not_enforced": not_enforced(said),
        "not_checked": NOT_CHECKED,
    });
    with_chain(own, trust)
}

fn print(bundle: &Verified<Bundle>, trust: &TenantTrust) {
    let said = bundle.get();
    let machines = match said.machines {
        Machines::Bound(ref keys) => format!("{}, named by their keys", keys.len()),
        Machines::Pool(count) => format!("a pool of {count}"),
    };
    say!("VALID\n");
    let mut pairs = vec![
        ("license", said.terms.license.to_string()),
        ("bundle", said.bundle.to_string()),
        ("serial", said.serial.to_string()),
        ("app", said.terms.app.to_string()),
        ("tenant", said.terms.tenant.to_string()),
        ("tier", said.terms.tier.as_str().to_owned()),
        ("machines", machines),
        ("signed", Timestamp(said.terms.issued_at).to_string()),
        ("ends", Timestamp(said.ends_at()).to_string()),
    ];
    pairs.extend(terms::pairs(&said.terms));
    Output::pairs(&pairs);
    chain::print_signer("bundle", bundle.signed_by(), KeyUse::Issuer, trust);
    say!("  in force now, by this machine's clock");
    say!("what a program enforces:\n  {}", enforced(said));
    say!("what nobody enforces:\n  {}", not_enforced(said));
    say!("not checked:");
    for line in NOT_CHECKED {
        say!("  {line}");
    }
}
