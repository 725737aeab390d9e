//! The way to the server: a port. What comes over it is believed of nobody.

use std::time::Duration;

/// Carries one question to a server and brings back what answers.
///
/// Nothing that an implementation does can make a license valid: the client judges signatures, not connections. It must
/// not follow redirects, and not send to any other address than the one it is given.
pub trait Transport: Send + Sync {
    /// Sends once. Whatever came back with a status is an answer, refusals too.
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered>;

    /// How long a whole call of the client may take, with all its questions: [`CALL_BUDGET`] unless it is said otherwise.
    fn budget(&self) -> Duration {
        CALL_BUDGET
    }
}

impl<T: Transport + ?Sized> Transport for std::sync::Arc<T> {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        (**self).exchange(question)
    }

    fn budget(&self) -> Duration {
        (**self).budget()
    }
}

/// One HTTP request. It may hold a license key, so it has no `Debug` text.
#[derive(Clone, Copy)]
pub struct HttpQuestion<'a> {
    /// The whole URL. Never holds a secret.
    pub url: &'a str,
    /// JSON to be posted; `None` is a GET.
    pub body: Option<&'a [u8]>,
    /// How long this exchange may take, from looking up the name to the last byte of the answer.
    pub within: Duration,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After`, where it has whole seconds.
    pub retry_after: Option<Duration>,
    /// The body, at most [`ANSWER_BYTES`].
    pub body: Vec<u8>,
}

/// Nothing whole came back, and why, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered(pub String);

/// How long a whole call may take unless the transport says otherwise.
pub const CALL_BUDGET: Duration = Duration::from_secs(10);

/// The most that is read of one answer: more than the longest chain. Blocks memory exhaustion.
pub const ANSWER_BYTES: u64 = 8 * 1024 * 1024;
