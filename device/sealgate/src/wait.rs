//! How long a client waits.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::clock::Deadline;

/// Blocks a wait without end, and a time that is too far for the machine to name, by a word of whoever sits between, or of a
/// server that was stolen.
const LONGEST: Duration = Duration::from_hours(24);

/// `spec/online.md` §6.9: nobody makes a client wait longer than a day.
pub(crate) fn bounded(said: Duration) -> Duration {
    said.min(LONGEST)
}

/// Before something is looked at again of which the system tells nobody, such as a file's lock that may be free by now.
#[expect(clippy::disallowed_methods, reason = "there is no event to wait for")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Does each work in a thread of its own, and says what came of it within this time, in the order of the works. What the system holds
/// longer, as a drive that does not answer, keeps its thread until it comes back; what comes of it then is dropped.
pub(crate) fn all_within<T: Send + 'static>(
    time: Duration,
    works: Vec<impl FnOnce() -> T + Send + 'static>,
) -> Vec<Option<T>> {
    let deadline = Deadline::after(bounded(time));
    let (tell, told) = mpsc::channel();
    let mut done: Vec<Option<T>> = works.iter().map(|_| None).collect();
    for (place, work) in works.into_iter().enumerate() {
        let tell = tell.clone();
        // Whoever asked may have gone. A thread that the system does not give is one that says nothing in time.
        let thread = thread::Builder::new().name("sealgate-looks".to_owned());
        let _ = thread.spawn(move || tell.send((place, work())));
    }
    // Once the last thread has ended there is nothing to wait for.
    drop(tell);
    while let Ok((place, said)) = told.recv_timeout(deadline.left()) {
        done[place] = Some(said);
    }
    done
}
