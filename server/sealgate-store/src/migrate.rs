//! The schema: every change of it that there ever was, in order, in either engine the same text. What only PostgreSQL has
//! are bounds against what other users of the database may write.

use crate::StoreError;
use crate::columns::signed;
use crate::sql::{Connection, query};
use crate::statements::statements;

/// Never changed once released; the next change is the next file.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_names_and_counts.sql"),
    include_str!("../migrations/0003_bounds_postgres.sql"),
    include_str!("../migrations/0004_makers.sql"),
    include_str!("../migrations/0005_orders.sql"),
    include_str!("../migrations/0006_reports_postgres.sql"),
    include_str!("../migrations/0007_made_tokens.sql"),
    include_str!("../migrations/0008_keyset_ends.sql"),
    include_str!("../migrations/0009_counted.sql"),
    include_str!("../migrations/0010_sold.sql"),
    include_str!("../migrations/0011_sold_postgres.sql"),
    include_str!("../migrations/0012_ends.sql"),
    include_str!("../migrations/0013_release_requests.sql"),
    include_str!("../migrations/0014_release_requests_postgres.sql"),
    include_str!("../migrations/0015_slugs.sql"),
    include_str!("../migrations/0016_imports.sql"),
    include_str!("../migrations/0017_labels.sql"),
    include_str!("../migrations/0018_device_names.sql"),
    include_str!("../migrations/0019_suspend_reasons.sql"),
    include_str!("../migrations/0020_conditions.sql"),
    include_str!("../migrations/0021_moves.sql"),
    include_str!("../migrations/0022_moves_postgres.sql"),
    include_str!("../migrations/0023_activation_keys.sql"),
    include_str!("../migrations/0024_activations.sql"),
    include_str!("../migrations/0025_leases.sql"),
    include_str!("../migrations/0026_leases_postgres.sql"),
    include_str!("../migrations/0027_published.sql"),
    include_str!("../migrations/0028_published_postgres.sql"),
    include_str!("../migrations/0029_slots.sql"),
    include_str!("../migrations/0030_slots_postgres.sql"),
    include_str!("../migrations/0031_job_runs.sql"),
    include_str!("../migrations/0032_snapshots.sql"),
    include_str!("../migrations/0033_bundles.sql"),
    include_str!("../migrations/0034_bundles_postgres.sql"),
];
/// How a change begins that the other engine only takes down: it is about users, and SQLite has none.
const ONLY_POSTGRES: &str = "-- Only PostgreSQL\n";

/// Processes that start at the same time migrate one after the other. On SQLite the lock file sees to that.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7237089)";
const CREATE: &str =
    "CREATE TABLE IF NOT EXISTS migrations (version BIGINT NOT NULL PRIMARY KEY, statements TEXT NOT NULL)";

statements! {
    APPLIED = "SELECT statements FROM migrations ORDER BY version";
    RECORD = "INSERT INTO migrations (version, statements) VALUES ($1, $2)";
}

/// Brings the schema up to date. Where it is, nothing is written: the database user of a server that only answers running
/// software has no right to.
pub(crate) async fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    migrate_to(connection, MIGRATIONS).await
}

/// Makes all of these changes that were not made yet.
pub(crate) async fn migrate_to(
    connection: &mut Connection,
    migrations: &'static [&'static str],
) -> Result<(), StoreError> {
    // Fails where nothing was migrated yet.
    if applied(connection).await.is_ok_and(|applied| applied == migrations) {
        return Ok(());
    }
    connection.begin().await?;
    if let Connection::Postgres(_) = connection {
        connection.command(ONE_AT_A_TIME).await?;
    }
    connection.command(CREATE).await?;
    let applied = applied(connection).await?;
    if applied.len() > migrations.len() || !applied.iter().eq(&migrations[..applied.len()]) {
        return Err(StoreError::Unusable("its schema is of another version of this program".to_owned()));
    }
    let missing = &migrations[applied.len()..];
    for (migration, version) in missing.iter().zip(applied.len() as u64 + 1..) {
        if matches!(connection, Connection::Postgres(_)) || !migration.starts_with(ONLY_POSTGRES) {
            connection.command(migration).await?;
        }
        query(RECORD).bind(signed(version)).bind(*migration).execute(&mut *connection).await?;
    }
    connection.command("COMMIT").await
}

async fn applied(connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    query(APPLIED).fetch_all(connection).await?.iter().map(|row| row.get(0)).collect()
}
