//! `sglic fingerprint`.

use sealgate::MachineFingerprint;
use serde_json::{Map, Value, json};

use crate::args::Global;
use crate::failure::Failure;
use crate::output::{Output, pairs};
use crate::trust;

pub(crate) fn run(global: &Global, output: Output) -> Result<(), Failure> {
    let pinned = trust::load(global)?;
    let MachineFingerprint { sent, parts, .. } = MachineFingerprint::read(&pinned.trust);
    let found: Map<String, Value> =
        parts.iter().map(|(part, found)| ((*part).to_owned(), json!(found))).collect();
    output.result(&json!({ "fingerprint": sent, "parts": found }), |_| {
        let none = "none: too few parts are known, so nothing is said of this machine";
        let mut lines = vec![("fingerprint", sent.clone().unwrap_or_else(|| none.to_owned()))];
        lines.extend(
            parts.iter().map(|(part, found)| (*part, if *found { "found" } else { "not found" }.to_owned())),
        );
        pairs(&lines)
    });
    Ok(())
}
