//! Where devices' chains were re-anchored (`spec/chain.md` §4.6): a row is added once and never changes.

use sealgate_artifact::{ActivationId, ChainHead, UnixSeconds, decode_hex, encode_hex};

use crate::columns::{count, parsed, signed, time};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    INSERT = "INSERT INTO chain_anchors (activation_id, generation, anchor, held_seq, held_mac, taken_seq, taken_mac, asked_at, \
              at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    LIST = "SELECT generation, anchor, held_seq, held_mac, taken_seq, taken_mac, asked_at, at FROM chain_anchors \
            WHERE activation_id = $1 ORDER BY generation DESC, anchor DESC LIMIT $2";
}

/// What was held of a chain, and what was taken in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct ChainAnchor {
    pub generation: u64,
    pub anchor: u64,
    pub held: ChainHead,
    pub taken: ChainHead,
    pub asked_at: UnixSeconds,
    pub at: UnixSeconds,
}

impl FromRow for ChainAnchor {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let head = |seq, mac| -> Result<ChainHead, StoreError> {
            Ok(ChainHead { seq: count(row, seq)?, mac: parsed(row, mac, decode_hex)? })
        };
        Ok(Self {
            generation: count(row, "generation")?,
            anchor: count(row, "anchor")?,
            held: head("held_seq", "held_mac")?,
            taken: head("taken_seq", "taken_mac")?,
            asked_at: time(row, "asked_at")?,
            at: time(row, "at")?,
        })
    }
}

/// Notes that a chain was re-anchored.
pub async fn insert(tx: &mut Tx<'_>, activation: ActivationId, row: &ChainAnchor) -> Result<(), StoreError> {
    let query = query(INSERT).bind(activation.to_string());
    let query = query.bind(signed(row.generation)).bind(signed(row.anchor));
    let query = query.bind(signed(row.held.seq)).bind(encode_hex(&row.held.mac));
    let query = query.bind(signed(row.taken.seq)).bind(encode_hex(&row.taken.mac));
    query.bind(signed(row.asked_at.get())).bind(signed(row.at.get())).execute(tx).await?;
    Ok(())
}

/// Where the chains of an activation were re-anchored, newest first, at most so many.
pub async fn list(
    on: impl Read,
    activation: ActivationId,
    limit: u32,
) -> Result<Vec<ChainAnchor>, StoreError> {
    query_as(LIST).bind(activation.to_string()).bind(signed(limit.into())).fetch_all(on).await
}
