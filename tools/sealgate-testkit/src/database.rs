//! A database of its own for every test.

use std::path::PathBuf;

use sealgate_authority::ports::{Entropy, System};
use sealgate_store::Location;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::Proxy;

/// The two engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in the test's own directory.
    Sqlite,
    /// A fresh database on the server that `cargo xtask test` started.
    Postgres,
}

/// A database that does not exist yet, or an empty one; gone when this value is. Dropping it fails the test if
/// somebody is still connected.
pub struct TestDatabase {
    dir: tempfile::TempDir,
    postgres: Option<Postgres>,
}

impl TestDatabase {
    /// A new one.
    pub fn create(engine: Engine) -> Self {
        let postgres = (engine == Engine::Postgres).then(Postgres::create);
        Self { dir: tempfile::tempdir().expect("a temporary directory"), postgres }
    }

    /// What [`sealgate_store::Db::open`] takes.
    pub fn location(&self) -> Location {
        match &self.postgres {
            Some(postgres) => Location::Postgres(postgres.url()),
            None => Location::File(self.file()),
        }
    }

    /// Where the file of an SQLite database lies.
    pub fn file(&self) -> PathBuf {
        self.dir.path().join("test.db")
    }

    /// What stands in front of the server of a PostgreSQL database, and the URL that leads through it.
    pub fn behind_proxy(&self) -> (Proxy, String) {
        let postgres = self.postgres.as_ref().expect("PostgreSQL");
        let proxy = Proxy::start(&postgres.address());
        let url = postgres.url_at(&proxy.address().to_string());
        (proxy, url)
    }

    /// The URL of a PostgreSQL database.
    pub fn postgres_url(&self) -> Option<String> {
        self.postgres.as_ref().map(Postgres::url)
    }
}

/// In the URL of every database on the test server, which trusts this machine and does not look at it: so that tests
/// can ask where it turns up.
pub const DATABASE_PASSWORD: &str = "the-password-of-the-database";

/// A database on the test server.
pub(crate) struct Postgres {
    server: String,
    name: String,
}

impl Postgres {
    pub(crate) fn create() -> Self {
        let server = std::env::var("SEALGATE_TEST_PG")
            .expect("SEALGATE_TEST_PG names a PostgreSQL server; `cargo xtask test` starts one and sets it");
        let mut random = [0; 8];
        System.fill(&mut random);
        let this = Self { server, name: format!("t_{:016x}", u64::from_be_bytes(random)) };
        this.on_server(format!("CREATE DATABASE {}", this.name)).expect("the test server makes a database");
        this
    }

    pub(crate) fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("a URL that ends in a database name");
        format!("{}/{}", with_password(server), self.name)
    }

    /// The server's host and port.
    pub(crate) fn address(&self) -> String {
        let url = self.url();
        let (_, place) = url.rsplit_once('@').expect("a URL with a user");
        place.split('/').next().expect("a place").to_owned()
    }

    /// The URL of the same database for who reaches its server at that address.
    pub(crate) fn url_at(&self, address: &str) -> String {
        self.url().replacen(&self.address(), address, 1)
    }

    fn on_server(&self, statement: String) -> Result<(), sqlx::Error> {
        on_connection(&self.server, async |connection: &mut PgConnection| {
            connection.execute(AssertSqlSafe(statement)).await.map(drop)
        })
    }
}

impl Drop for Postgres {
    /// Fails when somebody is still connected: a leftover is a bug.
    fn drop(&mut self) {
        let dropped = self.on_server(format!("DROP DATABASE {}", self.name));
        if !std::thread::panicking() {
            dropped.expect("nobody is connected any more");
        }
    }
}

/// The same server with a password, unless it has one.
fn with_password(server: &str) -> String {
    match server.split_once("//").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?))) {
        Some((scheme, (user, place))) if !user.contains(':') => {
            format!("{scheme}//{user}:{DATABASE_PASSWORD}@{place}")
        }
        _ => server.to_owned(),
    }
}

/// Runs statements on a PostgreSQL database, as the user that its URL names.
pub fn on_postgres(url: &str, statements: &str) -> Result<(), sqlx::Error> {
    let statements = AssertSqlSafe(statements.to_owned());
    on_connection(url, async |connection: &mut PgConnection| connection.execute(statements).await.map(drop))
}

/// Does something on a connection to PostgreSQL of its own, in a thread of its own: callers may be inside a runtime.
pub(crate) fn on_connection<T: Send>(
    url: &str,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error> + Send,
) -> Result<T, sqlx::Error> {
    let there = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let mut connection = PgConnection::connect(url).await?;
            let done = work(&mut connection).await;
            connection.close().await?;
            done
        })
    };
    std::thread::scope(|scope| scope.spawn(there).join().expect("it does not panic"))
}
