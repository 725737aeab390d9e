//! When slow connections are closed by a server that has room for them: at the documented times, and not before.

use super::kind::{Kind, SHARES};
use super::line::Line;
use crate::server::{Launch, Server};
use harness::failure::{Doing, Failure, Result};
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const OF_EACH: usize = 3;
const PAUSE: Duration = Duration::from_millis(50);
/// The server's own look goes round once a second.
const EARLY: Duration = Duration::from_millis(200);
const LATE: Duration = Duration::from_secs(3);

/// Opens a few of each kind on a server of their own, and says when each was closed. Those that are kept for longer than
/// `within` are left out.
pub(super) fn times(binary: &Path, within: Duration) -> Result<String> {
    let folder = tempfile::tempdir().doing("make a temporary folder")?;
    let server = Server::start(&Launch::new(binary, folder.path(), None))?;
    let address = server.url.trim_start_matches("http://").parse();
    let address: SocketAddr = address.doing("read where the server listens")?;
    let kinds = SHARES.iter().map(|(kind, _)| *kind).filter(|kind| kind.closed_after() + LATE <= within);
    let mut said = vec![];
    let mut lines: Vec<Line> = vec![];
    for kind in kinds.clone() {
        lines.extend((0..OF_EACH).filter_map(|_| Line::open(address, kind)));
    }
    if lines.len() < OF_EACH * kinds.count() {
        return Err(Failure::new("a server with room for them refused connections"));
    }
    let (begin, mut wrong) = (Instant::now(), vec![]);
    while !lines.is_empty() && begin.elapsed() < within {
        lines.retain_mut(|line| {
            let open = line.go_on();
            let (age, due) = (line.opened.elapsed(), line.kind.closed_after());
            if !open {
                let text = format!("{:?} {:.1} s", line.kind, age.as_secs_f64());
                // A head that is too long is refused at once.
                if age > due + LATE || (age + EARLY < due && line.kind != Kind::Endless) {
                    wrong.push(text.clone());
                }
                said.push(text);
            }
            open
        });
        thread::sleep(PAUSE);
    }
    wrong.extend(lines.iter().map(|line| format!("{:?} is not closed", line.kind)));
    if wrong.is_empty() {
        Ok(said.join(", "))
    } else {
        Err(Failure::new(format!("closed at the wrong time: {}", wrong.join(", "))))
    }
}
