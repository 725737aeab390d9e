//! How far this process has followed the changes, and whether what it reads next continues that
//! (`docs/design.md`, "Caches").

use crate::StoreError;
use crate::columns::signed;
use crate::sql::{Pool, Row, query};
use crate::statements::statements;

/// Records that are read at once. With more, starting over costs less than reading them.
const AT_ONCE: u32 = 2_000;
/// Groups after which a change record may be deleted.
pub(crate) const KEPT_CHANGES: u64 = 100_000;

/// Stands for a record that is too long to be read. A runtime's database user may write longer ones than any server does,
/// and all servers would have to hold them.
const TOO_LONG: &str = "?";

macro_rules! subjects {
    () => {
        "CASE WHEN OCTET_LENGTH(r.subjects) <= 16384 THEN r.subjects ELSE '?' END AS subjects"
    };
}

statements! {
    HEAD = concat!(
        "SELECT c.n AS head, r.n AS n, ",
        subjects!(),
        ", c.n AS last FROM change_counter c \
         LEFT JOIN changes r ON r.n = (SELECT MAX(n) FROM changes WHERE n <= c.n) WHERE c.id = 1"
    );
    // One statement sees one state of both tables. The last record that was read is read again.
    SINCE = concat!(
        "SELECT c.n AS head, r.n AS n, ",
        subjects!(),
        ", (SELECT MAX(n) FROM changes) AS last \
         FROM change_counter c LEFT JOIN changes r ON r.n >= $1 AND r.n <= c.n WHERE c.id = 1 \
         ORDER BY r.n LIMIT $2"
    );
}

/// A change record: its number, and what its group wrote.
type Record = (i64, String);

/// Where this process is in the history of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Default))]
pub(crate) struct Position {
    /// The change counter, as it was read last.
    pub(crate) seen: i64,
    /// The last record up to there.
    record: Option<Record>,
}

/// What the database says after a position.
pub(crate) enum Next {
    /// It goes on: the records that are new.
    Follows(Vec<Record>),
    /// Some of what changed is not told by records. Everything that is kept may be old.
    Unknown,
    /// It is another history: the database came back older, or its counter was set back.
    WentBack,
}

impl Position {
    /// The present end of the history.
    pub(crate) async fn at_head(pool: &Pool) -> Result<Self, StoreError> {
        let row = query(HEAD).fetch_one(pool).await?;
        Ok(Self { seen: row.get("head")?, record: record(&row)? })
    }

    /// Reads on, and returns where that leads.
    pub(crate) async fn read_on(&self, pool: &Pool) -> Result<(Self, Next), StoreError> {
        let from = self.record.as_ref().map_or(self.seen.saturating_add(1), |(n, _)| *n);
        let rows = query(SINCE).bind(from).bind(signed(AT_ONCE.into())).fetch_all(pool).await?;
        let first = rows.first().ok_or_else(no_counter)?;
        let (head, last): (i64, Option<i64>) = (first.get("head")?, first.get("last")?);
        let records = rows.iter().filter_map(|row| record(row).transpose()).collect::<Result<Vec<_>, _>>()?;
        if records.len() >= AT_ONCE as usize {
            return Ok((Self::at_head(pool).await?, Next::Unknown));
        }
        let record = records.last().cloned().or_else(|| self.record.clone());
        let Some(new) = self.continued_by(head, records) else {
            return Ok((Self::at_head(pool).await?, Next::WentBack));
        };
        // No honest group leaves a record above the counter. Who does may also have set the counter back.
        let is_told = last <= Some(head) && new.iter().all(|(_, subjects)| subjects != TOO_LONG);
        let next = if is_told { Next::Follows(new) } else { Next::Unknown };
        Ok((Self { seen: head, record }, next))
    }

    /// What is new, if these records, from the position's own on, continue its history.
    fn continued_by(&self, head: i64, mut records: Vec<Record>) -> Option<Vec<Record>> {
        if let Some(own) = &self.record {
            if records.first() == Some(own) {
                records.remove(0);
            } else if own.0 >= head.saturating_sub(signed(KEPT_CHANGES)) {
                return None;
            }
        }
        (head >= self.seen && records.iter().all(|(n, _)| *n > self.seen)).then_some(records)
    }
}

fn record(row: &Row) -> Result<Option<Record>, StoreError> {
    let n: Option<i64> = row.get("n")?;
    n.map(|n| Ok((n, row.get("subjects")?))).transpose()
}

fn no_counter() -> StoreError {
    StoreError::Corrupt("the change counter is missing".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{KEPT_CHANGES, Position, signed};

    fn at(seen: i64, record: Option<i64>) -> Position {
        Position { seen, record: record.map(own) }
    }

    fn own(n: i64) -> (i64, String) {
        (n, format!("app:{n}"))
    }

    #[test]
    fn new_records_continue_the_history() {
        assert_eq!(at(10, Some(7)).continued_by(12, vec![own(7), own(12)]), Some(vec![own(12)]));
        assert_eq!(at(10, Some(7)).continued_by(10, vec![own(7)]), Some(vec![]));
        assert_eq!(at(10, None).continued_by(11, vec![own(11)]), Some(vec![own(11)]));
    }

    #[test]
    fn a_history_that_was_written_again_does_not_continue_it() {
        assert_eq!(at(10, Some(7)).continued_by(9, vec![own(7)]), None, "the counter is lower");
        assert_eq!(at(10, Some(7)).continued_by(12, vec![own(12)]), None, "its own record is gone");
        let other = (7, "app:other".to_owned());
        assert_eq!(at(10, Some(7)).continued_by(12, vec![other]), None, "another group wrote it");
        assert_eq!(at(10, Some(7)).continued_by(12, vec![own(7), own(9)]), None, "it was not there before");
    }

    #[test]
    fn an_old_record_may_be_deleted() {
        let head = 10 + signed(KEPT_CHANGES);
        assert_eq!(at(10, Some(7)).continued_by(head, vec![own(head)]), Some(vec![own(head)]));
    }
}
