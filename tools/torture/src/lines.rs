//! The lines between servers and their database, which a torture can break.

use harness::Proxy;
use std::sync::{Arc, Mutex, PoisonError};

/// One for each server, in their order.
#[derive(Default)]
pub(crate) struct Lines(Mutex<Vec<Arc<Proxy>>>);

impl Lines {
    /// The next server's URL of the database at that URL: it leads through a line of its own.
    pub(crate) fn through(&self, url: &str) -> String {
        let (before, rest) = url.split_once('@').expect("the URL of PostgreSQL names a user");
        let (target, after) = rest.split_once('/').expect("the URL of PostgreSQL names a database");
        let proxy = Proxy::start(target);
        let through = format!("{before}@{}/{after}", proxy.address());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(proxy));
        through
    }

    /// That of one server.
    pub(crate) fn of(&self, at: usize) -> Arc<Proxy> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner)[at])
    }
}
