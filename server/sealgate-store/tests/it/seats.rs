//! The number of devices in a license's row is always the number of its devices.

use futures_util::future::{join, join_all};
use sealgate_store::table::{HeldSeat, LicenseRow, devices, licenses};
use sealgate_store::{Db, StoreError, Tx, Work};

use crate::support::{TakeSeat, at, on_both_engines, with_license};

const SEATS: u32 = 6;
const ROUNDS: u64 = 40;

/// Releases devices, those that are there.
struct Release(LicenseRow, Vec<HeldSeat>);

impl Work for Release {
    type Output = u64;
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let locked = licenses::lock(tx, self.0.tenant, self.0.id).await?.expect("it is there");
        devices::release_seats(tx, &locked, &self.1, 0..=u64::MAX, at()).await
    }
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

async fn held(db: &Db, license: &LicenseRow) -> Vec<HeldSeat> {
    devices::first_of_license(db, license.id, 2 * SEATS).await.expect("reads")
}

async fn counted(db: &Db, license: &LicenseRow) -> (u64, u64) {
    let row = licenses::find(db, license.tenant, license.id).await.expect("reads").expect("is there");
    let held = held(db, license).await;
    (row.devices_used, held.len() as u64)
}

/// Takes that find no seat or have one already are undone as a whole; so are those of a group that fails.
#[tokio::test]
async fn the_number_of_devices_is_that_of_their_rows() {
    on_both_engines(async |db| {
        let license = with_license(db, SEATS).await;
        let (mut numbers, mut freed) = (Numbers(7), 0);
        for round in 0..ROUNDS {
            let held = held(db, &license).await;
            let takes = (0..numbers.below(8)).map(|_| format!("device-{}", numbers.below(12)));
            let takes: Vec<_> = takes.map(|name| db.write(TakeSeat(license.clone(), name))).collect();
            let released: Vec<_> = held.into_iter().filter(|_| numbers.below(3) == 0).collect();
            freed += released.len();
            // One by one or two by two.
            let released = released.chunks(if numbers.below(2) == 0 { 1 } else { 2 });
            let released: Vec<_> =
                released.map(|held| db.write(Release(license.clone(), held.to_vec()))).collect();
            let (_, released) = join(join_all(takes), join_all(released)).await;
            assert!(released.iter().all(Result::is_ok), "{released:?}");
            let (row, rows) = counted(db, &license).await;
            assert_eq!(row, rows, "after round {round}");
            assert!(rows <= SEATS.into(), "after round {round}");
        }
        assert!(freed > 10, "only {freed} releases");
    })
    .await;
}

#[tokio::test]
async fn storing_a_license_does_not_change_the_number() {
    on_both_engines(async |db| {
        let license = with_license(db, SEATS).await;
        db.write(TakeSeat(license.clone(), "desk".to_owned())).await.expect("is free");
        // The row in hand says 0.
        db.write(crate::support::revoke(license.clone())).await.expect("is stored");
        assert_eq!(counted(db, &license).await, (1, 1));
    })
    .await;
}
