//! A whole server in one line.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use jiff::tz::TimeZone;
use sealgate_artifact::UnixSeconds;
use sealgate_authority::Limits;
use sealgate_authority::ports::{Clock, System};
use sealgate_server::assembly::{self, Options, TOKEN_FILE};
use sealgate_server::{Role, listen};
use sealgate_wire::{HeartbeatQuestion, OnlineQuestion};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::backstage::Backstage;
use crate::database::Postgres;
use crate::outside::Outside;
use crate::{Answer, Build, Chain, Engine, Proxy, TestClock, request};

/// A real server on loopback with its own data, gone when this value is. Dropping it fails the test if a connection
/// to its database is left over.
pub struct TestApp {
    /// Where it listens.
    pub url: String,
    /// Its time.
    pub clock: Arc<TestClock>,
    /// The owner's token.
    pub token: String,
    limits: Limits,
    settings: listen::Settings,
    role: Role,
    zone: TimeZone,
    /// The URL of a database that another server brought.
    joined: Option<String>,
    server: Option<Server>,
    /// Reads an SQLite database as it was copied last.
    pub(crate) kept: Mutex<Option<rusqlite::Connection>>,
    // Dropped last, once the server has let go of them.
    proxy: Option<Proxy>,
    postgres: Option<Postgres>,
    dir: tempfile::TempDir,
}

/// A server in a thread of its own.
struct Server {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
    backstage: Backstage,
}

impl TestApp {
    /// A server whose clock stands still.
    pub fn start(engine: Engine) -> Self {
        Self::launch(engine, Arc::default(), Limits::default())
    }

    /// A server whose clock runs with the machine's, for clients that bring their own time. It can still be moved
    /// ahead of theirs.
    pub fn start_in_real_time(engine: Engine) -> Self {
        Self::launch(engine, Arc::new(TestClock::running()), Limits::default())
    }

    /// A server with other limits, whose clock stands still.
    pub fn start_with_limits(engine: Engine, limits: Limits) -> Self {
        Self::launch(engine, Arc::default(), limits)
    }

    /// A server of a vendor who is elsewhere, by a name of the IANA time zone database.
    pub fn start_in_zone(engine: Engine, name: &str) -> Self {
        let mut app = Self::start(engine);
        app.stop().expect("the server ends cleanly");
        app.zone = TimeZone::get(name).expect("a zone");
        app.serve();
        app
    }

    /// A server on PostgreSQL, with something between the two: [`TestApp::proxy`].
    pub fn start_behind_proxy() -> Self {
        let postgres = Postgres::create();
        let proxy = Proxy::start(&postgres.address());
        let limits = (Limits::default(), listen::Settings::default());
        Self::launch_on((Some(postgres), Some(proxy)), Arc::default(), limits)
    }

    /// A server behind proxies on this machine, with other limits. A test that wants to come from elsewhere says so in
    /// `x-forwarded-for`.
    pub fn start_behind_proxies(engine: Engine, limits: Limits) -> Self {
        let trusted_proxies = vec!["127.0.0.1/32".parse().expect("a block")];
        let http = sealgate_http::Settings { trusted_proxies };
        let settings = listen::Settings { http, ..listen::Settings::default() };
        Self::launch_with(engine, Arc::default(), (limits, settings))
    }

    /// The same with the limits of every other server.
    pub fn start_behind_any_proxies(engine: Engine) -> Self {
        Self::start_behind_proxies(engine, Limits::default())
    }

    /// A server with other bounds on connections.
    pub fn start_with_connections(engine: Engine, connections: listen::Connections) -> Self {
        let settings = listen::Settings { connections, ..listen::Settings::default() };
        Self::launch_with(engine, Arc::default(), (Limits::default(), settings))
    }

    fn launch(engine: Engine, clock: Arc<TestClock>, limits: Limits) -> Self {
        Self::launch_with(engine, clock, (limits, listen::Settings::default()))
    }

    fn launch_with(engine: Engine, clock: Arc<TestClock>, limits: (Limits, listen::Settings)) -> Self {
        let postgres = (engine == Engine::Postgres).then(Postgres::create);
        Self::launch_on((postgres, None), clock, limits)
    }

