//! A program's rights from its start to its end: once they have fallen, only the next start raises them (`spec/guard.md` §5).

use super::{Effective, Known, Latch, Rights, effective};

/// The rights of one running program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Session {
    effective: Effective,
    latches: Vec<Latch>,
}

impl Session {
    /// When a program starts, with what earlier ones left behind; what is of another license is none of its own. A failed check of modules keeps it from starting where that is
    /// enforced.
    pub fn begin<'k>(known: &Known<'_>, kept: impl IntoIterator<Item = &'k Latch>) -> Self {
        let held = known.held.as_ref();
        let is_kept = |latch: &&Latch| latch.is_of(held) && !latch.is_lifted(held, known.findings);
        let latches: Vec<Latch> = kept.into_iter().filter(is_kept).cloned().collect();
        let session = Self { effective: effective(known, latches.first()), latches };
        let mut session = session.with_latch(known);
        // Also where something else has taken the rights away: nobody starts a changed program by giving it another reason.
        if let Some(lack) = known.blocks() {
            session.effective.rights = Rights::Blocked(lack);
        }
        session
    }

    /// `spec/guard.md` §4.1: later, with what is known then: time has passed, an answer came, a check found something.
    #[must_use]
    pub fn later(self, known: &Known<'_>) -> Self {
        if self.effective.lack().is_some() {
            return self;
        }
        Self { effective: effective(known, None), latches: vec![] }.with_latch(known)
    }

    /// What the program may do.
    pub fn effective(&self) -> &Effective {
        &self.effective
    }

    /// What the program leaves behind for the next one: what no start has lifted, or what it found itself.
    pub fn latches(&self) -> &[Latch] {
        &self.latches
    }

    /// Whether the program has less than it would have if it started now.
    pub fn restart_helps(&self, known: &Known<'_>) -> bool {
        self.effective.lack().is_some() && Self::begin(known, &self.latches).effective.lack().is_none()
    }

    /// `spec/guard.md` §4.2, §4.3: what has just ended the rights for longer than this program runs is left behind.
    fn with_latch(self, known: &Known<'_>) -> Self {
        let (true, Some(lack), Ok(now)) = (self.latches.is_empty(), self.effective.lack(), known.now) else {
            return self;
        };
        let is_doubtful = lack.is_of_time() && !now.clock.lasts();
        if !lack.lasts() || is_doubtful {
            return self;
        }
        let latch = Latch::new(lack.clone(), now.at, known.held.as_ref());
        Self { latches: vec![latch], ..self }
    }
}
