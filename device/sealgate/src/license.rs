//! What a program gets: the rights of a verified license.

use sealgate_artifact::{Decision, License as Signed, LicenseId, Tier, UnixSeconds};

use crate::ConfigurationError;

/// The rights of one license. There is no way to make one but to verify it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    id: LicenseId,
    tier: Tier,
    features: Vec<String>,
    max_devices: Option<u32>,
    expires_at: Option<UnixSeconds>,
    devices_used: Option<u64>,
    server_time: Option<UnixSeconds>,
    not_remembered: Option<String>,
}

impl License {
    /// `spec/online.md` §1.1: rights come from the license only. Of the decision it takes what gives none (§6.7).
    pub(crate) fn new(signed: &Signed, decision: Option<&Decision>) -> Self {
        Self {
            id: signed.license,
            tier: signed.tier,
            features: signed.features.clone(),
            max_devices: signed.max_devices.seats(),
            expires_at: signed.expires_at,
            devices_used: decision.and_then(|decision| decision.devices_used),
            server_time: decision.map(|decision| decision.issued_at),
            not_remembered: None,
        }
    }

    /// The same license, of which the state does not know.
    pub(crate) fn not_kept(self, why: &ConfigurationError) -> Self {
        Self { not_remembered: Some(why.to_string()), ..self }
    }

    /// The license's identity across its versions. Safe in logs, unlike its key.
    pub fn id(&self) -> LicenseId {
        self.id
    }

    /// The tier it grants.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Whether it names this feature: byte by byte, so case counts.
    pub fn has_feature(&self, name: &str) -> bool {
        self.features.iter().any(|feature| feature == name)
    }

    /// Every feature it names.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        self.features.iter().map(String::as_str)
    }

    /// How many devices may use it; `None` where they are not counted.
    pub fn max_devices(&self) -> Option<u32> {
        self.max_devices
    }

    /// From then on it gives no right; `None` never ends.
    pub fn expires_at(&self) -> Option<UnixSeconds> {
        self.expires_at
    }

    /// How many devices use it, as the server says; `None` offline, or where the server does not say.
    pub fn devices_used(&self) -> Option<u64> {
        self.devices_used
    }

    /// Why this answer could not be remembered, for whoever installs the program: it names the state folder and the reason.
    /// `None` where all is well. The rights are the same, but the next start does not know of this answer.
    pub fn not_remembered(&self) -> Option<&str> {
        self.not_remembered.as_deref()
    }

    /// The time the server signed; `None` offline.
    pub fn server_time(&self) -> Option<UnixSeconds> {
        self.server_time
    }
}
