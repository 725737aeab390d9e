//! Entries that cannot be sent any more, kept for the vendor (`spec/chain.md` §5.6): a line of JSON for each time.

use sealgate_artifact::{ChainEntry, encode_base64};
use sealgate_journal::ChainActivation;
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::ChainError;
use super::store::{ChainFile, ChainStore};

const LETTERS_BYTES: u64 = 64 * 1024 * 1024;

/// Why something is set aside, and of which chain it is.
#[derive(Serialize)]
struct Letter<'a> {
    activation: String,
    request: String,
    generation: u64,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Box<RawValue>>,
    /// A log that cannot be read, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<String>,
}

/// Entries of this chain.
pub(super) fn keep(
    store: &impl ChainStore,
    chain: &ChainActivation,
    reason: &str,
    entries: &[ChainEntry],
) -> Result<(), ChainError> {
    let list = String::from_utf8(ChainEntry::encode_list(entries)).expect("JSON");
    let entries = Some(RawValue::from_string(list).expect("JSON"));
    append(store, &Letter { entries, ..letter(chain, reason) })
}

/// The bytes of a log of this chain that is damaged.
pub(super) fn keep_damaged(
    store: &impl ChainStore,
    chain: &ChainActivation,
    reason: &str,
    file: &[u8],
) -> Result<(), ChainError> {
    append(store, &Letter { damaged: Some(encode_base64(file)), ..letter(chain, reason) })
}

fn letter<'a>(chain: &ChainActivation, reason: &'a str) -> Letter<'a> {
    Letter {
        activation: chain.activation.to_string(),
        request: chain.request.to_string(),
        generation: chain.generation,
        reason,
        entries: None,
        damaged: None,
    }
}

/// Adds the letter, unless it is the last one already: a crash came between it and what follows.
fn append(store: &impl ChainStore, letter: &Letter<'_>) -> Result<(), ChainError> {
    let mut line = serde_json::to_vec(letter).expect("a letter can be written");
    line.push(b'\n');
    let length = store.len(ChainFile::DeadLetters)?;
    let there = store.read(ChainFile::DeadLetters, 0..length)?;
    let whole = there.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let before = whole.saturating_sub(line.len());
    let is_there = there[before..whole] == line[..] && (before == 0 || there[before - 1] == b'\n');
    let at = if is_there { before } else { whole };
    if (at + line.len()) as u64 > LETTERS_BYTES {
        return Err(ChainError::LettersFull);
    }
    // What is there is written over itself: an error may have kept it from becoming durable.
    store.write(ChainFile::DeadLetters, at as u64, &line).map_err(ChainError::from)
}
