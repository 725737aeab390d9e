//! What one statement says.

use sealgate_artifact::{
    ArtifactError, Carrier, KeyUse, Kind, KindVisitor, PublicKey, Statement, UnixSeconds, Value, parse_json,
};
use sealgate_terminal::harmless;
use sealgate_wire::Timestamp;
use serde_json::json;

use super::attached::Attached;
use super::online;
use crate::failure::Failure;
use crate::output::{Output, say};

/// A file taken apart.
pub(super) struct Seen {
    pub(super) kind: Option<Kind>,
    pub(super) carrier: Carrier,
    /// As it stands, but for a license key.
    pub(super) payload: Value,
    pub(super) form: Result<(), ArtifactError>,
}

impl Seen {
    pub(super) fn of(carrier: Carrier) -> Result<Self, Failure> {
        let kind = Kind::of_payload_type(carrier.envelope.payload_type());
        let payload = online::hide_key(parse_json(carrier.envelope.payload())?);
        let form = kind.map_or(Ok(()), |kind| kind.visit(Form(&carrier)));
        Ok(Self { kind, carrier, payload, form })
    }

    pub(super) fn report(&self) -> serde_json::Value {
        let envelope = &self.carrier.envelope;
        let keyids: Vec<&str> = envelope.signatures().iter().map(|s| s.keyid.as_str()).collect();
        let mut report = json!({
            "verified": false,
            "kind": self.kind.map(Kind::as_str),
            "payload_type": envelope.payload_type(),
            "statement_id": envelope.id().to_string(),
            "well_formed": self.form.is_ok(),
            "form_error": self.form.as_ref().err().map(|e| e.code().as_str()),
            "payload": serde_json::from_str::<serde_json::Value>(&self.payload.to_string()).ok(),
            "keyids": keyids,
        });
        if let Some((field, attached)) = self.attached().map(|attached| attached.report()) {
            report[field] = attached;
        }
        report
    }

    pub(super) fn print(&self) {
        say!("NOT VERIFIED: this is what the file says. `sealgate verify` says whether it is true.\n");
        let envelope = &self.carrier.envelope;
        let unknown = || format!("unknown ({})", envelope.payload_type());
        let mut pairs = vec![
            ("kind", self.kind.map_or_else(unknown, |kind| format!("{kind}: {}", kind.purpose()))),
            ("statement", envelope.id().to_string()),
        ];
        for signature in envelope.signatures() {
            pairs.push(("signed by key", signature.keyid.clone()));
        }
        if let Err(error) = &self.form {
            pairs.push(("malformed", format!("{error} ({})", error.code())));
        }
        Output::pairs(&pairs);
        say!("");
        match &self.payload {
            Value::Object(members) => print_members(self.kind, members),
            other => say!("{}", harmless(&other.to_string())),
        }
        if let Some(attached) = self.attached() {
            attached.print();
        }
    }

    fn attached(&self) -> Option<Attached> {
        Attached::of(self.kind, &self.carrier)
    }
}

/// Whether the payload is what its kind must be, by the decoder that verification uses too.
pub(super) struct Form<'a>(pub(super) &'a Carrier);

impl KindVisitor for Form<'_> {
    type Output = Result<(), ArtifactError>;

    fn visit<T: Statement>(self) -> Self::Output {
        T::from_payload(self.0.envelope.payload(), &self.0.attachments).map(drop)
    }
}

fn print_members(kind: Option<Kind>, members: &[(String, Value)]) {
    let keys = |value: &Value| matches!(value, Value::List(keys) if !keys.is_empty());
    let (lists, plain): (Vec<_>, Vec<_>) =
        members.iter().partition(|(name, value)| name == "keys" && keys(value));
    let line = |(name, value): &'_ (String, Value)| {
        let listed = || crate::commands::terms::unverified(name, value);
        online::in_words(kind, name, value).or_else(listed).unwrap_or_else(|| readable(name, value))
    };
    let lines: Vec<(&str, String)> =
        plain.into_iter().map(|member| (member.0.as_str(), line(member))).collect();
    Output::pairs(&lines);
    for (_, value) in lists {
        if let Value::List(entries) = value {
            say!("");
            Output::table(&["KEY ID", "USE", "STATE", "PUBLIC KEY"], entries.iter().map(key_row));
        }
    }
}

/// A root key, or an entry of a keyset.
fn key_row(entry: &Value) -> Vec<String> {
    let field = |name: &str| match entry {
        Value::Object(members) => {
            members.iter().find(|(n, _)| n == name).map_or_else(String::new, |(_, v)| text(v))
        }
        plain if name == "public_key" => text(plain),
        _ if name == "use" => "root".to_owned(),
        _ => String::new(),
    };
    let (key_use, public_key) = (field("use"), field("public_key"));
    let id = KeyUse::parse(&key_use).zip(PublicKey::parse(&public_key).ok());
    let id = id.map_or_else(|| "?".to_owned(), |(key_use, key)| key.id(key_use).to_string());
    vec![id, key_use, field("state"), public_key]
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Times whose names do not end in `_at`.
const TIMES: [&str; 6] =
    ["not_before", "client_time", "trial_ends", "grace_until", "lease_until", "next_update"];
/// Objects whose members are told one by one.
const PARTED: [&str; 6] = ["next", "head", "modules", "entries", "body", "shards"];

/// Times also as dates; lists and parts in one line.
pub(super) fn readable(name: &str, value: &Value) -> String {
    match value {
        Value::Int(n) if name.ends_with("_at") || TIMES.contains(&name) => {
            let time = u64::try_from(*n).ok().and_then(UnixSeconds::new).map(Timestamp);
            time.map_or_else(|| n.to_string(), |t| format!("{t} ({n})"))
        }
        Value::List(items) => items.iter().map(|item| readable("", item)).collect::<Vec<_>>().join(", "),
        Value::Object(parts) if PARTED.contains(&name) => {
            let part = |(name, value): &(String, Value)| format!("{name} {}", readable(name, value));
            parts.iter().map(part).collect::<Vec<_>>().join(", ")
        }
        Value::Null if name == "expires_at" => "never".to_owned(),
        Value::Null if name == "max_devices" => "unlimited".to_owned(),
        other => text(other),
    }
}
