//! One slow connection.

use super::kind::Kind;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(1);

/// A connection that says less than it should.
pub(super) struct Line {
    stream: TcpStream,
    pub(super) kind: Kind,
    pub(super) opened: Instant,
    said: Instant,
}

impl Line {
    /// Connects, and says what it says at once; [`None`] if it was not let in.
    pub(super) fn open(address: SocketAddr, kind: Kind) -> Option<Self> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
        stream.set_nodelay(true).and_then(|()| stream.set_write_timeout(Some(PATIENCE))).ok()?;
        // It may have been closed already, which is found out later.
        let _ = stream.write_all(kind.opening().as_bytes());
        stream.set_nonblocking(true).ok()?;
        let now = Instant::now();
        Some(Self { stream, kind, opened: now, said: now })
    }

    /// Says more if it is time, and whether it is still there.
    pub(super) fn go_on(&mut self) -> bool {
        if let Some((more, every)) = self.kind.more()
            && self.said.elapsed() >= every
        {
            self.said = Instant::now();
            // A full buffer is as good; a closed one is found out below.
            let _ = self.stream.write(more.as_bytes());
        }
        let mut some = [0; 4096];
        loop {
            match self.stream.read(&mut some) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }
}
