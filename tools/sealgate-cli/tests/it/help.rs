//! What a person reads who asks.

use std::collections::BTreeSet;

use crate::program::{run, sealgate};

/// Every operation of the API, with a verb that asks for it.
const ASKED_BY: [(&str, &str); 97] = [
    ("create_tenant", "tenant create"),
    ("list_tenants", "tenant list"),
    ("show_tenant", "tenant show"),
    ("update_tenant", "tenant offline"),
    ("suspend_tenant", "tenant suspend"),
    ("resume_tenant", "tenant resume"),
    ("create_token", "token create"),
    ("list_tokens", "token list"),
    ("revoke_token", "token revoke"),
    ("create_app", "app create"),
    ("list_apps", "app list"),
    ("show_app", "app show"),
    ("app_trust", "keys export"),
    ("update_app", "app update"),
    ("rotate_secret", "app rotate-secret"),
    ("rotate_app_key", "app rotate-key"),
    ("disable_app", "app disable"),
    ("enable_app", "app enable"),
    ("app_variables", "app vars get"),
    ("set_app_variables", "app vars set"),
    ("change_app_variables", "app vars set"),
    ("show_credits", "credits show"),
    ("grant_credits", "credits grant"),
    ("create_plan", "plan create"),
    ("list_plans", "plan list"),
    ("show_plan", "plan show"),
    ("update_plan", "plan update"),
    ("create_customer", "customer create"),
    ("list_customers", "customer list"),
    ("show_customer", "customer show"),
    ("update_customer", "customer update"),
    ("merge_customers", "customer merge"),
    ("forget_customer", "customer forget"),
    ("issue_licenses", "license issue"),
    ("import_licenses", "license import"),
    ("reveal_license_keys", "license export"),
    ("list_licenses", "license list"),
    ("look_up_license", "license show"),
    ("resign_licenses", "license resign"),
    ("show_license", "license show"),
    ("update_license", "license update"),
    ("preview_license", "license update"),
    ("reveal_license_key", "license key"),
    ("rekey_license", "license rekey"),
    ("license_file", "license file"),
    ("make_authforge_file", "license authforge-file"),
    ("renew_license", "license renew"),
    ("preview_renewal", "license renew"),
    ("suspend_license", "license suspend"),
    ("resume_license", "license resume"),
    ("revoke_license", "license revoke"),
    ("reset_devices", "license reset-devices"),
    ("license_variables", "license vars get"),
    ("set_license_variables", "license vars set"),
    ("change_license_variables", "license vars set"),
    ("list_devices", "device list"),
    ("show_device", "device show"),
    ("update_device", "device update"),
    ("release_device", "device release"),
    ("list_activations", "activation list"),
    ("show_activation", "activation show"),
    ("activation_chain", "activation chain"),
    ("reanchor_activation", "activation reanchor"),
    ("publish_release", "release publish"),
    ("list_releases", "release list"),
    ("show_release", "release show"),
    ("release_statement", "release show"),
    ("revoke_release", "release revoke"),
    ("list_approvals", "manifest list"),
    ("submit_modules", "manifest submit"),
    ("approve_modules", "manifest approve"),
    ("reject_modules", "manifest reject"),
    ("add_access", "access allow"),
    ("list_access", "access list"),
    ("remove_access", "access remove"),
    ("list_events", "events"),
    ("list_audit", "audit list"),
    ("export_audit", "audit export"),
    ("list_servers", "server list"),
    ("show_server", "server approve"),
    ("approve_server", "server approve"),
    ("revoke_server", "server revoke"),
    ("show_clock", "server accept-clock"),
    ("accept_clock", "server accept-clock"),
    ("export_bundle", "offline export"),
    ("list_bundles", "offline list"),
    ("respond_offline", "offline respond"),
    ("show_bundle", "offline show"),
    ("bundle_file", "offline file"),
    ("revoke_bundle", "offline revoke-bundle"),
    ("sign_snapshot", "offline snapshot"),
    ("list_snapshots", "offline snapshot"),
    ("import_snapshot", "offline import-snapshot"),
    ("list_jobs", "job list"),
    ("list_keys", "keys list"),
    ("rotate_key", "keys rotate"),
    ("revoke_key", "keys revoke"),
];

