//! Transfers of large files under way: so many at once, of them so many to one network, and each for so long. Whoever reads slowly, or not
//! at all, does not keep others from reading.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealgate_authority::network;
use tokio::time::Instant;

const AT_ONCE: usize = 64;
const OF_ONE: usize = 16;
/// A snapshot is kept for as long (`spec/http.md` §3.22).
const LONGEST: Duration = Duration::from_hours(1);

/// Those under way. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Transfers(Arc<Mutex<UnderWay>>);

#[derive(Default)]
struct UnderWay {
    last: u64,
    places: Vec<Place>,
}

struct Place {
    id: u64,
    network: [u8; 16],
    until: Instant,
}

/// A place among them, until it is dropped.
pub(crate) struct Transfer {
    all: Transfers,
    id: u64,
}

impl Transfers {
    /// A place for a transfer to that address, if there is one.
    pub(crate) fn begin(&self, to: IpAddr, now: Instant) -> Option<Transfer> {
        let mut under_way = self.lock();
        // A reader that stands still does not notice.
        under_way.places.retain(|place| place.until > now);
        let network = network(to);
        let of_one = under_way.places.iter().filter(|place| place.network == network).count();
        if under_way.places.len() >= AT_ONCE || of_one >= OF_ONE {
            return None;
        }
        under_way.last += 1;
        let id = under_way.last;
        under_way.places.push(Place { id, network, until: now + LONGEST });
        Some(Transfer { all: self.clone(), id })
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transfer {
    /// Whether it still has its place.
    pub(crate) fn may_go_on(&self, now: Instant) -> bool {
        self.all.lock().places.iter().any(|place| place.id == self.id && place.until > now)
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.all.lock().places.retain(|place| place.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use tokio::time::Instant;

    use super::{AT_ONCE, LONGEST, OF_ONE, Transfers};

    fn address(n: usize) -> IpAddr {
        Ipv4Addr::from(u32::try_from(n).expect("small")).into()
    }

    #[test]
    fn one_network_gets_no_more_than_its_part_and_all_together_no_more_than_there_are() {
        let (all, now) = (Transfers::default(), Instant::now());
        let begin = |n| all.begin(address(n), now);
        let mut held: Vec<_> = (0..OF_ONE).map_while(|_| begin(1)).collect();
        assert_eq!(held.len(), OF_ONE);
        assert!(begin(1).is_none() && begin(2).is_some(), "another one is let in");
        held.extend((OF_ONE..AT_ONCE).map_while(|n| begin(100 + n)));
        assert_eq!(held.len(), AT_ONCE);
        assert!(begin(2).is_none(), "there is no place");
        held.pop();
        assert!(begin(2).is_some(), "one has ended");
    }

    #[test]
    fn whoever_stands_still_loses_its_place() {
        let (all, now) = (Transfers::default(), Instant::now());
        let held: Vec<_> = (0..AT_ONCE).map_while(|n| all.begin(address(n), now)).collect();
        let later = now + LONGEST;
        assert!(held[0].may_go_on(now) && !held[0].may_go_on(later));
        assert!(all.begin(address(0), now).is_none());
        let next = all.begin(address(0), later).expect("nobody has a place any more");
        assert!(next.may_go_on(later) && !held[0].may_go_on(now));
        drop(held);
        assert!(next.may_go_on(later), "and does not take another one's with it");
    }
}
