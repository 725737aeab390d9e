//! What was asked lately, so that asking twice is one question (`spec/http.md` §2.5).

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use sealgate_artifact::Code;
use sealgate_authority::Moment;
use sha2::{Digest, Sha256};

/// How long a question is remembered, in milliseconds.
const WINDOW: u64 = 120_000;
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
    order: VecDeque<(ReplayScope, u64)>,
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
        now: Moment,
    ) -> Result<Moment, Code> {
        let shard = &self.shards[usize::from(scope[0]) % SHARDS];
        let mut shard = shard.lock().expect("no holder of this lock panics");
        shard.forget_before(now.0.saturating_sub(WINDOW));
        match shard.records.get(&scope) {
            Some(record) if record.question == question => Ok(record.at),
            Some(_) => Err(Code::ReplayDetected),
            None => {
                shard.records.insert(scope, Record { question, at: now });
                shard.order.push_back((scope, now.0));
                Ok(now)
            }
        }
    }
}

impl Shard {
    fn forget_before(&mut self, oldest: u64) {
        while let Some((scope, at)) = self.order.front() {
            if *at > oldest && self.records.len() < SHARD_RECORDS {
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
    use sealgate_artifact::Code;
    use sealgate_authority::Moment;

    use super::{ReplayLog, SHARD_RECORDS, SHARDS};

    fn at(seconds: u64) -> Moment {
        Moment(seconds * 1000)
    }

    #[test]
    fn the_same_question_keeps_its_time_and_another_is_a_replay() {
        let log = ReplayLog::default();
        assert_eq!(log.not_replayed([1; 16], [2; 16], at(1000)), Ok(at(1000)));
        assert_eq!(log.not_replayed([1; 16], [2; 16], at(1119)), Ok(at(1000)));
        assert_eq!(log.not_replayed([1; 16], [3; 16], at(1119)), Err(Code::ReplayDetected));
        assert_eq!(log.not_replayed([9; 16], [3; 16], at(1119)), Ok(at(1119)));
        assert_eq!(log.not_replayed([1; 16], [3; 16], at(1120)), Ok(at(1120)), "the window is over");
    }

    #[test]
    fn memory_stays_bounded() {
        let log = ReplayLog::default();
        for i in 0..2 * SHARD_RECORDS as u64 {
            let mut scope = [0; 16];
            scope[8..].copy_from_slice(&i.to_be_bytes());
            log.not_replayed(scope, [0; 16], at(1000)).expect("all differ");
        }
        let kept: usize = log.shards.iter().map(|s| s.lock().expect("no panics").records.len()).sum();
        assert!(kept <= SHARD_RECORDS && SHARD_RECORDS * SHARDS <= 1_000_000);
    }
}
