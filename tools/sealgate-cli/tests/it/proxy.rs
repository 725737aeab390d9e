//! Nobody whom the command line does not name gets to see a token.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use crate::program::{PATIENCE, run, sealgate};
use crate::vendor::Vendor;

/// Somebody of this machine who would like to be asked.
struct Proxy(TcpListener);

impl Proxy {
    fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").expect("a free port"))
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("bound"))
    }

    /// The program with this proxy in every variable that names one.
    fn beside(&self, arguments: &[&str]) -> Command {
        let mut command = sealgate(arguments);
        for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env(name, self.url());
        }
        command
    }

    /// Nobody has come, and nobody is on the way: the program has ended.
    fn saw_nothing(&self) {
        self.0.set_nonblocking(true).expect("it can be set");
        let seen = self.0.accept().map(|(_, from)| from);
        assert_eq!(seen.expect_err("somebody asked").kind(), ErrorKind::WouldBlock);
    }

    /// Tells the first line of a request, and refuses it.
    fn refuse(self, status: u16) -> Receiver<String> {
        let (sender, asked) = channel();
        std::thread::spawn(move || {
            let (mut stream, _) = self.0.accept().expect("somebody asks");
            // All of it: whoever closes on what was not read breaks the pipe of who still writes.
            let mut lines = BufReader::new(&stream).lines().map(|line| line.expect("it says what it wants"));
            let line = lines.next().expect("a line");
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            sender.send(line).expect("the test waits");
            // The program may have gone already.
            let said = format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(said.as_bytes());
        });
        asked
    }
}

#[test]
fn no_proxy_of_the_environment_is_asked() {
    let (vendor, proxy) = (Vendor::new(), Proxy::open());
    let data = vendor.data();
    let data = data.to_str().expect("UTF-8");
    let port = vendor.server.url.rsplit_once(':').expect("a port").1.to_owned();
    for url in [vendor.server.url.clone(), format!("http://localhost:{port}")] {
        run(&mut proxy.beside(&["keys", "list", "--url", &url, "--data", data])).ok();
        run(&mut proxy.beside(&["keys", "list", "--proxy", &proxy.url(), "--url", &url, "--data", data]))
            .ok();
    }
    run(&mut proxy.beside(&["demo", "--exit"])).ok();
    for url in ["https://sealgate.invalid", "http://sealgate.invalid"] {
        let list = ["app", "list", "--json", "--token", "sgt_x", "--danger-plain-http", "--url", url];
        run(&mut proxy.beside(&list)).refused(69, "server_unreachable");
    }
    proxy.saw_nothing();
}

#[test]
fn a_proxy_that_is_named_is_asked() {
    for by_flag in [true, false] {
        let proxy = Proxy::open();
        let mut command = sealgate(&[
            "app",
            "list",
            "--json",
            "--token",
            "sgt_secret",
            "--url",
            "https://sealgate.invalid",
        ]);
        if by_flag {
            command.args(["--proxy", &proxy.url()]);
        } else {
            command.env("SEALGATE_PROXY", proxy.url());
        }
        let asked = proxy.refuse(502);
        run(&mut command).refused(69, "server_unreachable");
        let line = asked.recv_timeout(PATIENCE).expect("it is asked");
        assert!(line.starts_with("CONNECT sealgate.invalid:443"), "{line}");
    }
}

/// Instead of the server, or of the way to it.
#[test]
fn a_proxy_or_a_network_that_wants_to_know_who_asks_is_named() {
    for (status, words) in [(407, "USER:PASSWORD"), (511, "sign in")] {
        for far in [Some("https://sealgate.invalid"), Some("http://sealgate.invalid"), None] {
            let proxy = Proxy::open();
            let url = far.map_or_else(|| proxy.url(), str::to_owned);
            let mut list = sealgate(&["app", "list", "--json", "--token", "sgt_x", "--url", &url]);
            if far.is_some() {
                list.args(["--danger-plain-http", "--proxy", &proxy.url()]);
            }
            let asked = proxy.refuse(status);
            let failure = run(&mut list).refused(69, "server_unreachable");
            assert!(failure["fix"].as_str().is_some_and(|fix| fix.contains(words)), "{url}: {failure}");
            asked.recv_timeout(PATIENCE).expect("it is asked");
        }
    }
}

#[test]
fn a_token_goes_to_another_machine_in_the_open_only_if_that_is_asked_for() {
    let proxy = Proxy::open();
    for url in [
        "http://sealgate.invalid",
        "HTTP://127.1:8080",
        "http://localhost.invalid",
        "http://[::ffff:127.0.0.1]",
    ] {
        let verb = ["app", "list", "--json", "--token", "sgt_x", "--url", url, "--proxy", &proxy.url()];
        let failure = run(&mut sealgate(&verb)).refused(78, "config_invalid");
        assert!(failure["fix"].as_str().is_some_and(|fix| fix.contains("--danger-plain-http")), "{failure}");
    }
    proxy.saw_nothing();
}

/// A server that sends elsewhere gets nobody to go there.
#[test]
fn an_answer_that_points_elsewhere_is_not_followed() {
    let (here, elsewhere) = (TcpListener::bind("127.0.0.1:0").expect("a free port"), Proxy::open());
    let url = format!("http://{}", here.local_addr().expect("bound"));
    let to = format!(
        "HTTP/1.1 307 Any\r\nlocation: {}/x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        elsewhere.url()
    );
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = here.accept().expect("it asks");
        let mut head = BufReader::new(stream.try_clone().expect("a second handle")).lines();
        while head.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        stream.write_all(to.as_bytes()).expect("it is told");
    });
    run(&mut sealgate(&["app", "list", "--json", "--token", "sgt_x", "--url", &url]))
        .refused(69, "answer_invalid");
    answering.join().expect("it was asked");
    elsewhere.saw_nothing();
}

/// Neither in a message nor in a help text, at any verbosity.
#[test]
fn passwords_in_addresses_are_not_shown() {
    for verbosity in [&["-q"][..], &[], &["-v"], &["-vv"]] {
        for (url, proxy) in [
            ("https://u:hunter2@sealgate.invalid", ""),
            ("u:hunter2@sealgate.invalid", ""),
            ("https://u:hunter2@", ""),
            ("ftp://u:hunter2@h", ""),
            ("https://sealgate.invalid", "nonsense://u:hunter2@127.0.0.1:1"),
            ("https://sealgate.invalid", "http://u:hunter2/@127.0.0.1:1"),
            ("https://sealgate.invalid", "http://u:hunter2@127.0.0.1:1"),
        ] {
            let mut command = sealgate(&["app", "list", "--token", "sgt_x"]);
            let outcome = run(command.args(verbosity).env("SEALGATE_URL", url).env("SEALGATE_PROXY", proxy));
            assert!([Some(69), Some(78)].contains(&outcome.exit), "{url} {proxy}: {outcome:?}");
            assert!(!outcome.stderr.contains("hunter2"), "{url} {proxy}: {outcome:?}");
        }
    }
    let mut help = sealgate(&["app", "list", "--help"]);
    let url = "https://u:hunter2@h";
    let help = run(help.env("SEALGATE_URL", url).env("SEALGATE_PROXY", url)).ok();
    assert!(help.contains("SEALGATE_PROXY") && !help.contains("hunter2"), "{help}");
}
