//! What a connection does, so that the table can tell which one nobody misses.

use std::sync::atomic::{AtomicU64, Ordering};

use hyper::Request;
use hyper::body::Body;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has not sent one whole head.
    New,
    /// It has its whole answer, and has sent nothing since.
    Idle,
    /// It has sent part of a further head.
    Head,
    /// It sends a body. How long that may take is the request's own limit.
    Body,
    /// The server works for it.
    Working,
    /// It takes its answer. The time is when it last took some of it.
    Taking,
    /// The same, and the server has no more to add to it.
    TakingRest,
    /// The server closes it.
    Closed,
}

const STAGES: [Stage; 8] = [
    Stage::New,
    Stage::Idle,
    Stage::Head,
    Stage::Body,
    Stage::Working,
    Stage::Taking,
    Stage::TakingRest,
    Stage::Closed,
];
const STAGE_BITS: u32 = 3;

/// What a connection does, and since when. Changed without a lock, several times in each request.
pub(super) struct State {
    /// Milliseconds since `origin`, then the stage.
    word: AtomicU64,
    origin: Instant,
    closed: Notify,
}

impl State {
    pub(super) fn new(origin: Instant) -> Self {
        let state = Self { word: AtomicU64::new(0), origin, closed: Notify::new() };
        state.word.store(state.word_of(Stage::New), Ordering::Release);
        state
    }

    fn word_of(&self, stage: Stage) -> u64 {
        millis_since(self.origin) << STAGE_BITS | stage as u64
    }

    /// The stage, and the milliseconds at which it began.
    pub(super) fn now(&self) -> (Stage, u64) {
        parts(self.word.load(Ordering::Acquire))
    }

    /// Whether it goes on: a connection that is being closed stays so.
    fn enter(&self, stage: Stage) -> bool {
        let next = self.word_of(stage);
        let entered = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
            (parts(word).0 != Stage::Closed).then_some(next)
        });
        entered.is_ok()
    }

    /// Bytes came.
    pub(super) fn bytes_came(&self) {
        if self.now().0 == Stage::Idle {
            self.enter(Stage::Head);
        }
    }

    /// A whole head came. Says whether the connection goes on.
    pub(super) fn head_is_here<B: Body>(&self, request: &Request<B>) -> bool {
        self.enter(if request.body().is_end_stream() { Stage::Working } else { Stage::Body })
    }

    /// The whole body came. Says whether the connection goes on.
    pub(super) fn body_is_here(&self) -> bool {
        match self.now().0 {
            Stage::Body => self.enter(Stage::Working),
            stage => stage != Stage::Closed,
        }
    }

    /// The answer's head is there; its body follows.
    pub(super) fn answer_begins(&self) {
        self.enter(Stage::Taking);
    }

    /// The client took some of its answer.
    pub(super) fn bytes_went(&self) {
        let stage = self.now().0;
        if matches!(stage, Stage::Taking | Stage::TakingRest) {
            self.enter(stage);
        }
    }

    /// The whole answer is there. Some of it may still wait for the client.
    pub(super) fn answer_ends(&self) {
        if self.now().0 == Stage::Taking {
            self.enter(Stage::TakingRest);
        }
    }

    /// Nothing waits for the client any more.
    pub(super) fn all_went(&self) {
        if self.now().0 == Stage::TakingRest {
            self.enter(Stage::Idle);
        }
    }

    /// Closes it, if it still does what it was seen doing.
    pub(super) fn close(&self, seen: (Stage, u64)) -> bool {
        let (stage, since) = seen;
        let word = since << STAGE_BITS | stage as u64;
        let closed = self.word_of(Stage::Closed);
        let is_closed = self.word.compare_exchange(word, closed, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if is_closed {
            self.closed.notify_one();
        }
        is_closed
    }

    /// Ready once it was closed.
    pub(super) async fn is_closed(&self) {
        self.closed.notified().await;
    }
}

fn parts(word: u64) -> (Stage, u64) {
    let mask = (1 << STAGE_BITS) - 1;
    let stage = usize::try_from(word & mask).expect("three bits");
    (STAGES[stage], word >> STAGE_BITS)
}

pub(super) fn millis_since(origin: Instant) -> u64 {
    u64::try_from(origin.elapsed().as_millis()).unwrap_or(u64::MAX) & (u64::MAX >> STAGE_BITS)
}

#[cfg(test)]
pub(super) mod tests {
    use tokio::time::Instant;

    use super::{STAGES, Stage, State};

    /// A whole answer, which the client takes.
    pub(in super::super) fn is_answered(state: &State) {
        state.answer_begins();
        state.answer_ends();
        state.all_went();
    }

    #[test]
    fn a_connection_is_idle_once_all_of_its_answer_went() {
        let state = State::new(Instant::now());
        state.answer_begins();
        state.all_went();
        state.bytes_went();
        assert_eq!(state.now().0, Stage::Taking, "more follows");
        state.answer_ends();
        state.bytes_went();
        assert_eq!(state.now().0, Stage::TakingRest);
        state.all_went();
        assert_eq!(state.now().0, Stage::Idle);
        state.answer_ends();
        state.bytes_went();
        assert_eq!(state.now().0, Stage::Idle, "it waits for its next request");
    }

    #[test]
    fn a_stage_is_what_was_entered_and_a_closed_connection_stays_closed() {
        let state = State::new(Instant::now());
        assert_eq!(state.now().0, Stage::New);
        for (n, stage) in STAGES.into_iter().enumerate() {
            assert_eq!(stage as usize, n);
            assert!(state.enter(stage));
            assert_eq!(state.now().0, stage);
        }
        assert!(!state.enter(Stage::Idle) && !state.body_is_here());
        assert_eq!(state.now().0, Stage::Closed);
    }

    #[test]
    fn only_what_still_does_what_was_seen_is_closed() {
        let state = State::new(Instant::now());
        let seen = state.now();
        state.enter(Stage::Working);
        assert!(!state.close(seen));
        is_answered(&state);
        state.bytes_came();
        assert_eq!(state.now().0, Stage::Head);
        assert!(state.close(state.now()));
        assert!(!state.close(seen));
    }
}
