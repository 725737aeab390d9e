//! One question at a time over one connection, without a runtime in between, and the answer as it came.

use std::io::{Error, Read, Result, Write};
use std::net::TcpStream;

use crate::load::{NONCE_AT, write_nonce};

/// A keep-alive connection with its buffers.
pub struct Asker {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Asker {
    pub fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::new(), answer: Vec::new() })
    }

    /// Prepares a question under a new nonce.
    pub fn prepare(&mut self, question: &[u8], n: u64) {
        self.request.clear();
        self.request.extend_from_slice(question);
        write_nonce(&mut self.request, NONCE_AT, n);
    }

    /// Prepares a request that is whole already.
    pub fn take(&mut self, request: Vec<u8>) {
        self.request = request;
    }

    /// Asks what was prepared; returns the status and the body.
    pub fn ask(&mut self) -> Result<(u16, &[u8])> {
        self.stream.write_all(&self.request)?;
        self.answer.clear();
        loop {
            let mut chunk = [0; 4096];
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                return Err(Error::other("the connection was closed"));
            }
            self.answer.extend_from_slice(&chunk[..read]);
            if let Some((status, body_at)) = whole(&self.answer) {
                return Ok((status, &self.answer[body_at..]));
            }
        }
    }
}

/// Status and begin of the body, once all of it is there.
fn whole(answer: &[u8]) -> Option<(u16, usize)> {
    let body_at = answer.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&answer[..body_at]).ok()?;
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let length: usize = length.parse().ok()?;
    (answer.len() >= body_at + length).then_some((status, body_at))
}
