//! The table of configuration keys, and what comes from it.

use std::collections::HashSet;
use std::ffi::OsString;

use sealgate_authority::Limits;
use sealgate_server::Parts;
use sealgate_server::config::{Config, ConfigError, LogFormat, MARKERS, Source, Sources, guide_table, keys};
use serde_json::{Value, json};

const GUIDE: &str = include_str!("../../../../docs/book/operators.md");

fn file(text: &str) -> Result<Sources, ConfigError> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("sealgate.toml");
    std::fs::write(&path, text).expect("is written");
    Sources::of_file(&path)
}

fn config(text: &str) -> Result<Config, ConfigError> {
    file(text)?.config()
}

fn limits(text: &str) -> Limits {
    config(&format!("[limits]\n{text}")).expect("is usable").limits.into_limits()
}

fn add(sources: &mut Sources, source: Source, name: &str, texts: &[&str]) {
    let key = keys().find(|key| key.name == name).expect("there is such a key");
    let texts: Vec<OsString> = texts.iter().map(OsString::from).collect();
    for text in &texts {
        key.check(text).expect("is accepted");
    }
    sources.add(source, key, &texts).expect("is accepted");
}

#[test]
fn the_guide_lists_every_key() {
    let (begin, end) = MARKERS;
    let table = GUIDE.split_once(begin).and_then(|(_, rest)| rest.split_once(end));
    let table = table.expect("the guide has both markers").0.trim();
    let expected = guide_table();
    assert_eq!(
        table,
        expected.trim(),
        "docs/book/operators.md must hold this between its markers:\n{expected}"
    );
}

#[test]
fn the_example_of_the_guide_can_be_used() {
    let example = GUIDE.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let shown = file(example.expect("an example")).and_then(Sources::describe).expect("is usable");
    assert_eq!(shown["from"]["trusted_proxies"], "file");
}

#[test]
fn every_key_is_explained_and_has_names_of_its_own() {
    let mut taken = HashSet::new();
    for key in keys() {
        assert!(!key.meaning.is_empty() && !key.meaning.ends_with('.'), "{}: meaning", key.name);
        assert!(!key.meaning.contains(['|', '\n']), "{}: the guide's table cannot hold it", key.name);
        assert!(!key.default.is_empty(), "{}: what holds without it", key.name);
        let names = [Some(key.name), key.flag.map(|(flag, _)| flag), key.variable];
        for (kind, name) in names.into_iter().enumerate() {
            assert!(name.is_none_or(|name| taken.insert((kind, name))), "{}: {name:?} is taken", key.name);
        }
        if let Some(variable) = key.variable {
            assert!(variable.starts_with("SEALGATE_"), "{}: {variable}", key.name);
        }
    }
}

/// The guide and the help would promise something else.
#[test]
fn what_a_key_says_about_its_default_is_true() {
    let shown = Sources::default().describe().expect("is usable");
    for key in keys() {
        assert_eq!(shown["from"][key.name], "default");
        let value = key.name.split('.').fold(&shown, |place, part| &place[part]);
        match value {
            Value::String(text) => assert_eq!(text, key.default, "{}", key.name),
            Value::Number(number) => assert_eq!(number.to_string(), key.default, "{}", key.name),
            Value::Array(list) => assert!(list.is_empty(), "{}", key.name),
            other => assert!(other.is_null(), "{}: {other}", key.name),
        }
    }
}

#[test]
fn a_flag_wins_over_its_variable_and_that_over_the_file() {
    let text = "data = '/file'\ndatabase = 'postgres://u:secret@file/d?sslmode=verify-full'\npassphrase_file = '/file'\norigins = ['https://a.example']\nrole = 'runtime'";
    let mut sources = file(text).expect("is usable");
    add(&mut sources, Source::Environment, "data", &["/variable"]);
    add(&mut sources, Source::Flag, "data", &["/flag"]);
    add(&mut sources, Source::Environment, "database", &[""]);
    add(&mut sources, Source::Environment, "passphrase_file", &["/variable"]);
    add(&mut sources, Source::Flag, "origins", &["https://b.example", "https://c.example"]);
    let shown = sources.describe().expect("is usable");
    assert!(!shown.to_string().contains("secret"), "{shown}");
    let pick = |name: &str| (shown[name].clone(), shown["from"][name].clone());
    assert_eq!(pick("data"), (json!("/flag"), json!("flag")));
    assert_eq!(pick("database"), (json!("set"), json!("file")), "an empty variable is an unset one");
    assert_eq!(pick("passphrase_file"), (json!("/variable"), json!("environment")));
    assert_eq!(pick("origins"), (json!(["https://b.example", "https://c.example"]), json!("flag")));
    assert_eq!(pick("role"), (json!("runtime"), json!("file")));
    assert_eq!(pick("listen"), (json!("127.0.0.1:8080"), json!("default")));
}