/// The verbs below this one, as its help lists them, and this one.
fn verbs_from(verb: Vec<String>, found: &mut Vec<Vec<String>>) {
    let help = help(&verb);
    let list = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
    let list = list.lines().take_while(|line| !line.is_empty());
    // A description goes on further in.
    let names = list.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        verbs_from([&verb[..], &[name.to_owned()]].concat(), found);
    }
    found.push(verb);
}

fn help(verb: &[String]) -> String {
    let words: Vec<&str> = verb.iter().map(String::as_str).chain(["--help"]).collect();
    run(&mut sealgate(&words)).ok()
}

pub(crate) fn verbs() -> Vec<Vec<String>> {
    let mut found = vec![];
    verbs_from(vec![], &mut found);
    assert!(found.len() > 70, "{found:?}");
    found
}

#[test]
fn every_operation_has_a_verb() {
    let document = serde_json::from_str(include_str!("../../../../spec/openapi.json"));
    let document: serde_json::Value = document.expect("JSON");
    let paths = document["paths"].as_object().expect("paths").values();
    let all = paths.flat_map(|methods| methods.as_object().expect("methods").values());
    let operations = all.filter(|operation| operation["x-scope"].is_string());
    let names = |operation: &serde_json::Value| operation["operationId"].as_str().expect("a name").to_owned();
    let operations: BTreeSet<String> = operations.map(names).collect();
    assert_eq!(operations, ASKED_BY.iter().map(|(operation, _)| (*operation).to_owned()).collect());
    let verbs: BTreeSet<String> = verbs().iter().map(|verb| verb.join(" ")).collect();
    for (operation, verb) in ASKED_BY {
        assert!(verbs.contains(verb), "{operation}: no verb {verb}");
    }
}

#[test]
fn every_verb_explains_itself_and_lists_the_flags_that_go_everywhere() {
    for verb in verbs() {
        let help = help(&verb);
        assert!(help.contains("Usage: sealgate"), "{verb:?}: {help}");
        let (own, everywhere) =
            help.split_once("\nEverywhere:\n").unwrap_or_else(|| panic!("{verb:?}: {help}"));
        for flag in [
            "--json",
            "--url",
            "--profile",
            "--proxy",
            "--danger-plain-http",
            "--token",
            "--data",
            "--config",
            "--quiet",
            "--verbose",
        ] {
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
    for verb in verbs() {
        let help = help(&verb);
        // A paragraph below may be wrapped before a flag, and begins at the margin.
        for line in help.lines().filter(|line| line.starts_with(' ') && line.trim_start().starts_with("--")) {
            let described =
                line.trim_start().split_once("  ").is_some_and(|(_, text)| !text.trim().is_empty());
            assert!(described, "{verb:?}: {line}");
        }
    }
}

#[test]
fn the_help_says_what_a_person_would_guess_wrong() {
    for (verb, words) in [
        ("license revoke", "cannot be undone"),
        ("license revoke", "license suspend"),
        ("license renew", "added to the present end"),
        ("license renew", "A trial is not renewed"),
        ("license update", "count from now"),
        ("license key", "licenses:read"),
        ("license rekey", "licenses:read"),
        ("license authforge-file", "licenses:read"),
        ("plan create", "as in 365d, 3m or 1y"),
        ("plan update", "The file is the whole policy"),
        ("customer forget", "gave to another customer before"),
        ("device update", "replaces all notes"),
    ] {
        let words_of: Vec<String> = verb.split(' ').map(str::to_owned).collect();
        let help = help(&words_of).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(words), "{verb}: {words}: {help}");
    }
    let issue = help(&["license".to_owned(), "issue".to_owned()]);
    assert!(!issue.contains("write the end as a date"), "{issue}");
}

#[test]
fn the_version_is_the_packages() {
    let version = concat!("sealgate ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(run(&mut sealgate(&["--version"])).ok(), version);
}
