//! A group ends once its units did enough: whoever waits for it waits for a part of what lies before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sealgate_artifact::RecordId;
use sealgate_store::table::{EventRow, LicenseRow, devices, events, licenses};
use sealgate_store::{Db, StoreError, Tx, Work};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use crate::support::{at, device, hwid, license, on_both_engines, unsigned, with_license};

/// How many units before it each unit saw committed when it ran last.
type Seen = Arc<Mutex<BTreeMap<usize, usize>>>;

/// What a unit does besides.
#[derive(Clone, Copy)]
enum Much {
    /// 98 statements.
    Statements,
    /// Adds 1,000 rows.
    Rows,
    /// Reads 700 rows of the first license with one statement.
    Reads,
}

struct Unit {
    db: Db,
    all: Arc<Vec<LicenseRow>>,
    number: usize,
    much: Much,
    refuses: bool,
    seen: Seen,
}

impl Work for Unit {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let mut committed = 0;
        for before in &self.all[..self.number] {
            committed += usize::from(licenses::find(&self.db, before.tenant, before.id).await?.is_some());
        }
        self.seen.lock().expect("no panics").insert(self.number, committed);
        let license = &self.all[self.number];
        licenses::insert(tx, license, &unsigned()).await?;
        match self.much {
            Much::Rows => {
                let rows: Vec<EventRow> = (0..1_000).map(|n| event(license, self.number, n)).collect();
                events::insert_all(tx, &rows.iter().collect::<Vec<_>>()).await?;
            }
            Much::Reads => {
                let read = devices::first_of_license(&mut *tx, self.all[0].id, 700).await?;
                assert!(self.number == 0 || read.len() == 700);
                for n in 0..if self.number == 0 { 700 } else { 0 } {
                    devices::take_seat(tx, license, &device(license, &format!("{n:010}"))).await?;
                }
            }
            Much::Statements => {
                for _ in 0..98 {
                    devices::seat(&mut *tx, license.id, &hwid("a")).await?;
                }
            }
        }
        if self.refuses { Err(StoreError::Corrupt("on second thoughts".to_owned())) } else { Ok(()) }
    }
}

fn event(license: &LicenseRow, unit: usize, n: u16) -> EventRow {
    let mut random = [0; 10];
    random[..2].copy_from_slice(&n.to_be_bytes());
    random[2] = u8::try_from(unit).expect("few units");
    EventRow {
        id: RecordId::new(1, random).to_string(),
        tenant: license.tenant,
        app: None,
        license: Some(license.id),
        device: None,
        at: at(),
        kind: "validated".into(),
        code: None,
        request_id: String::new(),
        count: 1,
        moved_from: None,
    }
}

/// Holds the writer up until all others wait.
struct Hold(Mutex<Option<oneshot::Sender<()>>>, Arc<Semaphore>);

impl Work for Hold {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, _: &mut Tx<'_>) -> Result<(), StoreError> {
        if let Some(begun) = self.0.lock().expect("no panics").take() {
            begun.send(()).expect("somebody waits");
        }
        self.1.acquire().await.expect("is open").forget();
        Ok(())
    }
}

/// Has so many units wait for the writer at once; says what each of them saw.
async fn queued(db: &Db, units: usize, much: Much, refuses: Option<usize>) -> Vec<usize> {
    let all: Arc<Vec<LicenseRow>> = Arc::new((0..units).map(|_| license(1)).collect());
    let (begun, begins) = oneshot::channel();
    let (seen, go) = (Seen::default(), Arc::new(Semaphore::new(0)));
    let mut writes = JoinSet::new();
    let (first, held) = (db.clone(), Hold(Mutex::new(Some(begun)), Arc::clone(&go)));
    writes.spawn(async move { first.write(held).await });
    begins.await.expect("it begins");
    for number in 0..units {
        let (db, all, seen) = (db.clone(), Arc::clone(&all), Arc::clone(&seen));
        let refuses = refuses == Some(number);
        writes.spawn(async move {
            let unit = Unit { db: db.clone(), all, number, much, refuses, seen };
            assert_eq!(db.write(unit).await.is_err(), refuses);
            Ok(())
        });
        // It gets into the queue.
        tokio::task::yield_now().await;
    }
    go.add_permits(1);
    while let Some(ended) = writes.join_next().await {
        ended.expect("no panic").expect("is done");
    }
    let seen = seen.lock().expect("no panics");
    seen.values().copied().collect()
}

#[tokio::test]
async fn a_group_ends_after_so_many_statements_and_the_rest_goes_into_the_next() {
    on_both_engines(async |db| {
        with_license(db, 1).await;
        let seen = queued(db, 20, Much::Statements, None).await;
        assert_eq!(seen, [[0; 7], [7; 7], [14; 7]].concat()[..20]);
        // With savepoints, too.
        let seen = queued(db, 20, Much::Statements, Some(2)).await;
        assert_eq!(seen, [[0; 7], [6; 7], [13; 7]].concat()[..20]);
    })
    .await;
}

#[tokio::test]
async fn rows_count_like_statements() {
    on_both_engines(async |db| {
        with_license(db, 1).await;
        assert_eq!(queued(db, 4, Much::Rows, None).await, [0, 1, 2, 3]);
        assert_eq!(queued(db, 4, Much::Reads, None).await, [0, 1, 2, 3]);
    })
    .await;
}
