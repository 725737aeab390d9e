//! Whoever sits between and rewrites genuine answers as they pass.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use sealgate::{Error, HttpAnswer, License};

use crate::site::{Device, Site, is_denial};

/// What the client concludes when nobody sits between.
#[derive(Debug, Clone, PartialEq)]
enum Truth {
    Allowed(Box<License>),
    Denied(String),
}

/// Whatever is done to an answer, the client says the truth, or that it could not tell.
fn says_nothing_else(device: &Device, truth: &Truth) -> Result<(), String> {
    let before = device.state();
    let error = match (device.validate(), truth) {
        (Ok(license), Truth::Allowed(genuine)) if license == **genuine => return Ok(()),
        (Ok(license), _) => return Err(format!("accepted as {license:?}")),
        (Err(error), _) => error,
    };
    match (&error, truth) {
        (Error::Security(_) | Error::Transport(_), _) => {}
        // The whole truth, and what vouches for it is remembered: `spec/online.md` §6.8.
        (Error::License(denied), Truth::Denied(code)) if denied.code == *code && is_denial(&error) => {
            return Ok(());
        }
        _ => return Err(format!("refused as {error:?}")),
    }
    if device.state() == before { Ok(()) } else { Err(format!("a refusal moved the state: {error}")) }
}

/// A device with nothing but its key, so that the whole answer comes anew each time, or one that has everything.
fn device(site: &Arc<Site>, build: &'static [u8], has_everything: bool) -> Device {
    let device = Device::new(build, site.clone());
    if has_everything {
        device.validate().expect("valid");
    } else {
        site.between(|_| Err(sealgate::Unanswered("dropped".to_owned())));
        device.validate().expect_err("dropped, after the device key was made");
        site.nobody_between();
    }
    device
}

/// Each byte of a genuine answer, flipped as it passes: the low bit, and all bits.
fn each_byte(denial: Option<&str>, has_everything: bool, share: usize) {
    let site = Site::honest();
    let build = site.trust();
    // Whoever has nothing is sent everything.
    site.authority().keyset_version += 1;
    site.authority().tenant_version += 1;
    let genuine = Device::new(build, site.clone()).validate().expect("valid");
    let subject = device(&site, build, has_everything);
    if let Some(code) = denial {
        site.deny(code, None);
    }
    let truth = denial.map_or(Truth::Allowed(Box::new(genuine)), |code| Truth::Denied(code.to_owned()));
    let blank = subject.state();
    let length = Arc::new(AtomicUsize::new(usize::MAX));
    let mut place = share;
    while place < length.load(Ordering::SeqCst) {
        for mask in [0x01, 0xff] {
            let seen = length.clone();
            site.between(move |mut answer: HttpAnswer| {
                if answer.body.starts_with(b"{\"decision\"") {
                    seen.store(answer.body.len(), Ordering::SeqCst);
                    if let Some(byte) = answer.body.get_mut(place) {
                        *byte ^= mask;
                    }
                }
                Ok(answer)
            });
            says_nothing_else(&subject, &truth)
                .unwrap_or_else(|why| panic!("byte {place}, {mask:#x}: {why}"));
            restore(&subject, blank.as_deref());
        }
        place += SHARES;
    }
    site.nobody_between();
    site.allow();
    subject.validate().expect("the next honest answer is accepted");
}

/// So many tests divide the bytes among them.
const SHARES: usize = 4;

/// A change that means nothing, as of a key hint, is accepted and remembered: forget it again.
fn restore(device: &Device, blank: Option<&[u8]>) {
    use sealgate::Store;
    let state = device.state();
    if state.as_deref() != blank {
        let blank = blank.expect("there was a key before");
        assert!(device.store.replace(state.as_deref(), blank).expect("memory writes"));
    }
}

#[test]
fn no_byte_of_a_first_answer_can_be_changed_share_0() {
    each_byte(None, false, 0);
}

#[test]
fn no_byte_of_a_first_answer_can_be_changed_share_1() {
    each_byte(None, false, 1);
}

#[test]
fn no_byte_of_a_first_answer_can_be_changed_share_2() {
    each_byte(None, false, 2);
}

#[test]
fn no_byte_of_a_first_answer_can_be_changed_share_3() {
    each_byte(None, false, 3);
}

#[test]
fn no_byte_of_a_later_answer_can_be_changed() {
    (0..SHARES).for_each(|share| each_byte(None, true, share));
}

