//! One round after the other: something runs out, is asked about, and comes back.

use super::inspector::{Figures, Inspector};
use super::kind::{Harm, Kind};
use super::press::Press;
use super::site::{DESCRIPTORS, Disks, Site, empty_log};
use crate::day::{Day, Place};
use crate::options::Engine;
use crate::process;
use crate::random::Random;
use harness::failure::{Failure, Result};
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// It begins up to this much after all was well, so that it hits any step of a write.
const MORE_MICROSECONDS: u64 = 200_000;
/// How long something has run out, in milliseconds.
pub(super) const LONG: Range<u64> = 300..4_500;
pub(super) const SHORT: Range<u64> = 300..1_500;
/// How long a disk stays full at most until a write met its end.
const UNMET: Duration = Duration::from_secs(8);
/// A disk is filled but for up to so much, so that it is the load that meets the end, in the middle of something.
const LEFT: u64 = 256 << 10;
/// Where only keys are written.
const LEFT_FOR_KEYS: u64 = 16 << 10;
/// More connections than descriptors, and enough half bodies to fill what memory is left.
const CONNECTIONS: usize = 800;
const MORE_THAN_LEFT: usize = 60;
const BODIES: usize = 260;
const LEFT_OF_MEMORY: u64 = 2 << 20;
/// What limits memory, and the line that says how much of that is used: with what is only reserved, and without.
const MEMORY: [(&str, &str); 2] = [("as", "VmSize"), ("data", "VmData")];
const PAUSE: Duration = Duration::from_millis(50);

/// What was done, and whether it was felt.
pub(super) struct Rounds<'a> {
    site: &'a Site,
    engine: Engine,
    held: Range<u64>,
    figures: Figures,
    done: BTreeMap<Kind, Felt>,
    ended: u32,
}

/// Rounds of one kind, and those of them in which the server met the end of what it had.
#[derive(Default)]
struct Felt {
    rounds: u32,
    felt: u32,
}

impl<'a> Rounds<'a> {
    /// None yet.
    pub(super) fn new(site: &'a Site, engine: Engine, held: Range<u64>) -> Self {
        Self { site, engine, held, figures: Figures::default(), done: BTreeMap::new(), ended: 0 }
    }

    /// Lets one thing run out and come back.
    pub(super) fn round(&mut self, day: &Day, kind: Kind, random: &mut Random) -> Result<()> {
        thread::sleep(Duration::from_micros(random.below(MORE_MICROSECONDS)));
        self.site.restore()?;
        day.places.iter().try_for_each(|place| empty_log(&place.launch))?;
        let harm = kind.harm(self.engine);
        let mut inspector = Inspector::new(day, &self.figures, kind, harm);
        let before = inspector.refused();
        let which = below(random, day.places.len());
        let held = Duration::from_millis(self.held.start + random.below(self.held.end - self.held.start));

        expect_harm(day, &day.places[which], harm);
        let mut press = self.run_out(&day.places, which, kind, random)?;
        let begin = Instant::now();
        let is_disk = matches!(kind, Kind::Data | Kind::Tables | Kind::Changes);
        // The load may find room in pages that are there: a disk that nobody has met yet stays full for longer.
        let unmet =
            |inspector: &Inspector<'_>| is_disk && inspector.refused() == before && begin.elapsed() < UNMET;
        while begin.elapsed() < held || unmet(&inspector) {
            for at in (0..day.places.len()).filter(|at| harm < Harm::Server || *at == which) {
                inspector.look(at, random);
            }
            thread::sleep(PAUSE);
        }
        let (refused, silent) = (inspector.refused() - before, inspector.silent);
        let closed = press.as_mut().map_or(0, Press::refused);
        drop(press);
        let ended = self.comes_back(&day.places, which, kind)?;
        day.well()?;
        day.notes.set_away(false);
        let felt = match kind {
            Kind::Log | Kind::Both => lost_lines(&day.places),
            Kind::FileSize => refused > 0 || lost_lines(&day.places),
            Kind::Connections => closed > 0,
            Kind::Descriptors => closed > 0 || silent > 0,
            Kind::Memory => ended || closed > 0 || silent > 0,
            Kind::Data | Kind::Tables | Kind::Changes => refused > 0,
        };
        self.note(kind, felt, ended);
        Ok(())
    }

