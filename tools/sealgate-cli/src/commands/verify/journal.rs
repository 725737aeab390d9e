//! `sealgate verify` of journals (`spec/journal.md` §2), and of the receipt of a machine that gave its license back (`spec/offline.md` §7).

use std::path::Path;

use sealgate_artifact::{AppId, Carrier, Envelope, Journal, ReturnReceipt, TenantId};
use sealgate_journal::{BoundEntry, read_entries};
use sealgate_trust::{TrustError, Verified, verify_journal, verify_return_receipt};
use sealgate_wire::Timestamp;
use serde_json::{Value, json};

use super::chain::{self, Pinned};
use crate::failure::Failure;
use crate::output::{Output, counted, say};

/// What follows from a statement that a device signed, and what does not.
const SAYS: &str =
    "whoever holds this device's key wrote it; whether the vendor knows that key, the server says";

/// A journal whose entries are those that it names, bound to each other.
struct Account {
    journal: Verified<Journal>,
    entries: Vec<BoundEntry>,
}

pub(super) fn run(
    path: &Path,
    journals: Vec<(Envelope, Vec<u8>)>,
    pinned: Option<&Pinned>,
    output: &Output,
) -> Result<(), Failure> {
    let accounts = journals.into_iter().map(|(envelope, entries)| account(path, &envelope, &entries, pinned));
    let accounts = accounts.collect::<Result<Vec<_>, _>>()?;
    output.result(&report(&accounts), |_| print(&accounts));
    Ok(())
}

fn account(
    path: &Path,
    envelope: &Envelope,
    entries: &[u8],
    pinned: Option<&Pinned>,
) -> Result<Account, Failure> {
    let refused = |why: &TrustError| chain::refused(path, why);
    let journal = verify_journal(&envelope.encode()).map_err(|why| refused(&why))?;
    let said = journal.get();
    is_for((said.tenant, said.app), pinned).map_err(|why| refused(&why))?;
    let entries = read_entries(said, entries).map_err(|fault| {
        let failure = Failure::new(fault.code(), format!("{}: {fault}", path.display()));
        Failure { fix: fault.code().fix().map(str::to_owned), ..failure }
    })?;
    Ok(Account { journal, entries })
}

/// No key of a vendor is asked: the device signed it. Where the caller pins an app, it must be of that one.
fn is_for((tenant, app): (TenantId, AppId), pinned: Option<&Pinned>) -> Result<(), TrustError> {
    let Some((expected, own)) = pinned.and_then(|pinned| pinned.scope) else { return Ok(()) };
    if tenant != expected {
        return Err(TrustError::WrongTenant { expected, found: tenant });
    }
    if app == own { Ok(()) } else { Err(TrustError::WrongApp { expected: own, found: app }) }
}

fn report(accounts: &[Account]) -> Value {
    let entry = |bound: &BoundEntry| {
        let entry = &bound.entry;
        json!({
            "seq": entry.seq,
            "at": Timestamp(entry.at),
            "kind": entry.kind.as_str(),
            "code": entry.code,
            "count": entry.more.map_or(1, |(count, _)| count),
            "until": entry.more.map(|(_, until)| Timestamp(until)),
        })
    };
    let one = |account: &Account| {
        let said = account.journal.get();
        json!({
            "statement_id": account.journal.id().to_string(),
            "tenant": said.tenant.to_string(),
            "app": said.app.to_string(),
            "license": said.license.to_string(),
            "device_key": said.device_key.to_string(),
            "chain": said.chain.to_string(),
            "after": said.after.seq,
            "seq": said.head.seq,
            "issued_at": Timestamp(said.issued_at),
            "acknowledged": said.acknowledged,
            "entries": account.entries.iter().map(entry).collect::<Vec<_>>(),
        })
    };
    json!({
        "verdict": "valid",
        "kind": "journal",
        "journals": accounts.iter().map(one).collect::<Vec<_>>(),
        "says": SAYS,
    })
}

fn print(accounts: &[Account]) {
    say!("VALID");
    for Account { journal, entries } in accounts {
        let said = journal.get();
        say!("");
        Output::pairs(&[
            ("journal of the device key", said.device_key.to_string()),
            ("license", said.license.to_string()),
            ("app", said.app.to_string()),
            ("tenant", said.tenant.to_string()),
            ("written", Timestamp(said.issued_at).to_string()),
            ("entries", format!("{} to {} of chain {}", said.after.seq + 1, said.head.seq, said.chain)),
        ]);
        say!("");
        Output::table(&["ENTRY", "WHEN", "WHAT", "WHY", "TIMES"], entries.iter().map(row));
    }
    say!(
        "\nchecked:\n  each of {} is signed by the device key that it names, and no entry was changed since",
        counted(accounts.len() as u64, "journal")
    );
    say!("what that says:\n  {SAYS}");
}

fn row(bound: &BoundEntry) -> Vec<String> {
    let entry = &bound.entry;
    let times = entry.more.map_or(1, |(count, _)| count).to_string();
    let code = entry.code.clone().unwrap_or_default();
    vec![entry.seq.to_string(), Timestamp(entry.at).to_string(), entry.kind.as_str().to_owned(), code, times]
}

/// The same for a receipt.
pub(super) fn receipt(
    path: &Path,
    carrier: &Carrier,
    pinned: Option<&Pinned>,
    output: &Output,
) -> Result<(), Failure> {
    let receipt = verify_return_receipt(&carrier.encode()).map_err(|why| chain::refused(path, &why))?;
    let said = receipt.get();
    is_for((said.tenant, said.app), pinned).map_err(|why| chain::refused(path, &why))?;
    output.result(&receipt_report(&receipt), |_| print_receipt(&receipt));
    Ok(())
}

fn receipt_report(receipt: &Verified<ReturnReceipt>) -> Value {
    let said = receipt.get();
    json!({
        "verdict": "valid",
        "kind": "return-receipt",
        "statement_id": receipt.id().to_string(),
        "tenant": said.tenant.to_string(),
        "app": said.app.to_string(),
        "license": said.license.to_string(),
        "device_key": said.device_key.to_string(),
        "bundle": said.bundle.to_string(),
        "serial": said.serial,
        "issued_at": Timestamp(said.issued_at),
        "says": SAYS,
    })
}

fn print_receipt(receipt: &Verified<ReturnReceipt>) {
    let said = receipt.get();
    say!("VALID\n");
    Output::pairs(&[
        ("device key", said.device_key.to_string()),
        ("gives back the bundle", format!("statement {}, serial {}", said.bundle, said.serial)),
        ("license", said.license.to_string()),
        ("app", said.app.to_string()),
        ("tenant", said.tenant.to_string()),
        ("written", Timestamp(said.issued_at).to_string()),
    ]);
    say!("\nchecked:\n  signed by the device key that it names\nwhat that says:\n  {SAYS}");
}
