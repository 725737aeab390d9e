//! A database on another machine, which must prove that it is the one: what the URL says is what the driver does. And a server whose
//! certificate nobody vouches for.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};
use sealgate_testkit::{Engine, TestDatabase};

use crate::program::{Outcome, run, sealgate};
use crate::server::Server;

/// A CA of the vendor's own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).expect("sound");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signs"))
    }

    fn write(&self, path: &Path) {
        std::fs::write(path, self.0.pem()).expect("is written");
    }

    fn certify(&self, host: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![host.to_owned()]).expect("sound");
        let certificate = params.signed_by(&key, &self.0).expect("signs");
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("the provider knows them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key);
        Arc::new(config.expect("they belong together"))
    }
}

/// Stands before PostgreSQL as PostgreSQL with `ssl = on` does. Returns its port.
fn front(server: String, tls: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (server, tls) = (TcpStream::connect(&server).expect("the database is there"), tls.clone());
            // A client that believes nothing of this goes away.
            std::thread::spawn(move || carry(client, &server, tls));
        }
    });
    port
}

fn carry(mut client: TcpStream, server: &TcpStream, tls: Arc<ServerConfig>) -> std::io::Result<()> {
    let mut request = [0; 8];
    client.read_exact(&mut request)?;
    assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47], "nothing is said in the open but the wish for TLS");
    client.write_all(b"S")?;
    let tls = Arc::new(Mutex::new(ServerConnection::new(tls).expect("a sound configuration")));
    let back = (server.try_clone()?, client.try_clone()?, Arc::clone(&tls));
    std::thread::spawn(move || encrypt(back.0, back.1, &back.2));
    let ended = decrypt(&client, server, &tls);
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
    ended
}

fn decrypt(
    mut client: &TcpStream,
    mut server: &TcpStream,
    tls: &Mutex<ServerConnection>,
) -> std::io::Result<()> {
    let mut bytes = [0; 16_384];
    loop {
        let count = client.read(&mut bytes)?;
        let mut tls = tls.lock().expect("nobody panicked with it");
        let mut rest = &bytes[..count];
        while !rest.is_empty() {
            tls.read_tls(&mut rest)?;
            let state = tls.process_new_packets().map_err(std::io::Error::other);
            while tls.wants_write() {
                tls.write_tls(&mut client)?;
            }
            let mut plain = vec![0; state?.plaintext_bytes_to_read()];
            tls.reader().read_exact(&mut plain)?;
            server.write_all(&plain)?;
        }
        if count == 0 {
            return Ok(());
        }
    }
}

fn encrypt(
    mut server: TcpStream,
    mut client: TcpStream,
    tls: &Mutex<ServerConnection>,
) -> std::io::Result<()> {
    let mut bytes = [0; 16_384];
    loop {
        let count = server.read(&mut bytes)?;
        if count == 0 {
            return client.shutdown(Shutdown::Both);
        }
        let mut tls = tls.lock().expect("nobody panicked with it");
        tls.writer().write_all(&bytes[..count])?;
        while tls.wants_write() {
            tls.write_tls(&mut client)?;
        }
    }
}

fn refused(url: &str, more: &[&str], code: &str) -> Outcome {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--database", url, "--data"];
    let outcome = run(sealgate(&serve).arg(dir.path().join("data")).args(more));
    assert!(outcome.exit == Some(78) && outcome.stderr.contains(code), "{url}: {outcome:?}");
    outcome
}

#[test]
fn a_database_that_cannot_prove_that_it_is_the_one_is_not_spoken_to() {
    let database = TestDatabase::create(Engine::Postgres);
    let url = database.postgres_url().expect("PostgreSQL");
    let (before, place) = url.split_once('@').expect("a user in the URL");
    let (server, name) = place.split_once('/').expect("a name in the URL");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let [ca, other] = ["ca.pem", "other.pem"].map(|name| dir.path().join(name));
    let authority = Authority::new();
    authority.write(&ca);
    Authority::new().write(&other);
    let right = front(server.to_owned(), authority.certify("localhost"));
    let wrong = front(server.to_owned(), authority.certify("another.example"));
    let url = |port: u16, mode: &str, ca: Option<&Path>| {
        let ca = ca.map_or_else(String::new, |ca| format!("&sslrootcert={}", ca.display()));
        format!("{before}@localhost:{port}/{name}?sslmode={mode}{ca}")
    };
    for (port, ca) in [(right, None), (right, Some(&*other)), (wrong, Some(&*ca))] {
        refused(&url(port, "verify-full", ca), &[], "database_unusable");
    }
    let proven = url(right, "verify-full", Some(&ca));
    let started = Server::start_with(&dir.path().join("data"), &["--database", &proven]);
    assert_eq!(started.stop().0, Some(0));
}

#[test]
fn a_database_on_another_machine_is_not_asked_unless_it_must_prove_itself() {
    let url = "postgres://u:hunter2@db.invalid/d";
    for mode in ["", "?sslmode=require", "?sslmode=verify-ca"] {
        let said = refused(&format!("{url}{mode}"), &[], "config_invalid").stderr;
        assert!(said.contains("sslmode=verify-full") && said.contains("--database-tls danger_off"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    // Then it is looked for.
    refused(&format!("{url}?sslmode=verify-full"), &[], "database_unusable");
    refused(url, &["--database-tls", "danger_off"], "database_unusable");
    let recover = ["--json", "token", "recover", "--data", "/nowhere", "--database", url];
    run(&mut sealgate(&recover)).refused(78, "config_invalid");
    run(sealgate(&recover).args(["--database-tls", "danger_off"])).refused(65, "file_unreadable");
}

/// As where a proxy of the network opens TLS: that is no server which cannot be reached.
#[test]
fn a_certificate_that_nobody_vouches_for_is_told_as_that() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("https://{}", listener.local_addr().expect("bound"));
    let tls = Authority::new().certify("127.0.0.1");
    let opened = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("it asks");
        let mut tls = ServerConnection::new(tls).expect("a sound configuration");
        assert!(tls.complete_io(&mut client).is_err(), "nothing is said to who is not believed");
    });
    let list = ["app", "list", "--json", "--token", "sgt_x", "--url", &url];
    let failure = run(&mut sealgate(&list)).refused(69, "tls_untrusted");
    opened.join().expect("it was asked");
    assert!(
        failure["fix"].as_str().is_some_and(|fix| fix.contains("proxy of your network opens TLS")),
        "{failure}"
    );
}
