//! A device's chain as it comes with a heartbeat (`spec/chain.md` §4).

use sealgate_artifact::{ChainEntry, ChainHead, HeartbeatRequest, UnixSeconds};
use sealgate_authority::{AuthorityError, SharedSecrets};
use sealgate_journal::{ChainActivation, ChainKey, Extension, extend};
use sealgate_store::table::chain_entries::ChainBatch;
use sealgate_store::table::{ActivationRow, ChainAnchor};

/// What became of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chained {
    /// What is held now; `None` where the device has no chain.
    pub(super) head: Option<ChainHead>,
    /// From which entry on the device must send it again.
    pub(super) resend_from: Option<u64>,
    /// Entries that were not held before.
    pub(super) new: Option<ChainBatch>,
    /// What is wrong with it, in a word for the records.
    pub(super) fault: Option<&'static str>,
    /// Whether the device has more to send.
    pub(super) more: bool,
    /// What was taken without the entries before it, because the vendor asked for that.
    pub(super) anchored: Option<ChainAnchor>,
    /// Whether what the vendor asked for is done, or needs not be done.
    pub(super) is_settled: bool,
}

impl Chained {
    /// spec/chain.md §4.5: an older claimed head in a repeated request is no fault.
    pub(super) fn as_it_is(activation: &ActivationRow, said: &HeartbeatRequest) -> Self {
        let held = activation.head;
        let has_chain = said.head.is_some() || held != ChainHead::EMPTY;
        Self { head: has_chain.then_some(held), ..Self::NONE }
    }

    const NONE: Self = Self {
        head: None,
        resend_from: None,
        new: None,
        fault: None,
        more: false,
        anchored: None,
        is_settled: false,
    };
}

/// Judges what the device shows of its chain.
pub(super) fn follow(
    secrets: &SharedSecrets,
    activation: &ActivationRow,
    said: &HeartbeatRequest,
    now: UnixSeconds,
) -> Result<Chained, AuthorityError> {
    let held = activation.head;
    let none = Chained::NONE;
    let entries = if said.entries.is_empty() {
        vec![]
    } else {
        let read = ChainEntry::decode_list(&said.entries);
        read.map_err(|error| AuthorityError::Refused(error.code()))?
    };
    if said.head.is_none() && held == ChainHead::EMPTY && entries.is_empty() {
        return Ok(none);
    }
    let secret = secrets.chain_secret(activation.id, (activation.generation, activation.request));
    let chain = ChainActivation {
        activation: activation.id,
        request: activation.request,
        generation: activation.generation,
    };
    let claimed = said.head.unwrap_or(ChainHead::EMPTY);
    let held_still = Chained { head: Some(held), ..none.clone() };
    let taken = |asked_at| {
        let anchored = ChainAnchor {
            generation: activation.generation,
            anchor: activation.anchor + 1,
            held,
            taken: claimed,
            asked_at,
            at: now,
        };
        Chained { head: Some(claimed), anchored: Some(anchored), is_settled: true, ..none.clone() }
    };
    let chained = match extend(&ChainKey::derive(&secret, &chain), &held, &claimed, &entries) {
        Extension::Extended { head, new } => {
            let batch = new.first().zip(new.last()).map(|(first, last)| ChainBatch {
                generation: activation.generation,
                anchor: activation.anchor,
                first_seq: first.seq,
                last_seq: last.seq,
                entries: ChainEntry::encode_list(new),
            });
            let more = head.seq < claimed.seq;
            Chained { head: Some(head), new: batch, more, is_settled: !more, ..held_still }
        }
        Extension::Behind { resend_from } => {
            Chained { resend_from: Some(resend_from), more: true, ..held_still }
        }
        Extension::Fault(fault) => Chained { fault: Some(fault.as_str()), ..held_still },
    };
    // spec/chain.md §4.6: where nothing is missing, nothing is taken unseen.
    let has_gap = chained.fault.is_some() || chained.resend_from.is_some();
    Ok(match activation.reanchor_asked_at {
        Some(asked_at) if has_gap => taken(asked_at),
        _ => chained,
    })
}
