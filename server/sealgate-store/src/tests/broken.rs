//! A transaction in which a statement failed is over for PostgreSQL, whatever is done next.

use sealgate_testkit::Engine;

use super::Opened;
use crate::sql::query;

const FAILS: &str = "INSERT INTO change_counter (id, n) VALUES (1, 1)";
const KEPT: &str = "UPDATE change_counter SET n = n + 1000 WHERE id = 1";

#[tokio::test]
async fn a_commit_that_is_answered_with_rollback_is_a_failure() {
    let opened = Opened::new(Engine::Postgres).await;
    let mut connection = opened.connection().await;
    for is_plain in [true, false] {
        connection.begin().await.expect("begins");
        query(KEPT).execute(&mut connection).await.expect("is done");
        assert!(query(FAILS).execute(&mut connection).await.is_err(), "there is such a row");
        let committed = if is_plain { connection.command("COMMIT").await } else { connection.commit().await };
        // This is the trap: the driver passes over the word with which PostgreSQL answers.
        assert_eq!(committed.is_ok(), is_plain, "{committed:?}");
    }
    connection.command("ROLLBACK").await.expect("rolls back");
    connection.close().await.expect("closes");
    opened.db.close().await;
}

#[tokio::test]
async fn a_whole_transaction_is_committed() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let opened = Opened::new(engine).await;
        let mut connection = opened.connection().await;
        connection.begin().await.expect("begins");
        query(KEPT).execute(&mut connection).await.expect("is done");
        connection.commit().await.expect("is committed");
        connection.close().await.expect("closes");
        opened.db.close().await;
    }
}
