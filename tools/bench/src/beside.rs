//! `beside`: this build's program and a former build's in one run, so that both get the same machine.

use std::fmt::Debug;
use std::io::{Error, Result};
use std::path::Path;

use crate::books::Books;
use crate::idle;
use crate::report::{self, Better};

/// Starts of a program in a round of `idle`; the round's figure is their median.
const STARTS: usize = 5;

/// What was measured of both programs, round by round: this build's first, as in every array of two here.
type Rounds<T> = [Vec<T>; 2];

pub async fn run(programs: [&Path; 2], rounds: u32, seconds: u64, licenses: u32) -> Result<()> {
    let answers = validate(programs, rounds, seconds, licenses).await?;
    let validate = report::beside("beside-validate", "answers/s", &answers, Better::More);
    let answers = validate_first(programs, rounds, licenses).await?;
    let first = report::beside("beside-validate-first", "answers/s", &answers, Better::More);
    let starts = idle(programs, rounds).await?;
    let times = starts.each_ref().map(|rounds| rounds.iter().map(|round| round.0).collect());
    let start = report::beside("beside-idle-start", "ms to first answer", &times, Better::Less);
    let sizes = starts.each_ref().map(|rounds| rounds.iter().map(|round| round.1).collect());
    let memory = report::beside("beside-idle-memory", "MiB resident", &sizes, Better::Less);
    if validate && first && start && memory {
        return Ok(());
    }
    Err(Error::other("this build is worse than the former one"))
}

async fn validate(programs: [&Path; 2], rounds: u32, seconds: u64, licenses: u32) -> Result<Rounds<f64>> {
    let books = open(programs)?;
    let loads = [books[0].issue_and_bind(licenses).await?, books[1].issue_and_bind(licenses).await?];
    alternate("validate", rounds, async |which, _| {
        loads[which].for_seconds(&books[which].server.address, seconds).await
    })
    .await
}

/// One more device for each license in use, as `validate-first` does.
async fn validate_first(programs: [&Path; 2], rounds: u32, licenses: u32) -> Result<Rounds<f64>> {
    let books = open(programs)?;
    let devices = [books[0].issue_for(licenses, rounds + 2)?, books[1].issue_for(licenses, rounds + 2)?];
    alternate("validate-first", rounds, async |which, round| {
        let (devices, address) = (&devices[which], &books[which].server.address);
        devices[0].each_once(address).await?;
        devices[round + 1].each_once(address).await
    })
    .await
}

/// Milliseconds to the first answer and MiB, of later starts: the first makes keys and schema, and does not count.
async fn idle(programs: [&Path; 2], rounds: u32) -> Result<Rounds<(f64, f64)>> {
    let dir = tempfile::tempdir()?;
    let data = ["new", "former"].map(|name| dir.path().join(name));
    alternate("idle", rounds, async |which, _| {
        let (mut times, mut sizes) = ([0.0; STARTS], [0.0; STARTS]);
        for n in 0..STARTS {
            (times[n], sizes[n]) = idle::start(programs[which], &data[which])?;
        }
        Ok((report::median(&times), report::median(&sizes)))
    })
    .await
}

fn open(programs: [&Path; 2]) -> Result<[Books; 2]> {
    Ok([Books::open(programs[0])?, Books::open(programs[1])?])
}

/// Measures both in every round. The other one goes first each time, so that what a machine does to the second of two, or
/// from round to round, does it to both.
async fn alternate<T: Copy + Debug>(
    name: &str,
    rounds: u32,
    measure: impl AsyncFn(usize, usize) -> Result<T>,
) -> Result<Rounds<T>> {
    let mut measured = [Vec::new(), Vec::new()];
    for round in 0..=rounds as usize {
        for which in [round % 2, (round + 1) % 2] {
            measured[which].push(measure(which, round).await?);
        }
        eprintln!("{name}, round {round}: new {:.1?}, former {:.1?}", measured[0][round], measured[1][round]);
    }
    // The first round does not count: connections, statements and caches are then as they stay.
    Ok(measured.map(|rounds| rounds[1..].to_vec()))
}
