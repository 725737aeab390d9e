//! `sealgate login`: what is kept, who can read it, and where a token goes.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::program::{Outcome, SEALGATE, run, run_with_input, sealgate};
use crate::vendor::{Vendor, text};

/// A person's settings, and the program run by that person, with nothing else in its environment.
struct Person(PathBuf);

impl Person {
    fn new(vendor: &Vendor) -> Self {
        Self(PathBuf::from(vendor.path("settings")))
    }

    fn sealgate(&self, arguments: &[&str]) -> Command {
        let mut command = sealgate(arguments);
        command.env("XDG_CONFIG_HOME", &self.0);
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        run(&mut self.sealgate(arguments))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        self.run(&[&["--json"], arguments].concat()).json()
    }

    /// Logs in with a token on standard input.
    fn login(&self, url: &str, token: &str, more: &[&str]) -> Outcome {
        let login = ["login", "--json", "--url", url, "--token", "-"];
        run_with_input(&mut self.sealgate(&[&login, more].concat()), &format!("{token}\n"))
    }

    fn folder(&self) -> PathBuf {
        self.0.join("sealgate/profiles")
    }

    /// A profile as `login` would keep it.
    fn plant(&self, name: &str, url: &str, token: &str) {
        fs::create_dir_all(self.folder()).expect("is made");
        set_mode(&self.folder(), 0o700);
        let profile = json!({ "url": url, "token": token, "tenant_name": "T", "token_id": "t" });
        let path = self.folder().join(format!("{name}.json"));
        fs::write(&path, profile.to_string()).expect("is written");
        set_mode(&path, 0o600);
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is one's own");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

fn owner(vendor: &Vendor) -> String {
    fs::read_to_string(vendor.data().join("admin.token")).expect("the owner's token").trim().to_owned()
}

#[test]
fn a_token_that_the_server_takes_is_kept_for_its_owner_alone() {
    let vendor = Vendor::new();
    let (person, token) = (Person::new(&vendor), owner(&vendor));
    let kept = person.login(&vendor.server.url, &token, &[]).json();
    assert_eq!(
        (&kept["profile"], &kept["default"], &kept["tenant_name"]),
        (&json!("default"), &json!(true), &json!("default"))
    );
    assert_eq!(
        (&kept["url"], &kept["scopes"]),
        (&json!(vendor.server.url), &json!(["owner", "installation"]))
    );
    let file = PathBuf::from(text(&kept["file"]));
    assert_eq!((mode(&file), mode(&person.folder())), (0o600, 0o700));
    assert!(fs::read_to_string(&file).expect("there").contains(&token));
    person.json(&["app", "create", "Editor"]);
    assert_eq!(person.json(&["app", "list"])[0]["name"], "Editor");

    let said = [
        kept.to_string(),
        person.run(&["profile", "show"]).ok(),
        person.run(&["profile", "list"]).ok(),
        person.json(&["profile", "show", "default"]).to_string(),
        person.run(&["-vv", "app", "list"]).stderr,
        person.run(&["app", "list", "--json", "--url", "http://127.0.0.1:1"]).stderr,
        person.json(&["logout"]).to_string(),
    ];
    assert!(said[4].contains("DEBUG") && said[4].contains("default.json"), "{}", said[4]);
    for said in said {
        assert!(!said.contains(&token[5..]), "{said}");
    }
    assert!(!file.exists());
    person.run(&["app", "list", "--json"]).refused(77, "token_invalid");
    assert_eq!(vendor.json(&["token", "list"])[0]["revoked_at"], Value::Null, "it stays in force");
}

#[test]
fn what_the_server_does_not_take_is_not_kept() {
    let vendor = Vendor::new();
    let person = Person::new(&vendor);
    person.login(&vendor.server.url, "sgt_wrong", &[]).refused(77, "token_invalid");
    person.login(&vendor.server.url, "", &[]).refused(77, "token_invalid");
    person.login("http://127.0.0.1:1", &owner(&vendor), &[]).refused(69, "server_unreachable");
    person.login("http://sealgate.invalid", &owner(&vendor), &[]).refused(78, "config_invalid");
    person.login(&vendor.server.url, &owner(&vendor), &["--profile", "../up"]).refused(78, "config_invalid");
    run_with_input(&mut person.sealgate(&["login", "--json", "--token", "-"]), "x")
        .refused(78, "config_invalid");
    assert!(!person.0.exists());
    run(sealgate(&["login", "--json", "--token", "-"]).env("SEALGATE_URL", &vendor.server.url))
        .refused(78, "config_invalid");
}

#[test]
fn a_token_is_never_taken_from_the_arguments() {
    let vendor = Vendor::new();
    let (person, token) = (Person::new(&vendor), owner(&vendor));
    let told = person.run(&["login", "--json", "--url", &vendor.server.url, "--token", &token]);
    let failure = told.refused(2, "malformed_request");
    assert!(
        text(&failure["fix"]).contains("--token -") && !failure.to_string().contains(&token),
        "{failure}"
    );
    assert!(!person.0.exists());
    let nobody = person.run(&["login", "--json", "--url", &vendor.server.url]).refused(77, "token_invalid");
    assert!(text(&nobody["fix"]).contains("SEALGATE_TOKEN"), "{nobody}");
    let by_variable = ["login", "--json", "--url", &vendor.server.url];
    run(person.sealgate(&by_variable).env("SEALGATE_TOKEN", &token)).json();
    person.json(&["app", "list"]);
}

/// On a terminal of its own: `script` copies what is seen there.
#[test]
fn a_token_that_is_typed_is_not_shown() {
    let vendor = Vendor::new();
    let (person, token) = (Person::new(&vendor), owner(&vendor));
    let mut script = Command::new("script");
    script.env_clear().env("XDG_CONFIG_HOME", &person.0).args([
        "-qec",
        &format!("{SEALGATE} login"),
        "/dev/null",
    ]);
    let mut child =
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script, of util-linux, runs");
    let mut keyboard = child.stdin.take().expect("piped");
    let mut screen = child.stdout.take().expect("piped");
    let mut seen = String::new();
    let mut until = |words: &str, seen: &mut String| {
        let mut byte = [0];
        while !seen.contains(words) {
            assert_eq!(screen.read(&mut byte).expect("is read"), 1, "{seen}");
            seen.push(char::from(byte[0]));
        }
    };
    until("[http://127.0.0.1:8080]: ", &mut seen);
    writeln!(keyboard, "{}", vendor.server.url).expect("is typed");
    until("not shown): ", &mut seen);
    writeln!(keyboard, "{token}").expect("is typed");
    until("where neither flags", &mut seen);
    drop(keyboard);
    assert!(child.wait().expect("it ends").success(), "{seen}");
    assert!(seen.contains(&vendor.server.url) && !seen.contains(&token[5..]), "{seen}");
    person.json(&["app", "list"]);
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_default_profile() {
    const SOURCES: [&str; 7] =
        ["--token", "--profile", "--data", "SEALGATE_TOKEN", "SEALGATE_PROFILE", "SEALGATE_DATA", "kept"];
    let vendor = Vendor::new();
    let (person, url) = (Person::new(&vendor), &*vendor.server.url);
    // Each source has the token of another tenant, with an app of that name.
    let tokens = SOURCES.map(|source| {
        let tenant = vendor.json(&["tenant", "create", source.trim_start_matches('-')]);
        let token = text(&tenant["admin_token"]).to_owned();
        let create =
            ["app", "create", source.trim_start_matches('-'), "--json", "--url", url, "--token", &token];
        run(&mut sealgate(&create)).json();
        token
    });
    let data = |place: usize| {
        let data = PathBuf::from(vendor.path(&format!("data-{place}")));
        fs::create_dir(&data).expect("is made");
        set_mode(&data, 0o700);
        fs::write(data.join("admin.token"), &tokens[place]).expect("is written");
        set_mode(&data.join("admin.token"), 0o600);
        data.display().to_string()
    };
    let data = [data(2), data(5)];
    person.plant("flags", url, &tokens[1]);
    person.plant("variables", url, &tokens[4]);
    person.plant("default", url, &tokens[6]);
    let values = [&tokens[0], "flags", &data[0], &tokens[3], "variables", &data[1], ""];
    // From the last on, each comes to those that are there already, and wins.
    for first in (0..SOURCES.len()).rev() {
        let mut command = person.sealgate(&["app", "list", "--json", "-v"]);
        command.env("SEALGATE_URL", url);
        for (source, value) in SOURCES.iter().zip(values).skip(first) {
            if source.starts_with("--") {
                command.args([source, value]);
            } else if source.starts_with("SEALGATE") {
                command.env(source, value);
            }
        }
        let told = run(&mut command);
        let apps: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|e| panic!("{e}: {told:?}"));
        assert_eq!(apps[0]["name"], SOURCES[first].trim_start_matches('-'), "{told:?}");
        let from = [
            "--token",
            "flags.json",
            "(--data)",
            "SEALGATE_TOKEN",
            "variables.json",
            "(SEALGATE_DATA)",
            "default.json",
        ];
        assert!(told.stderr.contains(from[first]) && !told.stderr.contains("sgt_"), "{told:?}");
    }
}

#[test]
fn a_server_is_named_likewise_and_errors_say_by_whom() {
    let vendor = Vendor::new();
    let person = Person::new(&vendor);
    for name in ["flags", "variables", "default"] {
        person.plant(name, &format!("http://127.0.0.1:1/{name}"), "sgt_x");
    }
    let all = [
        ("--url", "http://127.0.0.1:1/flag", "http://127.0.0.1:1/flag (--url)"),
        ("--profile", "flags", "http://127.0.0.1:1/flags (the profile flags"),
        ("SEALGATE_URL", "http://127.0.0.1:1/variable", "http://127.0.0.1:1/variable (SEALGATE_URL)"),
        ("SEALGATE_PROFILE", "variables", "http://127.0.0.1:1/variables (the profile variables"),
        ("", "", "http://127.0.0.1:1/default (the profile default"),
    ];
    for first in 0..all.len() {
        let mut command = person.sealgate(&["doctor", "--server", "--json"]);
        for (source, value, _) in &all[first..] {
            match source.starts_with("--") {
                true => command.args([source, value]),
                false if source.is_empty() => &mut command,
                false => command.env(source, value),
            };
        }
        let failure = run(&mut command).refused(69, "server_unreachable");
        assert!(text(&failure["message"]).starts_with(all[first].2), "{failure}");
    }
    person.run(&["app", "list", "--json", "--profile", "nobody"]).refused(3, "not_found");
}

#[test]
fn a_profile_s_token_goes_to_no_other_server() {
    let vendor = Vendor::new();
    let person = Person::new(&vendor);
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let thief = format!("http://{}", elsewhere.local_addr().expect("bound"));
    let token = owner(&vendor);
    person.login(&vendor.server.url, &token, &[]).json();
    person.login(&vendor.server.url, &token, &["--profile", "work"]).json();
    let list = ["app", "list", "--json"];
    let refused = [
        run(person.sealgate(&list).args(["--url", &thief])),
        run(person.sealgate(&list).args(["--url", &thief, "--profile", "work"])),
        run(person.sealgate(&list).env("SEALGATE_URL", &thief)),
        run(person.sealgate(&list).env("SEALGATE_URL", &thief).env("SEALGATE_PROFILE", "work")),
        run(person.sealgate(&list).args(["--url", &vendor.server.url.replace("127.0.0.1", "localhost")])),
    ];
    for told in refused {
        let failure = told.refused(78, "config_invalid");
        let message = text(&failure["message"]);
        assert!(
            message.contains(&vendor.server.url) && text(&failure["fix"]).contains("--token"),
            "{failure}"
        );
    }
    let with_password = thief.replace("//", "//u:hunter2@");
    let told = run(person.sealgate(&list).args(["-vv", "--url", &with_password]));
    assert!(told.exit == Some(78) && !told.stderr.contains("hunter2"), "{told:?}");
    // Named once more, in other words, it is the same.
    person.json(&["app", "list", "--url", &format!("{}/", vendor.server.url.replace("http", "HTTP"))]);
    // The owner's token beside a server's data goes to no profile's server.
    person.plant("default", &thief, "sgt_x");
    run(person.sealgate(&list).env("SEALGATE_DATA", vendor.data()));
    elsewhere.set_nonblocking(true).expect("it can be set");
    let seen = elsewhere.accept().map(|(_, from)| from);
    assert_eq!(seen.expect_err("somebody came").kind(), ErrorKind::WouldBlock);
    // A token that one gives goes where one says.
    person.json(&["app", "list", "--url", &vendor.server.url, "--token", &token]);
}

#[test]
fn a_profile_that_others_can_read_or_change_is_refused() {
    let vendor = Vendor::new();
    let person = Person::new(&vendor);
    person.login(&vendor.server.url, &owner(&vendor), &[]).json();
    let file = person.folder().join("default.json");
    for (path, own) in [(&file, 0o600), (&person.folder(), 0o700)] {
        for open in [0o040, 0o004, 0o020, 0o002] {
            set_mode(path, own | open);
            let failure = person.run(&["app", "list", "--json"]).refused(65, "file_unreadable");
            assert!(text(&failure["message"]).contains("chmod"), "{failure}");
        }
        set_mode(path, own);
        person.json(&["app", "list"]);
    }
    fs::write(&file, "sgt_secret").expect("is written");
    let failure = person.run(&["app", "list", "--json"]).refused(65, "file_unreadable");
    assert!(!failure.to_string().contains("sgt_secret"), "{failure}");
    fs::write(person.folder().join("default"), "../up").expect("is written");
    set_mode(&person.folder().join("default"), 0o600);
    person.run(&["app", "list", "--json"]).refused(78, "config_invalid");
}

#[test]
fn profiles_are_listed_chosen_and_removed() {
    let vendor = Vendor::new();
    let person = Person::new(&vendor);
    assert_eq!(person.json(&["profile", "list"]), json!([]));
    let acme = vendor.json(&["tenant", "create", "Acme"]);
    let first = person.login(&vendor.server.url, text(&acme["admin_token"]), &["--profile", "acme"]).json();
    assert_eq!(first["default"], true, "the first one is the default");
    assert_eq!(
        person.login(&vendor.server.url, &owner(&vendor), &["--profile", "own"]).json()["default"],
        false
    );
    let listed = person.json(&["profile", "list"]);
    let listed: Vec<_> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|p| (text(&p["profile"]), text(&p["tenant_name"]), &p["default"]))
        .collect();
    assert_eq!(listed, [("acme", "Acme", &json!(true)), ("own", "default", &json!(false))]);
    assert_eq!(person.json(&["profile", "show"])["profile"], "acme");
    person.run(&["tenant", "list", "--json"]).refused(77, "scope_missing");
    assert_eq!(person.json(&["profile", "use", "own"])["default"], true);
    person.json(&["tenant", "list"]);
    person.json(&["app", "list", "--profile", "acme"]);
    person.run(&["profile", "use", "nobody", "--json"]).refused(3, "not_found");
    assert_eq!(person.json(&["logout"])["profile"], "own");
    person.run(&["app", "list", "--json"]).refused(77, "token_invalid");
    assert_eq!(person.json(&["logout", "--profile", "acme"])["token_id"], first["token_id"]);
    assert_eq!(person.json(&["profile", "list"]), json!([]));
    run(&mut sealgate(&["profile", "list", "--json"])).refused(78, "config_invalid");
}

#[test]
fn an_error_says_where_a_token_came_from() {
    let vendor = Vendor::new();
    let url = ["app", "list", "--json", "--url", &vendor.server.url];
    let by_variable = run(sealgate(&url).env("SEALGATE_TOKEN", "sgt_wrong")).refused(77, "token_invalid");
    assert!(text(&by_variable["message"]).ends_with("came from SEALGATE_TOKEN."), "{by_variable}");
    // A path that means something in one folder alone is told as it is called everywhere.
    let dir = tempfile::tempdir().expect("a temporary directory");
    let relative = run(sealgate(&url).env("SEALGATE_DATA", "./data").current_dir(dir.path()))
        .refused(77, "token_invalid");
    let place = dir.path().canonicalize().expect("there").join("data/admin.token");
    let expected = format!("{} (SEALGATE_DATA)", place.display());
    assert!(text(&relative["message"]).contains(&expected), "{relative}");
    let renew = ["keys", "renew-sessions", "--json", "--data", "data"];
    let local = run(sealgate(&renew).current_dir(dir.path())).refused(65, "file_unreadable");
    assert!(text(&local["message"]).contains(&*place.with_file_name("keys").to_string_lossy()), "{local}");
}

/// Whoever logs in and works on with `SEALGATE_DATA` set is told that it wins, and how to change that; it does as told.
#[test]
fn a_login_that_commands_do_not_use_says_what_they_use() {
    let vendor = Vendor::new();
    let person = Person::new(&vendor);
    let made = vendor.json(&["token", "create", "--scope", "apps:read"]);
    let login = ["login", "--url", &vendor.server.url, "--token", "-"];
    let mut command = person.sealgate(&login);
    let told = run_with_input(command.env("SEALGATE_DATA", vendor.data()), text(&made["token"])).ok();
    let words = "Commands do not use it here: SEALGATE_DATA is set, and commands take the owner's token";
    assert!(
        told.contains(words) && told.contains("`unset SEALGATE_DATA`, or give --profile default."),
        "{told}"
    );
    let list = |more: &[&str]| {
        let arguments = [&["token", "list", "--json"], more].concat();
        let mut command = person.sealgate(&arguments);
        run(command.env("SEALGATE_DATA", vendor.data()).env("SEALGATE_URL", &vendor.server.url)).exit
    };
    assert_eq!(
        (list(&[]), list(&["--profile", "default"])),
        (Some(0), Some(77)),
        "the owner's, and the profile's"
    );
    for (name, value, wins) in [
        ("SEALGATE_DATA", "/x", json!("SEALGATE_DATA")),
        ("SEALGATE_TOKEN", "sgt_x", json!("SEALGATE_TOKEN")),
        ("SEALGATE_PROFILE", "default", Value::Null),
        ("SEALGATE_URL", "http://127.0.0.1:1", json!("SEALGATE_URL")),
        ("SEALGATE_URL", &vendor.server.url, Value::Null),
    ] {
        for verb in [&["profile", "use", "default"][..], &["profile", "show", "default"]] {
            let mut command = person.sealgate(&[verb, &["--json"]].concat());
            assert_eq!(run(command.env(name, value)).json()["overridden_by"], wins, "{name} {value}");
        }
    }
    // One that is no default is named anyway.
    let told = person.login(&vendor.server.url, text(&made["token"]), &["--profile", "other"]).json();
    assert_eq!(told["overridden_by"], Value::Null);
}

#[test]
fn no_profiles_are_said_in_words() {
    let person = Person::new(&Vendor::new());
    let told = person.run(&["profile", "list"]);
    assert_eq!((told.exit, &*told.stdout), (Some(0), ""), "{told:?}");
    assert!(told.stderr.starts_with("no profiles yet; `sealgate login`"), "{told:?}");
}

#[test]
fn a_profile_that_cannot_be_read_hides_no_other_and_can_go() {
    let vendor = Vendor::new();
    let person = Person::new(&vendor);
    person.login(&vendor.server.url, &owner(&vendor), &["--profile", "good"]).json();
    let bad = person.0.join("sealgate/profiles/bad.json");
    std::fs::write(&bad, "{ broken").expect("written");
    std::fs::set_permissions(&bad, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("it is ours");
    let listed = person.json(&["profile", "list"]);
    assert_eq!((&listed[0]["profile"], &listed[0]["token_id"]), (&json!("bad"), &Value::Null), "{listed}");
    assert!(
        text(&listed[0]["error"]).contains("log in again") && listed[1].get("error").is_none(),
        "{listed}"
    );
    assert!(person.run(&["profile", "list"]).ok().contains("good"));
    person.run(&["app", "list", "--profile", "bad", "--json"]).refused(65, "file_unreadable");
    assert_eq!(person.json(&["logout", "--profile", "bad"])["removed"], true);
    assert!(!bad.exists());
    person.run(&["logout", "--profile", "bad", "--json"]).refused(3, "not_found");
    assert_eq!(person.json(&["profile", "list"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_wrong_is_named_as_it_is() {
    let vendor = Vendor::new();
    let person = Person::new(&vendor);
    let url = &vendor.server.url;
    for token in ["sgt_x\r", "sgt_\u{fc}", "two words"] {
        let mut command = person.sealgate(&["app", "list", "--json", "--url", url]);
        let refused = run(command.env("SEALGATE_TOKEN", token)).refused(77, "token_invalid");
        let told = refused.to_string();
        assert!(
            text(&refused["message"]).starts_with("SEALGATE_TOKEN: ") && !told.contains("--url"),
            "{told}"
        );
        assert!(!told.contains("sgt_"), "{told}");
    }
    let token = owner(&vendor);
    let mut command = person.sealgate(&["app", "list", "--json", "--url", &format!("{url}#x")]);
    let refused = run(command.env("SEALGATE_TOKEN", &token)).refused(78, "config_invalid");
    assert!(text(&refused["message"]).contains("fragment"), "{refused}");
    // Set to nothing, a variable is not set.
    let mut command = person.sealgate(&["app", "list", "--json", "--url", url]);
    let empty = command.env("SEALGATE_TOKEN", &token).env("SEALGATE_DATA", "").env("SEALGATE_PROFILE", "");
    assert_eq!(run(empty).json(), json!([]));
    let mut command = person.sealgate(&["app", "list", "--json", "--url", url]);
    run(command.env("SEALGATE_DATA", "")).refused(77, "token_invalid");
}
