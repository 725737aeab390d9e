//! What went wrong, for people and for programs.

use sealgate_artifact::{ArtifactError, Code};
use sealgate_control::BootstrapError;
use sealgate_server::StartError;
use sealgate_server::config::ConfigError;
use sealgate_signer::KeystoreError;
use sealgate_trust::TrustError;
use serde::Serialize;

/// A failure of the program: a stable code, a sentence, and the fix where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    /// The exit code, where it is another than the code's.
    #[serde(skip)]
    pub(crate) exit: Option<u8>,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: code.to_string(), message: message.into(), fix: None, request_id: None, exit: None }
    }

    /// A person was asked, and said no: nothing failed, and nothing was done.
    pub(crate) fn declined() -> Self {
        let message = "nothing was changed".to_owned();
        Self { code: String::new(), message, fix: None, request_id: None, exit: None }
    }

    /// With another fix where this is what happened.
    pub(crate) fn fix_for(self, code: Code, fix: &str) -> Self {
        if self.code == code.as_str() { self.fix(fix) } else { self }
    }

    pub(crate) fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// 1 for a code that this version does not know, and for a no.
    pub(crate) fn exit_code(&self) -> u8 {
        self.exit.unwrap_or_else(|| Code::parse(&self.code).map_or(1, Code::exit_code))
    }
}

impl From<TrustError> for Failure {
    fn from(error: TrustError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<ArtifactError> for Failure {
    fn from(error: ArtifactError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { fix: error.fix(), ..Self::new(error.code(), error.to_string()) }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let error = match error {
            StartError::Config(error) => return error.into(),
            other => other,
        };
        let code = error.code();
        let differs = matches!(error, StartError::Keystore(KeystoreError::SecretDiffers(_)));
        let is_held = matches!(error, StartError::HeldByUser { .. });
        let is_a_runtimes = matches!(error, StartError::NoVendorKeys);
        let keys_lost = matches!(error, StartError::KeysLost(_));
        let lost = matches!(error, StartError::Bootstrap(BootstrapError::DatabaseLost));
        let failure = Self::new(code, error.to_string());
        if let Some(fix) = error.fix() {
            return failure.fix(fix);
        }
        if lost {
            return failure.fix(
                "restore the database from a backup, or correct --database; for a new installation, give an empty --data",
            );
        }
        if keys_lost {
            return failure.fix(
                "give the data directory that has the keys, or restore keys/ from a backup: nothing was written; for a new \
                 installation, give an empty --data and an empty --database",
            );
        }
        if is_held {
            return failure.fix(
                "stop the server of yours that has that user; if none has it, whoever stole it is in the database: do as the \
                 operator's guide says under \"A stolen runtime\"",
            );
        }
        if differs {
            return failure.fix(
                "share into a new directory, start the server on that one, and approve it: it makes a key of its own",
            );
        }
        if is_a_runtimes {
            return failure
                .fix("give the Authority's data directory, or start a runtime with `sealgate serve --role runtime`");
        }
        Self { fix: code.fix().map(str::to_owned), ..failure }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;
    use sealgate_artifact::Code;

    use crate::args::Args;

    /// The program's help lists exactly the exit codes of the table; 0 is success.
    #[test]
    fn exit_codes_are_those_of_the_help() {
        let help = Args::command().get_after_help().expect("the help says how to begin").to_string();
        let listed = help.split("Exit codes: 0 done, ").nth(1).expect("the help lists the exit codes");
        let listed: BTreeSet<u8> =
            listed.split([',', ' ', '\n']).filter_map(|word| word.parse().ok()).collect();
        assert_eq!(Code::ALL.iter().map(|code| code.exit_code()).collect::<BTreeSet<_>>(), listed);
    }
}
