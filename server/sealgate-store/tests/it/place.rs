//! The files of an SQLite database: a copy of some of them, and files that go away under a server.
#![expect(clippy::disallowed_methods, reason = "these files are what is tested")]

use std::path::{Path, PathBuf};

use sealgate_artifact::Code;
use sealgate_store::table::{licenses, slot_blocks};
use sealgate_store::{Db, Location, StoreError};
use sealgate_testkit::{Engine, TestDatabase};

use crate::support::{issue, license, with_license};

const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A copy of a database that is open, of its files with these endings and of what lies beside.
fn copy(file: &Path, to: &Path, endings: &[&str]) -> Location {
    std::fs::create_dir(to).expect("is made");
    let copied = to.join("test.db");
    for ending in endings {
        std::fs::copy(with_ending(file, ending), with_ending(&copied, ending)).expect("is copied");
    }
    std::fs::copy(file.with_extension("written"), copied.with_extension("written")).expect("is copied");
    Location::File(copied)
}

/// As after a crash, or with a server that runs.
#[tokio::test]
async fn a_copy_without_its_log_is_refused_before_anything_is_changed() {
    let database = TestDatabase::create(Engine::Sqlite);
    let db = Db::open(&database.location()).await.expect("opens");
    let stored = with_license(&db, 1).await;
    let torn = copy(&database.file(), &database.file().with_file_name("torn"), &["", "-shm"]);
    let refused = Db::open(&torn).await.expect_err("has lost what was written");
    assert_eq!(refused.code(), Code::DatabaseUnusable);
    let Location::File(file) = &torn else { panic!("a file") };
    let StoreError::Older { noted, .. } = &refused else { panic!("{refused}") };
    assert_eq!(*noted, file.with_extension("written"));
    assert!(refused.to_string().contains("-wal"), "{refused}");
    // What was left behind still fits.
    std::fs::copy(with_ending(&database.file(), "-wal"), with_ending(file, "-wal")).expect("is copied");
    let whole = Db::open(&torn).await.expect("opens");
    assert_eq!(licenses::find(&whole, stored.tenant, stored.id).await.expect("reads"), Some(stored));
    whole.close().await;
    db.close().await;
}

#[tokio::test]
async fn a_copy_of_a_closed_database_opens_and_an_older_one_only_if_it_is_meant() {
    let database = TestDatabase::create(Engine::Sqlite);
    let file = database.file();
    let db = Db::open(&database.location()).await.expect("opens");
    let first = with_license(&db, 1).await;
    db.close().await;
    drop(db);
    let whole = copy(&file, &file.with_file_name("whole"), &[""]);
    Db::open(&whole).await.expect("nothing is missing").close().await;

    let older = file.with_file_name("older.db");
    std::fs::copy(&file, &older).expect("is copied");
    let db = Db::open(&database.location()).await.expect("opens");
    db.write(issue(license(1))).await.expect("is stored");
    db.close().await;
    drop(db);
    std::fs::copy(&older, &file).expect("is brought back");
    let refused = Db::open(&database.location()).await.expect_err("is older");
    assert_eq!(refused.code(), Code::DatabaseUnusable);
    std::fs::write(&file, b"").expect("is emptied");
    let refused = Db::open(&database.location()).await.expect_err("is empty");
    assert_eq!(refused.code(), Code::DatabaseUnusable);

    std::fs::copy(&older, &file).expect("is brought back");
    std::fs::remove_file(file.with_extension("written")).expect("as it is told");
    let db = Db::open(&database.location()).await.expect("is meant");
    assert_eq!(licenses::find(&db, first.tenant, first.id).await.expect("reads"), Some(first));
    db.close().await;
}

/// Its process saw that, and ended before it had done so.
#[tokio::test]
async fn blocks_that_are_to_be_closed_are_closed_at_the_next_start() {
    let database = TestDatabase::create(Engine::Sqlite);
    let db = Db::open(&database.location()).await.expect("opens");
    let app = with_license(&db, 1).await.app;
    let is_full =
        async |db: &Db| slot_blocks::newest(db, app).await.expect("reads").expect("is there").is_full;
    assert!(!is_full(&db).await);
    db.close().await;
    drop(db);
    let mut noted = std::fs::read(database.file().with_extension("written")).expect("is there");
    noted.resize(40, 0);
    noted.extend(format!("{:019}\n", 1).into_bytes());
    std::fs::write(database.file().with_extension("written"), noted).expect("is written");
    let db = Db::open(&database.location()).await.expect("opens");
    assert!(is_full(&db).await);
    db.close().await;
    let noted = std::fs::read(database.file().with_extension("written")).expect("is there");
    assert!(noted.ends_with(format!("{:019}\n", 0).as_bytes()), "it is done");
}

