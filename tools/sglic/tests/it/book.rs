//! `docs/book/sglic.md`: the page is the test. Its commands run in its order, and print what it says they print.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::program::{SGLIC, Vendor, run, run_with_input, text};

const PAGE: &str = include_str!("../../../../docs/book/sglic.md");

#[test]
fn the_page_is_what_happens() {
    let vendor = Vendor::new();
    let machine = vendor.machine();
    let policy = json!({ "heartbeat": { "interval": 14_400, "grace": 86_400 } });
    let license = vendor.issue(&json!({ "max_devices": 1, "policy": policy }));
    std::fs::write(machine.path("key.txt"), text(&license["license_key"])).expect("written");
    std::fs::write(machine.path("vendor.sgsnap"), vendor.snapshot()).expect("written");
    // A second machine of the page, and what the vendor takes back of it.
    let second = vendor.issue(&json!({}));
    let trust = machine.path("trust.json").display().to_string();
    let mut activate = Command::new(SGLIC);
    activate
        .current_dir(machine.folder.path())
        .env_clear()
        .args(["activate", "--key", "-", "--trust", &trust]);
    activate.args(["--state", "second", "--server", &vendor.server.url]);
    run_with_input(&mut activate, &text(&second["license_key"]));
    vendor.change(&second, "revoke");
    std::fs::write(machine.path("newer.sgsnap"), vendor.snapshot()).expect("written");
    let blocks =
        PAGE.split("```console\n").skip(1).map(|rest| rest.split("```").next().expect("the text before"));
    let mut steps = 0;
    for step in blocks.flat_map(|block| block.split("$ ").skip(1)) {
        let (line, prints) = step.split_once('\n').expect("a line");
        let typed = line.replace("https://license.example.com", &vendor.server.url);
        let program = Path::new(SGLIC).parent().expect("a folder").display();
        let mut shell = Command::new("sh");
        shell.current_dir(machine.folder.path()).env_clear().env("HOME", machine.folder.path());
        shell.env("PATH", format!("{program}:/usr/bin:/bin")).args(["-c", &format!("exec 2>&1; {typed}")]);
        let printed = run(&mut shell).stdout;
        assert!(
            matches(&lines(prints), &lines(&printed)),
            "{line}: the page says\n{prints}\nand it is\n{printed}"
        );
        steps += 1;
    }
    assert!(steps > 5, "{steps}");
}

fn lines(text: &str) -> Vec<Vec<&str>> {
    let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.filter(|words| !words.is_empty()).collect()
}

/// A line `…` is any lines, and a word `…` any words.
fn matches(wanted: &[Vec<&str>], printed: &[Vec<&str>]) -> bool {
    match (wanted.split_first(), printed.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if *first == ["…"] => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        (Some((first, rest)), Some((line, further))) => line_matches(first, line) && matches(rest, further),
        _ => false,
    }
}

fn line_matches(wanted: &[&str], printed: &[&str]) -> bool {
    match wanted.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => (0..=printed.len()).any(|skipped| line_matches(rest, &printed[skipped..])),
        Some((first, rest)) => {
            printed.split_first().is_some_and(|(word, further)| word == first && line_matches(rest, further))
        }
    }
}

#[test]
fn a_page_that_says_something_else_does_not_match() {
    let fits = |wanted: &str, printed: &str| matches(&lines(wanted), &lines(printed));
    assert!(fits("a …\n…\nb", "a 1\nc\nd\nb") && fits("…", ""));
    for (wanted, printed) in [("a", "b"), ("a", "a b"), ("a\nb", "a"), ("a", "a\nb"), ("… b", "a c")] {
        assert!(!fits(wanted, printed), "{wanted} / {printed}");
    }
}
