//! Whatever happens in whatever order, on either wire and through either server: what is answered is what a plain model says.
//!
//! Random steps go to one server (SQLite), or to two on one PostgreSQL database: one that serves the vendor, too, and one that only
//! answers running software. Clocks jump, each server's its own, while the time that passes goes on; the database comes back older under the
//! servers; answers are lost, or connections break off, and the same is asked again, of any server.
//!
//! | promise | check |
//! |---|---|
//! | Seats are exact: no more devices are let in than a license has seats (`SECURITY.md`); in a database that went back, none above them *from that state on* | `State::is_full` decides each answer; `World::look_back` compares the rows of devices, and counts licenses with more devices than seats |
//! | A change made through one process is visible in every other one within a second (`spec/http.md` §1.5): after a revocation no server says yes | before that second is over (`at_once`), an answer fits any state since the last reading; after it (`World::read_changes`), only the present one |
//! | A database that goes back is noticed: nothing in memory outlives it (`docs/design.md`, "Caches") | `Model::go_back`, then the same as above |
//! | The same question within 120 s has one effect, whatever clocks show and whichever process answers (`spec/http.md` §2.3, §2.5) | `Delivery::Lost`, `Delivery::Cut` and `Step::Again`; `World::repeats` wants the same bytes, `World::look_back` one seat and one event |
//! | A question that was paid for is free for 120 s, whichever process answers it (`spec/http.md` §2.3) | `Model::pay`; the balance |
//! | A request under a name is carried out once and gets its first answer (`spec/http.md` §3.7) | `Model::once`; the bytes of the first answer; the number of licenses |
//! | An acknowledged change is durable (`SECURITY.md`) | restarts forget nothing but replays |
//! | What lives longer than a day is not signed by a doubted clock, until an operator accepts it (`spec/http.md` §3.16) | `Model::once`: an order is refused then, and nothing is sold; `World::accept` compares what the server says of its clock |
//! | Nothing is deleted by a clock that is doubted (`spec/http.md` §4) | events and names are all there at the end |
//! | Once the clock is right again, what it had signed is made anew within a minute, and nobody is refused for it (`docs/book/operators.md`) | `World::settle`: on every server, both wires answer as the model says, decisions and licenses verify, `/readyz` is 200 |
//! | Both wires judge by the same rules (`spec/online.md` §7.4) | one model answers for both |
//! | The audit log's chain holds (`spec/audit.md`) | once, at the end of all sequences |
//!
//! What is not promised, and so not checked: who is refused while a clock is wrong (a certificate by a clock that is ahead, a license
//! that ends), and what a clock deletes that kept its wrong setting for an hour, or that an operator accepted though it was ahead by
//! days.
//!
//! A failure prints the steps, shortened. `PROPTEST_CASES` asks for more sequences, `PROPTEST_RNG_SEED` for the same again.

mod beliefs;
mod clocks;
mod model;
mod servers;
mod steps;
mod vendor;
mod wires;
mod world;

use std::cell::{Cell, RefCell};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use sealgate_authority::ports::{Entropy, System};
use sealgate_testkit::{Engine, TestDevice};

use servers::Servers;
use steps::{KEYS, Step};
use world::World;

/// How many sequences of steps a run tries, unless `PROPTEST_CASES` asks for more.
const CASES: u32 = 16;
const STEPS: usize = 70;

#[test]
fn the_server_answers_what_the_model_answers_on_sqlite() {
    compare(Engine::Sqlite);
}

#[test]
fn two_servers_answer_what_the_model_answers_on_postgres() {
    compare(Engine::Postgres);
}

/// The servers live through all sequences; each of them has an app of its own.
fn compare(engine: Engine) {
    let servers = RefCell::new(Servers::start(engine));
    let keys: [TestDevice; KEYS] = std::array::from_fn(|_| TestDevice::default());
    let config = config();
    let rerun = format!("PROPTEST_CASES={} PROPTEST_RNG_SEED={}", config.cases, config.rng_seed);
    let mut runner = TestRunner::new(config);
    let sequences = prop::collection::vec(steps::step(), 1..STEPS);
    let (tried, failed) = (Cell::new(0), Cell::new(None));
    let outcome = runner.run(&sequences, |steps| {
        tried.set(tried.get() + 1);
        let lived = World::new(&mut servers.borrow_mut(), &keys).live(&steps);
        failed.set(failed.get().or_else(|| lived.is_err().then(|| tried.get())));
        lived
    });
    match outcome {
        Err(TestError::Fail(why, steps)) => {
            let nth = failed.get().map_or_else(|| "one".to_owned(), |n: u32| n.to_string());
            panic!(
                "{why}\nin sequence {nth}, shortened to these steps:\n{}\nagain with {rerun}",
                listed(&steps)
            )
        }
        outcome => outcome.expect("no step is rejected"),
    }
    servers.borrow().first().owner().check_audit().expect("the chain holds");
}

fn listed(steps: &[Step]) -> String {
    let lines: Vec<String> = steps.iter().map(|step| format!("  {step:?}")).collect();
    lines.join("\n")
}

/// Another one for each run.
fn rand_seed() -> u64 {
    let mut bytes = [0; 8];
    System.fill(&mut bytes);
    u64::from_be_bytes(bytes)
}

fn config() -> Config {
    // What `Config` takes when nobody asks for a number.
    const UNASKED: u32 = 256;
    // Sequences are shortened for so long, in milliseconds.
    const SHORTENING: u32 = 60_000;
    let config = Config { failure_persistence: None, ..Config::default() };
    let cases = if config.cases == UNASKED { CASES } else { config.cases };
    let rng_seed = match config.rng_seed {
        RngSeed::Random => RngSeed::Fixed(rand_seed()),
        RngSeed::Fixed(seed) => RngSeed::Fixed(seed),
    };
    let max_shrink_time = if config.max_shrink_time == 0 { SHORTENING } else { config.max_shrink_time };
    Config { cases, rng_seed, max_shrink_time, ..config }
}
