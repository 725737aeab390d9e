//! Those who connect and say nothing, half of it, or a byte at a time, by the thousand: honest customers must not notice.

mod attack;
mod bound;
mod calm;
mod honest;
mod kind;
mod line;

use crate::day::{Day, Setting};
use crate::options::{Common, Engine};
use crate::process;
use crate::random::Random;
use attack::Figures;
use bound::Bound;
use harness::failure::{Doing, Failure, Result};
use honest::{Honest, Times};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Connections that the server is told to have at most: what it has without being told, and enough for all idle ones.
const MOST: [u64; 2] = [2_000, 6_000];
const MINUTES: u32 = 10;
/// The torture's own descriptors.
const DESCRIPTORS: u64 = 12_000;
/// What the slowest hundredth of honest answers may take, in percent of what it takes without an attack.
const SLOWER: u64 = 200;
const LOOK: Duration = Duration::from_millis(250);

/// How to torture.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
    /// How long; half of it with 2,000 connections at most, half with 6,000
    #[arg(long, default_value_t = MINUTES, conflicts_with_all = ["short", "rounds"])]
    minutes: u32,
}

/// How long calm and attack take in their turns.
struct Pace {
    /// Slow connections.
    connections: usize,
    calm: Duration,
    /// While the connections are opened, nothing is measured.
    rise: Duration,
    attack: Duration,
    /// After they are closed neither.
    ebb: Duration,
}

const SHORT: Pace = Pace {
    connections: 2_800,
    calm: Duration::from_secs(3),
    rise: Duration::from_secs(5),
    attack: Duration::from_secs(3),
    ebb: Duration::from_secs(1),
};
const LONG: Pace = Pace {
    // 5,000 of them idle.
    connections: 8_000,
    calm: Duration::from_secs(15),
    rise: Duration::from_secs(20),
    attack: Duration::from_secs(22),
    ebb: Duration::from_secs(3),
};

/// Attacks, and is calm, in turns.
pub(crate) fn run(binary: &Path, options: &Options) -> Result<()> {
    process::limit(std::process::id(), "nofile", Some(DESCRIPTORS))?;
    let short = options.common.is_short();
    let turns = options.common.rounds(1, options.minutes.div_ceil(2));
    let (pace, most) = if short { (SHORT, &MOST[..1]) } else { (LONG, &MOST[..]) };
    for most in most {
        let seed = options.common.seed();
        let what = format!("slow: seed {seed}, {turns} turns, {most} connections at most");
        println!("{what}");
        Stage { binary, pace: &pace, most: *most, judges_times: !short }.run(turns, seed, &what)?;
    }
    Ok(())
}

/// One server, and those who are slow to it.
struct Stage<'a> {
    binary: &'a Path,
    pace: &'a Pace,
    most: u64,
    /// A few seconds on a busy machine say too little about times.
    judges_times: bool,
}

