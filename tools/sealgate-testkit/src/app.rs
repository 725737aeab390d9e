//! A whole server in one line.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use sealgate_authority::ports::{Clock, Entropy, System};
use sealgate_cli::assembly::{self, TOKEN_FILE};
use sealgate_signer::Unlock;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::database::Postgres;
use crate::{Answer, Engine, TestClock, request};

/// A real server on loopback with its own data, gone when this value is. Dropping it fails the test if a connection
/// to its database is left over.
pub struct TestApp {
    /// Where it listens.
    pub url: String,
    /// Its time.
    pub clock: Arc<TestClock>,
    /// The owner's token.
    pub token: String,
    dir: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl TestApp {
    /// A server whose clock stands still.
    pub fn start(engine: Engine) -> Self {
        let clock = Arc::new(TestClock::default());
        Self::launch(engine, Arc::clone(&clock) as Arc<dyn Clock>, clock)
    }

    /// A server with the machine's clock, for clients that bring their own time.
    pub fn start_in_real_time(engine: Engine) -> Self {
        Self::launch(engine, Arc::new(System), Arc::default())
    }

    fn launch(engine: Engine, time: Arc<dyn Clock>, clock: Arc<TestClock>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (ready, listening) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let data = dir.path().join("data");
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            let runtime = runtime.expect("a runtime");
            runtime.block_on(run(engine, &data, time, ready, stopped));
        });
        let url = listening.recv().expect("the server starts");
        let token =
            std::fs::read_to_string(dir.path().join("data").join(TOKEN_FILE)).expect("the owner's token");
        let token = token.trim().to_owned();
        Self { url, clock, token, dir, stop: Some(stop), server: Some(server) }
    }

    /// The server's data directory.
    pub fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    /// A management request with the owner's token.
    pub fn api(&self, method: &str, path: &str, body: &Value) -> Answer {
        request(method, &format!("{}{path}", self.url), Some(&self.token), body)
    }

    /// Creates an app: `app_id`, `app_secret`, `public_key`, …
    pub fn create_app(&self, name: &str) -> Value {
        self.api("POST", "/api/v1/apps", &json!({ "name": name })).expect(201)
    }

    /// Issues one license: `license_id`, `license_key`, … `order` adds to or replaces the app's id.
    pub fn issue(&self, app: &Value, order: &Value) -> Value {
        let mut body = json!({ "app_id": app["app_id"] });
        for (name, value) in order.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.api("POST", "/api/v1/licenses", &body).expect(201)["licenses"][0].clone()
    }

    /// A well-formed validation request body.
    pub fn question(app: &Value, license: &Value, hwid: &str, nonce: &str) -> Value {
        json!({
            "appId": app["app_id"],
            "appSecret": app["app_secret"],
            "licenseKey": license["license_key"],
            "hwid": hwid,
            "nonce": nonce,
        })
    }

    /// Asks `/auth/validate`.
    pub fn validate(&self, body: &Value) -> Answer {
        request("POST", &format!("{}/auth/validate", self.url), None, body)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.server.take().expect("dropped once").join();
        if !std::thread::panicking() {
            ended.expect("the server ends cleanly");
        }
    }
}

async fn run(
    engine: Engine,
    data: &Path,
    clock: Arc<dyn Clock>,
    ready: std::sync::mpsc::Sender<String>,
    stopped: oneshot::Receiver<()>,
) {
    let postgres = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(Postgres::create(unique_name()).await),
    };
    let url = postgres.as_ref().map(Postgres::url);
    let started = assembly::start(data, url.as_deref(), &Unlock::File, clock, Arc::new(System)).await;
    let authority = started.expect("a fresh server starts").authority;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    ready.send(format!("http://{address}")).expect("the test waits");
    let until_dropped = async {
        // An error means that the other end was dropped, which is the signal.
        let _ = stopped.await;
    };
    sealgate_http::serve(listener, authority, until_dropped).await.expect("the server serves");
    if let Some(postgres) = postgres {
        postgres.drop().await;
    }
}

fn unique_name() -> String {
    let mut random = [0; 8];
    System.fill(&mut random);
    format!("t_{:016x}", u64::from_be_bytes(random))
}
