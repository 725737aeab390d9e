//! `shard`: how many bytes say what was taken back, beside the fewest that any exact list of it has; and how long a look-up takes.

use std::hint::black_box;
use std::io::{Error, Result};

use fastrand::Rng;
use sealgate_artifact::{AppId, Shard, ShardBody, Statement, TenantId, UnixSeconds};

use crate::report;

const SEED: u64 = 0x5ea1_6a7e;
const BLOCK: u64 = 1 << 20;
/// What `measures.md` asks about: so many slots were given out, and so many taken back.
const GIVEN: u64 = 100_000_000;
const TAKEN: u64 = 1_000_000;
/// Its goals: bytes, and nanoseconds for a look-up.
const BYTES: usize = 1_025_000;
const LOOK_UP: f64 = 5_000.0;
/// Look-ups whose answer is compared, and look-ups of a timed round.
const COMPARED: u32 = 10_000_000;
const TIMED: usize = 1_000_000;
/// What a shard has in a container besides payload and body: the heads of both, the payload's length, one signature.
const FRAME_BYTES: usize = 9 + 9 + 3 + 64;

pub fn run(rounds: u32) -> Result<()> {
    let mut random = Rng::with_seed(SEED);
    let taken = Slots::drawn(&mut random, TAKEN, GIVEN);
    let bodies = taken.bodies()?;
    size("shard", &bodies, TAKEN, GIVEN, BYTES);
    report::bytes("shard-statements", bodies.iter().enumerate().map(statement).sum(), None);
    // Blocks that are half used, as `spec/revocation.md` §1.3 leaves them: the same slots lie in twice as many.
    let spread = Slots::drawn(&mut random, TAKEN, 2 * GIVEN);
    size("shard-half-used-blocks", &spread.bodies()?, TAKEN, GIVEN, None);
    for (taken, given) in [(1_000, 100_000), (10, 1_000)] {
        let bodies = Slots::of_windows(&mut random, taken, given).bodies()?;
        size(&format!("shard-{taken}-of-{given}"), &bodies, taken, given, None);
    }
    let wrong = (0..COMPARED)
        .map(|_| random.u64(..GIVEN))
        .chain(taken.all())
        .filter(|slot| listed(&bodies, *slot) != taken.has(*slot))
        .count();
    report::figure_with_goal("shard-false-answers", "look-ups", &[wrong as f64], 0.0);
    times(&mut random, rounds, &taken, &bodies)
}

fn times(random: &mut Rng, rounds: u32, taken: &Slots, bodies: &[ShardBody]) -> Result<()> {
    let (mut look_ups, mut builds, mut reads) = (vec![], vec![], vec![]);
    let blocks = taken.blocks();
    // The first round warms up.
    for round in 0..=rounds {
        let asked: Vec<u64> = (0..TIMED).map(|_| random.u64(..GIVEN)).collect();
        let look_up = seconds(|| asked.iter().filter(|slot| listed(bodies, **slot)).count())?;
        let build = seconds(|| blocks.iter().filter_map(|slots| ShardBody::of(slots)).count())?;
        let read = |body: &ShardBody| ShardBody::read(body.k(), body.count(), body.bytes());
        let read = seconds(|| bodies.iter().filter(|body| read(body).is_ok()).count())?;
        if round > 0 {
            look_ups.push(look_up * 1e9 / TIMED as f64);
            builds.push(build * 1e3);
            reads.push(read * 1e3);
        }
    }
    report::figure_with_goal("shard-look-up", "ns", &look_ups, LOOK_UP);
    report::figure("shard-build", "ms", &builds);
    report::figure("shard-read", "ms", &reads);
    Ok(())
}

/// How long this thread was on a processor: what else runs on the machine takes none of that time.
fn seconds<T>(work: impl FnOnce() -> T) -> Result<f64> {
    let began = nanoseconds()?;
    black_box(work());
    Ok((nanoseconds()? - began) / 1e9)
}

