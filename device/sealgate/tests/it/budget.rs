//! One time for a whole call, whatever a server does not do.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sealgate::{
    CALL_BUDGET, Client, Error, HttpAnswer, HttpQuestion, HttpTransport, MemoryStore, Transport,
    TransportError, Unanswered,
};

use crate::authority::{Authority, NOW, key};
use crate::listener::tls;
use crate::site::{ORIGIN, Site, TestClock};

const BUDGET: Duration = Duration::from_millis(700);

fn client(server: &str, transport: impl Transport + 'static) -> Client {
    let clock = TestClock(Arc::new(NOW.into()));
    let trust = Authority::new(1, server).trust_json();
    let client = Client::builder(trust).server(server).store(MemoryStore::new()).clock(clock);
    client.transport(transport).build().expect("configured")
}

/// How long the call took, which nobody answered.
fn unanswered(client: &Client) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "what is measured is time")]
    let began = Instant::now();
    let error = client.validate_license(&key()).expect_err("nobody answers");
    assert!(matches!(error, Error::Transport(TransportError::Unreachable(_))), "{error}");
    began.elapsed()
}

/// How many connections came in that nobody took.
fn connections(listener: &TcpListener) -> usize {
    listener.set_nonblocking(true).expect("a socket");
    std::iter::from_fn(|| listener.accept().ok()).count()
}

/// A listener that takes no connection: the system's queue holds it, and nothing ever comes back. In the open, over TLS, and
/// by a name that has two addresses.
#[test]
fn a_server_that_takes_no_connection_is_given_up_in_time_and_asked_once() {
    for (scheme, host) in
        [("http", "127.0.0.1"), ("https", "127.0.0.1"), ("http", "localhost"), ("https", "localhost")]
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let server = format!("{scheme}://{host}:{}", listener.local_addr().expect("bound").port());
        let transport = HttpTransport::builder().certificate_authority(tls().0).timeout(BUDGET);
        let took = unanswered(&client(&server, transport.build().expect("configured")));
        // A second try, or a limit on each step, would take twice as long at least.
        assert!(BUDGET <= took && took < 2 * BUDGET, "{server}: {took:?}");
        assert_eq!(connections(&listener), 1, "{server}");
    }
}

/// A proxy that takes no connection.
#[test]
fn a_silent_proxy_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let proxy = format!("http://localhost:{}", listener.local_addr().expect("bound").port());
    let transport = HttpTransport::builder().proxy(proxy).timeout(BUDGET).build().expect("configured");
    let took = unanswered(&client(ORIGIN, transport));
    assert!(BUDGET <= took && took < 2 * BUDGET, "{took:?}");
    assert_eq!(connections(&listener), 1);
}

/// What the guide says.
#[test]
fn ten_seconds_unless_it_is_said_otherwise() {
    assert_eq!(CALL_BUDGET, Duration::from_secs(10));
    assert_eq!(HttpTransport::builder().build().expect("configured").budget(), CALL_BUDGET);
    assert_eq!(Site::honest().budget(), CALL_BUDGET);
}

/// Notes how long each exchange may take.
struct Noted {
    site: Arc<Site>,
    budget: Duration,
    within: Arc<Mutex<Vec<Duration>>>,
}

impl Transport for Noted {
    fn exchange(&self, question: &HttpQuestion<'_>) -> Result<HttpAnswer, Unanswered> {
        self.within.lock().expect("nobody panicked with it").push(question.within);
        self.site.exchange(question)
    }

    fn budget(&self) -> Duration {
        self.budget
    }
}

/// A call that lost an answer and needed the chain: every question has what the ones before it left.
#[test]
fn all_questions_of_a_call_share_its_time() {
    let site = Site::honest();
    let old = site.trust();
    site.authority().roots.push(vec![55]);
    site.authority().keyset_version += 1;
    let mut lost = false;
    site.between(move |answer| {
        if std::mem::replace(&mut lost, true) { Ok(answer) } else { Err(Unanswered("lost".to_owned())) }
    });
    let within = Arc::new(Mutex::new(vec![]));
    let transport = Noted { site, budget: Duration::from_mins(1), within: within.clone() };
    let clock = TestClock(Arc::new(NOW.into()));
    let client =
        Client::builder(old).server(ORIGIN).store(MemoryStore::new()).clock(clock).transport(transport);
    client.build().expect("configured").validate_license(&key()).expect("valid");
    let within = within.lock().expect("nobody panicked with it");
    assert_eq!(within.len(), 3, "twice the question, and once the chain");
    assert!(
        within[0] <= Duration::from_mins(1) && within.windows(2).all(|two| two[1] < two[0]),
        "{within:?}"
    );
}

#[test]
fn without_any_time_nothing_is_sent() {
    let within = Arc::new(Mutex::new(vec![]));
    let transport = Noted { site: Site::honest(), budget: Duration::ZERO, within: within.clone() };
    unanswered(&client(ORIGIN, transport));
    assert!(within.lock().expect("nobody panicked with it").is_empty());
}
