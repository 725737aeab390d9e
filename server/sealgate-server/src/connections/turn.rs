//! A connection's turn: it is polled again at once where it woke itself.
//!
//! hyper wakes the task that it runs in after each body that was read. Through the scheduler that rouses another thread,
//! which finds nothing to do, while both wait for the same locks.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// Polls in one turn. A connection that still wants more waits until others had theirs.
const POLLS: u32 = 2;

/// Nobody polls: who wakes the connection wakes its task.
const WAITING: u8 = 0;
/// It is being polled.
const POLLED: u8 = 1;
/// It is being polled, and was woken meanwhile.
const WOKEN: u8 = 2;

/// Gives a future its turns, in the task that calls [`Turns::take`].
pub(super) struct Turns {
    shared: Arc<Shared>,
    waker: Waker,
}

struct Shared {
    phase: AtomicU8,
    task: Mutex<Waker>,
}

impl Turns {
    pub(super) fn new() -> Self {
        let shared =
            Arc::new(Shared { phase: AtomicU8::new(WAITING), task: Mutex::new(Waker::noop().clone()) });
        Self { waker: Waker::from(Arc::clone(&shared)), shared }
    }

    /// One turn of the future.
    pub(super) fn take<F: Future>(&self, mut future: Pin<&mut F>, cx: &Context<'_>) -> Poll<F::Output> {
        self.shared.remember(cx.waker());
        let phase = &self.shared.phase;
        for _ in 0..POLLS {
            phase.store(POLLED, Ordering::SeqCst);
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&self.waker)) {
                return Poll::Ready(output);
            }
            if phase.compare_exchange(POLLED, WAITING, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                return Poll::Pending;
            }
        }
        phase.store(WAITING, Ordering::SeqCst);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Shared {
    fn remember(&self, task: &Waker) {
        self.task.lock().expect("no holder of this lock panics").clone_from(task);
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let noted = |phase| (phase != WAITING).then_some(WOKEN);
        if self.phase.fetch_update(Ordering::SeqCst, Ordering::SeqCst, noted).is_err() {
            self.task.lock().expect("no holder of this lock panics").wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use super::Turns;

    #[derive(Default)]
    struct Counted(AtomicU32);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A task, and how often it was woken.
    fn task() -> (Arc<Counted>, Waker) {
        let counted = Arc::new(Counted::default());
        (Arc::clone(&counted), Waker::from(counted))
    }

    /// Polls of a future that wakes itself so often, and wakes of its task, in one turn.
    fn one_turn(own_wakes: u32) -> (u32, u32) {
        let (woken, waker) = task();
        let mut polls = 0;
        let future = poll_fn(|cx| {
            polls += 1;
            if polls <= own_wakes {
                cx.waker().wake_by_ref();
            }
            Poll::<()>::Pending
        });
        assert!(Turns::new().take(pin!(future), &Context::from_waker(&waker)).is_pending());
        (polls, woken.0.load(Ordering::SeqCst))
    }

    #[test]
    fn what_wakes_itself_is_polled_again_and_then_waits_for_others() {
        assert_eq!(one_turn(0), (1, 0));
        assert_eq!(one_turn(1), (2, 0), "no other thread hears of it");
        assert_eq!(one_turn(9), (2, 1), "it has no end: others go first");
    }

    #[test]
    fn a_wake_between_turns_wakes_the_task_that_took_the_last_one() {
        let turns = Turns::new();
        let ((former, first), (woken, second)) = (task(), task());
        let mut kept = None;
        let mut future = pin!(poll_fn(|cx| {
            kept = Some(cx.waker().clone());
            Poll::<()>::Pending
        }));
        for waker in [&first, &second] {
            assert!(turns.take(future.as_mut(), &Context::from_waker(waker)).is_pending());
        }
        kept.expect("it was polled").wake();
        assert_eq!((former.0.load(Ordering::SeqCst), woken.0.load(Ordering::SeqCst)), (0, 1));
    }

    /// A wake from another thread, whenever it comes, is followed by a poll.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_wake_is_lost() {
        for _ in 0..2_000 {
            let flag = Arc::new(AtomicU32::new(0));
            let (turns, mut other) = (Turns::new(), None);
            let mut future = pin!(poll_fn(|cx| {
                let (set, waker) = (Arc::clone(&flag), cx.waker().clone());
                other.get_or_insert_with(|| {
                    std::thread::spawn(move || {
                        set.store(1, Ordering::SeqCst);
                        waker.wake();
                    })
                });
                if flag.load(Ordering::SeqCst) == 1 { Poll::Ready(()) } else { Poll::Pending }
            }));
            poll_fn(|cx| turns.take(future.as_mut(), cx)).await;
        }
    }
}
