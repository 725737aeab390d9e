//! Looking a license and its proof up in what is held (`spec/revocation.md` §5.3, §6.1).

use std::collections::BTreeMap;

use sealgate_artifact::{ActivationProof, AppId, License, Shard, StatementId, Unverified};
use sealgate_rules::ShardSays;
use sealgate_trust::{TenantTrust, TrustError, Verified, verify_shard};

use super::kept_file::{Entries, KeptFile, Place};
use super::memory::RevocationMemory;
use super::store::RevocationStore;

/// A statement that can be taken back, and its slot, where it has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) id: StatementId,
    pub(crate) slot: Option<u64>,
}

impl Slot {
    pub(crate) fn of_license(license: &Verified<License>) -> Self {
        Self { id: license.id(), slot: license.get().conditions.slot }
    }

    /// Of a proof that was just verified. `None` for what is none.
    pub(crate) fn of_proof(proof: &[u8]) -> Option<Self> {
        let said = Unverified::<ActivationProof>::decode(proof).ok()?;
        Some(Self { id: said.envelope().id(), slot: said.danger_peek().ok()?.slot })
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Looked {
    /// What the newest shard of the license's block says; `None` where none is held.
    pub(crate) says: Option<ShardSays>,
    /// Those that were taken back.
    pub(crate) listed: Vec<StatementId>,
    /// Why revocation data that was taken over before is not there, or not to be believed.
    pub(crate) missing: Option<String>,
}

impl Looked {
    pub(crate) fn is_revoked(&self) -> bool {
        !self.listed.is_empty()
    }
}

/// A shard that verified, and whether a snapshot that was taken over whole named it.
type Held = Option<(Verified<Shard>, bool)>;

/// Where to look.
pub(crate) struct Lookup<'a> {
    /// What is kept; `None`: nothing can be.
    pub(crate) store: Option<&'a dyn RevocationStore>,
    /// The program's own app.
    pub(crate) app: AppId,
    /// What is remembered beside it.
    pub(crate) memory: &'a RevocationMemory,
}

impl Lookup<'_> {
    /// Looks the license up, and whatever admits the device to it. The file is read only for statements that have a slot, and of it only the
    /// shards of their blocks.
    pub(crate) fn look(&self, chain: &TenantTrust, license: Slot, proof: Option<Slot>) -> Looked {
        let mut looked = Looked::default();
        let mut shards = BTreeMap::new();
        for held in [Some(license), proof].into_iter().flatten() {
            let shard = held.slot.and_then(|slot| {
                let shard = shards.entry(Shard::block_of(slot));
                let shard: &Held = shard.or_insert_with_key(|block| {
                    self.shard(chain, *block).unwrap_or_else(|why| {
                        looked.missing = Some(why);
                        None
                    })
                });
                shard.as_ref().map(|(shard, is_whole)| (slot, shard.get(), *is_whole))
            });
            let is_listed = shard.is_some_and(|(slot, shard, _)| shard.lists(slot));
            if is_listed || self.memory.listed.contains(&held.id) {
                looked.listed.push(held.id);
            }
            if held.id == license.id {
                let says = |(_, shard, is_whole): (u64, &Shard, bool)| ShardSays {
                    issued_at: shard.issued_at,
                    lists: false,
                    is_whole,
                };
                looked.says = shard.map(says);
            }
        }
        let lists = looked.is_revoked();
        looked.says = looked.says.map(|says| ShardSays { lists, ..says });
        looked
    }

    /// The newest shard of a block, verified anew. The error says why one that was taken over before is not there.
    fn shard(&self, chain: &TenantTrust, block: u64) -> Result<Held, String> {
        let known = self.memory.shards.get(&block);
        let Some(store) = self.store else { return Ok(None) };
        let missing = |why: &str| match known {
            Some(_) => Err(format!("revocation data that was imported before {why}")),
            None => Ok(None),
        };
        let mut file = match KeptFile::open(store) {
            Ok(Some(file)) => file,
            Ok(None) => return missing("is not there"),
            Err(why) => return missing(&format!("cannot be read: {why}")),
        };
        let places = match file.places() {
            Ok(places) => places,
            Err(why) => return missing(&format!("cannot be read: {why}")),
        };
        let is_known = |place: &Place| known.is_some_and(|known| known.maximum.statement == place.id);
        let (newest, others): (Vec<Place>, Vec<Place>) = places.into_iter().partition(is_known);
        let mut older = "is not there: the file is another one";
        for place in newest.into_iter().chain(others) {
            let claim = file.shard(&place).ok().and_then(|shard| Unverified::<Shard>::of_carrier(shard).ok());
            let is_of_block = |shard: Shard| (shard.app, shard.block) == (self.app, block);
            let Some(claim) = claim.filter(|claim| claim.danger_peek().is_ok_and(is_of_block)) else {
                continue;
            };
            match verify_shard(chain, &claim, known.map(|known| &known.maximum)) {
                // One that the state does not know was put there, or a program ended before it remembered it: what it lists counts.
                Ok((shard, _)) => {
                    let is_whole = is_known(&place) && known.is_some_and(|known| known.is_whole);
                    return Ok(Some((shard, is_whole)));
                }
                Err(TrustError::VersionRollback | TrustError::Equivocation) => {
                    older = "is not there: the file is older";
                }
                Err(_) => older = "is signed by no key that counts now",
            }
        }
        missing(older)
    }
}
