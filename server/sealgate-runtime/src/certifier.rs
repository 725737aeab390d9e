//! The port through which a missing certificate is made at once, tried now and then only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sealgate_authority::AuthorityError;
use sealgate_authority::certificates::Certify;

/// How long nothing is tried after a failure: every attempt writes to the database, and questions of a server that was revoked would each
/// make one.
const PAUSE: Duration = Duration::from_millis(500);

/// Makes this server's certificates, where its process can.
pub(crate) struct Certifier {
    certify: Certify,
    /// From then on it is tried again, in milliseconds of the process's own time.
    again_at: AtomicU64,
}

impl Certifier {
    pub(crate) fn new(certify: Certify) -> Self {
        Self { certify, again_at: AtomicU64::new(0) }
    }

    /// Makes what is missing; busy for a while after it failed. `now` is the process's own time.
    pub(crate) async fn make_missing(&self, now: Duration) -> Result<(), AuthorityError> {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        if millis(now) < self.again_at.load(Ordering::SeqCst) {
            return Err(AuthorityError::Busy("this server could not get a certificate a moment ago"));
        }
        let made = (self.certify)().await;
        if made.is_err() {
            self.again_at.store(millis(now.saturating_add(PAUSE)), Ordering::SeqCst);
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use sealgate_authority::AuthorityError;

    use super::Certifier;

    #[tokio::test]
    async fn what_failed_is_not_tried_again_for_half_a_second() {
        let tried = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&tried);
        let certifier = Certifier::new(Arc::new(move || {
            let attempt = count.fetch_add(1, Ordering::SeqCst);
            let done = if attempt < 2 { Err(AuthorityError::Busy("revoked")) } else { Ok(()) };
            Box::pin(async move { done })
        }));
        // One failure, none, another failure, none, and then every time.
        for (at, made, attempts) in [
            (10, false, 1),
            (509, false, 1),
            (510, false, 2),
            (1_009, false, 2),
            (1_010, true, 3),
            (1_011, true, 4),
        ] {
            let outcome = certifier.make_missing(Duration::from_millis(at)).await;
            assert_eq!((outcome.is_ok(), tried.load(Ordering::SeqCst)), (made, attempts), "at {at}");
        }
    }
}
