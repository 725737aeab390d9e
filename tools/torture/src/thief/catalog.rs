//! What the database itself says about its tables, and about the rights of the user who asks.

use super::sql::{Database, quoted};
use harness::failure::{Failure, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A row, by its columns; a value is as the database prints it.
pub(super) type Row = BTreeMap<String, Option<String>>;

/// A table.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// Columns that no two rows have alike; the primary key comes first.
    pub(super) unique: Vec<Vec<String>>,
    /// Columns that name rows of other tables.
    pub(super) foreign: BTreeSet<String>,
    /// Whether the user may delete its rows.
    pub(super) delete: bool,
    /// Rows that were there before the thief came.
    pub(super) rows: Vec<Row>,
}

/// A column, and what the user may do with it.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) holds: Holds,
    pub(super) insert: bool,
    pub(super) update: bool,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Number,
    Bytes,
}

impl Table {
    /// Whether the user may add rows.
    pub(super) fn insert(&self) -> bool {
        self.columns.iter().any(|column| column.insert)
    }

    /// Whether the user may write it at all.
    pub(super) fn is_writable(&self) -> bool {
        self.delete || self.columns.iter().any(|column| column.insert || column.update)
    }

    /// The column with this name.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// A value of a column, as it stands in a statement.
    pub(super) fn literal(&self, name: &str, value: Option<&str>) -> String {
        match (value, self.column(name).map(|column| column.holds)) {
            (None, _) => "NULL".to_owned(),
            (Some(value), Some(Holds::Number)) => format!("{}::bigint", quoted(value)),
            (Some(value), Some(Holds::Bytes)) => format!("{}::bytea", quoted(value)),
            (Some(value), _) => quoted(value),
        }
    }

    /// Names one row, by columns other than the one that is about to change, if there are such.
    pub(super) fn is(&self, row: &Row, changes: &str) -> String {
        let stays = |unique: &&Vec<String>| !unique.iter().any(|name| name == changes);
        let key = self.unique.iter().find(stays).or(self.unique.first());
        let key = key.map(Vec::as_slice).unwrap_or_default();
        let value = |name: &String| self.literal(name, row.get(name).and_then(Option::as_deref));
        let names: Vec<String> = key.iter().map(|name| format!("{name} = {}", value(name))).collect();
        names.join(" AND ")
    }
}

const TABLES: &str = "SELECT table_name AS t FROM information_schema.tables WHERE table_schema = 'public' \
                      AND table_type = 'BASE TABLE' ORDER BY 1";
const COLUMNS: &str = "SELECT table_name AS t, column_name AS c, data_type AS holds \
                       FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, ordinal_position";
const COLUMN_RIGHTS: &str = "SELECT table_name AS t, column_name AS c, privilege_type AS right \
                             FROM information_schema.column_privileges WHERE table_schema = 'public' \
                             AND grantee IN (current_user, 'PUBLIC')";
const TABLE_RIGHTS: &str = "SELECT table_name AS t, privilege_type AS right FROM information_schema.table_privileges \
                            WHERE table_schema = 'public' AND grantee IN (current_user, 'PUBLIC')";
const KEYS: &str = "SELECT k.table_name AS t, k.column_name AS c, n.constraint_name AS named, n.constraint_type AS is \
                    FROM information_schema.table_constraints n JOIN information_schema.key_column_usage k \
                    USING (constraint_schema, constraint_name) WHERE n.table_schema = 'public' \
                    ORDER BY n.constraint_type, 3, k.ordinal_position";

/// Every table, with the rights of `thief`. Keys are shown to the owner alone.
pub(super) fn read(owner: &Database, thief: &Database) -> Result<Vec<Table>> {
    let seen = owner.rows(TABLES)?;
    if seen != thief.rows(TABLES)? {
        return Err(Failure::new("the thief does not see every table, so not every table would be tried"));
    }
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for row in &seen {
        let name = said(row, "t");
        let table = Table {
            name: name.clone(),
            columns: vec![],
            unique: vec![],
            foreign: BTreeSet::new(),
            delete: false,
            rows: existing(owner, &name)?,
        };
        tables.insert(name, table);
    }
    columns(&mut tables, owner, thief)?;
    for row in thief.rows(TABLE_RIGHTS)? {
        if let Some(table) = tables.get_mut(&said(&row, "t")) {
            table.delete |= row["right"] == "DELETE";
        }
    }
    keys(&mut tables, owner)?;
    Ok(tables.into_values().collect())
}

fn columns(tables: &mut BTreeMap<String, Table>, owner: &Database, thief: &Database) -> Result<()> {
    let rights: BTreeSet<(String, String, String)> = thief
        .rows(COLUMN_RIGHTS)?
        .iter()
        .map(|row| (said(row, "t"), said(row, "c"), said(row, "right")))
        .collect();
    for row in owner.rows(COLUMNS)? {
        let (table, name) = (said(&row, "t"), said(&row, "c"));
        let may = |right: &str| rights.contains(&(table.clone(), name.clone(), right.to_owned()));
        let holds = match said(&row, "holds").as_str() {
            "text" => Holds::Text,
            "bigint" => Holds::Number,
            "bytea" => Holds::Bytes,
            other => {
                return Err(Failure::new(format!(
                    "{table}.{name} holds {other}, of which no extremes are known"
                )));
            }
        };
        let (insert, update) = (may("INSERT"), may("UPDATE"));
        let column = Column { name, holds, insert, update };
        if let Some(table) = tables.get_mut(&table) {
            table.columns.push(column);
        }
    }
    Ok(())
}

fn keys(tables: &mut BTreeMap<String, Table>, owner: &Database) -> Result<()> {
    let mut named: Vec<(String, String, Vec<String>)> = vec![];
    for row in owner.rows(KEYS)? {
        let (table, column, name) = (said(&row, "t"), said(&row, "c"), said(&row, "named"));
        let Some(held) = tables.get_mut(&table) else { continue };
        if row["is"] == "FOREIGN KEY" {
            held.foreign.insert(column);
        } else if let Some(known) = named.iter_mut().find(|(of, known, _)| (of, known) == (&table, &name)) {
            known.2.push(column);
        } else {
            named.push((table, name, vec![column]));
        }
    }
    for (table, _, columns) in named {
        if let Some(table) = tables.get_mut(&table) {
            table.unique.push(columns);
        }
    }
    Ok(())
}

/// Some of its rows.
fn existing(owner: &Database, table: &str) -> Result<Vec<Row>> {
    let rows = owner.rows(&format!("SELECT * FROM {table} LIMIT 200"))?;
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let row = |row: &Value| {
        let fields = row.as_object().into_iter().flatten();
        fields.map(|(name, value)| (name.clone(), text(value))).collect()
    };
    Ok(rows.iter().map(row).collect())
}

fn said(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}