impl Stage<'_> {
    fn run(&self, turns: u32, seed: u64, what: &str) -> Result<()> {
        let prepare = |_, launch: &mut crate::server::Launch| {
            let file = launch.folder.join("sealgate.toml");
            let rest = fs::read_to_string(&file).unwrap_or_default();
            fs::write(&file, format!("max_connections = {}\n{rest}", self.most))
                .expect("it was written before");
        };
        let day = Setting { prepare: &prepare, ..Setting::new(self.binary, Engine::Sqlite) }.begin()?;
        let closing = (self.pace.calm + self.pace.rise + self.pace.attack + self.pace.ebb) * turns;
        let outcome = thread::scope(|scope| {
            let times = scope.spawn(|| calm::times(self.binary, closing.max(Duration::from_secs(24))));
            let outcome = day.work(seed, |day, random| self.take_turns(day, turns, random));
            let times = times.join().map_err(|_| Failure::new("the watch of closing times panicked"))?;
            outcome.and(times.map(|times| println!("closed by a server with room: {times}")))
        });
        self.judge_log(&day, turns);
        let closed = day.close(what);
        outcome.and(closed)
    }

    fn take_turns(&self, day: &Day, turns: u32, random: &mut Random) -> Result<()> {
        let (times, figures, stop) = (Times::default(), Figures::default(), AtomicBool::new(false));
        let honest = [Honest::new(day, false)?, Honest::new(day, true)?];
        let pid = day.places[0].pid().ok_or_else(|| Failure::new("the server does not run"))?;
        thread::scope(|scope| {
            for honest in &honest {
                let (seed, times, stop) = (random.next(), &times, &stop);
                scope.spawn(move || honest.ask(day, Random::new(seed), times, stop));
            }
            let outcome = self.measure(day, turns, pid, &times, &figures);
            stop.store(true, Ordering::Relaxed);
            outcome
        })
    }

    fn measure(&self, day: &Day, turns: u32, pid: u32, times: &Times, figures: &Figures) -> Result<()> {
        let (mut calm, mut attacked) = (vec![], vec![]);
        thread::sleep(self.pace.calm / 3);
        let mut bound = Bound::new(pid, self.most)?;
        for _ in 0..turns {
            times.take();
            thread::sleep(self.pace.calm);
            calm.push(times.take().0);
            attacked.push(self.attack(day, times, figures, &mut bound)?);
            thread::sleep(self.pace.ebb);
        }
        let (kept, said) = bound.verdict()?;
        println!("{said}");
        let count = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        println!(
            "{} slow connections opened, {} of them closed by the server, {} open at once",
            count(&figures.opened),
            count(&figures.closed),
            count(&figures.most)
        );
        if !kept {
            day.notes.wrong(said);
        }
        if count(&figures.most) < self.most || bound.descriptors < self.most {
            day.notes.wrong("the bound was never reached, so the run says nothing about it".to_owned());
        }
        self.judge_times(day, calm, attacked);
        Ok(())
    }

    /// One attack. Returns the slowest hundredth of honest answers in it.
    fn attack(&self, day: &Day, times: &Times, figures: &Figures, bound: &mut Bound) -> Result<u64> {
        let stop = AtomicBool::new(false);
        let address = day.places[0].url.trim_start_matches("http://").parse();
        let address: SocketAddr = address.doing("read where the server listens")?;
        thread::scope(|scope| {
            scope.spawn(|| attack::run(day, address, self.pace.connections, figures, &stop));
            let looked = watch(self.pace.rise, bound).and_then(|()| {
                times.take();
                watch(self.pace.attack, bound)
            });
            let slowest = times.take().0;
            stop.store(true, Ordering::Relaxed);
            looked.map(|()| slowest)
        })
    }

    fn judge_times(&self, day: &Day, calm: Vec<u64>, attacked: Vec<u64>) {
        let windows = format!("{calm:?} calm, {attacked:?} attacked");
        let (calm, attacked) = (median(calm), median(attacked));
        let percent = attacked * 100 / calm.max(1);
        println!("honest p99 {calm} µs calm, {attacked} µs attacked, {percent} % (windows in µs: {windows})");
        if self.judges_times && percent > SLOWER {
            day.notes.wrong(format!("honest answers became slower: p99 {percent} % of that of calm"));
        }
    }

    /// One warning a minute, however many connections there are.
    fn judge_log(&self, day: &Day, turns: u32) {
        let log = day.places[0].launch.log();
        let (lines, warnings) = (log.lines().count(), log.matches("as many connections as").count());
        let turn = self.pace.calm + self.pace.rise + self.pace.attack + self.pace.ebb;
        let minutes = (turn * turns).as_secs() / 60;
        println!("log: {lines} lines, {warnings} of them about connections, in {minutes} minutes");
        if warnings == 0 || warnings as u64 > minutes + 2 || lines as u64 > 3 * (minutes + 2) + 10 {
            day.notes
                .wrong(format!("the log has {lines} lines, {warnings} of them about connections:\n{log}"));
        }
    }
}

/// Looks at what the server uses for so long.
fn watch(time: Duration, bound: &mut Bound) -> Result<()> {
    let begin = Instant::now();
    while begin.elapsed() < time {
        bound.look()?;
        thread::sleep(LOOK);
    }
    Ok(())
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}
