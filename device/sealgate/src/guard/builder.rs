//! Putting a guard together.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use sealgate_artifact::{Code, Module};
use sealgate_rules::{DAYS_BEFORE_END, FREE_FEATURES, Features, Local, Rights};
use zeroize::Zeroizing;

use super::Guard;
use super::checks::Checks;
use super::config::{GuardConfig, GuardConfigError, Mode};
use super::engine::{Engine, Setup};
use super::enhancer::Enhancer;
use super::events::GuardCounters;
use super::material::Files;
use super::refused::StartRefused;
use super::sensors::{PlatformSensors, Sensors};
use super::threads::Threads;
use crate::{Client, KeptBundle};

/// What a [`Guard`] needs. The license decides what is enforced; what is said here only narrows it.
pub struct GuardBuilder {
    client: Arc<Client>,
    free: Vec<String>,
    local: Local,
    files: Files,
    is_online: bool,
    has_threads: bool,
    checks: Checks,
    key: Option<Zeroizing<String>>,
    proof_needed: Option<PathBuf>,
    enhancers: Vec<Box<dyn Enhancer>>,
    days_before_end: u64,
}

impl Client {
    /// Begins a guard by what this client keeps. Where nothing else is said, and the client has a server, it is online: it sends heartbeats as
    /// the license wants them.
    pub fn guard(self: &Arc<Self>) -> GuardBuilder {
        GuardBuilder {
            client: self.clone(),
            free: FREE_FEATURES.iter().map(|name| (*name).to_owned()).collect(),
            local: Local::default(),
            files: Files::default(),
            is_online: true,
            has_threads: true,
            checks: Checks::new(PlatformSensors),
            key: None,
            proof_needed: None,
            enhancers: vec![],
            days_before_end: DAYS_BEFORE_END,
        }
    }
}

