//! A request whose answer shows something only once. It has a name: for a week, the same command under that name shows the same
//! answer again, and does nothing twice.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::again::Again;
use crate::client::{Client, request_name};
use crate::failure::Failure;
use crate::output::Output;
use crate::parts::if_lost;
use crate::signals;

pub(crate) struct Once {
    name: String,
    again: String,
}

impl Once {
    /// By the command that repeats it, and the name that a person gave, if one did.
    pub(crate) fn new(again: Again, given: Option<&String>) -> Self {
        let name = given.cloned().unwrap_or_else(request_name);
        Self { again: again.flag("--idempotency-key", Some(&name)).into(), name }
    }

    /// Sends it. A signal meanwhile does not lose the answer.
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        client: &Client,
        (path, body): (&str, &impl Serialize),
        output: &Output,
    ) -> Result<T, Failure> {
        signals::listen(output);
        let answer = client.post_named(path, body, Some(self.name.clone()));
        answer.map_err(|failure| if_lost(failure, || self.again.clone()))
    }

    /// How to see the answer again, behind what was done.
    pub(crate) fn way_back(&self, done: &str) -> String {
        format!("{done}; show it again with: {}", self.again)
    }
}