/// Whoever is on the way to another machine could pose as the database.
#[test]
fn a_database_on_another_machine_proves_itself_or_somebody_says_that_it_need_not() {
    let take = config;
    for url in ["postgres://u:secret@db/d", "postgres://u:secret@db/d?sslmode=require"] {
        let refused = take(&format!("database = '{url}'")).err().expect("anybody may be there");
        let (why, fix) = (refused.to_string(), refused.fix().expect("a fix"));
        assert!(why.contains("another machine") && !why.contains("secret"), "{why}");
        assert!(fix.contains("sslmode=verify-full") && fix.contains("danger_off"), "{fix}");
        assert!(take(&format!("database = '{url}'\ndatabase_tls = 'danger_off'")).is_ok());
        assert!(take(&format!("database = '{url}'\ndatabase_tls = 'proven'")).is_err());
    }
    assert!(take("database = 'postgres://u:secret@db/d?sslmode=verify-full'").is_ok());
    assert!(take("database = 'postgres://u:secret@127.0.0.1/d'").is_ok());
}

#[test]
fn a_flag_is_checked_as_its_key() {
    let accepts = |name: &str, text: &str| {
        keys().find(|key| key.name == name).expect("there is such a key").check(text.as_ref()).is_ok()
    };
    assert!(accepts("listen", "127.0.0.1:0") && !accepts("listen", "8080"));
    assert!(accepts("role", "all") && !accepts("role", "both"));
    assert!(accepts("passphrase_file", "a") && !accepts("passphrase_file", ""));
    assert!(accepts("limits.per_app", "1") && !accepts("limits.per_app", "0"));
}

#[test]
fn what_cannot_be_used_is_refused_with_its_place() {
    for (text, place) in [
        ("data = 5", "line 1"),
        ("\ncolour = 1", "line 2"),
        ("\n[limits]\nper_adress = 1", "line 3"),
        ("role = 'both'", "line 1"),
        ("trusted_proxies = ['10.0.0.1/8']", "trusted_proxies"),
        ("origins = ['https://Licenses.example.com']", "not an origin"),
        ("origins = ['https://a.example', 'https://a.example']", "listed twice"),
    ] {
        let error = config(text).err().expect("is refused");
        assert!(error.to_string().contains(place), "{text}: {error}");
        assert!(error.fix().is_some(), "{text}");
    }
    let many: Vec<String> = (0..17).map(|n| format!("'https://l{n}.example'")).collect();
    assert!(config(&format!("origins = [{}]", many.join(", "))).is_err(), "more than a certificate holds");
    assert!(config(&format!("origins = [{}]", many[1..].join(", "))).is_ok());
    let error = config("colour = 1").err().expect("is refused");
    let fix = error.fix().expect("there is one");
    assert!(fix.contains("data, listen, ") && fix.ends_with(" and [limits]"), "{fix}");
}

#[test]
fn a_file_sets_what_its_keys_say() {
    let config = config("log = 'json'\nlisten = '127.0.0.1:9'\n[limits]\nprofile = 'danger_off'");
    let config = config.expect("is usable");
    assert_eq!((config.log, config.listen.port()), (LogFormat::Json, 9));
    assert!(
        matches!(Parts::new(config).err(), Some(error) if error.to_string().contains("no data directory"))
    );
}

#[test]
fn a_profile_is_chosen_and_single_values_win_over_it() {
    assert_eq!(limits(""), Limits::default());
    assert_eq!(limits("profile = 'authforge'"), Limits::authforge());
    assert_eq!(limits("profile = 'danger_off'"), Limits::danger_off());
    let mixed = limits("profile = 'authforge'\nper_address = 90\naddress_burst = 9\nguess_costs = 7");
    let address = mixed.address.expect("is limited");
    assert_eq!((address.per_minute.get(), address.burst.get(), mixed.guess_costs), (90, 9, 7));
    assert_eq!(mixed.license, Limits::authforge().license);
}

#[test]
fn limits_that_would_lock_everybody_out_or_say_nothing_are_refused() {
    for text in ["per_address = 0", "per_license = -1", "profile = 'off'", "per_adress = 1"] {
        assert!(config(&format!("[limits]\n{text}")).is_err(), "{text}");
    }
}
