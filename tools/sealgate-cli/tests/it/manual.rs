//! `sealgate check-config`, `completions` and `man`.

use std::process::Command;

use crate::program::{SEALGATE, run, sealgate};

#[test]
fn a_configuration_is_judged_without_starting_anything() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("sealgate.toml");
    let file = file.to_str().expect("UTF-8");
    let judge = |text: &str| {
        std::fs::write(file, text).expect("is written");
        run(&mut sealgate(&["--json", "check-config", file]))
    };
    let good = "data = \"/srv/sealgate\"\nlisten = \"127.0.0.1:8080\"\nlog = \"json\"\ntrusted_proxies = [\"10.0.0.0/8\"]\n\
                database = \"postgres://u:secret@127.0.0.1/d\"\n";
    let judged = judge(good);
    assert!(!judged.stdout.contains("secret"), "{judged:?}");
    let judged = judged.json();
    assert_eq!((&judged["trusted_proxies"][0], &judged["log"]), (&"10.0.0.0/8".into(), &"json".into()));
    judge("").json();
    for (bad, line) in [
        ("data = 5\n", "line 1"),
        ("\ncolour = 1\n", "line 2"),
        ("listen = \"x\"\n", "line 1"),
        ("log = \"loud\"\n", "line 1"),
        ("trusted_proxies = [\"10.0.0.1/8\"]\n", "trusted_proxies"),
        ("data = \n", "line 1"),
        ("origins = [\"https://Licenses.example.com\"]\n", "not an origin"),
    ] {
        let failure = judge(bad).refused(78, "config_invalid");
        assert!(failure["message"].as_str().is_some_and(|m| m.contains(line)), "{bad}: {failure}");
    }
    run(&mut sealgate(&["--json", "check-config", "/nowhere"])).refused(78, "config_invalid");
}

#[test]
fn shells_complete_every_verb() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&mut sealgate(&["completions", shell])).ok();
        for verb in ["tenant", "reset-devices", "check-config"] {
            assert!(script.contains(verb), "{shell}: {verb}");
        }
    }
    let script = run(&mut sealgate(&["completions", "bash"])).ok();
    let checked = crate::program::run_with_input(std::process::Command::new("bash").arg("-n"), &script);
    checked.ok();
}

#[test]
fn each_verb_has_a_manual_page() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let folder = dir.path().join("man");
    let written = run(&mut sealgate(&["--json", "man", "-o", folder.to_str().expect("UTF-8")])).json();
    let written = written.as_array().expect("a list");
    for page in
        ["sealgate.1", "sealgate-license-issue.1", "sealgate-audit-verify.1", "sealgate-app-vars-set.1"]
    {
        assert!(written.iter().any(|name| name == page), "{page} is not among {written:?}");
        let text = std::fs::read_to_string(folder.join(page)).expect("is read");
        assert!(text.starts_with(".ie") && text.contains(".SH SYNOPSIS"), "{page}: {text}");
    }
    // Signs of a value stand around values alone, and a flag with a value shows it.
    let issue = std::fs::read_to_string(folder.join("sealgate-license-issue.1")).expect("is read");
    assert!(issue.contains(r"[\fB\-\-app\fR \fIAPP\fR]"), "{issue}");
    assert!(issue.contains(r"[\fB\-\-max\-devices\fR \fIN\fR]"), "{issue}");
    for page in written {
        let text = std::fs::read_to_string(folder.join(page.as_str().expect("a name"))).expect("is read");
        assert!(!text.contains(r"<\fB"), "{page}: {text}");
    }
}

/// A file that may not be that long (`ulimit -f`) is a failure with words, as a full disk is, and nothing is left of it.
#[test]
fn a_file_that_is_too_long_ends_no_program_without_a_word() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut command = Command::new("sh");
    let line = "ulimit -f 0 && exec \"$0\" --json man --output \"$1\"";
    let failure = run(command.args(["-c", line, SEALGATE]).arg(folder.path())).refused(65, "file_unreadable");
    assert!(failure["message"].as_str().is_some_and(|it| it.contains("too large")), "{failure}");
    let left =
        std::fs::read_dir(folder.path()).expect("it is there").flatten().filter_map(|it| it.metadata().ok());
    assert_eq!(left.map(|it| it.len()).sum::<u64>(), 0);
}
