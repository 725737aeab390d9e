//! A program's own configuration of its guard (`docs/book/guard.md`). It only narrows what the license enforces.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sealgate_rules::Local;
use serde::Deserialize;
use serde_json::Value;

/// The section of a configuration file.
const SECTION: &str = "LicenseConfigs";
const HOUR: u64 = 3_600;
const MINUTE: u64 = 60;

/// What the section `LicenseConfigs` of a program's configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardConfig {
    /// Whether the program asks a server.
    pub mode: Mode,
    /// A file with the license key, beside which `license.json` may lie.
    pub license_file: Option<PathBuf>,
    /// The activation proof.
    pub proof_file: Option<PathBuf>,
    /// Whether a program without a proof activates itself when it starts.
    pub activates: bool,
    /// The server's URL.
    pub endpoint: Option<String>,
    /// How long one question may take in all.
    pub timeout: Option<Duration>,
    /// From how many days before the end of its bundle the program is told; `None`: 7.
    pub days_before_end: Option<u64>,
    /// What it adds to what the license enforces.
    pub local: Local,
    /// Settings that this version does not know, for a warning.
    pub unknown: Vec<String>,
    /// Whether the section was there at all. Without it, everything has its default.
    pub has_section: bool,
}

/// Whether the program asks a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Mode {
    /// It asks nobody. A license that wants heartbeats then gives rights until its deadline only.
    #[default]
    Offline,
    /// It asks.
    Online,
}

/// A configuration that does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}{why}")]
pub struct GuardConfigError {
    place: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Section {
    mode: Mode,
    license_file_path: Option<PathBuf>,
    activation_proof_path: Option<PathBuf>,
    fallback_to_online_activation: bool,
    enable_anti_tampering: bool,
    enable_integrity: bool,
    fail_mode: FailMode,
    tell_days_before_end: Option<u64>,
    online: Online,
    #[serde(flatten)]
    unknown: serde_json::Map<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Online {
    endpoint: Option<String>,
    enable_heartbeat: bool,
    heartbeat_interval_minutes: Option<u64>,
    revocation_grace_hours: Option<u64>,
    timeout_seconds: Option<u64>,
    #[serde(flatten)]
    unknown: serde_json::Map<String, Value>,
}

#[derive(Deserialize, Default, PartialEq, Eq)]
enum FailMode {
    #[default]
    Soft,
    Hard,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            license_file_path: None,
            activation_proof_path: None,
            fallback_to_online_activation: true,
            enable_anti_tampering: false,
            enable_integrity: false,
            fail_mode: FailMode::default(),
            tell_days_before_end: None,
            online: Online::default(),
            unknown: serde_json::Map::new(),
        }
    }
}

impl Default for GuardConfig {
    /// What a section says in which nothing stands.
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            license_file: None,
            proof_file: None,
            activates: true,
            endpoint: None,
            timeout: None,
            days_before_end: None,
            local: Local::default(),
            unknown: vec![],
            has_section: false,
        }
    }
}

impl GuardConfig {
    /// Reads the section `LicenseConfigs` of a JSON text. Without it, everything has its default.
    pub fn from_json(text: &str) -> Result<Self, GuardConfigError> {
        // Some editors begin a file with a mark of its encoding.
        let text = text.trim_start_matches('\u{feff}');
        let whole: Value = serde_json::from_str(text).map_err(|why| GuardConfigError::of("", &why))?;
        Self::of_section(whole.get(SECTION).cloned())
    }

    /// Reads the section `[LicenseConfigs]` of a TOML text.
    pub fn from_toml(text: &str) -> Result<Self, GuardConfigError> {
        let whole: Value = toml::from_str(text).map_err(|why| GuardConfigError::of("", &why))?;
        Self::of_section(whole.get(SECTION).cloned())
    }

    /// The license file that may lie beside the file with the key.
    pub fn license_json(&self) -> Option<PathBuf> {
        Some(self.license_file.as_deref().and_then(Path::parent)?.join("license.json"))
    }

    /// The statement of the release that is installed, which may lie there, too.
    pub fn release_json(&self) -> Option<PathBuf> {
        Some(self.license_file.as_deref().and_then(Path::parent)?.join("release.json"))
    }

    fn of_section(section: Option<Value>) -> Result<Self, GuardConfigError> {
        let has_section = section.is_some();
        let section = section.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let section: Section =
            serde_json::from_value(section).map_err(|why| GuardConfigError::of("LicenseConfigs: ", &why))?;
        let local = section.local()?;
        let Section { online, unknown, .. } = section;
        let below = online.unknown.keys().map(|name| format!("Online.{name}"));
        Ok(Self {
            mode: section.mode,
            license_file: section.license_file_path,
            proof_file: section.activation_proof_path,
            activates: section.fallback_to_online_activation,
            endpoint: online.endpoint,
            timeout: online.timeout_seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs),
            days_before_end: section.tell_days_before_end,
            local,
            unknown: unknown.keys().cloned().chain(below).collect(),
            has_section,
        })
    }
}

