//! Whatever happens in whatever order, on either wire: the server answers what a plain model answers.

mod model;
mod steps;
mod wires;
mod world;

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sealgate_authority::Limits;
use sealgate_testkit::{Engine, TestApp, TestDevice};

use steps::KEYS;
use world::World;

/// How many sequences of steps a run tries, unless `PROPTEST_CASES` asks for more.
const CASES: u32 = 16;
const STEPS: usize = 70;

#[test]
fn the_server_answers_what_the_model_answers_on_sqlite() {
    compare(Engine::Sqlite);
}

#[test]
fn the_server_answers_what_the_model_answers_on_postgres() {
    compare(Engine::Postgres);
}

/// One server lives through all sequences; each of them has an app of its own.
fn compare(engine: Engine) {
    let server = RefCell::new(TestApp::start_with_limits(engine, Limits::danger_off()));
    let keys: [TestDevice; KEYS] = std::array::from_fn(|_| TestDevice::default());
    let mut runner = TestRunner::new(config());
    let sequences = prop::collection::vec(steps::step(), 1..STEPS);
    let outcome = runner.run(&sequences, |steps| World::new(&mut server.borrow_mut(), &keys).live(&steps));
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn config() -> Config {
    // What `Config` takes when nobody asks for a number.
    const UNASKED: u32 = 256;
    let config = Config { failure_persistence: None, ..Config::default() };
    let cases = if config.cases == UNASKED { CASES } else { config.cases };
    Config { cases, ..config }
}
