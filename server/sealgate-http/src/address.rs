//! Where a request comes from, also behind proxies (`spec/http.md` §1.9).

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

/// The client's address, where it is known.
#[derive(Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

/// Finds the address, for the handlers that ask for it.
pub(crate) async fn find(State(trusted): State<Vec<IpNet>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let address = peer.and_then(|peer| behind_proxies(peer, request.headers(), &trusted));
    request.extensions_mut().insert(ClientAddress(address));
    next.run(request).await
}

/// The nearest address that is no trusted proxy's. Only what trusted proxies wrote is read, so the rest of the header,
/// which a client can make up, never counts. What cannot be read hides the address.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let values = headers.get_all("x-forwarded-for").iter().rev();
    let mut nearest = peer;
    for value in values {
        for text in value.to_str().ok()?.rsplit(',') {
            nearest = text.trim().parse::<IpAddr>().ok()?.to_canonical();
            if !is_trusted(&nearest) {
                return Some(nearest);
            }
        }
    }
    Some(nearest)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::http::{HeaderMap, HeaderValue};

    use super::behind_proxies;

    fn seen(peer: &str, forwarded: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).expect("a header value"));
        }
        let trusted = ["10.0.0.0/8", "192.0.2.7/32"].map(|net| net.parse().expect("a block"));
        let peer: IpAddr = peer.parse().expect("an address");
        behind_proxies(peer, &headers, &trusted).map(|address| address.to_string())
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(seen("203.0.113.5", &[]).as_deref(), Some("203.0.113.5"));
        assert_eq!(
            seen("203.0.113.5", &["198.51.100.1"]).as_deref(),
            Some("203.0.113.5"),
            "anyone may send the header"
        );
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"]).as_deref(), Some("198.51.100.1"));
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1, 198.51.100.1"]).as_deref(),
            Some("198.51.100.1"),
            "the left part is made up"
        );
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1", "198.51.100.1, 192.0.2.7"]).as_deref(),
            Some("198.51.100.1")
        );
        assert_eq!(seen("10.0.0.1", &[]).as_deref(), Some("10.0.0.1"));
        assert_eq!(
            seen("10.0.0.1", &["10.0.0.9"]).as_deref(),
            Some("10.0.0.9"),
            "a request of a proxy's own"
        );
        assert_eq!(seen("10.0.0.1", &["unknown"]), None);
        assert_eq!(seen("10.0.0.1", &["198.51.100.1:4711"]), None);
        assert_eq!(seen("10.0.0.1", &["::ffff:198.51.100.1"]).as_deref(), Some("198.51.100.1"));
    }
}
