//! Looking a license and its proof up in what is held (`spec/revocation.md` §5.3, §5.5, §6.1).

use std::collections::BTreeMap;

use sealgate_artifact::{AppId, PublicKey, Shard, UnixSeconds, Unverified};
use sealgate_rules::ShardSays;
use sealgate_trust::{TenantTrust, TrustError, Verified, verify_shard};

use super::kept_file::{Entries, KeptFile, Place};
use super::memory::RevocationMemory;
use super::store::RevocationStore;
use crate::looked::{Listed, Looked, Seen, Slot};

/// A shard that verified, and from when the newest whole word of its block is.
struct Newest {
    shard: Verified<Shard>,
    whole_at: Option<UnixSeconds>,
}

/// What is kept of a block; the error says why what was taken over before is not there.
type Kept = Result<Option<Newest>, String>;

/// The file, once it was read: its shards by their statements.
struct Opened {
    file: KeptFile,
    places: Vec<Place>,
}

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
    /// Looks the license up, and whatever admits the device to it. The file is read only for statements that have a slot: of it all
    /// statements, and the bodies of their blocks alone.
    pub(crate) fn look(&self, chain: &TenantTrust, license: Slot, proof: Option<Slot>) -> Looked {
        let mut looked = Looked { revoked_keys: self.memory.revoked_keys(chain), ..Looked::default() };
        let (mut opened, mut shards) = (None, BTreeMap::new());
        for held in [Some(license), proof].into_iter().flatten() {
            let kept = held.number.map(|slot| {
                let kept = shards.entry(Shard::block_of(slot));
                let kept = kept.or_insert_with_key(|block| {
                    let opened = opened.get_or_insert_with(|| self.open());
                    self.newest(chain, opened, *block)
                });
                (slot, &*kept)
            });
            self.judge(chain, held, kept, &mut looked);
            if let Some((_, Ok(Some(newest)))) = kept.filter(|_| held.id == license.id) {
                looked.says = Some(ShardSays { whole_at: newest.whole_at, lists: false });
            }
        }
        let lists = looked.is_revoked();
        looked.says = looked.says.map(|says| ShardSays { lists, ..says });
        looked
    }

    fn judge(&self, chain: &TenantTrust, held: Slot, kept: Option<(u64, &Kept)>, looked: &mut Looked) {
        let mut keys = self.memory.lists(held.id, chain).map(<[PublicKey]>::to_vec);
        for key in held.number.iter().flat_map(|slot| self.memory.bundles_list(held.license, *slot, chain)) {
            keys.get_or_insert_default().push(key);
        }
        match kept {
            Some((slot, Ok(Some(newest)))) if newest.shard.get().lists(slot) => {
                keys.get_or_insert_default().extend(newest.shard.signed_by());
            }
            Some((_, Ok(Some(newest)))) => {
                looked.seen.push(Seen { statement: held.id, shard: newest.shard.id() });
            }
            Some((slot, Err(why))) => {
                looked.missing = Some(why.clone());
                looked.is_unseen |=
                    self.is_unseen(chain, held, Shard::block_of(slot)) || self.is_doubted(chain, held);
            }
            Some((_, Ok(None))) | None => looked.is_unseen |= self.is_doubted(chain, held),
        }
        looked.listed.extend(keys.map(|keys| Listed { what: held.what, id: held.id, keys }));
    }

    /// `spec/revocation.md` §5.5: the shard may list it, and nobody vouched for it since.
    fn is_unseen(&self, chain: &TenantTrust, held: Slot, block: u64) -> bool {
        let known = self.memory.shards.get(&(self.app, block)).filter(|known| known.counts(chain));
        known.is_some_and(|known| {
            held.vouched_at <= known.issued_at && !self.memory.has_seen(held.id, known.maximum.statement)
        })
    }

    /// `spec/revocation.md` §5.6: only a revoked key listed it, and nobody who counts said anything of it since.
    fn is_doubted(&self, chain: &TenantTrust, held: Slot) -> bool {
        self.memory.doubted_at(held.id, chain).is_some_and(|at| held.vouched_at <= at)
    }

    /// Why data that counts and was taken over before is not there, of whatever block.
    pub(crate) fn missing(&self, chain: &TenantTrust) -> Option<String> {
        let mut opened = None;
        let own =
            self.memory.shards.iter().filter(|((app, _), known)| *app == self.app && known.counts(chain));
        let mut missing = own.map(|((_, block), _)| {
            let opened = opened.get_or_insert_with(|| self.open());
            self.newest(chain, opened, *block).err()
        });
        missing.find_map(|why| why)
    }

    /// `None` where there is no file. The error says why it cannot be read.
    fn open(&self) -> Result<Option<Opened>, String> {
        let Some(store) = self.store else { return Err("cannot be looked up by this program".to_owned()) };
        let opened = KeptFile::open(store).and_then(|file| {
            let opened = |mut file: KeptFile| Ok(Opened { places: file.places()?, file });
            file.map(opened).transpose()
        });
        opened.map_err(|why| format!("cannot be read: {why}"))
    }

    /// The newest shard of a block, verified anew.
    fn newest(&self, chain: &TenantTrust, opened: &mut Result<Option<Opened>, String>, block: u64) -> Kept {
        let known = self.memory.shards.get(&(self.app, block));
        let missing = |why: &str| match known {
            Some(_) => Err(format!("revocation data that was imported before {why}")),
            None => Ok(None),
        };
        let Opened { file, places } = match opened {
            Ok(Some(opened)) => opened,
            Ok(None) => return missing("is not there"),
            Err(why) => return missing(why),
        };
        let is_known = |place: &&Place| known.is_some_and(|known| known.maximum.statement == place.id);
        let of_block = places.iter().filter(|place| place.of == Some((self.app, block)));
        let (newest, others): (Vec<&Place>, Vec<&Place>) = of_block.partition(is_known);
        let mut older = "is not there: the file is another one";
        let accepted = chain.for_accepted();
        for place in newest.into_iter().chain(others) {
            let shard = file.shard(place).ok().and_then(|shard| Unverified::<Shard>::of_carrier(shard).ok());
            let Some(claim) = shard else { continue };
            // spec/revocation.md §5.4: what is known was accepted before.
            let by = if is_known(&place) { &accepted } else { chain };
            match verify_shard(by, &claim, known.map(|known| &known.maximum)) {
                Ok((shard, _)) => {
                    // One that the state does not know was put there, or a program ended before it remembered it: what it lists counts,
                    // and it vouches for nobody.
                    let whole_at = known.and_then(|known| known.whole_at(chain));
                    return Ok(Some(Newest { shard, whole_at }));
                }
                Err(TrustError::VersionRollback | TrustError::Equivocation) => {
                    older = "is not there: the file is older";
                }
                Err(TrustError::Artifact(_)) => {}
                Err(_) => older = "is signed by no key that counts now",
            }
        }
        missing(if known.is_none() || file.is_undamaged() { older } else { "is damaged" })
    }
}
