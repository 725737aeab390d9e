//! Statements and signatures with fixed keys, put together without the code under test.

use std::sync::LazyLock;

use ed25519_dalek::{Signer, SigningKey};
use sealgate_artifact::{KeyUse, PublicKey, encode_base64};
use sha2::{Digest, Sha256};

use crate::{Bytes, Chain, Memory, Question};

/// The time of every vector that is not about time: 2027-01-15T08:00:00Z.
pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const DAY: u64 = 86_400;
/// Root statements hold longer than the keysets below, so that those can be judged alone.
pub(crate) const ROOT_BEGIN: u64 = NOW - 60 * DAY;
pub(crate) const ROOT_END: u64 = NOW + 3650 * DAY;
pub(crate) const TENANT: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
pub(crate) const OTHER_TENANT: &str = "01890a5d-ac96-774b-bcce-b302099a8058";
pub(crate) const APP: &str = "01890a5d-ac96-774b-bcce-b302099a9001";
pub(crate) const OTHER_APP: &str = "01890a5d-ac96-774b-bcce-b302099a9002";
pub(crate) const LICENSE: &str = "01890a5d-ac96-774b-bcce-b302099aa001";
pub(crate) const NONCE: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadae0f";

/// A private key, named by the byte that its seed repeats.
pub(crate) type Seed = u8;
pub(crate) const ROOT: Seed = 1;
pub(crate) const SECOND_ROOT: Seed = 2;
pub(crate) const THIRD_ROOT: Seed = 3;
pub(crate) const AUTHORITY: Seed = 11;
pub(crate) const SECOND_AUTHORITY: Seed = 12;
pub(crate) const ISSUER: Seed = 21;
pub(crate) const SECOND_ISSUER: Seed = 22;
pub(crate) const SERVER: Seed = 31;
pub(crate) const SECOND_SERVER: Seed = 32;
pub(crate) const DEVICE: Seed = 41;
pub(crate) const SECOND_DEVICE: Seed = 42;
pub(crate) const APP_KEY: Seed = 51;
pub(crate) const STRANGER: Seed = 99;

pub(crate) fn signing_key(seed: Seed) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn public_bytes(seed: Seed) -> [u8; 32] {
    // Every chain looks for its roots among all seeds: made each time, they would take most of the tool's time.
    static ALL: LazyLock<Vec<[u8; 32]>> =
        LazyLock::new(|| (0..=Seed::MAX).map(|seed| signing_key(seed).verifying_key().to_bytes()).collect());
    ALL[usize::from(seed)]
}

/// A public key as keysets write it.
pub(crate) fn public_text(seed: Seed) -> String {
    encode_base64(&public_bytes(seed))
}

/// A payload and its type, before and after signing.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) payload_type: String,
    pub(crate) payload: Vec<u8>,
    /// Key hints and signatures in the order of the envelope.
    pub(crate) signatures: Vec<(String, Vec<u8>)>,
    /// What travels with it (`spec/envelope.md` §6.2).
    pub(crate) attachments: Vec<Vec<u8>>,
}

impl Draft {
    /// Unsigned.
    pub(crate) fn new(kind: &str, payload: impl Into<Vec<u8>>) -> Self {
        let payload_type = format!("application/vnd.sealgate.{kind}.v1+json");
        Self { payload_type, payload: payload.into(), signatures: vec![], attachments: vec![] }
    }

    /// One more attachment. Nothing of it is signed but what the payload says.
    pub(crate) fn carrying(mut self, attachment: &[u8]) -> Self {
        self.attachments.push(attachment.to_vec());
        self
    }

    /// One more signature, by a key of this use.
    pub(crate) fn signed(mut self, seed: Seed, key_use: KeyUse) -> Self {
        let hint = PublicKey::from_bytes(public_bytes(seed)).id(key_use).to_string();
        let signature = signing_key(seed).sign(&self.signed_bytes()).to_bytes().to_vec();
        self.signatures.push((hint, signature));
        self
    }

    /// DSSE's encoding, `spec/envelope.md` §1.5.
    pub(crate) fn signed_bytes(&self) -> Vec<u8> {
        let (kind, payload) = (self.payload_type.as_bytes(), &self.payload[..]);
        let lengths = [kind.len(), payload.len()].map(|n| n.to_string());
        [&b"DSSEv1"[..], lengths[0].as_bytes(), kind, lengths[1].as_bytes(), payload].join(&b' ')
    }

