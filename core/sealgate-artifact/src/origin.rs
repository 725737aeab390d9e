//! Where a server is found (`spec/keys.md` §5.8).

use core::net::IpAddr;

/// A server's origin: scheme, host, and a port that is not the scheme's own. It has one spelling, so that comparing bytes
/// compares origins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// Reads the one spelling, such as `https://license.example.com:8443`.
    pub fn parse(text: &str) -> Option<Self> {
        is_origin(text).then(|| Self(text.to_owned()))
    }

    /// The origin in its one spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is `http://`: what is sent there can be read on its way.
    pub fn is_plain(&self) -> bool {
        self.0.starts_with("http://")
    }

    /// The host: a name in lower case, or an address; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").expect("an origin has a scheme").1;
        let after = rest.find(']').unwrap_or(0);
        &rest[..rest[after..].find(':').map_or(rest.len(), |at| after + at)]
    }
}

/// Whether a host of a URL, an IPv6 address with or without brackets, is the machine that names it.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_origin(text: &str) -> bool {
    let (rest, own_port) = match text.split_once("://") {
        Some(("http", rest)) => (rest, "80"),
        Some(("https", rest)) => (rest, "443"),
        _ => return false,
    };
    let (host, port) = match rest.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if is_address(address) => (None, port),
            _ => return false,
        },
        None => rest.find(':').map_or((Some(rest), ""), |at| (Some(&rest[..at]), &rest[at..])),
    };
    let port_is_sound = match port.strip_prefix(':') {
        Some(digits) => is_port(digits) && digits != own_port,
        None => port.is_empty(),
    };
    host.is_none_or(is_host) && port_is_sound
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (1..=253).contains(&host.len()) && host.split('.').all(is_label)
}

fn is_address(text: &str) -> bool {
    (2..=39).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b':'))
}

fn is_port(digits: &str) -> bool {
    digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
        && digits.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn an_origin_has_one_spelling() {
        for sound in [
            "https://license.example.com",
            "http://127.0.0.1:8080",
            "https://a-b.c:8443",
            "http://[::1]:8080",
            "https://[2001:db8::1]",
            "http://localhost:65535",
            "http://x:443",
        ] {
            assert_eq!(Origin::parse(sound).expect(sound).as_str(), sound);
        }
        for other in [
            "",
            "https://",
            "https://:",
            "https://:1",
            "https://a:",
            "https://a:0",
            "https://a:01",
            "https://a:65536",
            "https://a:443",
            "http://a:80",
            "https://a:b:c",
            "https://a:1:2",
            "https://A",
            "HTTPS://a",
            "ftp://a",
            "https://a/",
            "https://a?b",
            "https://u@a",
            "https://-a",
            "https://a-",
            "https://a..b",
            "https://.a",
            "https://a.",
            "https://[]",
            "https://[::1",
            "https://[::1]x",
            "https://[::1]:",
            "https://[::G]",
            "https://[::1%eth0]",
            "https://ä",
            "https:// a",
            "//a",
            "a",
            "https://a:+1",
        ] {
            assert_eq!(Origin::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_host_stands_without_scheme_and_port() {
        for (origin, host, is_plain) in [
            ("https://license.example.com:8443", "license.example.com", false),
            ("http://127.0.0.1", "127.0.0.1", true),
            ("http://[::1]:8080", "[::1]", true),
            ("https://[2001:db8::1]", "[2001:db8::1]", false),
        ] {
            let origin = Origin::parse(origin).expect(origin);
            assert_eq!((origin.host(), origin.is_plain()), (host, is_plain), "{origin}");
        }
    }
}
