//! Asking PostgreSQL.

use std::sync::Arc;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, Column, Executor, Postgres, Row as _, TypeInfo};

use super::query::{Answer, Question, Wanted};
use super::row::Cell;
use super::{Row, Value};

pub(super) async fn ask<'e>(
    executor: impl Executor<'e, Database = Postgres>,
    question: Question,
) -> Result<Answer, sqlx::Error> {
    let query = sqlx::query_with(question.sql, arguments(question.values)?);
    let rows = match question.wanted {
        Wanted::Effect => {
            let changed = query.execute(executor).await?.rows_affected();
            return Ok(Answer { changed, rows: Vec::new() });
        }
        Wanted::First => query.fetch_optional(executor).await?.into_iter().collect(),
        Wanted::All => query.fetch_all(executor).await?,
    };
    Ok(Answer { changed: 0, rows: read(&rows)? })
}

fn arguments(values: Vec<Value>) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match value {
            Value::Integer(n) => arguments.add(n),
            Value::Text(text) => arguments.add(text),
            Value::Bytes(bytes) => arguments.add(bytes),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn read(rows: &[PgRow]) -> Result<Vec<Row>, sqlx::Error> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let names: Arc<[String]> = first.columns().iter().map(|column| column.name().to_owned()).collect();
    let row = |row: &PgRow| {
        let cells = (0..names.len()).map(|at| cell(row, at)).collect::<Result<_, _>>()?;
        Ok(Row::new(Arc::clone(&names), cells))
    };
    rows.iter().map(row).collect()
}

/// Columns are numbers, texts and bytes only; a number that stands in a statement is a short one.
fn cell(row: &PgRow, at: usize) -> Result<Cell, sqlx::Error> {
    let cell = match row.column(at).type_info().name() {
        "INT8" => row.try_get::<Option<i64>, _>(at)?.map(Cell::Integer),
        "INT4" => row.try_get::<Option<i32>, _>(at)?.map(|n| Cell::Integer(n.into())),
        "BYTEA" => row.try_get::<Option<Vec<u8>>, _>(at)?.map(Cell::Bytes),
        _ => row.try_get::<Option<String>, _>(at)?.map(Cell::Text),
    };
    Ok(cell.unwrap_or(Cell::Null))
}
