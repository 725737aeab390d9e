//! Answers of servers to heartbeats (`spec/activation.md` §7.2 and §7.3).

use sealgate_artifact::{Code, KeyUse};

use super::case::{Case, Shelf};
use super::certificate;
use super::fields::saying;
use crate::admission::{
    ACTIVATION, NONCES, UPDATE, admitted_text, answer, ended_text, heartbeat, heartbeat_text, proof,
    proof_text, refused_text, second_heartbeat_text,
};
use crate::forge::{
    APP, APP_KEY, AUTHORITY, DAY, DEVICE, Draft, ISSUER, LICENSE, NOW, OTHER_APP, OTHER_TENANT, ROOT,
    SECOND_DEVICE, SECOND_SERVER, SERVER, STRANGER, Seed, TENANT, World, certificate_text, entry, keyset,
    keyset_text, public_text, with,
};
use crate::{Artifact, Beaten, Bytes, Certified, Question};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::HeartbeatAnswer);
    believed(&mut shelf);
    signatures(&mut shelf);
    unsigned(&mut shelf);
    other_questions(&mut shelf);
    order(&mut shelf);
    scope(&mut shelf);
    windows(&mut shelf);
    certificates(&mut shelf);
    shelf.cases
}

/// A heartbeat of a device and what it was answered, under a sound chain.
#[derive(Debug, Clone)]
pub(super) struct Beat {
    world: World,
    certificate: Draft,
    request: Draft,
    /// What the caller asked for when it verified the certificate.
    operation: &'static str,
    pub(super) answer: Draft,
}

impl Beat {
    /// The plain heartbeat, answered by this payload.
    pub(super) fn of(payload: &str) -> Self {
        Self::answered(answer(payload))
    }

    /// The first heartbeat, after which the device is still admitted.
    pub(super) fn plain() -> Self {
        Self::of(&admitted_text(&heartbeat(&heartbeat_text())))
    }

    /// The plain heartbeat, answered by this statement.
    pub(super) fn answered(answer: Draft) -> Self {
        Self {
            world: World::of_tenant(),
            certificate: crate::forge::certificate(&certificate_text()),
            request: heartbeat(&heartbeat_text()),
            operation: "heartbeat",
            answer,
        }
    }

    pub(super) fn question(&self) -> Question {
        let text = |draft: &Draft| Bytes::from(draft.text().into_bytes());
        let certified = certificate::question(&self.world, &self.certificate);
        Question::HeartbeatAnswer(Box::new(Beaten {
            certified: Certified { operation: self.operation.to_owned(), ..certified },
            request: text(&self.request),
            answer: text(&self.answer),
        }))
    }

    pub(super) fn ids(&self) -> String {
        [&self.certificate, &self.request, &self.answer].map(Draft::id).join(" ")
    }
}

/// The three forms of an answer to the plain heartbeat: what each name begins with, what it is called, its payload.
fn forms() -> [(&'static str, &'static str, String); 3] {
    let plain = heartbeat(&heartbeat_text());
    [
        ("", "", admitted_text(&plain)),
        ("ended_", "An end: ", ended_text(&plain)),
        ("refused_", "A refusal: ", refused_text(&plain)),
    ]
}

pub(super) fn believe(shelf: &mut Shelf, name: &str, shows: &str, beat: &Beat) {
    shelf.accepted(name, shows, beat.question(), &beat.ids());
}

pub(super) fn refuse(shelf: &mut Shelf, name: &str, code: Code, shows: &str, beat: &Beat) {
    shelf.refused(name, code, shows, beat.question());
}

