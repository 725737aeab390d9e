//! What went wrong, for people and for programs.

use sealgate_artifact::{ArtifactError, Code};
use sealgate_server::assembly::StartError;
use sealgate_server::config::ConfigError;
use sealgate_trust::TrustError;

/// A failure of the program: a stable code, a sentence, and the fix where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) fix: Option<String>,
    pub(crate) request_id: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: code.to_string(), message: message.into(), fix: None, request_id: None }
    }

    pub(crate) fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// The one place that gives a code its exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match Code::ALL.iter().find(|code| code.as_str() == self.code) {
            Some(Code::MalformedRequest | Code::LicenseKeyMalformed | Code::IdMalformed) => 2,
            Some(Code::NotFound) => 3,
            Some(
                Code::NameTaken
                | Code::LicenseRevoked
                | Code::IdempotencyKeyReused
                | Code::DevicesInUse
                | Code::AllowanceSpent
                | Code::OfflineDisabled
                | Code::LimitReached
                | Code::DeviceLimit
                | Code::LifetimeFilesDisabled
                | Code::ServerRevoked
                | Code::KeysetFull,
            ) => 4,
            Some(
                Code::ArtifactTooLarge
                | Code::JsonInvalid
                | Code::Base64Invalid
                | Code::EnvelopeInvalid
                | Code::KindUnexpected
                | Code::FieldMissing
                | Code::FieldUnknown
                | Code::FieldInvalid
                | Code::CritUnknown
                | Code::FileUnreadable,
            ) => 65,
            Some(
                Code::ServerUnreachable
                | Code::Unavailable
                | Code::SystemError
                | Code::AnswerInvalid
                | Code::RateLimited,
            ) => 69,
            Some(Code::TokenInvalid | Code::ScopeMissing | Code::TenantSuspended) => 77,
            Some(
                Code::TrustMissing
                | Code::KeystoreLocked
                | Code::KeystoreInvalid
                | Code::KeyMissing
                | Code::DatabaseMismatch
                | Code::DatabaseUnusable
                | Code::DataInUse
                | Code::ConfigInvalid,
            ) => 78,
            _ => 1,
        }
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
        let lost = matches!(error, StartError::Authority(sealgate_authority::AuthorityError::DatabaseLost));
        let failure = Self::new(code, error.to_string());
        match code {
            _ if lost => failure.fix(
                "put the database back from a backup, or correct --database; a new installation begins with an empty --data",
            ),
            Code::KeystoreLocked => {
                failure.fix("give --passphrase-file, or put keys/unlock.key back in place")
            }
            Code::DatabaseMismatch => {
                failure.fix("start with the data directory whose keys this database was made with")
            }
            Code::DataInUse => failure.fix("stop the other server, or choose another --data"),
            _ => failure,
        }
    }
}
