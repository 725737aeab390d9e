//! `sealgate verify`: whether a license file or a container is true, and how far that reaches.

mod bundle;
mod chain;
mod container;
mod issued;
mod journal;
mod request;

use std::path::Path;

use sealgate_artifact::{Code, KeyUse, License, MaxDevices, PublicKey, UnixSeconds};
use sealgate_rules::Standing;
use sealgate_trust::{
    Accepted, ChainBytes, Policies, Roots, TenantTrust, TrustFile, Verified, verify_license,
};
use sealgate_wire::Timestamp;
use serde_json::{Value, json};

use self::chain::{Pinned, chain_report, names, print_chain};
use crate::args::{VerifyArgs, now};
use crate::commands::license::trust_path;
use crate::commands::refusals::{not_in_force, of_chain, of_license, of_trust};
use crate::commands::terms;
use crate::failure::Failure;
use crate::files::{self, Input};
use crate::output::{Output, say};
use crate::streams::{is_dash, one_dash};

pub(crate) fn run(args: &VerifyArgs, output: &Output) -> Result<(), Failure> {
    let (file, roots) = args.file_and_roots()?;
    one_dash(&[Some(&file), args.trust.as_deref()])?;
    let now = now();
    let license = match files::open(&file).map_err(|e| files::unreadable(&file, &e))? {
        Input::Container(stream) => {
            return container::run(&file, stream, (|| pinned_alone(args, roots), now), output);
        }
        Input::Other(license) => license,
    };
    let (pinned, statements) = pinned(args, &file, roots)?;
    let (verified, chain) = judge((&file, &license), &pinned, &statements, now)?;
    Standing::of_signed(verified.get())
        .gives_rights(now)
        .map_err(|code| not_in_force(code, verified.get(), now))?;
    let report = report(&verified, &chain, &pinned);
    output.result(&report, |_| print(&verified, &chain, &pinned));
    Ok(())
}

/// Believes the license or says why not; whether it is in force now is another question.
pub(crate) fn judge(
    (file, license): (&Path, &[u8]),
    pinned: &Pinned,
    statements: &ChainBytes,
    now: UnixSeconds,
) -> Result<(Verified<License>, TenantTrust), Failure> {
    let tenant = pinned.scope.map(|(tenant, _)| tenant);
    let chain = TenantTrust::verify(&pinned.roots, statements, tenant, &Accepted::default(), now)
        .map_err(of_chain)?;
    let verified = verify_license(&chain, license, pinned.scope.map(|(_, app)| app), Policies::Known)
        .map_err(|error| of_license(file, license, &error))?;
    Ok((verified, chain))
}

/// What the caller trusts, and the chain from there to the license.
fn pinned(args: &VerifyArgs, file: &Path, roots: Vec<PublicKey>) -> Result<(Pinned, ChainBytes), Failure> {
    if let Some(path) = &args.trust {
        let bytes = read(path)?;
        let trust = TrustFile::parse(&bytes).map_err(|error| of_trust(path, &bytes, &error))?;
        return Ok((pins_of(&trust)?, trust.chain));
    }
    let fix = "give --trust trust.json; or give --root PUB and keep FILE.trust next to FILE (`sealgate license file --with-trust` writes it)";
    if roots.is_empty() {
        return Err(Failure::new(Code::TrustMissing, Code::TrustMissing.meaning()).fix(fix));
    }
    if is_dash(file) {
        let why = "beside standard input lies no FILE.trust";
        return Err(Failure::new(Code::TrustMissing, why).fix("give --trust trust.json"));
    }
    let path = trust_path(file);
    let courier = read(&path).map_err(|f| {
        if f.code == Code::FileUnreadable.as_str() {
            Failure::new(Code::TrustMissing, f.message).fix(fix)
        } else {
            f
        }
    })?;
    // The file's own roots, tenant and app come from where the license comes from, so they prove nothing here.
    let statements = TrustFile::courier(&courier).map_err(|error| of_trust(&path, &courier, &error))?;
    Ok((of_roots(args, roots)?, statements))
}

/// What the caller trusts, of a file that brings its own chain.
fn pinned_alone(args: &VerifyArgs, roots: Vec<PublicKey>) -> Result<Pinned, Failure> {
    if let Some(path) = &args.trust {
        let bytes = read(path)?;
        return pins_of(&TrustFile::parse(&bytes).map_err(|error| of_trust(path, &bytes, &error))?);
    }
    if roots.is_empty() {
        return Err(Failure::new(Code::TrustMissing, Code::TrustMissing.meaning())
            .fix("give --trust trust.json; or give --root PUB"));
    }
    of_roots(args, roots)
}

fn of_roots(args: &VerifyArgs, roots: Vec<PublicKey>) -> Result<Pinned, Failure> {
    Ok(Pinned { roots: Roots::pin(roots, args.threshold, None)?, scope: None, known: None })
}

/// What a trust file pins.
pub(crate) fn pins_of(trust: &TrustFile) -> Result<Pinned, Failure> {
    let scope = Some((trust.tenant, trust.app));
    Ok(Pinned { roots: trust.pins()?, scope, known: Some(trust.chain.clone()) })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    files::read(path).map_err(|e| files::unreadable(path, &e))
}

fn report(verified: &Verified<License>, chain: &TenantTrust, pinned: &Pinned) -> Value {
    let license = verified.get();
    let mut report = json!({
        "verdict": "valid",
        "statement_id": verified.id().to_string(),
        "license": terms::report(license),
        "signed_by": names(verified.signed_by(), KeyUse::Issuer),
        "not_checked": not_checked(license, pinned),
    });
    if let (Value::Object(report), Value::Object(chain)) = (&mut report, chain_report(chain)) {
        report.extend(chain);
    }
    report
}

fn print(verified: &Verified<License>, chain: &TenantTrust, pinned: &Pinned) {
    let license = verified.get();
    let seats = match license.max_devices {
        MaxDevices::Limited(n) => n.to_string(),
        MaxDevices::Unlimited => "unlimited".to_owned(),
    };
    say!("VALID\n");
    let mut pairs = vec![
        ("license", license.license.to_string()),
        ("app", license.app.to_string()),
        ("tenant", license.tenant.to_string()),
        ("tier", license.tier.as_str().to_owned()),
        ("seats", seats),
        ("ends", license.expires_at.map_or_else(|| "never".to_owned(), |t| Timestamp(t).to_string())),
    ];
    pairs.extend(terms::pairs(license));
    Output::pairs(&pairs);
    say!("\nchecked:");
    say!("  license signed by issuer {}", names(verified.signed_by(), KeyUse::Issuer).join(", "));
    print_chain("issuer", chain);
    say!("  in force now, by this machine's clock");
    say!("not checked:");
    for line in not_checked(license, pinned) {
        say!("  {line}");
    }
}

fn not_checked(license: &License, pinned: &Pinned) -> Vec<&'static str> {
    let mut list = vec![
        "revocation: only the server or newer signed files can tell",
        "devices: a bare license file names no device",
    ];
    if license.conditions.policy.is_some() {
        list.push("policy: the license has one, which programs enforce; one that cannot refuses the license (crit_unknown)");
    }
    if pinned.scope.is_none() {
        list.push("tenant and app: none was pinned, so any tenant and app under the roots were accepted");
    }
    list
}
