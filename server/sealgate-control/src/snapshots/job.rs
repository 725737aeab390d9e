//! Signing what is due of all tenants, a page at a time (`spec/revocation.md` §7.1).

use sealgate_artifact::{AppId, TenantId, UnixSeconds};
use sealgate_authority::AuthorityError;
use sealgate_store::table::{keysets, listings};
use sealgate_store::{StoreError, Tx, Work};

use super::signing::{Place, Snapshots, lacks_key};

/// Tenants of whom nothing was due in one step.
const TENANTS: u32 = 50;

/// Where a run goes on: after a tenant, or within one.
struct At {
    tenant: TenantId,
    within: Option<Place>,
}

impl At {
    /// A position that this program wrote; another one begins anew.
    fn parse(position: &str) -> Option<Self> {
        let words: Vec<&str> = position.split(' ').collect();
        let tenant = TenantId::parse(words.first()?).ok()?;
        let within = match words[1..] {
            [app, block] => Some((AppId::parse(app).ok()?, block.parse().ok()?)),
            _ => None,
        };
        Some(Self { tenant, within })
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.within {
            Some((app, block)) => write!(f, "{} {app} {block}", self.tenant),
            None => self.tenant.fmt(f),
        }
    }
}

/// What a step came to.
#[derive(Debug)]
pub struct SnapshotStep {
    /// Where to go on.
    pub position: String,
    /// Whether the last tenant that it looked at has more to be signed.
    pub is_within: bool,
    /// What went wrong with a tenant. It stops no other.
    pub failure: Option<AuthorityError>,
    /// Tenants of whom somebody else signs just now: [`Snapshots::step_of`] comes back to them once all others are done.
    pub busy: Vec<TenantId>,
}

impl Snapshots {
    /// Signs what is due from that position on, until a page was signed or some tenants were looked at. `None`: there is no
    /// more.
    pub async fn step(&self, position: &str) -> Result<Option<SnapshotStep>, AuthorityError> {
        self.desk.db.close_blocks_after_going_back().await?;
        // The job's row says so: a run that signs nothing is not done.
        self.may_sign()?;
        let at = At::parse(position);
        let within = at.as_ref().and_then(|at| at.within.map(|place| (at.tenant, place)));
        let tenants = match within {
            Some((tenant, _)) => vec![tenant],
            None => keysets::tenants(&self.desk.db, at.map(|at| at.tenant), TENANTS).await?,
        };
        let (mut last, mut busy) = (None, vec![]);
        for tenant in tenants {
            // One tenant's requests hold up nobody else's revocations.
            let Some(_turn) = self.turns.take(tenant) else {
                busy.push(tenant);
                last = Some(SnapshotStep::after(&At { tenant, within: None }));
                continue;
            };
            let (step, is_quiet) = self.within(tenant, within.map(|(_, place)| place)).await;
            last = Some(step);
            if !is_quiet {
                break;
            }
        }
        Ok(last.map(|last| SnapshotStep { busy, ..last }))
    }

    /// Signs a page of what is due of this tenant once it is its turn, from that position on if it is one of that tenant's.
    pub async fn step_of(&self, tenant: TenantId, position: &str) -> Result<SnapshotStep, AuthorityError> {
        let _turn = self.turns.wait(tenant).await;
        self.may_sign()?;
        let at = At::parse(position).filter(|at| at.tenant == tenant);
        Ok(self.within(tenant, at.and_then(|at| at.within)).await.0)
    }

    /// Lists some more of licenses that were revoked and have much (`spec/revocation.md` §1.7). `false` if nothing is left.
    pub async fn list_left(&self) -> Result<bool, StoreError> {
        // Nearly always nothing is left, and then nobody has to wait for a write.
        if !listings::is_left(&self.desk.db).await? {
            return Ok(false);
        }
        self.desk.db.write(ListLeft(self.desk.ids.now())).await
    }

    /// A page of one tenant, and its snapshot after the last page. Says whether nothing was due or went wrong.
    async fn within(&self, tenant: TenantId, after: Option<Place>) -> (SnapshotStep, bool) {
        if self.waits_for_import(tenant) {
            return (SnapshotStep::after(&At { tenant, within: None }), true);
        }
        let done = match self.sign_page(tenant, None, after).await {
            Ok(page) if page.last.is_some() => Ok((page.last, true)),
            Ok(page) => {
                self.sign_snapshot(tenant, None).await.map(|is_signed| (None, page.signed > 0 || is_signed))
            }
            Err(error) => Err(error),
        };
        let (within, is_quiet, failure) = match done {
            Ok((within, was_due)) => (within, !was_due, None),
            // It gets its keys once its keyset has room; another job says so.
            Err(error) if lacks_key(&error) => (None, true, None),
            Err(error) => {
                tracing::error!(%tenant, %error, "a tenant's revocation data was not signed");
                (None, false, Some(error))
            }
        };
        (SnapshotStep { failure, ..SnapshotStep::after(&At { tenant, within }) }, is_quiet)
    }
}

impl SnapshotStep {
    fn after(at: &At) -> Self {
        Self { position: at.to_string(), is_within: at.within.is_some(), failure: None, busy: vec![] }
    }
}

struct ListLeft(UnixSeconds);

impl Work for ListLeft {
    type Output = bool;
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        listings::go_on(tx, self.0).await
    }
}
