//! Counts requests by address, app and license (`spec/http.md` §1.8). Counted in this process; a restart forgives.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use sealgate_artifact::{AppId, LicenseId};
use sealgate_rules::{Bucket, Rate};

use crate::AuthorityError;
use crate::ports::Clock;

/// Locks are spread so that requests seldom meet.
const SHARDS: usize = 16;
/// Buckets of one shard; about a million in all. Blocks memory exhaustion by addresses without number.
const SHARD_BUCKETS: usize = (1 << 16) / 8 * 7;

/// How many requests are taken; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests about one license, except heartbeats.
    pub license: Option<Rate>,
    /// Heartbeats of one license.
    pub heartbeat: Option<Rate>,
    /// Requests from one address; guesses have a budget of the same size, apart from this one.
    pub address: Option<Rate>,
    /// Whether heartbeats count for their address as well.
    pub address_heartbeats: bool,
    /// Requests about one app, by callers who proved to know or to use a license of it.
    pub app: Option<Rate>,
    /// What a wrong guess (an unknown key, app or token) takes from its address's budget for guesses.
    pub guess_costs: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let rate = |n| Some(Rate::per_minute(number(n)));
        Self {
            license: rate(600),
            heartbeat: rate(600),
            address: Some(Rate { per_minute: number(3_000), burst: number(1_500) }),
            address_heartbeats: true,
            app: rate(60_000),
            guess_costs: 20,
        }
    }
}

impl Limits {
    /// The limits that AuthForge documents for its own service.
    pub fn authforge() -> Self {
        let rate = |n| Some(Rate::per_minute(number(n)));
        Self {
            license: rate(5),
            heartbeat: rate(6),
            address: rate(30),
            address_heartbeats: false,
            app: None,
            guess_costs: 1,
        }
    }

    /// No limits: whoever reaches the server can guess and ask without end.
    pub fn danger_off() -> Self {
        Self {
            license: None,
            heartbeat: None,
            address: None,
            address_heartbeats: false,
            app: None,
            guess_costs: 0,
        }
    }
}

fn number(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("the rates above are not zero")
}

/// Whose bucket: what kind, and 128 bits that name one of it.
type Subject = (Kind, [u8; 16]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Address,
    Guess,
    App,
    License,
    Heartbeat,
}

/// Counts who asks how often. One per process; clones share its counts.
#[derive(Clone)]
pub struct Limiter {
    limits: Limits,
    clock: Arc<dyn Clock>,
    shards: Arc<[Mutex<HashMap<Subject, Bucket>>; SHARDS]>,
}

impl Limiter {
    /// Nobody has asked yet.
    pub fn new(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self { limits, clock, shards: Arc::new(std::array::from_fn(|_| Mutex::default())) }
    }

    /// One request from an address. Without a known address, only what is asked about is limited.
    pub fn address(&self, from: Option<IpAddr>) -> Result<(), AuthorityError> {
        let Some(from) = from else { return Ok(()) };
        self.within_rate(self.limits.address, (Kind::Address, network(from)))
    }

    /// One heartbeat from an address.
    pub fn heartbeat_address(&self, from: Option<IpAddr>) -> Result<(), AuthorityError> {
        if self.limits.address_heartbeats { self.address(from) } else { Ok(()) }
    }

    /// One request about an app.
    pub fn app(&self, id: AppId) -> Result<(), AuthorityError> {
        self.within_rate(self.limits.app, (Kind::App, *id.as_bytes()))
    }

    /// One request about a license.
    pub fn license(&self, id: LicenseId) -> Result<(), AuthorityError> {
        self.within_rate(self.limits.license, (Kind::License, *id.as_bytes()))
    }

    /// One heartbeat of a license.
    pub fn heartbeat(&self, id: LicenseId) -> Result<(), AuthorityError> {
        self.within_rate(self.limits.heartbeat, (Kind::Heartbeat, *id.as_bytes()))
    }