    fn run_out(
        &self,
        places: &[Place],
        which: usize,
        kind: Kind,
        random: &mut Random,
    ) -> Result<Option<Press>> {
        let (place, left) = (&places[which], random.below(left_of(kind.harm(self.engine))));
        match (kind, &self.site.disks) {
            (Kind::FileSize, _) => places.iter().try_for_each(|place| bound_files(place, random))?,
            (Kind::Connections, _) => {
                return Press::of_all_kinds(&place.url, CONNECTIONS).map(Some);
            }
            (Kind::Descriptors, _) => {
                let used = process::descriptors(pid(place)?)?;
                process::limit(pid(place)?, "nofile", Some(used.saturating_sub(8) + random.below(24)))?;
                return Press::of_all_kinds(&place.url, MORE_THAN_LEFT).map(Some);
            }
            (Kind::Memory, _) => {
                let left = random.below(LEFT_OF_MEMORY);
                for (what, line) in MEMORY {
                    let used = process::memory(pid(place)?, line)?;
                    process::limit(pid(place)?, what, Some(used + left))?;
                }
                return Press::of_bodies(&place.url, BODIES).map(Some);
            }
            (_, Some(disks)) => fill(disks, kind, left)?,
            (_, None) => return Err(Failure::new("there is no disk to be filled")),
        }
        if kind == Kind::Changes {
            self.site.next_changes();
        }
        Ok(None)
    }

    /// Says whether the server had ended: then it was started again.
    fn comes_back(&self, places: &[Place], which: usize, kind: Kind) -> Result<bool> {
        self.site.restore()?;
        let place = &places[which];
        let ended = !place.is_running();
        if ended && kind != Kind::Memory {
            return Err(Failure::new(format!("the server ended; {}", place.last_words())));
        }
        match kind {
            _ if ended => place.start()?,
            Kind::FileSize => {
                places.iter().try_for_each(|place| process::limit(pid(place)?, "fsize", None))?;
            }
            Kind::Descriptors => process::limit(pid(place)?, "nofile", Some(DESCRIPTORS))?,
            Kind::Memory => {
                MEMORY.iter().try_for_each(|(what, _)| process::limit(pid(place)?, what, None))?;
            }
            _ => {}
        }
        // Who asked in vain may still wait for an answer, and has not written since.
        for place in places {
            place.pulse.forget();
        }
        place.set_up(true);
        Ok(ended)
    }

    fn note(&mut self, kind: Kind, felt: bool, ended: bool) {
        let done = self.done.entry(kind).or_default();
        done.rounds += 1;
        done.felt += u32::from(felt);
        self.ended += u32::from(ended);
    }

    /// Says what was done and seen.
    pub(super) fn print(&self) {
        let kinds: Vec<String> = self
            .done
            .iter()
            .map(|(kind, done)| format!("{} {} (felt {})", kind.name(), done.rounds, done.felt))
            .collect();
        let count = |figure: &std::sync::atomic::AtomicU64| figure.load(Ordering::Relaxed);
        println!(
            "full {}: {}; {} questions answered and {} writes refused meanwhile, told by /readyz {} times; \
             the server ended {} times",
            self.engine.name(),
            kinds.join(", "),
            count(&self.figures.answered),
            count(&self.figures.refused),
            count(&self.figures.told),
            self.ended
        );
    }

    /// A failure if something that was to run out never did.
    pub(super) fn verdict(&self) -> Result<()> {
        let unfelt: Vec<&str> =
            self.done.iter().filter(|(_, done)| done.felt == 0).map(|(kind, _)| kind.name()).collect();
        if unfelt.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("never ran out, so the run says nothing about it: {}", unfelt.join(", "))))
    }
}

/// From here on nobody is blamed for what this harms.
fn expect_harm(day: &Day, place: &Place, harm: Harm) {
    if harm > Harm::None {
        day.trouble();
    }
    match harm {
        Harm::None | Harm::Writes => {}
        Harm::Database => day.notes.set_away(true),
        Harm::Server => place.set_up(false),
    }
}

fn left_of(harm: Harm) -> u64 {
    if harm == Harm::None { LEFT_FOR_KEYS } else { LEFT }
}

fn fill(disks: &Disks, kind: Kind, left: u64) -> Result<()> {
    let database = || disks.database.as_ref().ok_or_else(|| Failure::new("SQLite has no disk of its own"));
    match kind {
        Kind::Log => disks.log.fill(0),
        Kind::Both => disks.log.fill(0).and_then(|()| disks.data.fill(left)),
        Kind::Tables => database()?.0.fill(left),
        Kind::Changes => database()?.1.fill(left),
        _ => disks.data.fill(left),
    }
}

/// No file may become longer than its log, or than a part of SQLite's.
fn bound_files(place: &Place, random: &mut Random) -> Result<()> {
    let length = |name: &str| fs::metadata(place.launch.folder.join(name)).map_or(0, |file| file.len());
    let most = random.below(length("data/sealgate.db-wal").max(4_096));
    process::limit(pid(place)?, "fsize", Some(most))
}

/// Whether a log says that lines of it were lost.
fn lost_lines(places: &[Place]) -> bool {
    places.iter().any(|place| place.launch.log().contains("lines of the log before this were lost"))
}

fn pid(place: &Place) -> Result<u32> {
    place.pid().ok_or_else(|| Failure::new("the server does not run"))
}

fn below(random: &mut Random, limit: usize) -> usize {
    usize::try_from(random.below(limit as u64)).expect("below a usize")
}
