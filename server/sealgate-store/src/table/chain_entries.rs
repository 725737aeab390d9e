//! Entries of devices' chains, in the batches in which they came (`spec/chain.md`): a row is added once and never changes.

use sealgate_artifact::{ActivationId, UnixSeconds};

use crate::columns::{count, signed};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    INSERT = "INSERT INTO chain_entries (activation_id, generation, anchor, first_seq, last_seq, entries, heard_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (activation_id, generation, anchor, first_seq) DO NOTHING";
    FROM = "SELECT generation, anchor, first_seq, last_seq, entries FROM chain_entries \
            WHERE activation_id = $1 AND generation = $2 AND (anchor > $3 OR anchor = $3 AND first_seq >= $4) \
            ORDER BY anchor, first_seq LIMIT $5";
}

/// Entries that came together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is its column")]
pub struct ChainBatch {
    pub generation: u64,
    /// How often the chain had been re-anchored.
    pub anchor: u64,
    pub first_seq: u64,
    pub last_seq: u64,
    /// The attachment, as it was sent. It may begin with entries that were held already.
    pub entries: Vec<u8>,
}

impl FromRow for ChainBatch {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            generation: count(row, "generation")?,
            anchor: count(row, "anchor")?,
            first_seq: count(row, "first_seq")?,
            last_seq: count(row, "last_seq")?,
            entries: row.get("entries")?,
        })
    }
}

/// Keeps entries that were not held before.
pub async fn insert(
    tx: &mut Tx<'_>,
    activation: ActivationId,
    batch: &ChainBatch,
    at: UnixSeconds,
) -> Result<(), StoreError> {
    query(INSERT)
        .bind(activation.to_string())
        .bind(signed(batch.generation))
        .bind(signed(batch.anchor))
        .bind(signed(batch.first_seq))
        .bind(signed(batch.last_seq))
        .bind(batch.entries.clone())
        .bind(signed(at.get()))
        .execute(tx)
        .await?;
    Ok(())
}

/// The batches of a generation from the one that begins with this number on, in their order.
pub async fn from(
    on: impl Read,
    activation: ActivationId,
    (generation, anchor, first_seq): (u64, u64, u64),
    limit: u32,
) -> Result<Vec<ChainBatch>, StoreError> {
    let query = query_as(FROM).bind(activation.to_string()).bind(signed(generation));
    let query = query.bind(signed(anchor)).bind(signed(first_seq));
    query.bind(signed(limit.into())).fetch_all(on).await
}
