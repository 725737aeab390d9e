//! What the client remembers between validations, and the text it is kept as.

use std::collections::BTreeMap;

use sealgate_artifact::{LicenseId, TenantId, UnixSeconds, decode_hex, encode_hex};
use sealgate_journal::SealingSecret;
use sealgate_rules::LeftBehind;
use sealgate_trust::{Accepted, ChainBytes, Maximum};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::{Zeroize, Zeroizing};

use crate::ConfigurationError;
use crate::activated::{Activated, ActivatedText};
use crate::bundled::{Bundled, BundledText};
use crate::device_key::DeviceKey;
use crate::guarded::GuardedText;
use crate::kept::{bytes_of, json_of, read};
use crate::maximum::MaximumText;
use crate::revocations::{RevocationMemory, RevocationText};
use crate::statements::Statements;

/// With bundles, which earlier versions of this program cannot read.
const VERSION: u32 = 5;
/// With revocation data, which those before cannot read.
const WITHOUT_BUNDLES: u32 = 4;
/// What they can read: it is written where nothing of revocation data is remembered.
const WITHOUT_REVOCATIONS: u32 = 3;
/// Without anything of a guard; and before, without anything of an activation.
const EARLIER: [u32; 2] = [2, 1];

/// The device's keys, what was verified last, and what is under way.
pub(crate) struct State {
    pub(crate) device_key: DeviceKey,
    /// Made with the device's key. A state of the first version has none.
    pub(crate) sealing: Option<SealingSeed>,
    pub(crate) memory: Option<Memory>,
    /// The activation request that was sent, or is about to be, byte for byte (`spec/activation.md` §6.3), until a verified answer
    /// is held. It holds the license's key.
    pub(crate) activating: Option<Zeroizing<Vec<u8>>>,
    pub(crate) activated: Option<Activated>,
    /// What a guard keeps; `None` before the first one.
    pub(crate) guarded: Option<LeftBehind>,
    /// What the vendor took back.
    pub(crate) revocations: RevocationMemory,
    /// What is kept of bundles.
    pub(crate) bundled: Bundled,
}

/// The private half of the key that secrets are sealed to. Never shown.
#[derive(Clone)]
pub(crate) struct SealingSeed(Zeroizing<[u8; 32]>);

impl SealingSeed {
    pub(crate) fn new(seed: Zeroizing<[u8; 32]>) -> Self {
        Self(seed)
    }

    pub(crate) fn secret(&self) -> SealingSecret {
        SealingSecret::from_seed(&self.0)
    }
}

/// What an answer changes about an activation.
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// The activation request with these bytes was answered.
    Answered(Zeroizing<Vec<u8>>),
    /// The same, with a yes.
    Activated(Zeroizing<Vec<u8>>, Box<Activated>),
    /// A heartbeat was answered.
    Beaten(Box<Activated>),
    /// The device gave the activation of this license back.
    Deactivated,
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
    /// What the newest snapshot says; 1970 where none does. The next snapshot, or a server's answer, replaces it. It counts as long as a
    /// key that signed that snapshot does.
    pub(crate) snapshot: UnixSeconds,
    /// Until when guards ran by it. Only a guard's time follows from it: it may be after the end of the vendor's keys.
    pub(crate) ran: UnixSeconds,
}

impl Floors {
    /// Of a device that was told nothing.
    pub(crate) fn none() -> Self {
        Self { authority: epoch(), server: epoch(), snapshot: epoch(), ran: epoch() }
    }

    /// The highest one.
    pub(crate) fn newest(self) -> UnixSeconds {
        self.signed().max(self.snapshot)
    }

    /// The same without what a snapshot says.
    pub(crate) fn without_snapshot(self) -> Self {
        Self { snapshot: epoch(), ran: epoch(), ..self }
    }

    /// The same of an answer that somebody may have kept back, where these were known: it replaces nothing of them.
    pub(crate) fn of_old_answer(self, known: Self) -> Self {
        Self { authority: self.authority, server: self.server.max(known.server), ..known }
    }

    /// The highest of those that no snapshot takes back.
    pub(crate) fn signed(self) -> UnixSeconds {
        self.authority.max(self.server)
    }
}

impl State {
    /// Of a device that nobody knows yet.
    pub(crate) fn new(device_key: DeviceKey, sealing: SealingSeed) -> Self {
        Self {
            device_key,
            sealing: Some(sealing),
            memory: None,
            activating: None,
            activated: None,
            guarded: None,
            revocations: RevocationMemory::default(),
            bundled: Bundled::default(),
        }
    }

    /// The state that follows.
    pub(crate) fn after(mut self, memory: Memory, effect: Effect) -> Self {
        self.memory = Some(memory);
        match effect {
            Effect::None => {}
            Effect::Answered(request) => self.answered(&request),
            Effect::Activated(request, activated) => {
                self.answered(&request);
                self.activated = Some(*activated);
            }
            Effect::Beaten(activated) => self.activated = Some(*activated),
            Effect::Deactivated => self.activated = None,
        }
        self
    }

    /// Another process may have begun another request meanwhile.
    fn answered(&mut self, request: &[u8]) {
        self.activating.take_if(|under_way| under_way.as_slice() == request);
    }

