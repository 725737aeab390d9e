//! What a program gets: the rights of a verified license.

use sealgate_artifact::{
    Decision, Feature, License as Signed, LicenseId, Licensee, Limit, Outcome, Tier, UnixSeconds, Variable,
    VariableValue,
};

use sealgate_trust::Policies;

use crate::ConfigurationError;

/// The rights of one license. There is no way to make one but to verify it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    id: LicenseId,
    tier: Tier,
    features: Vec<Feature>,
    limits: Vec<Limit>,
    variables: Vec<Variable>,
    licensee: Licensee,
    trial: Option<Trial>,
    max_devices: Option<u32>,
    expires_at: Option<UnixSeconds>,
    devices_used: Option<u64>,
    server_time: Option<UnixSeconds>,
    not_remembered: Option<String>,
}

/// How long a license can be tried on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// Days from first use on.
    pub days: u32,
    /// When it is over.
    pub ends_at: UnixSeconds,
}

/// What a license says about one feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a>(Option<&'a Feature>);

impl<'a> Asked<'a> {
    /// Whether the license names the feature.
    pub fn is_granted(self) -> bool {
        self.0.is_some()
    }

    /// The feature's value, where the license gives one.
    pub fn value(self) -> Option<&'a str> {
        self.0.and_then(|feature| feature.value.as_deref())
    }
}

/// `spec/license.md` §2.14: a question alone enforces no policy, so it refuses a license that has one. The guard enforces them.
pub(crate) const POLICIES: Policies = Policies::Unknown;

impl License {
    /// `spec/online.md` §1.1: rights come from the license only. Of the decision it takes what gives none (§6.7), what narrows,
    /// and the app's variables.
    pub(crate) fn new(signed: &Signed, decision: Option<&Decision>) -> Self {
        let (trial_ends, of_app) = match decision.map(|decision| &decision.outcome) {
            Some(Outcome::Allowed { trial_ends, variables, .. }) => (*trial_ends, variables.as_slice()),
            _ => (None, [].as_slice()),
        };
        let is_free = |variable: &&Variable| !signed.variables.iter().any(|own| own.name == variable.name);
        Self {
            id: signed.license,
            tier: signed.tier,
            features: signed.features.clone(),
            limits: signed.limits.clone(),
            // The license's own come before the app's.
            variables: signed.variables.iter().chain(of_app.iter().filter(is_free)).cloned().collect(),
            licensee: signed.licensee.clone().unwrap_or_default(),
            trial: None,
            max_devices: signed.max_devices.seats(),
            expires_at: signed.expires_at,
            devices_used: decision.and_then(|decision| decision.devices_used),
            server_time: decision.map(|decision| decision.issued_at),
            not_remembered: None,
        }
        .tried_until(signed, trial_ends)
    }

    /// The same license, which is tried until then, where it is a trial.
    pub(crate) fn tried_until(self, signed: &Signed, trial_ends: Option<UnixSeconds>) -> Self {
        let earlier = |ends: UnixSeconds| signed.expires_at.map_or(ends, |end| end.min(ends));
        Self {
            trial: signed.trial_days.zip(trial_ends).map(|(days, ends_at)| Trial { days, ends_at }),
            expires_at: trial_ends.map_or(signed.expires_at, |ends| Some(earlier(ends))),
            ..self
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
        self.feature(name).is_granted()
    }

    /// What it says about the feature of this name: `license.feature("sso").value()`.
    pub fn feature(&self, name: &str) -> Asked<'_> {
        Asked(self.features.iter().find(|feature| feature.name == name))
    }

    /// Every feature it names.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The limit of this name, such as the most projects; `None` where the license sets none.
    pub fn limit(&self, name: &str) -> Option<u64> {
        self.limits.iter().find(|limit| limit.name == name).map(|limit| limit.value)
    }

    /// Every limit it sets.
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// What the vendor set under this name for this license, else for the app. The app's variables come with a server's answer,
    /// not with a file. A number with a fraction comes as text, such as `0.5`.
    pub fn variable(&self, name: &str) -> Option<&VariableValue> {
        self.variables.iter().find(|variable| variable.name == name).map(|variable| &variable.value)
    }

    /// Every variable.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// For whom it is, as far as the vendor lets it say so. Nobody checked it.
    pub fn licensee(&self) -> &Licensee {
        &self.licensee
    }

    /// Until when this device may try it; `None` where it is no trial.
    pub fn trial(&self) -> Option<Trial> {
        self.trial
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
