//! `sealgate inspect`: what a file says, believed by nobody.

use std::path::Path;

use sealgate_artifact::{
    ArtifactError, Code, Envelope, Keyset, Kind, License, Statement, TenantKeyset, UnixSeconds, Value,
    parse_json,
};
use sealgate_wire::Timestamp;
use serde_json::json;

use crate::failure::Failure;
use crate::files;
use crate::output::{Output, harmless, say};

pub(crate) fn run(file: &Path, output: &Output) -> Result<(), Failure> {
    let bytes = files::read(file)
        .map_err(|e| Failure::new(Code::FileUnreadable, format!("{}: {e}", file.display())))?;
    let envelope = Envelope::decode(&bytes)?;
    let kind = Kind::of_payload_type(envelope.payload_type());
    let payload = parse_json(envelope.payload())?;
    let form = check_form(kind, &envelope);
    let keyids: Vec<&str> = envelope.signatures().iter().map(|s| s.keyid.as_str()).collect();
    let report = json!({
        "verified": false,
        "kind": kind.map(Kind::as_str),
        "payload_type": envelope.payload_type(),
        "statement_id": envelope.id().to_string(),
        "well_formed": form.is_ok(),
        "form_error": form.as_ref().err().map(|e| e.code().as_str()),
        "payload": serde_json::from_slice::<serde_json::Value>(envelope.payload()).ok(),
        "keyids": keyids,
    });
    output.result(&report, |_| print(kind, &envelope, &payload, form.as_ref().err()));
    Ok(())
}

/// Whether the payload is what its kind must be, by the decoder that verification uses too.
fn check_form(kind: Option<Kind>, envelope: &Envelope) -> Result<(), ArtifactError> {
    match kind {
        Some(Kind::License) => License::from_payload(envelope.payload()).map(drop),
        Some(Kind::Keyset) => Keyset::from_payload(envelope.payload()).map(drop),
        Some(Kind::TenantKeyset) => TenantKeyset::from_payload(envelope.payload()).map(drop),
        None => Ok(()),
    }
}

fn print(kind: Option<Kind>, envelope: &Envelope, payload: &Value, form: Option<&ArtifactError>) {
    say!("NOT VERIFIED: this is what the file says. `sealgate verify` says whether it is true.\n");
    let kind = kind.map_or_else(|| format!("unknown ({})", envelope.payload_type()), |k| k.to_string());
    let mut pairs = vec![("kind", kind), ("statement", envelope.id().to_string())];
    for signature in envelope.signatures() {
        pairs.push(("signed by key", signature.keyid.clone()));
    }
    if let Some(error) = form {
        pairs.push(("malformed", format!("{error} ({})", error.code())));
    }
    Output::pairs(&pairs);
    say!("");
    match payload {
        Value::Object(members) => {
            let line = |(name, value): &(String, Value)| (name.clone(), readable(name, value));
            let lines: Vec<(String, String)> = members.iter().map(line).collect();
            Output::pairs(&lines.iter().map(|(n, v)| (n.as_str(), v.clone())).collect::<Vec<_>>());
        }
        other => say!("{}", harmless(&other.to_string())),
    }
}

/// Times also as dates; lists one entry a line.
fn readable(name: &str, value: &Value) -> String {
    match value {
        Value::Int(n) if name.ends_with("_at") || name == "not_before" => {
            let time = u64::try_from(*n).ok().and_then(UnixSeconds::new).map(Timestamp);
            time.map_or_else(|| n.to_string(), |t| format!("{t} ({n})"))
        }
        Value::Text(text) => text.clone(),
        Value::List(items) => items.iter().map(|item| readable("", item)).collect::<Vec<_>>().join(", "),
        Value::Null if name == "expires_at" => "never".to_owned(),
        Value::Null if name == "max_devices" => "unlimited".to_owned(),
        other => other.to_string(),
    }
}