    /// As they are kept, whether or not the newest snapshot counts ([`Client::floors`](crate::Client::floors)).
    pub(crate) fn floors_kept(&self) -> Floors {
        self.memory.as_ref().map_or(Floors::none(), |memory| memory.floors)
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
            version: self.version(),
            device_seed: encode_hex(&self.device_key.seed()[..]),
            sealing_seed: self.sealing.as_ref().map(|seed| encode_hex(&seed.0[..])),
            memory: self.memory.as_ref().map(MemoryText::of),
            activating: self.activating.as_ref().map(|request| json_of(request)),
            activated: self.activated.as_ref().map(ActivatedText::of),
            guarded: self.guarded.as_ref().map(GuardedText::of),
            revocations: RevocationText::of(&self.revocations),
            bundled: BundledText::of(&self.bundled),
        };
        let bytes = Zeroizing::new(serde_json::to_vec(&text).expect("a state can be written"));
        text.device_seed.zeroize();
        text.sealing_seed.zeroize();
        bytes
    }

    /// The earliest version that has room for it all, so that a program which is put back reads it.
    fn version(&self) -> u32 {
        let has_snapshot = self.floors_kept() != self.floors_kept().without_snapshot();
        if self.bundled != Bundled::default() || self.revocations.is_of_bundles() {
            VERSION
        } else if has_snapshot || !self.revocations.is_empty() {
            WITHOUT_BUNDLES
        } else {
            WITHOUT_REVOCATIONS
        }
    }

    /// Reads what [`encode`](Self::encode) wrote, now or in an earlier version, and nothing else.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, ConfigurationError> {
        let made = serde_json::from_slice::<Made>(bytes).map_err(|_| ConfigurationError::StateDamaged)?;
        if made.version > VERSION {
            return Err(ConfigurationError::StateNewer);
        }
        let text: Text = serde_json::from_slice(bytes).map_err(|_| ConfigurationError::StateDamaged)?;
        text.read().ok_or(ConfigurationError::StateDamaged)
    }
}

pub(crate) fn epoch() -> UnixSeconds {
    UnixSeconds::new(0).expect("the first second")
}

/// What is read of a state that a later version made, whatever else is in it.
#[derive(Deserialize)]
struct Made {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    version: u32,
    device_seed: String,
    #[serde(default)]
    sealing_seed: Option<String>,
    memory: Option<MemoryText>,
    #[serde(default)]
    activating: Option<Box<RawValue>>,
    #[serde(default)]
    activated: Option<ActivatedText>,
    #[serde(default)]
    guarded: Option<GuardedText>,
    /// Where nothing is remembered, earlier versions of this program read the state, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revocations: Option<RevocationText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bundled: Option<BundledText>,
}

impl Text {
    fn read(mut self) -> Option<State> {
        let seed = decode_hex(&self.device_seed).map(Zeroizing::new);
        self.device_seed.zeroize();
        let sealing = self.sealing_seed.take().map(|mut text| {
            let seed = decode_hex(&text).map(Zeroizing::new);
            text.zeroize();
            seed.map(SealingSeed)
        });
        let is_known = [VERSION, WITHOUT_BUNDLES, WITHOUT_REVOCATIONS].contains(&self.version)
            || EARLIER.contains(&self.version);
        is_known.then_some(())?;
        Some(State {
            device_key: DeviceKey::from_seed(&*seed?),
            sealing: read(sealing, |seed| seed).ok()?,
            memory: read(self.memory, MemoryText::read).ok()?,
            activating: self.activating.map(bytes_of).map(Zeroizing::new),
            activated: read(self.activated, ActivatedText::read).ok()?,
            guarded: read(self.guarded, GuardedText::read).ok()?,
            revocations: read(self.revocations, RevocationText::read).ok()?.unwrap_or_default(),
            bundled: read(self.bundled, BundledText::read).ok()?.unwrap_or_default(),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemoryText {
    floor: u64,
    #[serde(default)]
    authority_floor: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    snapshot_floor: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    snapshot_ran: u64,
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
            snapshot_floor: memory.floors.snapshot.get(),
            snapshot_ran: memory.floors.ran.get(),
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
        let maximum = |text: Option<MaximumText>| read(text, MaximumText::read).ok();
        Some(Memory {
            accepted: Accepted {
                tenant: read(self.tenant, |text| TenantId::parse(&text).ok()).ok()?,
                root: maximum(self.root)?,
                keyset: maximum(self.keyset)?,
                tenant_keyset: maximum(self.tenant_keyset)?,
            },
            floors: Floors {
                authority: UnixSeconds::new(self.authority_floor)?,
                server: UnixSeconds::new(self.floor)?,
                snapshot: UnixSeconds::new(self.snapshot_floor)?,
                ran: UnixSeconds::new(self.snapshot_ran)?,
            },
            licenses: self.licenses.into_iter().map(license).collect::<Option<_>>()?,
            statements: self.statements.read(),
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn license((id, newest): (String, MaximumText)) -> Option<(LicenseId, Maximum)> {
    Some((LicenseId::parse(&id).ok()?, newest.read()?))
}

impl StatementsText {
    fn of(statements: &Statements) -> Self {
        let text = |bytes: &Vec<u8>| json_of(bytes);
        Self {
            roots: statements.chain.roots.iter().map(text).collect(),
            keyset: text(&statements.chain.keyset),
            tenant_keyset: text(&statements.chain.tenant_keyset),
            certificate: statements.certificate.as_ref().map(text),
            license: statements.license.as_ref().map(text),
        }
    }

    fn read(self) -> Statements {
        Statements {
            chain: ChainBytes {
                roots: self.roots.into_iter().map(bytes_of).collect(),
                keyset: bytes_of(self.keyset),
                tenant_keyset: bytes_of(self.tenant_keyset),
            },
            certificate: self.certificate.map(bytes_of),
            license: self.license.map(bytes_of),
        }
    }
}
