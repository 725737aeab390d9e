//! Kept answers are deleted in parts: others write in between, however many there are.

use sealgate_store::table::{AnswerRow, answers};
use sealgate_store::work;

use crate::support::{at, license, on_both_engines};

/// One more than are deleted at once.
const OLD: u32 = 5_001;

#[tokio::test]
async fn old_answers_are_deleted_in_parts_and_no_others() {
    on_both_engines(async |db| {
        let tenant = license(1).tenant;
        let row = move |key: u32, at| AnswerRow {
            tenant,
            caller: "token".to_owned(),
            key: key.to_string(),
            request: [1; 32],
            answer: vec![2; 8],
            at,
        };
        let insert = work(row, |row, tx| {
            Box::pin(async move {
                for n in 0..OLD {
                    answers::insert(&mut *tx, &row(n, at().minus(10))).await?;
                }
                answers::insert(tx, &row(OLD, at())).await
            })
        });
        db.write(insert).await.expect("are stored");
        for more in [true, false] {
            let forget = work((), |(), tx| Box::pin(async move { answers::forget(tx, at()).await }));
            assert_eq!(db.write(forget).await.expect("are deleted"), more);
        }
        let find = async |n: u32| answers::find(db, tenant, ("token", &n.to_string())).await.expect("reads");
        assert!(find(0).await.is_none() && find(OLD - 1).await.is_none());
        assert_eq!(find(OLD).await, Some(row(OLD, at())));
    })
    .await;
}
