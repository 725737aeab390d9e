//! Bundles as a vendor writes them, and a machine without a network that takes them over (`spec/offline.md`).

use std::sync::Arc;

use sealgate::{
    AskedLicense, BundleError, BundleSays, Client, Guard, HttpAnswer, HttpQuestion, Transport, Unanswered,
};
use sealgate_artifact::{
    Bundle, BundleId, Carrier, Conditions, License, Machines, OfflineRequest, Policy, PublicKey, Statement,
    StatementId,
};
use sealgate_container::{Container, EntryName, Purpose, encode_statement, write};
use sealgate_trust::{Verified, verify_offline_request};

use crate::authority::{Authority, DAY, NOW, Seed, at, signed};
use crate::snapshot::Station;

/// Who signs the vendor's licenses.
pub(crate) const ISSUER: Seed = 3;
/// How long bundles of these tests last.
pub(crate) const DAYS: u64 = 30;

/// A machine without a network: whoever asks a server fails the test.
struct NoNetwork;

impl Transport for NoNetwork {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        panic!("it asked {}", question.url)
    }
}

/// The program on a machine without a network: no server is configured.
pub(crate) fn client(station: &Station) -> Arc<Client> {
    of_build(station, station.machine.site.trust())
}

/// The same, as a build that pins this.
pub(crate) fn of_build(station: &Station, trust: &'static [u8]) -> Arc<Client> {
    let client = Client::builder(trust)
        .state_dir(station.folder())
        .clock(station.machine.clocks.clone())
        .transport(NoNetwork);
    Arc::new(client.build().expect("configured"))
}

pub(crate) fn guard(station: &Station) -> Guard {
    client(station).guard().without_threads().start().expect("it starts")
}

/// What the machine's request says.
pub(crate) fn request(client: &Client) -> Verified<OfflineRequest> {
    read_request(client.offline_request(AskedLicense::Unsaid).expect("kept").bytes())
}

pub(crate) fn read_request(file: &[u8]) -> Verified<OfflineRequest> {
    let container = Container::read(file).expect("a whole container");
    assert_eq!(container.purpose(), Purpose::Request);
    let bytes = container.main().contents(file).expect("in the file");
    let kind = EntryName::OfflineRequest.kind().expect("a statement");
    let envelope = sealgate_container::decode_statement(kind, bytes).expect("a statement");
    verify_offline_request(&envelope.encode()).expect("it verifies")
}

/// For this machine alone.
pub(crate) fn own(client: &Client) -> Machines {
    Machines::Bound(vec![request(client).get().device_key])
}

pub(crate) fn others() -> Machines {
    Machines::Bound(vec![PublicKey::from_bytes([44; 32])])
}

pub(crate) fn with_policy(policy: Option<Policy>) -> Station {
    let station = Station::new(None);
    station.machine.site.authority().license.conditions.policy = policy;
    station
}

/// A bundle of the vendor's license, before it is signed.
pub(crate) fn bundle(station: &Station, serial: u64, machines: Machines) -> Bundle {
    let license = station.machine.site.authority().license.clone();
    let slot = Some(1_000 + serial);
    let terms = License {
        issued_at: at(NOW),
        expires_at: Some(at(NOW + DAYS * DAY)),
        conditions: Conditions { slot, ..license.conditions.clone() },
        ..license
    };
    Bundle {
        terms,
        bundle: BundleId::from_bytes([u8::try_from(serial).expect("a small number"); 16]),
        serial,
        line: None,
        machines,
        request: None,
        revoked: vec![],
        acknowledged: vec![],
    }
}

/// The same bundle, signed and ended then.
pub(crate) fn between(bundle: Bundle, issued_at: u64, ends_at: u64) -> Bundle {
    let not_before = bundle.terms.not_before.min(at(issued_at - DAY));
    let terms =
        License { issued_at: at(issued_at), not_before, expires_at: Some(at(ends_at)), ..bundle.terms };
    Bundle { terms, ..bundle }
}

pub(crate) fn answering(bundle: Bundle, request: StatementId) -> Bundle {
    Bundle { request: Some(request), ..bundle }
}

pub(crate) fn listing(bundle: Bundle, slots: &[u64]) -> Bundle {
    Bundle { revoked: slots.to_vec(), ..bundle }
}

/// The file, without keys.
pub(crate) fn file(bundle: &Bundle) -> Vec<u8> {
    file_of(&signed(bundle, &[ISSUER]), None)
}

/// The file of a signed bundle, with the keys that the vendor has today, if it carries any.
pub(crate) fn file_of(signed: &[u8], keys: Option<&Authority>) -> Vec<u8> {
    let carrier = |bytes: &[u8]| Carrier::decode(bytes).expect("well formed");
    let main = carrier(signed);
    let mut entries = vec![];
    let mut put = |name: EntryName, carrier: &Carrier| {
        let kind = name.kind().expect("a statement");
        entries.push((name, encode_statement(kind, &carrier.envelope).expect("within the limits")));
    };
    put(EntryName::Bundle, &main);
    if let Some(keys) = keys {
        keys.root_statements().iter().for_each(|root| put(EntryName::Root, &carrier(root)));
        put(EntryName::Keyset, &carrier(&keys.keyset()));
        put(EntryName::TenantKeyset, &carrier(&keys.tenant_keyset()));
    }
    let attached = main.attachments.iter().map(|bytes| (EntryName::Attachment, bytes.clone()));
    entries.splice(1..1, attached);
    let entries: Vec<(EntryName, &[u8])> = entries.iter().map(|(name, it)| (*name, &it[..])).collect();
    write(Purpose::License, &entries).expect("a file")
}

/// Looks at a file and activates it, as after a person's yes.
pub(crate) fn activate(client: &Client, file: &[u8]) -> Result<BundleSays, BundleError> {
    client.activate_bundle(&client.look_at_bundle_on(file, Some(file.len() as u64))?)
}

/// The code of the refusal, whether it comes of a look or of what is known after it.
#[track_caller]
pub(crate) fn refused(client: &Client, file: &[u8]) -> String {
    let looked = match client.look_at_bundle_on(file, None) {
        Err(error) => return error.code().as_str().to_owned(),
        Ok(looked) => looked,
    };
    let shown = looked.refusal().expect("a refusal").code();
    let error = client.activate_bundle(&looked).expect_err("refused");
    assert_eq!(error.code(), shown, "what a look says is what becomes of it");
    assert!(error.fix().ends_with('.'), "{}", error.fix());
    shown.as_str().to_owned()
}

/// A bundle with more devices than stand in its payload.
pub(crate) fn many(key: PublicKey) -> Machines {
    let other = |n: u8| PublicKey::from_bytes([n; 32]);
    Machines::Bound((50..60).map(other).chain([key]).collect())
}

/// That a statement has attachments is what a test is about.
pub(crate) fn has_attachments(bundle: &Bundle) -> bool {
    !bundle.attachments().is_empty()
}
