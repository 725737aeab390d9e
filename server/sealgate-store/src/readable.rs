//! Lists that others may write into: a row that no server of ours wrote must not hide the rest.

use crate::StoreError;
use crate::sql::{Ask, FromRow, Query, Row};

/// Every row that can be read. The others are counted in the log, under the table's name.
pub(crate) async fn fetch_readable<T: FromRow>(
    query: Query,
    on: impl Ask,
    table: &'static str,
) -> Result<Vec<T>, StoreError> {
    let rows = query.fetch_all(on).await?;
    let all = rows.len();
    let read = keep_readable(rows)?;
    warn_of(all - read.len(), table);
    Ok(read)
}

/// Those of the rows that can be read.
pub(crate) fn keep_readable<T: FromRow>(rows: Vec<Row>) -> Result<Vec<T>, StoreError> {
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        match T::from_whole(row) {
            Ok(row) => read.push(row),
            Err(StoreError::Corrupt(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Tells the operator, if there were any.
pub(crate) fn warn_of(skipped: usize, table: &'static str) {
    if skipped > 0 {
        tracing::warn!(
            table,
            skipped,
            "rows that no server writes were skipped: somebody else has rights on this table"
        );
    }
}
