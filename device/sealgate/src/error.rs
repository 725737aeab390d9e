//! What a program is told when it gets no license (`spec/errors.md` §1).

use std::time::Duration;

use sealgate_artifact::{Code, Family, Foreign};
use sealgate_trust::TrustError;

use crate::{ChainError, Denied};

/// Why there is no license. The variant says whose turn it is, and what a program may do.
///
/// Only [`Error::License`] is a *no*. Everything else says nothing about rights: the program stands where the last
/// verified decision left it (`spec/online.md` §6.5).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The license says no. Tell the user.
    #[error(transparent)]
    License(#[from] Denied),
    /// Something is not what it claims to be. Believe nothing of it, and never show it as "offline".
    #[error(transparent)]
    Security(#[from] SecurityError),
    /// The question or the answer did not arrive. Ask again later.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Whoever builds or sets up this program has to act.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
}

/// Something claimed to come from the vendor and does not, or not for this question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecurityError {
    /// The server could not show that the vendor vouches for it.
    #[error("the server is not the vendor's: {0}")]
    ServerUntrusted(&'static str),
    /// `spec/keys.md` §5.9: the vendor vouches for this server, but not for this.
    #[error("the server's certificate does not cover this tenant, origin or operation")]
    ServerScope,
    /// `spec/keys.md` §5.10.
    #[error("the server's key was revoked")]
    ServerRevoked,
    /// The server's certificate is over.
    #[error("the server's certificate has expired")]
    CertificateExpired,
    /// The server's certificate has not begun.
    #[error("the server's certificate is not valid yet")]
    CertificateNotYetValid,
    /// `spec/online.md` §6.6: a genuine answer to another question.
    #[error("the signed answer was made for another request: its {0} differs")]
    NonceMismatch(&'static str),
    /// What was given as a license file is something else, which people take for one.
    #[error("license file: this is {}", is.what())]
    OtherFile {
        /// What it is.
        is: Foreign,
        /// Why it is refused.
        why: TrustError,
    },
    /// A root statement, keyset, certificate, decision or license that is refused for a reason of its own.
    #[error("{what}: {why}")]
    Statement {
        /// Which one.
        what: &'static str,
        /// Why.
        why: TrustError,
    },
}

/// No answer that could be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Nothing came back.
    #[error("the server did not answer: {0}")]
    Unreachable(String),
    /// TLS did not come about: somebody showed a certificate in the server's name that is not trusted, such as a proxy that opens TLS.
    #[error("the certificate that was shown in the server's name is not trusted: {0}")]
    TlsUntrusted(String),
    /// A refusal that nobody signed. Whoever sits between can make one, so it is no denial (`spec/online.md` §6.3).
    #[error("status {status} without a signed decision{}", said.as_ref().map(Said::quoted).unwrap_or_default())]
    RefusedUnsigned {
        /// The HTTP status.
        status: u16,
        /// What the answer says of itself: for the integrator, never for a decision.
        said: Option<Said>,
        /// When asking again may help.
        retry_after: Option<Duration>,
    },
    /// An answer that is not of the documented form.
    #[error("the answer does not have the documented form: {0}")]
    AnswerInvalid(&'static str),
}

/// The words of an unsigned answer: bounded, with control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What it calls its code.
    pub code: String,
    /// Its sentence.
    pub message: String,
    /// Its name in the server's log.
    pub request_id: String,
}

impl Said {
    fn quoted(&self) -> String {
        format!(", which says \"{}: {}\" (request {})", self.code, self.message, self.request_id)
    }
}

/// What the integrator, or whoever installed the program, has to put right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// No trust was built in.
    #[error("no trust.json is built in")]
    TrustMissing,
    /// What was built in is no trust.json.
    #[error("the built-in trust.json cannot be used: {0}")]
    TrustInvalid(String),
    /// The server's URL is not one.
    #[error("the server's URL cannot be used: {0}")]
    ServerUrl(&'static str),
    /// A question for a server, and none was given.
    #[error("no server was given")]
    ServerMissing,
    /// `http://` to another machine was not asked for by its loud name.
    #[error("the server's URL is http:// to another machine")]
    PlainHttp,
    /// The builder was given no place to keep state.
    #[error("no store was given")]
    StoreMissing,
    /// The builder was given no place to keep revocation data.
    #[error("no store for revocation data was given")]
    RevocationStoreMissing,
    /// The state cannot be read or written.
    #[error("the state cannot be read or written: {0}")]
    Store(String),
    /// The state is not what this program wrote.
    #[error("the state is damaged")]
    StateDamaged,
    /// A later version of this program wrote the state.
    #[error("the state was made by a newer version of this program")]
    StateNewer,
    /// Others write the state all the time.
    #[error("other processes changed the state at every attempt to save it")]
    StateContended,
    /// The fingerprint is not of the form that a request may carry.
    #[error("the fingerprint must have 1 to 128 bytes and no control characters")]
    Fingerprint,
    /// A module is not of the form that a list may name, or there are too many.
    #[error("the modules cannot be listed")]
    Modules,
    /// The proxy or the certificate authority that the transport was given.
    #[error("the transport cannot be used: {0}")]
    Transport(String),
    /// The log of actions, which a heartbeat would have brought to the server.
    #[error(transparent)]
    Chain(ChainError),
    /// The operating system gave no thread.
    #[error("the operating system gave no thread: {0}")]
    Thread(String),
    /// The operating system gave no random bits.
    #[error("the operating system gave no random bits")]
    Entropy,
}

impl Error {
    /// The stable code of `spec/errors.md` §2. A server's denial may carry one that this program does not know.
    pub fn code(&self) -> &str {
        match self {
            Self::License(denied) => &denied.code,
            Self::Security(error) => error.code().as_str(),
            Self::Transport(error) => error.code().as_str(),
            Self::Configuration(error) => error.code().as_str(),
        }
    }

    /// Whose turn it is.
    pub fn family(&self) -> Family {
        match self {
            Self::License(_) => Family::License,
            Self::Security(_) => Family::Security,
            Self::Transport(_) => Family::Transport,
            Self::Configuration(_) => Family::Configuration,
        }
    }

    /// When asking again may help, where anybody said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::License(denied) => denied.retry_after,
            Self::Transport(TransportError::RefusedUnsigned { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }

    /// One sentence: what would put it right.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::License(denied) => denied.fix(),
            Self::Security(error) => error.fix(),
            Self::Transport(error) => error.fix(),
            Self::Configuration(error) => error.fix(),
        }
    }
}

