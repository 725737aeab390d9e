//! Every kind of row, made from what the database says about its tables.

use super::catalog::{Column, Holds, Row, Table};
use super::values::{HUGE, extremes, fresh};
use crate::random::Random;
use std::collections::{BTreeMap, BTreeSet};

/// Rows with a text that is as long as he likes.
const LONG_ROWS: usize = 8;

/// What the thief does to one column, or to a table.
pub(super) struct Kind {
    /// Such as `events INSERT kind`.
    pub(super) name: String,
    /// The statements.
    pub(super) statements: Vec<String>,
    /// Whether the database may refuse them for what they say.
    pub(super) may_be_refused: bool,
}

/// What the attempts are made of.
pub(super) struct Means<'a> {
    /// Ids of the vendor's that the thief plays with: rows that name one of them are copied rather than others.
    pub(super) prey: &'a [String],
    /// Values of rows that nobody misses: they are changed rather than others.
    pub(super) decoys: &'a [String],
    /// Values of other tenants.
    pub(super) foreign: &'a [String],
    /// How many rows of one kind are many.
    pub(super) many: u64,
}

/// Every kind of row that the thief may write, table by table.
pub(super) fn permitted(table: &Table, means: &Means, random: &mut Random) -> Vec<Kind> {
    let mut kinds = vec![];
    let Some(base) = base(table, means, random) else { return kinds };
    for column in table.columns.iter().filter(|column| column.insert) {
        let values = extremes(column, &others(table, column, means), random);
        let long = if column.holds == Holds::Text { vec![HUGE.to_owned(); LONG_ROWS] } else { vec![] };
        let values = values.iter().chain(&long);
        let statements = values.map(|value| insert(table, &base, Some((column, value)), random)).collect();
        let name = format!("{} INSERT {}", table.name, column.name);
        kinds.push(Kind { name, statements, may_be_refused: true });
    }
    let decoy = table.rows.iter().find(|row| names_one(row, means.decoys)).unwrap_or(&base);
    for column in table.columns.iter().filter(|column| column.update) {
        let (values, it) =
            (extremes(column, &others(table, column, means), random), table.is(decoy, &column.name));
        let update =
            |value: &String| format!("UPDATE {} SET {} = {value} WHERE {it}", table.name, column.name);
        let statements = values.iter().map(update).collect();
        let name = format!("{} UPDATE {}", table.name, column.name);
        kinds.push(Kind { name, statements, may_be_refused: true });
    }
    if table.insert() {
        let statements = (0..means.many).map(|_| insert(table, &base, None, random)).collect();
        let name = format!("{} INSERT, many", table.name);
        kinds.push(Kind { name, statements, may_be_refused: false });
    }
    if table.delete {
        // Of his own rows: those of others are among what the documentation says.
        let own = format!("DELETE FROM {} WHERE {}", table.name, made_up(table));
        kinds.push(Kind {
            name: format!("{} DELETE", table.name),
            statements: vec![own],
            may_be_refused: false,
        });
    }
    kinds
}

/// What the database must refuse the thief, table by table.
pub(super) fn forbidden(table: &Table, role: &str, random: &mut Random) -> Vec<String> {
    let (name, mut statements) = (&table.name, vec![]);
    for column in &table.columns {
        let values = extremes(column, &[], random);
        for value in values.iter().take(3).chain(values.last()) {
            if !column.update {
                statements.push(format!("UPDATE {name} SET {} = {value}", column.name));
            }
            if !column.insert {
                statements.push(format!("INSERT INTO {name} ({}) VALUES ({value})", column.name));
            }
        }
    }
    if !table.delete {
        statements.extend([format!("DELETE FROM {name}"), format!("DELETE FROM {name} WHERE FALSE")]);
    }
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    if table.columns.iter().any(|column| !column.insert) {
        statements.push(format!("INSERT INTO {name} SELECT * FROM {name}"));
        statements.push(format!("COPY {name} ({}) FROM PROGRAM 'true'", columns.join(", ")));
    }
    // A table that is locked can be read by nobody.
    for mode in ["SHARE", "EXCLUSIVE", "ACCESS EXCLUSIVE"] {
        statements.push(format!("DO $$BEGIN LOCK TABLE {name} IN {mode} MODE; END$$"));
    }
    statements.extend([
        format!("TRUNCATE {name} CASCADE"),
        format!("DROP TABLE {name} CASCADE"),
        format!("ALTER TABLE {name} ADD COLUMN loot TEXT"),
        format!("ALTER TABLE {name} OWNER TO {role}"),
        format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"),
        format!("CREATE INDEX loot ON {name} ({})", columns[0]),
        format!("CREATE RULE loot AS ON INSERT TO {name} DO INSTEAD NOTHING"),
        format!("CREATE TRIGGER loot BEFORE UPDATE ON {name} EXECUTE FUNCTION suppress_redundant_updates_trigger()"),
    ]);
    statements
}

