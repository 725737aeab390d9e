//! Thousands of slow connections at once, and new ones for those that are closed.

use super::kind::{Kind, SHARES};
use super::line::Line;
use crate::day::Day;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many are opened in a second while there are too few, and later, in the place of those that were closed.
const RISES_BY: u32 = 600;
const KEEPS_BY: u32 = 150;
const STEP: Duration = Duration::from_millis(100);
/// Each is looked at once in so many steps.
const LOOKS: usize = 10;
/// What a busy machine may take on top.
const LATE: Duration = Duration::from_secs(5);

/// What the attack did.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) opened: AtomicU64,
    pub(super) closed: AtomicU64,
    /// The most that were open at once, as far as who opened them can tell.
    pub(super) most: AtomicU64,
}

/// Attacks until it is told to stop.
pub(super) fn run(day: &Day, address: SocketAddr, wanted: usize, figures: &Figures, stop: &AtomicBool) {
    let kinds: Vec<Kind> =
        SHARES.iter().flat_map(|(kind, share)| std::iter::repeat_n(*kind, *share)).collect();
    // A walk through all shares in steps that meet each of them once, so that the first hundred are a mixture, too.
    let mut next = (0..).map(|n: usize| kinds[n * 7 % kinds.len()]);
    let (mut lines, mut opened): (Vec<Line>, usize) = (vec![], 0);
    for step in 0.. {
        let begin = Instant::now();
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let a_second = if opened < wanted { RISES_BY } else { KEEPS_BY };
        let room = (wanted - lines.len()).min((a_second / 10) as usize);
        let new: Vec<Line> = (&mut next).take(room).filter_map(|kind| Line::open(address, kind)).collect();
        opened += room;
        figures.opened.fetch_add(new.len() as u64, Ordering::Relaxed);
        lines.extend(new);
        figures.most.fetch_max(lines.len() as u64, Ordering::Relaxed);
        look(day, &mut lines, step % LOOKS, figures);
        thread::sleep(STEP.saturating_sub(begin.elapsed()));
    }
}

/// Forgets those that were closed, which must have been in time.
fn look(day: &Day, lines: &mut Vec<Line>, turn: usize, figures: &Figures) {
    let mut at = 0;
    let before = lines.len();
    lines.retain_mut(|line| {
        at += 1;
        let looked_at = at % LOOKS == turn || line.kind == Kind::Endless;
        if looked_at && !line.go_on() {
            return false;
        }
        if looked_at && line.opened.elapsed() > line.kind.closed_after() + LATE {
            day.notes.wrong(format!("{:?} is still there after {:?}", line.kind, line.opened.elapsed()));
            return false;
        }
        true
    });
    figures.closed.fetch_add((before - lines.len()) as u64, Ordering::Relaxed);
}
