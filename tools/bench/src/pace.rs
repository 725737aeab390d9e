//! The paced generator: questions fall due at a fixed rate, whatever the answers do.

use std::cell::{Cell, RefCell};
use std::io::Result;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::LocalSet;

use crate::load::{Connection, Load};

/// How often what fell due is handed out. It is much less than what is measured.
const STEP: Duration = Duration::from_micros(100);

/// A rate that is kept up for a while.
#[derive(Clone, Copy)]
pub struct Pace {
    /// Questions a second.
    pub rate: f64,
    /// How long.
    pub seconds: u64,
}

/// What every connection shares.
struct Run {
    begin: Instant,
    pace: Pace,
    due: Arc<Semaphore>,
    taken: Cell<u64>,
    latencies: RefCell<Vec<f64>>,
}

impl Pace {
    fn questions(self) -> u64 {
        (self.rate * self.seconds as f64) as u64
    }

    /// Microseconds from when each question fell due to its answer, sorted. A question that had to wait, for a
    /// connection or for this generator, counts as waiting: nothing late is forgotten.
    pub async fn latencies(self, load: &Load, address: &str) -> Result<Vec<f64>> {
        let due = Arc::new(Semaphore::new(0));
        let begin = Instant::now();
        let ticker = std::thread::spawn({
            let due = Arc::clone(&due);
            move || self.tick(begin, &due)
        });
        let run =
            Rc::new(Run { begin, pace: self, due, taken: Cell::default(), latencies: RefCell::default() });
        let local = LocalSet::new();
        let workers: Vec<_> = (0..load.connections)
            .map(|_| local.spawn_local(work(Rc::clone(&run), load.clone(), address.to_owned())))
            .collect();
        local.await;
        for worker in workers {
            worker.await.map_err(std::io::Error::other)??;
        }
        ticker.join().map_err(|_| std::io::Error::other("the ticker panicked"))?;
        let mut latencies = run.latencies.take();
        latencies.sort_by(f64::total_cmp);
        Ok(latencies)
    }

    /// Hands out what fell due, until all of it has.
    fn tick(self, begin: Instant, due: &Semaphore) {
        let mut handed_out = 0;
        while handed_out < self.questions() {
            // It may wake too early: what fell due is counted, not the steps.
            std::thread::park_timeout(STEP);
            let now = ((begin.elapsed().as_secs_f64() * self.rate) as u64).min(self.questions());
            due.add_permits((now - handed_out) as usize);
            handed_out = now;
        }
        due.close();
    }
}

async fn work(run: Rc<Run>, load: Load, address: String) -> Result<()> {
    let mut connection = Connection::open(&address).await?;
    loop {
        match run.due.try_acquire() {
            Ok(permit) => permit.forget(),
            // What was handed out before the end is still there to be taken.
            Err(_) => match run.due.acquire().await {
                Ok(permit) => permit.forget(),
                Err(_) => return Ok(()),
            },
        }
        let n = run.taken.replace(run.taken.get() + 1);
        let fell_due = run.begin + Duration::from_secs_f64(n as f64 / run.pace.rate);
        connection.ask(&load, n).await?;
        run.latencies.borrow_mut().push(fell_due.elapsed().as_secs_f64() * 1e6);
    }
}
