//! What the vendor's side does by itself: it numbers the audit log, and forgets what has served its time.

use sealgate_artifact::{AppId, LicenseId, RecordId, TenantId, UnixSeconds};
use sealgate_authority::{Actor, Entry, Ids, audit_row};
use sealgate_store::table::slots::Pruning;
use sealgate_store::{Db, StoreError, Tx, Work, table};
use serde_json::json;

use crate::{answers, numbering};

/// Transactions in which one run forgets: what is left then waits for the next run, so that none holds its job for long.
const ROUNDS: u32 = 100;
/// How long a paid question costs nothing when it is asked again (`spec/http.md` §2.5).
const PAID_SECONDS: u64 = 120;
/// How much longer: what a server with a slow clock wrote looks older than it is to the one that forgets.
const SLOW_CLOCK_SECONDS: u64 = 2 * 60 * 60;
/// How long events are kept (`spec/http.md` §3.13).
const EVENT_SECONDS: u64 = 90 * 24 * 60 * 60;
/// How much longer a slot is kept than its statement holds. A server that starts with a clock 30 days ahead does not doubt it: what it forgets
/// must have ended by the right time, too, or the statement would count again once the clock is put right.
const ENDED_SLOT_SECONDS: u64 = 40 * 24 * 60 * 60;
/// Licenses of which one run counts anew what their ended bundles held, and ended bundles that it forgets.
const BUNDLES: u32 = 200;
/// How long an access entry that a client made stays visible after its end.
const ENDED_ENTRY_SECONDS: u64 = 30 * 24 * 60 * 60;

/// Keeps the database in order.
#[derive(Clone)]
pub struct Upkeep {
    db: Db,
    ids: Ids,
}

impl Upkeep {
    pub(crate) fn new(db: Db, ids: Ids) -> Self {
        Self { db, ids }
    }

    /// Has nothing more drawn from any block of before, where the database came back older (`spec/revocation.md` §7.7).
    pub async fn close_blocks_after_going_back(&self) -> Result<(), StoreError> {
        self.db.close_blocks_after_going_back().await
    }

    /// Gives every waiting row of the audit log its number and hash (`spec/audit.md` §2.1). A runtime never does:
    /// whoever steals one must not be able to write the chain.
    pub async fn number_audit_rows(&self) -> Result<(), StoreError> {
        numbering::number_all(&self.db).await
    }

    /// Gives the rows of that tenant that wait now their numbers, whatever others write meanwhile.
    pub(crate) async fn number_audit_rows_of(&self, tenant: TenantId) -> Result<(), StoreError> {
        numbering::number_those_of(&self.db, tenant).await
    }

    /// Revokes what tokens made that were revoked with it, where whoever asked for it was interrupted.
    async fn finish_revocations(&self) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            let Some(tenant) = table::made_tokens::unfinished(&self.db).await? else { break };
            self.db.write(FinishRevocation { tenant, ids: self.ids.clone() }).await?;
        }
        Ok(())
    }

    /// Finishes revocations; forgets change records, answers, paid questions, ended entries and old events, and notes the time.
    ///
    /// While the clock is doubted, no time is noted and nothing is forgotten for its age: what a clock that is ahead takes as
    /// old cannot be got back. Change records are counted.
    pub async fn forget(&self) -> Result<(), StoreError> {
        self.finish_revocations().await?;
        let tells_ages = self.tells_ages();
        if tells_ages {
            self.end_bundles().await?;
        }
        for _ in 0..ROUNDS {
            if !self.db.write(Forget { now: tells_ages.then(|| self.ids.now()) }).await? {
                break;
            }
        }
        Ok(())
    }
}

