//! Whoever sits between and only drops, delays or invents.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sealgate::{Error, Family, TransportError, Unanswered};

use crate::site::{Device, Site, ok, problem};

/// Drops so many answers, after the server gave them.
fn drop_next(site: &Arc<Site>, count: usize) {
    let left = AtomicUsize::new(count);
    site.between(move |answer| {
        let drops = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        if drops { Err(Unanswered("reset".to_owned())) } else { Ok(answer) }
    });
}

/// `spec/online.md` §2.4: the same request may be sent again when an answer was lost.
#[test]
fn a_lost_answer_is_asked_for_once_more_with_the_same_bytes() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    drop_next(&site, 1);
    device.validate().expect("valid");
    let record = site.record.lock().unwrap();
    assert_eq!(record.len(), 2);
    assert!(record[0].0 == record[1].0, "other bytes");
}

#[test]
fn dropped_answers_are_an_unreachable_server_whatever_they_said() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    device.validate().expect("valid");
    for denial in [None, Some("revoked")] {
        if let Some(code) = denial {
            site.deny(code, None);
        }
        let before = site.validations.load(Ordering::SeqCst);
        drop_next(&site, 2);
        let error = device.is_refused_with("server_unreachable");
        assert_eq!(error, Error::Transport(TransportError::Unreachable("reset".to_owned())));
        assert_eq!(site.validations.load(Ordering::SeqCst) - before, 2, "once more, and no more");
    }
    site.allow();
    site.nobody_between();
    device.validate().expect("valid");
}

/// `spec/online.md` §6.3: whatever its status or its words.
#[test]
fn an_unsigned_refusal_is_never_a_denial() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    device.validate().expect("valid");
    for (status, code) in [
        (301, "answer_invalid"),
        (400, "answer_invalid"),
        (401, "answer_invalid"),
        (403, "answer_invalid"),
        (404, "answer_invalid"),
        (410, "answer_invalid"),
        (429, "rate_limited"),
        (500, "system_error"),
        (503, "unavailable"),
        (204, "answer_invalid"),
        (299, "answer_invalid"),
    ] {
        for word in ["revoked", "expired", "invalid_key", "device_limit"] {
            site.between(move |_| Ok(problem(status, word, "The license was revoked.")));
            let error = device.is_refused_with(code);
            assert_eq!(error.family(), Family::Transport);
            let told = error.to_string();
            assert!(told.contains(word) && told.contains("without a signed decision"), "{told}");
        }
    }
    site.nobody_between();
    device.validate().expect("valid");
}

#[test]
fn the_words_of_a_stranger_are_bounded_and_cannot_steer_a_terminal() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    let hostile = format!("\u{1b}[2J\r\n\u{202e}{}", "x".repeat(100_000));
    site.between(move |_| Ok(problem(403, &hostile, &hostile)));
    let told = device.is_refused_with("answer_invalid").to_string();
    assert!(
        told.len() < 1_000 && !told.chars().any(char::is_control) && !told.contains('\u{202e}'),
        "{told}"
    );
}

#[test]
fn a_server_that_is_busy_says_when_to_ask_again() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    site.between(|_| {
        let mut answer = problem(429, "rate_limited", "Too many requests.");
        answer.retry_after = Some(Duration::from_secs(7));
        Ok(answer)
    });
    assert_eq!(device.is_refused_with("rate_limited").retry_after(), Some(Duration::from_secs(7)));
    site.between(|_| {
        let body = r#"{"code":"unavailable","message":"later","request_id":"r","retry_after":9}"#;
        Ok(sealgate::HttpAnswer { status: 503, ..ok(body) })
    });
    assert_eq!(device.is_refused_with("unavailable").retry_after(), Some(Duration::from_secs(9)));
}

/// `spec/online.md` §6.9: a program may add it to the time of now.
#[test]
fn nobody_between_makes_a_client_wait_longer_than_a_day() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    site.between(|_| {
        let mut answer = problem(429, "rate_limited", "Too many requests.");
        answer.retry_after = Some(Duration::from_secs(u64::MAX));
        Ok(answer)
    });
    assert_eq!(device.is_refused_with("rate_limited").retry_after(), Some(Duration::from_hours(24)));
    site.between(|_| {
        let body = r#"{"code":"unavailable","message":"later","request_id":"r","retry_after":4294967295}"#;
        Ok(sealgate::HttpAnswer { status: 503, ..ok(body) })
    });
    assert_eq!(device.is_refused_with("unavailable").retry_after(), Some(Duration::from_hours(24)));
}

#[test]
fn a_body_that_does_not_read_is_no_answer() {
    let site = Site::honest();
    let device = Device::new(site.trust(), site.clone());
    for body in [
        "",
        "{}",
        "null",
        "[]",
        "<html>Please log in</html>",
        r#"{"decision":{}"#,
        r#"{"decision":{},"decision":{}}"#,
        r#"{"decision":{}} x"#,
        r#"{"code":"revoked"}"#,
        r#"{"decision":null}"#,
    ] {
        site.between(move |_| Ok(ok(body)));
        assert_eq!(device.is_refused_with("answer_invalid").family(), Family::Transport, "{body}");
    }
    for body in [r#"{"decision":{}}"#, r#"{"decision":"revoked"}"#] {
        site.between(move |_| Ok(ok(body)));
        assert_eq!(device.is_refused().family(), Family::Security, "{body}");
    }
    site.nobody_between();
    device.validate().expect("valid");
}

/// What a later server adds is passed over: nothing is believed for standing there.
#[test]
fn members_that_this_program_does_not_know_change_nothing() {
    let site = Site::honest();
    site.between(crate::forged::swap_member("valid", b"false".to_vec()));
    Device::new(site.trust(), site).validate().expect("valid");
}
