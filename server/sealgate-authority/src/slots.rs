//! Slots for what is about to be signed (`spec/revocation.md` §1.3). A slot that was drawn is given out by the transaction that
//! stores the statement; whoever was faster has it, and then it is drawn and signed again.

use std::collections::{BTreeMap, BTreeSet};

use sealgate_artifact::{AppId, Shard, TenantId, limits};
use sealgate_rules::{Outlook, Sample, SlotWindow};
use sealgate_store::table::{self, LicenseRow, SlotBlock};
use sealgate_store::{Db, work};

use crate::{AuthorityError, BUSY, Ids};

/// Places that are looked at together: the store asks for so many with one statement.
const FEW: usize = 25;
/// Places that are looked at before a block is opened further: the few may all be taken by chance.
const MANY: usize = 200;
/// How often places of a window are looked at, and how often it turns out that others changed the block.
const ROUNDS: usize = 64;
const ATTEMPTS: usize = 8;

/// Draws slots.
#[derive(Clone)]
pub struct Slots {
    db: Db,
    ids: Ids,
}

impl Slots {
    /// Draws from this database.
    pub fn new(db: Db, ids: Ids) -> Self {
        Self { db, ids }
    }

    /// A slot for each of these licenses: in the block of the version that counts now, if that has one.
    pub async fn draw_for(&self, licenses: &[&LicenseRow]) -> Result<Vec<u64>, AuthorityError> {
        let mut alike: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, license) in licenses.iter().enumerate() {
            let near = license.terms.conditions.slot.map(Shard::block_of);
            alike.entry((license.tenant, license.app, near)).or_default().push(at);
        }
        let mut drawn = vec![0; licenses.len()];
        for ((tenant, app, near), places) in alike {
            let slots = self.draw((tenant, app), near, places.len()).await?;
            places.into_iter().zip(slots).for_each(|(at, slot)| drawn[at] = slot);
        }
        Ok(drawn)
    }

    /// So many different slots of the app, in this block if it has room (`spec/revocation.md` §1.2), else in the newest.
    pub async fn draw(
        &self,
        (tenant, app): (TenantId, AppId),
        near: Option<u64>,
        wanted: usize,
    ) -> Result<Vec<u64>, AuthorityError> {
        self.db.close_blocks_after_going_back().await?;
        for _ in 0..ATTEMPTS {
            let own = match near {
                Some(block) => table::slot_blocks::find(&self.db, app, block).await?,
                None => None,
            };
            let own = own.filter(|block| !block.is_full);
            let is_at_home = own.is_some();
            let newest = if is_at_home { None } else { table::slot_blocks::newest(&self.db, app).await? };
            let Some(block) = own.or(newest.filter(|block| !block.is_full)) else {
                self.open((tenant, app), newest).await?;
                continue;
            };
            let (outlook, free) = self.look_around(app, (block, is_at_home), wanted as u64).await?;
            if outlook.is_full {
                self.close(app, block).await?;
                continue;
            }
            if outlook.is_crowded && !is_at_home && has_next(block) {
                self.open((tenant, app), newest).await?;
                continue;
            }
            let free = if outlook.bits > block.bits { vec![] } else { free };
            let window = self.widened(app, block, outlook.bits).await?;
            if let Some(drawn) = self.pick(app, window, free, wanted).await? {
                return Ok(drawn);
            }
        }
        Err(BUSY)
    }

    /// What a look at the block says of it, and the slots that were seen free. Where few places show that it must be opened
    /// further, or left, many are looked at.
    async fn look_around(
        &self,
        app: AppId,
        (block, is_at_home): (SlotBlock, bool),
        wanted: u64,
    ) -> Result<(Outlook, Vec<u64>), AuthorityError> {
        let window = SlotWindow { block: block.block, bits: block.bits };
        let (looked, taken, free) = self.look(app, window, FEW).await?;
        let outlook = window.outlook(Sample { looked, taken }, wanted);
        let is_left = outlook.is_full || outlook.is_crowded && !is_at_home;
        if outlook.bits == block.bits && !is_left {
            return Ok((outlook, free));
        }
        let (looked, taken, free) = self.look(app, window, MANY).await?;
        Ok((window.outlook(Sample { looked, taken }, wanted), free))
    }

    /// Looks at so many places of a window: how many there were, how many were taken, and which were not.
    async fn look(
        &self,
        app: AppId,
        window: SlotWindow,
        places: usize,
    ) -> Result<(u64, u64, Vec<u64>), AuthorityError> {
        let mut drawn: Vec<u64> = vec![];
        let mut seen = BTreeSet::new();
        for _ in 0..places.div_ceil(FEW) {
            let random: [u8; FEW * 8] = self.ids.random();
            let numbers = random.as_chunks::<8>().0.iter().map(|bytes| u64::from_be_bytes(*bytes));
            drawn.extend(numbers.map(|number| window.slot(number)).filter(|slot| seen.insert(*slot)));
        }
        let taken = table::slots::taken(&self.db, app, &seen).await?;
        // In the order in which they were drawn: neighbours tell nobody what was sold when.
        drawn.retain(|slot| !taken.contains(slot));
        Ok((seen.len() as u64, taken.len() as u64, drawn))
    }

    /// So many free slots of the window; `None` where it has too few.
    async fn pick(
        &self,
        app: AppId,
        window: SlotWindow,
        free: Vec<u64>,
        wanted: usize,
    ) -> Result<Option<Vec<u64>>, AuthorityError> {
        let mut known: BTreeSet<u64> = free.iter().copied().collect();
        let mut picked = free;
        for _ in 0..ROUNDS {
            if picked.len() >= wanted {
                picked.truncate(wanted);
                return Ok(Some(picked));
            }
            let (_, _, more) = self.look(app, window, 2 * (wanted - picked.len())).await?;
            picked.extend(more.into_iter().filter(|slot| known.insert(*slot)));
        }
        Ok(None)
    }

    async fn open(&self, app: (TenantId, AppId), newest: Option<SlotBlock>) -> Result<(), AuthorityError> {
        if newest.is_some_and(|block| !has_next(block)) {
            return Err(AuthorityError::Busy("the app has no more slots for what it signs"));
        }
        let open = work((app, newest.map(|block| block.block)), |(app, last), tx| {
            Box::pin(async move { table::slot_blocks::open_next(tx, *app, *last).await })
        });
        Ok(self.db.write(open).await?)
    }

    async fn close(&self, app: AppId, block: SlotBlock) -> Result<(), AuthorityError> {
        let close = work((app, block.block), |(app, block), tx| {
            Box::pin(async move { table::slot_blocks::close(tx, *app, *block).await })
        });
        Ok(self.db.write(close).await?)
    }

    async fn widened(&self, app: AppId, block: SlotBlock, bits: u32) -> Result<SlotWindow, AuthorityError> {
        if bits > block.bits {
            let widen = work((app, block.block, bits), |(app, block, bits), tx| {
                Box::pin(async move { table::slot_blocks::widen(tx, *app, *block, *bits).await })
            });
            self.db.write(widen).await?;
        }
        Ok(SlotWindow { block: block.block, bits })
    }
}

fn has_next(block: SlotBlock) -> bool {
    block.block + 1 < limits::BLOCKS
}
