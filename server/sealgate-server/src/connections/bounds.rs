//! The bounds themselves.

use std::num::NonZeroU32;
use std::time::Duration;

/// What connections may do.
#[derive(Debug, Clone, Copy)]
pub struct Connections {
    /// So many at once. When one more comes, one that sends nothing is closed for it.
    pub most: NonZeroU32,
    /// So long a head may take to arrive; the first from the beginning of the connection on.
    pub head: Duration,
    /// So long a connection may wait for its next request.
    pub idle: Duration,
    /// So long a client may take nothing of its answer.
    pub still: Duration,
}

impl Connections {
    /// More than proxies open, and little memory even if all of them send what they can.
    pub const MOST: NonZeroU32 = NonZeroU32::new(2_000).expect("not zero");
}

impl Default for Connections {
    /// Longer than common proxies keep a connection, so that it is they who close it.
    fn default() -> Self {
        let (head, idle, still) = (Duration::from_secs(20), Duration::from_mins(3), Duration::from_mins(1));
        Self { most: Self::MOST, head, idle, still }
    }
}
