//! No list gets slower at its end, and no search with the size of its table: each enters an index where it begins and
//! leaves it in the order that is asked for. And on SQLite, which is built into us: planned once, its pages kept.

use rusqlite::StatementStatus;
use rusqlite::types::Null;
use sealgate_testkit::Engine;

use super::Opened;
use crate::sql::{Connection, query};

/// Modules whose statements ask small tables, or for all of something small: the schema's versions, a tenant's keys, every
/// tenant's certificate, the keys of every approved server.
const WHOLE: &[&str] = &[
    "activation_keys",
    "migrate",
    "certificates",
    "installation",
    "jobs",
    "key_list",
    "keys",
    "roots",
    "servers",
];
/// An index that holds what waits, which is little, and the results of statements inside others.
const SHORT: &[&str] = &[
    "SCAN audit USING INDEX audit_waiting",
    "SCAN tokens USING COVERING INDEX tokens_ending",
    "SCAN v",
    "SCAN w",
    "SCAN m",
    "SCAN makers",
    "SCAN vendors",
    "SCAN reports",
    "SCAN counted",
    // Two pages of licenses, by what a device is and by what it calls itself, each from its index.
    "SCAN i",
    "SCAN n",
    "SCAN h",
    // The rows that a statement is given.
    "SCAN 25-ROW VALUES CLAUSE",
    "SCAN CONSTANT ROW",
];

#[tokio::test]
async fn nothing_walks_through_a_table_or_sorts() {
    let opened = Opened::new(Engine::Sqlite).await;
    let mut connection = opened.connection().await;
    let mut walking = vec![];
    for (module, statements) in super::statements::MODULES.iter().filter(|(name, _)| !WHOLE.contains(name)) {
        for sql in *statements {
            let plan = plan_of(&mut connection, sql).await;
            // Where rows are joined, of one row to the next: not of all that a tenant has.
            let joins = sql.contains("JOIN ");
            let walks = |step: &String| {
                step.starts_with("SCAN ") && !SHORT.contains(&step.as_str())
                    || joins
                        && step.ends_with("(tenant_id=?)")
                        && !step.contains(" sqlite_autoindex_tenants_1 ")
            };
            // These two pages are made one: so many rows are sorted, and no more.
            let sorts_pages = sql.contains("UNION SELECT n.license_id");
            let sorts = |step: &String| step.contains("TEMP B-TREE") && !sorts_pages;
            if plan.iter().any(|step| walks(step) || sorts(step)) {
                walking.push(format!("{module}: {sql}\n  {}", plan.join("\n  ")));
            }
        }
    }
    connection.close().await.expect("closes");
    opened.db.close().await;
    assert!(walking.is_empty(), "{}", walking.join("\n"));
}

/// While the writer does this, all others wait: it looks at one row, however many records somebody left.
#[tokio::test]
async fn the_writer_looks_at_no_stretch_of_records() {
    let opened = Opened::new(Engine::Sqlite).await;
    let mut connection = opened.connection().await;
    for sql in crate::group::STATEMENTS {
        let plan = plan_of(&mut connection, sql).await.join("\n");
        assert!(
            !plan.contains(">?") && !plan.contains("<?") && !plan.contains("CORRELATED"),
            "{sql}\n{plan}"
        );
    }
    connection.close().await.expect("closes");
    opened.db.close().await;
}

/// A license may have a million of them, and everybody else would wait while they are counted.
#[test]
fn no_statement_counts_the_devices_of_a_license() {
    let all = super::statements::MODULES.iter().flat_map(|(_, statements)| *statements);
    let counts = |sql: &&&str| sql.contains("COUNT(") && sql.contains("FROM devices");
    // Of one device there is one row at most.
    let counting: Vec<_> = all.filter(counts).filter(|sql| !sql.contains("identity = ")).collect();
    assert!(counting.is_empty(), "{counting:#?}");
}

/// Nor the releases, the files or the certificates: what is counted while others wait ends at a number that stands in the
/// statement, or is one row by its key.
#[test]
fn a_count_ends_at_a_number_that_stands_in_it() {
    // Where the number is bound, the callers have a constant; the other one is asked for outside.
    const ELSEWHERE: &[&str] = &["made_tokens", "certificates"];
    const BY_KEY: &[&str] = &[
        "AND identity = $3",
        "AND effect = $5",
        "AND name = $2",
        "AND issuer_key = $2",
        "AND public_key = $2",
        "server_key = $1 AND approved_at",
    ];
    let modules = super::statements::MODULES.iter().filter(|(name, _)| !ELSEWHERE.contains(name));
    let all = modules.flat_map(|(_, statements)| *statements);
    let is_bounded = |sql: &str| {
        let mut counts = sql.split("COUNT(").skip(1);
        counts.all(|count| {
            let limit = count.split_once("LIMIT ").map(|(_, limit)| limit.trim_start_matches("1 + "));
            limit.is_some_and(|limit| limit.starts_with(|c: char| c.is_ascii_digit()))
                || BY_KEY.iter().any(|key| count.contains(key))
        })
    };
    let unbounded: Vec<_> = all.filter(|sql| !is_bounded(sql)).collect();
    assert!(unbounded.is_empty(), "{unbounded:#?}");
}

