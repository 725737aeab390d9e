//! What a person reads who asks.

use crate::program::{run, sealgate};

const VERBS: [&[&str]; 76] = [
    &[],
    &["serve"],
    &["demo"],
    &["server"],
    &["server", "list"],
    &["server", "approve"],
    &["server", "revoke"],
    &["tenant"],
    &["tenant", "create"],
    &["tenant", "list"],
    &["tenant", "show"],
    &["tenant", "suspend"],
    &["tenant", "resume"],
    &["tenant", "offline"],
    &["token"],
    &["token", "create"],
    &["token", "list"],
    &["token", "revoke"],
    &["app"],
    &["app", "create"],
    &["app", "list"],
    &["app", "show"],
    &["app", "rotate-secret"],
    &["app", "rotate-key"],
    &["app", "update"],
    &["app", "disable"],
    &["app", "enable"],
    &["app", "vars"],
    &["app", "vars", "get"],
    &["app", "vars", "set"],
    &["plan"],
    &["plan", "create"],
    &["plan", "list"],
    &["plan", "show"],
    &["plan", "update"],
    &["license"],
    &["license", "issue"],
    &["license", "show"],
    &["license", "list"],
    &["license", "renew"],
    &["license", "update"],
    &["license", "suspend"],
    &["license", "resume"],
    &["license", "revoke"],
    &["license", "reset-devices"],
    &["license", "vars"],
    &["license", "file"],
    &["license", "authforge-file"],
    &["device"],
    &["device", "list"],
    &["device", "show"],
    &["device", "release"],
    &["access"],
    &["access", "allow"],
    &["access", "deny"],
    &["access", "remove"],
    &["access", "list"],
    &["credits"],
    &["credits", "grant"],
    &["credits", "show"],
    &["events"],
    &["audit"],
    &["audit", "list"],
    &["audit", "export"],
    &["audit", "verify"],
    &["keys"],
    &["keys", "list"],
    &["keys", "export"],
    &["keys", "rotate"],
    &["keys", "share"],
    &["keys", "revoke"],
    &["inspect"],
    &["verify"],
    &["check-config"],
    &["completions"],
    &["man"],
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