impl GuardBuilder {
    /// What works without a license, in the place of the usual list.
    #[must_use]
    pub fn free<'a>(mut self, features: impl IntoIterator<Item = &'a str>) -> Self {
        self.free = features.into_iter().map(str::to_owned).collect();
        self
    }

    /// The bytes of a license file and of an activation proof that were put beside the program, for where the client's state holds no
    /// activation.
    #[must_use]
    pub fn files(mut self, license: Option<Vec<u8>>, proof: Option<Vec<u8>>) -> Self {
        self.files = Files { license, proof, ..self.files };
        self
    }

    /// The signed statement of the release that is installed, as `sealgate release show ID --statement` prints it: the files that it lists are
    /// approved beside those of the proof, so that an update needs no new activation. It approves nothing where it does not verify.
    #[must_use]
    pub fn release(mut self, statement: Vec<u8>) -> Self {
        self.files.release = Some(statement);
        self
    }

    /// Asks nobody. A license that wants heartbeats then gives rights only until its deadline.
    #[must_use]
    pub fn offline(mut self) -> Self {
        self.is_online = false;
        self
    }

    /// Below this folder lie the program's own files, which are compared with the approved ones where the license wants that.
    #[must_use]
    pub fn install_root(mut self, folder: impl Into<PathBuf>) -> Self {
        self.checks.install_root = Some(folder.into());
        self
    }

    /// Other sensors than the platform's.
    #[must_use]
    pub fn sensors(mut self, sensors: impl Sensors + 'static) -> Self {
        self.checks.sensors = Box::new(sensors);
        self
    }

    /// Starts no threads: the program calls [`Guard::heartbeat`] when a heartbeat is due, and asks for the
    /// [state](Guard::state) when it wants to know.
    #[must_use]
    pub fn without_threads(mut self) -> Self {
        self.has_threads = false;
        self
    }

    /// What the program's own configuration adds.
    #[must_use]
    pub fn narrowed(mut self, local: Local) -> Self {
        self.local = local;
        self
    }

    /// What a configuration says: whether anybody is asked, what lies beside the program, and what it narrows. `key` is the license key for a
    /// machine that is not activated yet ([`GuardConfig::license_key`]).
    ///
    /// A program that may not activate itself needs a proof, on disk or in its state, or does not start.
    pub fn configured(
        mut self,
        config: &GuardConfig,
        key: Option<Zeroizing<String>>,
    ) -> Result<Self, GuardConfigError> {
        let placed = config.placed()?;
        self.files = Files { release: placed.release.or(self.files.release), ..placed };
        self.local = config.local.clone();
        self.is_online = config.mode == Mode::Online;
        self.days_before_end = config.days_before_end.unwrap_or(self.days_before_end);
        if self.is_online && config.activates {
            self.key = key;
        } else if self.is_online {
            let usual = || PathBuf::from("licenses/activation_proof.json");
            self.proof_needed = Some(config.proof_file.clone().unwrap_or_else(usual));
        }
        Ok(self)
    }

    /// From how many days before the end of its bundle the program is told, as an event and in [`ends_soon`](super::GuardState::ends_soon): 7 where
    /// nothing is said. A bundle that is shorter than 28 days is told of in its last quarter, at the earliest.
    #[must_use]
    pub fn tell_days_before_end(mut self, days: u64) -> Self {
        self.days_before_end = days;
        self
    }

    /// Adds a part of the program's own.
    #[must_use]
    pub fn enhancer(mut self, enhancer: impl Enhancer + 'static) -> Self {
        self.enhancers.push(Box::new(enhancer));
        self
    }

    /// Judges everything, once, and then watches (`spec/guard.md` §5).
    ///
    /// It waits for a server only where its answer may help: where the program would have no rights else.
    pub fn start(mut self) -> Result<Guard, StartRefused> {
        let counters = GuardCounters::default();
        // Without a server there is nobody to ask.
        let has_server = self.client.server.is_some();
        self.is_online &= has_server;
        self.key.take_if(|_| !has_server);
        self.activated(&counters)?;
        let setup = Setup {
            free: Features::free(self.free.iter().map(String::as_str)),
            local: self.local,
            files: self.files,
            is_online: self.is_online,
            checks: self.checks,
            days_before_end: self.days_before_end,
        };
        let engine = Arc::new(Engine::start(self.client, setup, counters));
        if let Rights::Blocked(lack) = engine.rights() {
            return Err(StartRefused::of(lack));
        }
        let state = engine.shown().state.clone();
        for enhancer in &self.enhancers {
            enhancer.on_startup(&state);
        }
        let mut threads = Threads::default();
        if self.has_threads {
            threads = Threads::start(&engine, self.is_online)?;
        }
        Ok(Guard { engine, tenants: Mutex::default(), enhancers: self.enhancers, threads })
    }

    /// A machine that is not activated yet, and may be by itself, is activated before all is judged.
    fn activated(&mut self, counters: &GuardCounters) -> Result<(), StartRefused> {
        let is_kept = self.client.kept_activation().is_ok_and(|held| held.is_some());
        // spec/guard.md §5.3: a proof that gives no right now is a proof, and so is a bundle.
        let has_proof = || is_kept || self.files.proof.is_some() || self.bundle().is_some();
        if let Some(path) = self.proof_needed.as_ref().filter(|_| !has_proof()) {
            return Err(StartRefused::ProofMissing { path: path.display().to_string() });
        }
        let Some(key) = self.key.take().filter(|_| !is_kept || self.is_taken_back()) else { return Ok(()) };
        if self.bundle().is_some_and(|bundle| bundle.is_in_use && bundle.denied.is_none()) {
            return Ok(());
        }
        if let Err(why) = self.client.activate_with_modules(&key, &self.own_modules()) {
            counters.unreadable("online activation failed, what is free works", &why);
        }
        Ok(())
    }

    fn bundle(&self) -> Option<KeptBundle> {
        self.client.bundle().ok().flatten()
    }

    /// Whether revocation data lists what is held: activating again is the way out. Where data is lost, a heartbeat is.
    fn is_taken_back(&self) -> bool {
        let denied = self.client.activation().err();
        denied.is_some_and(|why| why.code() == Code::Revoked.as_str())
    }

    /// The program's own files, where it said where they are.
    #[cfg(target_os = "linux")]
    fn own_modules(&self) -> Vec<Module> {
        let root = self.checks.install_root.as_deref();
        root.and_then(|root| crate::integrity::collect(root).ok()).unwrap_or_default()
    }

    #[cfg(not(target_os = "linux"))]
    fn own_modules(&self) -> Vec<Module> {
        vec![]
    }
}
