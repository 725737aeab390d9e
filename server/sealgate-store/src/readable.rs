//! Lists that others may write into: a row that no server of ours wrote must not hide the rest.

use crate::StoreError;
use crate::sql::{Ask, FromRow, Query};

/// Every row that can be read. The others are counted in the log, under the table's name.
pub(crate) async fn fetch_readable<T: FromRow>(
    query: Query,
    on: impl Ask,
    table: &'static str,
) -> Result<Vec<T>, StoreError> {
    let rows = query.fetch_all(on).await?;
    let (all, mut read) = (rows.len(), Vec::with_capacity(rows.len()));
    for row in rows {
        match T::from_whole(row) {
            Ok(row) => read.push(row),
            Err(StoreError::Corrupt(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let skipped = all - read.len();
    if skipped > 0 {
        tracing::warn!(
            table,
            skipped,
            "rows that no server writes were skipped: somebody else has rights on this table"
        );
    }
    Ok(read)
}
