//! What the log says of a server's health: each change of its state, once.

use std::io::Write;
use std::sync::{Arc, Mutex};

use sealgate_testkit::{on_both_engines, request};
use serde_json::json;

/// What is logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Hears everything from now on.
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).init();
        log
    }

    fn count(&self, text: &str) -> usize {
        let log = String::from_utf8(self.0.lock().expect("no holder panics").clone()).expect("UTF-8");
        log.lines().filter(|line| line.contains(text)).count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no holder panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

on_both_engines! {
    fn each_change_of_health_is_one_line(app: &TestApp) {
        let log = Log::start();
        let ask = |path: &str, status: u16| {
            for _ in 0..5 {
                request("GET", &format!("{}{path}", app.url), None, &json!(null)).expect(status);
            }
        };
        ask("/readyz", 200);
        assert_eq!((log.count("not ready"), log.count("ready again")), (0, 0));
        for n in 1..3 {
            app.meddle("ALTER TABLE installation RENAME TO elsewhere");
            ask("/readyz", 503);
            app.clock.set_by(3600);
            ask("/readyz", 503);
            assert_eq!(log.count("not ready"), 3 * n - 1, "a reason more");
            app.meddle("ALTER TABLE elsewhere RENAME TO installation");
            ask("/readyz", 503);
            assert_eq!((log.count("not ready"), log.count("ready again")), (3 * n, n - 1));
            app.clock.set_by(-3600);
            ask("/readyz", 200);
            assert_eq!(log.count("ready again"), n);
            app.meddle("ALTER TABLE change_counter RENAME TO elsewhere");
            ask("/healthz", 503);
            app.meddle("ALTER TABLE elsewhere RENAME TO change_counter");
            ask("/healthz", 200);
            // A job may have tried to write meanwhile, which speaks against the writer until something is stored.
            app.create_app(&format!("Editor {n}"));
            assert_eq!((log.count("health: the database does not answer"), log.count("the database answers again")), (n, n));
        }
    }
}
