//! A container, part by part (`spec/container.md`).

use std::path::Path;

use sealgate_artifact::{
    ArtifactError, Carrier, Envelope, Kind, PublicKey, SignatureEntry, Value, encode_hex, parse_json,
};
use sealgate_container::{Entry, EntryName, decode_statement};
use sealgate_trust::ed25519;
use serde_json::json;

use super::seen::{Form, Seen, readable};
use crate::container::{self, Whole, of_what};
use crate::failure::Failure;
use crate::files::Stream;
use crate::output::{Output, say};

/// A part that is a statement.
struct Part {
    name: EntryName,
    carrier: Carrier,
    form: Result<(), ArtifactError>,
}

pub(super) fn run(path: &Path, stream: Stream, dsse: bool, output: &Output) -> Result<(), Failure> {
    let mut parts = Parts::default();
    let whole = container::read(path, stream, output, |name, bytes| parts.take(name, bytes))?;
    // Before anything is shown.
    for part in &parts.list {
        parse_json(part.carrier.envelope.payload())?;
    }
    // One at a time: a file that somebody made up has many, and large ones.
    let mut seen = parts.seen();
    if dsse {
        for seen in seen {
            say!("{}", String::from_utf8_lossy(&seen?.carrier.envelope.encode()));
        }
        return Ok(());
    }
    if output.json {
        let statements: Vec<_> =
            seen.map(|seen| Ok::<_, Failure>(seen?.report())).collect::<Result<_, _>>()?;
        output.result(&report(&whole, statements), |_| {});
        return Ok(());
    }
    let mut shown = Shown::default();
    seen.try_for_each(|seen| {
        shown.add(&seen?);
        Ok::<_, Failure>(())
    })?;
    output.result(&(), |()| print(&whole, shown));
    Ok(())
}

/// What is printed, as wide as a terminal: what is left out is in --json.
#[derive(Default)]
struct Shown {
    tenant: Option<String>,
    /// What the main statement says, where it is the file's matter and not its table of contents.
    main: Vec<(&'static str, String)>,
    statements: Vec<Vec<String>>,
    shards: Vec<Vec<String>>,
    malformed: Vec<String>,
}

impl Shown {
    fn add(&mut self, seen: &Seen) {
        // The main statement comes first.
        self.tenant = self.tenant.take().or_else(|| said(seen, "tenant"));
        if matches!(seen.kind, Some(Kind::Bundle | Kind::OfflineRequest)) {
            self.main = MATTER.into_iter().filter_map(|name| Some((name, said(seen, name)?))).collect();
        }
        if seen.kind == Some(Kind::Shard) {
            self.shards.push(shard_row(seen));
        } else {
            self.statements.push(row(seen));
        }
        self.malformed.extend(malformation(seen));
    }
}

/// What a person looks for in a bundle or a request.
const MATTER: [&str; 13] = [
    "app",
    "license",
    "license_key",
    "bundle",
    "serial",
    "expires_at",
    "pool",
    "devices",
    "request",
    "device_key",
    "name",
    "platform",
    "product_version",
];

/// The statements, in the order of the file.
#[derive(Default)]
struct Parts {
    list: Vec<Part>,
    /// The shard whose body comes next, counted from the first part.
    next_body: usize,
}

impl Parts {
    fn take(&mut self, name: EntryName, bytes: Vec<u8>) -> Result<(), Failure> {
        match (name, name.kind()) {
            (_, Some(kind)) => {
                let envelope = decode_statement(kind, &bytes)
                    .map_err(|fault| Failure::new(fault.code(), fault.to_string()))?;
                let carrier = Carrier { envelope, attachments: vec![] };
                let form = kind.visit(Form(&carrier));
                self.list.push(Part { name, carrier, form });
            }
            (EntryName::Attachment, None) => {
                let main = self.list.first_mut();
                main.expect("the main statement comes first").attach(bytes, true);
            }
            (EntryName::ShardBody, None) => self.attach_to_shard(bytes),
            _ => {}
        }
        Ok(())
    }

    /// Bodies come in the order of the shards that have one. Only what a body says of the form is kept: there may be many.
    fn attach_to_shard(&mut self, bytes: Vec<u8>) {
        let lacks_body = |part: &Part| matches!(part.form, Err(ArtifactError::AttachmentMissing(_)));
        let of_shard = |part: &Part| part.name == EntryName::Shard && lacks_body(part);
        let found = self.list.iter().skip(self.next_body).position(of_shard);
        let Some(at) = found.map(|at| self.next_body + at) else { return };
        self.list[at].attach(bytes, false);
        self.next_body = at + 1;
    }

