//! The chain of actions on its way to the server (`spec/chain.md` §4 and §5): each heartbeat shows its head, and brings entries.

use std::sync::Arc;

use sealgate_artifact::{
    BeatOutcome, ChainEntry, ChainHead, Code, HeartbeatAnswer, HeartbeatRequest, limits,
};
use sealgate_journal::{ChainActivation, ChainKey};

use crate::activated::Activated;
use crate::state::State;
use crate::{ChainError, ChainFile, ChainLog, ChainStore, Client, ConfigurationError, Denied, Error};

/// The log that a client's heartbeats bring to the server.
pub type ClientChain = ChainLog<Arc<dyn ChainStore>>;

/// What a heartbeat shows of a chain.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) head: Option<ChainHead>,
    /// A list of entries, or nothing.
    pub(crate) entries: Vec<u8>,
}

impl Client {
    /// The log in which this program records what it does. It begins with the first call; from then on, heartbeats bring what is
    /// recorded to the server. Ask for it again after the device was activated again: another chain begins then.
    ///
    /// A builder without a folder has none, unless it was given a [`chain_store`](crate::Builder::chain_store).
    pub fn chain_log(&self) -> Result<ClientChain, Error> {
        // What the program did is recorded also where the activation was taken back.
        let activation = self.kept_activation()?.ok_or_else(Denied::not_activated)?;
        let store = self.chain_store.clone().ok_or(ConfigurationError::StoreMissing)?;
        let log = ChainLog::open_in(store, activation.chain_key().clone(), activation.chain());
        Ok(log.map_err(ConfigurationError::Chain)?)
    }

    /// What the next heartbeat shows. A log that cannot be read is an error: to show none would look as if it had been cut.
    pub(crate) fn shown_chain(&self, state: &State, kept: &Activated) -> Result<Shown, ConfigurationError> {
        let Some(log) = self.recorded(state, kept)? else { return Ok(Shown::default()) };
        let shown = |log: ClientChain| -> Result<Shown, ChainError> {
            let (head, entries) = log.to_show(limits::CHAIN_ENTRIES)?;
            let entries = if entries.is_empty() { vec![] } else { ChainEntry::encode_list(&entries) };
            Ok(Shown { head: (head.seq > 0).then_some(head), entries })
        };
        shown(log).map_err(ConfigurationError::Chain)
    }

    /// What follows from a verified answer for the entries that wait. It is kept after the answer was: what is brought twice does no
    /// harm.
    pub(crate) fn heard_of_chain(
        &self,
        (state, kept): (&State, &Activated),
        sent: &HeartbeatRequest,
        said: &HeartbeatAnswer,
    ) -> Result<(), ChainError> {
        let log = match self.recorded(state, kept) {
            Ok(Some(log)) => log,
            Ok(None) => return Ok(()),
            Err(ConfigurationError::Chain(error)) => return Err(error),
            Err(error) => return Err(ChainError::Store(error.to_string())),
        };
        if let Some(head) = &said.head {
            log.acknowledge(head)?;
        }
        // spec/chain.md §4.7: the same list would be refused each time.
        match (&said.outcome, last_of(sent)) {
            (BeatOutcome::Refused { code, .. }, Some(last)) if is_of_form(code) => log.set_aside(last, code),
            _ => Ok(()),
        }
    }

    /// The log of this generation, where the program began one.
    fn recorded(&self, state: &State, kept: &Activated) -> Result<Option<ClientChain>, ConfigurationError> {
        let Some(store) = self.chain_store.clone() else { return Ok(None) };
        let length = {
            let _lock = store.lock().map_err(|error| ConfigurationError::Chain(error.into()))?;
            store.len(ChainFile::Log).map_err(|error| ConfigurationError::Chain(error.into()))?
        };
        if length == 0 {
            return Ok(None);
        }
        let (key, chain) = chain_of(state, kept).ok_or(ConfigurationError::StateDamaged)?;
        ChainLog::open_in(store, key, chain).map(Some).map_err(ConfigurationError::Chain)
    }
}

/// Whether an answer took everything that its heartbeat brought, and the log has more. Then more follows at once: one that took
/// nothing would be asked without end.
pub(crate) fn more_waits(sent: &HeartbeatRequest, said: &HeartbeatAnswer) -> bool {
    let (Some(claimed), Some(held), Some(last)) = (sent.head, said.head, last_of(sent)) else { return false };
    held.seq >= last && claimed.seq > held.seq
}

fn last_of(sent: &HeartbeatRequest) -> Option<u64> {
    if sent.entries.is_empty() {
        return None;
    }
    Some(ChainEntry::decode_list(&sent.entries).ok()?.last()?.seq)
}

/// The codes by which a list is refused for its form (`spec/chain.md` §3).
fn is_of_form(code: &str) -> bool {
    let form = [
        Code::ArtifactTooLarge,
        Code::JsonInvalid,
        Code::FieldMissing,
        Code::FieldUnknown,
        Code::FieldInvalid,
        Code::CritUnknown,
    ];
    form.iter().any(|known| known.as_str() == code)
}

/// The key of this generation's chain, from the proof that verified when it was kept.
fn chain_of(state: &State, kept: &Activated) -> Option<(ChainKey, ChainActivation)> {
    let (proof, _) = kept.peek()?;
    let sealing = state.sealing.as_ref()?.secret();
    let secret = sealing.open(&proof.sealed_secret, (proof.activation, proof.request))?;
    let chain = ChainActivation {
        activation: proof.activation,
        request: proof.request,
        generation: proof.generation,
    };
    Some((ChainKey::derive(&secret, &chain), chain))
}
