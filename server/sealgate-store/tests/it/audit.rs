//! Rows of the audit log that wait for their numbers.

use std::borrow::Cow;

use sealgate_artifact::{RecordId, TenantId};
use sealgate_store::table::AuditRow;
use sealgate_store::table::audit::{self, Waiting};
use sealgate_store::{Db, work};

use crate::support::{at, on_both_engines};

fn row(tenant: TenantId, milliseconds: u64) -> AuditRow {
    AuditRow {
        id: RecordId::new(milliseconds, [0; 10]).to_string(),
        tenant,
        at: at(),
        actor: "system".to_owned(),
        action: Cow::Borrowed("app.created"),
        subject: String::new(),
        detail: "{}".to_owned(),
        request_id: String::new(),
        link: None,
    }
}

async fn add(db: &Db, rows: Vec<AuditRow>) {
    let added = work(rows, |rows, tx| {
        Box::pin(async move {
            for row in rows {
                audit::insert(&mut *tx, row).await?;
            }
            Ok::<_, sealgate_store::StoreError>(())
        })
    });
    db.write(added).await.expect("is written");
}

/// However much others write, and the tenant itself.
#[tokio::test]
async fn those_of_a_tenant_that_wait_at_a_moment_are_a_stretch_of_their_own() {
    on_both_engines(async |db| {
        let (acme, twin) = (TenantId::new(1, [1; 10]), TenantId::new(1, [2; 10]));
        assert_eq!(audit::waiting_of(db, acme).await.expect("reads"), None);
        let mine = [row(acme, 10), row(acme, 30)];
        add(db, [&mine[..], &[row(twin, 5), row(twin, 20), row(twin, 40)]].concat()).await;
        let stretch = audit::waiting_of(db, acme).await.expect("reads").expect("two wait");
        add(db, vec![row(acme, 50), row(twin, 25)]).await;
        let within = Waiting::Within(stretch);
        let listed = audit::waiting(db, &within, 50).await.expect("reads");
        assert_eq!(listed, mine.iter().cloned().map(Ok).collect::<Vec<_>>());
        assert_eq!(audit::waiting(db, &within, 1).await.expect("reads").len(), 1);
        assert_eq!(audit::waiting(db, &Waiting::All, 50).await.expect("reads").len(), 7);
    })
    .await;
}
