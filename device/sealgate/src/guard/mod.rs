//! A program enforces its license while it runs (`spec/guard.md`).

mod brought;
mod builder;
mod checks;
mod config;
mod engine;
mod enhancer;
mod events;
mod kept_bundle;
mod last_run;
mod material;
mod placed;
mod refused;
mod revocations;
pub mod sensors;
mod shown;
mod threads;
mod watchers;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sealgate_artifact::{ChainWord, Code, Limit, Tier};
use sealgate_rules::TenantCounts;

pub use builder::GuardBuilder;
pub use config::{GuardConfig, GuardConfigError, Mode};
pub use enhancer::{Enhancer, RecordedAction};
pub use events::GuardCounters;
pub use last_run::{Fell, LastRun};
pub use refused::{ActionRefused, StartRefused};
pub use revocations::RevocationStatus;
pub use sealgate_rules::{Enforced, Finding, GraceWhy, Lack, Local, Revocations, TenantRefused};
pub use shown::{GuardState, Standing};

use crate::{Beat, BundleError, BundleSays, Error, ImportError, License, LookedBundle, SnapshotImport};
use engine::Engine;
use threads::Threads;

/// The tenant of an action that is for none of the program's own (`spec/chain.md` §1.2).
pub const HOST: &str = ChainWord::HOST;

/// Enforces a license in a running program. It may be shared between threads; it ends when it is dropped.
///
/// Everything that works without a license works whatever it says.
pub struct Guard {
    engine: Arc<Engine>,
    tenants: Mutex<TenantCounts>,
    enhancers: Vec<Box<dyn Enhancer>>,
    threads: Threads,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl Guard {
    /// Whether the program has this feature now.
    pub fn has_feature(&self, feature: &str) -> bool {
        self.engine.shown().features.has(feature)
    }

    /// Before an action: an error says why it may not be.
    pub fn ensure_valid(&self, action: &str) -> Result<(), ActionRefused> {
        self.ensure_valid_for(HOST, action)
    }

    /// The same for one of the program's own tenants, whose actions the license may limit.
    pub fn ensure_valid_for(&self, tenant: &str, action: &str) -> Result<(), ActionRefused> {
        let shown = self.engine.shown();
        if !shown.features.has(action) {
            let code = shown.state.standing.lack().map_or(Code::FeatureNotLicensed, Lack::code);
            return Err(ActionRefused::Feature { feature: action.to_owned(), tier: shown.state.tier, code });
        }
        for enhancer in &self.enhancers {
            enhancer.on_ensure_valid(action, &shown.state).map_err(ActionRefused::Enhancer)?;
        }
        self.within_limits(&shown.limits, tenant, action)
    }

    /// An error where the tier is lower than this.
    pub fn require_tier(&self, needed: Tier) -> Result<(), ActionRefused> {
        let shown = self.engine.shown();
        let tier = shown.state.tier;
        if tier as u8 >= needed as u8 {
            return Ok(());
        }
        let code = shown.state.standing.lack().map_or(Code::FeatureNotLicensed, Lack::code);
        Err(ActionRefused::Tier { needed, tier, code })
    }

    /// The tier that counts now.
    pub fn tier(&self) -> Tier {
        self.engine.shown().state.tier
    }

    /// What the license says, also where it gives no rights now; `None` where there is none.
    pub fn payload(&self) -> Option<Arc<License>> {
        self.engine.shown().license.clone()
    }

    /// Where the program stands, for people.
    pub fn state(&self) -> GuardState {
        self.engine.shown().state.clone()
    }

    /// Calls this with every new state from now on, in the thread that found it. While it is called it is not called again: what is found
    /// meanwhile, also by itself, it is told afterwards. A panic in it harms neither the guard nor an action.
    pub fn on_change(&self, watcher: impl FnMut(&GuardState) + Send + 'static) {
        self.engine.watch(Box::new(watcher));
    }

    /// How many events of each kind there were.
    pub fn counters(&self) -> &GuardCounters {
        &self.engine.counters
    }

    /// Records what the program did in the chain of its activation, which heartbeats bring to the server.
    pub fn record_action(&self, action: &RecordedAction<'_>) -> Result<(), Error> {
        let tenant = (action.tenant != HOST).then_some(action.tenant);
        let client = &self.engine.client;
        let log = client.chain_log()?;
        log.record(tenant, action.action, action.digest, client.clock.now())
            .map_err(crate::ConfigurationError::Chain)?;
        let state = self.state();
        for enhancer in &self.enhancers {
            enhancer.on_record_action(action, &state);
        }
        Ok(())
    }

    /// Checks the machine now: the program's files, and whether somebody looks into it. It happens by itself at the start, and every
    /// half minute where threads run.
    pub fn verify_integrity(&self) -> GuardState {
        self.engine.check();
        self.state()
    }

    /// Sends a heartbeat now, where heartbeats are sent: the network is back.
    pub fn beat_now(&self) {
        if let Some(heartbeats) = &self.threads.heartbeats {
            heartbeats.beat_now();
        }
    }

    /// Sends a heartbeat in this thread, and judges by what it brings.
    pub fn heartbeat(&self) -> Result<Beat, Error> {
        let beat = self.engine.client.heartbeat();
        self.engine.heard(&beat);
        beat
    }

    /// Takes a snapshot of revocation data over from this file, and judges by it at once: see [`import_snapshot_file`](crate::Client::import_snapshot_file).
    pub fn import_snapshot_file(&self, file: &Path) -> Result<SnapshotImport, ImportError> {
        let imported = self.engine.import(file);
        if let Err(why) = &imported {
            self.engine.counters.not_imported(why.code(), why);
        }
        // Also of what is refused, parts may count.
        self.engine.look();
        imported
    }

    /// Activates a bundle that was looked at, once a person said yes, and judges by it at once: see [`activate_bundle`](crate::Client::activate_bundle).
    /// Rights that fell while the program runs stay down until it is started again.
    pub fn activate_bundle(&self, looked: &LookedBundle) -> Result<BundleSays, BundleError> {
        let activated = self.engine.client.activate_bundle(looked);
        // Also of what is refused, parts may count.
        self.engine.look();
        activated
    }

    /// Ends the guard of a program that ends, and gives a seat that is lent back.
    pub fn stop_and_leave(mut self) {
        if let Some(heartbeats) = self.threads.heartbeats.take() {
            heartbeats.stop_and_leave();
        }
    }

    fn within_limits(&self, limits: &[Limit], tenant: &str, action: &str) -> Result<(), ActionRefused> {
        if limits.is_empty() {
            return Ok(());
        }
        let now = self.engine.client.clock.running().as_secs();
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.count(limits, (tenant, action), now).map_err(|limit| {
            self.engine.counters.tenant(tenant, &limit);
            ActionRefused::Tenant { tenant: tenant.to_owned(), limit }
        })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.engine.end();
    }
}
