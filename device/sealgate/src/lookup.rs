//! Looking a name up within a time. The operating system's look-up cannot be interrupted, so ureq gives it a thread that ends
//! with it: at the latest when the operating system gives up. An address needs no look-up, and gets no thread.

use std::net::SocketAddr;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// ureq's resolver, which would start a thread for an address too.
#[derive(Debug, Default)]
pub(crate) struct Lookup(DefaultResolver);

impl Resolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let named = uri.scheme().zip(uri.authority());
        let name = named.and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority));
        match name.and_then(|name| name.parse::<SocketAddr>().ok()) {
            Some(address) => {
                let mut result = self.empty();
                result.push(address);
                Ok(result)
            }
            None => self.0.resolve(uri, config, timeout),
        }
    }
}
