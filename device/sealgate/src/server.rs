//! The server's address, and the origin that its certificate must name (`spec/keys.md` §5.8).

use sealgate_artifact::{Origin, is_loopback};

use crate::ConfigurationError;

/// A server's URL, taken apart once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) origin: Origin,
    /// What stands before `/api/v1`, without a slash at its end.
    base: String,
}

impl Server {
    pub(crate) fn parse(url: &str) -> Result<Self, ConfigurationError> {
        let wrong = ConfigurationError::ServerUrl;
        let (scheme, rest) = url.split_once("://").ok_or(wrong("it names no scheme"))?;
        let (scheme, own_port) = match scheme.to_ascii_lowercase().as_str() {
            "https" => ("https", "443"),
            "http" => ("http", "80"),
            _ => return Err(wrong("its scheme is neither https nor http")),
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let path = path.trim_end_matches('/');
        let is_plain_path = |b: u8| b.is_ascii_alphanumeric() || b"/-._~".contains(&b);
        if !path.bytes().all(is_plain_path) || path.contains("//") || path.split('/').any(|s| s == "..") {
            return Err(wrong("its path has a query, a fragment or an unusual character"));
        }
        let (host, port) = host_and_port(authority)?;
        let port = port.filter(|port| *port != own_port).map(|port| format!(":{port}")).unwrap_or_default();
        // However the address was typed, what is compared has the one spelling.
        let origin = Origin::parse(&format!("{scheme}://{host}{port}"));
        let origin = origin.ok_or(wrong("its host is neither a name nor an address"))?;
        Ok(Self { base: format!("{origin}{path}"), origin })
    }

    /// Whether what is sent could be read on its way.
    pub(crate) fn is_open_to_others(&self) -> bool {
        self.origin.is_plain() && !is_loopback(self.origin.host())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn host_and_port(authority: &str) -> Result<(String, Option<&str>), ConfigurationError> {
    let wrong = ConfigurationError::ServerUrl;
    let at = match authority.find(']') {
        Some(end) => end + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at(at);
    let port = match rest.strip_prefix(':') {
        Some(port) if port.parse::<u16>().is_ok_and(|n| n > 0 && n.to_string() == port) => Some(port),
        None if rest.is_empty() => None,
        _ => return Err(wrong("its port is not 1 to 65535")),
    };
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().ok().map(|address| format!("[{address}]")),
        None => Some(host.to_ascii_lowercase()),
    };
    host.map(|host| (host, port)).ok_or(wrong("its host is neither a name nor an address"))
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn an_address_has_the_origin_that_certificates_spell() {
        for (url, origin, asked) in [
            ("https://license.example.com", "https://license.example.com", "https://license.example.com/x"),
            (
                "HTTPS://License.Example.com:443/",
                "https://license.example.com",
                "https://license.example.com/x",
            ),
            ("http://127.0.0.1:80", "http://127.0.0.1", "http://127.0.0.1/x"),
            ("http://[::1]:8080", "http://[::1]:8080", "http://[::1]:8080/x"),
            ("https://a:8443/sealgate/", "https://a:8443", "https://a:8443/sealgate/x"),
        ] {
            let server = Server::parse(url).expect(url);
            assert_eq!((server.origin.as_str(), server.url("/x").as_str()), (origin, asked), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "",
            "license.example.com",
            "ftp://a",
            "https://",
            "https://:1",
            "https://a:",
            "https://a:0",
            "https://a:65536",
            "https://a:01",
            "https://u@a",
            "https://a/?b",
            "https://a/#c",
            "https://a?b",
            "https://a b",
            "https://[::1",
            "https://[x]",
            "https://ä",
            "https://a..b",
            "https://-a",
            "https://a-.b",
            "https://[::ffff:192.0.2.1]",
            "https://a/../b",
            "https://a\r\nx: y",
        ] {
            assert!(Server::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_open() {
        for (url, is_open) in [
            ("http://localhost:8080", false),
            ("http://127.0.0.1", false),
            ("http://[::1]", false),
            ("http://10.0.0.1", true),
            ("http://localhost.example.com", true),
            ("https://10.0.0.1", false),
        ] {
            assert_eq!(Server::parse(url).expect(url).is_open_to_others(), is_open, "{url}");
        }
    }
}
