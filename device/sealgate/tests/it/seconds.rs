//! A machine's clocks do not tick together, and signed times are whole seconds. A guard's time is never ahead of an honest clock because of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sealgate::guard::Standing;
use sealgate::{Client, Clock, UnixSeconds};
use sealgate_artifact::{ClockPolicy, Policy};

use crate::authority::{NOW, at};
use crate::guard::{Machine, heard};
use crate::site::ORIGIN;

/// Two clocks of one machine, in milliseconds since the beginning. The one that nobody sets ticks so much earlier.
#[derive(Clone)]
struct Ticks {
    passed: Arc<AtomicU64>,
    earlier: u64,
}

impl Clock for Ticks {
    fn now(&self) -> UnixSeconds {
        at(NOW + self.passed.load(Ordering::SeqCst) / 1_000)
    }

    fn running(&self) -> Duration {
        Duration::from_millis(self.passed.load(Ordering::SeqCst) + self.earlier)
    }
}

/// A license that allows no clock that is behind, and a program that is started again and again.
#[test]
fn a_start_soon_after_a_run_finds_no_clock_behind() {
    let clock = Some(ClockPolicy { tolerance: Some(0), mode: None });
    for earlier in [0, 100, 500, 900] {
        let machine = Machine::new(Some(Policy { clock, ..heard() }));
        let ticks = Ticks { passed: Arc::default(), earlier };
        for run in 1..60_u64 {
            let client = Client::builder(machine.site.trust())
                .server(ORIGIN)
                .store(machine.store.clone())
                .clock(ticks.clone())
                .transport(machine.site.clone());
            let client = Arc::new(client.build().expect("configured"));
            let guard = client.guard().without_threads().offline().start().expect("it starts");
            assert_eq!(guard.state().standing, Standing::Licensed, "start {run}, {earlier} ms earlier");
            if run.is_multiple_of(7) {
                guard.heartbeat().expect("answered");
            }
            let passed = ticks.passed.fetch_add(run * 37 % 1_900, Ordering::SeqCst) + run * 37 % 1_900;
            machine.site.time.store(NOW + passed / 1_000, Ordering::SeqCst);
        }
    }
}
