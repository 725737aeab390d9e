//! What one heartbeat brought (`spec/activation.md` §7.2).

use std::time::Duration;

use sealgate_artifact::UnixSeconds;

use crate::ChainError;

/// A verified answer to a heartbeat. It gives no rights: those come from the license.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Beat {
    /// What the server says.
    pub said: BeatSaid,
    /// The server's time in the answer.
    pub server_time: UnixSeconds,
    /// Whether the request was made for this answer, and at most two minutes before it came. If not, an earlier call had sent it, or the machine
    /// slept meanwhile, and the answer may be as old as that.
    pub asked_now: bool,
    /// When it came, by the clock that nobody sets: what passes until somebody takes it in counts.
    pub(crate) came_at: Duration,
    /// Until when the license gives this device rights without another answer, as far as it gives any. By the server's clock.
    pub rights_until: UnixSeconds,
    /// Until when the device holds a seat that is lent.
    pub lease_until: Option<UnixSeconds>,
    /// When the next heartbeat is due, by this machine's clock.
    pub next_due: UnixSeconds,
    /// Whether a newer version of the license came with the answer.
    pub license_changed: bool,
    /// Why what the answer says of the chain of actions could not be followed: an entry that it acknowledges is not in the log, or the
    /// log cannot be written.
    pub chain_error: Option<ChainError>,
    /// Why the answer could not be remembered. The next heartbeat then asks with the same bytes again.
    pub not_remembered: Option<String>,
}

/// What a server says to a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BeatSaid {
    /// The device is still admitted.
    Admitted,
    /// The same, and revocation data that was imported lists the license or the proof: here, they admit nobody.
    Revoked,
    /// The heartbeat counted, and the license gives this device no more rights from a time on.
    Ended {
        /// Why: a code of `spec/errors.md` §2, or one that this program does not know.
        code: String,
        /// From then on the tier is `free`. No later answer about the same end moves it back.
        grace_until: UnixSeconds,
    },
    /// The heartbeat did not count, and moves no deadline.
    Refused {
        /// Why: a code of `spec/errors.md` §2, or one that this program does not know.
        code: String,
        /// When asking again may help: a day at most.
        retry_after: Option<Duration>,
    },
}
