//! `timing`: whether the time of a refusal tells a key that nobody has from one that is another's.

use std::io::{Error, Result};
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::asking::Asker;
use crate::books::Books;
use crate::load::question;
use crate::report;
use crate::vendor::Vendor;
use crate::welch;

/// Keys of each class.
const KEYS: usize = 200;
/// Connections; each question takes any of them.
const CONNECTIONS: usize = 4;
const GOAL: f64 = 4.5;
/// One of so many questions is not counted: the first ones.
const WARM_UP: u64 = 20;
/// Keys of others are in the server's memory, but for the cold ones. The last class is a second set of keys that nobody
/// has: what two equal classes look like on this machine.
const CLASSES: [&str; 5] = ["unknown", "other-app", "other-tenant", "other-app-cold", "unknown-again"];
const PAIRS: [(usize, usize); 6] = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (0, 4)];

pub fn run(sealgate: &Path, questions: u64) -> Result<()> {
    let books = Books::open(sealgate)?;
    let classes = classes(&books)?;
    let mut askers = Vec::new();
    for _ in 0..CONNECTIONS {
        askers.push(Asker::connect(&books.server.address)?);
    }
    let mut times: [Vec<f64>; 5] = Default::default();
    let (mut random, warm_up) = (fastrand::Rng::new(), questions / WARM_UP);
    for n in 0..questions + warm_up {
        let class = random.usize(..CLASSES.len());
        let asker = random.choice(&mut askers).expect("there are some");
        asker.prepare(&classes[class][random.usize(..KEYS)], n);
        let began = Instant::now();
        let (status, body) = asker.ask()?;
        let took = began.elapsed().as_secs_f64() * 1e6;
        if status != 401 || !body.ends_with(b"\"invalid_key\"}") {
            return Err(Error::other(String::from_utf8_lossy(body).into_owned()));
        }
        if n >= warm_up {
            times[class].push(took);
        }
    }
    report::figure("timing-unknown", "µs", &[report::median(&times[0])]);
    for (a, b) in PAIRS {
        let verdict = welch::judge(&times[a], &times[b]);
        report::t_test(&format!("timing-{}-{}", CLASSES[a], CLASSES[b]), &verdict, GOAL);
    }
    Ok(())
}

/// Questions of the classes, alike but for the key.
fn classes(books: &Books) -> Result<[Vec<Vec<u8>>; 5]> {
    let other_app = books.vendor.make("/api/v1/apps", &json!({ "name": "other" }))?;
    let tenant = books.vendor.make("/api/v1/tenants", &json!({ "name": "other" }))?;
    let token = tenant["admin_token"].as_str().unwrap_or_default();
    let stranger = Vendor::new(&books.server.address, token);
    let strange_app = stranger.make("/api/v1/apps", &json!({ "name": "other" }))?;
    let asked = |keys: &[String]| keys.iter().map(|key| question(&books.app, key, DEVICE)).collect();
    let known = issue(&books.vendor, &books.app)?;
    let others = [issue(&books.vendor, &other_app)?, issue(&stranger, &strange_app)?];
    for (app, keys) in [&other_app, &strange_app].into_iter().zip(&others) {
        bind(books, app, keys)?;
    }
    let cold = issue(&books.vendor, &other_app)?;
    let [other_app, other_tenant] = &others;
    Ok([
        asked(&altered(&known)),
        asked(other_app),
        asked(other_tenant),
        asked(&cold),
        asked(&altered(&issue(&books.vendor, &books.app)?)),
    ])
}

const DEVICE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn issue(vendor: &Vendor, app: &Value) -> Result<Vec<String>> {
    let issued = vendor.make("/api/v1/licenses", &json!({ "app_id": app["app_id"], "count": KEYS }))?;
    let licenses = issued["licenses"].as_array().into_iter().flatten();
    Ok(licenses.filter_map(|license| license["license_key"].as_str().map(str::to_owned)).collect())
}

fn bind(books: &Books, app: &Value, keys: &[String]) -> Result<()> {
    let mut asker = Asker::connect(&books.server.address)?;
    for _ in 0..2 {
        for (n, key) in keys.iter().enumerate() {
            asker.prepare(&question(app, key, DEVICE), n as u64);
            let (status, body) = asker.ask()?;
            if status != 200 {
                return Err(Error::other(String::from_utf8_lossy(body).into_owned()));
            }
        }
    }
    Ok(())
}

/// Keys that nobody has: twelve letters in the middle stand the other way round.
fn altered(keys: &[String]) -> Vec<String> {
    let turned = |key: &String| {
        let mut letters: Vec<char> = key.chars().collect();
        let places: Vec<usize> = (0..letters.len()).filter(|at| letters[*at] != '-').collect();
        let middle = &places[places.len() / 2 - 6..places.len() / 2 + 6];
        let turned: Vec<char> = middle.iter().rev().map(|at| letters[*at]).collect();
        for (at, letter) in middle.iter().zip(turned) {
            letters[*at] = letter;
        }
        letters.into_iter().collect()
    };
    keys.iter().map(turned).collect()
}