    fn launch_on(
        (postgres, proxy): (Option<Postgres>, Option<Proxy>),
        clock: Arc<TestClock>,
        (limits, settings): (Limits, listen::Settings),
    ) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (url, token) = (String::new(), String::new());
        let (role, joined) = (Role::All, None);
        let mut app = Self {
            url,
            clock,
            token,
            limits,
            settings,
            role,
            zone: TimeZone::UTC,
            joined,
            server: None,
            kept: Mutex::default(),
            proxy,
            postgres,
            dir,
        };
        app.serve();
        let token = std::fs::read_to_string(app.data().join(TOKEN_FILE)).expect("the owner's token");
        token.trim().clone_into(&mut app.token);
        app
    }

    /// A server in that data directory, on the database of another one, with a clock of its own. It answers running software
    /// only.
    pub(crate) fn launch_runtime(first: &Self, dir: tempfile::TempDir) -> Self {
        let mut app = Self {
            url: String::new(),
            clock: Arc::default(),
            token: first.token.clone(),
            limits: first.limits,
            settings: first.settings.clone(),
            role: Role::Runtime,
            zone: TimeZone::UTC,
            joined: first.database(),
            server: None,
            kept: Mutex::default(),
            proxy: None,
            postgres: None,
            dir,
        };
        app.serve();
        app
    }

    /// Stops the server and starts it again with the same data, at another URL.
    pub fn restart(&mut self) {
        self.stop().expect("the server ends cleanly");
        self.serve();
    }

    fn serve(&mut self) {
        let (ready, listening) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let (data, database) = (self.data(), self.database());
        let (limits, settings, role) = (self.limits, self.settings.clone(), (self.role, self.zone.clone()));
        let time: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            let runtime = runtime.expect("a runtime");
            runtime.block_on(run((data, database, role), (time, limits, settings), ready, stopped));
        });
        let (url, backstage) = listening.recv().expect("the server starts");
        self.url = url;
        self.server = Some(Server { stop, thread, backstage });
    }

    /// The URL under which the server finds PostgreSQL.
    fn database(&self) -> Option<String> {
        if self.joined.is_some() {
            return self.joined.clone();
        }
        let postgres = self.postgres.as_ref()?;
        let through = |proxy: &Proxy| postgres.url_at(&proxy.address().to_string());
        Some(self.proxy.as_ref().map_or_else(|| postgres.url(), through))
    }

    /// What stands between the server and PostgreSQL.
    pub fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("the server was started behind one")
    }

    fn stop(&mut self) -> std::thread::Result<()> {
        let Some(server) = self.server.take() else { return Ok(()) };
        // It puts its log into the file before it ends.
        drop(self.kept.lock().expect("no holder of this lock panics").take());
        // It has the data directory's lock.
        drop(server.backstage);
        drop(server.stop);
        server.thread.join()
    }

    /// The server's data directory.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// How many rows there are, as in `count("devices WHERE kind = 'hwid'")`: what the database holds, seen from
    /// outside the server.
    pub fn count(&self, rows: &str) -> u64 {
        let counted = self.texts(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {rows}"));
        counted[0].parse().expect("a count")
    }

    /// The values of a query that selects one text.
    pub fn texts(&self, select: &str) -> Vec<String> {
        self.outside().texts(select)
    }

    /// Changes the database behind the server's back.
    pub fn meddle(&self, statement: &str) {
        self.outside().run(statement);
    }

    /// Does something while nobody can read or write this table of a PostgreSQL database.
    pub fn while_locked(&self, table: &str, act: impl FnOnce() + Send) {
        let postgres = self.postgres.as_ref().expect("the server was started on PostgreSQL");
        crate::outside::while_locked(&postgres.url(), table, act);
    }

    /// Does something while nobody can write seats, and everybody can read.
    pub fn while_nobody_writes(&self, act: impl FnOnce() + Send) {
        self.outside().while_nobody_writes(act);
    }

    pub(crate) fn outside(&self) -> Outside {
        let file = || Outside::File(self.data().join("sealgate.db"));
        let url = self.joined.clone().or_else(|| self.postgres.as_ref().map(Postgres::url));
        url.map_or_else(file, Outside::Postgres)
    }

    /// Reads what other servers changed: what they acknowledged before is seen here afterwards.
    pub fn read_changes(&self) {
        self.backstage().read_changes();
    }

    /// Waits until what this server was asked to write before is written, also where nobody waits for the answer.
    pub fn finish_writes(&self) {
        self.backstage().finish_writes();
    }

    /// Runs the jobs that are due by this server's clock, unless the server itself is running them.
    pub fn run_jobs(&self) {
        self.backstage().run_jobs(UnixSeconds::new(self.clock.seconds()).expect("in range"));
    }

    /// Revokes again what this exported audit log says was revoked.
    pub fn reapply(
        &self,
        export: &str,
    ) -> Result<sealgate_control::Reapplied, sealgate_authority::AuthorityError> {
        self.backstage().reapply(export)
    }

    /// The owner's audit log, as `sealgate audit export` writes it.
    pub fn export_audit(&self) -> String {
        let mut lines: Vec<String> = vec![];
        loop {
            let page = self
                .api("GET", &format!("/api/v1/audit/export?after={}", lines.len()), &Value::Null)
                .expect(200);
            let items = page["items"].as_array().expect("a list");
            lines.extend(items.iter().map(ToString::to_string));
            if items.is_empty() || page["head"]["seq"] == lines.len() {
                lines.push(json!({ "tenant_id": page["tenant_id"], "head": page["head"] }).to_string());
                return lines.join("\n") + "\n";
            }
        }
    }

    fn backstage(&self) -> &Backstage {
        &self.server.as_ref().expect("it runs").backstage
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

    /// A license file and all that a verifier needs besides.
    pub fn chain(&self, app: &Value, license: &Value) -> Chain {
        let get = |path: String| {
            let answer = self.api("GET", &path, &Value::Null);
            assert_eq!(answer.status, 200, "{path}");
            answer.bytes
        };
        let name = |value: &Value| value.as_str().expect("an identifier").to_owned();
        let file = get(format!("/api/v1/licenses/{}/file", name(&license["license_id"])));
        Chain::new(&get(format!("/api/v1/apps/{}/trust", name(&app["app_id"]))), file)
    }

    /// A build of an app, made now.
    pub fn build(&self, app: &Value) -> Build {
        let path = format!("/api/v1/apps/{}/trust", app["app_id"].as_str().expect("an identifier"));
        let answer = self.api("GET", &path, &Value::Null);
        let trust = serde_json::from_slice(&answer.bytes).expect("a trust.json");
        Build { trust, origin: self.url.clone() }
    }

    /// Asks `POST /api/v1/validate`.
    pub fn ask_online(&self, question: &OnlineQuestion) -> Answer {
        self.ask_operation("validate", question)
    }

    /// Asks for another operation.
    pub fn ask_operation(&self, operation: &str, question: &OnlineQuestion) -> Answer {
        let body = serde_json::to_value(question).expect("a question");
        request("POST", &format!("{}/api/v1/{operation}", self.url), None, &body)
    }

    /// Asks `POST /api/v1/heartbeat`.
    pub fn ask_heartbeat(&self, question: &HeartbeatQuestion) -> Answer {
        let body = serde_json::to_value(question).expect("a question");
        request("POST", &format!("{}/api/v1/heartbeat", self.url), None, &body)
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
        let ended = self.stop();
        if !std::thread::panicking() {
            ended.expect("the server ends cleanly");
        }
    }
}

async fn run(
    (data, database, (role, zone)): (PathBuf, Option<String>, (Role, TimeZone)),
    (clock, limits, settings): (Arc<dyn Clock>, Limits, listen::Settings),
    ready: std::sync::mpsc::Sender<(String, Backstage)>,
    stopped: oneshot::Receiver<()>,
) {
    let (listener, address) = listen::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let origins = vec![format!("http://{address}")];
    let trusted_proxies = settings.http.trusted_proxies.clone();
    let options = Options { database, limits, role, origins, trusted_proxies, zone, ..Options::new(data) };
    let started = assembly::start(options, clock, Arc::new(System)).await;
    let server = started.expect("the server starts").server;
    let backstage = Backstage::of(&server).await;
    ready.send((format!("http://{address}"), backstage)).expect("the test waits");
    let until_dropped = async {
        // An error means that the other end was dropped, which is the signal.
        let _ = stopped.await;
    };
    listen::serve(listener, server, &settings, until_dropped).await.expect("the server serves");
}
