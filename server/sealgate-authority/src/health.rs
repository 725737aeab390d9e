//! Whether the server can work (`spec/http.md` §4).

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard};

use sealgate_artifact::{KeyId, KeyUse, PublicKey, UnixSeconds};
use sealgate_store::table::{self, JobRow, KeyScope, KeyStage};
use sealgate_store::{Db, StoreError, WentBack};
use sealgate_trust::Signer;

use crate::certificates::latest_end;
use crate::checks::{Check, JobsInTrouble, NotReady};
use crate::clock_watch::Side;
use crate::{AuthorityError, Ids};

/// Asks the database, the key store and the clock for health checks. Clones share what was told.
#[derive(Clone)]
pub struct Health {
    db: Db,
    ids: Ids,
    signer: Arc<dyn Signer>,
    server: Option<PublicKey>,
    has_vendor: bool,
    told: Arc<Mutex<Told>>,
}

/// What a server found of itself.
#[derive(Debug)]
pub struct Checked {
    /// Every check.
    pub checks: Vec<Check>,
    /// The jobs, where this server runs them.
    pub jobs: Vec<JobRow>,
}

/// The most jobs that are looked at.
const MOST_JOBS: u32 = 100;

/// What the log says already.
#[derive(Default)]
struct Told {
    failing: Vec<&'static str>,
    is_dead: bool,
}

impl Health {
    /// The health of a server on this database that signs by this signer. `server` is the key by which clients know it, if
    /// they ask it; `has_vendor` says whether it has the vendor's side.
    pub fn new(
        db: Db,
        ids: Ids,
        signer: Arc<dyn Signer>,
        (server, has_vendor): (Option<PublicKey>, bool),
    ) -> Self {
        Self { db, ids, signer, server, has_vendor, told: Arc::default() }
    }

    /// Fails when the database does not answer within a second. The log says when that begins and ends.
    pub async fn alive(&self) -> Result<(), StoreError> {
        let answer = self.db.check_alive().await;
        let was_dead = std::mem::replace(&mut self.told().is_dead, answer.is_err());
        match &answer {
            Err(error) if !was_dead => tracing::error!(%error, "the database does not answer"),
            Ok(()) if was_dead => tracing::info!("the database answers again"),
            _ => {}
        }
        answer
    }

    /// What speaks against sending requests here, told within a second.
    pub async fn ready(&self) -> Result<(), NotReady> {
        let stops = self.checks().await.checks.into_iter().find(Check::stops);
        stops.and_then(|check| check.trouble).map_or(Ok(()), Err)
    }

    /// Every check, within a second. A server that was not approved yet has no certificate; that is for `server list` to say.
    /// The log says when the server stops being ready, for another reason too, and when it is ready again.
    pub async fn checks(&self) -> Checked {
        let (reads, writes, certified, signs, jobs) = tokio::join!(
            self.db.check_reads(),
            self.db.check_writes(),
            self.check_certificates(),
            self.check_signing(),
            self.jobs()
        );
        let (jobs, run) = match jobs {
            Ok(jobs) => {
                let now = self.check_clock().is_ok().then(|| self.ids.now());
                let run = JobsInTrouble::among(&jobs, now).map_or(Ok(()), |some| Err(some.into()));
                (jobs, run)
            }
            Err(error) => (vec![], Err(error)),
        };
        let checks = vec![
            Check::of("threads", self.db.check_threads()),
            Check::of("read", reads),
            Check::of("write", writes),
            Check::of("sign", signs),
            Check::of("clock", self.check_clock()),
            Check::of("certificate", certified),
            Check::of("history", self.db.went_back().map_or(Ok(()), Err)),
            Check::of("jobs", run),
        ];
        self.tell(&checks);
        Checked { checks, jobs }
    }

    async fn jobs(&self) -> Result<Vec<JobRow>, NotReady> {
        if !self.has_vendor {
            return Ok(vec![]);
        }
        Ok(self.db.in_time(table::jobs::said(&self.db, "", MOST_JOBS)).await?)
    }

    /// The time of this server.
    pub fn now(&self) -> UnixSeconds {
        self.ids.now()
    }

    /// Whether the database came back older than this server had read from it, a short while ago.
    pub fn went_back(&self) -> Option<WentBack> {
        self.db.went_back()
    }

    fn check_clock(&self) -> Result<(), NotReady> {
        let watch = self.ids.clock_watch();
        if let Some(doubt) = watch.doubt(Side::Runtime) {
            return Err(NotReady::ClockWasSet(doubt.set_by()));
        }
        if self.has_vendor
            && let Some(doubt) = watch.doubt(Side::Vendor)
        {
            return Err(NotReady::ClockNotAccepted(doubt.set_by()));
        }
        Ok(())
    }

    async fn check_certificates(&self) -> Result<(), NotReady> {
        let now = self.ids.now();
        let ended = self.db.in_time(table::keysets::count_ended(&self.db, now)).await?;
        if ended > 0 {
            return Err(NotReady::KeysetsEnded(ended));
        }
        let Some(server) = self.server else { return Ok(()) };
        let idle = table::certificates::count_outside(&self.db, server, now, latest_end(now));
        match self.db.in_time(idle).await? {
            0 => Ok(()),
            count => Err(NotReady::NotCertified(count)),
        }
    }

    /// The keys by which the server answers and certifies.
    async fn check_signing(&self) -> Result<(), NotReady> {
        let mut keys: Vec<KeyId> = self.server.iter().map(|key| key.id(KeyUse::Server)).collect();
        if self.has_vendor {
            let rows = self.db.in_time(table::keys::of_scope(&self.db, KeyScope::Installation)).await?;
            let signs =
                rows.iter().filter(|key| key.key_use == KeyUse::Authority && key.state == KeyStage::Active);
            keys.extend(signs.map(|key| key.public_key.id(KeyUse::Authority)));
        }
        let checked = keys.into_iter().try_for_each(|key| self.signer.check(key));
        checked.map_err(|error| NotReady::CannotSign(AuthorityError::from(error)))
    }

    fn tell(&self, checks: &[Check]) {
        let stopping: Vec<&Check> = checks.iter().filter(|check| check.stops()).collect();
        let failing: Vec<&'static str> = stopping.iter().map(|check| check.name).collect();
        let before = std::mem::replace(&mut self.told().failing, failing.clone());
        if before == failing {
            return;
        }
        let Some(why) = stopping.first().and_then(|check| check.trouble.as_ref()) else {
            tracing::info!("ready again");
            return;
        };
        let (checks, cause) = (failing.join(", "), why.source().map(ToString::to_string));
        tracing::error!(checks, cause, "not ready: {why}");
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("no holder of this lock panics")
    }
}
