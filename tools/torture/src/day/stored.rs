//! What a database holds, read without any server.

use harness::failure::{Failure, Result};
use std::collections::BTreeMap;

/// One license of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) devices_used: u64,
    pub(crate) revoked: bool,
}

/// The database's name.
pub(super) const DATABASE: &str = "sealgate";
/// Asks for all of them.
pub(super) const QUESTION: &str = "SELECT license_id, devices_used, revoked_at IS NOT NULL FROM licenses";

/// The answer, by the licenses' ids.
pub(super) fn read(rows: &[String]) -> Result<BTreeMap<String, Stored>> {
    let row = |row: &String| {
        let mut columns = row.split('|');
        let id = columns.next()?.to_owned();
        let devices_used = columns.next()?.parse().ok()?;
        Some((id, Stored { devices_used, revoked: columns.next()? == "t" }))
    };
    rows.iter().map(|text| row(text).ok_or_else(|| Failure::new(format!("no license: {text}")))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_or_refused() {
        let read_one = read(&["lic_a|2|t".to_owned()]).unwrap();
        assert_eq!(read_one["lic_a"], Stored { devices_used: 2, revoked: true });
        assert!(read(&["lic_a".to_owned()]).is_err());
    }
}
