//! What the program is configured with: its section `LicenseConfigs`, its license key, and the files beside it.

use std::path::{Path, PathBuf};

use sealgate::Client;
use sealgate::guard::{GuardConfig, Mode};
use sealgate_artifact::{ArtifactError, Code, LicenseKey};

use super::check::{Check, Found, check};
use super::variables::Variables;
use crate::commands::held::deadline;
use crate::failure::Failure;
use crate::files;

/// The variable that may name the key.
const VARIABLE: &str = "SEALGATE_LICENSE_KEY";
/// Where the key lies where no configuration says otherwise.
const KEY_FILE: &str = "licenses/license.key";
const PROOF_FILE: &str = "licenses/activation_proof.json";

/// The configuration of a program, as far as one was named and reads.
pub(super) struct Program {
    pub(super) config: GuardConfig,
    file: Option<PathBuf>,
}

impl Program {
    /// Whether somebody said how the program is configured.
    pub(super) fn is_named(&self) -> bool {
        self.file.is_some()
    }

    /// Reads it. One that does not read is told, and then counts as none.
    pub(super) fn read(file: Option<&Path>) -> (Self, Check) {
        let none = || Self { config: GuardConfig::default(), file: None };
        let Some(file) = file else {
            let said = "no configuration was named: --config FILE reads the section LicenseConfigs of one";
            return (none(), check("config", Ok(said.to_owned())));
        };
        match parsed(file) {
            Err(failure) => (none(), check("config", Err(failure))),
            Ok(config) => {
                let told = told(file, &config);
                (Self { config, file: Some(file.to_owned()) }, told)
            }
        }
    }

    /// Where the program looks for a proof.
    pub(super) fn proof_file(&self) -> PathBuf {
        self.config.proof_file.clone().unwrap_or_else(|| PathBuf::from(PROOF_FILE))
    }

    /// A machine without an activation: a program that activates itself does more about it than `sglic` should.
    pub(super) fn not_activated(&self, why: Failure) -> Failure {
        if !self.activates() || why.code != Code::NotActivated.as_str() {
            return why;
        }
        why.fix("Start the program: it activates this machine. If it did already, give --state the program's own state folder.")
    }

    /// Whether a program with this configuration would activate itself.
    fn activates(&self) -> bool {
        self.is_named() && self.config.mode == Mode::Online && self.config.activates
    }
}

fn parsed(file: &Path) -> Result<GuardConfig, Failure> {
    let invalid = |why: &dyn std::fmt::Display| {
        Failure::new(Code::ConfigInvalid, format!("{}: {why}", file.display())).fix(
            "Correct the section LicenseConfigs; the guard's page of the vendor's book names every setting.",
        )
    };
    let bytes = files::read(file)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid(&"this is no text"))?;
    let is_toml = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("toml"));
    let config = if is_toml { GuardConfig::from_toml(text) } else { GuardConfig::from_json(text) };
    config.map_err(|why| invalid(&why))
}

fn told(file: &Path, config: &GuardConfig) -> Check {
    let shown = file.display();
    if !config.has_section {
        let message = format!(
            "{shown} has no section LicenseConfigs, so the program has every default: it asks nobody, and reads no key"
        );
        let failure = Failure::new(Code::ConfigInvalid, message);
        return check(
            "config",
            Err(failure.fix("Add the section LicenseConfigs, or name the file that the program reads.")),
        );
    }
    let mode = match config.mode {
        Mode::Online => "Online",
        Mode::Offline => "Offline",
    };
    let endpoint = config.endpoint.as_ref().map(|endpoint| format!(", {endpoint}")).unwrap_or_default();
    if config.unknown.is_empty() {
        return check("config", Ok(format!("{shown} reads: {mode}{endpoint}")));
    }
    let message = format!(
        "{shown}: no setting is called {}; what nobody knows changes nothing",
        config.unknown.join(", ")
    );
    let failure = Failure::new(Code::ConfigInvalid, message);
    check("config", Err(failure.fix("Compare the spelling with the guard's page of the vendor's book.")))
        .into_warning()
}

/// Where the license key comes from, and whether it can be one. The key itself is never shown.
pub(super) fn key(program: &Program, variables: &Variables, is_activated: bool) -> Check {
    let variable = match variables.license_key.as_ref().map(|value| value.to_str()) {
        Some(None) => {
            let failure = Failure::new(Code::ConfigInvalid, format!("{VARIABLE} is set, and is no text"));
            return check("key", Err(failure.fix("Set it to the license key as it was issued.")));
        }
        value => value.flatten().map(str::trim).filter(|value| !value.is_empty()),
    };
    // Without a configuration nobody knows whether the program reads this file.
    if program.is_named() {
        return key_of(&program.config, variable)
            .unwrap_or_else(|place| no_key(place, program.activates(), is_activated));
    }
    let usual = GuardConfig { license_file: Some(PathBuf::from(KEY_FILE)), ..GuardConfig::default() };
    key_of(&usual, variable).unwrap_or_else(|place| no_key(place, false, is_activated)).into_warning()
}

