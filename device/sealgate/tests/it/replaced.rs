//! The check of modules through the guard, with real files: the program is this test's own, copied into a folder and started there with a
//! library of the product's (`spec/guard.md` §9.1). What was approved is what stood there before.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the machine itself is what is tested")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sealgate::guard::StartRefused;
use sealgate::{Guard, Module, integrity};
use sealgate_artifact::{AntiTamper, Fail, Integrity, Policy};
use tempfile::TempDir;

use crate::authority::key;
use crate::guard::{Machine, heard};

/// Says that this process is a child, and where the product is installed.
pub(crate) const ROOT: &str = "SEALGATE_TEST_ROOT";
/// What to do: `list`, or the policy's `fail`.
pub(crate) const DEED: &str = "SEALGATE_TEST_DEED";
/// What makes of this test's program the child alone.
const ONLY: [&str; 4] = ["--exact", "replaced::child", "--nocapture", "--test-threads=1"];
/// Stands in the program's read-only data; one byte of it is changed.
static MARK: &str = "a mark that nothing else in this program spells like this: 71c5e0d2";
pub(crate) const LIBRARY: &str = "libproduct.so";
pub(crate) const LIST: &str = "approved.json";

/// The child. It is only one of the tests where nobody started it.
#[test]
fn child() {
    let (Some(root), Some(deed)) = (std::env::var_os(ROOT), std::env::var(DEED).ok()) else { return };
    let root = PathBuf::from(root);
    assert_eq!(MARK.len(), 67);
    if deed == "list" {
        let own = integrity::collect(&root).expect("readable");
        let names: Vec<&str> = own.iter().map(|module| module.name.as_str()).collect();
        assert_eq!(names, ["editor", LIBRARY], "nothing of the system's");
        return std::fs::write(root.with_extension(LIST), Module::text_of_list(&own)).expect("written");
    }
    match started(&root, &deed) {
        Ok(guard) => runs_on(&guard),
        Err(refused) => println!("SEEN refused {refused}"),
    }
}

/// Looks once, and again each time when it is told to.
fn runs_on(guard: &Guard) {
    println!("SEEN {:?}", guard.verify_integrity());
    for line in std::io::stdin().lines() {
        let line = line.expect("text");
        if let Some(file) = line.strip_prefix("update ") {
            let next = format!("{file}.next");
            std::fs::copy(file, &next).expect("copied");
            std::fs::rename(&next, file).expect("replaced");
        }
        println!("SEEN {:?}", guard.verify_integrity());
    }
}

fn started(root: &Path, deed: &str) -> Result<Guard, StartRefused> {
    let list = std::fs::read_to_string(root.with_extension(LIST)).expect("a list");
    let approved = Module::list_of_text("modules", list.as_bytes()).expect("a list of modules");
    let fail = Fail::parse(deed);
    // The sensors look, too; the product loads its library as an agent is loaded.
    let agents = vec!["product".to_owned()];
    let anti_tamper = Some(AntiTamper { unknown: None, agents });
    let machine = Machine::unactivated(Some(Policy {
        integrity: Some(Integrity::Required),
        fail,
        anti_tamper,
        ..heard()
    }));
    let client = machine.client();
    client.activate_with_modules(&key(), &approved).expect("admitted");
    client.guard().without_threads().install_root(root).start()
}

/// A product in a folder: this program, and a library that is loaded with it.
struct Product {
    _folder: TempDir,
    root: PathBuf,
}

