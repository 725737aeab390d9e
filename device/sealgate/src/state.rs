//! What the client remembers between validations, and the text it is kept as.

use std::collections::BTreeMap;

use sealgate_artifact::{LicenseId, PublicKey, StatementId, TenantId, UnixSeconds, decode_hex, encode_hex};
use sealgate_trust::{Accepted, ChainBytes, Maximum};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::{Zeroize, Zeroizing};

use crate::ConfigurationError;
use crate::device_key::DeviceKey;
use crate::statements::Statements;

const VERSION: u32 = 1;

/// The device's key, and what was verified last.
pub(crate) struct State {
    pub(crate) device_key: DeviceKey,
    pub(crate) memory: Option<Memory>,
}

/// What an answer leaves behind of which every statement verified, whether it was a yes or a no.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Memory {
    /// `spec/keys.md` §4.7.
    pub(crate) accepted: Accepted,
    /// Time does not run below them.
    pub(crate) floors: Floors,
    /// The newest version of each license (`spec/license.md` §2.7).
    pub(crate) licenses: BTreeMap<LicenseId, Maximum>,
    /// Verified once; verified anew each time they are used.
    pub(crate) statements: Statements,
}

/// The times below which time does not run (`spec/online.md` §6.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Floors {
    /// The newest time at which keys further up vouched for a key below. It only rises.
    pub(crate) authority: UnixSeconds,
    /// What a server said last. A newer answer replaces it, so that a server whose clock was ahead does no lasting harm.
    pub(crate) server: UnixSeconds,
}

impl Floors {
    /// The higher one.
    pub(crate) fn newest(self) -> UnixSeconds {
        self.authority.max(self.server)
    }
}

impl State {
    /// 1970 where nothing was accepted yet.
    pub(crate) fn floors(&self) -> Floors {
        let none = Floors { authority: epoch(), server: epoch() };
        self.memory.as_ref().map_or(none, |memory| memory.floors)
    }

    /// What was accepted before, if anything was.
    pub(crate) fn accepted(&self) -> Accepted {
        self.memory.as_ref().map(|memory| memory.accepted.clone()).unwrap_or_default()
    }

    /// The newest version of each license that was accepted before.
    pub(crate) fn licenses(&self) -> BTreeMap<LicenseId, Maximum> {
        self.memory.as_ref().map(|memory| memory.licenses.clone()).unwrap_or_default()
    }

    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut text = Text {
            version: VERSION,
            device_seed: encode_hex(&self.device_key.seed()[..]),
            memory: self.memory.as_ref().map(MemoryText::of),
        };
        let bytes = Zeroizing::new(serde_json::to_vec(&text).expect("a state can be written"));
        text.device_seed.zeroize();
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote, and nothing else.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, ConfigurationError> {
        let mut text: Text = serde_json::from_slice(bytes).map_err(|_| ConfigurationError::StateDamaged)?;
        let seed = decode_hex(&text.device_seed).map(Zeroizing::new);
        text.device_seed.zeroize();
        let memory = text.memory.map(|memory| memory.read().ok_or(ConfigurationError::StateDamaged));
        match seed {
            Some(seed) if text.version == VERSION => {
                Ok(Self { device_key: DeviceKey::from_seed(&seed), memory: memory.transpose()? })
            }
            _ => Err(ConfigurationError::StateDamaged),
        }
    }
}

fn epoch() -> UnixSeconds {
    UnixSeconds::new(0).expect("the first second")
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    version: u32,
    device_seed: String,
    memory: Option<MemoryText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemoryText {
    floor: u64,
    #[serde(default)]
    authority_floor: u64,
    tenant: Option<String>,
    root: Option<MaximumText>,
    keyset: Option<MaximumText>,
    tenant_keyset: Option<MaximumText>,
    #[serde(default)]
    licenses: BTreeMap<String, MaximumText>,
    statements: StatementsText,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MaximumText {
    version: u64,
    statement: String,
    raised_by: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementsText {
    roots: Vec<Box<RawValue>>,
    keyset: Box<RawValue>,
    tenant_keyset: Box<RawValue>,
    certificate: Option<Box<RawValue>>,
    license: Option<Box<RawValue>>,
}

impl MemoryText {
    fn of(memory: &Memory) -> Self {
        let accepted = &memory.accepted;
        Self {
            floor: memory.floors.server.get(),
            authority_floor: memory.floors.authority.get(),
            tenant: accepted.tenant.map(|tenant| tenant.to_string()),
            root: accepted.root.as_ref().map(MaximumText::of),
            keyset: accepted.keyset.as_ref().map(MaximumText::of),
            tenant_keyset: accepted.tenant_keyset.as_ref().map(MaximumText::of),
            licenses: memory
                .licenses
                .iter()
                .map(|(id, newest)| (id.to_string(), MaximumText::of(newest)))
                .collect(),
            statements: StatementsText::of(&memory.statements),
        }
    }

    fn read(self) -> Option<Memory> {
        let maximum = |text: Option<MaximumText>| text.map_or(Some(None), |text| text.read().map(Some));
        let tenant = self.tenant.map_or(Some(None), |text| TenantId::parse(&text).ok().map(Some));
        Some(Memory {
            accepted: Accepted {
                tenant: tenant?,
                root: maximum(self.root)?,
                keyset: maximum(self.keyset)?,
                tenant_keyset: maximum(self.tenant_keyset)?,
            },
            floors: Floors {
                authority: UnixSeconds::new(self.authority_floor)?,
                server: UnixSeconds::new(self.floor)?,
            },
            licenses: self.licenses.into_iter().map(license).collect::<Option<_>>()?,
            statements: self.statements.read(),
        })
    }
}

fn license((id, newest): (String, MaximumText)) -> Option<(LicenseId, Maximum)> {
    Some((LicenseId::parse(&id).ok()?, newest.read()?))
}

impl MaximumText {
    fn of(maximum: &Maximum) -> Self {
        Self {
            version: maximum.version,
            statement: maximum.statement.to_string(),
            raised_by: maximum.raised_by.iter().map(PublicKey::to_string).collect(),
        }
    }

    fn read(self) -> Option<Maximum> {
        Some(Maximum {
            version: self.version,
            statement: StatementId::parse(&self.statement)?,
            raised_by: self.raised_by.iter().map(|key| PublicKey::parse(key).ok()).collect::<Option<_>>()?,
        })
    }
}

impl StatementsText {
    fn of(statements: &Statements) -> Self {
        let text = |bytes: &Vec<u8>| {
            let text = String::from_utf8(bytes.clone()).expect("it was verified, so it is JSON");
            RawValue::from_string(text).expect("it was verified, so it is JSON")
        };
        Self {
            roots: statements.chain.roots.iter().map(text).collect(),
            keyset: text(&statements.chain.keyset),
            tenant_keyset: text(&statements.chain.tenant_keyset),
            certificate: statements.certificate.as_ref().map(text),
            license: statements.license.as_ref().map(text),
        }
    }

    fn read(self) -> Statements {
        let bytes = |text: Box<RawValue>| text.get().as_bytes().to_vec();
        Statements {
            chain: ChainBytes {
                roots: self.roots.into_iter().map(bytes).collect(),
                keyset: bytes(self.keyset),
                tenant_keyset: bytes(self.tenant_keyset),
            },
            certificate: self.certificate.map(bytes),
            license: self.license.map(bytes),
        }
    }
}
