//! What `strip` does to a published file, tried with the real one: `docs/book/sglic.md`, "Files that were stripped".

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::{Machine, SGLIC, run, text};
use crate::shop::{Shop, install};

/// A tool that strips, its flag if it has one, and whether the note is there after it.
const TOOLS: [(&str, &str, bool); 5] = [
    ("strip", "", true),
    ("strip", "--strip-debug", true),
    ("llvm-strip", "", false),
    ("llvm-strip", "--strip-debug", true),
    ("llvm-strip", "--strip-unneeded", true),
];

/// Whether the tool is there; that of the linker's package always is.
fn is_there(tool: &str) -> bool {
    let version = Command::new(tool).arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

fn strip(tool: &str, flag: &str, file: &Path) {
    let flags = Some(flag).filter(|flag| !flag.is_empty());
    assert!(Command::new(tool).args(flags).arg(file).status().expect("it runs").success(), "{tool} {flag}");
}

/// What `sglic doctor` prints for people.
fn doctor(machine: &Machine) -> String {
    let mut command = Command::new(SGLIC);
    command.env_clear().arg("doctor").arg("--trust").arg(machine.path("trust.json"));
    command.arg("--state").arg(machine.state()).arg("--root").arg(machine.path("app"));
    let outcome = run(&mut command);
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    outcome.stdout
}

#[test]
fn a_stripped_file_is_another_file_and_the_note_depends_on_the_tool() {
    let shop = Shop::open();
    let license = shop.sell();
    let machine = shop.machine();
    let (dist, root) = (shop.publish("1.0"), machine.path("app"));
    install(&dist, &root);
    machine.with_list("activate", &license).json();
    assert!(is_there("strip"), "the linker's package has it");
    for (tool, flag, keeps) in TOOLS.iter().filter(|(tool, ..)| is_there(tool)) {
        install(&dist, &root);
        machine.verify_at_start().json();
        strip(tool, flag, &root.join("editor"));
        let refused = machine.verify_at_start().refused(4, "unapproved_module");
        let version = keeps.then_some("1.0").map_or(Value::Null, Value::from);
        assert_eq!(
            (text(&refused["modules"][0]["name"]), &refused["modules"][0]["version"]),
            ("editor".to_owned(), &version),
            "{tool} {flag}"
        );
        let said = doctor(&machine);
        let reason = if *keeps {
            "says version 1.0 still: was it stripped?"
        } else {
            "it says no version, and the listed file says 1.0"
        };
        assert!(said.contains(reason), "{tool} {flag}: {said}");
        assert_eq!(said.contains("say no version of themselves: editor"), !keeps, "{tool} {flag}: {said}");
        assert!(said.contains("the vendor strips before it publishes"), "{said}");
    }
}
