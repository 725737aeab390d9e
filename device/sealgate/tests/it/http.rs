//! The transport over sockets.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::time::Duration;

use sealgate::{Builder, Client, ConfigurationError, Error, HttpTransport, MemoryStore, SecurityError};

use crate::authority::{Authority, key};
use crate::listener::{FAR, Port, tls};
use crate::site::{Site, TestClock};

fn builder(trust: &'static [u8], server: &str) -> Builder {
    let clock = TestClock(Arc::new(crate::authority::NOW.into()));
    Client::builder(trust).server(server).store(MemoryStore::new()).clock(clock)
}

fn over_tls(trust: &'static [u8], server: &str, authority: &str) -> Client {
    let transport =
        HttpTransport::builder().certificate_authority(authority).timeout(Duration::from_secs(20));
    builder(trust, server).transport(transport.build().expect("configured")).build().expect("configured")
}

#[test]
fn a_server_on_a_socket_is_asked() {
    let port = Port::open();
    let origin = format!("http://127.0.0.1:{}", port.number());
    let site = Site::of(Authority::new(1, &origin));
    let client = builder(site.trust(), &origin).build().expect("configured");
    port.http(site.clone());
    client.validate_license(&key()).expect("valid");
    // Rotated roots are asked for over the same way.
    site.authority().roots.push(vec![51]);
    site.authority().keyset_version += 1;
    client.validate_license(&key()).expect("valid");
    assert_eq!(site.trusts.load(Ordering::SeqCst), 1);
}

#[test]
fn an_impostor_on_a_socket_is_untrusted() {
    let port = Port::open();
    let origin = format!("http://127.0.0.1:{}", port.number());
    let vendor = Authority::new(1, &origin);
    port.http(Site::of(Authority::new(101, &origin)));
    let client = builder(vendor.trust_json(), &origin).build().expect("configured");
    let error = client.validate_license(&key()).expect_err("not the vendor's");
    assert!(matches!(error, Error::Security(SecurityError::ServerUntrusted(_))), "{error}");
}

/// The attacker's TLS is perfectly valid for this client; its Sealgate keys are its own.
#[test]
fn a_valid_tls_certificate_makes_nobody_the_vendors_server() {
    let port = Port::open();
    let origin = format!("https://localhost:{}", port.number());
    let vendor = Authority::new(1, &origin);
    let (authority, config) = tls();
    port.https(Site::of(Authority::new(101, &origin)), config);
    let client = over_tls(vendor.trust_json(), &origin, &authority);
    let error = client.validate_license(&key()).expect_err("not the vendor's");
    assert!(matches!(error, Error::Security(SecurityError::ServerUntrusted(_))), "{error}");
}

#[test]
fn the_vendors_server_is_believed_over_tls_under_a_custom_authority_only() {
    let port = Port::open();
    let origin = format!("https://localhost:{}", port.number());
    let site = Site::of(Authority::new(1, &origin));
    let (authority, config) = tls();
    let trust = site.trust();
    port.https(site, config);
    over_tls(trust, &origin, &authority).validate_license(&key()).expect("valid");
    let (stranger, _) = tls();
    let web = builder(trust, &origin).build().expect("configured");
    for client in [over_tls(trust, &origin, &stranger), web] {
        let error = client.validate_license(&key()).expect_err("TLS does not hold");
        assert_eq!(error.code(), "tls_untrusted", "{error}");
        assert!(error.fix().contains("certificate_authority"), "{}", error.fix());
    }
}

/// Whoever stands between and wants to know who asks says so instead of the server: in the place of its answer, or of the way to it.
#[test]
fn a_proxy_or_a_network_that_wants_a_sign_in_is_named() {
    for (status, words) in [(407, "user and a password"), (511, "sign in")] {
        let reply = format!("HTTP/1.1 {status} Any\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        for far in [Some("http"), Some("https"), None] {
            let between = Port::open();
            let here = format!("http://127.0.0.1:{}", between.number());
            let origin = far.map_or_else(|| here.clone(), |scheme| format!("{scheme}://{FAR}:9"));
            let trust = Authority::new(1, &origin).trust_json();
            let transport = HttpTransport::builder();
            let transport = if far.is_some() { transport.proxy(here) } else { transport };
            between.raw(reply.clone().into_bytes().leak());
            let client = builder(trust, &origin).danger_plain_http();
            let client = client.transport(transport.build().expect("configured")).build();
            let error = client.expect("configured").validate_license(&key()).expect_err("no answer");
            assert_eq!(error.code(), "server_unreachable", "{origin} {status}: {error}");
            assert!(error.fix().contains(words), "{origin} {status}: {error}. {}", error.fix());
        }
    }
}

#[test]
fn a_proxy_is_gone_through() {
    let (port, proxy) = (Port::open(), Port::open());
    let origin = format!("https://{FAR}:{}", port.number());
    let site = Site::of(Authority::new(1, &origin));
    let (authority, config) = tls();
    let trust = site.trust();
    port.https(site, config);
    let transport = HttpTransport::builder()
        .certificate_authority(authority)
        .proxy(format!("http://127.0.0.1:{}", proxy.number()))
        .build()
        .expect("configured");
    let (told, asked) = channel();
    proxy.proxy(told);
    let client = builder(trust, &origin).transport(transport).build().expect("configured");
    client.validate_license(&key()).expect("valid");
    let line = asked.try_recv().expect("it was gone through");
    assert!(line.starts_with(&format!("CONNECT {FAR}:")), "{line}");
}

