//! The jobs, one row each.

use std::future::Future;
use std::pin::Pin;

use sealgate_authority::AuthorityError;
use sealgate_store::table::jobs::SIGN_SNAPSHOTS;

use super::turn::Turn;
use super::{digests, slots, snapshots};

/// A run of a job under way.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<(), AuthorityError>> + Send + 'a>>;

/// Jobs of one lane of a process run one after the other, and hold up those of no other lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// What takes moments.
    Quick,
    /// What signs revocation data of all tenants.
    Snapshots,
    /// What may take minutes, and can wait.
    Slow,
}

impl Lane {
    pub(super) const ALL: [Self; 3] = [Self::Quick, Self::Snapshots, Self::Slow];
}

/// Something that is done again and again.
pub struct Job {
    /// Its name in the database.
    pub name: &'static str,
    /// With which others it takes turns.
    pub lane: Lane,
    /// How many seconds after one run the next one is due; at least 1.
    pub every: u64,
    /// What the log says when it fails.
    pub failure: &'static str,
    /// Does it. It may be cut off at any point, and is then done again from the last position that it kept. A long one
    /// works in pages and calls [`Turn::keep`] after each.
    pub run: for<'a> fn(&'a mut Turn<'_>) -> Running<'a>,
}

/// What a server does.
pub const JOBS: &[Job] = &[
    Job {
        name: "certify_servers",
        lane: Lane::Quick,
        every: 5,
        failure: "license servers wait for their certificates",
        run: |turn| Box::pin(turn.servers().certify()),
    },
    Job {
        name: "forget",
        lane: Lane::Quick,
        every: 60,
        failure: "expired rows could not be deleted",
        run: |turn| Box::pin(async { Ok(turn.upkeep().forget().await?) }),
    },
    Job {
        name: "renew_ahead",
        lane: Lane::Quick,
        // Customers are refused meanwhile, and the clock may be back before the job notices that it was ahead.
        every: 5,
        failure: "what a clock that was ahead had signed could not be made anew",
        run: |turn| Box::pin(turn.servers().renew_ahead()),
    },
    Job {
        name: "list_revoked",
        lane: Lane::Quick,
        every: 5,
        failure: "what revoked licenses have was not listed",
        run: |turn| Box::pin(snapshots::list(turn)),
    },
    Job {
        name: SIGN_SNAPSHOTS,
        lane: Lane::Snapshots,
        every: 60,
        failure: "revocation data was not signed",
        run: |turn| Box::pin(snapshots::sign(turn)),
    },
    Job {
        name: "forget_slots",
        lane: Lane::Slow,
        every: 24 * 60 * 60,
        failure: "slots of what has ended could not be forgotten",
        run: |turn| Box::pin(slots::forget(turn)),
    },
    Job {
        name: "note_key_digests",
        lane: Lane::Slow,
        // Only an older version of this program issues licenses without them.
        every: 24 * 60 * 60,
        failure: "requests of machines without a network do not find all licenses by their keys",
        run: |turn| Box::pin(digests::note(turn)),
    },
];