impl Upkeep {
    /// Counts anew what licenses have left whose bundles have ended, so that a customer's other licenses find it free; and forgets what
    /// nobody needs of bundles that ended long ago (`spec/offline.md` §5.6). As for slots, the time for that is the right one.
    async fn end_bundles(&self) -> Result<(), StoreError> {
        let now = self.ids.now();
        for _ in 0..BUNDLES {
            let Some(license) = table::bundle_seats::over(&self.db, now).await? else { break };
            self.db.write(Settle { license, now }).await?;
        }
        for _ in 0..BUNDLES {
            if !self.db.write(ForgetBundle { ended: now.minus(ENDED_SLOT_SECONDS) }).await? {
                break;
            }
        }
        Ok(())
    }

    /// Whether the clock may decide that something is old enough to be forgotten.
    pub fn tells_ages(&self) -> bool {
        self.ids.clock_watch().tells_ages()
    }

    /// Forgets slots of what has ended, a part of a block from that position on (`spec/revocation.md` §1.3: from these blocks nothing is
    /// drawn any more). Says where to go on; `None` at the end, and while the clock is doubted.
    pub async fn forget_slots(&self, position: &str) -> Result<Option<String>, StoreError> {
        if !self.tells_ages() {
            return Ok(None);
        }
        let from = position
            .split_once(' ')
            .and_then(|(app, slot)| Some((AppId::parse(app).ok()?, slot.parse().ok()?)));
        let next =
            self.db.write(ForgetSlots { ended: self.ids.now().minus(ENDED_SLOT_SECONDS), from }).await?;
        Ok(next.map(|(app, slot)| format!("{app} {slot}")))
    }
}

struct ForgetSlots {
    /// What ended by then is forgotten.
    ended: UnixSeconds,
    from: Option<Pruning>,
}

impl Work for ForgetSlots {
    type Output = Option<Pruning>;
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<Pruning>, StoreError> {
        table::slots::prune(tx, self.ended, self.from).await
    }
}

struct Settle {
    license: (TenantId, LicenseId),
    now: UnixSeconds,
}

impl Work for Settle {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let (tenant, license) = self.license;
        match table::licenses::lock(tx, tenant, license).await? {
            Some(locked) if locked.has_ended_bundles(self.now) => {
                table::bundle_seats::settle(tx, &locked, self.now).await
            }
            _ => Ok(()),
        }
    }
}

struct ForgetBundle {
    ended: UnixSeconds,
}

impl Work for ForgetBundle {
    /// Whether there is more.
    type Output = bool;
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        table::bundles::forget(tx, self.ended).await
    }
}

struct FinishRevocation {
    tenant: TenantId,
    ids: Ids,
}

impl Work for FinishRevocation {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        table::tenants::lock(tx, self.tenant).await?;
        let page = table::made_tokens::revoke_page(tx, self.tenant, self.ids.now()).await?;
        if page.revoked > 0 {
            let detail = json!({ "also_revoked": page.revoked });
            let entry =
                Entry { action: "token.made_revoked", subject: self.tenant.to_string(), detail: &detail };
            let audit = audit_row(&self.ids, self.tenant, (&Actor::System, ""), entry);
            table::audit::insert(tx, &audit).await?;
        }
        Ok(())
    }
}

struct Forget {
    /// [`None`] while it is doubted.
    now: Option<UnixSeconds>,
}

impl Work for Forget {
    /// Whether there is more.
    type Output = bool;
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let mut is_more = table::changes::forget(tx).await?;
        let Some(now) = self.now else { return Ok(is_more) };
        // The next start compares its clock with this.
        table::installation::note_time(tx, now).await?;
        is_more |= answers::forget(tx, now).await?;
        is_more |= table::debits::forget(tx, now.minus(PAID_SECONDS + SLOW_CLOCK_SECONDS)).await?;
        is_more |= table::access::forget(tx, now.minus(ENDED_ENTRY_SECONDS)).await?;
        let oldest = RecordId::new(now.minus(EVENT_SECONDS).get() * 1_000, [0; 10]);
        is_more |= table::events::forget(tx, &oldest.to_string()).await?;
        Ok(is_more)
    }
}
