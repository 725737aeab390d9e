//! Access lists of an app (`spec/http.md` §2.7).

use core::net::IpAddr;

use ipnet::IpNet;
use sealgate_artifact::UnixSeconds;

/// What an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// As soon as one of these names a device, only devices that are named so are allowed. The same holds for addresses.
    Allow,
    /// Never allowed, even where an allowing entry matches too.
    Deny,
}

impl Effect {
    /// Every effect there is.
    pub const ALL: [Self; 2] = [Self::Allow, Self::Deny];

    /// The effect's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    /// The effect of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effect| effect.as_str() == text)
    }
}

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matcher<'a> {
    /// One device.
    Hwid(&'a str),
    /// One address or a block of them.
    Net(IpNet),
}

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListEntry<'a> {
    /// What it does.
    pub effect: Effect,
    /// What it is about.
    pub matcher: Matcher<'a>,
    /// From this time on the entry has no effect.
    pub expires_at: Option<UnixSeconds>,
}

/// Reads a block in CIDR notation, or one address. Bits behind the prefix must be zero, and an IPv4 address inside IPv6
/// is read as that IPv4 address.
pub fn parse_net(text: &str) -> Option<IpNet> {
    let net = match text.parse::<IpNet>() {
        Ok(net) => net,
        Err(_) => IpNet::from(text.parse::<IpAddr>().ok()?.to_canonical()),
    };
    (net.trunc() == net && net.addr().to_canonical() == net.addr()).then_some(net)
}

/// Whether the lists allow a device at an address. Denying wins. An unknown address matches no entry.
pub fn lists_allow(entries: &[ListEntry<'_>], hwid: &str, address: Option<IpAddr>, now: UnixSeconds) -> bool {
    let address = address.map(|a| a.to_canonical());
    let matches = |entry: &ListEntry<'_>| match entry.matcher {
        Matcher::Hwid(listed) => listed == hwid,
        Matcher::Net(net) => address.is_some_and(|address| net.contains(&address)),
    };
    let live = || entries.iter().filter(|entry| entry.expires_at.is_none_or(|end| now < end));
    let denied = live().any(|entry| entry.effect == Effect::Deny && matches(entry));
    let allowed_among = |is_kind: fn(&Matcher<'_>) -> bool| {
        let mut allowing = live().filter(|e| e.effect == Effect::Allow && is_kind(&e.matcher)).peekable();
        allowing.peek().is_none() || allowing.any(matches)
    };
    !denied
        && allowed_among(|m| matches!(m, Matcher::Hwid(_)))
        && allowed_among(|m| matches!(m, Matcher::Net(_)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::UnixSeconds;

    use super::{Effect, ListEntry, Matcher, lists_allow, parse_net};

    fn at(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).expect("in range")
    }

    fn entry(effect: Effect, matcher: Matcher<'_>) -> ListEntry<'_> {
        ListEntry { effect, matcher, expires_at: None }
    }

    fn net(text: &str) -> Matcher<'static> {
        Matcher::Net(parse_net(text).expect("a block"))
    }

    fn asks(entries: &[ListEntry<'_>], hwid: &str, address: &str) -> bool {
        lists_allow(entries, hwid, address.parse().ok(), at(100))
    }

    #[test]
    fn an_effect_is_read_by_its_word_alone() {
        for (effect, word) in [(Effect::Allow, "allow"), (Effect::Deny, "deny")] {
            assert_eq!((effect.as_str(), Effect::parse(word)), (word, Some(effect)));
        }
        assert_eq!(["", "Allow", "deny "].map(Effect::parse), [None; 3]);
    }

    #[test]
    fn an_empty_list_admits_everybody() {
        assert!(asks(&[], "desk", "192.0.2.1"));
        assert!(asks(&[], "desk", ""));
    }

    #[test]
    fn a_block_covers_its_addresses_in_either_family() {
        let deny = [entry(Effect::Deny, net("192.0.2.0/24")), entry(Effect::Deny, net("2001:db8::/32"))];
        for denied in ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7", "2001:db8:ffff::1"] {
            assert!(!asks(&deny, "desk", denied), "{denied}");
        }
        for admitted in ["192.0.3.0", "192.0.1.255", "2001:db9::", ""] {
            assert!(asks(&deny, "desk", admitted), "{admitted}");
        }
    }

    #[test]
    fn an_allowing_entry_excludes_what_it_does_not_name() {
        let office = [entry(Effect::Allow, net("10.0.0.0/8"))];
        assert!(asks(&office, "desk", "10.9.9.9"));
        assert!(!asks(&office, "desk", "11.0.0.0"));
        assert!(!asks(&office, "desk", ""), "nobody knows where it is");
        let both = [office[0], entry(Effect::Allow, Matcher::Hwid("desk"))];
        assert!(asks(&both, "desk", "10.9.9.9"));
        assert!(!asks(&both, "lap", "10.9.9.9"));
        assert!(!asks(&both, "desk", "11.0.0.0"));
    }

    #[test]
    fn an_entry_counts_until_its_end() {
        let mut deny = entry(Effect::Deny, Matcher::Hwid("desk"));
        deny.expires_at = Some(at(100));
        assert!(lists_allow(&[deny], "desk", None, at(100)));
        assert!(!lists_allow(&[deny], "desk", None, at(99)));
    }

    #[test]
    fn blocks_are_written_in_one_way() {
        for good in ["192.0.2.1", "192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "::1", "::ffff:192.0.2.1"] {
            assert!(parse_net(good).is_some(), "{good}");
        }
        assert_eq!(parse_net("::ffff:192.0.2.1"), parse_net("192.0.2.1/32"));
        for bad in ["192.0.2.1/24", "192.0.2.0/33", "192.0.2", "x", "", "::ffff:192.0.2.0/120", " 192.0.2.1"]
        {
            assert_eq!(parse_net(bad), None, "{bad}");
        }
    }

    fn entries() -> impl Strategy<Value = Vec<ListEntry<'static>>> {
        let matcher = prop_oneof![
            (0usize..4).prop_map(|n| Matcher::Hwid(["d0", "d1", "d2", "d3"][n])),
            (0u8..4, 8u8..=32).prop_map(|(n, bits)| {
                let block = format!("10.0.0.{n}/{bits}").parse::<ipnet::IpNet>().expect("a block");
                Matcher::Net(block.trunc())
            }),
        ];
        let effect = prop_oneof![Just(Effect::Allow), Just(Effect::Deny)];
        prop::collection::vec((effect, matcher).prop_map(|(e, m)| entry(e, m)), 0..6)
    }

    proptest! {
        /// A denying entry never allows anybody, and what it matches is never allowed. The order of entries does not matter.
        #[test]
        fn denying_always_wins(entries in entries(), device in 0u8..4, host in 0u8..4) {
            let (hwid, address) = (format!("d{device}"), format!("10.0.0.{host}"));
            let before = asks(&entries, &hwid, &address);
            let mut reversed = entries.clone();
            reversed.reverse();
            prop_assert_eq!(asks(&reversed, &hwid, &address), before);
            let mut denied: Vec<ListEntry<'_>> = entries.clone();
            denied.push(entry(Effect::Deny, Matcher::Hwid(&hwid)));
            prop_assert!(!asks(&denied, &hwid, &address));
            let mut other = entries;
            other.push(entry(Effect::Deny, Matcher::Hwid("another")));
            prop_assert_eq!(asks(&other, &hwid, &address), before);
        }
    }
}
