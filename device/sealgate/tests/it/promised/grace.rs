//! "What triggers grace period", "What does NOT trigger grace period", and the flow of the degradation.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use sealgate::guard::{GraceWhy, Lack, Standing};
use sealgate::{Client, Guard, HttpAnswer, HttpTransport, Tier, Unanswered};

use crate::authority::{DAY, NOW};
use crate::guard::{HOUR, Machine, grace, heard, lack};

/// Three failures of one kind: grace until the deadline that was there before, full rights, then free.
#[track_caller]
fn triggers(machine: &Machine, guard: &Guard, what: &str) {
    assert_eq!(guard.state().standing, Standing::Licensed, "{what}");
    for _ in 0..3 {
        assert!(guard.heartbeat().is_err(), "{what}");
        assert_eq!(guard.state().standing, grace(NOW + DAY, GraceWhy::Unheard), "{what}");
        assert_eq!((guard.tier(), guard.has_feature("rule-engine")), (Tier::Enterprise, true), "{what}");
    }
    machine.pass(DAY - 1);
    assert!(guard.ensure_valid("rule-engine").is_ok(), "{what}");
    machine.pass(1);
    assert_eq!((guard.tier(), lack(guard)), (Tier::Free, Some(Lack::Unheard)), "{what}");
}

/// The same where this becomes of each answer.
#[track_caller]
fn triggers_by(
    what: &str,
    change: impl FnMut(HttpAnswer) -> Result<HttpAnswer, Unanswered> + Send + 'static,
) {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    machine.site.between(change);
    triggers(&machine, &guard, what);
}

/// A program whose server is at a real address.
fn at_address(machine: &Machine, server: &str) -> Guard {
    let transport = HttpTransport::builder().timeout(Duration::from_millis(200)).build().expect("configured");
    let client = Client::builder(machine.site.trust())
        .server(server)
        .store(machine.store.clone())
        .clock(machine.clocks.clone())
        .transport(transport);
    let client = Arc::new(client.build().expect("configured"));
    client.guard().without_threads().start().expect("it starts")
}

#[test]
fn a_timeout_triggers_grace() {
    let machine = Machine::new(Some(heard()));
    // It takes connections, and nobody reads.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("bound");
    triggers(&machine, &at_address(&machine, &format!("http://{address}")), "timeout");
}

#[test]
fn a_refused_connection_triggers_grace() {
    let machine = Machine::new(Some(heard()));
    triggers(&machine, &at_address(&machine, "http://127.0.0.1:9"), "refused");
}

#[test]
fn an_http_error_triggers_grace() {
    for status in [400, 401, 403, 404, 429, 500, 502, 503] {
        triggers_by(&format!("{status}"), move |answer| Ok(HttpAnswer { status, ..answer }));
        triggers_by(&format!("{status} of a proxy"), move |_| {
            Ok(HttpAnswer { status, retry_after: None, body: b"<html>no</html>".to_vec() })
        });
    }
}

#[test]
fn an_answer_of_another_form_triggers_grace() {
    for body in ["", "{}", "hello", "<html>", "{\"answer\":1}", "[]", "{\"success\":true,\"newNonce\":\"x\"}"]
    {
        triggers_by(body, move |_| {
            Ok(HttpAnswer { status: 200, retry_after: None, body: body.as_bytes().to_vec() })
        });
    }
    triggers_by("cut short", |mut answer| {
        answer.body.truncate(answer.body.len() / 2);
        Ok(answer)
    });
}

/// "License payload validation failure": what was signed is not what came.
#[test]
fn an_answer_that_does_not_verify_triggers_grace() {
    for member in ["payload", "sig"] {
        triggers_by(member, move |mut answer| {
            let text = String::from_utf8(answer.body).expect("JSON");
            let begins = format!("\"{member}\":\"");
            let at = text.find(&begins).expect("a signed answer") + begins.len() + 8;
            answer.body = text.into_bytes();
            answer.body[at] = if answer.body[at] == b'A' { b'B' } else { b'A' };
            Ok(answer)
        });
    }
    // Somebody who has keys, and not the vendor's.
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    machine.site.authority().server = 104;
    triggers(&machine, &guard, "signed by a thief's key");
}

/// "Successful heartbeat (extends license freshness)".
#[test]
fn a_heartbeat_that_succeeds_triggers_none_and_moves_the_deadline() {
    let machine = Machine::new(Some(heard()));
    let guard = machine.start();
    for _ in 0..6 {
        machine.pass(4 * HOUR);
        guard.heartbeat().expect("answered");
        assert_eq!(guard.state().standing, Standing::Licensed);
    }
    machine.cut();
    assert!(guard.heartbeat().is_err());
    assert_eq!(guard.state().standing, grace(NOW + 2 * DAY, GraceWhy::Unheard), "from the last answer on");
    machine.mend();
    guard.heartbeat().expect("answered");
    assert_eq!(guard.state().standing, Standing::Licensed, "and an answer ends it");
}

/// "Offline mode (no heartbeat service runs)". A license that wants heartbeats all the same ends at its deadline (`spec/guard.md` §3.3).
#[test]
fn offline_asks_nobody_and_triggers_none() {
    let machine = Machine::new(None);
    let asked = || machine.site.record.lock().expect("kept").len();
    let before = asked();
    let guard = machine.client().guard().offline().start().expect("it starts");
    for _ in 0..19 {
        machine.pass(DAY);
        assert_eq!(guard.state().standing, Standing::Licensed);
    }
    guard.beat_now();
    drop(guard);
    assert_eq!(asked(), before, "nobody was asked");
}

/// "Free tier (no heartbeat needed)".
#[test]
fn free_asks_nobody_and_triggers_none() {
    let machine = Machine::unactivated(Some(heard()));
    let guard = machine.client().guard().start().expect("it starts");
    for _ in 0..3 {
        machine.pass(DAY);
        assert_eq!(guard.state().standing, Standing::Free(Lack::NoLicense));
        assert!(guard.ensure_valid("db.query").is_ok());
    }
    drop(guard);
    assert!(machine.site.record.lock().expect("kept").is_empty(), "nobody was asked");
}

/// "Degradation flow": from either paid tier to free, at once, and never to the one between.
#[test]
fn each_paid_tier_falls_to_free() {
    for tier in [Tier::Enterprise, Tier::Licensed] {
        let machine = Machine::unactivated(Some(heard()));
        machine.site.authority().license.tier = tier;
        machine.client().activate(&crate::authority::key()).expect("admitted");
        let guard = machine.start();
        machine.cut();
        let mut tiers = vec![guard.tier()];
        for _ in 0..30 {
            machine.pass(HOUR);
            assert!(guard.heartbeat().is_err());
            tiers.push(guard.tier());
        }
        tiers.dedup();
        assert_eq!(tiers, [tier, Tier::Free]);
    }
}
