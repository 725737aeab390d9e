//! Events of a guard, as log lines with stable prefixes and as counts.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sealgate_artifact::{Code, Module, UnixSeconds, encode_hex};
use sealgate_rules::{ClockShows, Finding, GraceWhy, Lack, TenantRefused};

use super::sensors::Seen;
use super::shown::{GuardState, Standing};

/// How many events of each kind there were since the program started.
#[derive(Debug, Default)]
pub struct GuardCounters {
    license: AtomicU64,
    anti_tamper: AtomicU64,
    policy: AtomicU64,
    integrity: AtomicU64,
    /// Which sensor found something first.
    found_by: OnceLock<&'static str>,
}

impl GuardCounters {
    /// Changes of the license's state, and what went wrong with it: `[License]`.
    pub fn license(&self) -> u64 {
        self.license.load(Ordering::Relaxed)
    }

    /// What sensors found: `[AntiTamper]`.
    pub fn anti_tamper(&self) -> u64 {
        self.anti_tamper.load(Ordering::Relaxed)
    }

    /// What limits refused: `[Policy]`.
    pub fn policy(&self) -> u64 {
        self.policy.load(Ordering::Relaxed)
    }

    /// What the check of modules found: `[Integrity]`.
    pub fn integrity(&self) -> u64 {
        self.integrity.load(Ordering::Relaxed)
    }

    fn count(kind: &AtomicU64) {
        kind.fetch_add(1, Ordering::Relaxed);
    }

    /// The program stands elsewhere than before.
    pub(super) fn changed(&self, state: &GuardState) {
        match &state.standing {
            Standing::Licensed => {
                Self::count(&self.license);
                tracing::info!("[License] The license is in force. Tier: {}", state.tier.as_str());
            }
            Standing::Grace { until, why } => self.in_grace(*until, why),
            Standing::Free(lack) => self.fell(lack),
        }
    }

    fn in_grace(&self, until: UnixSeconds, why: &GraceWhy) {
        Self::count(&self.license);
        // As the source of this design writes it: date and time with a blank between.
        let until = until.to_string().replacen('T', " ", 1);
        match why {
            GraceWhy::Unheard => {
                tracing::warn!("[License] Heartbeat failed. Grace period active until {until}");
            }
            GraceWhy::Ended(code) => {
                tracing::warn!(
                    "[License] The server ends the rights ({code}). Grace period active until {until}"
                );
            }
        }
    }

    fn fell(&self, lack: &Lack) {
        let (kind, meaning) = (lack.code(), lack.code().meaning());
        match lack {
            Lack::Tampered => {
                Self::count(&self.anti_tamper);
                let what = self.found_by.get().map_or("A sensor cannot look", |sensor| found(sensor));
                tracing::error!(code = %kind, "[AntiTamper] {what}. Downgrading to Free tier.");
            }
            Lack::Unapproved => {
                Self::count(&self.integrity);
                tracing::error!("[Integrity] {meaning} Downgrading to Free tier. ({kind})");
            }
            Lack::Revoked => {
                Self::count(&self.license);
                tracing::warn!(
                    "[License] Imported revocation data lists this license or its activation. Downgrading to Free tier. ({kind})"
                );
            }
            Lack::NoLicense => {
                Self::count(&self.license);
                tracing::info!("[License] {meaning} The tier is Free. ({kind})");
            }
            _ => {
                Self::count(&self.license);
                tracing::warn!("[License] {meaning} Downgrading to Free tier. ({kind})");
            }
        }
    }

    pub(super) fn clock(&self, shows: ClockShows) {
        let why = match shows {
            ClockShows::Fits => return,
            ClockShows::Behind => "clock_behind: the machine's clock is behind the newest known time",
            ClockShows::Doubtful => {
                "clock_doubted: the machine's clock is far ahead of the newest known time"
            }
            ClockShows::Imported => {
                "clock_behind: the newest revocation data says a later time than this machine knows otherwise"
            }
        };
        Self::count(&self.license);
        tracing::warn!("[License] {why}");
    }

    pub(super) fn unreadable(&self, what: &str, why: &dyn std::fmt::Display) {
        Self::count(&self.license);
        tracing::warn!("[License] {what}: {why}");
    }

    /// This program imported a snapshot, or another one did.
    pub(super) fn imported(&self, version: u64, issued_at: UnixSeconds) {
        Self::count(&self.license);
        tracing::info!("[License] Revocation data of {issued_at} was imported (snapshot {version})");
    }

    pub(super) fn not_imported(&self, code: Code, why: &dyn std::fmt::Display) {
        Self::count(&self.license);
        tracing::warn!("[License] Revocation data was refused: {why} ({code})");
    }

    /// Nobody vouched for the license for long.
    pub(super) fn needs_refresh(&self, since: UnixSeconds) {
        Self::count(&self.license);
        tracing::warn!(
            "[License] NeedsRefresh: since {since}, nothing newer says that the license was not taken back. Let the program reach its server, or import a newer snapshot."
        );
    }

    /// The bundle by which the program runs ends soon.
    pub(super) fn ends_soon(&self, end: UnixSeconds) {
        Self::count(&self.license);
        tracing::warn!(
            "[License] EndsSoon: the license file of this machine ends at {end}. Make a request on this machine and send it to the vendor."
        );
    }

    /// What the program learns does not outlast it.
    pub(super) fn not_persistent(&self, why: &dyn std::fmt::Display) {
        Self::count(&self.license);
        tracing::warn!(
            "[License] StateNotPersistent: what the program learns is lost when it ends, because its state cannot be written: {why}"
        );
    }

    pub(super) fn heartbeat_failed(&self, why: &dyn std::fmt::Display) {
        Self::count(&self.license);
        tracing::warn!("[License] Heartbeat failed: {why}");
    }

    /// A sensor found something, or could not look where that counts.
    pub(super) fn sensor(&self, seen: &Seen) {
        if seen.finding == Finding::Something {
            let _ = self.found_by.set(seen.sensor);
        }
        Self::count(&self.anti_tamper);
        tracing::warn!(sensor = seen.sensor, "[AntiTamper] {}: {}", seen.sensor, seen.what);
    }

    pub(super) fn integrity_failed(&self, why: &str) {
        Self::count(&self.integrity);
        tracing::warn!("[Integrity] {why}");
    }

    /// A module of the program's is not as it was approved.
    pub(super) fn module_differs(&self, module: &Module, approved: &[Module]) {
        Self::count(&self.integrity);
        let got = encode_hex(&module.sha256);
        if let Some(other) = approved.iter().find(|other| other.name == module.name) {
            let expected = encode_hex(&other.sha256);
            tracing::warn!(
                "[Integrity] Module {} hash mismatch. Expected: {expected} Got: {got}",
                module.name
            );
        } else {
            tracing::warn!("[Integrity] Module {} is not approved. Got: {got}", module.name);
        }
    }

    pub(super) fn tenant(&self, tenant: &str, limit: &TenantRefused) {
        Self::count(&self.policy);
        tracing::warn!(
            per_minute = limit.per_minute,
            "[Policy] API rate limit exceeded for tenant {}.",
            tenant.escape_debug()
        );
    }
}

/// What a sensor found, for people.
fn found(sensor: &str) -> &'static str {
    match sensor {
        "debugger" => "Debugger detected",
        "preload" => "Preloaded library detected",
        "profiler" => "Profiler detected",
        "breakpoints" => "Changed code detected",
        _ => "Tampering detected",
    }
}
