//! An answer that is lost on its way: the client asks again, and gets what it would have got.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use sealgate_testkit::{on_both_engines_in_real_time, send};
use serde_json::json;

use crate::rust_sdk::{client, text};

/// What a question was and what the server said to it.
struct Passed {
    question: Vec<u8>,
    answer: Vec<u8>,
}

on_both_engines_in_real_time! {
    fn the_rust_client_repeats_a_lost_question_and_gets_the_identical_answer(app: &TestApp) {
        let product = app.create_app("Editor");
        let license = app.issue(&product, &json!({}));
        let (url, relay) = relay_that_loses_the_first_answer(app.url.clone());

        let login = client(&url, &product, "device-1").login(&text(&license["license_key"]));

        assert_eq!(login.expect("the second answer arrives").hwid_count, Some(1));
        let [lost, arrived] = relay.join().expect("the relay ends");
        assert_eq!(lost.question, arrived.question, "the client asks the same, nonce included");
        assert_eq!(lost.answer, arrived.answer, "the server answers the same bytes");
    }
}

/// Carries two questions to the server, and only the second answer back.
fn relay_that_loses_the_first_answer(server: String) -> (String, JoinHandle<[Passed; 2]>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let relay = std::thread::spawn(move || {
        [false, true].map(|arrives| {
            let (connection, _) = listener.accept().expect("the client connects");
            pass_on(connection, &server, arrives)
        })
    });
    (url, relay)
}

fn pass_on(connection: TcpStream, server: &str, arrives: bool) -> Passed {
    let mut reader = BufReader::new(connection);
    let (path, question) = read_request(&mut reader);
    let answer = send("POST", &format!("{server}{path}"), None, &question);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    if arrives {
        let length = answer.bytes.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
        );
        let mut connection = reader.into_inner();
        connection.write_all(head.as_bytes()).expect("the client listens");
        connection.write_all(&answer.bytes).expect("the client listens");
    }
    Passed { question, answer: answer.bytes }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> (String, Vec<u8>) {
    let lines: Vec<String> =
        reader.by_ref().lines().map(|line| line.expect("text")).take_while(|line| !line.is_empty()).collect();
    let path = lines[0].split(' ').nth(1).expect("a request line").to_owned();
    let length = |line: &String| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length:")
            .map(|n| n.trim().parse::<usize>().expect("a length"))
    };
    let mut body = vec![0; lines.iter().find_map(length).expect("a length")];
    reader.read_exact(&mut body).expect("the whole body");
    (path, body)
}
