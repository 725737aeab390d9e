//! A database of its own for every test.

use sqlx::{AssertSqlSafe, Connection, Executor};

/// The two engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in the test's own directory.
    Sqlite,
    /// A fresh database on the server that `cargo xtask test` started.
    Postgres,
}

/// A database on the test server, dropped with this value.
pub(crate) struct Postgres {
    server: String,
    name: String,
}

impl Postgres {
    pub(crate) async fn create(name: String) -> Self {
        let server = std::env::var("SEALGATE_TEST_PG")
            .expect("SEALGATE_TEST_PG names a PostgreSQL server; `cargo xtask test` starts one and sets it");
        let this = Self { server, name };
        this.on_server(format!("CREATE DATABASE {}", this.name)).await;
        this
    }

    pub(crate) fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("a URL that ends in a database name");
        format!("{server}/{}", self.name)
    }

    /// Fails when somebody is still connected: a leftover is a bug.
    pub(crate) async fn drop(self) {
        self.on_server(format!("DROP DATABASE {}", self.name)).await;
    }

    async fn on_server(&self, statement: String) {
        sqlx::any::install_default_drivers();
        let mut connection =
            sqlx::AnyConnection::connect(&self.server).await.expect("the test server answers");
        connection.execute(AssertSqlSafe(statement)).await.expect("the test server does as told");
        connection.close().await.expect("closes");
    }
}
