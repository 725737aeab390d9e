//! Whatever a device asks and a server answers: what was signed for this question is believed, and nothing else is.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use sealgate_artifact::{
    AboutDevice, AppId, Code, Decision, DeviceRequest, Envelope, KeyRecord, KeyState, KeyUse, LicenseId,
    LicenseName, Nonce, Operation, Origin, Outcome, PublicKey, ServerCertificate, SignatureEntry, Statement,
    StatementId, TenantId, UnixSeconds, Word, encode_hex,
};
use sealgate_trust::{
    Accepted, ChainBytes, Roots, SentRequest, ServerRole, TenantTrust, TrustError, Verified,
    verify_certificate, verify_decision, verify_device_request,
};

use crate::authority::{
    AUTHORITY, RootSet, Seed, keyset_with, now, public_key, signed, stated, tenant_keyset_with,
};

const ROOT: Seed = 1;
const SERVER: Seed = 31;
const DEVICE: Seed = 41;
const DAY: u64 = 86_400;
const ORIGIN: &str = "https://license.example.com";
const OPERATION: &str = "validate";

/// The chain with these entries of servers in its two lists.
fn trust(in_keyset: Vec<KeyRecord>, in_tenant_keyset: Vec<KeyRecord>) -> TenantTrust {
    let roots = RootSet { keys: BTreeSet::from([ROOT]), threshold: 1 };
    let chain = ChainBytes {
        roots: vec![stated(1, &roots, &roots.keys)],
        keyset: keyset_with(1, in_keyset, &roots.keys),
        tenant_keyset: tenant_keyset_with(in_tenant_keyset),
    };
    let pinned = Roots::pin(roots.public_keys(), 1, Some(1)).expect("sound");
    TenantTrust::verify(&pinned, &chain, None, &Accepted::default(), now()).expect("genuine")
}

fn certificate(trust: &TenantTrust) -> Result<Verified<ServerCertificate>, TrustError> {
    let named = ServerCertificate {
        issued_at: now(),
        expires_at: now().plus(7 * DAY),
        public_key: public_key(SERVER),
        tenants: vec![tenant()],
        origins: vec![ORIGIN.to_owned()],
        operations: vec![OPERATION.to_owned()],
    };
    let origin = Origin::parse(ORIGIN).expect("an origin");
    let role = ServerRole { tenant: tenant(), origin: &origin, operation: &Operation::Validate };
    verify_certificate(trust, &signed(&named, &BTreeSet::from([AUTHORITY])), &role, now())
}

fn tenant() -> TenantId {
    TenantId::from_bytes([7; 16])
}

fn word(text: &str) -> Word {
    Word::parse(text).expect("1 to 128 bytes")
}

fn operation(name: &str) -> Operation {
    Operation::parse(name).expect("a name")
}

fn id(bytes: [u8; 32]) -> StatementId {
    StatementId::parse(&encode_hex(&bytes)).expect("64 digits")
}

prop_compose! {
    fn requests()(
        license in prop_oneof![
            any::<[u8; 16]>().prop_map(|id| LicenseName::Id(LicenseId::from_bytes(id))),
            "[A-Z0-9-]{1,34}".prop_map(|key| LicenseName::Key(word(&key))),
        ],
        app in any::<[u8; 16]>(),
        fingerprint in prop::option::of("[a-z]{1,9}"),
        nonce in any::<[u8; 16]>(),
        time in 0..1u64 << 32,
    ) -> DeviceRequest {
        DeviceRequest {
            tenant: tenant(),
            app: AppId::from_bytes(app),
            license,
            device_key: public_key(DEVICE),
            fingerprint: fingerprint.map(|text| word(&text)),
            operation: Operation::Validate,
            nonce: Nonce::from_random(nonce),
            client_time: UnixSeconds::new(time).expect("in range"),
            about: AboutDevice::default(),
            release: None,
        }
    }
}

/// What is decided about a license that the request may have named.
fn outcome(license: LicenseId) -> impl Strategy<Value = Outcome> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(move |statement| Outcome::allowed(license, id(statement))),
        (any::<bool>(), "[a-z][a-z0-9_]{0,9}", prop::option::of(0..9_999u64)).prop_map(
            move |(found, code, retry_after)| Outcome::Denied {
                license: found.then_some(license),
                code,
                retry_after,
            }
        ),
    ]
}

/// A request as it was sent, and a decision that answers it.
fn questions() -> impl Strategy<Value = (DeviceRequest, Vec<u8>, Decision)> {
    (requests(), any::<[u8; 16]>(), 0..7 * DAY, prop::option::of(0..9u64)).prop_flat_map(
        |(request, other, later, devices_used)| {
            let license = request.license_id().unwrap_or(LicenseId::from_bytes(other));
            outcome(license).prop_map(move |outcome| {
                let sent = signed(&request, &BTreeSet::from([DEVICE]));
                let decision = Decision {
                    tenant: request.tenant,
                    app: request.app,
                    device_key: request.device_key,
                    operation: request.operation.clone(),
                    request: Envelope::decode(&sent).expect("ours").id(),
                    nonce: request.nonce,
                    issued_at: now().plus(later),
                    outcome,
                    devices_used,
                    max_devices: None,
                };
                (request.clone(), sent, decision)
            })
        },
    )
}