/// What the file or the variable holds; where neither holds a key, where the file should be.
fn key_of(config: &GuardConfig, variable: Option<&str>) -> Result<Check, Option<String>> {
    let place = config.license_file.as_deref().map(place);
    let in_file = match config.license_key(None) {
        Ok(key) => key,
        Err(why) => {
            let failure = Failure::new(Code::FileUnreadable, why.to_string());
            let fix = "Let the file hold the bare key, or {\"LicenseKey\": \"…\"}, and let the program's user read it.";
            return Ok(check("key", Err(failure.fix(fix))));
        }
    };
    let is_other =
        |key: &str| variable.is_some_and(|other| LicenseKey::normalise(other) != LicenseKey::normalise(key));
    match (in_file, variable) {
        (Some(key), _) => {
            let other = is_other(&key).then(|| format!("{VARIABLE} names another key: the file's counts"));
            Ok(formed(&key, &place.unwrap_or_default()).with_notes(other))
        }
        (None, Some(key)) => {
            let absent = place.map(|place| format!("{place} is not there, so the variable counts"));
            Ok(formed(key, VARIABLE).with_notes(absent))
        }
        (None, None) => Err(place),
    }
}

fn no_key(place: Option<String>, activates: bool, is_activated: bool) -> Check {
    let place = place
        .map_or_else(|| "LicenseFilePath names no file".to_owned(), |place| format!("{place} is not there"));
    let message = format!("{place}, and {VARIABLE} is not set");
    if is_activated {
        return check("key", Ok("none is needed, because this machine is activated".to_owned()))
            .with_notes([message]);
    }
    let failure = Failure::new(Code::LicenseMissing, message);
    let fix = format!(
        "Put the key where LicenseFilePath says, seen from the folder in which the program is started, or set {VARIABLE}."
    );
    let check = check("key", Err(failure.fix(fix)));
    if activates { check } else { check.into_warning() }
}

/// Whether it is of the form of license keys.
fn formed(key: &str, from: &str) -> Check {
    match LicenseKey::parse(key) {
        Ok(_) => check("key", Ok(format!("a license key is in {from}"))),
        Err(error) => {
            let message = format!("what is in {from} is no license key of this vendor's server: {error}");
            let failure = Failure::new(Code::LicenseKeyMalformed, message);
            let fix = "Copy it again as it was issued, whole. Only a vendor who took keys over from another system has others.";
            let check = check("key", Err(failure.fix(fix)));
            // What a slip of the finger makes of a key is no other system's.
            if matches!(error, ArtifactError::LicenseKeyMistyped) { check } else { check.into_warning() }
        }
    }
}

/// Whether the program finds an activation: in its state, else in files beside it.
pub(super) fn proof(program: &Program, client: &Client, is_activated: bool) -> Check {
    if is_activated {
        return check(
            "proof",
            Ok("the state folder holds an activation, which counts before any file".to_owned()),
        );
    }
    if !program.is_named() {
        return check(
            "proof",
            Ok("the state folder holds none; --config FILE says where the program looks besides".to_owned()),
        );
    }
    check("proof", beside(program, client))
}

fn beside(program: &Program, client: &Client) -> Found {
    let proof = program.proof_file();
    let license = program.config.license_json();
    let bytes = |path: Option<&Path>| path.map_or(Ok(None), files::read_if_there);
    let found = (bytes(license.as_deref())?, bytes(Some(&proof))?);
    let shown = license.as_deref().map_or_else(|| "LicenseFilePath names no folder".to_owned(), place);
    match found {
        (Some(license), Some(proof_bytes)) => {
            let activation = client.verify_activation_files(&license, &proof_bytes).map_err(|error| {
                let failure = Failure::from(error);
                Failure { message: format!("{} with {shown}: {}", place(&proof), failure.message), ..failure }
            })?;
            let until =
                deadline(client, &activation)?.map_or_else(String::new, |until| format!(" until {until}"));
            Ok(format!("{} counts{until}", place(&proof)))
        }
        (_, None) if program.config.mode == Mode::Online && !program.config.activates => {
            let message = format!(
                "{} is not there, and FallbackToOnlineActivation is false: the program does not start",
                place(&proof)
            );
            Err(Failure::new(Code::NotActivated, message)
                .fix("Put the proof there, or let the program activate itself."))
        }
        (Some(_), None) => {
            Ok(format!("{shown} is there without a proof: enough for a license that wants no heartbeats"))
        }
        (None, _) if program.config.mode == Mode::Offline => {
            let message = format!("the program asks nobody, and no license lies there: {shown}");
            let fix = "Put license.json and the proof beside the key's file: `sglic activate --output` writes both.";
            Err(Failure::new(Code::LicenseMissing, message).fix(fix))
        }
        (None, _) => Ok("nothing lies beside the program; it activates itself when it starts".to_owned()),
    }
}

/// A path as the program sees it, and where that is from here.
fn place(path: &Path) -> String {
    if path.is_absolute() {
        return path.display().to_string();
    }
    format!("{} (from here: {})", path.display(), files::resolved(path).display())
}
