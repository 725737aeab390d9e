//! Signing what is due of all tenants, a page at a time (`spec/revocation.md` §7.1).

use sealgate_artifact::{AppId, TenantId};
use sealgate_authority::AuthorityError;
use sealgate_store::table::keysets;

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
    /// What went wrong with a tenant. It stops no other.
    pub failure: Option<AuthorityError>,
}

impl Snapshots {
    /// Signs what is due from that position on, until a page was signed or some tenants were looked at. `None`: there is no
    /// more.
    pub async fn step(&self, position: &str) -> Result<Option<SnapshotStep>, AuthorityError> {
        self.close_after_going_back().await?;
        // The clock is told of elsewhere, and nothing is wrong with the job.
        if self.may_sign().is_err() {
            return Ok(None);
        }
        let at = At::parse(position);
        if let Some(At { tenant, within: Some(place) }) = at {
            return Ok(Some(self.within(tenant, Some(place)).await.0));
        }
        let tenants = keysets::tenants(&self.desk.db, at.map(|at| at.tenant), TENANTS).await?;
        let mut last = None;
        for tenant in tenants {
            let (step, is_quiet) = self.within(tenant, None).await;
            if !is_quiet {
                return Ok(Some(step));
            }
            last = Some(step);
        }
        Ok(last)
    }

    /// A page of one tenant, and its snapshot after the last page. Says whether nothing was due or went wrong.
    async fn within(&self, tenant: TenantId, after: Option<Place>) -> (SnapshotStep, bool) {
        let _turn = self.turns.wait(tenant).await;
        let done = match self.sign_page(tenant, after).await {
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
        (SnapshotStep { position: At { tenant, within }.to_string(), failure }, is_quiet)
    }
}
