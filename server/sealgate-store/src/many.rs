//! Many rows with few statements: a unit of work that writes a thousand rows one by one holds up everybody else who writes.

use crate::sql::{Query, query};
use crate::{StoreError, Tx};

/// Rows that one statement adds, finds or deletes where there are many. More would make its text long: SQLite looks for the
/// place of each value in it.
pub(crate) const MANY: usize = 25;

/// Runs a statement for all rows: `many` for each [`MANY`] of them, `one` for each that is left. `bind` gives the values of as
/// many rows as it is handed. Returns how many rows were changed.
pub(crate) async fn for_all<T: Sync>(
    tx: &mut Tx<'_>,
    [one, many]: [&'static str; 2],
    rows: &[T],
    bind: impl Fn(Query, &[T]) -> Query,
) -> Result<u64, StoreError> {
    let mut changed = 0;
    let chunks = rows.chunks_exact(MANY);
    let rest = chunks.remainder();
    for some in chunks {
        changed += bind(query(many), some).execute(&mut *tx).await?;
    }
    for row in rest {
        changed += bind(query(one), std::slice::from_ref(row)).execute(&mut *tx).await?;
    }
    Ok(changed)
}

/// A statement with rows of values, such as `INSERT … VALUES ($1, $2), ($3, $4)`: its beginning; how many rows, the number of
/// the first value, and values in a row; what each row ends with; and its end.
macro_rules! with_rows {
    ($begin:expr, ($rows:expr, $first:expr, $values:expr), $row_end:expr, $end:expr) => {{
        const ROWS: $crate::many::Rows = $crate::many::Rows {
            begin: $begin,
            count: $rows,
            first: $first,
            values: $values,
            row_end: $row_end,
            end: $end,
        };
        const TEXT: [u8; ROWS.len()] = ROWS.text();
        match ::std::str::from_utf8(&TEXT) {
            Ok(text) => text,
            Err(_) => panic!("its parts are text"),
        }
    }};
}
pub(crate) use with_rows;

/// What [`with_rows`] is given.
pub(crate) struct Rows {
    pub(crate) begin: &'static str,
    pub(crate) count: usize,
    pub(crate) first: usize,
    pub(crate) values: usize,
    pub(crate) row_end: &'static str,
    pub(crate) end: &'static str,
}

impl Rows {
    pub(crate) const fn len(&self) -> usize {
        self.written(&mut [])
    }

    pub(crate) const fn text<const LEN: usize>(&self) -> [u8; LEN] {
        let mut text = [0; LEN];
        self.written(&mut text);
        text
    }

    /// Writes as much of the text as fits, and says how long it is.
    const fn written(&self, to: &mut [u8]) -> usize {
        let (mut at, mut row, mut number) = (put(to, 0, self.begin.as_bytes()), 0, self.first);
        while row < self.count {
            at = put(to, at, if row == 0 { b"(" } else { b", (" });
            let mut value = 0;
            while value < self.values {
                at = put(to, at, if value == 0 { b"$" } else { b", $" });
                at = put_number(to, at, number);
                (value, number) = (value + 1, number + 1);
            }
            at = put(to, at, self.row_end.as_bytes());
            at = put(to, at, b")");
            row += 1;
        }
        put(to, at, self.end.as_bytes())
    }
}

const fn put(to: &mut [u8], at: usize, part: &[u8]) -> usize {
    let mut n = 0;
    while n < part.len() {
        if at + n < to.len() {
            to[at + n] = part[n];
        }
        n += 1;
    }
    at + n
}

const fn put_number(to: &mut [u8], mut at: usize, number: usize) -> usize {
    let mut unit = 1;
    while number / unit >= 10 {
        unit *= 10;
    }
    while unit > 0 {
        at = put(to, at, &[b"0123456789"[number / unit % 10]]);
        unit /= 10;
    }
    at
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_of_values_are_numbered_on() {
        assert_eq!(with_rows!("A ", (1, 1, 2), "", " B"), "A ($1, $2) B");
        assert_eq!(with_rows!("A ", (4, 8, 1), ", 0", ""), "A ($8, 0), ($9, 0), ($10, 0), ($11, 0)");
    }
}
