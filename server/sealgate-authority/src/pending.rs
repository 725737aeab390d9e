//! Rows of what was observed, until they are written.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use sealgate_artifact::{LicenseId, TenantId};
use sealgate_store::table::EventRow;

/// A row that is not written yet.
pub(crate) struct Pending {
    pub(crate) row: EventRow,
    /// From then on it is written, as this process counts time.
    pub(crate) due: Duration,
}

impl Pending {
    fn shelf(&self) -> Shelf {
        match self.row.code {
            Some(_) => Shelf::Refusals(self.row.tenant),
            None => Shelf::Answers(self.row.tenant, self.row.license),
        }
    }
}

/// Rows that are written together when their vendor looks.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Shelf {
    Refusals(TenantId),
    Answers(TenantId, Option<LicenseId>),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// Others alike are counted into it.
    Counted([u8; 16]),
    /// Could not be written. Nothing more is counted into it: the database may have it all the same.
    Again(u64),
}

/// All rows under way. Whoever counts waits for whoever takes some, so a vendor's look costs what it takes, whatever other
/// tenants have.
#[derive(Default)]
pub(crate) struct Rows {
    pending: HashMap<Key, Pending>,
    shelves: HashMap<Shelf, Vec<Key>>,
    /// How many were put back.
    again: u64,
    /// Nothing is due before: whoever writes what is due need not look through all of it, while others wait for it.
    first_due: Duration,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(crate) fn first_due(&self) -> Duration {
        self.first_due
    }

    /// Counts one more into the row of this key; `false` if there is none.
    pub(crate) fn count(&mut self, key: [u8; 16]) -> bool {
        let known = self.pending.get_mut(&Key::Counted(key));
        known.map(|known| known.row.count += 1).is_some()
    }

    /// Adds a row, of which there is none of this key.
    pub(crate) fn insert(&mut self, key: [u8; 16], row: Pending) {
        self.put(Key::Counted(key), row);
    }

    fn put(&mut self, key: Key, row: Pending) {
        self.first_due = if self.len() == 0 { row.due } else { self.first_due.min(row.due) };
        self.shelves.entry(row.shelf()).or_insert_with(|| Vec::with_capacity(1)).push(key);
        self.pending.insert(key, row);
    }

    /// Takes the tenant's refusals, and all about one license.
    pub(crate) fn take_of(&mut self, tenant: TenantId, license: Option<LicenseId>) -> Vec<Pending> {
        let answers = license.map(|id| Shelf::Answers(tenant, Some(id)));
        let shelves = [Some(Shelf::Refusals(tenant)), answers].into_iter().flatten();
        let keys: Vec<Key> = shelves.filter_map(|shelf| self.shelves.remove(&shelf)).flatten().collect();
        keys.iter().filter_map(|key| self.pending.remove(key)).collect()
    }

    /// Takes the rows whose time has come.
    pub(crate) fn take_due(&mut self, now: Duration) -> Vec<Pending> {
        let due = self.pending.extract_if(|_, pending| pending.due <= now);
        let taken: Vec<Pending> = due.map(|(_, pending)| pending).collect();
        for shelf in taken.iter().map(Pending::shelf).collect::<HashSet<_>>() {
            if let Entry::Occupied(mut keys) = self.shelves.entry(shelf) {
                keys.get_mut().retain(|key| self.pending.contains_key(key));
                if keys.get().is_empty() {
                    keys.remove();
                }
            }
        }
        self.first_due = self.pending.values().map(|pending| pending.due).min().unwrap_or_default();
        taken
    }

    pub(crate) fn take_all(&mut self) -> Vec<Pending> {
        self.shelves.clear();
        self.pending.drain().map(|(_, pending)| pending).collect()
    }

    /// Keeps what could not be written, as long as there are no more than `most`. Returns how many rows are lost.
    pub(crate) fn put_back(&mut self, rows: Vec<Pending>, most: usize) -> usize {
        let kept = rows.len().min(most.saturating_sub(self.len()));
        let lost = rows.len() - kept;
        for row in rows.into_iter().take(kept) {
            self.again += 1;
            self.put(Key::Again(self.again), row);
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sealgate_artifact::{LicenseId, TenantId, UnixSeconds};
    use sealgate_store::table::EventRow;

    use super::{Pending, Rows};

    fn tenant(n: u8) -> TenantId {
        TenantId::from_bytes([n; 16])
    }

    fn license(n: u64) -> LicenseId {
        LicenseId::new(n, [0; 10])
    }

    fn key(n: u64) -> [u8; 16] {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&n.to_be_bytes());
        key
    }

    /// Due after so many seconds; a refusal without a license.
    fn row(of: u8, license: Option<LicenseId>, due: u64) -> Pending {
        let row = EventRow {
            id: String::new(),
            tenant: tenant(of),
            app: None,
            license,
            device: None,
            at: UnixSeconds::new(1).expect("in range"),
            kind: if license.is_some() { "validated" } else { "refused" }.into(),
            code: license.is_none().then(|| "device_limit".to_owned()),
            request_id: String::new(),
            count: 1,
            moved_from: None,
        };
        Pending { row, due: Duration::from_secs(due) }
    }

    fn sizes(rows: &Rows) -> (usize, usize) {
        (rows.len(), rows.shelves.values().map(Vec::len).sum())
    }

    #[test]
    fn a_vendor_takes_its_refusals_and_one_license() {
        let mut rows = Rows::default();
        for (n, (of, license)) in (0..).zip([
            (1, None),
            (1, Some(license(1))),
            (1, Some(license(1))),
            (1, Some(license(2))),
            (2, None),
            (2, Some(license(1))),
        ]) {
            rows.insert(key(n), row(of, license, 60));
        }
        assert_eq!(rows.take_of(tenant(1), None).len(), 1);
        let taken = rows.take_of(tenant(1), Some(license(1)));
        assert_eq!(taken.len(), 2);
        assert_eq!(sizes(&rows), (3, 3));
        assert!(!rows.count(key(1)) && rows.count(key(3)));
        // What is put back is taken again, and nothing is counted into it.
        assert_eq!(rows.put_back(taken, 4), 1, "there is room for one");
        assert!(!rows.count(key(1)));
        assert_eq!(rows.take_of(tenant(1), Some(license(1))).len(), 1);
        assert_eq!(rows.take_all().len(), 3);
        assert_eq!(sizes(&rows), (0, 0));
    }

    #[test]
    fn what_is_due_is_taken_and_nothing_of_it_stays() {
        let mut rows = Rows::default();
        for n in 0..100 {
            let about = (n % 3 > 0).then(|| license(n % 7));
            rows.insert(key(n), row(u8::try_from(n % 5).expect("small"), about, 10 + n));
        }
        assert_eq!(rows.first_due(), Duration::from_secs(10));
        assert_eq!(rows.take_due(Duration::from_secs(39)).len(), 30);
        assert_eq!((rows.first_due(), sizes(&rows)), (Duration::from_secs(40), (70, 70)));
        assert_eq!(rows.take_due(Duration::from_secs(109)).len(), 70);
        assert!(rows.shelves.is_empty() && rows.len() == 0);
    }
}
