//! Whether the server can be reached, and what stands in the way.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Duration;

use sealgate::guard::Mode;
use sealgate::{CALL_BUDGET, Error, TransportError};

use super::check::{Check, check};
use super::program::Program;
use super::variables::Variables;
use crate::args::Global;
use crate::client::Here;
use crate::failure::Failure;

/// Nobody waits longer for one step when it is looked for what stands in the way.
const STEP: Duration = Duration::from_secs(5);

/// A machine that goes by a license file needs no server.
pub(super) fn server(
    (global, here): (&Global, &Here),
    program: &Program,
    variables: &Variables,
    has_bundle: bool,
) -> Check {
    if has_bundle && here.server_or(global, program.config.endpoint.as_deref()).is_err() {
        return check("server", Ok("no server is named, and a license file needs none".to_owned()));
    }
    let check = reached_at(global, here, program, variables);
    if has_bundle { check.into_warning() } else { check }
}

fn reached_at(global: &Global, here: &Here, program: &Program, variables: &Variables) -> Check {
    if program.is_named() && program.config.mode == Mode::Offline && global.server.is_none() {
        return check(
            "server",
            Ok("the configuration says Offline, so the program asks no server".to_owned()),
        );
    }
    let address = match here.server_or(global, program.config.endpoint.as_deref()) {
        Ok(address) => address,
        Err(failure) => return check("server", Err(failure)).because("configuration"),
    };
    let within = program.config.timeout;
    let asked = match here.client_at(global, &address, within) {
        Ok(client) => client.check_server(),
        Err(failure) => return check("server", Err(failure)).because("configuration"),
    };
    let Err(error) = asked else {
        let message = format!("{address} answers, and shows the vendor's certificate for this address");
        return check("server", Ok(message));
    };
    let Cause { because, fix, lines } = Cause::of(&error, &address, global.proxy.as_deref(), within);
    let failure = Failure::from(error);
    let failure = match fix {
        Some(fix) => failure.fix(fix),
        None => failure,
    };
    let unused = variables.proxies.iter().filter(|_| global.proxy.is_none());
    let unused = unused.map(|name| format!("{name} is set, and not used here: --proxy URL names a proxy"));
    check("server", Err(failure)).because(because).with_notes(lines.into_iter().chain(unused))
}

/// What stands in the way.
struct Cause {
    because: &'static str,
    fix: Option<String>,
    lines: Vec<String>,
}

impl Cause {
    fn of(error: &Error, address: &str, proxy: Option<&str>, within: Option<Duration>) -> Self {
        let only = |because| Self { because, fix: None, lines: vec![] };
        match error {
            Error::Transport(TransportError::Unreachable(why)) => {
                let proxy = proxy.filter(|proxy| !proxy.is_empty());
                Self::of_way(proxy.unwrap_or(address), proxy.is_some(), (why, within.unwrap_or(CALL_BUDGET)))
            }
            Error::Transport(TransportError::TlsUntrusted(_)) => only("tls"),
            // Another server, or a proxy that answers in its place.
            Error::Transport(_) => only("other_answer"),
            Error::Security(_) => only("not_the_vendors"),
            _ => only("configuration"),
        }
    }

    /// The first step that fails on the way to the server, or to the proxy before it.
    fn of_way(next: &str, is_proxy: bool, (why, within): (&str, Duration)) -> Self {
        let Some((host, port)) = host_and_port(next) else {
            return Self { because: "configuration", fix: None, lines: vec![] };
        };
        let who = if is_proxy { "the proxy" } else { "the server" };
        let (because, line, fix) = match reached(&host, port) {
            Err(Step::Name(why)) => (
                "name_unknown",
                format!("the name {host} is not found: {why}"),
                format!("Check the name of {who}, and this machine's DNS (VPN, /etc/resolv.conf)."),
            ),
            Err(Step::Connection(error)) if error.kind() == io::ErrorKind::ConnectionRefused => (
                "refused",
                format!("{host} is there, and nothing listens on port {port}"),
                format!("Check the port of {who}, and whether it runs; a firewall can refuse, too."),
            ),
            Err(Step::Connection(error)) => (
                "no_connection",
                format!("no connection to {host}, port {port}: {error}"),
                format!("Check the network of this machine, and what a firewall or VPN lets through to {host}."),
            ),
            Ok(()) if why.contains("timeout") => (
                "timed_out",
                format!("{host} takes connections, and did not answer within {} s", within.as_secs()),
                "Try again; if it is slow each time, raise TimeoutSeconds in the section LicenseConfigs.Online.".to_owned(),
            ),
            Ok(()) => (
                "no_answer",
                format!("{host} takes connections on port {port}, and answers none"),
                format!("Check that this is the address of {who}: https or http, and the port."),
            ),
        };
        // Before a proxy, the server's own name and port are the proxy's to reach.
        let because = if is_proxy { "proxy" } else { because };
        Self { because, fix: Some(fix), lines: vec![line] }
    }
}

/// Which step failed.
enum Step {
    Name(io::Error),
    Connection(io::Error),
}

fn reached(host: &str, port: u16) -> Result<(), Step> {
    // The system's look-up cannot be interrupted: the thread ends when the system gives up, or with this command.
    let (send, receive) = mpsc::channel();
    let name = (host.to_owned(), port);
    std::thread::spawn(move || send.send(name.to_socket_addrs().map(Iterator::collect::<Vec<_>>)));
    let late = |_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer"));
    let found = receive.recv_timeout(STEP).unwrap_or_else(late).map_err(Step::Name)?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "it has no address");
    for address in found {
        match TcpStream::connect_timeout(&address, STEP) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(Step::Connection(last))
}

/// Of a URL that a client was made of before.
fn host_and_port(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let authority = authority.rsplit('@').next()?;
    let own = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, own),
    };
    Some((host.trim_matches(['[', ']']).to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn a_password_is_no_part_of_the_host() {
        for (url, host, port) in [
            ("https://license.example.com", "license.example.com", 443),
            ("http://127.0.0.1:8080/base", "127.0.0.1", 8080),
            ("https://[::1]:8443", "::1", 8443),
            ("https://[::1]", "::1", 443),
            ("http://user:secret@proxy.example.com:3128", "proxy.example.com", 3128),
        ] {
            assert_eq!(host_and_port(url), Some((host.to_owned(), port)), "{url}");
        }
        assert_eq!(host_and_port("license.example.com"), None);
    }
}
