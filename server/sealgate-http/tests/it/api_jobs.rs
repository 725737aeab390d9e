//! What the server does by itself, as operators see it (`spec/http.md` §3.21, §4).

use sealgate_artifact::UnixSeconds;
use sealgate_testkit::{TestApp, on_both_engines, request};
use sealgate_wire::Timestamp;
use serde_json::{Value, json};

use crate::support::assert_problem;

fn jobs(app: &TestApp) -> Vec<Value> {
    app.api("GET", "/api/v1/jobs", &json!(null)).expect(200)["items"].as_array().expect("a list").clone()
}

fn job(app: &TestApp, name: &str) -> Value {
    jobs(app).into_iter().find(|job| job["name"] == name).expect("there is one")
}

/// Runs what is due. The server looks for work, too: what it took is waited for.
fn run_jobs(app: &TestApp) {
    app.run_jobs();
    while jobs(app).iter().any(|job| job["status"] == "running") {}
}

fn ready(app: &TestApp) -> Value {
    request("GET", &format!("{}/readyz?checks", app.url), None, &json!(null)).expect(200)
}

fn check(app: &TestApp) -> Value {
    let ready = ready(app);
    let mut checks = ready["checks"].as_array().expect("a list").iter();
    checks.find(|check| check["name"] == "jobs").expect("there is one").clone()
}

on_both_engines! {
    fn a_job_is_shown_with_its_last_run(app: &TestApp) {
        app.clock.advance(60);
        run_jobs(app);
        let now = app.clock.seconds();
        let at = |seconds| json!(Timestamp(UnixSeconds::new(seconds).expect("a time")));
        let shown = job(app, "forget");
        assert_eq!(shown, json!({
            "name": "forget", "every": 60, "status": "done", "last_started_at": at(now), "last_done_at": at(now),
            "due_at": at(now + 60), "late": false,
        }));
        let names: Vec<Value> = jobs(app).iter().map(|job| job["name"].clone()).collect();
        let mut sorted = names.clone();
        sorted.sort_by_key(ToString::to_string);
        assert_eq!(names, sorted);
        assert_eq!(ready(app)["jobs"], json!(jobs(app)));
        let count = app.api("GET", "/api/v1/jobs?count=true", &json!(null)).expect(200);
        assert_eq!(count["count"], names.len());
        let page = app.api("GET", "/api/v1/jobs?limit=1", &json!(null)).expect(200);
        assert_eq!(page["items"][0]["name"], names[0]);
        let next = format!("/api/v1/jobs?limit=1&cursor={}", page["next_cursor"].as_str().expect("one"));
        assert_eq!(app.api("GET", &next, &json!(null)).expect(200)["items"][0]["name"], names[1]);
        // What every vendor must not see: they are the installation's.
        assert_problem(&app.tenant("Acme").api("GET", "/api/v1/jobs", &json!(null)), 403, "scope_missing");
    }

    fn a_job_that_did_not_run_is_named_and_the_server_stays_ready(app: &TestApp) {
        run_jobs(app);
        app.clock.advance(3 * 60);
        assert_eq!(job(app, "forget")["late"], false);
        // The server's own tick may be faster than whoever looks.
        let sees_it_late = || {
            run_jobs(app);
            app.clock.advance(3 * 60 + 1);
            let (late, told) = (job(app, "forget")["late"].clone(), ready(app));
            let plain = request("GET", &format!("{}/readyz", app.url), None, &json!(null)).expect(200);
            let trouble = told["jobs_in_trouble"].as_str().unwrap_or_default();
            assert_eq!(told["status"], "ready");
            late == true
                && trouble.contains("the job forget is to run every 60 seconds")
                && plain["jobs_in_trouble"] == trouble
                && check(app)["ok"] == false
        };
        assert!((0..20).any(|_| sees_it_late()));
        run_jobs(app);
        assert_eq!((job(app, "forget")["late"].clone(), check(app)["ok"].clone()), (json!(false), json!(true)));
        assert_eq!(ready(app)["jobs_in_trouble"], json!(null));
    }

    fn a_job_that_failed_says_so_until_it_is_done(app: &TestApp) {
        app.clock.advance(60);
        app.meddle("ALTER TABLE idempotency RENAME TO away");
        run_jobs(app);
        let failed_at = job(app, "forget")["last_failed_at"].clone();
        let shown = job(app, "forget");
        assert_eq!((&shown["status"], &shown["last_started_at"]), (&json!("failed"), &failed_at));
        let code = shown["last_error"].as_str().expect("a code").to_owned();
        let told = check(app);
        assert_eq!((&told["ok"], &told["message"]), (&json!(false), &json!(format!("the job forget failed last: {code}"))));
        app.meddle("ALTER TABLE away RENAME TO idempotency");
        app.clock.advance(60);
        run_jobs(app);
        let shown = job(app, "forget");
        assert_eq!((&shown["status"], &shown["last_error"], &shown["last_failed_at"]), (&json!("done"), &json!(null), &failed_at));
        assert_eq!(check(app)["ok"], true);
    }

    fn a_job_that_somebody_runs_is_not_late(app: &TestApp) {
        let now = app.clock.seconds();
        app.meddle(&format!(
            "UPDATE jobs SET holder = 'abc', last_started_at = {now}, lease_until = {0}, due_at = {0} WHERE name = 'forget'", now + 1000
        ));
        app.clock.advance(900);
        let shown = job(app, "forget");
        assert_eq!((&shown["status"], &shown["holder"], &shown["late"]), (&json!("running"), &json!("abc"), &json!(false)));
        app.clock.advance(100);
        let shown = job(app, "forget");
        assert_eq!((&shown["holder"], &shown["late"]), (&json!(null), &json!(true)), "its process died");
    }
}