fn nanoseconds() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    text.split(' ')
        .next()
        .and_then(|first| first.parse().ok())
        .ok_or_else(|| Error::other("no time on the processor"))
}

fn size(name: &str, bodies: &[ShardBody], taken: u64, given: u64, goal: impl Into<Option<usize>>) {
    report::bytes(
        name,
        bodies.iter().map(|body| body.bytes().len()).sum(),
        goal.into().map(|goal| goal as f64),
    );
    report::figure(&format!("{name}-bound"), "bytes", &[entropy_bytes(taken as f64, given as f64)]);
}

/// n·h(r/n): no exact list of any r of n slots is shorter on average.
fn entropy_bytes(taken: f64, given: f64) -> f64 {
    let share = taken / given;
    -given * (share * share.log2() + (1.0 - share) * (1.0 - share).log2()) / 8.0
}

/// The bytes of a shard in a container.
fn statement((block, body): (usize, &ShardBody)) -> usize {
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let at = |seconds| UnixSeconds::new(seconds).expect("a time");
    let shard = Shard {
        tenant: TenantId::parse(id).expect("an id"),
        app: AppId::parse(id).expect("an id"),
        block: block as u64,
        version: 30_000_000,
        issued_at: at(1_800_000_000),
        next_update: at(1_800_086_400),
        body: Some(body.clone()),
    };
    shard.to_payload().len() + FRAME_BYTES + body.bytes().len()
}

fn listed(bodies: &[ShardBody], slot: u64) -> bool {
    let body = bodies.get((slot / BLOCK) as usize);
    body.is_some_and(|body| body.lists((slot % BLOCK) as u32))
}

/// A set of slots, a bit for each.
struct Slots(Vec<u64>);

impl Slots {
    fn none(given: u64) -> Self {
        Self(vec![0; (given.div_ceil(BLOCK) * BLOCK / 64) as usize])
    }

    fn has(&self, slot: u64) -> bool {
        self.0[(slot / 64) as usize] >> (slot % 64) & 1 == 1
    }

    /// Whether it was not there.
    fn put(&mut self, slot: u64) -> bool {
        let is_new = !self.has(slot);
        self.0[(slot / 64) as usize] |= 1 << (slot % 64);
        is_new
    }

    /// So many of that many slots, each as likely as any other.
    fn drawn(random: &mut Rng, taken: u64, given: u64) -> Self {
        let mut slots = Self::none(given);
        let mut left = taken;
        while left > 0 {
            left -= u64::from(slots.put(random.u64(..given)));
        }
        slots
    }

    /// So many of that many slots that were given out one by one in the window of one block (`spec/revocation.md` §1.3).
    fn of_windows(random: &mut Rng, taken: u64, given: u64) -> Self {
        let (mut used, mut order, mut window) = (Self::none(BLOCK), vec![], 1 << 10);
        while (order.len() as u64) < given {
            let slot = random.u64(..window);
            if used.put(slot) {
                order.push(slot);
            }
            if order.len() as u64 >= window / 2 && window < BLOCK {
                window *= 2;
            }
        }
        random.shuffle(&mut order);
        let mut slots = Self::none(BLOCK);
        for slot in order.into_iter().take(taken as usize) {
            slots.put(slot);
        }
        slots
    }

    fn all(&self) -> impl Iterator<Item = u64> {
        (0..self.0.len() as u64 * 64).filter(|slot| self.has(*slot))
    }

    /// The places in each block.
    fn blocks(&self) -> Vec<Vec<u32>> {
        let mut blocks = vec![vec![]; self.0.len() * 64 / BLOCK as usize];
        self.all().for_each(|slot| blocks[(slot / BLOCK) as usize].push((slot % BLOCK) as u32));
        blocks
    }

    fn bodies(&self) -> Result<Vec<ShardBody>> {
        let blocks = self.blocks();
        let body = |slots: &Vec<u32>| ShardBody::of(slots).ok_or_else(|| Error::other("no slots of a block"));
        blocks.iter().map(body).collect()
    }
}