    /// What the statements say, each with the ids of the keys that signed it as far as the file names them.
    fn seen(self) -> impl Iterator<Item = Result<Seen, Failure>> {
        let mut keys = Keys::of(&self.list);
        let seen = move |part: Part| {
            let kind = part.name.kind();
            let envelope = kind.map(|kind| keys.named(kind, &part.carrier.envelope));
            let carrier = Carrier { envelope: envelope.unwrap_or(part.carrier.envelope), ..part.carrier };
            let payload = parse_json(carrier.envelope.payload())?;
            Ok(Seen { kind, carrier, payload, form: part.form })
        };
        self.list.into_iter().map(seen)
    }
}

impl Part {
    /// The same with what it attaches.
    fn attach(&mut self, bytes: Vec<u8>, keep: bool) {
        self.carrier.attachments.push(bytes);
        self.form = self.name.kind().map_or(Ok(()), |kind| kind.visit(Form(&self.carrier)));
        if !keep {
            self.carrier.attachments.clear();
        }
    }
}

/// The keys that a file names, by who may sign what, and how many signatures are still tried with them: whoever writes a file keeps nobody
/// busy with it.
struct Keys {
    /// Of root statements: what they and keysets are signed by.
    roots: Vec<PublicKey>,
    /// Of the keyset: what the tenant keyset is signed by.
    authorities: Vec<PublicKey>,
    /// Of the tenant keyset: what everything else is signed by.
    tenant: Vec<PublicKey>,
    tries: usize,
}

/// The newest root statements of a file: earlier ones were signed by keys that nothing else is signed by.
const ROOTS: usize = 20;
/// How many keys a root statement or a keyset may name, and a tenant keyset.
const NAMED: usize = 12;
const NAMED_BY_TENANT: usize = 16;
/// Some seconds of work. A genuine snapshot of 1,500 shards needs a few thousand.
const TRIES: usize = 30_000;

impl Keys {
    fn of(list: &[Part]) -> Self {
        let of = |name: EntryName, most: usize| {
            let parts = list.iter().rev().filter(move |part| part.name == name).take(ROOTS);
            let mut keys = vec![];
            for key in parts.flat_map(|part| keys_of(&part.carrier.envelope).into_iter().take(most)) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            keys
        };
        Self {
            roots: of(EntryName::Root, NAMED),
            authorities: of(EntryName::Keyset, NAMED),
            tenant: of(EntryName::TenantKeyset, NAMED_BY_TENANT),
            tries: TRIES,
        }
    }

