//! The load generator: a fixed number of keep-alive connections, each asking as fast as it is answered.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// Connections that ask at the same time.
pub const CONNECTIONS: usize = 32;
/// The nonce's place in a question, counted from its end: `…"nonce":"<32>"}`.
pub const NONCE_AT: usize = 34;

/// What to ask, and over how many connections.
#[derive(Clone)]
pub struct Load {
    pub connections: usize,
    /// Whole HTTP requests; the 32 bytes at `nonce_at` from the end are renewed each time.
    pub requests: Rc<Vec<Vec<u8>>>,
    pub nonce_at: usize,
}

/// May this device use the license of this key?
pub fn question(app: &Value, key: &str, hwid: &str) -> Vec<u8> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let body = format!(
        r#"{{"appId":"{}","appSecret":"{}","licenseKey":"{key}","hwid":"{hwid}","nonce":"{}"}}"#,
        text(&app["app_id"]),
        text(&app["app_secret"]),
        "0".repeat(32),
    );
    post("/auth/validate", &body)
}

/// An HTTP request with a JSON body.
pub fn post(path: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

impl Load {
    /// Answers a second with status 200, over so many seconds. Any other answer is an error.
    pub async fn for_seconds(&self, address: &str, seconds: u64) -> std::io::Result<f64> {
        let begin = Instant::now();
        let end = begin + Duration::from_secs(seconds);
        let answered = self.drive(address, move |_| Instant::now() < end).await?;
        Ok(answered as f64 / begin.elapsed().as_secs_f64())
    }

    /// Asks every request exactly once.
    pub async fn each_once(&self, address: &str) -> std::io::Result<f64> {
        let (begin, total) = (Instant::now(), self.requests.len() as u64);
        let answered = self.drive(address, move |asked| asked < total).await?;
        Ok(answered as f64 / begin.elapsed().as_secs_f64())
    }

    async fn drive(
        &self,
        address: &str,
        go_on: impl Fn(u64) -> bool + Clone + 'static,
    ) -> std::io::Result<u64> {
        let asked = Rc::new(Cell::new(0));
        let local = LocalSet::new();
        let workers: Vec<_> = (0..self.connections)
            .map(|_| {
                local.spawn_local(work(self.clone(), address.to_owned(), Rc::clone(&asked), go_on.clone()))
            })
            .collect();
        local.await;
        let mut answered = 0;
        for worker in workers {
            answered += worker.await.map_err(std::io::Error::other)??;
        }
        Ok(answered)
    }
}

async fn work(
    load: Load,
    address: String,
    asked: Rc<Cell<u64>>,
    go_on: impl Fn(u64) -> bool,
) -> std::io::Result<u64> {
    let (mut connection, mut answered) = (Connection::open(&address).await?, 0);
    loop {
        let n = asked.get();
        if !go_on(n) {
            return Ok(answered);
        }
        asked.set(n + 1);
        connection.ask(&load, n).await?;
        answered += 1;
    }
}

/// What came of requests that were each sent once.
pub struct Answers {
    pub per_second: f64,
    /// In the order of the requests.
    pub bodies: Vec<Vec<u8>>,
    /// From sending to the answer, in microseconds, in no order.
    pub times: Vec<f64>,
}

/// Sends each of these requests once, over so many connections, and keeps the answers.
pub async fn send(address: &str, connections: usize, requests: Vec<Vec<u8>>) -> std::io::Result<Answers> {
    let (total, requests) = (requests.len(), Rc::new(requests));
    let (taken, bodies) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(vec![Vec::new(); total])));
    let times = Rc::new(RefCell::new(Vec::with_capacity(total)));
    let (local, begin) = (LocalSet::new(), Instant::now());
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let (address, requests, taken) = (address.to_owned(), Rc::clone(&requests), Rc::clone(&taken));
            let (bodies, times) = (Rc::clone(&bodies), Rc::clone(&times));
            local.spawn_local(async move {
                let mut connection = Connection::open(&address).await?;
                while let Some(request) = requests.get(taken.get()) {
                    let n = taken.replace(taken.get() + 1);
                    let sent = Instant::now();
                    let body = connection.exchange(request).await?.to_vec();
                    times.borrow_mut().push(sent.elapsed().as_secs_f64() * 1e6);
                    bodies.borrow_mut()[n] = body;
                }
                std::io::Result::Ok(())
            })
        })
        .collect();
    local.await;
    for worker in workers {
        worker.await.map_err(std::io::Error::other)??;
    }
    let per_second = total as f64 / begin.elapsed().as_secs_f64();
    Ok(Answers { per_second, bodies: bodies.take(), times: times.take() })
}

/// A keep-alive connection with its buffers.
pub struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::new(), answer: Vec::with_capacity(4096) })
    }

    /// Asks one of the questions under a new nonce. An answer without status 200 is an error.
    pub async fn ask(&mut self, load: &Load, n: u64) -> std::io::Result<()> {
        // A stride that shares no factor with the count visits all of them, in no helpful order.
        let chosen = &load.requests[(n * 7919 % load.requests.len() as u64) as usize];
        self.request.clear();
        self.request.extend_from_slice(chosen);
        write_nonce(&mut self.request, load.nonce_at, n);
        self.stream.write_all(&self.request).await?;
        read_answer(&mut self.stream, &mut self.answer).await.map(drop)
    }

    /// Sends a request as it is; returns the body. An answer without status 200 is an error.
    pub async fn exchange(&mut self, request: &[u8]) -> std::io::Result<&[u8]> {
        self.stream.write_all(request).await?;
        let body_at = read_answer(&mut self.stream, &mut self.answer).await?;
        Ok(&self.answer[body_at..])
    }
}

/// Unique over the run: a counter after bits of the time at which it began.
pub fn write_nonce(request: &mut [u8], nonce_at: usize, n: u64) {
    static RUN: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    static ROUND: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let run = *RUN.get_or_init(|| std::process::id().into());
    let round = ROUND.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let nonce = format!("{:016x}{:016x}", run << 32 ^ n, round);
    let at = request.len() - nonce_at;
    request[at..at + 32].copy_from_slice(nonce.as_bytes());
}

/// Returns where the body begins.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> std::io::Result<usize> {
    answer.clear();
    let body_at = loop {
        if let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(answer).await? == 0 {
            return Err(std::io::Error::other("the connection was closed"));
        }
    };
    let head = String::from_utf8_lossy(&answer[..body_at]).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let length: usize = length.and_then(|l| l.parse().ok()).unwrap_or(0);
    while answer.len() < body_at + length {
        if stream.read_buf(answer).await? == 0 {
            return Err(std::io::Error::other("the connection was closed"));
        }
    }
    if head.starts_with("http/1.1 200") {
        return Ok(body_at);
    }
    Err(std::io::Error::other(String::from_utf8_lossy(answer).into_owned()))
}
