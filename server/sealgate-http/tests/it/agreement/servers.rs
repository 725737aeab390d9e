//! One server, or two on one database.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use sealgate_authority::Limits;
use sealgate_testkit::{Answer, Engine, TestApp, request, send_with};
use serde_json::Value;

use super::clocks::Clocks;

/// The number of the server that serves the vendor, and running software too. A second one only answers running software.
pub(crate) const VENDOR: usize = 0;

pub(crate) struct Servers {
    // Dropped before the first one, which brought the database.
    second: Option<TestApp>,
    first: TestApp,
    pub(super) clocks: Clocks,
}

impl Servers {
    /// One on SQLite, two on PostgreSQL.
    pub(crate) fn start(engine: Engine) -> Self {
        let first = TestApp::start_with_limits(engine, Limits::danger_off());
        let second = (engine == Engine::Postgres).then(|| first.start_runtime());
        let clocks = Clocks::right(1 + usize::from(second.is_some()));
        Self { second, first, clocks }
    }

    pub(crate) fn count(&self) -> usize {
        1 + usize::from(self.second.is_some())
    }

    /// The server of that number, counted around.
    pub(crate) fn number(&self, at: usize) -> usize {
        at % self.count()
    }

    pub(crate) fn first(&self) -> &TestApp {
        &self.first
    }

    pub(crate) fn at(&self, at: usize) -> &TestApp {
        self.second.as_ref().filter(|_| at == 1).unwrap_or(&self.first)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &TestApp> {
        [&self.first].into_iter().chain(&self.second)
    }

    /// A new app, known to both.
    pub(crate) fn create_app(&self) -> Value {
        let app = self.first.create_app(&format!("Editor {}", self.first.count("apps")));
        if let Some(second) = &self.second {
            self.first.share_keys_with(second);
        }
        app
    }

    pub(crate) fn restart(&mut self, at: usize) {
        match &mut self.second {
            Some(second) if at == 1 => second.restart(),
            _ => self.first.restart(),
        }
        self.first.approve_servers();
        self.clocks.started(at);
    }
}

/// Questions to a server.
pub(crate) trait Asked {
    fn post(&self, path: &str, body: &Value) -> Answer;
    fn post_once(&self, path: &str, name: &str, body: &Value) -> Answer;
    /// Sends a question and breaks the connection off, without a look at the answer. What the server makes of it is done
    /// afterwards.
    fn break_off(&self, path: &str, headers: &[(&str, &str)], body: &Value);
}

impl Asked for TestApp {
    fn post(&self, path: &str, body: &Value) -> Answer {
        request("POST", &format!("{}{path}", self.url), None, body)
    }

    fn post_once(&self, path: &str, name: &str, body: &Value) -> Answer {
        let (url, body) = (format!("{}{path}", self.url), body.to_string());
        send_with("POST", &url, Some(&self.token), &[("idempotency-key", name)], body.as_bytes())
    }

    fn break_off(&self, path: &str, headers: &[(&str, &str)], body: &Value) {
        let address = self.url.strip_prefix("http://").expect("a URL");
        let mut connection = TcpStream::connect(address).expect("the server listens");
        let body = body.to_string();
        let mut head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.extend([*name, ": ", *value, "\r\n"]);
        }
        head += "\r\n";
        connection.write_all(&[head.as_bytes(), body.as_bytes()].concat()).expect("the server reads");
        connection.shutdown(Shutdown::Write).expect("the server is there");
        // Until the server has let go of it. An answer may come all the same; nobody looks at it.
        let _ = connection.read_to_end(&mut vec![]);
        self.finish_writes();
    }
}
