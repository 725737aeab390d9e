//! `sizes`: bytes of what travels and of what is installed.

use std::io::{Error, Result};
use std::path::Path;

use serde_json::{Value, json};

use crate::asking::Asker;
use crate::books::Books;
use crate::load::question;
use crate::report;
use crate::verify;

/// As long as a SHA-256 in hexadecimal digits, which is what clients send.
const DEVICE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const ANSWER: f64 = 1024.0;
const FILE: f64 = 868.0;
const BINARY_MIB: f64 = 25.0;

pub fn run(sealgate: &Path) -> Result<()> {
    let books = Books::open(sealgate)?;
    let variables = json!({ "variables": { "channel": "stable", "motd": "Welcome back, all." } });
    let license = &books.sell(verify::names())?;

    let small = answer(&books, license)?;
    report::figure_with_goal("sizes-validate-answer", "bytes", &[small as f64], ANSWER);
    let path = format!("/api/v1/apps/{}/variables", text(&books.app["app_id"]));
    books.vendor.put(&path, &variables)?;
    let vars = variables["variables"].to_string().len();
    let more = answer(&books, license)?;
    report::figure_with_goal(
        &format!("sizes-validate-answer-{vars}-bytes-of-variables"),
        "bytes",
        &[more as f64],
        ANSWER,
    );

    let file = books.file(license)?;
    report::figure_with_goal("sizes-license-file-8-features", "bytes", &[file.len() as f64], FILE);
    let binary = std::fs::metadata(sealgate)?.len() as f64 / f64::from(1 << 20);
    report::figure_with_goal("sizes-server-binary", "MiB", &[binary], BINARY_MIB);
    Ok(())
}

/// The length of the answer's body.
fn answer(books: &Books, license: &Value) -> Result<usize> {
    let mut asker = Asker::connect(&books.server.address)?;
    asker.prepare(&question(&books.app, text(&license["license_key"]), DEVICE), 1);
    match asker.ask()? {
        (200, body) => Ok(body.len()),
        (_, body) => Err(Error::other(String::from_utf8_lossy(body).into_owned())),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
