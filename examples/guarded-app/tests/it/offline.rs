//! The server is not reached, by the real program and with a clock of the machine that is really ahead. The license waives looking for
//! foreign libraries: what sets the clock is one.

use std::net::TcpListener;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sealgate::UnixSeconds;
use sealgate_testkit::program::faketime;
use serde_json::{Value, json};

use crate::product::Product;
use crate::running::Running;
use crate::vendor::Vendor;

const HOUR: u64 = 3_600;
/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9";

fn heard() -> Value {
    json!({ "heartbeat": { "interval": 4 * HOUR, "grace": 24 * HOUR } })
}

/// The program with the machine's clock so many seconds ahead. What measures its run is the kernel's clock, which nobody fakes.
fn start_ahead(product: &Product, seconds: u64) -> Running {
    let mut command = product.command(&[]);
    command.env("LD_PRELOAD", faketime()).env("FAKETIME", format!("+{seconds}"));
    // Else what waits in a thread waits for ever.
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Running::start(command)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// When grace ends, as the program says.
fn grace_end(running: &mut Running) -> String {
    assert!(running.tell("beat").last.starts_with("failed: "), "nobody is reached");
    let bar = running.tell("status").lines[0].clone();
    bar.split_once("grace ends ").unwrap_or_else(|| panic!("no grace: {bar}")).1.to_owned()
}

/// Full until exactly the deadline, then free; a restart changes nothing, nor does a clock that is set back.
#[test]
fn a_server_that_is_never_reached_ends_the_rights_at_the_deadline() {
    let vendor = Vendor::new();
    let mut product = Product::activated(&vendor, &heard());
    product.config["LicenseConfigs"]["Online"]["Endpoint"] = json!(NOWHERE);
    let mut running = start_ahead(&product, 60);
    running.is_full();
    let end = grace_end(&mut running);
    running.event("[License] Heartbeat failed. Grace period active until ");
    running.quit();
    for hours in [2, 7, 13, 19, 23] {
        let mut running = start_ahead(&product, hours * HOUR);
        running.is_full();
        assert_eq!(
            (grace_end(&mut running), grace_end(&mut running)),
            (end.clone(), end.clone()),
            "after {hours} h"
        );
        running.quit();
    }
    let deadline = seconds(&end);
    let ahead = deadline - now() - 3;
    is_full_until(start_ahead(&product, ahead), deadline - ahead);
    for seconds in [ahead + HOUR, 2 * HOUR] {
        let mut running = start_ahead(&product, seconds);
        running.is_free("grace_over");
        running.quit();
    }
    product.config["LicenseConfigs"]["Online"]["Endpoint"] = json!(vendor.server.url);
    product.start().is_full();
}

/// Asks until it is refused, which is at this time, by the clock of this machine that nobody set. The guard counts whole seconds, and so does
/// this: one may be missing on either side.
fn is_full_until(mut running: Running, deadline: u64) {
    assert!(running.stands().contains("grace ends"));
    loop {
        let before = now();
        let answer = running.tell("check > 0");
        let after = now();
        if answer.last == "ok" {
            assert!(before <= deadline + 1, "full after the deadline");
        } else {
            assert!(answer.last.starts_with("refused grace_over: "), "{answer:?}");
            assert!(after + 1 >= deadline, "refused before the deadline");
            break;
        }
    }
    running.event("Downgrading to Free tier. (grace_over)");
    running.is_free("grace_over");
    running.quit();
}

/// A heartbeat is due, and whoever listens at the server's address says nothing: a right that is held waits for nobody.
#[test]
fn a_server_that_never_answers_holds_up_no_work() {
    let vendor = Vendor::new();
    let mut product = Product::activated(&vendor, &heard());
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let online = &mut product.config["LicenseConfigs"]["Online"];
    online["Endpoint"] = json!(format!("http://{}", silent.local_addr().expect("bound")));
    online["TimeoutSeconds"] = json!(60);
    let began = Instant::now();
    let mut running = start_ahead(&product, 5 * HOUR);
    let asked = silent.accept().expect("it asks");
    running.is_full();
    assert!(began.elapsed() < Duration::from_mins(1), "it waited for an answer");
    drop(asked);
}

#[test]
fn a_clock_a_day_ahead_does_no_harm_where_the_server_is_reached() {
    let vendor = Vendor::new();
    let product = Product::activated(&vendor, &heard());
    let mut running = start_ahead(&product, 25 * HOUR);
    running.is_full();
    assert!(!running.tell("status").lines[0].contains("grace"));
}

/// As the program writes times.
fn seconds(time: &str) -> u64 {
    UnixSeconds::parse_rfc3339(time).expect("a time").get()
}
