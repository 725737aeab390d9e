//! Something on the way to a server or to its database that can be told to fail.

use crate::talk::Talk;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// What happens to bytes and to new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// They pass.
    Whole,
    /// They wait, without a word.
    Stalled,
    /// Connections are closed, new ones at once.
    Cut,
}

/// A TCP proxy on loopback.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    line: Line,
    open: Vec<Open>,
    /// How many connections there have been.
    count: u64,
    trap: Option<Trap>,
    /// Where the connections that come next are cut, one after the other.
    cuts: VecDeque<(Way, usize)>,
    /// How many of them were not cut yet.
    uncut: usize,
    /// How many bytes passed there, and back.
    passed: [usize; 2],
}

/// One connection that passes.
struct Open {
    name: u64,
    client: TcpStream,
    server: TcpStream,
    talk: Talk,
    /// Which way it is cut, and how many bytes pass before.
    cut: Option<(Way, usize)>,
}

/// Waits for a moment within a transaction.
enum Trap {
    /// So many more messages pass before.
    Set(u32),
    /// It came; the line is stalled.
    Sprung(Talk),
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the server.
    There,
    /// To the client.
    Back,
}

impl Proxy {
    /// In front of that address, as in `127.0.0.1:5432`.
    pub fn start(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let state = Mutex::new(State {
            line: Line::Whole,
            open: vec![],
            count: 0,
            trap: None,
            cuts: VecDeque::new(),
            uncut: 0,
            passed: [0; 2],
        });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let (target, accepting) = (target.to_owned(), Arc::clone(&shared));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accepting.accept(client, &target);
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing passes, and nobody is told.
    pub fn stall(&self) {
        self.shared.set(Line::Stalled);
    }

    /// The same, but in the middle of a transaction with PostgreSQL: so many of its messages pass before, either way. Returns what
    /// was going on, or nothing if no transaction was that long within this time; then everything still passes.
    pub fn stall_in_transaction(&self, messages: u32, within: Duration) -> Option<Talk> {
        let mut state = self.shared.state();
        state.trap = Some(Trap::Set(messages));
        let waiting = |state: &mut State| matches!(state.trap, Some(Trap::Set(_)));
        let waited = self.shared.changed.wait_timeout_while(state, within, waiting);
        let (mut state, _) = waited.expect("no holder of this lock panics");
        match state.trap.take() {
            Some(Trap::Sprung(talk)) => Some(talk),
            _ => None,
        }
    }

    /// Closes every connection; new ones are closed at once.
    pub fn cut(&self) {
        self.shared.set(Line::Cut);
        self.drop_connections();
    }

    /// Cuts the connections that come next, each once so many bytes have passed that way. With 0 it is cut when the first byte
    /// wants to pass.
    pub fn cut_next(&self, way: Way, bytes: &[usize]) {
        let mut state = self.shared.state();
        state.cuts = bytes.iter().map(|bytes| (way, *bytes)).collect();
        state.uncut = bytes.len();
    }

    /// Cuts no more connections. Returns how many were not cut: fewer bytes wanted to pass, or fewer connections came.
    pub fn spare(&self) -> usize {
        let mut state = self.shared.state();
        state.cuts.clear();
        std::mem::take(&mut state.uncut)
    }

    /// How many bytes passed that way, on all connections together.
    pub fn passed(&self, way: Way) -> usize {
        self.shared.state().passed[way as usize]
    }

    /// Everything passes again.
    pub fn come_back(&self) {
        self.shared.set(Line::Whole);
    }

    /// Closes every connection; new ones pass.
    pub fn drop_connections(&self) {
        for open in self.shared.state().open.drain(..) {
            for stream in [open.client, open.server] {
                // It may be closed already.
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }

    /// The ports by which the other side knows the connections that pass.
    pub fn ports(&self) -> Vec<u16> {
        let state = self.shared.state();
        state.open.iter().filter_map(|open| open.server.local_addr().ok()).map(|a| a.port()).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    fn set(&self, line: Line) {
        self.state().line = line;
        self.changed.notify_all();
    }

    fn accept(self: &Arc<Self>, client: TcpStream, target: &str) {
        let mut state = self.state();
        if state.line == Line::Cut {
            return;
        }
        let Ok(server) = TcpStream::connect(target) else { return };
        for stream in [&client, &server] {
            stream.set_nodelay(true).expect("a socket");
        }
        state.count += 1;
        let name = state.count;
        let again = |stream: &TcpStream| stream.try_clone().expect("a socket");
        let (talk, cut) = (Talk::default(), state.cuts.pop_front());
        state.open.push(Open { name, client: again(&client), server: again(&server), talk, cut });
        let back = (again(&server), again(&client));
        for (way, (from, to)) in [(Way::There, (client, server)), (Way::Back, back)] {
            let shared = Arc::clone(self);
            thread::spawn(move || shared.pass(name, way, from, to));
        }
    }

    /// Until one end closes.
    fn pass(&self, name: u64, way: Way, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 * 1024];
        while let Ok(n @ 1..) = from.read(&mut bytes) {
            let mut state = self.state();
            if state.heard(name, way, &bytes[..n]) {
                self.changed.notify_all();
            }
            let stalled = |state: &mut State| state.line == Line::Stalled;
            state = self.changed.wait_while(state, stalled).expect("no holder of this lock panics");
            let (passing, is_cut) = state.passing(name, way, n);
            state.passed[way as usize] += passing;
            drop(state);
            if to.write_all(&bytes[..passing]).is_err() || is_cut {
                break;
            }
        }
        // The other end may have closed first.
        let _ = to.shutdown(Shutdown::Both);
        self.state().open.retain(|open| open.name != name);
    }
}

impl State {
    /// A message is about to pass. Says whether a trap was waiting for it.
    fn heard(&mut self, name: u64, way: Way, bytes: &[u8]) -> bool {
        let Some(open) = self.open.iter_mut().find(|open| open.name == name) else { return false };
        let before = open.talk;
        match way {
            Way::There => open.talk.asked(bytes),
            Way::Back => open.talk.answered(bytes),
        }
        let talk = before.max(open.talk);
        match &mut self.trap {
            Some(Trap::Set(0)) if talk != Talk::Outside => {
                self.line = Line::Stalled;
                self.trap = Some(Trap::Sprung(talk));
                true
            }
            Some(Trap::Set(left)) if talk != Talk::Outside => {
                *left -= 1;
                false
            }
            _ => false,
        }
    }

    /// How many of these bytes pass, and whether the connection ends with them.
    fn passing(&mut self, name: u64, way: Way, bytes: usize) -> (usize, bool) {
        let open = self.open.iter_mut().find(|open| open.name == name);
        let Some((_, left)) = open.and_then(|open| open.cut.as_mut()).filter(|(cut, _)| *cut == way) else {
            return (bytes, false);
        };
        if bytes < *left {
            *left -= bytes;
            return (bytes, false);
        }
        let passing = *left;
        self.uncut = self.uncut.saturating_sub(1);
        (passing, true)
    }
}
