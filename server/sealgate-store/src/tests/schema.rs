//! After migration both engines hold the same tables, keys, constraints and indexes.

use sealgate_testkit::Engine;

use super::Opened;
use crate::sql::query;

/// Both describe a column as `table.column TYPE [NOT NULL] [key N]`.
const SQLITE_COLUMNS: &str = "
    SELECT m.name || '.' || c.name || ' ' || c.type || CASE c.\"notnull\" WHEN 1 THEN ' NOT NULL' ELSE '' END
        || CASE WHEN c.pk > 0 THEN ' key ' || c.pk ELSE '' END
    FROM sqlite_schema m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'";
const POSTGRES_COLUMNS: &str = "
    SELECT t.relname || '.' || a.attname || ' ' || UPPER(FORMAT_TYPE(a.atttypid, a.atttypmod))
        || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
        || COALESCE(' key ' || ARRAY_POSITION(STRING_TO_ARRAY(k.indkey::TEXT, ' '), a.attnum::TEXT), '')
    FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_index k ON k.indrelid = t.oid AND k.indisprimary
    WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace";

/// Both describe an index beside the primary key as `table (column,…) [unique]`.
const SQLITE_INDEXES: &str = "
    SELECT m.name || ' (' || (SELECT GROUP_CONCAT(c.name, ',' ORDER BY c.seqno) FROM pragma_index_info(i.name) c)
        || ')' || CASE i.\"unique\" WHEN 1 THEN ' unique' ELSE '' END
    FROM sqlite_schema m JOIN pragma_index_list(m.name) i
    WHERE m.type = 'table' AND i.origin <> 'pk'";
const POSTGRES_INDEXES: &str = "
    SELECT t.relname || ' (' || (
            SELECT STRING_AGG(a.attname, ',' ORDER BY ARRAY_POSITION(STRING_TO_ARRAY(i.indkey::TEXT, ' '), a.attnum::TEXT))
            FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = ANY (i.indkey))
        || ')' || CASE WHEN i.indisunique THEN ' unique' ELSE '' END
    FROM pg_class t JOIN pg_index i ON i.indrelid = t.oid AND NOT i.indisprimary
    WHERE t.relnamespace = 'public'::regnamespace";

/// Both describe a foreign key as `table (column,…) -> table (column,…)`.
const SQLITE_REFERENCES: &str = "
    SELECT m.name || ' (' || GROUP_CONCAT(f.\"from\", ',' ORDER BY f.seq) || ') -> ' || f.\"table\" || ' ('
        || GROUP_CONCAT(f.\"to\", ',' ORDER BY f.seq) || ')'
    FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
    GROUP BY m.name, f.id, f.\"table\"";
const POSTGRES_REFERENCES: &str = "
    SELECT t.relname || ' (' || STRING_AGG(a.attname, ',' ORDER BY u.n) || ') -> ' || r.relname || ' ('
        || STRING_AGG(b.attname, ',' ORDER BY u.n) || ')'
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
    CROSS JOIN LATERAL UNNEST(c.conkey, c.confkey) WITH ORDINALITY AS u (here, there, n)
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.here
    JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = u.there
    WHERE c.contype = 'f' GROUP BY c.oid, t.relname, r.relname";

#[tokio::test]
async fn columns_are_the_same_on_both_engines() {
    same(SQLITE_COLUMNS, POSTGRES_COLUMNS, "licenses.key_hash BYTEA NOT NULL").await;
}

#[tokio::test]
async fn constraints_and_indexes_are_the_same_on_both_engines() {
    same(SQLITE_INDEXES, POSTGRES_INDEXES, "apps (tenant_id,name) unique").await;
}

#[tokio::test]
async fn references_are_the_same_on_both_engines() {
    let known = "devices (tenant_id,license_id) -> licenses (tenant_id,license_id)";
    same(SQLITE_REFERENCES, POSTGRES_REFERENCES, known).await;
}

/// Compares what the two say, and looks for one line in it so that two empty answers are not taken for agreement.
async fn same(sqlite: &'static str, postgres: &'static str, known: &str) {
    let (a, b) = (lines(Engine::Sqlite, sqlite).await, lines(Engine::Postgres, postgres).await);
    assert_eq!(a, b, "SQLite on the left, PostgreSQL on the right");
    assert!(a.iter().any(|line| line == known), "{known} is not among {a:#?}");
}

async fn lines(engine: Engine, select: &'static str) -> Vec<String> {
    let opened = Opened::new(engine).await;
    let mut connection = opened.connection().await;
    let rows = query(select).fetch_all(&mut connection).await.expect("the engine knows itself");
    let mut lines: Vec<String> = rows.iter().map(|row| row.get(0).expect("a text")).collect();
    lines.sort();
    connection.close().await.expect("closes");
    opened.db.close().await;
    lines
}
