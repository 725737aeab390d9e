//! Why a use case did not do what was asked.

use sealgate_artifact::{ArtifactError, Code, CustomerId, LicenseId, LicenseKey, UnixSeconds};
use sealgate_rules::NoBundle;
use sealgate_store::StoreError;
use sealgate_trust::SignError;

/// A name that is longer is not said again.
const MOST_SAID: usize = 128;

/// Why a use case did not do what was asked. Nothing changed.
///
/// Only [`Refused`](Self::Refused), [`Unknown`](Self::Unknown), [`PlanOfOther`](Self::PlanOfOther), [`Limited`](Self::Limited), [`Invalid`](Self::Invalid), [`Unfit`](Self::Unfit), [`Over`](Self::Over),
/// [`NoApp`](Self::NoApp), [`SeveralApps`](Self::SeveralApps), [`TooLarge`](Self::TooLarge), [`Taken`](Self::Taken), [`NotOffline`](Self::NotOffline), [`NoBundle`](Self::NoBundle),
/// [`ScopeMissing`](Self::ScopeMissing), [`ExternalIdTaken`](Self::ExternalIdTaken) and [`CustomerTaken`](Self::CustomerTaken) are answers to the caller. Everything else is a failure of the server: it
/// is logged with its cause and the request's id, and never counted as a refusal.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The answer is no, for a reason that has a code.
    #[error("{}", .0.meaning())]
    Refused(Code),
    /// The tenant has nothing of that name; [`unknown`](Self::unknown) makes it.
    #[error("There is no {what}{} in this tenant.", .named.as_deref().map_or_else(|| " of that name".to_owned(), |named| format!(" {named:?}")))]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// By which name, where that can be said again.
        named: Option<String>,
    },
    /// The app has no plan of that name, and another one has: this.
    #[error("The app has no plan{}; {is} is another app's.", .named.as_deref().map_or_else(|| " of that name".to_owned(), |named| format!(" {named:?}")))]
    PlanOfOther {
        /// By which name, where that can be said again.
        named: Option<String>,
        /// The plan behind its app, as in `editor/pro`.
        is: String,
    },
    /// Somebody asks too often.
    #[error("{}", Code::RateLimited.meaning())]
    Limited {
        /// After how many the same request may be answered.
        seconds: u32,
    },
    /// A field of the request is out of range.
    #[error("{field}: {why}")]
    Invalid {
        /// The field's name in the request.
        field: &'static str,
        /// What it must be.
        why: &'static str,
    },
    /// A field within a field of the request is not what a license can say.
    #[error("{field}: {why}")]
    Unfit {
        /// The field with those that it stands in, such as `policy.heartbeat.grace`.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// An end that the request names is over, or the one that it stands for.
    #[error(
        "{field}: {at} is not in the future: it is now {now}; give a later time as 2027-01-31T12:00:00Z, a later date as 2027-01-31, \
         or a time from now on as 90d, 3m or 1y"
    )]
    Over {
        /// The field's name in the request.
        field: &'static str,
        /// The end, as it was read: that is no secret.
        at: UnixSeconds,
        /// The server's time.
        now: UnixSeconds,
    },
    /// The request names no app, and there is none.
    #[error("The tenant has no app yet.")]
    NoApp,
    /// The request names no app, and there are several: these, as far as the caller may know.
    #[error("app_id: the tenant has several apps; name one{}", if .0.is_empty() { String::new() } else { format!(": {}", .0.join(", ")) })]
    SeveralApps(Vec<String>),
    /// Something else has what this field says.
    #[error("{field}: {}", Code::NameTaken.meaning())]
    Taken {
        /// The field's name in the request.
        field: &'static str,
    },
    /// What a license would carry does not fit into its statement (`spec/license.md` §2.12).
    #[error("{field}: {meaning} Leave out {excess} bytes.", meaning = Code::TermsTooLarge.meaning())]
    TooLarge {
        /// The field that is to change.
        field: &'static str,
        /// How many bytes are too many.
        excess: usize,
    },
    /// The license may not be handed out as a file, for these reasons (`spec/http.md` §3.2).
    #[error("{}", .0.join(" "))]
    NotOffline(Vec<&'static str>),
    /// No bundle of the license is made (`spec/offline.md` §5.1).
    #[error("{0}")]
    NoBundle(NoBundle),
    /// The caller's token lacks a scope.
    #[error("{meaning} It lacks {lacks}; it has {has}.", meaning = Code::ScopeMissing.meaning())]
    ScopeMissing {
        /// The scopes that it lacks, as a person reads them.
        lacks: String,
        /// Those that it has.
        has: String,
    },
    /// Another license of the tenant has that external id: this one.
    #[error("Another license has this external id: license {0}.")]
    ExternalIdTaken(LicenseId),
    /// Another customer of the tenant has that external id: this one.
    #[error("Another customer has this external id: customer {0}.")]
    CustomerTaken(CustomerId),
    /// The server cannot do it now; the same request may succeed later. Says what it is waiting for.
    #[error("busy: {0}")]
    Busy(&'static str),
    /// The server holds something that it never writes, or misses something that must be there.
    #[error("broken: {0}")]
    Broken(String),
    /// Somebody changed what this was based on. The use case is tried again.
    #[error("overtaken by another change")]
    Superseded,
    /// A request with the same idempotency key was answered meanwhile. Its answer is given.
    #[error("answered already")]
    Answered,
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
    /// The signer failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// What a use case says when others changed the same thing each time it tried.
pub const BUSY: AuthorityError = AuthorityError::Busy("other requests keep changing the same data");

/// Something stored is not what this program stores.
pub fn broken(what: impl Into<String>) -> AuthorityError {
    AuthorityError::Broken(what.into())
}

impl From<StoreError> for AuthorityError {
    fn from(error: StoreError) -> Self {
        match error {
            // Whoever was faster has it: another one is drawn.
            StoreError::SlotTaken => Self::Superseded,
            other => Self::Store(other),
        }
    }
}

impl From<ArtifactError> for AuthorityError {
    /// Statements in the database were made by this program.
    fn from(error: ArtifactError) -> Self {
        broken(format!("stored statement: {error}"))
    }
}

impl AuthorityError {
    /// The tenant has nothing of that name. It is said again where it looks like an id or a slug: something else may be a
    /// secret that got into the wrong place.
    pub fn unknown(what: &'static str, named: &str) -> Self {
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'/';
        let is_key = !matches!(LicenseKey::parse(named), Err(ArtifactError::LicenseKey(_)));
        let may_be_said = named.len() <= MOST_SAID && named.bytes().all(is_plain) && !is_key;
        Self::Unknown { what, named: may_be_said.then(|| named.to_owned()) }
    }

    /// The stable code (`spec/errors.md` §2).
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(code) => *code,
            Self::Unknown { .. } | Self::PlanOfOther { .. } | Self::NoApp => Code::NotFound,
            Self::Limited { .. } => Code::RateLimited,
            Self::Invalid { .. } | Self::Unfit { .. } | Self::Over { .. } | Self::SeveralApps(_) => {
                Code::MalformedRequest
            }
            Self::Taken { .. } => Code::NameTaken,
            Self::TooLarge { .. } => Code::TermsTooLarge,
            Self::NotOffline(_) => Code::OfflineDisabled,
            Self::NoBundle(why) => why.code(),
            Self::ScopeMissing { .. } => Code::ScopeMissing,
            Self::ExternalIdTaken(_) | Self::CustomerTaken(_) => Code::ExternalIdTaken,
            Self::Busy(_) | Self::Superseded | Self::Answered => Code::Unavailable,
            Self::Broken(_) => Code::SystemError,
            Self::Store(e) => e.code(),
            Self::Sign(e) => e.code(),
        }
    }

    /// The field of the request that does not fit, where it is one.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } | Self::Over { field, .. } | Self::TooLarge { field, .. } => {
                Some(field)
            }
            Self::Unfit { field, .. } => Some(field),
            _ => None,
        }
    }

    /// Whether the server failed. Otherwise it answered no.
    pub fn is_failure(&self) -> bool {
        !matches!(
            self,
            Self::Refused(_)
                | Self::Unknown { .. }
                | Self::PlanOfOther { .. }
                | Self::Limited { .. }
                | Self::Invalid { .. }
                | Self::Unfit { .. }
                | Self::Over { .. }
                | Self::NoApp
                | Self::SeveralApps(_)
                | Self::Taken { .. }
                | Self::TooLarge { .. }
                | Self::NotOffline(_)
                | Self::NoBundle(_)
                | Self::ScopeMissing { .. }
                | Self::ExternalIdTaken(_)
                | Self::CustomerTaken(_)
        )
    }

    /// After how many seconds the same request may be answered, where that is known.
    pub fn retry_after(&self) -> Option<u32> {
        if let Self::Limited { seconds } = self { Some(*seconds) } else { None }
    }

    /// A sentence for the caller. A failure is named by its code only.
    pub fn public_message(&self) -> String {
        if self.is_failure() { self.code().meaning().to_owned() } else { self.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::AuthorityError;

    #[test]
    fn a_name_is_said_again_where_it_cannot_be_a_secret() {
        let said = |named: &str| AuthorityError::unknown("app", named).to_string();
        assert_eq!(said("edtor"), "There is no app \"edtor\" in this tenant.");
        let key = "000g-40r4-0m30-e209-185g-r38e-1yrb";
        for secret in [
            key,
            &key.to_uppercase(),
            &key.replace("000g", "000h"),
            "sgt_abc",
            "a b",
            "\u{1b}[2J",
            &"x".repeat(129),
        ] {
            assert!(!said(secret).contains(secret), "{secret}");
            assert_eq!(said(secret), "There is no app of that name in this tenant.", "{secret}");
        }
    }
}