fn believed(shelf: &mut Shelf) {
    let [(_, _, admitted), (_, _, ended), (_, _, refused)] = forms();
    believe(shelf, "plain", "The device is still admitted.", &Beat::of(&admitted));
    believe(shelf, "ended", "The heartbeat counted, and rights end a day from now on.", &Beat::of(&ended));
    believe(shelf, "refused", "The heartbeat did not count; asking again may help.", &Beat::of(&refused));
    let second = heartbeat(&second_heartbeat_text());
    for (name, shows, text) in [
        ("second", "The second heartbeat was answered.", admitted_text(&second)),
        ("second_ended", "The second heartbeat was the last with rights.", ended_text(&second)),
        ("second_refused", "The second heartbeat did not count.", refused_text(&second)),
    ] {
        believe(shelf, name, shows, &Beat { request: second.clone(), ..Beat::of(&text) });
    }
    let mut beside = Beat::plain();
    beside.answer = beside.answer.signed(STRANGER, KeyUse::Server);
    believe(shelf, "signed_by_stranger_too", "A signature beside the server's is ignored.", &beside);
}

fn signatures(shelf: &mut Shelf) {
    for (name, seed, key_use, shows) in [
        (
            "signed_by_activation_key",
            ACTIVATION,
            KeyUse::Activation,
            "A key that admits devices answers nothing.",
        ),
        ("signed_by_update_key", UPDATE, KeyUse::Update, "A key for releases answers nothing."),
        ("signed_by_authority", AUTHORITY, KeyUse::Authority, "An authority certifies; it answers nothing."),
        ("signed_by_issuer", ISSUER, KeyUse::Issuer, "An issuer signs licenses, not answers."),
        ("signed_by_app_key", APP_KEY, KeyUse::App, "An app's key signs on another wire."),
        ("signed_by_root", ROOT, KeyUse::Root, "A root answers nothing."),
        ("signed_by_device", DEVICE, KeyUse::Device, "The device answered itself."),
        (
            "signed_by_other_server",
            SECOND_SERVER,
            KeyUse::Server,
            "Another server than the certificate names.",
        ),
        ("signed_by_stranger", STRANGER, KeyUse::Server, "A key that stands nowhere."),
    ] {
        let by = |seed: Seed, key_use: KeyUse| {
            Beat::answered(Draft { signatures: vec![], ..Beat::plain().answer }.signed(seed, key_use))
        };
        refuse(shelf, name, Code::SignatureInvalid, shows, &by(seed, key_use));
    }
    let [(_, _, admitted), (_, _, ended), _] = forms();
    for (name, shows, signed, said) in [
        (
            "end_turned_into_admission",
            "The signature under an end, put under an admission.",
            &ended,
            &admitted,
        ),
        (
            "admission_turned_into_end",
            "The signature under an admission, put under an end.",
            &admitted,
            &ended,
        ),
    ] {
        let mut forged = Beat::of(said);
        forged.answer.signatures = answer(signed).signatures;
        refuse(shelf, name, Code::SignatureInvalid, shows, &forged);
    }
}

fn unsigned(shelf: &mut Shelf) {
    let mut empty = Beat::of(&forms()[1].2);
    empty.answer.signatures = vec![(String::new(), vec![0; 64])];
    refuse(shelf, "end_unsigned", Code::SignatureInvalid, "An end that nobody signed is no end.", &empty);
    let carried = Beat::answered(Beat::plain().answer.carrying(b"entries"));
    let shows = "A kind that knows no attachments is read as a bare envelope only.";
    refuse(shelf, "with_attachment", Code::EnvelopeInvalid, shows, &carried);
    for (name, code, text, shows) in [
        (
            "problem",
            Code::EnvelopeInvalid,
            r#"{"code":"revoked","message":"The license was revoked.","request_id":"1"}"#,
            "An error's body, whatever it says, ends nothing.",
        ),
        ("page", Code::JsonInvalid, "<html>402 Payment Required</html>", "A page of whoever sits between."),
        ("nothing", Code::JsonInvalid, "", "An empty answer."),
    ] {
        let Question::HeartbeatAnswer(mut asked) = Beat::plain().question() else {
            unreachable!("just made")
        };
        asked.answer = Bytes::from(text.as_bytes().to_vec());
        shelf.refused(&format!("is_a_{name}"), code, shows, Question::HeartbeatAnswer(asked));
    }
    let mut forged = Beat::plain();
    forged.request.signatures = vec![(String::new(), vec![0; 64])];
    let shows = "The heartbeat was not signed by the device that it names.";
    refuse(shelf, "request_unsigned", Code::SignatureInvalid, shows, &forged);
}

