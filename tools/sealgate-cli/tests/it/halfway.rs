//! What takes several requests, and fails on the way: how far it came is said, and what to type so that nothing is done twice.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::paste::{named, pasted};
use crate::program::{Outcome, PATIENCE, run, sealgate};
use crate::vendor::{Vendor, text};

/// The way to a server. After so many changing requests it is cut: the next one arrives, and its answer does not; or it is
/// held there until it is let go.
pub(crate) struct Way {
    url: String,
    /// Changing requests whose answers still arrive.
    answers: Arc<AtomicI64>,
    /// Whether an answer is held instead of lost.
    holds: Arc<AtomicBool>,
    held: Receiver<()>,
    go: Sender<()>,
}

/// What a connection knows of the way.
#[derive(Clone)]
struct Turns {
    answers: Arc<AtomicI64>,
    holds: Arc<AtomicBool>,
    held: Sender<()>,
    go: Arc<Mutex<Receiver<()>>>,
}

impl Way {
    pub(crate) fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let answers = Arc::new(AtomicI64::new(i64::MAX));
        let holds = Arc::new(AtomicBool::new(false));
        let ((is_held, held), (go, may_go)) = (channel(), channel());
        let server = server.trim_start_matches("http://").to_owned();
        let go_on = Arc::new(Mutex::new(may_go));
        let turns =
            Turns { answers: Arc::clone(&answers), holds: Arc::clone(&holds), held: is_held, go: go_on };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (server, turns) = (server.clone(), turns.clone());
                std::thread::spawn(move || pass_on(&stream.expect("it comes"), &server, &turns));
            }
        });
        Self { url, answers, holds, held, go }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// After so many answers the next one is held.
    pub(crate) fn hold_after(&self, answers: i64) {
        self.holds.store(true, Ordering::SeqCst);
        self.cut_after(answers);
    }

    /// Waits until an answer is held.
    pub(crate) fn is_held(&self) {
        self.held.recv_timeout(PATIENCE).expect("a request comes");
    }

    /// Lets it arrive, and all others.
    pub(crate) fn let_go(&self) {
        self.answers.store(i64::MAX, Ordering::SeqCst);
        self.go.send(()).expect("it waits");
    }

    pub(crate) fn sealgate(&self, vendor: &Vendor, arguments: &[&str]) -> std::process::Command {
        let mut command = sealgate(arguments);
        command.env("SEALGATE_URL", &self.url).env("SEALGATE_DATA", vendor.data());
        command
    }

    fn cut_after(&self, answers: i64) {
        self.answers.store(answers, Ordering::SeqCst);
    }
}

fn pass_on(client: &TcpStream, server: &str, turns: &Turns) {
    let mut requests = BufReader::new(client);
    while let Some((head, request)) = message(&mut requests) {
        let upstream = TcpStream::connect(server).expect("the server is there");
        (&upstream).write_all(&request).expect("it reads");
        let (_, answer) = message(&mut BufReader::new(&upstream)).expect("it answers");
        let changes = !head.starts_with("GET ") && !head.contains("/lookup ") && !head.contains("/preview ");
        if changes && turns.answers.fetch_sub(1, Ordering::SeqCst) <= 0 {
            if !turns.holds.load(Ordering::SeqCst) {
                return;
            }
            turns.held.send(()).expect("the test waits");
            turns.go.lock().expect("whole").recv().expect("the test lets go");
        }
        let mut client = client;
        if client.write_all(&answer).is_err() {
            return;
        }
    }
}

/// One message: its first line, and all of it.
fn message(from: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let (mut first, mut all, mut length) = (String::new(), vec![], 0);
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        all.extend(line.bytes());
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if first.is_empty() {
            first.clone_from(&line);
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    all.extend(body);
    Some((first, all))
}

impl Way {
    fn run(&self, vendor: &Vendor, arguments: &[&str]) -> Outcome {
        run(&mut self.sealgate(vendor, arguments))
    }
}

pub(crate) fn ids(vendor: &Vendor) -> BTreeSet<String> {
    let list = vendor.json(&["license", "list"]);
    list.as_array().expect("a list").iter().map(|l| text(&l["license_id"]).to_owned()).collect()
}

#[test]
fn an_order_that_stops_shows_its_keys_and_goes_on_under_the_same_names() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let way = Way::to(&vendor.server.url);
    // Two parts arrive. The third is carried out, and its answer is lost twice.
    way.cut_after(2);
    let order = ["license", "issue", "--app", text(&app["app_id"]), "--count", "450", "--label", "No7"];
    let told = way.run(&vendor, &[&order[..], &["--json"]].concat());
    assert_eq!(told.exit, Some(69), "{told:?}");
    let keys = |answer: &Value| -> BTreeSet<String> {
        let licenses = answer["licenses"].as_array().expect("a list").iter();
        licenses.map(|license| text(&license["license_key"]).to_owned()).collect()
    };
    let shown = keys(&serde_json::from_str(&told.stdout).expect("the keys are shown"));
    assert_eq!((shown.len(), ids(&vendor).len()), (200, 300));
    let failure: Value = serde_json::from_str(&told.stderr).expect("JSON");
    assert!(text(&failure["fix"]).starts_with("licenses issued so far: 200 of 450; "), "{failure}");
    let all = keys(&pasted(&vendor, &told.stderr, &["--json"]).json());
    assert_eq!((all.len(), ids(&vendor).len()), (450, 450), "{failure}");
    assert!(shown.is_subset(&all), "what was shown is part of it");
}