    /// `spec/envelope.md` §2.3.
    pub(crate) fn id(&self) -> String {
        hex(&Sha256::digest(self.signed_bytes()))
    }

    /// The envelope's text, or its carrier's where there are attachments.
    pub(crate) fn text(&self) -> String {
        if self.attachments.is_empty() {
            return self.envelope();
        }
        let attachments: Vec<String> =
            self.attachments.iter().map(|bytes| format!("\"{}\"", encode_base64(bytes))).collect();
        format!(r#"{{"statement":{},"attachments":[{}]}}"#, self.envelope(), attachments.join(","))
    }

    /// Fields in the order of the DSSE document.
    fn envelope(&self) -> String {
        let signature = |(hint, sig): &(String, Vec<u8>)| {
            format!(r#"{{"keyid":"{hint}","sig":"{}"}}"#, encode_base64(sig))
        };
        let signatures: Vec<String> = self.signatures.iter().map(signature).collect();
        let (kind, payload) = (&self.payload_type, encode_base64(&self.payload));
        format!(r#"{{"payloadType":"{kind}","payload":"{payload}","signatures":[{}]}}"#, signatures.join(","))
    }
}

/// A chain in the making. Everything in it is sound until a case spoils something.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) roots: Vec<String>,
    pub(crate) threshold: usize,
    pub(crate) root_version: Option<u64>,
    /// The root statements; where none are given, one that says what is pinned.
    pub(crate) root_chain: Option<Vec<Draft>>,
    pub(crate) keyset: Draft,
    pub(crate) tenant_keyset: Draft,
    pub(crate) license: Option<Draft>,
    /// Stands for the text of the last statement where the envelope itself is spoilt.
    pub(crate) replaced: Option<Vec<u8>>,
    pub(crate) expect_tenant: Option<&'static str>,
    pub(crate) expect_app: Option<&'static str>,
    pub(crate) accepted: Option<Memory>,
}

impl World {
    /// Roots, keyset and tenant keyset.
    pub(crate) fn of_tenant() -> Self {
        Self {
            now: NOW,
            roots: vec![public_text(ROOT)],
            threshold: 1,
            root_version: Some(1),
            root_chain: None,
            keyset: keyset(&keyset_text()),
            tenant_keyset: tenant_keyset(&tenant_keyset_text()),
            license: None,
            replaced: None,
            expect_tenant: Some(TENANT),
            expect_app: Some(APP),
            accepted: None,
        }
    }

    /// The same with a license.
    pub(crate) fn of_license() -> Self {
        Self { license: Some(license(license_text())), ..Self::of_tenant() }
    }

    /// The same with this license in its place.
    pub(crate) fn with_license(license: Draft) -> Self {
        Self { license: Some(license), ..Self::of_tenant() }
    }

    /// The statement ids that a verifier should find.
    pub(crate) fn ids(&self) -> String {
        let roots = self.root_chain();
        let drafts = [roots.last(), Some(&self.keyset), Some(&self.tenant_keyset), self.license.as_ref()];
        drafts.into_iter().flatten().map(Draft::id).collect::<Vec<_>>().join(" ")
    }

    /// The root statements that go along: those given, or the one that says what is pinned.
    pub(crate) fn root_chain(&self) -> Vec<Draft> {
        let stated = || vec![root(self.root_version.unwrap_or(1), &self.roots, self.threshold)];
        self.root_chain.clone().unwrap_or_else(stated)
    }

    pub(crate) fn chain(&self) -> Chain {
        let text = |draft: &Draft| Bytes::from(draft.text().into_bytes());
        let license = self.replaced.clone().map(Bytes::from).or_else(|| self.license.as_ref().map(text));
        Chain {
            now: self.now,
            roots: self.roots.clone(),
            threshold: self.threshold,
            root_version: self.root_version,
            root_chain: self.root_chain().iter().map(text).collect(),
            keyset: text(&self.keyset),
            tenant_keyset: text(&self.tenant_keyset),
            license,
            expect_tenant: self.expect_tenant.map(str::to_owned),
            expect_app: self.expect_app.map(str::to_owned),
            accepted: self.accepted.clone(),
        }
    }

    pub(crate) fn question(&self) -> Question {
        Question::Chain(Box::new(self.chain()))
    }
}

/// A root statement of these keys, signed by all of them that have a seed.
pub(crate) fn root(version: u64, keys: &[String], threshold: usize) -> Draft {
    let seeds = (1..=u8::MAX).filter(|seed| keys.contains(&public_text(*seed)));
    seeds.fold(Draft::new("root", root_text(version, keys, threshold)), |draft, seed| {
        draft.signed(seed, KeyUse::Root)
    })
}

pub(crate) fn root_text(version: u64, keys: &[String], threshold: usize) -> String {
    let (begin, end) = (ROOT_BEGIN, ROOT_END);
    let keys: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
    format!(
        r#"{{"typ":"root","version":{version},"issued_at":{begin},"expires_at":{end},"threshold":{threshold},"keys":[{}]}}"#,
        keys.join(",")
    )
}

/// A keyset of this payload, signed by the root.
pub(crate) fn keyset(payload: &str) -> Draft {
    Draft::new("keyset", payload).signed(ROOT, KeyUse::Root)
}

/// A tenant keyset of this payload, signed by the authority.
pub(crate) fn tenant_keyset(payload: &str) -> Draft {
    Draft::new("tenant-keyset", payload).signed(AUTHORITY, KeyUse::Authority)
}

/// A license of this payload, signed by the issuer.
pub(crate) fn license(payload: impl Into<Vec<u8>>) -> Draft {
    Draft::new("license", payload).signed(ISSUER, KeyUse::Issuer)
}

pub(crate) fn keyset_text() -> String {
    let (begin, end) = (NOW - 30 * DAY, NOW + 365 * DAY);
    let keys = entry("authority", &public_text(AUTHORITY), "active");
    format!(r#"{{"typ":"keyset","version":1,"issued_at":{begin},"expires_at":{end},"keys":[{keys}]}}"#)
}

pub(crate) fn tenant_keyset_text() -> String {
    let (begin, end) = (NOW - 30 * DAY, NOW + 365 * DAY);
    let keys = entry("issuer", &public_text(ISSUER), "active");
    format!(
        r#"{{"typ":"tenant-keyset","tenant":"{TENANT}","version":1,"issued_at":{begin},"expires_at":{end},"keys":[{keys}]}}"#
    )
}

pub(crate) fn certificate_text() -> String {
    let (begin, end) = (NOW - DAY, NOW + 20 * DAY);
    format!(
        concat!(
            r#"{{"typ":"server-certificate","issued_at":{},"expires_at":{},"public_key":"{}","tenants":["{}"],"#,
            r#""origins":["https://license.example.com"],"operations":["validate","heartbeat"]}}"#
        ),
        begin,
        end,
        public_text(SERVER),
        TENANT
    )
}

/// A server certificate of this payload, signed by the authority.
pub(crate) fn certificate(payload: &str) -> Draft {
    Draft::new("server-certificate", payload).signed(AUTHORITY, KeyUse::Authority)
}

pub(crate) fn license_text() -> String {
    let (begin, end) = (NOW - 10 * DAY, NOW + 100 * DAY);
    format!(
        concat!(
            r#"{{"typ":"license","tenant":"{}","app":"{}","license":"{}","version":1,"issued_at":{},"not_before":{},"#,
            r#""expires_at":{},"tier":"licensed","features":["db.query","export"],"max_devices":5}}"#
        ),
        TENANT, APP, LICENSE, begin, begin, end
    )
}

/// A license that says everything that one can say.
pub(crate) fn full_license_text() -> String {
    let text = with(&license_text(), r#""export"]"#, r#""export",["sso","okta: \"eu\""]]"#);
    let more = concat!(
        r#""max_devices":5,"limits":[["projects",10],["export",9007199254740991]],"#,
        r#""variables":[["greeting","Grüße"],["retries",-3],["beta",true]],"#,
        r#""licensee":{"name":"Ada Lovelace","company":"Example & Söhne","email":"ada@example.com"},"trial_days":14"#
    );
    with(&text, r#""max_devices":5"#, more)
}

/// A license under every condition there is, each at its longest, beside the most features and variables.
pub(crate) fn full_conditions_text() -> String {
    let list =
        |count: usize, entry: &dyn Fn(usize) -> String| (0..count).map(entry).collect::<Vec<_>>().join(",");
    let features = list(32, &|n| format!("\"{n:032}\""));
    let agents = list(8, &|n| format!("\"{n:016}\""));
    let rates = list(4, &|n| format!("[\"{n:016}\",1000000000]"));
    // With brackets and commas 1,500 bytes.
    let variables = list(50, &|n| format!("[\"v{n:02}\",\"{}\"]", "x".repeat(if n == 0 { 18 } else { 19 })));
    let text = with(&license_text(), r#"["db.query","export"]"#, &format!("[{features}]"));
    let conditions = format!(
        concat!(
            r#""max_devices":1000000,"variables":[{}],"trial_days":3650,"policy":{{"#,
            r#""heartbeat":{{"interval":2592000,"grace":31535999,"longest_grace":31536000}},"seat":"lease","fail":"hard","#,
            r#""integrity":"where_listed","anti_tamper":{{"unknown":"tamper","agents":[{}]}},"#,
            r#""clock":{{"tolerance":604800,"mode":"run_time"}},"#,
            r#""freshness":{{"warn":3650,"restrict":3650,"block":3650}},"tenant_limits":[{}]}},"#,
            r#""max_instances":1000,"offline":{{"days":3650,"pool":1000000,"journal_days":3650}},"#,
            r#""allowances":{{"releases":1000,"replacements":1000}},"pool_epoch":9007199254740991,"#,
            r#""slot":9007199254740991,"crit":["policy"]"#
        ),
        variables, agents, rates
    );
    with(&text, r#""max_devices":5"#, &conditions)
}

/// A device's request that names its license by identifier.
pub(crate) fn request_text() -> String {
    request_naming(&format!(r#""license":"{LICENSE}","license_key":null"#), r#""m:4f2a""#)
}

/// The same by key, and without a fingerprint.
pub(crate) fn request_by_key_text() -> String {
    request_naming(r#""license":null,"license_key":"000G-40R4-0M30-E209-185G-R38E-1YRB""#, "null")
}

fn request_naming(license: &str, fingerprint: &str) -> String {
    format!(
        concat!(
            r#"{{"typ":"device-request","tenant":"{}","app":"{}",{},"device_key":"{}","fingerprint":{},"#,
            r#""operation":"validate","nonce":"{}","client_time":{}}}"#
        ),
        TENANT,
        APP,
        license,
        public_text(DEVICE),
        fingerprint,
        NONCE,
        NOW
    )
}

/// A request of this payload, signed by the device.
pub(crate) fn device_request(payload: &str) -> Draft {
    Draft::new("device-request", payload).signed(DEVICE, KeyUse::Device)
}

/// What allows the plain device the plain license, in answer to this request.
pub(crate) fn decision_text(request: &Draft) -> String {
    let statement = license(license_text()).id();
    decided(request, &format!("\"{statement}\""), r#""code":null,"retry_after":null"#)
}

/// What denies it.
pub(crate) fn denial_text(request: &Draft) -> String {
    decided(request, "null", r#""code":"device_limit","retry_after":3600"#)
}

fn decided(request: &Draft, statement: &str, outcome: &str) -> String {
    let request_says = String::from_utf8_lossy(&request.payload).into_owned();
    let nonce = request_says.split("\"nonce\":\"").nth(1).map_or(NONCE, |rest| &rest[..NONCE.len()]);
    format!(
        concat!(
            r#"{{"typ":"decision","tenant":"{}","app":"{}","license":"{}","license_statement":{},"device_key":"{}","#,
            r#""operation":"validate","request":"{}","nonce":"{}","issued_at":{},{},"devices_used":3}}"#
        ),
        TENANT,
        APP,
        LICENSE,
        statement,
        public_text(DEVICE),
        request.id(),
        nonce,
        NOW,
        outcome
    )
}

/// A decision of this payload, signed by the server.
pub(crate) fn decision(payload: &str) -> Draft {
    Draft::new("decision", payload).signed(SERVER, KeyUse::Server)
}

/// What a payload says of an attachment.
pub(crate) fn reference(content: &[u8]) -> String {
    format!(r#"{{"length":{},"sha256":"{}"}}"#, content.len(), hex(&Sha256::digest(content)))
}

/// An entry of a keyset.
pub(crate) fn entry(key_use: &str, public_key: &str, state: &str) -> String {
    format!(r#"{{"alg":"ed25519","use":"{key_use}","public_key":"{public_key}","state":"{state}"}}"#)
}

/// `text` with `old`, which must stand in it, replaced once.
pub(crate) fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old} does not stand in {text}");
    text.replacen(old, new, 1)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(n.into(), 16).expect("four bits");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes of hexadecimal text from a vector.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digit = |b: u8| {
        char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok()).expect("a vector's hexadecimal")
    };
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
