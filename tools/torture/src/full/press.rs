//! Connections that take what they can get and give nothing back.

use harness::failure::{Failure, Result};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

/// Between two connections, so that others get their turn.
const PAUSE: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_millis(300);
const WHOLE: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
const HALF_A_HEAD: &[u8] = b"GET /healthz HTTP/1.1\r\nhost:";
const BODY: usize = 60_000;

/// Open connections, and how many were wanted.
pub(super) struct Press {
    streams: Vec<TcpStream>,
    wanted: usize,
}

impl Press {
    /// Silent ones, half heads, half bodies, and some that were answered.
    pub(super) fn of_all_kinds(url: &str, count: usize) -> Result<Self> {
        let kinds = [&b""[..], HALF_A_HEAD, WHOLE, &half_a_body()[..200]].map(<[u8]>::to_vec);
        Self::new(url, count, &kinds)
    }

    /// Those that make the server hold much of a body.
    pub(super) fn of_bodies(url: &str, count: usize) -> Result<Self> {
        Self::new(url, count, &[half_a_body()])
    }

    /// How many the server did not take, or has closed.
    pub(super) fn refused(&mut self) -> usize {
        self.streams.retain_mut(is_open);
        self.wanted - self.streams.len()
    }

    fn new(url: &str, count: usize, kinds: &[Vec<u8>]) -> Result<Self> {
        let address = url.trim_start_matches("http://").parse();
        let address: SocketAddr = address.map_err(|_| Failure::new(format!("no address in {url}")))?;
        let mut streams = vec![];
        for bytes in kinds.iter().cycle().take(count) {
            // Who is not let in any more has reached what this is for.
            if let Ok(mut stream) = TcpStream::connect_timeout(&address, PATIENCE) {
                let _ = stream.set_write_timeout(Some(PATIENCE)).and_then(|()| stream.write_all(bytes));
                streams.push(stream);
            }
            thread::sleep(PAUSE);
        }
        Ok(Self { streams, wanted: count })
    }
}

fn is_open(stream: &mut TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return false;
    }
    loop {
        match stream.read(&mut [0; 1024]) {
            Ok(0) => return false,
            // An answer, which was not read yet.
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

fn half_a_body() -> Vec<u8> {
    let mut bytes =
        format!("POST /auth/validate HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", BODY + 1);
    bytes.push_str(&" ".repeat(BODY));
    bytes.into_bytes()
}
