//! Heartbeats of admitted devices (`spec/activation.md` §6).

use super::case::{Case, Shelf};
use crate::admission::{heartbeat, heartbeat_text};
use crate::forge::Draft;
use crate::{Artifact, Bytes, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::HeartbeatRequest);
    believe(&mut shelf, "plain", "The first heartbeat after a proof.", &heartbeat(&heartbeat_text()));
    shelf.cases
}

/// The plain question about this heartbeat.
pub(super) fn question(request: &Draft) -> Question {
    Question::HeartbeatRequest { request: Bytes::from(request.text().into_bytes()) }
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, request: &Draft) {
    shelf.accepted(name, shows, question(request), &request.id());
}
