//! Server certificates (`spec/keys.md` §5.7 to §5.9).

use sealgate_artifact::{Code, KeyUse, encode_base64};

use super::case::{Case, Shelf};
use super::ed25519;
use crate::forge::{
    AUTHORITY, DAY, Draft, ISSUER, NOW, OTHER_TENANT, ROOT, SECOND_AUTHORITY, SECOND_SERVER, SERVER,
    STRANGER, Seed, TENANT, World, certificate, certificate_text, entry, keyset, keyset_text, public_text,
    tenant_keyset, tenant_keyset_text, with,
};
use crate::{Artifact, Bytes, Certified, Question};

const ORIGIN: &str = "https://license.example.com";

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::ServerCertificate);
    believed(&mut shelf);
    signatures(&mut shelf);
    scope(&mut shelf);
    windows(&mut shelf);
    keys(&mut shelf);
    revoked(&mut shelf);
    fields(&mut shelf);
    shelf.cases
}

/// The plain question about this certificate.
pub(super) fn question(world: &World, certificate: &Draft) -> Certified {
    Certified {
        chain: world.chain(),
        certificate: Bytes::from(certificate.text().into_bytes()),
        tenant: TENANT.to_owned(),
        origin: ORIGIN.to_owned(),
        operation: "validate".to_owned(),
    }
}

fn of(payload: &str) -> Certified {
    question(&World::of_tenant(), &certificate(payload))
}

fn refuse(shelf: &mut Shelf, name: &str, code: Code, shows: &str, asked: Certified) {
    shelf.refused(name, code, shows, Question::Certificate(Box::new(asked)));
}

fn believe(shelf: &mut Shelf, name: &str, shows: &str, asked: Certified, draft: &Draft) {
    shelf.accepted(name, shows, Question::Certificate(Box::new(asked)), &draft.id());
}

fn believed(shelf: &mut Shelf) {
    let plain = certificate(&certificate_text());
    believe(
        shelf,
        "plain",
        "One tenant, one origin, two operations.",
        question(&World::of_tenant(), &plain),
        &plain,
    );
    for (name, origin) in [
        ("origin_with_port", "https://license.example.com:8443"),
        ("origin_plain_http", "http://127.0.0.1:8080"),
        ("origin_ipv6", "http://[::1]:8080"),
    ] {
        let draft = certificate(&with(&certificate_text(), ORIGIN, origin));
        let asked = Certified { origin: origin.to_owned(), ..question(&World::of_tenant(), &draft) };
        believe(shelf, name, "Another form of origin.", asked, &draft);
    }
    let (begin, end) = ((NOW - DAY).to_string(), (NOW + 20 * DAY).to_string());
    let longest = with(&certificate_text(), &end, &(NOW + 30 * DAY).to_string());
    let longest = certificate(&longest);
    believe(
        shelf,
        "of_31_days",
        "As long as a certificate may hold.",
        question(&World::of_tenant(), &longest),
        &longest,
    );
    let longer = with(&certificate_text(), &end, &(NOW + 30 * DAY + 1).to_string());
    refuse(
        shelf,
        "of_31_days_and_a_second",
        Code::FieldInvalid,
        "A second longer than it may hold.",
        of(&longer),
    );
    let empty = with(&certificate_text(), &end, &begin);
    refuse(shelf, "empty_window", Code::FieldInvalid, "It ends when it begins.", of(&empty));
}

fn signatures(shelf: &mut Shelf) {
    let by = |seed: Seed| {
        question(
            &World::of_tenant(),
            &Draft::new("server-certificate", certificate_text()).signed(seed, KeyUse::Authority),
        )
    };
    for (name, seed, shows) in [
        ("signed_by_root", ROOT, "A root signs no certificates."),
        ("signed_by_issuer", ISSUER, "An issuer signs no certificates."),
        ("signed_by_itself", SERVER, "The server signed its own certificate."),
        ("signed_by_stranger", STRANGER, "A key signed that stands nowhere."),
    ] {
        refuse(shelf, name, Code::SignatureInvalid, shows, by(seed));
    }
    let second = entry("authority", &public_text(SECOND_AUTHORITY), "revoked");
    let text = with(&keyset_text(), "]}", &format!(",{second}]}}"));
    let revoked = World { keyset: keyset(&text), ..World::of_tenant() };
    let by_revoked =
        Draft::new("server-certificate", certificate_text()).signed(SECOND_AUTHORITY, KeyUse::Authority);
    refuse(
        shelf,
        "authority_revoked",
        Code::SignatureInvalid,
        "A revoked authority signed it.",
        question(&revoked, &by_revoked),
    );
}