/// The proxy would read the license key, and would ask its own machine.
#[test]
fn this_machine_is_asked_without_the_proxy() {
    for host in ["127.0.0.1", "localhost"] {
        let (port, proxy) = (Port::open(), Port::open());
        let origin = format!("http://{host}:{}", port.number());
        let site = Site::of(Authority::new(1, &origin));
        let trust = site.trust();
        port.http(site);
        let transport =
            HttpTransport::builder().proxy(format!("http://127.0.0.1:{}", proxy.number())).build();
        let (told, asked) = channel();
        proxy.proxy(told);
        let client = builder(trust, &origin).transport(transport.expect("configured")).build();
        let valid = client.expect("configured").validate_license(&key());
        assert!(asked.try_recv().is_err(), "{host}: the proxy was asked");
        valid.unwrap_or_else(|error| panic!("{host}: {error}"));
    }
}

/// A redirect would carry the license key to where nobody checked.
#[test]
fn redirects_are_not_followed() {
    let (port, elsewhere) = (Port::open(), Port::open());
    let origin = format!("http://127.0.0.1:{}", port.number());
    let site = Site::of(Authority::new(1, &origin));
    let trust = site.trust();
    let to = format!(
        "HTTP/1.1 307 Any\r\nlocation: http://127.0.0.1:{}/api/v1/validate\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        elsewhere.number()
    );
    port.raw(to.into_bytes().leak());
    elsewhere.http(site.clone());
    let client = builder(trust, &origin).build().expect("configured");
    let error = client.validate_license(&key()).expect_err("no answer");
    assert_eq!(error.code(), "answer_invalid", "{error}");
    assert_eq!(site.validations.load(Ordering::SeqCst), 0);
}

#[test]
fn broken_connections_are_an_unreachable_server() {
    let trust = Authority::new(1, "http://127.0.0.1").trust_json();
    for reply in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"decision\":",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n",
    ] {
        let port = Port::open();
        let origin = format!("http://127.0.0.1:{}", port.number());
        port.raw(reply);
        let client = builder(trust, &origin).build().expect("configured");
        let error = client.validate_license(&key()).expect_err("no answer");
        assert_eq!(error.code(), "server_unreachable", "{error}");
    }
    // Nobody listens.
    let origin = format!("http://127.0.0.1:{}", Port::open().number());
    let client = builder(trust, &origin).build().expect("configured");
    assert_eq!(client.validate_license(&key()).expect_err("no answer").code(), "server_unreachable");
}

/// A server that takes the question and says nothing holds nobody up forever.
#[test]
fn silence_ends() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let origin = format!("http://{}", silent.local_addr().expect("bound"));
    let transport = HttpTransport::builder().timeout(Duration::from_millis(50)).build().expect("configured");
    let trust = Authority::new(1, &origin).trust_json();
    let client = builder(trust, &origin).transport(transport).build().expect("configured");
    assert_eq!(client.validate_license(&key()).expect_err("no answer").code(), "server_unreachable");
}

#[test]
fn what_is_set_up_wrongly_is_said_at_once() {
    let trust = Authority::new(1, "https://a").trust_json();
    let client = |server: &str| builder(trust, server).build().err();
    assert_eq!(client("http://license.example.com"), Some(ConfigurationError::PlainHttp));
    assert!(builder(trust, "http://license.example.com").danger_plain_http().build().is_ok());
    assert!(matches!(client("license.example.com"), Some(ConfigurationError::ServerUrl(_))));
    assert_eq!(
        Client::builder(trust).server("https://a").build().err(),
        Some(ConfigurationError::StoreMissing)
    );
    assert_eq!(builder(b"", "https://a").build().err(), Some(ConfigurationError::TrustMissing));
    for fingerprint in [String::new(), "a\nb".to_owned(), "x".repeat(129)] {
        let built = builder(trust, "https://a").fingerprint(Some(fingerprint)).build();
        assert_eq!(built.err(), Some(ConfigurationError::Fingerprint));
    }
    for transport in [
        HttpTransport::builder().proxy("nonsense://"),
        HttpTransport::builder().certificate_authority("no PEM"),
        HttpTransport::builder()
            .certificate_authority("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
    ] {
        let error = Error::from(transport.build().err().expect("refused"));
        assert_eq!(error.code(), "config_invalid", "{error}");
        assert!(!error.fix().is_empty());
    }
}

/// `spec/keys.md` §6.1: unknown fields are refused.
#[test]
fn a_trust_file_is_read_strictly() {
    let sound = std::str::from_utf8(Authority::new(1, "https://a").trust_json()).unwrap();
    for broken in [
        "{}".to_owned(),
        sound.replacen('{', r#"{"more":1,"#, 1),
        sound.replacen('{', r#"{"threshold":1,"#, 1),
        sound.replace(r#""threshold":1"#, r#""threshold":0"#),
        sound.replace(r#""app":"0"#, r#""app":"O"#),
        format!("{sound} x"),
    ] {
        let built = builder(broken.into_bytes().leak(), "https://a").build();
        assert!(matches!(built.err(), Some(ConfigurationError::TrustInvalid(_))));
    }
}
