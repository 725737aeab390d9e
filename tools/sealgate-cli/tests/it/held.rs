//! Somebody who has another database user holds what a server must have: the message says who.

use std::path::Path;
use std::thread::ScopedJoinHandle;

use sealgate_testkit::{Engine, TestDatabase, on_postgres};

use crate::program::{run, sealgate};
use crate::rights::documented_rights;
use crate::server::Server;

/// He stands in line for the locks of all servers, and keeps them until he is thrown out.
const TAKES_ALL: &str = "SELECT pg_advisory_lock((classid::bigint << 32) | objid::bigint) FROM pg_locks \
                         WHERE locktype = 'advisory' AND granted AND database = \
                         (SELECT oid FROM pg_database WHERE datname = current_database()); SELECT pg_sleep(600)";

/// Returns once so many advisory locks are held by him, or waited for.
fn until(count: u32, is_granted: bool, role: &str, owner: &str) {
    let look = format!(
        "DO $$BEGIN WHILE (SELECT COUNT(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.usename = '{role}' AND \
         l.locktype = 'advisory' AND l.granted = {is_granted}) < {count} LOOP PERFORM pg_stat_clear_snapshot(); END LOOP; END$$"
    );
    on_postgres(owner, &look).expect("the database answers");
}

fn refused(data: &Path, url: &str, role: &str) -> (Option<i32>, String) {
    let serve = ["serve", "--listen", "127.0.0.1:0", "--database", url, "--role", role, "--data"];
    let outcome = run(sealgate(&serve).arg(data));
    (outcome.exit, outcome.stderr)
}

#[test]
fn a_server_says_which_other_database_user_holds_what_it_must_have() {
    let database = TestDatabase::create(Engine::Postgres);
    let url = database.postgres_url().expect("PostgreSQL");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (authority, runtime) = (dir.path().join("authority"), dir.path().join("runtime"));
    let first = Server::start_with(&authority, &["--database", &url, "--role", "authority"]);
    run(sealgate(&["keys", "share", "-o"]).arg(&runtime).arg("--data").arg(&authority)).ok();
    let second = Server::start_with(&runtime, &["--database", &url, "--role", "runtime"]);

    let role = format!("loot_{}", url.rsplit_once("/t_").expect("its name").1);
    on_postgres(&url, &documented_rights(&url, &role)).expect("the owner may grant");
    let (_, place) = url.split_once('@').expect("a user in the URL");
    let loot = format!("postgres://{role}@{place}");
    // Nothing is judged before he was thrown out: nobody would wait for him in vain.
    let (ends, starts, thief) = std::thread::scope(|scope| {
        let thief = scope.spawn(|| on_postgres(&loot, TAKES_ALL));
        until(1, false, &role, &url);
        // The first that ends leaves him its lock, and he stands in line for the other one's.
        let ends = [scope.spawn(|| first.stop()), scope.spawn(|| second.stop())].map(ScopedJoinHandle::join);
        until(2, true, &role, &url);
        let starts = [(&authority, "authority"), (&runtime, "runtime")];
        let url = &url;
        let starts = starts.map(|(data, part)| scope.spawn(move || refused(data, url, part)));
        let starts = starts.map(ScopedJoinHandle::join);
        let out = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'");
        on_postgres(url, &out).expect("the owner may");
        (ends, starts, thief.join())
    });
    thief.expect("it ends").expect_err("he was thrown out");
    for end in ends {
        assert_eq!(end.expect("it ends").0, Some(0));
    }
    for (start, what) in starts.into_iter().zip(["the vendor's side", "this server's key"]) {
        let (exit, said) = start.expect("it ends");
        assert_eq!((exit, said.contains("data_in_use")), (Some(78), true), "{said}");
        assert!(said.contains(what) && said.contains(&role), "it names what and who: {said}");
        assert!(said.contains("A stolen runtime"), "it says what to do: {said}");
        assert!(!said.contains("--data"), "another directory would not help: {said}");
    }
    let again = Server::start_with(&authority, &["--database", &url, "--role", "authority"]);
    assert_eq!(again.stop().0, Some(0));
    on_postgres(&url, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).expect("nobody uses it");
}
