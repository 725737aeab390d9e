//! Numbers in the place of counts: right from the beginning, and for what was there before they were kept.

use sealgate_testkit::Engine;

use super::Opened;
use super::rows::{at, device, store_license};
use crate::table::{HeldSeat, LicenseRow, LifetimeFileRow, devices, licenses, lifetime_files, release_days};
use crate::{Db, StoreError, work};

const DAY: u64 = 24 * 60 * 60;

/// What a database looked like before.
const BEFORE: &str =
    "DROP TABLE release_days; DROP INDEX lifetime_files_by_number; ALTER TABLE lifetime_files DROP COLUMN n";

/// Gives a device a seat and takes it back, so many days later.
async fn release(db: &Db, license: &LicenseRow, hwid: &str, days: u64) {
    let unit = work((license.clone(), device(license, hwid), days), |(license, device, days), tx| {
        Box::pin(async move {
            let locked = licenses::lock(tx, license.tenant, license.id).await?.expect("is there");
            devices::take_seat(tx, &locked, device).await?;
            let seats = [HeldSeat::from(device.clone())];
            devices::release_seats(tx, &locked, &seats, 0..=0, at().plus(days * DAY)).await?;
            Ok::<_, StoreError>(())
        })
    });
    db.write(unit).await.expect("is released");
}

async fn make_file(db: &Db, license: &LicenseRow, hwid: &str) {
    let file = LifetimeFileRow {
        license: license.id,
        tenant: license.tenant,
        identity: hwid.to_owned(),
        file_id: hwid.to_owned(),
        file_sealed: vec![1],
        at: at(),
    };
    let unit = work(file, |file, tx| {
        Box::pin(async move {
            let others = lifetime_files::count(&mut *tx, file.license).await?;
            lifetime_files::insert(tx, file, others).await
        })
    });
    db.write(unit).await.expect("is kept");
}

/// Releases since the beginning of each of the first days, and files.
async fn counted(db: &Db, license: &LicenseRow) -> ([u64; 4], u64) {
    let mut released = [0; 4];
    for (days, released) in (0..).zip(&mut released) {
        *released =
            release_days::within_a_year(db, license, at().plus((days + 365) * DAY)).await.expect("counts");
    }
    (released, lifetime_files::count(db, license.id).await.expect("counts"))
}

#[tokio::test]
async fn numbers_are_those_of_the_rows_also_of_earlier_ones() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let opened = Opened::new(engine).await;
        let license = store_license(&opened.db).await;
        assert_eq!(counted(&opened.db, &license).await, ([0; 4], 0), "{engine:?}");
        for (hwid, days) in [("a", 0), ("b", 0), ("c", 1), ("d", 3), ("e", 3), ("f", 3)] {
            release(&opened.db, &license, hwid, days).await;
            make_file(&opened.db, &license, hwid).await;
        }
        let now = ([6, 4, 3, 3], 6);
        assert_eq!(counted(&opened.db, &license).await, now, "{engine:?}");

        let mut connection = opened.connection().await;
        connection.command(BEFORE).await.expect("goes back");
        connection.command(include_str!("../../migrations/0009_counted.sql")).await.expect("is migrated");
        connection.close().await.expect("closes");
        assert_eq!(counted(&opened.db, &license).await, now, "{engine:?}");
        make_file(&opened.db, &license, "g").await;
        release(&opened.db, &license, "g", 3).await;
        assert_eq!(counted(&opened.db, &license).await, ([7, 5, 4, 4], 7), "{engine:?}");
        opened.db.close().await;
    }
}