/// `spec/activation.md` §7.3, of every form of answer.
fn other_questions(shelf: &mut Shelf) {
    let sent = heartbeat(&heartbeat_text()).id();
    let other = heartbeat(&second_heartbeat_text()).id();
    let device = format!("\"device_key\":\"{}\"", public_text(DEVICE));
    let second_device = format!("\"device_key\":\"{}\"", public_text(SECOND_DEVICE));
    let proof = format!("\"proof\":\"{}\"", proof(&proof_text()).id());
    let other_proof = format!("\"proof\":\"{other}\"");
    let flipped = with(NONCES[0], "0f", "0e");
    for (form, called, text) in forms() {
        for (name, code, shows, old, new) in [
            ("other_tenant", Code::WrongTenant, "It answers for another tenant.", TENANT, OTHER_TENANT),
            ("other_app", Code::WrongApp, "It answers for another app.", APP, OTHER_APP),
            ("other_license", Code::NonceMismatch, "It is about another license.", LICENSE, APP),
            ("other_device", Code::NonceMismatch, "It is about another device.", &device, &second_device),
            ("other_proof", Code::NonceMismatch, "It is about another proof.", &proof, &other_proof),
            ("other_request", Code::NonceMismatch, "It names another heartbeat.", &sent, &other),
            ("other_seq", Code::NonceMismatch, "It counts another heartbeat.", "\"seq\":1", "\"seq\":2"),
            ("nonce_flipped", Code::NonceMismatch, "One bit of the nonce differs.", NONCES[0], &flipped),
        ] {
            let beat = Beat::of(&with(&text, old, new));
            refuse(shelf, &format!("{form}{name}"), code, &format!("{called}{shows}"), &beat);
        }
        let later = heartbeat(&second_heartbeat_text());
        let replayed = Beat { request: later, ..Beat::of(&text) };
        let shows = format!("{called}What answered an earlier heartbeat.");
        refuse(shelf, &format!("{form}replayed"), Code::NonceMismatch, &shows, &replayed);
    }
}

fn order(shelf: &mut Shelf) {
    let text = admitted_text(&heartbeat(&heartbeat_text()));
    let both = Beat::of(&with(&with(&text, TENANT, OTHER_TENANT), APP, OTHER_APP));
    let shows = "The tenant is judged before the app.";
    refuse(shelf, "other_tenant_and_app", Code::WrongTenant, shows, &both);
    let both = Beat::of(&with(&with(&text, APP, OTHER_APP), NONCES[0], NONCES[2]));
    refuse(shelf, "other_app_and_nonce", Code::WrongApp, "The app is judged before the nonce.", &both);
    let spoilt = saying(&with(&text, APP, OTHER_APP), "epoch", "-1");
    let shows = "The form is judged before the app.";
    refuse(shelf, "other_app_and_epoch_negative", Code::FieldInvalid, shows, &Beat::of(&spoilt));
    let mut unsigned = Beat::of(&with(&text, APP, OTHER_APP));
    unsigned.answer.signatures = vec![(String::new(), vec![0; 64])];
    let shows = "The signature is judged before what is said.";
    refuse(shelf, "other_app_and_unsigned", Code::SignatureInvalid, shows, &unsigned);
}