/// Nor is it looked for among them, while everybody else waits who writes.
#[tokio::test]
async fn one_device_is_found_without_the_others_of_its_license() {
    let opened = Opened::new(Engine::Sqlite).await;
    let mut connection = opened.connection().await;
    let by_id = |sql: &str| sql.contains("device_id = ") || sql.contains("device_id IN ");
    let of_one = |sql: &&&str| sql.contains(" devices WHERE") && by_id(sql);
    let of_one: Vec<_> = crate::table::devices::STATEMENTS.iter().filter(of_one).collect();
    for sql in &of_one {
        let plan = plan_of(&mut connection, sql).await.join("\n");
        assert!(plan.contains("(tenant_id=? AND device_id=?)"), "{sql}\n{plan}");
    }
    assert_eq!(of_one.len(), 4, "one finds it, one releases it, and two do so for many");
    connection.close().await.expect("closes");
    opened.db.close().await;
}

/// PostgreSQL plans by what it knows of the rows: that all are of one license.
#[tokio::test]
async fn nobody_walks_through_the_devices_of_one_license_on_postgres() {
    const DEVICES: &str = "ALTER TABLE devices DISABLE TRIGGER ALL; \
        INSERT INTO devices (license_id, kind, identity, device_id, tenant_id, first_seen) \
        SELECT 'one', 'hwid', md5(n::text), md5((-n)::text), 'tenant', 0 FROM generate_series(1, 20000) n; \
        ANALYZE devices; SET plan_cache_mode = force_generic_plan";
    let opened = Opened::new(Engine::Postgres).await;
    let mut connection = opened.connection().await;
    connection.command(DEVICES).await.expect("are stored");
    let statements = crate::table::devices::STATEMENTS.iter().filter(|sql| sql.contains(" FROM devices"));
    for (n, sql) in statements.enumerate() {
        let nulls = (1..100).take_while(|n| sql.contains(&format!("${n}"))).map(|_| "NULL");
        let nulls = nulls.collect::<Vec<_>>().join(", ");
        connection.command(format!("PREPARE p{n} AS {sql}").leak()).await.expect("is prepared");
        let explain = query(format!("EXPLAIN EXECUTE p{n}({nulls})").leak());
        let plan = explain.fetch_all(&mut connection).await.expect("is explained");
        let plan: Vec<String> = plan.iter().map(|row| row.get(0).expect("a step")).collect();
        let walks = plan.iter().any(|step| step.contains("Seq Scan on devices") || step.contains("Sort"));
        assert!(!walks, "{sql}\n{}", plan.join("\n"));
    }
    connection.close().await.expect("closes");
    opened.db.close().await;
}

/// A thief may have made hundreds of thousands of them: each question is answered by the index that was made for it.
#[tokio::test]
async fn nobody_walks_through_the_tokens_of_one_tenant() {
    const TOKENS: &str = "ALTER TABLE tokens DISABLE TRIGGER ALL; \
        INSERT INTO tokens (token_id, tenant_id, name, token_hash, scopes, created_at, made_by) \
        SELECT md5(n::text), 'tenant', '', sha256(n::text::bytea), 'owner', 0, md5('1') FROM generate_series(1, 20000) n; \
        ANALYZE tokens; SET plan_cache_mode = force_generic_plan";
    // From where a step enters, on SQLite; what it must not do on PostgreSQL.
    let opened = Opened::new(Engine::Sqlite).await;
    let mut connection = opened.connection().await;
    let statements = || crate::table::made_tokens::STATEMENTS.iter().chain(crate::table::tokens::STATEMENTS);
    for sql in statements().filter(|sql| sql.contains("made_ends = 0") || sql.contains("LIKE")) {
        let plan = plan_of(&mut connection, sql).await.join("\n");
        let index = ["tokens_by_maker", "tokens_mighty", "sqlite_autoindex_tokens_1"];
        assert!(
            index.iter().any(|index| plan.contains(index)) && !plan.contains("tokens_by_tenant"),
            "{sql}\n{plan}"
        );
    }
    connection.close().await.expect("closes");
    opened.db.close().await;

    let opened = Opened::new(Engine::Postgres).await;
    let mut connection = opened.connection().await;
    connection.command(TOKENS).await.expect("are stored");
    for (n, sql) in statements().filter(|sql| !sql.starts_with("INSERT")).enumerate() {
        let nulls = (1..100).take_while(|n| sql.contains(&format!("${n}"))).map(|_| "NULL");
        let nulls = nulls.collect::<Vec<_>>().join(", ");
        let nulls = if nulls.is_empty() { nulls } else { format!("({nulls})") };
        connection.command(format!("PREPARE t{n} AS {sql}").leak()).await.expect("is prepared");
        let plan = query(format!("EXPLAIN EXECUTE t{n}{nulls}").leak()).fetch_all(&mut connection).await;
        let plan: Vec<String> =
            plan.expect("is explained").iter().map(|row| row.get(0).expect("a step")).collect();
        let walks = plan.iter().any(|step| step.contains("Seq Scan on tokens") || step.contains("Sort"));
        let of_all = sql.contains("LIKE") && plan.iter().all(|step| !step.contains("tokens_mighty"));
        assert!(!walks && !of_all, "{sql}\n{}", plan.join("\n"));
    }
    connection.close().await.expect("closes");
    opened.db.close().await;
}

