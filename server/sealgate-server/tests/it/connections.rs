//! Connections that say nothing, or take for ever to say it, cost nobody else an answer.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::time::Duration;

use sealgate_server::listen::Connections;
use sealgate_testkit::{Engine, TestApp, request};
use serde_json::Value;

/// Nothing here takes as long; a test that would wait for ever fails instead.
const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(200);
const WHOLE: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
const HALF: &[u8] = b"GET /healthz HTTP/1.1\r\nhost:";
const HALF_A_BODY: &[u8] = b"POST /auth/validate HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";

fn serve(most: u32, head: Duration, idle: Duration) -> TestApp {
    let most = NonZeroU32::new(most).expect("not zero");
    TestApp::start_with_connections(Engine::Sqlite, Connections { most, head, idle, still: LONG })
}

fn connect(app: &TestApp, bytes: &[u8]) -> TcpStream {
    let address = app.url.strip_prefix("http://").expect("a URL");
    let mut connection = TcpStream::connect(address).expect("the server listens");
    connection.set_read_timeout(Some(LONG)).expect("is set");
    connection.write_all(bytes).expect("the server reads");
    connection
}

/// Waits until the server closes the connection, without an answer.
#[track_caller]
fn is_closed(mut connection: TcpStream) {
    let mut rest = Vec::new();
    match connection.read_to_end(&mut rest) {
        Ok(_) => assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest)),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

/// Reads one answer of `/healthz`; the connection stays.
#[track_caller]
fn is_answered(connection: &mut TcpStream) {
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let mut byte = [0];
        connection.read_exact(&mut byte).expect("an answer");
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
}

fn is_well(app: &TestApp) -> bool {
    request("GET", &format!("{}/healthz", app.url), None, &Value::Null).status == 200
}

#[test]
fn silent_and_half_said_connections_are_closed() {
    let app = serve(100, SHORT, LONG);
    let begun = [&b""[..], b"G", HALF].map(|bytes| connect(&app, bytes));
    begun.into_iter().for_each(is_closed);
    assert!(is_well(&app));
}

#[test]
fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let app = serve(100, SHORT, LONG);
    let mut dribbling = connect(&app, WHOLE);
    is_answered(&mut dribbling);
    dribbling.write_all(HALF).expect("the server reads");
    // Each byte comes well before the time for a whole head is over.
    dribbling.set_read_timeout(Some(SHORT / 20)).expect("is set");
    let began = tokio::time::Instant::now();
    loop {
        match dribbling.read(&mut [0]) {
            Ok(0) => break,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            other => panic!("{other:?}"),
        }
        assert!(began.elapsed() < LONG, "it is waited for");
        if dribbling.write_all(b"x").is_err() {
            break;
        }
    }
}

#[test]
fn a_connection_is_kept_for_its_next_request_and_not_for_ever() {
    let app = serve(100, LONG, 5 * SHORT);
    let mut idle = connect(&app, WHOLE);
    is_answered(&mut idle);
    idle.write_all(WHOLE).expect("it is still there");
    is_answered(&mut idle);
    is_closed(idle);
}

#[test]
fn more_idle_connections_than_there_may_be_do_not_make_the_server_deaf() {
    let app = serve(8, LONG, LONG);
    let mut honest = connect(&app, WHOLE);
    is_answered(&mut honest);
    let kinds = [&b""[..], HALF, HALF_A_BODY];
    let idle: Vec<TcpStream> = kinds.iter().cycle().take(60).map(|bytes| connect(&app, bytes)).collect();
    assert!(is_well(&app));
    // Who was answered before is kept longer than who has not asked yet.
    honest.write_all(WHOLE).expect("it is still there");
    is_answered(&mut honest);
    // The oldest were closed.
    idle.into_iter().take(30).for_each(is_closed);
}

#[test]
fn answered_connections_make_room_too() {
    let app = serve(4, LONG, LONG);
    let answered: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut connection = connect(&app, WHOLE);
            is_answered(&mut connection);
            connection
        })
        .collect();
    answered.into_iter().take(8).for_each(is_closed);
    assert!(is_well(&app));
}

#[test]
fn a_head_that_never_ends_is_not_kept() {
    let app = serve(100, LONG, LONG);
    let mut endless = connect(&app, b"GET / HTTP/1.1\r\nx: ");
    let mut sent = 0;
    while sent < 1024 * 1024 && endless.write_all(&[b'x'; 1024]).is_ok() {
        sent += 1024;
    }
    assert!(sent < 1024 * 1024 || endless.read_to_end(&mut Vec::new()).is_ok_and(|n| n > 0));
}