    /// A wrong guess from an address. Guesses have a budget of their own, so that who proves a right key or token is not
    /// refused because others guess from the same address. One that is refused here costs nothing more.
    pub fn guess(&self, from: Option<IpAddr>) -> Result<(), AuthorityError> {
        let (Some(rate), Some(from), Some(more)) =
            (self.limits.address, from, self.limits.guess_costs.checked_sub(1))
        else {
            return Ok(());
        };
        let now = self.micros();
        let taken = self.with((Kind::Guess, network(from)), now, |bucket| {
            bucket.take(rate, now).inspect(|()| bucket.charge(rate, more, now))
        });
        taken.map_err(limited)
    }

    /// A question from an address was a guess: it costs no request.
    pub fn give_back_address(&self, from: Option<IpAddr>) {
        if let Some(from) = from {
            self.give_back(self.limits.address, (Kind::Address, network(from)));
        }
    }

    /// The same for a heartbeat.
    pub fn give_back_heartbeat_address(&self, from: Option<IpAddr>) {
        if self.limits.address_heartbeats {
            self.give_back_address(from);
        }
    }

    fn give_back(&self, rate: Option<Rate>, subject: Subject) {
        if let Some(rate) = rate {
            self.with(subject, self.micros(), |bucket| bucket.give_back(rate));
        }
    }

    fn within_rate(&self, rate: Option<Rate>, subject: Subject) -> Result<(), AuthorityError> {
        let Some(rate) = rate else { return Ok(()) };
        let now = self.micros();
        let taken = self.with(subject, now, |bucket| bucket.take(rate, now));
        taken.map_err(limited)
    }

    fn with<T>(&self, subject: Subject, now: u64, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let (_, name) = subject;
        // The last byte of an identifier is random; the last but one of an address's network too, as far as any is.
        let shard = &self.shards[usize::from(name[15] ^ name[7] ^ name[3]) % SHARDS];
        let mut buckets = shard.lock().expect("no holder of this lock panics");
        if buckets.len() >= SHARD_BUCKETS && !buckets.contains_key(&subject) {
            buckets.retain(|_, bucket| !bucket.is_full(now));
            // Still no room: whoever fills so many buckets pays more than is won by emptying them.
            if buckets.len() >= SHARD_BUCKETS {
                buckets.clear();
            }
        }
        act(buckets.entry(subject).or_default())
    }

    /// Monotonic: a clock that was set back must shut nobody out.
    fn micros(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// Says how long to wait, in whole seconds.
fn limited(micros: u64) -> AuthorityError {
    AuthorityError::Limited { seconds: u32::try_from(micros.div_ceil(1_000_000)).unwrap_or(u32::MAX) }
}

/// One IPv4 address, or the network of 64 bits that a household or a machine gets of IPv6.
pub fn network(address: IpAddr) -> [u8; 16] {
    let name = match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6) >> 64 << 64,
    };
    name.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Kind, Limiter, Limits, SHARD_BUCKETS, SHARDS, network};
    use crate::ports::System;

    #[test]
    fn an_address_is_its_network_where_networks_are_handed_out() {
        let of = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
    }

    #[test]
    fn memory_stays_bounded() {
        let limiter = Limiter::new(Limits::default(), Arc::new(System));
        for n in 0..4 * SHARD_BUCKETS as u64 {
            let mut name = [0; 16];
            name[..8].copy_from_slice(&(n << 8).to_be_bytes());
            // All of them in one shard, and none of them full again.
            name[15] = name[7] ^ name[3];
            limiter.within_rate(Limits::default().address, (Kind::Address, name)).expect("each asks once");
        }
        let kept: usize = limiter.shards.iter().map(|shard| shard.lock().expect("no panics").len()).sum();
        assert!(kept <= SHARD_BUCKETS && SHARD_BUCKETS * SHARDS <= 1_000_000);
    }
}