/// One thing that makes a decision the answer to another question, with the code that says so.
fn spoilt(decision: &Decision, what: usize, by: u8) -> (Decision, Code) {
    let mut other = decision.clone();
    let code = match what {
        0 => {
            other.tenant = TenantId::from_bytes([by; 16]);
            Code::WrongTenant
        }
        1 => {
            other.app = AppId::from_bytes([by; 16]);
            Code::WrongApp
        }
        2 => {
            other.device_key = public_key(by);
            Code::NonceMismatch
        }
        3 => {
            other.operation = operation(&format!("{OPERATION}{by}"));
            Code::NonceMismatch
        }
        4 => {
            other.request = id([by; 32]);
            Code::NonceMismatch
        }
        5 => {
            let mut bits = *other.nonce.as_bytes();
            bits[usize::from(by) % 16] ^= 1 << (by % 8);
            other.nonce = Nonce::from_random(bits);
            Code::NonceMismatch
        }
        6 => {
            other.issued_at = UnixSeconds::new(now().get() - DAY - u64::from(by)).expect("in range");
            Code::CertificateNotYetValid
        }
        _ => {
            other.issued_at = now().plus(7 * DAY + u64::from(by) - 42);
            Code::CertificateExpired
        }
    };
    (other, code)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Any request that its device signed and any decision that answers it are believed, and say what was signed.
    #[test]
    fn what_was_signed_for_this_question_is_believed((request, sent, decision) in questions()) {
        let seen = verify_device_request(&sent).expect("genuine");
        prop_assert_eq!(seen.get(), &request);
        prop_assert_eq!(seen.signed_by(), [request.device_key]);
        let certificate = certificate(&trust(vec![], vec![])).expect("genuine");
        let answer = signed(&decision, &BTreeSet::from([SERVER]));
        let found = verify_decision(&certificate, &answer, &SentRequest::new(seen.get(), seen.id())).expect("genuine");
        prop_assert_eq!(found.get(), &decision);
    }

    /// Any decision that answers another question, or at another time, is refused though the server signed it.
    #[test]
    fn what_answers_another_question_is_refused(
        (request, sent, decision) in questions(), what in 0..8usize, by in 42..u8::MAX,
    ) {
        let (other, code) = spoilt(&decision, what, by);
        prop_assume!(other != decision);
        let certificate = certificate(&trust(vec![], vec![])).expect("genuine");
        let asked = SentRequest::new(&request, Envelope::decode(&sent).expect("ours").id());
        let found = verify_decision(&certificate, &signed(&other, &BTreeSet::from([SERVER])), &asked);
        prop_assert_eq!(found.map_err(|e| e.code()), Err(code));
    }

    /// A request that names a license is answered by no decision about another.
    #[test]
    fn a_decision_about_another_license_is_refused((mut request, _, decision) in questions(), named: [u8; 16]) {
        request.license = LicenseName::Id(LicenseId::from_bytes(named));
        let sent = signed(&request, &BTreeSet::from([DEVICE]));
        let seen = verify_device_request(&sent).expect("genuine");
        let decision = Decision { request: seen.id(), ..decision };
        let certificate = certificate(&trust(vec![], vec![])).expect("genuine");
        let answer = signed(&decision, &BTreeSet::from([SERVER]));
        let found = verify_decision(&certificate, &answer, &SentRequest::new(seen.get(), seen.id()));
        let differs = decision.license().is_some_and(|license| license != LicenseId::from_bytes(named));
        let expected = if differs { Err(Code::NonceMismatch) } else { Ok(decision) };
        prop_assert_eq!(found.map(|found| found.get().clone()).map_err(|e| e.code()), expected);
    }

    /// A question that the certificate does not cover is answered by nobody under it.
    #[test]
    fn a_question_outside_the_certificate_is_refused(
        (mut request, _, decision) in questions(), other_tenant: bool, by in "[a-u]{1,9}",
    ) {
        if other_tenant { request.tenant = TenantId::from_bytes([8; 16]) } else { request.operation = operation(&by) }
        let sent = signed(&request, &BTreeSet::from([DEVICE]));
        let seen = verify_device_request(&sent).expect("genuine");
        let decision = Decision {
            tenant: request.tenant, operation: request.operation.clone(), request: seen.id(), ..decision
        };
        let certificate = certificate(&trust(vec![], vec![])).expect("genuine");
        let answer = signed(&decision, &BTreeSet::from([SERVER]));
        let found = verify_decision(&certificate, &answer, &SentRequest::new(seen.get(), seen.id()));
        prop_assert_eq!(found.map_err(|e| e.code()), Err(Code::ServerScope));
    }

    /// Nobody but the server's key makes a decision, and nobody but the device's key its request.
    #[test]
    fn what_another_key_signed_is_refused((request, sent, decision) in questions(), by: Seed) {
        let asked = SentRequest::new(&request, Envelope::decode(&sent).expect("ours").id());
        let certificate = certificate(&trust(vec![], vec![])).expect("genuine");
        let found = verify_decision(&certificate, &signed(&decision, &BTreeSet::from([by])), &asked);
        prop_assert_eq!(found.is_ok(), by == SERVER);
        let found = verify_device_request(&signed(&request, &BTreeSet::from([by])));
        prop_assert_eq!(found.is_ok(), by == DEVICE);
    }

    /// No unsigned answer is a decision, whatever it says: any payload, signed by nobody who may.
    #[test]
    fn an_unsigned_answer_is_never_a_decision(
        (request, sent, decision) in questions(),
        text in prop_oneof![
            Just(None),
            "\\PC{0,60}".prop_map(|text| Some(text.into_bytes())),
            r#"\{"code":"[a-z_]{1,9}","message":"x"\}"#.prop_map(|text| Some(text.into_bytes())),
        ],
        sig in prop::collection::vec(any::<u8>(), 64),
    ) {
        let made_up = vec![SignatureEntry { keyid: String::new(), sig }];
        let payload = decision.to_payload();
        let answer = text.unwrap_or_else(|| Envelope::new(Decision::KIND.payload_type(), payload, made_up).encode());
        let certificate = certificate(&trust(vec![], vec![])).expect("genuine");
        let asked = SentRequest::new(&request, Envelope::decode(&sent).expect("ours").id());
        prop_assert!(verify_decision(&certificate, &answer, &asked).is_err());
    }

    /// Any server's key that either list calls revoked is refused as revoked; one that is listed otherwise stands twice.
    #[test]
    fn a_revoked_server_is_refused_as_revoked(
        listed in prop::collection::vec((any::<bool>(), 0..2usize, 0..3usize), 1..4), server: Index,
    ) {
        let server = server.index(listed.len());
        let entry = |at: usize, key_use: usize, state: usize| KeyRecord {
            key_use: [KeyUse::Server, KeyUse::App][key_use],
            public_key: public_key(if at == server { SERVER } else { 100 + u8::try_from(at).expect("small") }),
            state: [KeyState::Active, KeyState::Retired, KeyState::Revoked][state],
        };
        let of_level = |above: bool| {
            let entries = listed.iter().enumerate().filter(|(_, (in_keyset, ..))| *in_keyset == above);
            entries.map(|(at, (_, key_use, state))| entry(at, *key_use, *state)).collect::<Vec<_>>()
        };
        let (_, key_use, state) = listed[server];
        let code = if (key_use, state) == (0, 2) { Code::ServerRevoked } else { Code::KeyDuplicate };
        let found = certificate(&trust(of_level(true), of_level(false)));
        prop_assert_eq!(found.map_err(|e| e.code()), Err(code));
        // Whoever is listed beside it does no harm.
        let beside = |above| of_level(above).into_iter().filter(|e| e.public_key != public_key(SERVER)).collect();
        prop_assert!(certificate(&trust(beside(true), beside(false))).is_ok());
    }
}

