//! Releases (`spec/activation.md` §8).

use super::case::{Case, Shelf};
use crate::admission::{publishing, release, release_text};
use crate::forge::{Draft, World};
use crate::{Artifact, Bytes, Published, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Release);
    believe(
        &mut shelf,
        "plain",
        "A version of an app for one target.",
        &publishing(),
        &release(&release_text()),
    );
    shelf.cases
}

/// The question about this release under this chain.
pub(super) fn question(world: &World, release: &Draft) -> Question {
    let release = Bytes::from(release.text().into_bytes());
    Question::Release(Box::new(Published { chain: world.chain(), release }))
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, world: &World, release: &Draft) {
    shelf.accepted(name, shows, question(world, release), &release.id());
}