    /// `spec/container.md` §4.2: each signature with the id of the key it verifies with, if that is one of those that may sign this kind.
    fn named(&mut self, kind: Kind, envelope: &Envelope) -> Envelope {
        let own: Vec<PublicKey>;
        let keys = match kind {
            // A device signs with the key that its request names.
            Kind::OfflineRequest => {
                own = device_key(envelope).into_iter().collect();
                &own
            }
            Kind::Root | Kind::Keyset => &self.roots,
            Kind::TenantKeyset => &self.authorities,
            _ => &self.tenant,
        };
        let (message, tries) = (envelope.signed_bytes(), &mut self.tries);
        let mut verifies = |key: &PublicKey, sig: &[u8]| {
            let is_tried = *tries > 0;
            *tries = tries.saturating_sub(1);
            is_tried && ed25519::verify(key, &message, sig)
        };
        let entry = |signature: &SignatureEntry| {
            let signer = keys.iter().find(|key| verifies(key, &signature.sig));
            let keyid = signer.map_or_else(String::new, |key| key.id(kind.signing_use()).to_string());
            SignatureEntry { keyid, sig: signature.sig.clone() }
        };
        let signatures = envelope.signatures().iter().map(entry).collect();
        Envelope::new(envelope.payload_type(), envelope.payload().to_vec(), signatures)
    }
}

/// The device's key that a request names.
fn device_key(envelope: &Envelope) -> Option<PublicKey> {
    let Ok(Value::Object(members)) = parse_json(envelope.payload()) else { return None };
    members.into_iter().find_map(|(name, value)| match value {
        Value::Text(key) if name == "device_key" => PublicKey::parse(&key).ok(),
        _ => None,
    })
}

/// The public keys that a root statement or a keyset names.
fn keys_of(envelope: &Envelope) -> Vec<PublicKey> {
    let Ok(Value::Object(members)) = parse_json(envelope.payload()) else { return vec![] };
    let Some((_, Value::List(keys))) = members.into_iter().find(|(name, _)| name == "keys") else {
        return vec![];
    };
    let text = |entry: Value| match entry {
        Value::Text(key) => Some(key),
        Value::Object(members) => members.into_iter().find_map(|(name, value)| match value {
            Value::Text(key) if name == "public_key" => Some(key),
            _ => None,
        }),
        _ => None,
    };
    keys.into_iter().filter_map(text).filter_map(|key| PublicKey::parse(&key).ok()).collect()
}

fn report(whole: &Whole, statements: Vec<serde_json::Value>) -> serde_json::Value {
    let entry = |entry: &Entry| json!({ "name": entry.name.as_str(), "bytes": entry.length, "sha256": encode_hex(&entry.sha256) });
    json!({
        "verified": false,
        "kind": "container",
        "purpose": whole.container.purpose().as_str(),
        "bytes": whole.bytes,
        "sha256": whole.sha256,
        "entries": whole.container.entries().iter().map(entry).collect::<Vec<_>>(),
        "statements": serde_json::Value::Array(statements),
    })
}

fn print(whole: &Whole, shown: Shown) {
    say!("NOT VERIFIED: this is what the file says. `sealgate verify` says whether it is true.\n");
    let purpose = whole.container.purpose();
    let tenant = shown.tenant.unwrap_or_else(|| "not said".to_owned());
    let mut pairs = vec![("kind", format!("container: {}", of_what(purpose))), ("tenant", tenant)];
    pairs.extend(shown.main);
    pairs.extend([("bytes", whole.bytes.to_string()), ("sha-256", whole.sha256.clone())]);
    Output::pairs(&pairs);
    say!("\nstatements:");
    Output::table(&["KIND", "VERSION", "SIGNED", "UNTIL", "STATEMENT"], shown.statements.into_iter());
    if !shown.shards.is_empty() {
        say!("\nshards:");
        Output::table(&["APP", "BLOCK", "VERSION", "TAKEN BACK", "STATEMENT"], shown.shards.into_iter());
    }
    for malformed in shown.malformed {
        say!("\n{malformed}");
    }
    if let Some(package) = whole.container.only(EntryName::Package) {
        say!("\npackage: {} bytes, SHA-256 {}", package.length, encode_hex(&package.sha256));
    }
}

fn malformation(seen: &Seen) -> Option<String> {
    let error = seen.form.as_ref().err()?;
    Some(format!("malformed: statement {}: {error} ({})", seen.carrier.envelope.id(), error.code()))
}

fn row(seen: &Seen) -> Vec<String> {
    let shown = |name: &str| said(seen, name).unwrap_or_default();
    let until = ["next_update", "expires_at"].iter().find_map(|name| said(seen, name));
    vec![
        seen.kind.map_or("unknown", Kind::as_str).to_owned(),
        shown("version"),
        shown("issued_at"),
        until.unwrap_or_default(),
        short_id(seen),
    ]
}

fn shard_row(seen: &Seen) -> Vec<String> {
    let shown = |name: &str| said(seen, name).unwrap_or_default();
    vec![shown("app"), shown("block"), shown("version"), shown("count"), short_id(seen)]
}

/// What a member of the statement says; a time without its seconds since 1970.
fn said(seen: &Seen, name: &str) -> Option<String> {
    let Value::Object(members) = &seen.payload else { return None };
    let (_, value) = members.iter().find(|(found, value)| found == name && *value != Value::Null)?;
    let shown = readable(name, value);
    let time = shown.split_once(" (").filter(|_| matches!(value, Value::Int(_)));
    Some(time.map_or_else(|| shown.clone(), |(time, _)| time.to_owned())).filter(|text| !text.is_empty())
}

fn short_id(seen: &Seen) -> String {
    let id = seen.carrier.envelope.id().to_string();
    id.get(..8).map_or_else(|| id.clone(), |begin| format!("{begin}…"))
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::{Carrier, Envelope, Kind, PublicKey, SignatureEntry};
    use sealgate_container::EntryName;

    use super::{Keys, Part, TRIES};

    fn part(name: EntryName, payload: &str, signatures: usize) -> Part {
        let kind = name.kind().expect("a statement");
        let signature = SignatureEntry { keyid: String::new(), sig: vec![7; 64] };
        let envelope =
            Envelope::new(kind.payload_type(), payload.as_bytes().to_vec(), vec![signature; signatures]);
        Part { name, carrier: Carrier { envelope, attachments: vec![] }, form: Ok(()) }
    }

    fn keys(from: usize, count: usize) -> String {
        let key = |at: usize| {
            let mut bytes = [3; 32];
            bytes[..8].copy_from_slice(&(at as u64).to_be_bytes());
            format!("\"{}\"", PublicKey::from_bytes(bytes))
        };
        let keys: Vec<String> = (from..from + count).map(key).collect();
        format!("{{\"keys\":[{}]}}", keys.join(","))
    }

    /// A file that needs no genuine byte: keys in every statement, and as many signatures as fit.
    #[test]
    fn keys_are_those_of_the_chain_and_tries_are_counted() {
        let mut list: Vec<Part> =
            (0..1_000).map(|at| part(EntryName::Root, &keys(at * 70, 70), 24)).collect();
        list.push(part(EntryName::Keyset, &keys(1_000_000, 70), 24));
        list.push(part(EntryName::TenantKeyset, &keys(2_000_000, 70), 24));
        list.extend((0..1_500).map(|at| part(EntryName::Shard, &keys(3_000_000 + at * 70, 70), 24)));
        let mut found = Keys::of(&list);
        assert_eq!((found.roots.len(), found.authorities.len(), found.tenant.len()), (240, 12, 16));
        // What the level does not sign is not tried with its keys.
        found.named(Kind::TenantKeyset, &list[0].carrier.envelope);
        assert_eq!(found.tries, TRIES - 24 * 12);
        found.named(Kind::Shard, &list[0].carrier.envelope);
        assert_eq!(found.tries, TRIES - 24 * (12 + 16));
        for part in &list {
            found.named(part.name.kind().expect("a statement"), &part.carrier.envelope);
        }
        assert_eq!(found.tries, 0);
    }
}
