//! Where a request comes from, also behind proxies (`spec/http.md` §1.9).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;
use sealgate_authority::Seldom;
use tokio::time::Instant;

const HEADER: &str = "x-forwarded-for";
/// Longer than any spelling of an address with a port.
const SHOWN_BYTES: usize = 64;

/// The address that a request counts for. There always is one: whoever hides his counts as the proxy that he came through.
#[derive(Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl ClientAddress {
    /// What [`Proxies::find`] found.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        *extensions.get().expect("every request's address is found first")
    }
}

/// The proxies that are believed, and when it was last said that one of them hides its clients.
pub(crate) struct Proxies {
    trusted: Vec<IpNet>,
    started: Instant,
    warned: Seldom,
}

impl Proxies {
    pub(crate) fn new(trusted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { trusted, started: Instant::now(), warned: Seldom::default() })
    }

    /// Finds the address, for the handlers that ask for it.
    pub(crate) fn find(&self, request: &mut Request) {
        let peer =
            request.extensions().get::<ConnectInfo<SocketAddr>>().expect("the listener says who connected");
        let peer = peer.0.ip().to_canonical();
        let (address, hidden) = behind_proxies(peer, request.headers(), &self.trusted);
        if let Some(hidden) = hidden {
            self.warn(address, &hidden);
        }
        request.extensions_mut().insert(ClientAddress(address));
    }

    fn warn(&self, counted: IpAddr, hidden: &Hidden<'_>) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Some(alike) = self.warned.due(now) else { return };
        match hidden {
            Hidden::Unreadable(bytes) => {
                let written = bytes[..bytes.len().min(SHOWN_BYTES)].escape_ascii();
                tracing::warn!(target: "sealgate", %counted, %written, alike, "a trusted proxy wrote into x-forwarded-for what is no address: such clients count as the proxy itself, in limits and access lists");
            }
            Hidden::OtherHeader => {
                tracing::warn!(target: "sealgate", %counted, alike, "a trusted proxy names its clients in the header Forwarded alone, which is not read: they count as the proxy itself, in limits and access lists; let it write x-forwarded-for");
            }
        }
    }
}

/// Why a client counts as the proxy that it came through.
#[derive(Debug, PartialEq)]
enum Hidden<'a> {
    /// The proxy wrote this.
    Unreadable(&'a [u8]),
    /// The proxy wrote `Forwarded` and nothing else.
    OtherHeader,
}

/// The nearest address that is no trusted proxy's, and whether one is hidden behind it. Only what trusted proxies wrote is
/// read, from the right, so the rest of the header, which a client can make up, never counts and hides nothing.
fn behind_proxies<'a>(
    peer: IpAddr,
    headers: &'a HeaderMap,
    trusted: &[IpNet],
) -> (IpAddr, Option<Hidden<'a>>) {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&peer) {
        return (peer, None);
    }
    let mut nearest = peer;
    for value in headers.get_all(HEADER).iter().rev() {
        for element in value.as_bytes().rsplit(|byte| *byte == b',') {
            let Some(address) = read(element) else {
                return (nearest, Some(Hidden::Unreadable(element)));
            };
            nearest = address;
            if !is_trusted(&nearest) {
                return (nearest, None);
            }
        }
    }
    let elsewhere = !headers.contains_key(HEADER) && headers.contains_key("forwarded");
    (nearest, elsewhere.then_some(Hidden::OtherHeader))
}

