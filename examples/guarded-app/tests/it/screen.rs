//! What people see: on a terminal, line by line, and where they ask for help.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;

use sealgate_testkit::program::start;
use serde_json::json;

use crate::product::Product;
use crate::running::{PATIENCE, Running, ended, pieces};
use crate::vendor::Vendor;

/// A real terminal: the program draws, takes keys, and ends when it is told to.
#[test]
fn on_a_terminal_it_shows_the_table_and_where_it_stands_and_asks_nothing() {
    let vendor = Vendor::new();
    let product = Product::install(&vendor);
    let program = product.command(&[]);
    let words: Vec<_> = program.get_args().map(|word| word.to_string_lossy()).collect();
    let shell = format!("stty rows 30 cols 110; exec {} {}", product.program().display(), words.join(" "));
    let mut terminal = Command::new("script");
    terminal
        .args(["-qfec", &shell, "/dev/null"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm");
    let mut terminal = Terminal(start(terminal.stdin(Stdio::piped())));
    let screen = pieces(terminal.0.stdout.take().expect("piped"));
    let mut keys = terminal.0.stdin.take().expect("piped");
    shows(&screen, "tier free | no license");
    keys.write_all(b"add pears 4\r").expect("it listens");
    shows(&screen, "pears");
    keys.write_all(b"check > 1\r").expect("it listens");
    shows(&screen, "license_missing");
    keys.write_all(b"\x11").expect("it listens");
    assert!(terminal.0.wait().expect("it ends").success());
}

/// It goes with the test, and what runs in it goes with it.
pub(crate) struct Terminal(pub(crate) Child);

impl Drop for Terminal {
    fn drop(&mut self) {
        // Both fail only when it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until the terminal was sent this word. Words alone are sent in one piece: blanks may be left out, and what is typed is drawn letter
/// by letter.
pub(crate) fn shows(screen: &Receiver<String>, word: &str) {
    let mut drawn = String::new();
    while !drawn.contains(word) {
        let piece = screen.recv_timeout(PATIENCE).unwrap_or_else(|why| panic!("{word}: {why}: {drawn:?}"));
        drawn.push_str(&piece);
    }
}

#[test]
fn an_end_that_the_server_announced_is_shown_beside_the_licenses_own() {
    let vendor = Vendor::new();
    let product = Product::install(&vendor);
    let sold = vendor.sell(&json!({ "heartbeat": { "interval": 3_600, "grace": 86_400 } }));
    product.activate(&vendor, &sold);
    let mut running = product.start();
    let before = running.stands();
    assert!(before.starts_with("tier enterprise | license ends 20") && !before.contains("grace"), "{before}");
    vendor.revoke(&sold);
    assert_eq!(running.tell("beat").last, "ok");
    let status = running.tell("status").lines;
    assert!(status[0].starts_with(&format!("{before} | grace ends 20")), "{status:?}");
    assert!(
        status[1].contains("revoked") && status[1].contains("Everything works for another "),
        "{status:?}"
    );
    assert!(status.len() > 2, "what to do about it: {status:?}");
    running.is_full();
    running.event("[License] The server ends the rights (revoked). Grace period active until ");
    running.quit();
    let said = product.status().json();
    assert_eq!(
        (&said["tier"], &said["standing"], &said["code"]),
        (&json!("enterprise"), &json!("grace"), &json!("revoked"))
    );
}

#[test]
fn without_any_license_what_is_free_works() {
    let vendor = Vendor::new();
    let product = Product::install(&vendor);
    let mut running = product.start();
    assert_eq!(running.stands(), "tier free | no license");
    running.is_free("license_missing");
    let file = product.path("table.csv").display().to_string();
    for (line, last) in [
        (format!("save {file}"), "ok"),
        (format!("open {file}"), "ok"),
        ("open no-such-file".to_owned(), "failed: No such file or directory (os error 2)"),
        ("sell".to_owned(), "failed: no such command; try help"),
        ("help".to_owned(), "ok"),
    ] {
        assert_eq!(running.tell(&line).last, last, "{line}");
    }
    running.quit();
    assert_eq!(std::fs::read_to_string(file).expect("saved"), "apples,3\n");
    // Nothing is known that the clock could be wrong against.
    let again = product.status();
    assert!(!again.stderr.contains("clock_"), "{again:?}");
}

#[test]
fn it_explains_itself_and_says_what_is_wrong_with_a_configuration() {
    let vendor = Vendor::new();
    let mut product = Product::install(&vendor);
    let help = ended(product.command(&[]).arg("--help"));
    for word in ["--config", "--state-dir", "--plain", "status", "Exit: 0 done, 1 the license"] {
        assert!(help.stdout.contains(word), "{word}: {help:?}");
    }
    product.config = json!({ "LicenseConfigs": { "Mode": "Cloud" } });
    let refused = ended(&mut product.command(&[]));
    assert_eq!(refused.exit, Some(78), "{refused:?}");
    assert!(refused.stderr.contains("unknown variant `Cloud`"), "{refused:?}");
    product.config = json!({ "LicenseConfigs": { "Mode": "Online", "FallbackToOnlineActivation": false } });
    let refused = ended(&mut product.command(&[]));
    assert_eq!(refused.exit, Some(78), "{refused:?}");
    assert!(refused.stderr.contains("(not_activated)"), "{refused:?}");
    // The same in TOML.
    let toml = product.path("config.toml");
    std::fs::write(&toml, "[LicenseConfigs]\nMode = \"Offline\"\n").expect("written");
    let mut command = Command::new(product.program());
    command.arg("--config").arg(&toml).arg("--state-dir").arg(product.path("state"));
    Running::start(command).is_free("license_missing");
}