/// `cp` onto a file leaves it where it was. The log in memory and the older file have nothing to do with each other.
#[tokio::test]
async fn an_older_file_that_is_copied_onto_the_database_is_noticed() {
    let database = TestDatabase::create(Engine::Sqlite);
    let (file, older) = (database.file(), database.file().with_file_name("older.db"));
    Db::open(&database.location()).await.expect("opens").close().await;
    std::fs::copy(&file, &older).expect("is copied");
    let db = Db::open(&database.location()).await.expect("opens");
    with_license(&db, 1).await;
    db.close().await;
    drop(db);

    let db = Db::open(&database.location()).await.expect("opens");
    db.write(issue(license(1))).await.expect("is stored in the log");
    std::fs::copy(&older, &file).expect("is copied onto it");
    // One look sees that the file changed, the next that it has come to rest.
    let looks = [db.read_changes().await, db.read_changes().await];
    assert!(matches!(looks[1], Err(StoreError::Unavailable(_))), "{looks:?}");
    let refused = db.write(issue(license(1))).await.expect_err("into what is left of two");
    assert!(refused.to_string().contains("overwritten"), "{refused}");
    db.check_alive().await.expect_err("health says so");
    let log = with_ending(&file, "-wal");
    let before = std::fs::metadata(&log).expect("a log").len();
    db.close().await;
    drop(db);
    assert_eq!(
        std::fs::metadata(&log).expect("is kept").len(),
        before,
        "it is not copied into the older file"
    );
    assert_eq!(std::fs::read(&file).expect("is there"), std::fs::read(&older).expect("is there"));

    // Nor by the next start.
    let refused = Db::open(&database.location()).await.expect_err("is older than its log");
    assert!(matches!(refused, StoreError::Older { .. }), "{refused}");
    std::fs::remove_file(file.with_extension("written")).expect("is removed alone");
    let refused = Db::open(&database.location()).await.expect_err("the log is another's");
    assert!(matches!(refused, StoreError::LogOfAnother { .. }), "{refused}");
    assert_eq!(refused.code(), Code::DatabaseUnusable);
    for ending in ["-wal", "-shm"] {
        std::fs::remove_file(with_ending(&file, ending)).expect("as the fix says");
    }
    Db::open(&database.location()).await.expect("is meant").close().await;
}

/// A checkpoint, by this process or by a tool that copies the database, brings nothing older.
#[tokio::test]
async fn a_checkpoint_is_no_other_file() {
    let database = TestDatabase::create(Engine::Sqlite);
    let db = Db::open(&database.location()).await.expect("opens");
    with_license(&db, 1).await;
    for _ in 0..3 {
        db.write(issue(license(1))).await.expect("is stored");
        let tool = rusqlite::Connection::open(database.file()).expect("opens");
        tool.query_row("PRAGMA wal_checkpoint(FULL)", (), |_| Ok(())).expect("copies the log into the file");
        for _ in 0..3 {
            db.read_changes().await.expect("nothing is wrong");
        }
    }
    db.close().await;
}

/// A number that the machine did not bring to its disk says nothing.
#[tokio::test]
async fn a_number_that_cannot_be_read_asks_for_nothing() {
    let database = TestDatabase::create(Engine::Sqlite);
    let noted = database.file().with_extension("written");
    for torn in ["", "12", "0000000000000000x12\n", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"] {
        std::fs::write(&noted, torn).expect("is written");
        Db::open(&database.location()).await.expect("opens").close().await;
    }
}

/// Nothing is acknowledged that nobody finds again, and nothing is read from what is not there any more.
#[tokio::test]
async fn files_that_are_deleted_or_replaced_under_a_server_are_noticed() {
    for (ending, replaced) in ENDINGS.into_iter().flat_map(|ending| [(ending, false), (ending, true)]) {
        let database = TestDatabase::create(Engine::Sqlite);
        let db = Db::open(&database.location()).await.expect("opens");
        let stored = with_license(&db, 1).await;
        let (path, aside) = (with_ending(&database.file(), ending), database.file().with_extension("aside"));
        std::fs::rename(&path, &aside).expect("is moved away");
        if replaced {
            std::fs::copy(&aside, &path).expect("is put there");
        }
        let what = format!("{ending:?}, replaced: {replaced}");
        let refused = db.write(issue(license(1))).await.expect_err(&what);
        assert!(matches!(refused, StoreError::Unavailable(_)), "{what}: {refused}");
        assert!(refused.to_string().contains("deleted, replaced or overwritten"), "{what}: {refused}");
        let read = licenses::find(&db, stored.tenant, stored.id).await.expect_err(&what);
        assert!(read.to_string().contains("deleted, replaced or overwritten"), "{what}: {read}");
        assert_eq!(path.exists(), replaced, "nobody makes it anew: {what}");

        std::fs::rename(&aside, &path).expect("is back");
        db.read_changes().await.expect("it is noticed");
        db.write(issue(license(1))).await.expect("goes on");
        db.close().await;
    }
}

/// The follower looks five times a second, also where nobody writes.
#[tokio::test]
async fn readers_notice_too_and_another_database_at_the_place_keeps_its_log() {
    let (database, other) = (TestDatabase::create(Engine::Sqlite), TestDatabase::create(Engine::Sqlite));
    let db = Db::open(&database.location()).await.expect("opens");
    let stored = with_license(&db, 1).await;
    let served = Db::open(&other.location()).await.expect("opens");
    with_license(&served, 1).await;
    for ending in ENDINGS {
        std::fs::copy(with_ending(&other.file(), ending), with_ending(&database.file(), ".new"))
            .expect("copied");
        std::fs::rename(with_ending(&database.file(), ".new"), with_ending(&database.file(), ending))
            .expect("moved");
    }
    served.close().await;
    db.read_changes().await.expect_err("it is another database");
    let read = licenses::find(&db, stored.tenant, stored.id).await.expect_err("is gone");
    assert!(read.to_string().contains("deleted, replaced or overwritten"), "{read}");
    db.check_alive().await.expect_err("health says so");
    let log = with_ending(&database.file(), "-wal");
    let before = std::fs::metadata(&log).expect("a log").len();
    db.close().await;
    assert!(before > 0 && std::fs::metadata(&log).is_ok_and(|log| log.len() == before), "it is not ours");
}
