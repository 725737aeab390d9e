//! A server of an authority, the wire to it, and clients that use it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use sealgate::{
    Client, Clock, Denied, DeniedBy, Error, HttpAnswer, HttpQuestion, License, MemoryStore, Store, Transport,
    Unanswered, UnixSeconds,
};
use sealgate_artifact::{DeviceRequest, Outcome};
use sealgate_trust::{Verified, verify_device_request};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::admissions::Admissions;
use crate::authority::{Authority, NOW, app, asked, at, id_of, key};

pub(crate) const ORIGIN: &str = "https://license.example.com";
/// Where another server of the same vendor is.
pub(crate) const ELSEWHERE: &str = "https://elsewhere.example.com";

/// What happens to an answer between server and client.
type Between = Box<dyn FnMut(HttpAnswer) -> Result<HttpAnswer, Unanswered> + Send>;

/// An authority's server, in the process: it answers like the real one, in the documented form.
pub(crate) struct Site {
    authority: Mutex<Authority>,
    pub(crate) admissions: Mutex<Admissions>,
    outcome: Mutex<Option<Outcome>>,
    between: Mutex<Option<Between>>,
    pub(crate) time: AtomicU64,
    pub(crate) validations: AtomicUsize,
    pub(crate) trusts: AtomicUsize,
    /// Every question that was posted, and the answer as the server gave it.
    pub(crate) record: Mutex<Vec<(Vec<u8>, HttpAnswer)>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    request: Box<RawValue>,
    holds: Vec<String>,
}

impl Site {
    pub(crate) fn of(authority: Authority) -> Arc<Self> {
        Arc::new(Self {
            authority: Mutex::new(authority),
            admissions: Mutex::default(),
            outcome: Mutex::default(),
            between: Mutex::default(),
            time: AtomicU64::new(NOW),
            validations: AtomicUsize::new(0),
            trusts: AtomicUsize::new(0),
            record: Mutex::default(),
        })
    }

    /// The vendor's, at the usual origin.
    pub(crate) fn honest() -> Arc<Self> {
        Self::of(Authority::new(1, ORIGIN))
    }

    pub(crate) fn authority(&self) -> MutexGuard<'_, Authority> {
        self.authority.lock().expect("nobody panicked with it")
    }

    pub(crate) fn admissions(&self) -> MutexGuard<'_, Admissions> {
        self.admissions.lock().expect("nobody panicked with it")
    }

    pub(crate) fn trust(&self) -> &'static [u8] {
        self.authority().trust_json()
    }

    pub(crate) fn deny(&self, code: &str, retry_after: Option<u64>) {
        let license = Some(self.authority().license.license);
        self.decide(Outcome::Denied { license, code: code.to_owned(), retry_after });
    }

    /// Says this, as whoever has the server's key can.
    pub(crate) fn decide(&self, outcome: Outcome) {
        *self.outcome.lock().expect("nobody panicked with it") = Some(outcome);
    }

    pub(crate) fn allow(&self) {
        *self.outcome.lock().expect("nobody panicked with it") = None;
    }

    pub(crate) fn between(
        &self,
        change: impl FnMut(HttpAnswer) -> Result<HttpAnswer, Unanswered> + Send + 'static,
    ) {
        *self.between.lock().expect("nobody panicked with it") = Some(Box::new(change));
    }

    pub(crate) fn nobody_between(&self) {
        *self.between.lock().expect("nobody panicked with it") = None;
    }

    /// What the server answers, by path and body.
    pub(crate) fn answer(&self, path: &str, body: Option<&[u8]>) -> HttpAnswer {
        match (path, body) {
            ("/api/v1/activate" | "/api/v1/deactivate" | "/api/v1/heartbeat", Some(body)) => {
                let given = self.outcome.lock().expect("nobody panicked with it").clone();
                let time = self.time.load(Ordering::SeqCst);
                let answered = self.admissions().answer(&self.authority(), (path, body), given, time);
                let answer = answered.map_or_else(
                    || problem(400, "malformed_request", "The request does not read."),
                    |answered| ok(&object(&answered)),
                );
                self.record.lock().expect("nobody panicked with it").push((body.to_vec(), answer.clone()));
                answer
            }
            ("/api/v1/validate" | "/api/v1/release", Some(body)) => {
                self.validations.fetch_add(1, Ordering::SeqCst);
                let answer = self.validate(body);
                self.record.lock().expect("nobody panicked with it").push((body.to_vec(), answer.clone()));
                answer
            }
            (path, None) if path.starts_with("/api/v1/trust?") => {
                self.trusts.fetch_add(1, Ordering::SeqCst);
                self.missing(path)
            }
            _ => problem(404, "not_found", "There is no such path."),
        }
    }

    fn validate(&self, body: &[u8]) -> HttpAnswer {
        let Ok(question) = serde_json::from_slice::<Question>(body) else {
            return problem(400, "malformed_request", "The body does not read.");
        };
        assert!(question.holds.len() <= 16);
        let Ok(request) = verify_device_request(question.request.get().as_bytes()) else {
            return problem(400, "malformed_request", "The request does not verify.");
        };
        if request.get().tenant != self.authority().tenant || request.get().app != app() {
            return problem(404, "not_found", "No such tenant or app here.");
        }
        ok(&self.decided(&request, &question.holds))
    }

    fn decided(&self, request: &Verified<DeviceRequest>, holds: &[String]) -> String {
        let authority = self.authority();
        let given = self.outcome.lock().expect("nobody panicked with it").clone();
        let outcome = given.unwrap_or_else(|| authority.allowance());
        let is_allowed = matches!(outcome, Outcome::Allowed { .. });
        let decision = authority.decision(&asked(request), outcome, self.time.load(Ordering::SeqCst));
        let mut members = vec![("decision", decision)];
        let missing = [
            ("certificate", authority.certificate()),
            ("keyset", authority.keyset()),
            ("tenant_keyset", authority.tenant_keyset()),
            ("license", authority.license()),
        ];
        let lacks = |(name, bytes): &(&str, Vec<u8>)| {
            !holds.contains(&id_of(bytes).to_string()) && (*name != "license" || is_allowed)
        };
        members.extend(missing.into_iter().filter(lacks));
        object(&members)
    }

    fn missing(&self, path: &str) -> HttpAnswer {
        let authority = self.authority();
        let query = format!("/api/v1/trust?tenant={}&root=", authority.tenant);
        let numbers = path.strip_prefix(&query).and_then(|rest| rest.split_once("&keyset="));
        let (root, keyset) = numbers.expect("the documented form");
        let root: usize = root.parse().expect("a number");
        let later: Vec<String> = authority.root_statements().drain(root..).map(text).collect();
        let mut members =
            vec![("tenant_keyset", authority.tenant_keyset()), ("certificate", authority.certificate())];
        if authority.keyset_version > keyset.parse::<u64>().expect("a number") {
            members.push(("keyset", authority.keyset()));
        }
        let rest = object(&members);
        ok(&format!(r#"{{"roots":[{}],{}"#, later.join(","), &rest[1..]))
    }
}

impl Transport for Site {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        let path = [ORIGIN, ELSEWHERE].iter().find_map(|origin| question.url.strip_prefix(origin));
        let path = path.expect("the origin that the client was given");
        let answer = self.answer(path, question.body);
        match &mut *self.between.lock().expect("nobody panicked with it") {
            Some(change) => change(answer),
            None => Ok(answer),
        }
    }
}

