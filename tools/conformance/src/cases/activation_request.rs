//! Requests of devices to be admitted (`spec/activation.md` §4).

use super::case::{Case, Shelf};
use crate::admission::{activation_request, activation_request_text};
use crate::forge::Draft;
use crate::{Artifact, Bytes, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::ActivationRequest);
    believe(
        &mut shelf,
        "plain",
        "A device asks to be admitted.",
        &activation_request(&activation_request_text()),
    );
    shelf.cases
}

/// The plain question about this request.
pub(super) fn question(request: &Draft) -> Question {
    Question::ActivationRequest { request: Bytes::from(request.text().into_bytes()) }
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, request: &Draft) {
    shelf.accepted(name, shows, question(request), &request.id());
}