/// spec/http.md §1.9: `v4`, `v4:port`, `v6`, `[v6]`, `[v6]:port`, each also in quotes and between blanks.
fn read(element: &[u8]) -> Option<IpAddr> {
    const BLANKS: [char; 2] = [' ', '\t'];
    let text = std::str::from_utf8(element).ok()?.trim_matches(BLANKS);
    let unquoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let text = unquoted.unwrap_or(text).trim_matches(BLANKS);
    let address = match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(v6) => IpAddr::V6(v6.parse().ok()?),
        None => text.parse().or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip())).ok()?,
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::IpAddr;
    use std::sync::{Arc, Mutex};

    use axum::http::{HeaderMap, HeaderName, HeaderValue};
    use ipnet::IpNet;
    use proptest::prelude::*;

    use super::{Hidden, Proxies, behind_proxies};

    const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

    fn trusted() -> [IpNet; 2] {
        ["10.0.0.0/8", "192.0.2.7/32"].map(|net| net.parse().expect("a block"))
    }

    fn headers(forwarded: &[&[u8]]) -> HeaderMap {
        let values = forwarded.iter().map(|value| HeaderValue::from_bytes(value).expect("a header value"));
        values.map(|value| (FORWARDED_FOR, value)).collect()
    }

    /// The address that counts, and what hides another one.
    fn seen(peer: &str, forwarded: &[&[u8]]) -> (String, Option<Vec<u8>>) {
        let (peer, headers): (IpAddr, _) = (peer.parse().expect("an address"), headers(forwarded));
        let (address, hidden) = behind_proxies(peer, &headers, &trusted());
        let hidden = hidden.map(|hidden| match hidden {
            Hidden::Unreadable(bytes) => bytes.to_vec(),
            Hidden::OtherHeader => panic!("there is no other header"),
        });
        (address.to_string(), hidden)
    }

    #[track_caller]
    fn is_seen(peer: &str, forwarded: &[&str], address: &str) {
        let forwarded: Vec<&[u8]> = forwarded.iter().map(|value| value.as_bytes()).collect();
        assert_eq!(seen(peer, &forwarded), (address.to_owned(), None), "{forwarded:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        is_seen("203.0.113.5", &[], "203.0.113.5");
        // Anyone may send the header.
        is_seen("203.0.113.5", &["198.51.100.1"], "203.0.113.5");
        is_seen("203.0.113.5", &["unknown"], "203.0.113.5");
        is_seen("10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        // The left part is made up.
        is_seen("10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1");
        is_seen("10.0.0.1", &["1.1.1.1", "198.51.100.1, 192.0.2.7"], "198.51.100.1");
        // Requests of a proxy's own.
        is_seen("10.0.0.1", &[], "10.0.0.1");
        is_seen("10.0.0.1", &["10.0.0.9"], "10.0.0.9");
        is_seen("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1");
    }

    #[test]
    fn every_spelling_of_an_address_is_read() {
        for spelling in ["198.51.100.1", "198.51.100.1:4711", "[::ffff:198.51.100.1]:4711"] {
            is_seen("10.0.0.1", &[spelling], "198.51.100.1");
            is_seen("10.0.0.1", &[&format!(" \t\"{spelling}\"\t ")], "198.51.100.1");
            is_seen("10.0.0.1", &[&format!("unknown,{spelling} ,\"10.0.0.9:1\"")], "198.51.100.1");
        }
        for spelling in ["2001:db8::1", "[2001:db8::1]", "[2001:DB8:0::1]:4711", "\"[2001:db8::1]\""] {
            is_seen("10.0.0.1", &[spelling], "2001:db8::1");
        }
    }

    #[test]
    fn whoever_is_hidden_counts_as_the_proxy_that_he_came_through() {
        let unreadable: [&[u8]; 12] = [
            b"unknown",
            b"_hidden",
            b"",
            b" ",
            b"\xe9",
            b"198.51.100.1:x",
            b"198.51.100.1:70000",
            b"[198.51.100.1]",
            b"\"198.51.100.1",
            b"[2001:db8::1",
            b"for=198.51.100.1",
            b"010.1.1.1",
        ];
        for written in unreadable {
            assert_eq!(seen("10.0.0.1", &[written]), ("10.0.0.1".to_owned(), Some(written.to_vec())));
            let behind_two = [b"198.51.100.1,", written, b",10.0.0.9"].concat();
            assert_eq!(seen("10.0.0.1", &[&behind_two]), ("10.0.0.9".to_owned(), Some(written.to_vec())));
        }
    }

    #[test]
    fn the_other_header_is_not_read() {
        let mut other = HeaderMap::new();
        other.insert("forwarded", HeaderValue::from_static("for=198.51.100.1"));
        let proxy = IpAddr::from([10, 0, 0, 1]);
        assert_eq!(behind_proxies(proxy, &other, &trusted()), (proxy, Some(Hidden::OtherHeader)));
        other.insert(FORWARDED_FOR, HeaderValue::from_static("203.0.113.5"));
        assert_eq!(behind_proxies(proxy, &other, &trusted()), (IpAddr::from([203, 0, 113, 5]), None));
        let stranger = IpAddr::from([203, 0, 113, 9]);
        assert_eq!(behind_proxies(stranger, &other, &trusted()), (stranger, None));
    }

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no writer panics").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn it_is_warned_of_once_a_minute_and_what_was_written_cannot_forge_the_log() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
        let proxies = Proxies::new(trusted().to_vec());
        tracing::subscriber::with_default(subscriber, || {
            let written = [&b"\n\x1b[31m\xe9"[..], &[b'x'; 1000]].concat();
            for _ in 0..3 {
                proxies.warn(IpAddr::from([10, 0, 0, 1]), &Hidden::Unreadable(&written));
            }
        });
        let log = log.0.lock().expect("no writer panics").clone();
        let log = String::from_utf8(log).expect("UTF-8");
        assert_eq!((log.lines().count(), log.matches("WARN").count()), (1, 1), "{log}");
        assert!(log.contains(r"counted=10.0.0.1 written=\n\x1b[31m\xe9x") && log.len() < 600, "{log}");
    }

    /// What a header's value may hold (RFC 9110 §5.5), with many commas.
    fn value() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![4 => Just(b','), 8 => b' '..=b'~', 4 => 0x80..=0xff_u8, 1 => Just(b'\t')];
        let part = prop_oneof![
            prop::collection::vec(byte, 0..12),
            any::<IpAddr>().prop_map(|address| address.to_string().into_bytes()),
            any::<[u8; 3]>().prop_map(|[a, b, c]| format!("10.{a}.{b}.{c}").into_bytes()),
        ];
        prop::collection::vec(part, 0..6).prop_map(|parts| parts.join(&b','))
    }

    proptest! {
        /// Whatever a header holds, the request counts for an address; if one is hidden, for a proxy's.
        #[test]
        fn some_address_always_counts(values in prop::collection::vec(value(), 0..4)) {
            let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
            let (address, hidden) = seen("10.0.0.1", &values);
            let address: IpAddr = address.parse().expect("an address");
            prop_assert!(hidden.is_none() || trusted().iter().any(|net| net.contains(&address)));
        }

        /// Whatever a client sends, what the proxy adds to it decides.
        #[test]
        fn what_a_client_sends_hides_nothing(made_up in value(), address: IpAddr, with_port: bool) {
            prop_assume!(!trusted().iter().any(|net| net.contains(&address.to_canonical())));
            let written = match address {
                _ if !with_port => address.to_string(),
                IpAddr::V4(v4) => format!("{v4}:50211"),
                IpAddr::V6(v6) => format!("[{v6}]:50211"),
            };
            let appended = [&made_up[..], b", ", written.as_bytes()].concat();
            let expected = (address.to_canonical().to_string(), None);
            prop_assert_eq!(seen("10.0.0.1", &[&appended]), expected.clone());
            prop_assert_eq!(seen("10.0.0.1", &[&made_up, written.as_bytes()]), expected);
        }
    }
}
