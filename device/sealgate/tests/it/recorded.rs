//! What a program records reaches its server with the heartbeats, complete and in order (`spec/chain.md`).

use std::sync::Arc;

use sealgate::{ChainHead, Client, ClientChain};
use sealgate_artifact::{ChainEntry, HeartbeatRequest, Unverified};
use tempfile::TempDir;

use crate::activation::{drop_answers, site};
use crate::authority::{NOW, at, key};
use crate::site::{ORIGIN, Site, TestClock};

struct Program {
    site: Arc<Site>,
    client: Client,
    folder: TempDir,
}

fn program() -> Program {
    let (site, folder) = (site(), tempfile::tempdir().expect("a folder"));
    let client = client_in(&site, &folder);
    client.activate(&key()).expect("admitted");
    Program { site, client, folder }
}

fn client_in(site: &Arc<Site>, folder: &TempDir) -> Client {
    let client = Client::builder(site.trust()).server(ORIGIN).state_dir(folder.path());
    client.clock(TestClock(Arc::new(NOW.into()))).transport(site.clone()).build().expect("configured")
}

fn record(log: &ClientChain, count: usize) -> ChainHead {
    let mut head = ChainHead::EMPTY;
    for _ in 0..count {
        head = log.record(None, "rule.evaluate", [7; 32], at(NOW)).expect("recorded");
    }
    head
}

/// The heartbeats that were sent, in their order.
fn sent(site: &Site) -> Vec<HeartbeatRequest> {
    let record = site.record.lock().expect("nobody panicked with it");
    let request = |(body, _): &(Vec<u8>, _)| {
        let question: serde_json::Value = serde_json::from_slice(body).expect("JSON");
        let request = question["request"].to_string();
        Unverified::<HeartbeatRequest>::decode(request.as_bytes()).ok()?.danger_peek().ok()
    };
    record.iter().filter_map(request).collect()
}

fn numbers(request: &HeartbeatRequest) -> Vec<u64> {
    if request.entries.is_empty() {
        return vec![];
    }
    ChainEntry::decode_list(&request.entries).expect("a list").iter().map(|entry| entry.seq).collect()
}

#[test]
fn without_a_log_nothing_is_shown() {
    let Program { site, client, folder: _folder } = program();
    client.heartbeat().expect("answered");
    assert!(sent(&site).iter().all(|beat| beat.head.is_none() && beat.entries.is_empty()));
}

#[test]
fn what_is_recorded_arrives_once_and_in_order() {
    let Program { site, client, folder } = program();
    let log = client.chain_log().expect("a log");
    let head = record(&log, 2_500);
    let mut due = vec![];
    for _ in 0..4 {
        let beat = client.heartbeat().expect("answered");
        assert_eq!(beat.chain_error, None);
        due.push(beat.next_due.get() - NOW);
    }
    // The rest follows as soon as the server wants it, and then an interval passes.
    assert_eq!(due, [60, 60, 14_400, 14_400]);
    let sent = sent(&site);
    assert!(sent.iter().all(|beat| beat.head == Some(head)));
    let arrived: Vec<u64> = sent.iter().flat_map(numbers).collect();
    assert!(arrived.iter().copied().eq(1..=2_500), "{}", arrived.len());
    assert_eq!(log.acknowledged().expect("readable"), head);
    assert_eq!(site.admissions().only().head, head);
    // After a restart the chain goes on.
    let client = client_in(&site, &folder);
    let head = record(&client.chain_log().expect("a log"), 3);
    client.heartbeat().expect("answered");
    assert_eq!((head.seq, site.admissions().only().head), (2_503, head));
}

/// `spec/chain.md` §4.2: a list that ends after the head would end the rights of an honest device.
#[test]
fn what_is_recorded_meanwhile_comes_with_the_next_heartbeat() {
    let Program { site, client, folder: _folder } = program();
    let log = client.chain_log().expect("a log");
    std::thread::scope(|scope| {
        let recording = scope.spawn(|| record(&log, 300));
        while !recording.is_finished() {
            client.heartbeat().expect("answered");
        }
    });
    for beat in sent(&site) {
        let (head, list) = (beat.head.map_or(0, |head| head.seq), numbers(&beat));
        assert!(list.last().is_none_or(|last| *last <= head), "{list:?} ends after {head}");
    }
}

#[test]
fn a_lost_answer_brings_the_same_entries_again() {
    let Program { site, client, folder } = program();
    let log = client.chain_log().expect("a log");
    record(&log, 5);
    drop_answers(&site);
    client.heartbeat().expect_err("dropped");
    let head = record(&log, 2);
    site.nobody_between();
    let client = client_in(&site, &folder);
    client.heartbeat().expect("answered");
    client.heartbeat().expect("answered");
    let sent = sent(&site);
    assert!(sent[0] == sent[1] && sent[1] == sent[2]);
    assert_eq!(numbers(&sent[3]), [6, 7]);
    assert_eq!(site.admissions().only().head, head);
}

/// A device that is activated again begins another chain; what waited is kept for the vendor.
#[test]
fn another_generation_begins_another_chain() {
    let Program { site, client, folder } = program();
    record(&client.chain_log().expect("a log"), 3);
    client.activate(&key()).expect("admitted again");
    client.heartbeat().expect("answered");
    assert_eq!(sent(&site).last().expect("sent").head, None);
    assert!(folder.path().join("chain.dead").exists());
    let head = record(&client.chain_log().expect("a log"), 1);
    client.heartbeat().expect("answered");
    assert_eq!((head.seq, site.admissions().only().head), (1, head));
}

/// `spec/chain.md` §4.7.
#[test]
fn entries_that_are_refused_for_their_form_are_set_aside() {
    let Program { site, client, folder } = program();
    let log = client.chain_log().expect("a log");
    record(&log, 3);
    site.admissions().refuse_lists = true;
    client.heartbeat().expect("a verified answer");
    assert!(folder.path().join("chain.dead").exists());
    assert_eq!(log.wants_anchor().expect("readable"), Some(4));
    // What follows waits for the vendor, who re-anchors the chain.
    let head = record(&log, 2);
    site.admissions().refuse_lists = false;
    client.heartbeat().expect("answered");
    let last = sent(&site).pop().expect("sent");
    assert_eq!((last.head, numbers(&last)), (Some(head), vec![]));
    site.admissions().only().head = head;
    client.heartbeat().expect("answered");
    assert_eq!(log.wants_anchor().expect("readable"), None);
    let head = record(&log, 1);
    client.heartbeat().expect("answered");
    assert_eq!(site.admissions().only().head, head);
}

/// To show none would look as if it had been cut, and end the activation.
#[test]
#[expect(clippy::disallowed_methods, reason = "the file is what is tested")]
fn a_log_that_cannot_be_read_is_not_passed_over() {
    let Program { site, client, folder } = program();
    record(&client.chain_log().expect("a log"), 3);
    std::fs::write(folder.path().join("chain.log"), b"x\n").expect("writable");
    assert_eq!(client.heartbeat().expect_err("damaged").code(), "file_unreadable");
    assert!(sent(&site).is_empty());
}
