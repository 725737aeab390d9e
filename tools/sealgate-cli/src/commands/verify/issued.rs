//! `sealgate verify` of what a vendor says to machines without a network beside bundles: acknowledgements (`spec/journal.md` §4) and
//! re-anchors (`spec/offline.md` §6), by a reader that is no machine.

use std::path::Path;

use sealgate_artifact::{
    Acknowledged, Acknowledgement, KeyUse, Kind, PublicKey, ReAnchor, UnixSeconds, Unverified,
};
use sealgate_container::LicenseStatements;
use sealgate_trust::{TenantTrust, TrustError, Verified, verify_acknowledgement, verify_re_anchor};
use sealgate_wire::Timestamp;
use serde_json::{Value, json};

use super::chain::{self, Pinned, names, with_chain};
use crate::failure::Failure;
use crate::output::{Output, counted, say};

pub(super) fn run(
    path: &Path,
    file: LicenseStatements,
    (pinned, now): (&Pinned, UnixSeconds),
    output: &Output,
) -> Result<(), Failure> {
    let trust = chain::carried_keys(path, &file, (pinned, now))?;
    let app = pinned.scope.map(|(_, app)| app);
    let refused = |why: &TrustError| chain::refused(path, why);
    let main = file.bundle;
    if main.envelope.payload_type() == Kind::ReAnchor.payload_type() {
        let claim = Unverified::<ReAnchor>::of_carrier(main).map_err(|e| refused(&e.into()))?;
        // Whoever looks at it is no machine: it is judged for the one that it names.
        let device = claim.danger_peek().map_err(|e| refused(&e.into()))?.device_key;
        let said = verify_re_anchor(&trust, &claim, app, device).map_err(|why| refused(&why))?;
        output.result(&anchor_report(&said, &trust), |_| print_anchor(&said, &trust));
    } else {
        let claim = Unverified::<Acknowledgement>::of_carrier(main).map_err(|e| refused(&e.into()))?;
        let said = verify_acknowledgement(&trust, &claim, app).map_err(|why| refused(&why))?;
        output.result(&report(&said, &trust), |_| print(&said, &trust));
    }
    Ok(())
}

fn report(said: &Verified<Acknowledgement>, trust: &TenantTrust) -> Value {
    let Acknowledgement { tenant, app, license, issued_at, acknowledged } = said.get();
    let one = |one: &Acknowledged| json!({ "device_key": one.device_key.to_string(), "chain": one.chain.to_string(), "seq": one.head.seq });
    let own = json!({
        "verdict": "valid",
        "kind": "acknowledgement",
        "statement_id": said.id().to_string(),
        "tenant": tenant.to_string(),
        "app": app.to_string(),
        "license": license.to_string(),
        "issued_at": Timestamp(*issued_at),
        "acknowledged": acknowledged.iter().map(one).collect::<Vec<_>>(),
        "signed_by": names(said.signed_by(), KeyUse::Issuer),
    });
    with_chain(own, trust)
}

fn print(said: &Verified<Acknowledgement>, trust: &TenantTrust) {
    let Acknowledgement { tenant, app, license, issued_at, acknowledged } = said.get();
    say!("VALID\n");
    Output::pairs(&[
        ("license", license.to_string()),
        ("app", app.to_string()),
        ("tenant", tenant.to_string()),
        ("signed", Timestamp(*issued_at).to_string()),
        ("acknowledges", counted(acknowledged.len() as u64, "journal")),
    ]);
    let row = |one: &Acknowledged| {
        vec![one.device_key.to_string(), one.chain.to_string(), one.head.seq.to_string()]
    };
    say!("");
    Output::table(&["DEVICE KEY", "CHAIN", "UP TO ENTRY"], acknowledged.iter().map(row));
    print_signer("acknowledgement", said.signed_by(), trust);
}

fn anchor_report(said: &Verified<ReAnchor>, trust: &TenantTrust) -> Value {
    let ReAnchor { tenant, app, license, device_key, issued_at } = said.get();
    let own = json!({
        "verdict": "valid",
        "kind": "re-anchor",
        "statement_id": said.id().to_string(),
        "tenant": tenant.to_string(),
        "app": app.to_string(),
        "license": license.to_string(),
        "device_key": device_key.to_string(),
        "issued_at": Timestamp(*issued_at),
        "signed_by": names(said.signed_by(), KeyUse::Issuer),
    });
    with_chain(own, trust)
}

fn print_anchor(said: &Verified<ReAnchor>, trust: &TenantTrust) {
    let ReAnchor { tenant, app, license, device_key, issued_at } = said.get();
    say!("VALID\n");
    Output::pairs(&[
        ("for the machine with the key", device_key.to_string()),
        ("says that it is", Timestamp(*issued_at).to_string()),
        ("license", license.to_string()),
        ("app", app.to_string()),
        ("tenant", tenant.to_string()),
    ]);
    print_signer("re-anchor", said.signed_by(), trust);
}

fn print_signer(what: &str, by: &[PublicKey], trust: &TenantTrust) {
    chain::print_signer(what, by, KeyUse::Issuer, trust);
    say!("not checked:\n  whether there is a newer one, or a machine has one already");
}
