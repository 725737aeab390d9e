//! Looking a name up within a time. The operating system's look-up cannot be interrupted, so it gets a thread that ends with
//! it: at the latest when the operating system gives up.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// More addresses of one name are not tried.
const ADDRESSES: usize = 16;

/// ureq's resolver would start a thread for an address too, and panic where the system has none left.
#[derive(Debug)]
pub(crate) struct Lookup;

impl Resolver for Lookup {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let named = uri.scheme().zip(uri.authority());
        let name = named.and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority));
        let name = name.ok_or(Error::HostNotFound)?;
        let found = match name.parse::<SocketAddr>() {
            Ok(address) => vec![address],
            Err(_) => in_time(*timeout.after, move || Ok(name.to_socket_addrs()?.collect()))
                .map_err(|failed| failed.map_or(Error::Timeout(timeout.reason), Error::Io))?,
        };
        let mut result = self.empty();
        for address in config.ip_family().keep_wanted(found.into_iter()).take(ADDRESSES) {
            result.push(address);
        }
        if result.is_empty() { Err(Error::HostNotFound) } else { Ok(result) }
    }
}

type Found = io::Result<Vec<SocketAddr>>;

/// What was found; `None` as the error where the time was over first.
fn in_time(
    within: Duration,
    look_up: impl FnOnce() -> Found + Send + 'static,
) -> Result<Vec<SocketAddr>, Option<io::Error>> {
    let (tell, told) = sync_channel(1);
    // Nobody listens any more where the time was over.
    let work = move || drop(tell.send(look_up()));
    thread::Builder::new().name("sealgate-lookup".to_owned()).spawn(work).map_err(Some)?;
    match told.recv_timeout(within) {
        Ok(found) => found.map_err(Some),
        Err(RecvTimeoutError::Timeout) => Err(None),
        Err(RecvTimeoutError::Disconnected) => {
            Err(Some(io::Error::other("the look-up ended without an answer")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::in_time;

    /// A look-up that hangs as long as the test holds on to it.
    #[test]
    fn a_look_up_that_hangs_is_given_up_in_time() {
        let (release, held) = channel::<()>();
        let hangs = move || {
            let _ = held.recv();
            Ok(vec![])
        };
        assert!(matches!(in_time(Duration::from_millis(50), hangs), Err(None)));
        drop(release);
        let address = "127.0.0.1:1".parse().expect("an address");
        assert_eq!(in_time(Duration::from_mins(1), move || Ok(vec![address])).ok(), Some(vec![address]));
    }
}
