//! What was asked lately, so that asking twice is one question (`spec/http.md` §2.5).

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use sealgate_artifact::Code;
use sealgate_authority::Moment;
use sha2::{Digest, Sha256};

/// How long a question is remembered.
const WINDOW: Duration = Duration::from_mins(2);
/// Locks are spread so that requests seldom meet.
const SHARDS: usize = 16;
/// Records kept in one shard; just what a hash table of 2^16 slots holds. About 900,000 in all.
const SHARD_RECORDS: usize = (1 << 16) / 8 * 7;

/// Within what a nonce counts: 128 bits over license, device and nonce.
pub(crate) type ReplayScope = [u8; 16];

/// Questions of the last two minutes. Bounded: the oldest go first.
pub(crate) struct ReplayLog {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    records: HashMap<ReplayScope, Record>,
    /// When each was asked first, as this process counts time: a clock that is set makes nothing older or younger.
    order: VecDeque<(ReplayScope, Duration)>,
}

struct Record {
    question: [u8; 16],
    at: Moment,
}

impl Default for ReplayLog {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl ReplayLog {
    /// The time at which this question counts as asked: now, or when it was first asked within the window. Another
    /// question under the same nonce is a replay.
    pub(crate) fn not_replayed(
        &self,
        scope: ReplayScope,
        question: [u8; 16],
        (now, elapsed): (Moment, Duration),
    ) -> Result<Moment, Code> {
        let shard = &self.shards[usize::from(scope[0]) % SHARDS];
        let mut shard = shard.lock().expect("no holder of this lock panics");
        shard.forget(elapsed);
        match shard.records.get(&scope) {
            Some(record) if record.question == question => Ok(record.at),
            Some(_) => Err(Code::ReplayDetected),
            None => {
                shard.records.insert(scope, Record { question, at: now });
                shard.order.push_back((scope, elapsed));
                Ok(now)
            }
        }
    }
}

impl Shard {
    fn forget(&mut self, elapsed: Duration) {
        while let Some((scope, since)) = self.order.front() {
            if elapsed.saturating_sub(*since) < WINDOW && self.records.len() < SHARD_RECORDS {
                break;
            }
            self.records.remove(scope);
            self.order.pop_front();
        }
    }
}

/// 128 bits over parts that cannot run into each other.
pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    *hash.finalize().first_chunk().expect("a digest has 32 bytes")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sealgate_artifact::Code;
    use sealgate_authority::Moment;

    use super::{ReplayLog, SHARD_RECORDS, SHARDS};

    fn at(seconds: u64) -> Moment {
        Moment(seconds * 1000)
    }

    /// The same time by both clocks.
    fn now(seconds: u64) -> (Moment, Duration) {
        (at(seconds), Duration::from_secs(seconds))
    }

    #[test]
    fn the_same_question_keeps_its_time_and_another_is_a_replay() {
        let log = ReplayLog::default();
        assert_eq!(log.not_replayed([1; 16], [2; 16], now(1000)), Ok(at(1000)));
        assert_eq!(log.not_replayed([1; 16], [2; 16], now(1119)), Ok(at(1000)));
        assert_eq!(log.not_replayed([1; 16], [3; 16], now(1119)), Err(Code::ReplayDetected));
        assert_eq!(log.not_replayed([9; 16], [3; 16], now(1119)), Ok(at(1119)));
        assert_eq!(log.not_replayed([1; 16], [3; 16], now(1120)), Ok(at(1120)), "the window is over");
    }

    #[test]
    fn a_clock_that_is_set_makes_no_question_older_or_younger() {
        let log = ReplayLog::default();
        let asked =
            |wall, elapsed| log.not_replayed([1; 16], [2; 16], (at(wall), Duration::from_secs(elapsed)));
        assert_eq!(asked(1_000_000, 5), Ok(at(1_000_000)));
        assert_eq!(asked(999_400, 6), Ok(at(1_000_000)), "set back");
        assert_eq!(asked(1_700_000, 124), Ok(at(1_000_000)), "set ahead");
        assert_eq!(asked(1_000_001, 125), Ok(at(1_000_001)), "the window is over");
    }

    #[test]
    fn memory_stays_bounded() {
        let log = ReplayLog::default();
        for i in 0..2 * SHARD_RECORDS as u64 {
            let mut scope = [0; 16];
            scope[8..].copy_from_slice(&i.to_be_bytes());
            log.not_replayed(scope, [0; 16], now(1000)).expect("all differ");
        }
        let kept: usize = log.shards.iter().map(|s| s.lock().expect("no panics").records.len()).sum();
        assert!(kept <= SHARD_RECORDS && SHARD_RECORDS * SHARDS <= 1_000_000);
    }
}
