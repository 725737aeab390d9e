//! Clocks are set wrong and right again, one server's, both servers' or the devices', sometimes with a restart in between.
//!
//! What is promised while a clock is wrong depends on which one and by how much; `wrong.rs` says it in code:
//!
//! | wrong | AuthForge's wire | the SDK | `/readyz` |
//! |---|---|---|---|
//! | any, −1 h or +10 min | served | served | 503 at that server, because of the clock |
//! | the first server, +8 d or +100 d | served | not served: certificates and licenses are signed for that time, and devices whose clock is right refuse them | 503 at that server; the other one may lack a certificate that is in force |
//! | the second server, +8 d | served | served: its certificate holds for 14 days | 503 at that server |
//! | the second server, +100 d | served | not served there: its certificate has ended | 503 at that server |
//! | the devices, +8 d | served | served: certificates hold for 14 days | 200 |
//! | the devices, +100 d | served | not served: for them, certificates have ended | 200 |
//! | the first server, started −1 d, −20 d or −6,000 d | served | −1 d: served; else not served | 503 at that server |
//! | the second server, started so | served | −1 d: served; else not served there | 200 at that server while it is certified |
//! | all of them by as much, and the servers were started so | served | served | 200, unless 30 days ahead |
//!
//! A license that ends within the time that a clock is ahead may be over there. A license that was sold by a clock that is ahead
//! begins, for a server whose clock is right, later. An order may be refused with a code that names the clock while the vendor's
//! side doubts its clock. A server that was *started* with a wrong clock cannot know, and is ready, unless that is more than 30
//! days ahead, or the first server is behind; it doubts the right clock later, serves all the same, and is restarted. A first
//! server that was started behind is ready as soon as its clock is right.
//!
//! Once clocks are right, everybody is served within ten seconds, with licenses too that were sold meanwhile, and nothing is
//! left that was signed in the future. Only clients that took something signed after a start with a wrong clock, when theirs was
//! as wrong, may be refused: they are counted apart, and begin anew.

mod bought;
mod step;
mod wrong;

use crate::day::Setting;
use crate::options::{Common, Engine};
use harness::failure::Result;
use std::path::Path;
use step::Clocks;

const SHORT: u32 = 5;
/// On each engine.
const WHOLE: u32 = 250;

/// How to torture.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
}

/// Sets clocks as often as asked, on each engine.
pub(crate) fn run(binary: &Path, options: &Options) -> Result<()> {
    for engine in options.common.engines(&[Engine::Sqlite, Engine::Postgres]) {
        let (seed, steps) = (options.common.seed(), options.common.rounds(SHORT, WHOLE));
        println!("clock {}: seed {seed}, {steps} steps", engine.name());
        let day = Setting { clocks: true, ..Setting::new(binary, engine) }.begin()?;
        let mut clocks = Clocks::default();
        let outcome = day.work(seed, |day, random| (0..steps).try_for_each(|_| clocks.step(day, random)));
        day.close(&format!("clock {}, seed {seed}, {steps} steps, {clocks}", engine.name()))?;
        outcome?;
    }
    Ok(())
}