impl SecurityError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::ServerUntrusted(_) => Code::ServerUntrusted,
            Self::ServerScope => Code::ServerScope,
            Self::ServerRevoked => Code::ServerRevoked,
            Self::CertificateExpired => Code::CertificateExpired,
            Self::CertificateNotYetValid => Code::CertificateNotYetValid,
            Self::NonceMismatch(_) => Code::NonceMismatch,
            Self::Statement { why, .. } | Self::OtherFile { why, .. } => why.code(),
        }
    }

    /// One sentence: what would put it right.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::ServerUntrusted(_) => {
                "Check that the address is the vendor's, and that nothing between you and the server answers in its place."
            }
            Self::ServerScope => {
                "Ask the vendor to list this address among the server's origins, or use an address that is listed."
            }
            Self::ServerRevoked => "Ask the vendor: this server may no longer answer.",
            Self::CertificateExpired => {
                "Check this machine's clock; if it is right, ask the vendor to renew the server's certificate."
            }
            Self::NonceMismatch(_) => {
                "Ask again; if the error stays, something between you and the server replays old answers."
            }
            Self::CertificateNotYetValid => "Check this machine's clock.",
            Self::OtherFile { is, .. } => is.fix(),
            Self::Statement { why: TrustError::SignerUnknown, .. } => {
                "Ask the vendor for a current version of this program: it may be older than the key that signed; if the error \
                 stays, the file is not the vendor's."
            }
            Self::Statement { why: TrustError::SignerRevoked, .. } => {
                "Ask the vendor for the file again: what the revoked key signed was signed anew."
            }
            Self::Statement { why: TrustError::NotYetValid { .. } | TrustError::Expired { .. }, .. } => {
                "Check this machine's clock; if it is right, ask the vendor for a current version of this program."
            }
            Self::Statement { .. } => {
                "Ask again over another network; if the error stays, tell the vendor this code."
            }
        }
    }
}

/// The status of a proxy that wants to know who asks.
const PROXY_ASKS_WHO: u16 = 407;
/// The status of a network that wants its users to sign in first.
const NETWORK_ASKS_WHO: u16 = 511;

