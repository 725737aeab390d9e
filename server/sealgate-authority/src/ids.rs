//! New identifiers, and the time and randomness that they are made of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sealgate_artifact::{UnixSeconds, encode_hex};

use crate::clock_watch::ClockWatch;
use crate::ports::{Clock, Entropy};

/// A point in time in Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub u64);

impl Moment {
    /// The same in whole seconds, as answers say it.
    pub fn seconds(self) -> UnixSeconds {
        UnixSeconds::new(0).expect("in range").plus(self.0 / 1000)
    }
}

/// Makes identifiers and random values, and tells the time. Clones share one clock and one source.
#[derive(Clone)]
pub struct Ids(Arc<Sources>);

/// Behind one pointer: every request takes clones of it, on all processors.
struct Sources {
    clock: Arc<dyn Clock>,
    watch: ClockWatch,
    entropy: Arc<dyn Entropy>,
    /// The number of the next request, counted from a random one.
    requests: AtomicU64,
}

impl Ids {
    /// Identifiers from this clock and this source of randomness.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let mut first = [0; 8];
        entropy.fill(&mut first);
        let watch = ClockWatch::new(Arc::clone(&clock));
        let requests = AtomicU64::new(u64::from_be_bytes(first));
        Self(Arc::new(Sources { clock, watch, entropy, requests }))
    }

    /// The time in seconds.
    pub fn now(&self) -> UnixSeconds {
        self.moment().seconds()
    }

    /// The time in milliseconds.
    pub fn moment(&self) -> Moment {
        Moment(self.0.clock.unix_millis())
    }

    /// How long ago this process had its beginning: what ages are measured by.
    pub fn elapsed(&self) -> Duration {
        self.0.clock.elapsed()
    }

    /// Whether the clock was set.
    pub fn clock_watch(&self) -> &ClockWatch {
        &self.0.watch
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.entropy.fill(&mut bytes);
        bytes
    }

    /// A new version 7 identifier, made by its constructor: `ids.fresh(LicenseId::new)`.
    pub fn fresh<T>(&self, new: fn(u64, [u8; 10]) -> T) -> T {
        new(self.0.clock.unix_millis(), self.random())
    }

    /// A request id: the time, then a number that differs from others of that time.
    pub fn request_id(&self) -> String {
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        encode_hex(&[&self.0.clock.unix_millis().to_be_bytes()[2..], &number[3..]].concat())
    }
}