#[tokio::test]
async fn a_late_page_of_a_search_is_entered_where_it_begins() {
    let opened = Opened::new(Engine::Sqlite).await;
    let mut connection = opened.connection().await;
    let searches = [
        (crate::table::licenses::STATEMENTS, "BY l.label_search", "(label_search,license_id)>(?,?)"),
        (crate::table::licenses::STATEMENTS, "BY l.expires_at", "(expires_at,license_id)>(?,?)"),
        (crate::table::customers::STATEMENTS, "BY name_search", "(name_search,customer_id)>(?,?)"),
        (crate::table::customers::STATEMENTS, "BY email_search", "(email_search,customer_id)>(?,?)"),
    ];
    for (statements, order, entered) in searches {
        let sql = statements.iter().find(|sql| sql.contains(order)).expect("is there");
        let plan = plan_of(&mut connection, sql).await.join("\n");
        assert!(plan.contains(entered), "{sql}\n{plan}");
    }
    connection.close().await.expect("closes");
    opened.db.close().await;
}

#[tokio::test]
async fn a_statement_is_planned_once_whatever_its_values() {
    let opened = Opened::new(Engine::Sqlite).await;
    let Connection::Sqlite(connection) = opened.connection().await else { unreachable!("it is SQLite") };
    connection.execute_batch("BEGIN").expect("begins");
    for sql in super::statements::MODULES.iter().flat_map(|(_, statements)| *statements) {
        let mut statement = connection.prepare(sql).expect("is prepared");
        for _ in 0..2 {
            for place in 1..=statement.parameter_count() {
                statement.raw_bind_parameter(place, Null).expect("binds");
            }
            // What may not be NULL refuses it; it was planned all the same.
            let _ = statement.raw_query().next();
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
    }
    connection.execute_batch("ROLLBACK").expect("goes back");
    opened.db.close().await;
}

#[tokio::test]
async fn sqlite_is_built_as_the_workspace_says() {
    let opened = Opened::new(Engine::Sqlite).await;
    let mut connection = opened.connection().await;
    let options = query("PRAGMA compile_options").fetch_all(&mut connection).await.expect("says");
    let options: Vec<String> = options.iter().map(|row| row.get(0).expect("an option")).collect();
    connection.close().await.expect("closes");
    opened.db.close().await;
    for (name, wanted) in
        [("OMIT_LOAD_EXTENSION", true), ("DEFAULT_MEMSTATUS=0", true), ("ENABLE_MEMORY_MANAGEMENT", false)]
    {
        assert_eq!(options.iter().any(|option| option == name), wanted, "{name}: {options:?}");
    }
}

/// The steps of a plan do not depend on the values.
async fn plan_of(connection: &mut Connection, sql: &str) -> Vec<String> {
    let parameters = (1..1_000).take_while(|n| sql.contains(&format!("${n}"))).count();
    let explain = query(format!("EXPLAIN QUERY PLAN {sql}").leak());
    let explain = (0..parameters).fold(explain, |explain, _| explain.bind(None::<i64>));
    let rows = explain.fetch_all(connection).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    rows.iter().map(|row| row.get("detail").expect("a step")).collect()
}

/// With a million rows that PostgreSQL knows nothing of yet, it would collect and sort them all (`docs/design.md`, "Engines").
#[tokio::test]
async fn no_plan_on_postgresql_depends_on_statistics() {
    let opened = Opened::new(Engine::Postgres).await;
    let mut connection = opened.connection().await;
    for setting in ["enable_sort", "enable_bitmapscan", "jit"] {
        let sql = format!("SELECT current_setting('{setting}')").leak();
        for row in [query(sql).fetch_one(&mut connection).await, query(sql).fetch_one(&opened.db).await] {
            assert_eq!(row.expect("says").get::<String>(0).expect("a text"), "off", "{setting}");
        }
    }
    connection.close().await.expect("closes");
    opened.db.close().await;
}