impl TransportError {
    /// What it means that nothing came back, from what the transport says of it.
    pub fn unanswered(why: impl Into<String>) -> Self {
        let why = why.into();
        // As rustls begins whatever is wrong with a certificate.
        if why.contains("invalid peer certificate") {
            Self::TlsUntrusted(why)
        } else {
            Self::Unreachable(why)
        }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Unreachable(_) => Code::ServerUnreachable,
            Self::TlsUntrusted(_) => Code::TlsUntrusted,
            // Of these two, the server knows nothing.
            Self::RefusedUnsigned { status: PROXY_ASKS_WHO | NETWORK_ASKS_WHO, .. } => {
                Code::ServerUnreachable
            }
            Self::RefusedUnsigned { status: 429, .. } => Code::RateLimited,
            Self::RefusedUnsigned { status: 503, .. } => Code::Unavailable,
            Self::RefusedUnsigned { status: 500..=599, .. } => Code::SystemError,
            Self::RefusedUnsigned { .. } | Self::AnswerInvalid(_) => Code::AnswerInvalid,
        }
    }

    /// Whom the network, and not the server, wants to know: the status that says so. A proxy through which TLS goes says it before
    /// there is an answer.
    fn asks_who(&self) -> Option<u16> {
        [PROXY_ASKS_WHO, NETWORK_ASKS_WHO].into_iter().find(|asked| match self {
            Self::Unreachable(why) => why.contains(&format!("proxy server responded {asked}")),
            Self::RefusedUnsigned { status, .. } => status == asked,
            _ => false,
        })
    }

    /// One sentence: what would put it right.
    pub fn fix(&self) -> &'static str {
        match (self.asks_who(), self) {
            (Some(PROXY_ASKS_WHO), _) => {
                "The proxy wants a user and a password: give them in its URL, http://USER:PASSWORD@HOST:PORT, and ask again."
            }
            (Some(_), _) => {
                "The network wants its users to sign in first: open any web page on this machine, sign in, and ask again."
            }
            (None, Self::Unreachable(_)) => {
                "Check the network, the proxy and the server's address, then ask again."
            }
            (None, Self::TlsUntrusted(_)) => {
                "If a proxy of this network opens TLS, give its authority to HttpTransport's certificate_authority(PEM), or have it leave the \
                 server's address out; on a network that wants a sign-in, sign in first; else check the server's certificate and this \
                 machine's clock."
            }
            (None, Self::RefusedUnsigned { status: 429 | 500..=599, .. }) => "Ask again later.",
            (None, Self::RefusedUnsigned { .. } | Self::AnswerInvalid(_)) => {
                "Check that this is the address of a Sealgate server that knows this app, and ask again."
            }
        }
    }
}

impl ConfigurationError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::TrustMissing => Code::TrustMissing,
            Self::Chain(error) => error.code(),
            Self::Store(_) | Self::StateDamaged | Self::StateNewer | Self::StateContended => {
                Code::FileUnreadable
            }
            _ => Code::ConfigInvalid,
        }
    }

    /// One sentence: what would put it right.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::TrustMissing | Self::TrustInvalid(_) => {
                "Build the program with the file that `sealgate keys export -o trust.json` writes."
            }
            Self::ServerUrl(_) | Self::ServerMissing => {
                "Give the server as https://HOST, with :PORT if it needs one."
            }
            Self::PlainHttp => "Use https://, or call danger_plain_http() if you trust the network.",
            Self::StoreMissing => "Call state_dir(FOLDER) or store(STORE) on the builder.",
            Self::RevocationStoreMissing => {
                "Call state_dir(FOLDER) or revocation_store(STORE) on the builder."
            }
            Self::Store(_) => {
                "Make the state folder writable for the user who runs this program, and make room on its disk."
            }
            Self::StateDamaged => "Restore the state, or remove it: the machine then counts as a new device.",
            Self::StateNewer => "Use the newer version again: only that one knows what the state says.",
            Self::StateContended => "Give each instance of the program its own state.",
            Self::Fingerprint => "Give a fingerprint of 1 to 128 bytes, or none.",
            Self::Modules => {
                "Name at most 1,024 modules, each by its file name without folders, and leave out what a file does not say of itself."
            }
            Self::Transport(_) => "Check the proxy's URL and the PEM of the certificate authority.",
            Self::Chain(error) => error.fix(),
            Self::Thread(_) => "Let the program have one more thread.",
            Self::Entropy => "Run the program where the operating system has a random source.",
        }
    }
}
