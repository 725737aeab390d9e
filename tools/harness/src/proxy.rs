//! Something between a server and its database that can be told to fail.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

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
    open: Vec<TcpStream>,
}

impl Proxy {
    /// In front of that address, as in `127.0.0.1:5432`.
    pub fn start(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let state = Mutex::new(State { line: Line::Whole, open: vec![] });
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

    /// Closes every connection; new ones are closed at once.
    pub fn cut(&self) {
        self.shared.set(Line::Cut);
        self.drop_connections();
    }

    /// Everything passes again.
    pub fn come_back(&self) {
        self.shared.set(Line::Whole);
    }

    /// Closes every connection; new ones pass.
    pub fn drop_connections(&self) {
        for stream in self.shared.state().open.drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
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
            state.open.push(stream.try_clone().expect("a socket"));
        }
        let back = (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
        for (from, to) in [(client, server), back] {
            let shared = Arc::clone(self);
            thread::spawn(move || shared.pass(from, to));
        }
    }

    /// Until one end closes.
    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 * 1024];
        while let Ok(n @ 1..) = from.read(&mut bytes) {
            let stalled = |state: &mut State| state.line == Line::Stalled;
            drop(self.changed.wait_while(self.state(), stalled).expect("no holder of this lock panics"));
            if to.write_all(&bytes[..n]).is_err() {
                break;
            }
        }
        // The other end may have closed first.
        let _ = to.shutdown(Shutdown::Both);
    }
}