#[test]
fn no_byte_of_a_denial_can_be_changed() {
    (0..SHARES).for_each(|share| each_byte(Some("revoked"), true, share));
}

/// A change of an answer's text as it passes.
#[derive(Debug, Clone)]
enum Change {
    Replace(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Cut(prop::sample::Index, usize),
    /// A stretch of another genuine answer of the same server, at the same place.
    Graft(prop::sample::Index, usize),
    /// A member of another genuine answer.
    Member(prop::sample::Index),
    Without(prop::sample::Index),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    use prop::sample::Index;
    let change = prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        (any::<Index>(), 1..200usize).prop_map(|(at, count)| Change::Cut(at, count)),
        (any::<Index>(), 1..3000usize).prop_map(|(at, count)| Change::Graft(at, count)),
        any::<Index>().prop_map(Change::Member),
        any::<Index>().prop_map(Change::Without),
    ];
    prop::collection::vec(change, 1..4)
}

impl Change {
    fn apply(&self, body: &mut Vec<u8>, other: &[u8]) {
        match self {
            Self::Replace(at, byte) => {
                let at = at.index(body.len().max(1));
                body.get_mut(at).into_iter().for_each(|there| *there = *byte);
            }
            Self::Insert(at, byte) => body.insert(at.index(body.len() + 1), *byte),
            Self::Cut(at, count) => {
                let at = at.index(body.len() + 1);
                body.drain(at..(at + count).min(body.len()));
            }
            Self::Graft(at, count) => {
                let at = at.index(body.len().min(other.len()).max(1));
                let end = (at + count).min(body.len()).min(other.len());
                if at < end {
                    body[at..end].copy_from_slice(&other[at..end]);
                }
            }
            Self::Member(at) => members(
                body,
                |text, name| {
                    let other: serde_json::Value = serde_json::from_slice(other).expect("JSON");
                    text[name] = other.get(name).cloned().unwrap_or_default();
                },
                *at,
            ),
            Self::Without(at) => members(body, |text, name| text[name] = serde_json::Value::Null, *at),
        }
    }
}

/// Changes one member, while the text still is an object.
fn members(body: &mut Vec<u8>, change: impl Fn(&mut serde_json::Value, &str), at: prop::sample::Index) {
    let names = ["decision", "certificate", "keyset", "tenant_keyset", "license"];
    if let Ok(mut text @ serde_json::Value::Object(_)) = serde_json::from_slice(body) {
        change(&mut text, names[at.index(names.len())]);
        *body = text.to_string().into_bytes();
    }
}

/// A genuine, complete answer to another device: a wider license that was since replaced, allowed or denied.
fn another(denial: bool) -> &'static HttpAnswer {
    static ANSWERS: [OnceLock<HttpAnswer>; 2] = [OnceLock::new(), OnceLock::new()];
    ANSWERS[usize::from(denial)].get_or_init(|| {
        let site = Site::honest();
        let build = site.trust();
        site.authority().keyset_version += 1;
        site.authority().tenant_version += 1;
        site.authority().next_license().features.push(sealgate::Feature::named("everything"));
        if denial {
            site.deny("revoked", None);
        }
        let _ = Device::new(build, site.clone()).validate();
        let record = site.record.lock().expect("nobody panicked with it");
        record[0].1.clone()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// No random change of a genuine answer is ever accepted as something else.
    #[test]
    fn no_change_makes_an_answer_say_something_else(
        changes in changes(),
        denied: bool,
        graft_denial: bool,
        has_everything: bool,
    ) {
        let site = Site::honest();
        let build = site.trust();
        site.authority().keyset_version += 1;
        site.authority().tenant_version += 1;
        let genuine = Device::new(build, site.clone()).validate().expect("valid");
        let subject = device(&site, build, has_everything);
        let truth = if denied { Truth::Denied("expired".to_owned()) } else { Truth::Allowed(Box::new(genuine)) };
        if denied {
            site.deny("expired", None);
        }
        let other = another(graft_denial);
        site.between(move |mut answer| {
            for change in &changes {
                change.apply(&mut answer.body, &other.body);
            }
            Ok(answer)
        });
        if let Err(why) = says_nothing_else(&subject, &truth) {
            prop_assert!(false, "{}", why);
        }
        site.nobody_between();
        site.allow();
        prop_assert!(subject.validate().is_ok(), "the next honest answer is accepted");
    }
}
