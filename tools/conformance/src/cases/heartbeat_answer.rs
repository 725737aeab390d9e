//! Answers of servers to heartbeats (`spec/activation.md` §7).

use super::case::{Case, Shelf};
use super::certificate;
use crate::admission::{admitted_text, answer, heartbeat, heartbeat_text};
use crate::forge::{Draft, World, certificate_text};
use crate::{Artifact, Beaten, Bytes, Certified, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::HeartbeatAnswer);
    believe(&mut shelf, "plain", "The device is still admitted.", &Beat::plain());
    shelf.cases
}

/// A heartbeat of a device and what it was answered, under a sound chain.
#[derive(Debug, Clone)]
pub(super) struct Beat {
    world: World,
    certificate: Draft,
    request: Draft,
    pub(super) answer: Draft,
}

impl Beat {
    /// The plain heartbeat, answered by this payload.
    pub(super) fn of(payload: &str) -> Self {
        Self::answered(answer(payload))
    }

    /// The first heartbeat, after which the device is still admitted.
    pub(super) fn plain() -> Self {
        Self::of(&admitted_text(&heartbeat(&heartbeat_text())))
    }

    /// The plain heartbeat, answered by this statement.
    pub(super) fn answered(answer: Draft) -> Self {
        Self {
            world: World::of_tenant(),
            certificate: crate::forge::certificate(&certificate_text()),
            request: heartbeat(&heartbeat_text()),
            answer,
        }
    }

    pub(super) fn question(&self) -> Question {
        let text = |draft: &Draft| Bytes::from(draft.text().into_bytes());
        let certified = certificate::question(&self.world, &self.certificate);
        Question::HeartbeatAnswer(Box::new(Beaten {
            certified: Certified { operation: "heartbeat".to_owned(), ..certified },
            request: text(&self.request),
            answer: text(&self.answer),
        }))
    }

    fn ids(&self) -> String {
        [&self.certificate, &self.request, &self.answer].map(Draft::id).join(" ")
    }
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, beat: &Beat) {
    shelf.accepted(name, shows, beat.question(), &beat.ids());
}
