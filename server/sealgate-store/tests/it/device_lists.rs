//! A list of devices has the same pages however many devices its license has, and whatever others have.

use sealgate_artifact::DeviceId;
use sealgate_store::table::{DeviceRow, LicenseRow, devices, licenses};
use sealgate_store::{Db, StoreError, Tx, Work};

use crate::support::{at, issue, license, on_both_engines, with_license};

/// More than are sorted by the one who lists them.
const MANY: u64 = 1_001;
const PAGE: u32 = 200;

/// Gives seats to devices of these ages: the first is the oldest.
struct TakeSeats(LicenseRow, std::ops::Range<u64>);

impl Work for TakeSeats {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let locked = licenses::lock(tx, self.0.tenant, self.0.id).await?.expect("it is there");
        for age in self.1.clone() {
            devices::take_seat(tx, &locked, &device(&locked, age)).await?;
        }
        Ok(())
    }
}

fn device(license: &LicenseRow, age: u64) -> DeviceRow {
    let id = DeviceId::new(at().get() * 1_000 + age, [0; 10]);
    let device = crate::support::hwid(&format!("device-{age}"));
    DeviceRow::new(id, license, device, at())
}

/// The ids on every page, from the newest device on.
async fn pages(db: &Db, license: &LicenseRow) -> Vec<Vec<DeviceId>> {
    let (mut pages, mut before) = (Vec::new(), None);
    loop {
        let page = devices::list(db, license.tenant, Some(license), before, PAGE).await.expect("reads");
        if page.is_empty() {
            return pages;
        }
        before = page.last().map(|row| row.id);
        pages.push(page.iter().map(|row| row.id).collect());
    }
}

fn newest_first(license: &LicenseRow, ages: impl DoubleEndedIterator<Item = u64>) -> Vec<Vec<DeviceId>> {
    let ids: Vec<_> = ages.rev().map(|age| device(license, age).id).collect();
    ids.chunks(PAGE as usize).map(<[DeviceId]>::to_vec).collect()
}

#[tokio::test]
async fn pages_are_the_same_on_either_way() {
    on_both_engines(async |db| {
        let few = with_license(db, 1_000).await;
        let many = license(2_000);
        db.write(issue(many.clone())).await.expect("is stored");
        // Before, between and after the many.
        let (first, last) = (MANY / 2, 300 + MANY);
        for (license, ages) in [
            (&few, 0..100),
            (&many, 100..100 + first),
            (&few, 100 + first..300 + first),
            (&many, 300 + first..last),
            (&few, last..last + 3),
        ] {
            db.write(TakeSeats(license.clone(), ages)).await.expect("are taken");
        }
        let of_few = newest_first(&few, (0..100).chain(100 + first..300 + first).chain(last..last + 3));
        let of_many = newest_first(&many, (100..100 + first).chain(300 + first..last));
        // What the license's row says decides the way, and may be wrong.
        for said in [0, MANY - 1, MANY] {
            let (few, many) = (
                LicenseRow { devices_used: said, ..few.clone() },
                LicenseRow { devices_used: said, ..many.clone() },
            );
            assert_eq!(pages(db, &few).await, of_few, "{said}");
            assert_eq!(pages(db, &many).await, of_many, "{said}");
        }
        let all = devices::list(db, few.tenant, None, None, 1).await.expect("reads");
        assert_eq!(all.iter().map(|row| row.id).collect::<Vec<_>>(), [device(&few, last + 2).id]);
    })
    .await;
}
