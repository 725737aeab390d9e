//! Two servers on one database, and a database that comes back older.

use std::fs;
use std::path::PathBuf;

use sealgate_server::assembly;
use sealgate_signer::Unlock;
use serde_json::{Value, json};

use crate::TestApp;
use crate::outside::{Outside, reading};

impl TestApp {
    /// A second server on the PostgreSQL database of this one, with a clock of its own. It is to be dropped first.
    ///
    /// It only answers running software, and was approved: the vendor's side is in one process.
    #[must_use]
    pub fn start_runtime(&self) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let data = dir.path().join("data");
        assembly::share(&self.data(), &Unlock::File, &data).expect("the keys are shared");
        let runtime = Self::launch_runtime(self, dir);
        self.approve_servers();
        runtime
    }

    /// Brings the keys of new apps to another server.
    pub fn share_keys_with(&self, other: &Self) {
        assembly::share(&self.data(), &Unlock::File, &other.data()).expect("the keys are shared");
    }

    /// Approves every server that waits for it, as one does that was started at another address.
    pub fn approve_servers(&self) {
        let servers = self.api("GET", "/api/v1/servers", &Value::Null).expect(200);
        for server in servers["items"].as_array().expect("a list") {
            if server["status"] == "waiting" {
                let id = server["server_id"].as_str().expect("an identifier");
                let seen =
                    json!({ "origins": server["origins"], "activation_key": server["activation_key"] });
                self.api("POST", &format!("/api/v1/servers/{id}/approve"), &seen).expect(200);
            }
        }
    }

    /// Copies the state of the database aside, in one transaction.
    ///
    /// While the server runs, nothing later goes from the log of an SQLite database into its file: a file that holds
    /// something older than it did is taken for one that somebody replaced, and the server stops writing.
    pub fn keep_state(&self) {
        let outside = self.outside();
        if let Outside::File(file) = &outside {
            fs::File::create(self.aside()).expect("a file");
            *self.kept.lock().expect("no holder of this lock panics") = Some(reading(file));
        }
        let copy = |table: String| {
            format!(
                "DROP TABLE IF EXISTS aside.{table}; CREATE TABLE aside.{table} AS SELECT * FROM {table};"
            )
        };
        let copies: String = tables(&outside).into_iter().map(copy).collect();
        outside.run(&match outside {
            Outside::File(_) => format!("{} BEGIN; {copies} COMMIT", self.attach()),
            Outside::Postgres(_) => format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ; CREATE SCHEMA IF NOT EXISTS aside; {copies} COMMIT"
            ),
        });
    }

    /// Sets the database back to the state that was copied last, in one transaction and under the running servers.
    pub fn go_back(&self) {
        // Whoever writes has taken the counter first. It is updated in its place: a writer may be waiting for the row.
        let counter = "UPDATE change_counter SET n = (SELECT a.n FROM aside.change_counter a)";
        let outside = self.outside();
        let others = tables(&outside).into_iter().filter(|table| table != "change_counter");
        let back =
            |table: String| format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM aside.{table};");
        let back: String = others.map(back).collect();
        outside.run(&match outside {
            Outside::File(_) => format!("{} BEGIN IMMEDIATE; {counter}; {back} COMMIT", self.attach()),
            // Foreign keys are looked at by triggers, which a replica leaves out.
            Outside::Postgres(_) => {
                format!("BEGIN; SET LOCAL session_replication_role = replica; {counter}; {back} COMMIT")
            }
        });
    }

    /// Where an SQLite database is copied to.
    fn aside(&self) -> PathBuf {
        self.data().join("aside.db")
    }

    fn attach(&self) -> String {
        format!("PRAGMA foreign_keys = OFF; ATTACH '{}' AS aside;", self.aside().display())
    }
}

fn tables(outside: &Outside) -> Vec<String> {
    outside.texts(match outside {
        Outside::File(_) => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        Outside::Postgres(_) => "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'",
    })
}
