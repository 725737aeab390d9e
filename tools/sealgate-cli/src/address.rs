//! Where the server is, and the way there.

use sealgate_artifact::{Code, is_loopback};
use ureq::http::Uri;
use ureq::{Agent, Proxy, config::ConfigBuilder, typestate::AgentScope};

use crate::args::Global;
use crate::credentials::Sourced;
use crate::failure::Failure;

/// A server that a token may be sent to.
pub(crate) struct Address {
    /// Its URL without a slash at the end.
    pub(crate) base: String,
    is_here: bool,
}

impl Address {
    /// The server, unless the way there would show the token to others.
    pub(crate) fn new(server: &Sourced, danger_plain_http: bool) -> Result<Self, Failure> {
        let (url, from) = (&server.value, &server.from);
        // Not shown: it may hold a password.
        let wrong = |why: &str| {
            Failure::new(Code::ConfigInvalid, format!("{from}: {why}"))
                .fix("give --url https://HOST[:PORT][/PATH]")
        };
        let uri: Uri = url.parse().map_err(|_| wrong("not a URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong("it names no scheme or no host"));
        };
        if authority.as_str().contains('@') {
            return Err(wrong("it has a user or a password; the server knows you by your token"));
        }
        if url.contains('#') {
            return Err(wrong("it has a fragment, which no server sees"));
        }
        if uri.query().is_some() || !["http", "https"].contains(&scheme) {
            return Err(wrong("it has a query, or its scheme is neither https nor http"));
        }
        let is_here = is_loopback(authority.host());
        if scheme == "http" && !is_here && !danger_plain_http {
            let message = format!("{url}: without TLS, whoever is on the way there reads the token");
            return Err(Failure::new(Code::ConfigInvalid, message)
                .fix("name the server by https://; --danger-plain-http sends everything in the open"));
        }
        Ok(Self { base: url.trim_end_matches('/').to_owned(), is_here })
    }

    /// Goes there through the proxy that the flags name, and through none that they do not name: whatever the environment
    /// says. This machine is not asked through another one.
    pub(crate) fn agent(&self, global: &Global) -> Result<ConfigBuilder<AgentScope>, Failure> {
        let named = global.proxy.as_deref().filter(|url| !url.is_empty() && !self.is_here);
        let proxy = match named {
            Some(url) => Some(Proxy::new(url).map_err(|_| {
                Failure::new(Code::ConfigInvalid, "--proxy: not the URL of a proxy")
                    .fix("give --proxy http://[USER:PASSWORD@]HOST:PORT, percent-encoded")
            })?),
            None => None,
        };
        Ok(direct().proxy(proxy))
    }
}

/// Asks who was named and nobody else: no proxy of the environment, and nobody to whom an answer points.
pub(crate) fn direct() -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
}
