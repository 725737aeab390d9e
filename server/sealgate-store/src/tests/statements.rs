//! Every statement is one text for both engines: both must take it, and see the same in it.

use std::path::Path;

use sealgate_testkit::Engine;
use sqlx::{Column, Either, Executor, SqlSafeStr, Statement};

use super::Opened;
use crate::sql::Connection;
use crate::{StoreError, table};

pub(super) const MODULES: &[(&str, &[&str])] = &[
    ("changes", table::changes::STATEMENTS),
    ("group", crate::group::STATEMENTS),
    ("history", crate::history::STATEMENTS),
    ("migrate", crate::migrate::STATEMENTS),
    ("access", table::access::STATEMENTS),
    ("activation_keys", table::activation_keys::STATEMENTS),
    ("activation_list", table::activation_list::STATEMENTS),
    ("activations", table::activations::STATEMENTS),
    ("answers", table::answers::STATEMENTS),
    ("approvals", table::approvals::STATEMENTS),
    ("apps", table::apps::STATEMENTS),
    ("audit", table::audit::STATEMENTS),
    ("bought", table::bought::STATEMENTS),
    ("bundle_seats", table::bundle_seats::STATEMENTS),
    ("bundles", table::bundles::STATEMENTS),
    ("certificates", table::certificates::STATEMENTS),
    ("chain_anchors", table::chain_anchors::STATEMENTS),
    ("chain_entries", table::chain_entries::STATEMENTS),
    ("customers", table::customers::STATEMENTS),
    ("debits", table::debits::STATEMENTS),
    ("devices", table::devices::STATEMENTS),
    ("events", table::events::STATEMENTS),
    ("foreign_keys", table::foreign_keys::STATEMENTS),
    ("former_keys", table::former_keys::STATEMENTS),
    ("imported_rows", table::imported_rows::STATEMENTS),
    ("installation", table::installation::STATEMENTS),
    ("instances", table::instances::STATEMENTS),
    ("jobs", table::jobs::STATEMENTS),
    ("key_digests", table::key_digests::STATEMENTS),
    ("key_list", table::key_list::STATEMENTS),
    ("keys", table::keys::STATEMENTS),
    ("keysets", table::keysets::STATEMENTS),
    ("leases", table::leases::STATEMENTS),
    ("licenses", table::licenses::STATEMENTS),
    ("lifetime_files", table::lifetime_files::STATEMENTS),
    ("listings", table::listings::STATEMENTS),
    ("made_tokens", table::made_tokens::STATEMENTS),
    ("pardons", table::pardons::STATEMENTS),
    ("pending", table::pending::STATEMENTS),
    ("plans", table::plans::STATEMENTS),
    ("published", table::published::STATEMENTS),
    ("release_days", table::release_days::STATEMENTS),
    ("roots", table::roots::STATEMENTS),
    ("servers", table::servers::STATEMENTS),
    ("shards", table::shards::STATEMENTS),
    ("sightings", table::sightings::STATEMENTS),
    ("slot_blocks", table::slot_blocks::STATEMENTS),
    ("slots", table::slots::STATEMENTS),
    ("slugs", table::slugs::STATEMENTS),
    ("snapshots", table::snapshots::STATEMENTS),
    ("tenants", table::tenants::STATEMENTS),
    ("tokens", table::tokens::STATEMENTS),
    ("trials", table::trials::STATEMENTS),
];

/// The names of what a statement returns, and how many parameters it takes.
type Shape = (Vec<String>, usize);

#[tokio::test]
async fn both_engines_take_every_statement_and_see_the_same_in_it() {
    let (sqlite, postgres) = (prepare_all(Engine::Sqlite).await, prepare_all(Engine::Postgres).await);
    for (a, b) in sqlite.iter().zip(&postgres) {
        assert_eq!(a, b);
    }
    assert_eq!(sqlite.len(), MODULES.iter().map(|(_, statements)| statements.len()).sum::<usize>());
}

async fn prepare_all(engine: Engine) -> Vec<(&'static str, Shape)> {
    let opened = Opened::new(engine).await;
    let mut connection = opened.connection().await;
    let mut shapes = Vec::new();
    for (module, statements) in MODULES {
        for sql in *statements {
            let shape = prepare(&mut connection, sql).await;
            let (columns, parameters) = shape.unwrap_or_else(|e| panic!("{engine:?}, {module}: {sql}: {e}"));
            shapes.push((*sql, (nameless(columns), parameters)));
        }
    }
    connection.close().await.expect("closes");
    opened.db.close().await;
    shapes
}

async fn prepare(connection: &mut Connection, sql: &'static str) -> Result<Shape, StoreError> {
    match connection {
        Connection::Sqlite(connection) => {
            let prepared = connection.prepare(sql)?;
            let columns = prepared.column_names().into_iter().map(str::to_owned).collect();
            Ok((columns, prepared.parameter_count()))
        }
        Connection::Postgres(session) => {
            let prepared = session.driver().prepare(sql.into_sql_str()).await?;
            let columns = prepared.columns().iter().map(|column| column.name().to_owned()).collect();
            let parameters = match prepared.parameters() {
                Some(Either::Left(types)) => types.len(),
                Some(Either::Right(count)) => count,
                None => 0,
            };
            Ok((columns, parameters))
        }
    }
}

/// Each engine has its own idea of what `COUNT(*)` without a name is called. Nobody asks for it by name.
fn nameless(mut columns: Vec<String>) -> Vec<String> {
    for name in &mut columns {
        if name.eq_ignore_ascii_case("count(*)") {
            "count".clone_into(name);
        }
    }
    columns
}

#[test]
#[expect(clippy::disallowed_methods, reason = "reads this crate's own source")]
fn no_module_with_statements_is_left_out() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = [src.clone(), src.join("table")].map(|folder| folder.read_dir().expect("a folder"));
    let texts =
        files.into_iter().flatten().filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok());
    let with_statements = texts.filter(|text| text.contains("\nstatements! {")).count();
    assert_eq!(with_statements, MODULES.len());
}
