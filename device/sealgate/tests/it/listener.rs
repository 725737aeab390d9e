//! The same servers on sockets of this machine, in the open or over TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sealgate::HttpAnswer;

use crate::site::Site;

/// A name of a machine elsewhere.
pub(crate) const FAR: &str = "license.test";

/// A port of this machine.
pub(crate) struct Port(TcpListener);

impl Port {
    pub(crate) fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").expect("a free port"))
    }

    pub(crate) fn number(&self) -> u16 {
        self.0.local_addr().expect("bound").port()
    }

    /// Hands every connection over, as long as the test lives.
    fn serve(self, each: impl Fn(TcpStream) + Send + 'static) {
        thread::spawn(move || self.0.incoming().flatten().for_each(each));
    }

    /// Answers plain HTTP.
    pub(crate) fn http(self, site: Arc<Site>) {
        self.serve(move |stream| answer(stream, &site));
    }

    /// Answers HTTPS with this certificate.
    pub(crate) fn https(self, site: Arc<Site>, tls: Arc<ServerConfig>) {
        self.serve(move |stream| {
            let connection = ServerConnection::new(tls.clone()).expect("a sound configuration");
            answer(StreamOwned::new(connection, stream), &site);
        });
    }

    /// Answers with these bytes and nothing else.
    pub(crate) fn raw(self, reply: &'static [u8]) {
        self.serve(move |mut stream| {
            let _ = read(&mut stream);
            let _ = stream.write_all(reply);
        });
    }

    /// Carries CONNECT to the port that it is told, on this machine whatever the name, and counts in `told` whom it was asked for.
    pub(crate) fn proxy(self, told: std::sync::mpsc::Sender<String>) {
        self.serve(move |stream| tunnel(stream, &told));
    }
}

fn tunnel(mut stream: TcpStream, told: &std::sync::mpsc::Sender<String>) {
    let Some((line, _)) = read(&mut stream) else { return };
    told.send(line.clone()).expect("the test waits");
    let to = line.split(' ').nth(1).expect("CONNECT host:port");
    let port = to.rsplit(':').next().expect("a port");
    let mut there = TcpStream::connect(format!("127.0.0.1:{port}")).expect("the server is there");
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("writes");
    let (mut from_here, mut to_there) =
        (stream.try_clone().expect("a second handle"), there.try_clone().expect("a second handle"));
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_here, &mut to_there);
        let _ = to_there.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut there, &mut stream);
    let _ = stream.shutdown(Shutdown::Both);
}

fn answer(mut stream: impl Read + Write, site: &Site) {
    let Some((line, body)) = read(&mut stream) else { return };
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let HttpAnswer { status, body, .. } = site.answer(path, (method == "POST").then_some(&body));
    let head =
        format!("HTTP/1.1 {status} Any\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&body))
        .and_then(|()| stream.flush());
}

/// The first line and the body of a request.
fn read(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_ascii_lowercase()),
        }
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let first = lines[0].split(' ').enumerate();
    Some((
        first
            .map(|(at, word)| if at == 0 { word.to_uppercase() } else { word.to_owned() })
            .collect::<Vec<_>>()
            .join(" "),
        body,
    ))
}

/// A certificate authority of somebody's own, in PEM, and a certificate of it for this machine.
pub(crate) fn tls() -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(vec![]).expect("sound");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signs");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned(), FAR.to_owned()]).expect("sound");
    let certificate = params.signed_by(&key, &authority).expect("signs");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()));
    (authority.pem(), Arc::new(config.expect("the key fits")))
}