#[test]
fn renewals_that_stop_go_on_and_none_is_renewed_twice() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let way = Way::to(&vendor.server.url);
    let issue =
        ["license", "issue", "--app", text(&app["app_id"]), "--expires", "2036-01-31", "--count", "4"];
    vendor.json(&issue);
    let listed: Vec<String> = ids(&vendor).into_iter().collect();
    let file = vendor.path("renew.txt");
    std::fs::write(&file, listed.join("\n")).expect("written");
    let named: Vec<&str> = listed.iter().map(String::as_str).collect();
    for (turn, list) in [&["--from", &*file][..], &named].into_iter().enumerate() {
        // The third is renewed; nobody hears of it.
        way.cut_after(2);
        let renew = [&["license", "renew", "--expires", "+1y", "--yes", "--json"], list].concat();
        let told = way.run(&vendor, &renew);
        assert_eq!(told.exit, Some(69), "{told:?}");
        let outcome: Value = serde_json::from_str(&told.stdout).expect("what was done is shown");
        assert_eq!(outcome["done"].as_array().map(Vec::len), Some(2), "{outcome}");
        assert_eq!(outcome["left"].as_array().map(Vec::len), Some(2), "{outcome}");
        pasted(&vendor, &told.stderr, &[]).ok();
        let ends = vendor.json(&["license", "list"]);
        let year = ["2037-02-01T00:00:00Z", "2038-02-01T00:00:00Z"][turn];
        for license in ends.as_array().expect("a list") {
            assert_eq!(license["expires_at"], year, "{told:?}");
        }
    }
    // Of the only one that is left, too.
    way.cut_after(1);
    let renew = [&["license", "renew", "--expires", "+1y", "--yes"], &named[..2]].concat();
    let told = way.run(&vendor, &renew);
    pasted(&vendor, &told.stderr, &[]).ok();
    let second = vendor.json(&["license", "show", named[1]]);
    assert_eq!(second["expires_at"], "2039-02-01T00:00:00Z", "{told:?}");
}

#[test]
fn what_was_asked_for_once_and_may_be_done_can_be_asked_for_again() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let way = Way::to(&vendor.server.url);
    way.cut_after(0);
    let told = way.run(&vendor, &["license", "issue", "--app", text(&app["app_id"])]);
    assert_eq!((told.exit, &*told.stdout), (Some(69), ""), "{told:?}");
    pasted(&vendor, &told.stderr, &[]).ok();
    assert_eq!(ids(&vendor).len(), 1, "it was issued before its answer was lost");
    // What is shown only once, too.
    way.cut_after(0);
    let told = way.run(&vendor, &["app", "create", "Viewer"]);
    assert_eq!(told.exit, Some(69), "{told:?}");
    let shown = pasted(&vendor, &told.stderr, &[]).ok();
    assert!(shown.contains("secret") && vendor.json(&["app", "list"]).as_array().map(Vec::len) == Some(2));
}

#[test]
fn suspensions_that_stop_say_how_many_are_done() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let way = Way::to(&vendor.server.url);
    vendor.json(&["license", "issue", "--app", text(&app["app_id"]), "--count", "5"]);
    way.cut_after(3);
    let suspend = ["license", "suspend", "--app", text(&app["app_id"]), "--reason", "not paid", "--yes"];
    let told = way.run(&vendor, &suspend);
    assert_eq!(told.exit, Some(69), "{told:?}");
    assert!(told.stdout.starts_with("Licenses suspended: 3.\n\nNot tried: 2."), "{told:?}");
    assert!(told.stderr.contains("licenses suspended so far: 3 of 5; go on with: "), "{told:?}");
    assert!(
        told.stderr.contains("--reason 'not paid'") && told.stderr.contains("--yes"),
        "nobody was to be asked: {told:?}"
    );
    let rest = pasted(&vendor, &told.stderr, &["--json"]).json();
    assert_eq!(rest["done"].as_array().map(Vec::len), Some(5));
}