impl Section {
    fn local(&self) -> Result<Local, GuardConfigError> {
        let times = |minutes: u64, hours: u64| Some((minutes.checked_mul(MINUTE)?, hours.checked_mul(HOUR)?));
        let (minutes, hours) = (
            self.online.heartbeat_interval_minutes.unwrap_or(240),
            self.online.revocation_grace_hours.unwrap_or(24),
        );
        let too_long = || GuardConfigError::of("LicenseConfigs.Online: ", &"a time is too long");
        // Offline no heartbeat is sent, and only what the license wants counts.
        let wants = self.online.enable_heartbeat && self.mode == Mode::Online;
        let heartbeat = wants.then(|| times(minutes, hours).ok_or_else(too_long)).transpose()?;
        Ok(Local {
            heartbeat,
            is_hard: self.fail_mode == FailMode::Hard,
            integrity: self.enable_integrity,
            anti_tamper: self.enable_anti_tampering,
        })
    }
}

impl GuardConfigError {
    pub(super) fn of(place: &str, why: &dyn std::fmt::Display) -> Self {
        Self { place: place.to_owned(), why: why.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use sealgate_rules::Local;

    use super::{GuardConfig, Mode};

    const ENTERPRISE: &str = r#"{ "Logging": {}, "LicenseConfigs": {
        "Mode": "Online", "LicenseFilePath": "licenses/license.key", "ActivationProofPath": "licenses/activation_proof.json",
        "FallbackToOnlineActivation": true, "EnableAntiTampering": true, "FailMode": "Hard",
        "Online": { "Endpoint": "https://license.example.com", "EnableHeartbeat": true, "HeartbeatIntervalMinutes": 240,
                    "RevocationGraceHours": 24, "TimeoutSeconds": 10 } } }"#;

    #[test]
    fn the_sections_of_both_registrations_read() {
        let read = GuardConfig::from_json(ENTERPRISE).expect("it reads");
        let local =
            Local { heartbeat: Some((14_400, 86_400)), is_hard: true, integrity: false, anti_tamper: true };
        assert_eq!((read.mode, read.activates, &read.local), (Mode::Online, true, &local));
        assert_eq!(read.license_json(), Some(PathBuf::from("licenses/license.json")));
        assert_eq!(
            (read.timeout, read.endpoint.as_deref()),
            (Some(Duration::from_secs(10)), Some("https://license.example.com"))
        );
        let base = r#"{"LicenseConfigs":{"Mode":"Offline","LicenseFilePath":"licenses/license.key"}}"#;
        let base = GuardConfig::from_json(base).expect("it reads");
        assert_eq!((base.mode, &base.local, base.activates), (Mode::Offline, &Local::default(), true));
        assert_eq!(GuardConfig::from_json(&format!("\u{feff}{ENTERPRISE}")), Ok(read));
        let none = GuardConfig::from_json("{}").expect("it reads");
        assert_eq!((none.mode, none.has_section, base.has_section), (Mode::Offline, false, true));
        assert_eq!(none, GuardConfig::default());
    }

    #[test]
    fn toml_says_the_same() {
        let toml = r#"
            [LicenseConfigs]
            Mode = "Online"
            LicenseFilePath = "licenses/license.key"
            ActivationProofPath = "licenses/activation_proof.json"
            FallbackToOnlineActivation = true
            EnableAntiTampering = true
            FailMode = "Hard"
            [LicenseConfigs.Online]
            Endpoint = "https://license.example.com"
            EnableHeartbeat = true
            HeartbeatIntervalMinutes = 240
            RevocationGraceHours = 24
            TimeoutSeconds = 10
        "#;
        assert_eq!(GuardConfig::from_toml(toml), GuardConfig::from_json(ENTERPRISE));
    }

    #[test]
    fn a_mistake_is_named() {
        let unknown = r#"{"LicenseConfigs":{"EnforcementMode":"Development","Online":{"RefreshMinutes":1}}}"#;
        let unknown = GuardConfig::from_json(unknown).expect("it reads");
        assert_eq!(unknown.unknown, ["EnforcementMode", "Online.RefreshMinutes"], "and weakens nothing");
        for (text, says) in [
            ("{", "EOF"),
            (
                r#"{"LicenseConfigs":{"Mode":"Cloud"}}"#,
                "unknown variant `Cloud`, expected `Offline` or `Online`",
            ),
            (r#"{"LicenseConfigs":{"FailMode":1}}"#, "LicenseConfigs: "),
            (
                r#"{"LicenseConfigs":{"Mode":"Online","Online":{"EnableHeartbeat":true,"RevocationGraceHours":18446744073709551615}}}"#,
                "too long",
            ),
        ] {
            let error = GuardConfig::from_json(text).expect_err(text).to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
