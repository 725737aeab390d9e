//! Opening and closing a database.

use sealgate_artifact::Code;
use sealgate_store::table::licenses;
use sealgate_store::{Db, Location, StoreError};
use sealgate_testkit::{Engine, TestDatabase};

use sqlx::{Connection, Executor};

use crate::support::{TakeSeat, with_license};

#[tokio::test]
async fn a_file_that_is_served_from_opens_only_once() {
    let database = TestDatabase::create(Engine::Sqlite);
    let first = Db::open(&database.location()).await.expect("opens");
    let second = Db::open(&database.location()).await.expect_err("is in use");
    assert!(matches!(second, StoreError::InUse), "{second:?}");
    assert_eq!(second.code(), Code::DataInUse);

    let license = with_license(&first, 1).await;
    first.close().await;
    drop(first);
    let third = Db::open(&database.location()).await.expect("is free again");
    assert_eq!(third.write(TakeSeat(license, "a".to_owned())).await.expect("still there"), 1);
    third.close().await;
}

#[tokio::test]
async fn a_postgresql_database_serves_several_at_once() {
    let database = TestDatabase::create(Engine::Postgres);
    let first = Db::open(&database.location()).await.expect("opens");
    let second = Db::open(&database.location()).await.expect("opens too");
    let license = with_license(&first, 1).await;
    let seen = licenses::find(&second, license.tenant, license.id).await.expect("reads");
    assert_eq!(seen, Some(license));
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn servers_that_start_together_on_an_empty_database_make_its_schema_once() {
    let database = TestDatabase::create(Engine::Postgres);
    let location = database.location();
    let opened = futures_util::future::join_all((0..4).map(|_| Db::open(&location))).await;
    for db in opened {
        db.expect("opens").close().await;
    }
}

#[tokio::test]
async fn a_schema_of_another_version_is_refused() {
    let database = TestDatabase::create(Engine::Sqlite);
    Db::open(&database.location()).await.expect("opens").close().await;
    let file = rusqlite::Connection::open(database.file()).expect("a database");
    file.execute_batch("UPDATE migrations SET statements = statements || ' '").expect("is changed");
    drop(file);
    let refused = Db::open(&database.location()).await.expect_err("is of another version");
    assert_eq!(refused.code(), Code::DatabaseUnusable);
    assert!(refused.to_string().contains("another version"), "{refused}");
}

#[tokio::test]
async fn a_user_who_may_only_read_opens_what_another_made() {
    let database = TestDatabase::create(Engine::Postgres);
    Db::open(&database.location()).await.expect("opens").close().await;
    let url = database.postgres_url().expect("PostgreSQL");
    let (server, name) = url.rsplit_once('/').expect("a URL");
    let reader = format!("reader_of_{name}");
    let mut owner = sqlx::PgConnection::connect(&url).await.expect("connects");
    for statement in [
        format!("CREATE ROLE {reader} LOGIN"),
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}"),
    ] {
        owner.execute(sqlx::AssertSqlSafe(statement)).await.expect("is granted");
    }
    let (_, host) = server.rsplit_once('@').expect("a URL with a user");
    let location = Location::Postgres(format!("postgres://{reader}@{host}/{name}"));
    let opened = Db::open(&location).await;
    if let Ok(db) = &opened {
        db.close().await;
    }
    for statement in [format!("DROP OWNED BY {reader}"), format!("DROP ROLE {reader}")] {
        owner.execute(sqlx::AssertSqlSafe(statement)).await.expect("goes away");
    }
    assert!(opened.is_ok(), "{:?}", opened.err());
}

#[tokio::test]
async fn what_is_no_database_is_refused_with_a_code() {
    let database = TestDatabase::create(Engine::Sqlite);
    let nowhere = database.file().join("there/is/no/such/folder/test.db");
    #[expect(clippy::disallowed_methods, reason = "a file that is no database")]
    std::fs::write(database.file(), vec![b'x'; 8192]).expect("is written");
    for (what, location) in [
        ("no folder", Location::File(nowhere)),
        ("no database", database.location()),
        ("no URL", Location::Postgres("nonsense".to_owned())),
        ("no server", Location::Postgres("postgres://postgres@127.0.0.1:1/none".to_owned())),
    ] {
        let refused = Db::open(&location).await.expect_err("is no database");
        assert_eq!(refused.code(), Code::DatabaseUnusable, "{what}: {refused}");
        assert!(!refused.to_string().contains("timed out"), "says why, and at once: {refused}");
    }
}

/// A line of PostgreSQL's own source helps nobody, and looks like one of the configuration file.
#[tokio::test]
async fn what_postgresql_says_is_told_without_the_line_of_its_source() {
    let database = TestDatabase::create(Engine::Postgres);
    let missing = format!("{}_missing", database.postgres_url().expect("PostgreSQL"));
    let refused = Db::open(&Location::Postgres(missing)).await.expect_err("there is none").to_string();
    assert!(refused.contains("does not exist") && !refused.contains("at line"), "{refused}");
}
