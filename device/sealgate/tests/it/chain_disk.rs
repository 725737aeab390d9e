//! What tests of the chain's log share.

use sealgate::{
    ActivationId, ChainActivation, ChainEntry, ChainError, ChainHead, ChainKey, ChainLog, ChainStore,
};
use sealgate_artifact::{StatementId, UnixSeconds};
use sealgate_journal::{Extension, extend};

use crate::disk::Disk;

pub(crate) const REASON: &str = "field_invalid";

/// Which chain the tests are about; a device that is activated again gets the next generation.
pub(crate) fn chain(generation: u64) -> ChainActivation {
    ChainActivation {
        activation: ActivationId::from_bytes([1; 16]),
        request: StatementId::from_bytes([2; 32]),
        generation,
    }
}

pub(crate) fn key(generation: u64) -> ChainKey {
    ChainKey::derive(&[3; 32], &chain(generation))
}

pub(crate) fn second(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(seconds).expect("in range")
}

impl Disk {
    pub(crate) fn open(&self, generation: u64) -> Result<ChainLog<Self>, ChainError> {
        ChainLog::open_in(self.clone(), key(generation), chain(generation))
    }
}

/// Records that much, one a second.
pub(crate) fn recorded(log: &ChainLog<impl ChainStore>, count: u64) -> Vec<ChainHead> {
    let one = |n: u64| log.record(None, "rule.evaluate", [4; 32], second(n)).expect("recorded");
    (1..=count).map(one).collect()
}

/// What waits, all of it.
pub(crate) fn waiting(log: &ChainLog<impl ChainStore>) -> Vec<ChainEntry> {
    let first = match log.batch(0, 1) {
        Err(ChainError::Gone { first }) => first,
        other => panic!("numbers begin with 1: {other:?}"),
    };
    let mut all: Vec<ChainEntry> = vec![];
    loop {
        let next = first + all.len() as u64;
        match &log.batch(next, usize::MAX).expect("from the first on")[..] {
            [] => return all,
            some => all.extend_from_slice(some),
        }
    }
}

/// The server's half (`spec/chain.md` §4).
pub(crate) struct Server {
    pub(crate) acknowledged: ChainHead,
    pub(crate) kept: Vec<ChainEntry>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self { acknowledged: ChainHead::EMPTY, kept: vec![] }
    }

    /// Takes a list as it travels. No honest log is ever told of a fault.
    pub(crate) fn take(&mut self, claimed: &ChainHead, list: &[ChainEntry]) {
        let text = ChainEntry::encode_list(list);
        let list = if list.is_empty() { vec![] } else { ChainEntry::decode_list(&text).expect("its form") };
        match extend(&key(1), &self.acknowledged, claimed, &list) {
            Extension::Extended { head, new } => {
                self.acknowledged = head;
                self.kept.extend_from_slice(new);
            }
            Extension::Behind { resend_from } => assert_eq!(resend_from, self.acknowledged.seq + 1),
            Extension::Fault(fault) => panic!("{fault:?}"),
        }
    }
}