/// What the database must refuse him beside its tables.
pub(super) fn forbidden_elsewhere(owner: &str) -> Vec<String> {
    let fixed = [
        "CREATE TABLE loot (n BIGINT)",
        "CREATE TEMPORARY TABLE loot (n BIGINT)",
        "CREATE FUNCTION loot() RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA loot",
        "CREATE ROLE loot",
        "CREATE DATABASE loot",
        "ALTER SYSTEM SET fsync = off",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT pg_reload_conf()",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "CHECKPOINT",
    ];
    let about_owner = [
        format!("SET ROLE {owner}"),
        format!("ALTER ROLE {owner} NOLOGIN"),
        format!("DROP OWNED BY {owner}"),
        format!("GRANT {owner} TO current_user"),
    ];
    fixed.iter().map(|statement| (*statement).to_owned()).chain(about_owner).collect()
}

/// A copy of a row, with one column changed. What must be new in it is new.
pub(super) fn insert(
    table: &Table,
    base: &Row,
    changed: Option<(&Column, &String)>,
    random: &mut Random,
) -> String {
    let mut given: BTreeMap<&str, String> = BTreeMap::new();
    if let Some((column, value)) = changed {
        given.insert(&column.name, value.clone());
    }
    for unique in &table.unique {
        if unique.iter().any(|name| given.contains_key(name.as_str())) {
            continue;
        }
        if let Some(name) = most_varied(table, unique) {
            let present = base.get(name).and_then(Option::as_deref);
            given.insert(name, fresh(table, name, present, random));
        }
    }
    let columns: Vec<&Column> = table.columns.iter().filter(|column| column.insert).collect();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let value = |name: &&str| {
        let present = || table.literal(name, base.get(*name).and_then(Option::as_deref));
        given.get(*name).cloned().unwrap_or_else(present)
    };
    let values: Vec<String> = names.iter().map(value).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", table.name, names.join(", "), values.join(", "))
}

/// Of columns that no two rows have alike: the one in which rows differ most. None if one of them is not the thief's to
/// write: he leaves that empty, and nothing equals it.
fn most_varied<'a>(table: &'a Table, unique: &'a [String]) -> Option<&'a str> {
    let may = |name: &String| table.column(name).is_some_and(|column| column.insert);
    if !unique.iter().all(may) {
        return None;
    }
    let differ = |name: &&String| {
        let values: BTreeSet<_> = table.rows.iter().filter_map(|row| row.get(*name)).collect();
        values.len()
    };
    unique.iter().filter(|name| !table.foreign.contains(*name)).max_by_key(differ).map(String::as_str)
}

/// The row that is copied and changed.
pub(super) fn base(table: &Table, means: &Means, random: &mut Random) -> Option<Row> {
    let naming = |of: &[String]| table.rows.iter().filter(|row| names_one(row, of)).collect::<Vec<&Row>>();
    // A decoy is a row of a kind that he may write.
    let rows = [naming(means.decoys), naming(means.prey), table.rows.iter().collect()];
    let rows = rows.into_iter().find(|rows| !rows.is_empty()).unwrap_or_default();
    let at = usize::try_from(random.below(rows.len().max(1) as u64)).unwrap_or_default();
    rows.get(at).map(|row| (*row).clone())
}

fn names_one(row: &Row, of: &[String]) -> bool {
    row.values().flatten().any(|value| of.contains(value))
}

/// Values that belong elsewhere: of other tenants, and of another row.
fn others(table: &Table, column: &Column, means: &Means) -> Vec<String> {
    let of_rows = table.rows.iter().filter_map(|row| row.get(&column.name).cloned().flatten());
    means.foreign.iter().cloned().chain(of_rows.take(2)).collect()
}

/// Rows that `insert` made without an extreme value.
fn made_up(table: &Table) -> String {
    let names = table.unique.iter().filter_map(|unique| most_varied(table, unique));
    let like: Vec<String> = names.map(|name| format!("{name} LIKE 'made-up-%'")).collect();
    if like.is_empty() { "FALSE".to_owned() } else { like.join(" OR ") }
}
