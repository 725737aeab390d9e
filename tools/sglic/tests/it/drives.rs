//! A drive is put into a machine without a network. It is mounted in a namespace of the test's own, which needs no rights on the machine.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::bundles::{answered, machine, put, shown};
use crate::program::{Machine, Outcome, SGLIC, Vendor, read, run, text};

/// Runs this script where drives can be mounted, with `$SGLIC` as the program on this machine.
fn with_drives(machine: &Machine, script: &str) -> Outcome {
    let command = machine.command("");
    let words: Vec<String> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let mount =
        "set -e; drive() { mkdir -p \"$1\"; mount -t tmpfs none \"$1\"; }; mount -t tmpfs none /media;";
    let mut shell = Command::new("unshare");
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", &format!("{mount} {script}")]);
    shell
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("SGLIC", format!("{SGLIC} {}", words.join(" ")));
    run(shell.current_dir(machine.folder.path()).stdin(Stdio::null()))
}

#[test]
fn a_license_file_on_a_drive_is_found_offered_and_taken() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({ "max_devices": 5 }));
    let bundle = vendor.export(&license, &json!({ "mode": "pool", "pool": 5 }));
    let first = machine(&vendor);
    put(&first, "license.sglic", &vendor.bundle_file(&bundle));
    // A drive that may only be read, with a blank in its name, as desktops mount it.
    let drive = "drive '/media/ann/My Stick'; cp license.sglic '/media/ann/My Stick/LICENSE.SGLIC'; \
        mount -o remount,ro '/media/ann/My Stick';";
    let refused = with_drives(&first, &format!("{drive} $SGLIC activate")).refused(78, "config_invalid");
    assert!(text(&refused["message"]).contains("seen"), "{refused}");
    let activated = with_drives(&first, &format!("{drive} $SGLIC activate --yes")).json();
    assert_eq!((&activated["license_id"], &activated["mode"]), (&license["license_id"], &json!("pool")));
    assert_eq!(first.run("status").json()["state"], "active");
    // The same stick serves the next machine.
    let second = machine(&vendor);
    put(&second, "license.sglic", &read(&first.path("license.sglic")));
    with_drives(&second, &format!("{drive} $SGLIC activate --yes")).json();
    assert_eq!(second.run("verify").json()["state"], "active");
    // What is found there is named by `doctor`, and can be left out.
    let third = machine(&vendor);
    put(&third, "license.sglic", &read(&first.path("license.sglic")));
    let told = with_drives(&third, &format!("{drive} $SGLIC doctor || true"));
    assert!(told.stdout.contains("/media/ann/My Stick/LICENSE.SGLIC"), "{told:?}");
    with_drives(&third, &format!("{drive} $SGLIC activate --no-drives")).refused(1, "license_missing");
}

/// A link on somebody's drive leads nowhere, and what lies deeper is not looked at.
#[test]
fn a_drive_gives_what_lies_at_its_root_and_no_link() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = machine(&vendor);
    answered(&vendor, &machine, &license, "license.sglic");
    let drive = "drive /media/stick; mkdir /media/stick/below; cp license.sglic /media/stick/below/; \
        ln -s \"$PWD/license.sglic\" /media/stick/link.sglic; mkfifo /media/stick/pipe.sglic;";
    with_drives(&machine, &format!("{drive} $SGLIC activate --yes")).refused(1, "license_missing");
    let placed = format!("{drive} cp license.sglic /media/stick/; $SGLIC activate --yes");
    assert_eq!(with_drives(&machine, &placed).json()["license_id"], license["license_id"]);
}

#[test]
fn of_several_files_the_newest_of_a_license_is_taken_and_of_two_licenses_a_person_says_which() {
    let vendor = Vendor::new();
    let (license, other) =
        (vendor.issue(&json!({ "max_devices": 5 })), vendor.issue(&json!({ "max_devices": 5 })));
    let pool = json!({ "mode": "pool", "pool": 1 });
    let bundles = [&license, &license, &other].map(|license| vendor.export(license, &pool));
    let machine = machine(&vendor);
    for (name, bundle) in ["a.sglic", "b.sglic", "c.sglic"].iter().zip(&bundles) {
        put(&machine, name, &vendor.bundle_file(bundle));
    }
    let both = "drive /media/a; cp *.sglic /media/a/; $SGLIC activate --yes";
    let refused = with_drives(&machine, both).refused(2, "malformed_request");
    assert!(text(&refused["message"]).contains("/media/a/b.sglic, /media/a/c.sglic"), "{refused}");
    let one =
        "drive /media/a; drive /media/b; cp a.sglic /media/b/; cp b.sglic /media/a/; $SGLIC activate --yes";
    assert_eq!(with_drives(&machine, one).json()["bundle_id"], bundles[1]["bundle_id"]);
}

/// A stick is FAT: the file and its long name come back as they were.
#[test]
fn a_fat_drive_changes_nothing() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = machine(&vendor);
    let name = format!("license-{}.sglic", &text(&license["license_id"])[..8]);
    let file = read(&answered(&vendor, &machine, &license, &name));
    let script = format!(
        "truncate -s 2M stick.img; mformat -i stick.img -v LICENSE ::; mcopy -i stick.img {name} ::; rm {name}; \
         drive /media/stick; mcopy -i stick.img '::*' /media/stick/; cat /media/stick/{name} > back; \
         $SGLIC activate --yes"
    );
    let activated = with_drives(&machine, &script).json();
    assert_eq!(activated["license_id"], license["license_id"]);
    assert_eq!(read(&machine.path("back")), file);
}

/// A person sees it on a terminal, and types the answer.
#[test]
fn a_person_says_yes_or_no() {
    let vendor = Vendor::new();
    let license = vendor.issue(&json!({}));
    let machine = machine(&vendor);
    let file = answered(&vendor, &machine, &license, "license.sglic");
    let state = shown(&machine, "state");
    let words =
        format!("activate {} --state {state} --trust {}", file.display(), shown(&machine, "trust.json"));
    let typed = |answer: &str| {
        let mut script = Command::new("script");
        script.env_clear().args(["-qec", &format!("{SGLIC} {words}"), "/dev/null"]).env("TERM", "xterm");
        crate::program::run_with_input(&mut script, answer)
    };
    let no = typed("n\n");
    assert!(
        no.stdout.contains("Activate this machine by this file?")
            && no.stdout.contains("nothing was changed")
    );
    assert_eq!((no.exit, machine.run("status").json()["activated"].clone()), (Some(1), Value::Bool(false)));
    let yes = typed("y\n");
    assert!(yes.stdout.contains("yes; the file is not needed any more"), "{yes:?}");
    assert_eq!(machine.run("status").json()["state"], "active");
    assert!(Path::new(&file).exists(), "the file stays the person's");
}
