//! Seed 002, "Heartbeat failing": what stands between the machine and the server.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use super::{found, is, said, words};
use crate::program::{Machine, Outcome, Vendor, run};

/// The machine of a vendor, that asks a server there; the outcome, and why it failed.
fn asks(machine: &Machine, server: &str) -> (Outcome, String) {
    because(machine.run(&format!("doctor --server {server}")))
}

fn because(outcome: Outcome) -> (Outcome, String) {
    let because = said(&outcome, "server")["because"].as_str().unwrap_or_default().to_owned();
    (outcome, because)
}

/// Nothing listens there; a port that was free a moment ago may be another test's now.
const NOWHERE: &str = "http://127.0.0.1:9";

fn port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}

fn at(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().expect("bound"))
}

/// "Verify endpoint is reachable".
#[test]
fn a_closed_port_is_refused() {
    let machine = Vendor::new().machine();
    let (outcome, because) = asks(&machine, NOWHERE);
    assert_eq!((found(&outcome, "server"), &*because), (is("error", "server_unreachable"), "refused"));
    assert!(words(&said(&outcome, "server")).contains("nothing listens on port"), "{outcome:?}");
}

/// The endpoint is the configuration's where no other is named.
#[test]
fn the_configured_endpoint_is_asked() {
    let vendor = Vendor::new();
    let machine = vendor.machine();
    let config = machine.path("app.json");
    let looks = |endpoint: &str| {
        let text = json!({ "LicenseConfigs": { "Mode": "Online", "Online": { "Endpoint": endpoint } } });
        std::fs::write(&config, text.to_string()).expect("written");
        let mut command = machine.command(&format!("doctor --config {}", config.display()));
        because(run(command.env_remove("SGLIC_SERVER")))
    };
    let (outcome, _) = looks(&vendor.server.url);
    assert_eq!(found(&outcome, "server"), is("ok", ""), "{outcome:?}");
    assert_eq!(looks(NOWHERE).1, "refused");
    assert_eq!(looks("license.example.com").1, "configuration");
    std::fs::write(&config, r#"{"LicenseConfigs": {"Mode": "Offline"}}"#).expect("written");
    let mut command = machine.command(&format!("doctor --config {}", config.display()));
    let offline = run(command.env_remove("SGLIC_SERVER"));
    assert_eq!(found(&offline, "server"), is("ok", ""));
    assert!(words(&said(&offline, "server")).contains("asks no server"));
}

/// "Check network": the name.
#[test]
fn a_name_that_nobody_knows_is_told() {
    let machine = Vendor::new().machine();
    let (outcome, because) = asks(&machine, "https://no-such-server.invalid");
    assert_eq!((found(&outcome, "server"), &*because), (is("error", "server_unreachable"), "name_unknown"));
    assert!(words(&said(&outcome, "server")).contains("DNS"), "{outcome:?}");
}

/// "Check network": the proxy, and a variable that is not used.
#[test]
fn a_proxy_that_is_away_is_told() {
    let machine = Vendor::new().machine();
    let proxy = NOWHERE.replace("http://", "http://user:hunter2@");
    let words_ = format!("doctor --server https://license.example.com --proxy {proxy}");
    let (outcome, because) = because(machine.run(&words_));
    assert_eq!((found(&outcome, "server"), &*because), (is("error", "server_unreachable"), "proxy"));
    assert!(!outcome.stdout.contains("hunter2") && !outcome.stderr.contains("hunter2"), "{outcome:?}");
    let mut command = machine.command(&format!("doctor --server {NOWHERE}"));
    let outcome = run(command.env("HTTPS_PROXY", &proxy));
    assert!(
        words(&said(&outcome, "server")).contains("HTTPS_PROXY is set, and not used here"),
        "{outcome:?}"
    );
    assert!(!outcome.stdout.contains("hunter2"), "{outcome:?}");
}

/// "Check network": somebody opens TLS.
#[test]
fn a_certificate_that_nobody_trusts_is_told() {
    let machine = Vendor::new().machine();
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("sound");
    let certificate = params.self_signed(&key).expect("signs");
    let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()));
    let (listener, tls) = (port(), Arc::new(tls.expect("the key fits")));
    let address = format!("https://localhost:{}", listener.local_addr().expect("bound").port());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(tls.clone()).expect("a sound configuration");
            let _ = StreamOwned::new(connection, stream).read(&mut [0; 1024]);
        }
    });
    let (outcome, because) = asks(&machine, &address);
    assert_eq!(because, "tls", "{outcome:?}");
    assert!(words(&said(&outcome, "server")).contains("clock"), "{outcome:?}");
}

/// Another server at the address, or a page of the network's own.
#[test]
fn an_answer_of_somebody_elses_is_told() {
    let machine = Vendor::new().machine();
    let listener = port();
    let address = at(&listener);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ =
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
        }
    });
    assert_eq!(asks(&machine, &address).1, "other_answer");
    let other = Vendor::new();
    assert!(["other_answer", "not_the_vendors"].contains(&&*asks(&machine, &other.server.url).1));
}

/// "Increase timeout": the configuration's is the one that counts.
#[test]
fn a_server_that_is_too_slow_is_told_with_the_setting() {
    let machine = Vendor::new().machine();
    let (listener, config) = (port(), machine.path("app.json"));
    let text = json!({ "LicenseConfigs": { "Mode": "Online", "Online": { "TimeoutSeconds": 1 } } });
    std::fs::write(&config, text.to_string()).expect("written");
    // Connections are taken, and nobody reads.
    let words_ = format!("doctor --server {} --config {}", at(&listener), config.display());
    let (outcome, because) = because(machine.run(&words_));
    assert_eq!((found(&outcome, "server"), &*because), (is("error", "server_unreachable"), "timed_out"));
    let check = words(&said(&outcome, "server"));
    assert!(check.contains("within 1 s") && check.contains("TimeoutSeconds"), "{outcome:?}");
}

#[test]
fn a_clock_that_is_behind_is_told() {
    let vendor = Vendor::new();
    let machine = vendor.machine();
    machine.activate(&vendor.issue(&json!({}))).json();
    assert_eq!(found(&machine.run_at("-3d", "doctor"), "clock"), is("error", "not_yet_valid"));
    assert_eq!(found(&machine.run("doctor"), "clock"), is("ok", ""));
}

/// "Verify license key: not revoked or expired".
#[test]
fn a_license_that_was_revoked_or_has_expired_is_told() {
    let vendor = Vendor::new();
    let (revoked, short) = (vendor.issue(&json!({})), vendor.machine());
    let machine = vendor.machine();
    machine.activate(&revoked).json();
    vendor.change(&revoked, "revoke");
    machine.run("heartbeat").refused(1, "revoked");
    assert_eq!(found(&machine.run("doctor"), "license"), is("error", "revoked"));
    short.activate(&vendor.issue(&json!({ "expires_at": "2100-01-01T00:00:00Z" }))).json();
    assert_eq!(found(&short.run("doctor"), "license"), is("ok", ""));
    let ended = short.run_at("@2100-01-02 00:00:00", "doctor");
    assert_eq!(found(&ended, "license").0, "error", "{ended:?}");
}