fn scope(shelf: &mut Shelf) {
    let plain = || of(&certificate_text());
    let tenant = Certified { tenant: OTHER_TENANT.to_owned(), ..plain() };
    refuse(shelf, "other_tenant", Code::ServerScope, "Another tenant than those it may speak for.", tenant);
    for (name, origin) in [
        ("other_origin", "https://license.example.org"),
        ("other_scheme", "http://license.example.com"),
        ("other_port", "https://license.example.com:8443"),
        ("origin_with_slash", "https://license.example.com/"),
        ("subdomain", "https://a.license.example.com"),
    ] {
        let asked = Certified { origin: origin.to_owned(), ..plain() };
        refuse(shelf, name, Code::ServerScope, "Another origin than the one it may be found at.", asked);
    }
    let operation = Certified { operation: "issue".to_owned(), ..plain() };
    refuse(
        shelf,
        "other_operation",
        Code::ServerScope,
        "Another operation than those it may answer.",
        operation,
    );
    let mut late = Certified { operation: "issue".to_owned(), ..plain() };
    late.chain.now = NOW + 21 * DAY;
    refuse(
        shelf,
        "other_operation_and_expired",
        Code::ServerScope,
        "The scope is judged before the window.",
        late,
    );
}

fn windows(shelf: &mut Shelf) {
    let (begin, end) = (NOW - DAY, NOW + 20 * DAY);
    let draft = certificate(&certificate_text());
    let at = |now| question(&World { now, ..World::of_tenant() }, &draft);
    believe(shelf, "a_day_before_begin", "A clock that is exactly a day behind.", at(begin - DAY), &draft);
    believe(shelf, "last_second", "The last second of the window.", at(end - 1), &draft);
    refuse(
        shelf,
        "before_begin",
        Code::CertificateNotYetValid,
        "A clock that is a day and a second behind.",
        at(begin - DAY - 1),
    );
    refuse(shelf, "at_end", Code::CertificateExpired, "The first second after the window.", at(end));
}

fn keys(shelf: &mut Shelf) {
    let keyed = |key: &str| of(&with(&certificate_text(), &public_text(SERVER), key));
    for (name, seed) in [("is_the_root", ROOT), ("is_the_authority", AUTHORITY), ("is_the_issuer", ISSUER)] {
        refuse(
            shelf,
            name,
            Code::KeyDuplicate,
            "The server's key has another use already.",
            keyed(&public_text(seed)),
        );
    }
    let mixed = encode_base64(&ed25519::mixed_order_key());
    refuse(
        shelf,
        "key_of_mixed_order",
        Code::KeyWeak,
        "The server's key has a torsion component.",
        keyed(&mixed),
    );
    refuse(shelf, "key_short", Code::KeyMalformed, "A key of 31 bytes.", keyed(&encode_base64(&[7; 31])));
}