/// Those that stand on the command line are not forgotten beside a list, and the command goes where the first one went.
#[test]
fn a_list_with_others_beside_it_goes_on_with_all_of_them() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    vendor.json(&["license", "issue", "--count", "4"]);
    let listed: Vec<String> = ids(&vendor).into_iter().collect();
    let file = vendor.path("my list");
    std::fs::write(&file, listed[..2].join("\n")).expect("written");
    let way = Way::to(&vendor.server.url);
    way.cut_after(1);
    let by_hand = [&*listed[2], &listed[3], "--from", &file, "--yes", "--url", way.url()];
    let told = vendor.run(&[&["license", "suspend"], &by_hand[..]].concat());
    assert_eq!(told.exit, Some(69), "{told:?}");
    let again = named(&told.stderr);
    assert!(!again.contains(&listed[2]) && again.contains(&listed[3]), "done, and not done: {again}");
    assert!(again.ends_with(&format!("--url {}", way.url())), "{again}");
    way.cut_after(i64::MAX);
    pasted(&vendor, &told.stderr, &[]).ok();
    let suspended = vendor.json(&["license", "list", "--status", "suspended"]);
    assert_eq!(suspended.as_array().map(Vec::len), Some(4));
}

#[test]
fn an_entry_that_is_listed_twice_is_removed_in_two_steps() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let way = Way::to(&vendor.server.url);
    let of = ["--app", text(&app["app_id"]), "--hwid", "Ada's desk"];
    for verb in ["allow", "deny"] {
        vendor.json(&[&["access", verb], &of[..]].concat());
    }
    way.cut_after(1);
    let told = way.run(&vendor, &[&["access", "remove"], &of[..]].concat());
    assert_eq!(told.exit, Some(69), "{told:?}");
    let fix = "entries removed so far: 1 of 2; go on with: sealgate access remove --app ";
    assert!(told.stderr.contains(fix) && told.stderr.contains(r"'Ada'\''s desk'"), "{told:?}");
}

#[test]
fn a_revocation_of_a_key_whose_answer_is_lost_goes_on_and_signs_nothing_twice() {
    let vendor = Vendor::new();
    let app = vendor.app("Editor");
    let way = Way::to(&vendor.server.url);
    vendor.json(&["license", "issue", "--app", text(&app["app_id"]), "--count", "3"]);
    let versions = || -> Vec<u64> {
        let list = vendor.json(&["license", "list"]);
        list.as_array().expect("a list").iter().map(|l| l["version"].as_u64().expect("a number")).collect()
    };
    let issuer = |state: &str| {
        let keys = vendor.json(&["keys", "list"]);
        let mut keys = keys.as_array().expect("a list").iter();
        let key = keys.find(|key| key["use"] == "issuer" && key["state"] == state);
        key.map(|key| text(&key["keyid"]).to_owned())
    };
    let leaked = issuer("active").expect("one signs");
    let before = versions();
    way.cut_after(0);
    let revoke = ["keys", "revoke", &leaked, "--reason", "it leaked", "--yes"];
    let told = way.run(&vendor, &revoke);
    assert_eq!((told.exit, &*told.stdout), (Some(69), ""), "{told:?}");
    assert!(
        told.stderr.contains(&format!("sealgate keys revoke {leaked} --reason 'it leaked' --yes")),
        "{told:?}"
    );
    assert_eq!(issuer("revoked").as_deref(), Some(&*leaked), "it arrived");
    let signed = versions();
    assert!(before.iter().zip(&signed).all(|(before, signed)| before < signed), "{before:?} {signed:?}");
    let done = vendor.json(&revoke);
    assert_eq!((&done["complete"], &done["dark"]), (&true.into(), &serde_json::json!([])), "{done}");
    assert_eq!(versions(), signed, "nothing is signed again");
}

#[test]
fn an_import_that_stops_goes_on_with_all_that_was_given() {
    let vendor = Vendor::new();
    vendor.app("Editor");
    vendor.json(&["plan", "create", "--app", "editor", "--name", "Pro", "--tier", "enterprise"]);
    let way = Way::to(&vendor.server.url);
    let (file, keys) = (vendor.path("rows.csv"), vendor.path("keys.csv"));
    let rows: Vec<String> = (0..250).map(|n| format!("row {n}")).collect();
    std::fs::write(&file, format!("label\n{}\n", rows.join("\n"))).expect("written");
    way.cut_after(1);
    let import =
        ["license", "import", &file, "--plan", "editor/pro", "--without-devices", "-o", &keys, "--json"];
    let told = way.run(&vendor, &import);
    assert_eq!(told.exit, Some(69), "{told:?}");
    let failure: Value = serde_json::from_str(&told.stderr).expect("JSON");
    let fix = text(&failure["fix"]);
    assert!(
        fix.starts_with("rows done so far: 100 of 250; go on with: sealgate license import "),
        "{failure}"
    );
    let rest = pasted(&vendor, &told.stderr, &["--json"]);
    let report: Value = serde_json::from_str(&rest.stdout).expect("JSON");
    let counts = ["imported", "there"].map(|name| report[name].as_u64());
    assert_eq!((counts, ids(&vendor).len()), ([Some(50), Some(200)], 250), "{rest:?}");
    assert_eq!(std::fs::read_to_string(&keys).expect("is there").lines().count(), 251);
}