fn object(members: &[(&str, Vec<u8>)]) -> String {
    let member = |(name, bytes): &(&str, Vec<u8>)| format!(r#""{name}":{}"#, text(bytes.clone()));
    format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("JSON")
}

pub(crate) fn ok(body: &str) -> HttpAnswer {
    HttpAnswer { status: 200, retry_after: None, body: body.as_bytes().to_vec() }
}

pub(crate) fn problem(status: u16, code: &str, message: &str) -> HttpAnswer {
    let body = serde_json::json!({ "code": code, "message": message, "request_id": "r-1" }).to_string();
    HttpAnswer { status, retry_after: None, body: body.into_bytes() }
}

/// A clock that tests set.
#[derive(Clone)]
pub(crate) struct TestClock(pub(crate) Arc<AtomicU64>);

impl TestClock {
    pub(crate) fn set(&self, time: u64) {
        self.0.store(time, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixSeconds {
        at(self.0.load(Ordering::SeqCst))
    }
}

/// A client, and what is its own: state and clock survive it.
pub(crate) struct Device {
    pub(crate) client: Client,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: TestClock,
    site: Arc<dyn Transport>,
}

impl Device {
    pub(crate) fn new(trust: &'static [u8], site: Arc<Site>) -> Self {
        let clock = TestClock(Arc::new(AtomicU64::new(NOW)));
        Self::build(trust, site, Arc::new(MemoryStore::new()), clock)
    }

    /// The same device after a restart, perhaps of another build or on another wire.
    pub(crate) fn restarted(&self, trust: &'static [u8]) -> Self {
        Self::build(trust, self.site.clone(), self.store.clone(), self.clock.clone())
    }

    pub(crate) fn at(&self, trust: &'static [u8], site: Arc<Site>) -> Self {
        Self::build(trust, site, self.store.clone(), self.clock.clone())
    }

    fn build(
        trust: &'static [u8],
        site: Arc<dyn Transport>,
        store: Arc<MemoryStore>,
        clock: TestClock,
    ) -> Self {
        let client = Client::builder(trust)
            .server(ORIGIN)
            .store(store.clone())
            .clock(clock.clone())
            .transport(site.clone())
            .build()
            .expect("configured");
        Self { client, store, clock, site }
    }

    pub(crate) fn validate(&self) -> Result<License, Error> {
        self.client.validate_license(&key())
    }

    pub(crate) fn state(&self) -> Option<Vec<u8>> {
        self.store.load().expect("memory reads")
    }

    /// Asks, is refused, and has learned nothing from it.
    pub(crate) fn is_refused(&self) -> Error {
        let before = self.state();
        let error = self.validate().expect_err("refused");
        if before.is_some() {
            assert!(self.state() == before, "a refusal moved the state: {error}");
        }
        error
    }

    /// The same, with this code and never as a denial by the server.
    pub(crate) fn is_refused_with(&self, code: &str) -> Error {
        let error = self.is_refused();
        assert_eq!(error.code(), code, "{error}");
        assert!(!is_denial(&error), "{error}");
        error
    }
}

pub(crate) fn is_denial(error: &Error) -> bool {
    matches!(error, Error::License(Denied { by: DeniedBy::Server, .. }))
}