/// `spec/keys.md` §5.10.
fn revoked(shelf: &mut Shelf) {
    let draft = certificate(&certificate_text());
    let listed = |key_use: &str, seed: Seed, state: &str| {
        let entry = entry(key_use, &public_text(seed), state);
        move |text: &str| with(text, "]}", &format!(",{entry}]}}"))
    };
    let in_keyset = |key_use: &str, seed: Seed, state: &str| World {
        keyset: keyset(&listed(key_use, seed, state)(&keyset_text())),
        ..World::of_tenant()
    };
    let in_tenant_keyset = |key_use: &str, seed: Seed, state: &str| World {
        tenant_keyset: tenant_keyset(&listed(key_use, seed, state)(&tenant_keyset_text())),
        ..World::of_tenant()
    };
    let beside = in_keyset("server", SECOND_SERVER, "revoked");
    believe(shelf, "other_server_revoked", "Another server was revoked.", question(&beside, &draft), &draft);
    for (name, code, shows, world) in [
        (
            "revoked_in_keyset",
            Code::ServerRevoked,
            "The keyset lists the server's key as revoked.",
            in_keyset("server", SERVER, "revoked"),
        ),
        (
            "revoked_in_tenant_keyset",
            Code::ServerRevoked,
            "The tenant keyset does.",
            in_tenant_keyset("server", SERVER, "revoked"),
        ),
        (
            "listed_as_active_server",
            Code::KeyDuplicate,
            "A server is named by its certificate, not by a list.",
            in_keyset("server", SERVER, "active"),
        ),
        (
            "listed_as_retired_server",
            Code::KeyDuplicate,
            "Retired is not revoked.",
            in_tenant_keyset("server", SERVER, "retired"),
        ),
        (
            "listed_as_revoked_issuer",
            Code::KeyDuplicate,
            "A key that was revoked for another use.",
            in_tenant_keyset("issuer", SERVER, "revoked"),
        ),
        (
            "revoked_and_expired",
            Code::CertificateExpired,
            "The window is judged before the key.",
            World { now: NOW + 20 * DAY, ..in_keyset("server", SERVER, "revoked") },
        ),
    ] {
        refuse(shelf, name, code, shows, question(&world, &draft));
    }
    let elsewhere = Certified {
        operation: "issue".to_owned(),
        ..question(&in_keyset("server", SERVER, "revoked"), &draft)
    };
    let shows = "The scope is judged before the key.";
    refuse(shelf, "revoked_and_other_operation", Code::ServerScope, shows, elsewhere);
}

fn fields(shelf: &mut Shelf) {
    let text = certificate_text();
    let mut refused = |name: &str, code: Code, shows: &str, old: &str, new: &str| {
        refuse(shelf, name, code, shows, of(&with(&text, old, new)));
    };
    let tenants = format!("[\"{TENANT}\"]");
    refused("no_tenant", Code::FieldInvalid, "An empty list is not every tenant.", &tenants, "[]");
    refused("tenants_null", Code::FieldInvalid, "`null` is not every tenant.", &tenants, "null");
    refused(
        "tenant_twice",
        Code::FieldInvalid,
        "A tenant twice.",
        &tenants,
        &format!("[\"{TENANT}\",\"{TENANT}\"]"),
    );
    refused("tenant_star", Code::FieldInvalid, "A star is no identifier.", &tenants, "[\"*\"]");
    let operations = "[\"validate\",\"heartbeat\"]";
    refused("no_operation", Code::FieldInvalid, "No operation.", operations, "[]");
    refused("operation_star", Code::FieldInvalid, "A star is no operation.", operations, "[\"*\"]");
    let many: Vec<String> = (0..17).map(|n| format!("\"a{n}\"")).collect();
    refused(
        "operations_17",
        Code::FieldInvalid,
        "One operation too many.",
        operations,
        &format!("[{}]", many.join(",")),
    );
    for (name, origin) in [
        ("origin_upper_case", "https://License.example.com"),
        ("origin_own_port", "https://license.example.com:443"),
        ("origin_port_zero", "https://license.example.com:0"),
        ("origin_two_ports", "https://license.example.com:1:2"),
        ("origin_path", "https://license.example.com/"),
        ("origin_user", "https://a@license.example.com"),
        ("origin_empty_host", "https://:8443"),
        ("origin_other_scheme", "ftp://license.example.com"),
        ("origin_wildcard", "https://*.example.com"),
    ] {
        refused(name, Code::FieldInvalid, "Not the one spelling of an origin.", ORIGIN, origin);
    }
    refused(
        "crit_unknown",
        Code::CritUnknown,
        "An unknown meaning is marked as critical.",
        "\"tenants\"",
        "\"crit\":[\"log\"],\"tenants\"",
    );
}
