//! What a person reads who asks.

use crate::program::{run, sealgate};

const VERBS: [&[&str]; 15] = [
    &[],
    &["serve"],
    &["demo"],
    &["app"],
    &["app", "create"],
    &["app", "list"],
    &["app", "show"],
    &["license"],
    &["license", "issue"],
    &["license", "show"],
    &["license", "list"],
    &["license", "revoke"],
    &["license", "file"],
    &["inspect"],
    &["verify"],
];

#[test]
fn every_verb_explains_itself_and_lists_the_flags_that_go_everywhere() {
    for verb in VERBS {
        let help = run(&mut sealgate(&[verb, &["--help"]].concat())).ok();
        assert!(help.contains("Usage: sealgate"), "{verb:?}: {help}");
        let (own, everywhere) =
            help.split_once("\nEverywhere:\n").unwrap_or_else(|| panic!("{verb:?}: {help}"));
        for flag in ["--json", "--url", "--token", "--data", "--config", "--quiet", "--verbose"] {
            assert!(
                everywhere.contains(flag) && !own.contains(&format!(" {flag} ")),
                "{verb:?} {flag}: {help}"
            );
        }
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{verb:?}: {help}");
    }
}

#[test]
fn every_verb_and_flag_has_a_description() {
    for verb in VERBS {
        let help = run(&mut sealgate(&[verb, &["--help"]].concat())).ok();
        for line in help.lines().filter(|line| line.trim_start().starts_with("--")) {
            let described =
                line.trim_start().split_once("  ").is_some_and(|(_, text)| !text.trim().is_empty());
            assert!(described, "{verb:?}: {line}");
        }
    }
}

#[test]
fn the_version_is_the_packages() {
    let version = concat!("sealgate ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(run(&mut sealgate(&["--version"])).ok(), version);
}