fn scope(shelf: &mut Shelf) {
    let narrow = crate::forge::certificate(&with(
        &certificate_text(),
        "[\"validate\",\"heartbeat\"]",
        "[\"validate\"]",
    ));
    let uncovered = Beat { certificate: narrow.clone(), ..Beat::plain() };
    let shows = "A server that is certified for `validate` alone.";
    refuse(shelf, "operation_not_covered", Code::ServerScope, shows, &uncovered);
    let other = Beat { operation: "validate", ..uncovered };
    let shows = "The same, and the certificate was verified for `validate`: an answer to a heartbeat needs `heartbeat`.";
    refuse(shelf, "certified_for_another_operation", Code::ServerScope, shows, &other);
    let both = Beat { operation: "validate", ..Beat::plain() };
    let shows = "A certificate that was verified for `validate` and covers `heartbeat`, too.";
    believe(shelf, "certified_for_both", shows, &both);
    let late = admitted_text(&heartbeat(&heartbeat_text()));
    let late = with(&late, &format!("\"issued_at\":{NOW}"), &format!("\"issued_at\":{}", NOW + 21 * DAY));
    let late = Beat { operation: "validate", certificate: narrow, ..Beat::of(&late) };
    refuse(
        shelf,
        "operation_not_covered_and_late",
        Code::ServerScope,
        "The scope is judged before the time.",
        &late,
    );
    let nonce = with(&admitted_text(&heartbeat(&heartbeat_text())), NONCES[0], NONCES[2]);
    let nonce = Beat { answer: answer(&nonce), ..other };
    let shows = "What was asked is judged before the scope.";
    refuse(shelf, "nonce_and_operation_not_covered", Code::NonceMismatch, shows, &nonce);
    let elsewhere = heartbeat(&with(&heartbeat_text(), TENANT, OTHER_TENANT));
    let elsewhere = Beat { answer: answer(&admitted_text(&elsewhere)), request: elsewhere, ..Beat::plain() };
    let shows = "Certified for one tenant, asked by and answering another.";
    refuse(shelf, "tenant_not_covered", Code::ServerScope, shows, &elsewhere);
}

fn windows(shelf: &mut Shelf) {
    let (begin, end) = (NOW - DAY, NOW + 20 * DAY);
    let issued = format!("\"issued_at\":{NOW}");
    let at = |time: u64| {
        let text = admitted_text(&heartbeat(&heartbeat_text()));
        Beat::of(&with(&text, &issued, &format!("\"issued_at\":{time}")))
    };
    let shows = "A server whose clock was a day behind when it was certified.";
    believe(shelf, "a_day_before_begin", shows, &at(begin - DAY));
    believe(shelf, "last_second", "The certificate's last second.", &at(end - 1));
    let shows = "A second more than a day before the certificate's window.";
    refuse(shelf, "before_begin", Code::CertificateNotYetValid, shows, &at(begin - DAY - 1));
    let shows = "The first second after the certificate's window.";
    refuse(shelf, "at_end", Code::CertificateExpired, shows, &at(end));
    let mut both = at(end);
    both.request = heartbeat(&second_heartbeat_text());
    let shows = "What was asked is judged before the time.";
    refuse(shelf, "replayed_and_late", Code::NonceMismatch, shows, &both);
}

fn certificates(shelf: &mut Shelf) {
    let revoked = entry("server", &public_text(SERVER), "revoked");
    let text = with(&keyset_text(), "]}", &format!(",{revoked}]}}"));
    let world = World { keyset: keyset(&text), ..World::of_tenant() };
    let stopped = Beat { world, ..Beat::plain() };
    refuse(shelf, "server_revoked", Code::ServerRevoked, "The server's key was revoked.", &stopped);
    let world = World { now: NOW + 20 * DAY, ..World::of_tenant() };
    let late = Beat { world, ..Beat::plain() };
    let shows = "The certificate is over when the answer comes, though it was not when the server answered.";
    refuse(shelf, "certificate_expired", Code::CertificateExpired, shows, &late);
    let own = Draft::new("server-certificate", certificate_text()).signed(SERVER, KeyUse::Authority);
    let untrusted = Beat { certificate: own, ..Beat::plain() };
    refuse(
        shelf,
        "certificate_of_its_own",
        Code::SignatureInvalid,
        "A server that certified itself.",
        &untrusted,
    );
}