impl Product {
    fn install() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("product");
        std::fs::create_dir(&root).expect("a folder");
        std::fs::copy(std::env::current_exe().expect("this program"), root.join("editor")).expect("copied");
        std::fs::copy(system_library("libm.so"), root.join(LIBRARY)).expect("copied");
        let product = Self { _folder: folder, root };
        product.run("list");
        product
    }

    fn run(&self, deed: &str) -> String {
        Self::said(command(&[], &self.root, deed))
    }

    fn said(mut child: Command) -> String {
        let done = child.stdin(Stdio::null()).output().expect("it runs");
        let said = String::from_utf8(done.stdout).expect("text");
        assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
        said.split_once("SEEN ")
            .map(|(_, said)| said.lines().next().unwrap_or_default().to_owned())
            .unwrap_or_default()
    }

    /// Hard, it does not start; soft, it is free.
    #[track_caller]
    fn is_refused(&self) {
        let hard = self.run("hard");
        assert!(hard.starts_with("refused [Integrity] "), "{hard}");
        let soft = self.run("soft");
        assert!(soft.contains("standing: Free(Unapproved)"), "{soft}");
    }

    #[track_caller]
    fn is_taken(&self) {
        for deed in ["hard", "soft"] {
            let said = self.run(deed);
            assert!(said.contains("standing: Licensed"), "{said}");
        }
    }
}

/// The program in this folder, perhaps below another one, with the product's library.
pub(crate) fn command(under: &[&str], root: &Path, deed: &str) -> Command {
    let mut loads = std::ffi::OsString::from("LD_PRELOAD=");
    loads.push(root.join(LIBRARY));
    let mut command = Command::new("env");
    command.env(ROOT, root).env(DEED, deed);
    command.args(under).arg("env").arg(loads).arg(root.join("editor"));
    command.args(ONLY);
    command
}

fn system_library(name: &str) -> PathBuf {
    let maps = Command::new("ldconfig").arg("-p").env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin").output();
    let maps = String::from_utf8(maps.expect("ldconfig runs").stdout).expect("text");
    let line = maps.lines().find(|line| line.trim().starts_with(name)).expect("the library is there");
    PathBuf::from(line.rsplit("=> ").next().expect("a path"))
}

/// Changes one byte of a file, at the first place where these bytes stand.
fn change(path: &Path, at: &[u8]) {
    let mut bytes = std::fs::read(path).expect("readable");
    let place = bytes.windows(at.len()).position(|bytes| bytes == at).expect("it stands there");
    bytes[place] ^= 1;
    let next = path.with_extension("next");
    std::fs::write(&next, bytes).expect("written");
    let rights = std::fs::metadata(path).expect("there").permissions();
    std::fs::set_permissions(&next, rights).expect("set");
    std::fs::rename(&next, path).expect("replaced");
}

#[test]
fn what_was_approved_runs() {
    Product::install().is_taken();
}

#[test]
fn one_byte_of_the_programs_read_only_data_is_seen() {
    let product = Product::install();
    change(&product.root.join("editor"), MARK.as_bytes());
    product.is_refused();
}

#[test]
fn one_byte_of_a_library_of_the_products_is_seen() {
    let product = Product::install();
    change(&product.root.join(LIBRARY), b"GNU\0");
    product.is_refused();
}

#[test]
fn a_library_of_the_products_that_was_replaced_is_seen() {
    let product = Product::install();
    let older = product.root.join("older");
    std::fs::copy(system_library("libgcc_s.so"), &older).expect("copied");
    std::fs::rename(&older, product.root.join(LIBRARY)).expect("replaced");
    product.is_refused();
}

#[test]
fn a_library_that_nobody_approved_is_seen() {
    let product = Product::install();
    let list = product.root.with_extension(LIST);
    let whole = std::fs::read_to_string(&list).expect("readable");
    let approved = Module::list_of_text("modules", whole.as_bytes()).expect("a list");
    std::fs::write(&list, Module::text_of_list(&approved[..1])).expect("written");
    product.is_refused();
}

/// An emulator shows no file as code, so nobody can say what is loaded: that is no approval.
#[test]
fn what_an_emulator_hides_is_not_approved() {
    let product = Product::install();
    let loads = format!("LD_PRELOAD={}", product.root.join(LIBRARY).display());
    let mut emulator = Command::new("qemu-x86_64");
    emulator.args(["-E", &loads]).arg(product.root.join("editor")).args(ONLY);
    emulator.env(ROOT, &product.root).env(DEED, "hard");
    let hard = Product::said(emulator);
    assert!(hard.starts_with("refused [Integrity] "), "{hard}");
}
