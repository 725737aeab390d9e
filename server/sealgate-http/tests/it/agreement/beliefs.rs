//! What may have happened: every model that agrees with all answers so far.

use std::fmt::Debug;

use proptest::prelude::*;

use super::model::Model;

/// More than these, and the database is asked, too.
const MANY: usize = 8;
/// With more, nothing would be found out.
const MOST: usize = 1_000;

pub(crate) struct Beliefs(Vec<Model>);

impl Beliefs {
    pub(crate) fn new(model: Model) -> Self {
        Self(vec![model])
    }

    /// One of them. All agree in what does not depend on the servers: time, clocks, what clients hold.
    pub(crate) fn any(&self) -> &Model {
        &self.0[0]
    }

    pub(crate) fn are_many(&self) -> bool {
        self.0.len() > MANY
    }

    /// Whether that server may not know yet what others changed.
    pub(crate) fn may_be_behind(&self, at: usize) -> bool {
        self.0.iter().any(|model| model.is_behind(at))
    }

    /// Something that happens for certain.
    pub(crate) fn surely(&mut self, happens: impl FnMut(&mut Model)) {
        self.0.iter_mut().for_each(happens);
        self.unify();
    }

    /// Something that may have happened in any of these ways, or not at all.
    pub(crate) fn perhaps<T>(&mut self, outcomes: impl Fn(&Model) -> Vec<(T, Model)>) {
        let more: Vec<Model> = self.0.iter().flat_map(&outcomes).map(|(_, model)| model).collect();
        self.0.extend(more);
        self.unify();
    }

    /// Somebody was told something: one of these outcomes says it. Returns what it says.
    pub(crate) fn told<T: Debug + Clone>(
        &mut self,
        outcomes: impl Fn(&Model) -> Vec<(T, Model)>,
        says: impl Fn(&T) -> bool,
        answer: &str,
    ) -> Result<T, TestCaseError> {
        let all: Vec<(T, Model)> = self.0.iter().flat_map(outcomes).collect();
        let Some((told, _)) = all.iter().find(|(told, _)| says(told)).cloned() else {
            let mut expected: Vec<String> = all.iter().map(|(told, _)| format!("{told:?}")).collect();
            expected.dedup();
            return Err(TestCaseError::fail(format!(
                "answered: {answer}\nexpected: {}",
                expected.join("\nor: ")
            )));
        };
        self.0 = all.into_iter().filter(|(told, _)| says(told)).map(|(_, model)| model).collect();
        self.unify();
        Ok(told)
    }

    fn unify(&mut self) {
        let mut different: Vec<Model> = vec![];
        for model in self.0.drain(..) {
            if !different.contains(&model) {
                different.push(model);
            }
        }
        assert!(different.len() <= MOST, "answers say too little");
        self.0 = different;
    }
}
