//! A machine without a network: the program asks by a file, finds the one that comes back, shows it, and goes by it after a yes.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use sealgate_testkit::program::{faketime, start};
use serde_json::{Value, json};

use crate::product::Product;
use crate::running::{Running, ended, pieces};
use crate::screen::{Terminal, shows};
use crate::vendor::{Sold, Vendor};

const DAY: u64 = 86_400;

/// A product that asks no server.
fn offline(vendor: &Vendor) -> Product {
    let mut product = Product::install(vendor);
    product.config["LicenseConfigs"]["Mode"] = json!("Offline");
    product
}

/// The program, so many seconds ahead. The license waives looking for foreign libraries: what sets the clock is one.
fn start_ahead(product: &Product, seconds: u64) -> Running {
    let mut command = product.command(&[]);
    command.env("LD_PRELOAD", faketime()).env("FAKETIME", format!("+{seconds}"));
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Running::start(command)
}

/// Lines of the start up to the first that begins so.
fn until(running: &Running, begin: &str) -> String {
    loop {
        let line = running.next();
        if line.strip_prefix("=   ").is_some_and(|line| line.starts_with(begin)) {
            return line;
        }
    }
}

/// Asks, and has the vendor answer into the folder of the license key.
fn answered(vendor: &Vendor, product: &Product, sold: &Sold) -> PathBuf {
    let file = product.path("machine.sgreq");
    let mut running = product.start();
    let asked = running.tell(&format!("request {}", file.display()));
    assert_eq!(asked.last, "ok", "{asked:?}");
    assert!(asked.lines.iter().any(|line| line.contains("licenses")), "where to put the answer: {asked:?}");
    running.quit();
    let answer = vendor.answer(sold, &std::fs::read(&file).expect("written"));
    let place = product.path("licenses/license.sglic");
    std::fs::write(&place, answer).expect("written");
    std::fs::remove_file(file).expect("it was there");
    place
}

#[test]
fn it_asks_by_a_file_and_goes_by_the_one_that_comes_back() {
    let vendor = Vendor::new();
    let product = offline(&vendor);
    let sold = vendor.sell(&Value::Null);
    let file = answered(&vendor, &product, &sold);
    // It is shown at the start, and nothing is activated unasked.
    let mut running = product.start();
    assert_eq!(running.stands(), "tier free | no license");
    let line = until(&running, "license file ");
    assert!(line.contains("tier enterprise") && line.contains("for 1 machines that it names"), "{line}");
    until(&running, "Type activate");
    running.is_free("license_missing");
    let activated = running.tell("activate");
    assert_eq!(activated.last, "ok", "{activated:?}");
    assert!(activated.lines[0].starts_with("activated until 20"), "{activated:?}");
    assert!(activated.lines[1].starts_with("Start the program again"), "{activated:?}");
    running.quit();
    std::fs::remove_file(file).expect("it was there");
    // The next start has nothing to ask.
    let mut running = product.start();
    assert!(running.stands().starts_with("tier enterprise | license ends 20"));
    running.is_full();
    assert_eq!(
        running.tell("activate").last,
        "failed: activate: no license file was shown yet; try licenses"
    );
    running.quit();
}

#[test]
fn the_end_is_announced_and_then_there_are_three_choices() {
    let vendor = Vendor::new();
    let product = offline(&vendor);
    let sold = vendor.sell(&Value::Null);
    answered(&vendor, &product, &sold);
    let mut running = product.start();
    assert_eq!(running.tell("activate").last, "ok");
    running.quit();
    std::fs::remove_file(product.path("licenses/license.sglic")).expect("it was there");

    // Seven days before, a banner says how long it is, and work goes on.
    let mut running = start_ahead(&product, 364 * DAY - DAY);
    let soon = running.tell("status").lines.join("\n");
    assert!(soon.contains("The license ends in ") && soon.contains("request FILE"), "{soon}");
    running.is_full();
    running.quit();

    let mut running = start_ahead(&product, 366 * DAY);
    let status = running.tell("status").lines.join("\n");
    assert!(status.contains("Choose: readonly"), "{status}");
    running.is_free("expired");
    // Renew says where the next file goes, and looks for it.
    let renew = running.tell("renew").lines.join("\n");
    assert!(
        renew.contains("request FILE") && renew.contains(".sglic") && renew.contains("licenses"),
        "{renew}"
    );
    // Read-only looks, and changes nothing.
    assert_eq!(running.tell("readonly").last, "ok");
    for line in ["add pears 4", &format!("save {}", product.path("table.csv").display())] {
        assert!(running.tell(line).last.starts_with("failed: nothing is changed"), "{line}");
    }
    assert_eq!(running.tell("list").lines.last().map(String::as_str), Some("           3  apples"));
    running.quit();
    // While a license counts there is nothing to choose.
    let mut running = product.start();
    assert_eq!(running.tell("readonly").last, "failed: readonly: the license has not ended");
}

#[test]
fn a_file_that_does_not_count_is_named_with_its_cause() {
    let vendor = Vendor::new();
    let product = offline(&vendor);
    let sold = vendor.sell(&Value::Null);
    let file = answered(&vendor, &product, &sold);
    let mut bytes = std::fs::read(&file).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).expect("written");
    let mut running = product.start();
    let line = until(&running, "license file ");
    assert!(line.contains("(container_damaged)") && line.contains("Copy the file again."), "{line}");
    let looked = running.tell(&format!("licenses {}", product.path("config.json").display()));
    assert!(looked.lines[0].contains("(container_unknown)"), "{looked:?}");
    assert!(running.tell("activate").last.starts_with("failed: activate: no license file was shown"));
    running.quit();
    // Nothing there: where it would be looked for.
    std::fs::remove_file(&file).expect("it was there");
    let mut running = product.start();
    let looked = running.tell("licenses");
    assert!(looked.lines[0].contains("none was found") && looked.lines[0].contains("drive"), "{looked:?}");
    running.quit();
}

/// On a terminal the file is shown where answers are, and a typed word activates it.
#[test]
fn on_a_terminal_it_shows_the_file_and_asks() {
    let vendor = Vendor::new();
    let product = offline(&vendor);
    let sold = vendor.sell(&Value::Null);
    answered(&vendor, &product, &sold);
    let program = product.command(&[]);
    let words: Vec<_> = program.get_args().map(|word| word.to_string_lossy()).collect();
    let shell = format!("stty rows 30 cols 180; exec {} {}", product.program().display(), words.join(" "));
    let mut terminal = Command::new("script");
    terminal
        .args(["-qfec", &shell, "/dev/null"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm");
    let mut terminal = Terminal(start(terminal.stdin(Stdio::piped())));
    let screen = pieces(terminal.0.stdout.take().expect("piped"));
    let mut keys = terminal.0.stdin.take().expect("piped");
    shows(&screen, "license.sglic");
    keys.write_all(b"activate\r").expect("it listens");
    shows(&screen, "activated");
    keys.write_all(b"\x11").expect("it listens");
    assert!(terminal.0.wait().expect("it ends").success());
    assert_eq!(product.status().json()["tier"], "enterprise");
}

#[test]
fn drives_can_be_left_out() {
    let vendor = Vendor::new();
    let product = offline(&vendor);
    let mut command = product.command(&[]);
    command.arg("--no-drives");
    let mut running = Running::start(command);
    let looked = running.tell("licenses");
    assert!(looked.lines[0].contains("none was found") && !looked.lines[0].contains("drive"), "{looked:?}");
    running.quit();
    let help = ended(product.command(&[]).arg("--help"));
    assert!(help.stdout.contains("--no-drives"), "{help:?}");
}
