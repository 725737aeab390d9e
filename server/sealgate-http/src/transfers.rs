//! Transfers of large files under way: so many at once, and no network keeps others out. Whoever reads slowly, or not at all, does not
//! keep others from reading.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealgate_authority::network;
use tokio::time::Instant;

const AT_ONCE: usize = 64;
/// A shorter file needs no place: every connection may hold as much.
const SHORT: u64 = 64 * 1024;
/// Whoever took no part for so long makes room for others. That is less than 9 KiB a second.
const SLOW: Duration = Duration::from_secs(30);

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
    /// When it took a part last.
    moved_at: Instant,
}

/// A place among them, until it is dropped; `None` where it needs none.
pub(crate) struct Transfer {
    all: Transfers,
    id: Option<u64>,
}

impl Transfers {
    /// A place for a transfer of so many bytes to that address, if there is one, or another one can go.
    pub(crate) fn begin(&self, bytes: u64, to: IpAddr, now: Instant) -> Option<Transfer> {
        if bytes <= SHORT {
            return Some(Transfer { all: self.clone(), id: None });
        }
        let (mut under_way, network) = (self.lock(), network(to));
        if under_way.places.len() >= AT_ONCE {
            let goes = under_way.least(network, now)?;
            under_way.places.retain(|place| place.id != goes);
        }
        under_way.last += 1;
        let id = under_way.last;
        under_way.places.push(Place { id, network, moved_at: now });
        Some(Transfer { all: self.clone(), id: Some(id) })
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    /// Which one goes for a new one of that network: one of the network that has most, where the new one's has at least two
    /// fewer; else one that is slow. Of those, the one that has stood still for longest.
    fn least(&self, network: [u8; 16], now: Instant) -> Option<u64> {
        let mut of_each: HashMap<[u8; 16], usize> = HashMap::new();
        for place in &self.places {
            *of_each.entry(place.network).or_default() += 1;
        }
        let of_one = of_each.get(&network).copied().unwrap_or_default();
        let most = of_each.values().copied().max().unwrap_or_default();
        let may_go = |place: &&Place| {
            if most > of_one + 1 { of_each[&place.network] == most } else { place.moved_at + SLOW <= now }
        };
        self.places.iter().filter(may_go).min_by_key(|place| place.moved_at).map(|place| place.id)
    }
}

impl Transfer {
    /// Whether it still has its place. It takes a part now.
    pub(crate) fn may_go_on(&self, now: Instant) -> bool {
        let Some(id) = self.id else { return true };
        let mut under_way = self.all.lock();
        let place = under_way.places.iter_mut().find(|place| place.id == id);
        place.map(|place| place.moved_at = now).is_some()
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.all.lock().places.retain(|place| Some(place.id) != self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{AT_ONCE, SHORT, SLOW, Transfer, Transfers};

    const LONG: u64 = SHORT + 1;

    fn address(n: usize) -> IpAddr {
        Ipv4Addr::from(u32::try_from(n).expect("small")).into()
    }

    /// All places, shared by so many networks.
    fn fill(all: &Transfers, networks: usize, now: Instant) -> Vec<Transfer> {
        (0..AT_ONCE).map(|n| all.begin(LONG, address(n % networks), now).expect("there is room")).collect()
    }

    #[test]
    fn some_networks_do_not_keep_another_one_out() {
        let (all, now) = (Transfers::default(), Instant::now());
        let held = fill(&all, 4, now);
        // At once, and while all of them read.
        let later = now + Duration::from_secs(1);
        assert!(held.iter().skip(1).all(|transfer| transfer.may_go_on(later)));
        let mut others = vec![all.begin(LONG, address(100), later).expect("it gets a place")];
        assert!(!held[0].may_go_on(later), "the one that stood still goes");
        others.extend((101..148).map(|n| all.begin(LONG, address(n), later).expect("each gets a place")));
        assert!(others.iter().all(|transfer| transfer.may_go_on(later)));
        assert_eq!(held.iter().filter(|transfer| transfer.may_go_on(later)).count(), AT_ONCE - 48);
        assert!(all.begin(LONG, address(0), later).is_none(), "who has most gets no more");
    }

    #[test]
    fn one_network_alone_may_have_all_places() {
        let (all, now) = (Transfers::default(), Instant::now());
        let mut held = fill(&all, 1, now);
        assert!(all.begin(LONG, address(0), now).is_none(), "there is no place");
        let short = all.begin(SHORT, address(0), now).expect("it needs none");
        assert!(short.may_go_on(now));
        held.pop();
        assert!(all.begin(LONG, address(0), now).is_some(), "one has ended");
    }

    #[test]
    fn whoever_is_slow_makes_room_where_all_have_as_much() {
        let (all, now) = (Transfers::default(), Instant::now());
        let held = fill(&all, AT_ONCE, now);
        assert!(all.begin(LONG, address(100), now).is_none());
        let later = now + SLOW;
        assert!(held.iter().skip(1).all(|transfer| transfer.may_go_on(later)));
        let next = all.begin(LONG, address(100), later).expect("one is slow");
        assert!(!held[0].may_go_on(later) && next.may_go_on(later));
        assert!(all.begin(LONG, address(101), later).is_none(), "all others read");
        drop(held);
        assert!(next.may_go_on(later), "and do not take another one's place with them");
    }
}