/// The device signs with a key of its own, so nothing but this check keeps weak ones out.
#[test]
fn a_request_under_a_weak_key_is_refused_though_its_equation_holds() {
    let weak = PublicKey::from_bytes(std::array::from_fn(|at| u8::from(at == 0)));
    let request = DeviceRequest {
        tenant: tenant(),
        app: AppId::from_bytes([9; 16]),
        license: LicenseName::Key(word("A")),
        device_key: weak,
        fingerprint: None,
        operation: Operation::Validate,
        nonce: Nonce::from_random([5; 16]),
        client_time: now(),
        about: AboutDevice::default(),
        release: None,
    };
    // R = [1]B and S = 1: under the neutral element this holds for every message.
    let base = ed25519_dalek::Signature::from_bytes(&equation());
    let unsigned = Envelope::new(DeviceRequest::KIND.payload_type(), request.to_payload(), vec![]);
    let lenient = ed25519_dalek::VerifyingKey::from_bytes(weak.as_bytes()).expect("a point");
    assert!(ed25519_dalek::Verifier::verify(&lenient, &unsigned.signed_bytes(), &base).is_ok());
    let entry = SignatureEntry { keyid: String::new(), sig: equation().to_vec() };
    let sent = Envelope::new(DeviceRequest::KIND.payload_type(), request.to_payload(), vec![entry]).encode();
    assert_eq!(verify_device_request(&sent), Err(TrustError::KeyWeak(weak)));
}

/// The base point, then 1, little-endian.
fn equation() -> [u8; 64] {
    let mut sig = [0x66; 64];
    sig[0] = 0x58;
    sig[32..].fill(0);
    sig[32] = 1;
    sig
}
