//! The check of modules through the guard, with real files: the program is this test's own, copied into a folder and started there with a
//! library of the product's (`spec/guard.md` §9.1). What was approved is what stood there before, by the proof's list or by a release's.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the machine itself is what is tested")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sealgate::guard::{GuardConfig, StartRefused};
use sealgate::{Guard, Module, integrity};
use sealgate_artifact::{AntiTamper, AppId, Fail, Integrity, KeyState, Policy, Release, ReleaseId};
use tempfile::TempDir;

use crate::authority::{NOW, app, at, key, signed, tenant};
use crate::guard::{Machine, heard};

/// Says that this process is a child, and where the product is installed.
pub(crate) const ROOT: &str = "SEALGATE_TEST_ROOT";
/// What to do: `list`, or the policy's `fail`.
pub(crate) const DEED: &str = "SEALGATE_TEST_DEED";
/// What makes of this test's program the child alone.
const ONLY: [&str; 4] = ["--exact", "replaced::child", "--nocapture", "--test-threads=1"];
/// Who lists the files: the `proof`, also where nothing is said, or whose release.
const LISTED_BY: &str = "SEALGATE_TEST_LISTED_BY";
/// The vendor's update key, and a thief's.
const UPDATER: u8 = 70;
const THIEF: u8 = 170;
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
    machine.site.authority().updaters.push((UPDATER, KeyState::Active));
    let client = machine.client();
    let begun = client.guard().without_threads().install_root(root);
    let listed_by = std::env::var(LISTED_BY).unwrap_or_else(|_| "proof".to_owned());
    if listed_by == "proof" {
        client.activate_with_modules(&key(), &approved).expect("admitted");
        return begun.start();
    }
    client.activate(&key()).expect("admitted");
    let (app, signer) = match listed_by.as_str() {
        "release" | "revoked" | "beside" => (app(), UPDATER),
        "thief" => (app(), THIEF),
        "other-app" => (AppId::from_bytes([80; 16]), UPDATER),
        other => panic!("{other}"),
    };
    let release = signed(&release(app, &approved), &[signer]);
    let told = client.release_modules(&release).map_err(|why| why.code().to_owned());
    println!("the release: {:?}", told.map(|modules| modules.len()));
    if listed_by == "beside" {
        return begun.configured(&beside(root, &release), None).expect("it reads").start();
    }
    let guard = begun.release(release).start()?;
    if listed_by == "revoked" {
        let mut authority = machine.site.authority();
        authority.updaters = vec![(UPDATER, KeyState::Revoked)];
        authority.tenant_version += 1;
        drop(authority);
        guard.heartbeat().expect("answered");
    }
    Ok(guard)
}

fn release(app: AppId, modules: &[Module]) -> Release {
    Release {
        tenant: tenant(),
        app,
        release: ReleaseId::from_bytes([81; 16]),
        version: "2.1.0".to_owned(),
        target: "linux/x86_64".to_owned(),
        length: 1,
        sha256: [82; 32],
        issued_at: at(NOW),
        modules: modules.to_vec(),
    }
}

/// The configuration of a program beside whose key the release's statement lies.
fn beside(root: &Path, release: &[u8]) -> GuardConfig {
    let folder = root.with_extension("licenses");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("release.json"), release).expect("written");
    GuardConfig { license_file: Some(folder.join("license.key")), ..GuardConfig::default() }
}

/// A product in a folder: this program, and a library that is loaded with it.
struct Product {
    _folder: TempDir,
    root: PathBuf,
    listed_by: &'static str,
}

impl Product {
    fn install() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("product");
        std::fs::create_dir(&root).expect("a folder");
        std::fs::copy(std::env::current_exe().expect("this program"), root.join("editor")).expect("copied");
        std::fs::copy(system_library("libm.so"), root.join(LIBRARY)).expect("copied");
        let product = Self { _folder: folder, root, listed_by: "proof" };
        product.run("list");
        product
    }

    fn listed_by(listed_by: &'static str) -> Self {
        Self { listed_by, ..Self::install() }
    }

    fn run(&self, deed: &str) -> String {
        let mut child = command(&[], &self.root, deed);
        child.env(LISTED_BY, self.listed_by);
        Self::said(child)
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

/// An update needs no new activation: the proof lists nothing, and the release does.
#[test]
fn what_a_release_lists_runs_without_a_new_activation() {
    for listed_by in ["release", "beside"] {
        let product = Product::listed_by(listed_by);
        product.is_taken();
        change(&product.root.join(LIBRARY), b"GNU\0");
        product.is_refused();
    }
}

#[test]
fn a_release_that_does_not_verify_approves_nothing() {
    for listed_by in ["thief", "other-app"] {
        Product::listed_by(listed_by).is_refused();
    }
}

/// The key that signed it is listed no more: an answer brings that.
#[test]
fn a_release_whose_key_was_revoked_approves_nothing_any_more() {
    let said = Product::listed_by("revoked").run("hard");
    assert!(said.contains("standing: Free(Unapproved)"), "{said}");
}
