//! What a case is, and how the cases of a folder are gathered.

use sealgate_artifact::Code;

use crate::forge::World;
use crate::{Artifact, Question, Vector};

/// A vector with the line that belongs beside it.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its folder.
    pub artifact: Artifact,
    /// Its file's name without ending; those that must be refused end in `_fail`.
    pub name: String,
    /// The vector.
    pub vector: Vector,
    /// `ok` with what is found, or a code.
    pub expected: String,
}

impl Case {
    /// `valid` or `invalid`.
    pub fn side(&self) -> &'static str {
        if self.name.ends_with("_fail") { "invalid" } else { "valid" }
    }
}

/// Cases of one folder in the making.
pub(super) struct Shelf {
    artifact: Artifact,
    pub(super) cases: Vec<Case>,
}

impl Shelf {
    pub(super) fn of(artifact: Artifact) -> Self {
        Self { artifact, cases: vec![] }
    }

    /// A chain that must be believed.
    pub(super) fn valid(&mut self, name: &str, shows: &str, world: &World) {
        self.accepted(name, shows, world.question(), &world.ids());
    }

    /// A chain that must be refused.
    pub(super) fn invalid(&mut self, name: &str, code: Code, shows: &str, world: &World) {
        self.refused(name, code, shows, world.question());
    }

    pub(super) fn accepted(&mut self, name: &str, shows: &str, question: Question, found: &str) {
        let expected = if found.is_empty() { "ok".to_owned() } else { format!("ok {found}") };
        self.put(name.to_owned(), shows, question, expected);
    }

    pub(super) fn refused(&mut self, name: &str, code: Code, shows: &str, question: Question) {
        self.put(format!("{name}_fail"), shows, question, code.to_string());
    }

    fn put(&mut self, name: String, shows: &str, question: Question, expected: String) {
        let vector = Vector { shows: shows.to_owned(), question };
        self.cases.push(Case { artifact: self.artifact, name, vector, expected });
    }
}
