//! `beside`: this build's program and a former build's in one run, so that both get the same machine.

use std::io::{Error, Result};
use std::path::{Path, PathBuf};

use crate::books::Books;
use crate::idle;
use crate::load::Load;
use crate::report::{self, Better};

/// Starts of a program in a round of `idle`; the round's figure is their median.
const STARTS: usize = 5;

/// Devices that `validate-first` adds to each license and does not count: connections, statements and caches are then as they
/// stay.
const UNCOUNTED: u32 = 1;

/// What was measured of both programs, round by round: this build's first, as in every array of two here.
type Rounds = [Vec<f64>; 2];

pub async fn run(programs: [&Path; 2], rounds: u32, seconds: u64, licenses: u32) -> Result<()> {
    let mut measured = Measured::default();
    for round in 0..rounds as usize {
        measured.round(programs, round, seconds, licenses).await?;
        eprintln!("round {}: {}", round + 1, measured.newest());
    }
    if measured.report() {
        return Ok(());
    }
    Err(Error::other("this build is worse than the former one"))
}

#[derive(Default)]
struct Measured {
    validate: Rounds,
    validate_first: Rounds,
    start: Rounds,
    memory: Rounds,
}

impl Measured {
    /// Both programs, copied and started anew on new data. How a process and its program's file happen to lie in memory
    /// makes it some hundredths faster or larger for life, so that two processes would tell nothing about two programs,
    /// however long they were asked. Who is started first, and who is asked first, changes from round to round.
    async fn round(&mut self, programs: [&Path; 2], round: usize, seconds: u64, licenses: u32) -> Result<()> {
        let [started, asked] = [round % 2, round / 2 % 2].map(|first| [first, 1 - first]);
        let dir = tempfile::tempdir()?;
        let copies = ["new", "former"].map(|name| dir.path().join(name));
        for which in started {
            std::fs::copy(programs[which], &copies[which])?;
        }
        let programs = copies.each_ref().map(PathBuf::as_path);
        let mut books = [None, None];
        for which in started {
            books[which] = Some(Asked::open(programs[which], licenses).await?);
        }
        let books = books.map(|books| books.expect("both were opened"));
        for which in asked {
            self.validate[which].push(books[which].validate(seconds).await?);
        }
        for which in asked {
            self.validate_first[which].push(books[which].validate_first().await?);
        }
        drop(books);
        for which in asked {
            let (time, memory) = idle(programs[which])?;
            self.start[which].push(time);
            self.memory[which].push(memory);
        }
        Ok(())
    }

    fn newest(&self) -> String {
        let of = |name: &str, rounds: &Rounds| {
            let [new, former] = rounds.each_ref().map(|values| values.last().copied().unwrap_or_default());
            format!("{name} new {new:.1}, former {former:.1}")
        };
        let figures = [
            of("validate", &self.validate),
            of("validate-first", &self.validate_first),
            of("start", &self.start),
            of("memory", &self.memory),
        ];
        figures.join("; ")
    }

    /// Prints all figures. Whether none of them is surely worse.
    fn report(&self) -> bool {
        let ok = [
            report::beside("beside-validate", "answers/s", &self.validate, Better::More),
            report::beside("beside-validate-first", "answers/s", &self.validate_first, Better::More),
            report::beside("beside-idle-start", "ms to first answer", &self.start, Better::Less),
            report::beside("beside-idle-memory", "MiB resident", &self.memory, Better::Less),
        ];
        ok.iter().all(|ok| *ok)
    }
}

/// A server whose licenses all have a device, and more devices that will come.
struct Asked {
    books: Books,
    bound: Load,
    first: Load,
}

impl Asked {
    async fn open(program: &Path, licenses: u32) -> Result<Self> {
        let books = Books::open(program)?;
        let mut devices = books.issue_for(licenses, UNCOUNTED + 2)?.into_iter();
        let mut next = || devices.next().expect("as many as were asked for");
        let (bound, uncounted, first) = (next(), next(), next());
        for load in [&bound, &uncounted, &bound] {
            load.each_once(&books.server.address).await?;
        }
        Ok(Self { books, bound, first })
    }

    async fn validate(&self, seconds: u64) -> Result<f64> {
        self.bound.for_seconds(&self.books.server.address, seconds).await
    }

    /// One more device for each license in use, as the bench `validate-first` does.
    async fn validate_first(&self) -> Result<f64> {
        self.bound.each_once(&self.books.server.address).await?;
        self.first.each_once(&self.books.server.address).await
    }
}

/// Milliseconds to the first answer and MiB, of later starts: the first makes keys and schema, and does not count.
fn idle(program: &Path) -> Result<(f64, f64)> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    idle::start(program, &data)?;
    let (mut times, mut sizes) = ([0.0; STARTS], [0.0; STARTS]);
    for n in 0..STARTS {
        (times[n], sizes[n]) = idle::start(program, &data)?;
    }
    Ok((report::median(&times), report::median(&sizes)))
}
