//! The product as it is installed: a folder with the program and its library, and what lies beside it on a customer's machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::running::{Ended, Running, ended};
use crate::vendor::{Sold, Vendor};

/// The program as it was built, and its library.
const PROGRAM: &str = env!("CARGO_BIN_EXE_guarded-app");
const LIBRARY: &str = "libguarded_rules.so";
/// What it was built to trust, and the room that it has for that (`build.rs`).
const SAMPLE: &[u8] = include_bytes!("../../../../device/sealgate/examples/trust.json");
const ROOM: usize = 16 << 10;

pub(crate) struct Product {
    folder: TempDir,
    pub(crate) config: Value,
}

impl Product {
    /// As this vendor builds it, and configured for the vendor's server.
    pub(crate) fn install(vendor: &Vendor) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = json!({ "LicenseConfigs": {
            "Mode": "Online", "LicenseFilePath": folder.path().join("licenses/license.key"),
            "Online": { "Endpoint": vendor.server.url } } });
        let product = Self { folder, config };
        std::fs::create_dir_all(product.path("product")).expect("made");
        std::fs::create_dir_all(product.path("licenses")).expect("made");
        write_program(&product.program(), &trusting(&vendor.trust));
        let built = Path::new(PROGRAM).with_file_name("deps").join(LIBRARY);
        std::fs::copy(built, product.library()).expect("copied");
        product
    }

    /// The same with a license that was sold, whose files the vendor approved, activated.
    pub(crate) fn activated(vendor: &Vendor, policy: &Value) -> Self {
        let product = Self::install(vendor);
        product.activate(vendor, &vendor.sell(policy));
        product
    }

    pub(crate) fn activate(&self, vendor: &Vendor, sold: &Sold) {
        std::fs::write(self.path("licenses/license.key"), &sold.key).expect("written");
        let first = self.status();
        assert!(first.stderr.contains("[License] online activation failed"), "{first:?}");
        vendor.approve(sold);
        let status = self.status();
        assert_eq!(status.json()["tier"], "enterprise", "{status:?}");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.path("product/guarded-app")
    }

    pub(crate) fn library(&self) -> PathBuf {
        self.path("product").join(LIBRARY)
    }

    /// The installed program, perhaps below another one, with an environment that holds nothing else.
    pub(crate) fn command(&self, under: &[&str]) -> Command {
        let config = self.path("config.json");
        std::fs::write(&config, self.config.to_string()).expect("written");
        let mut words: Vec<PathBuf> = under.iter().map(PathBuf::from).collect();
        words.push(self.program());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.arg("--config").arg(config).arg("--state-dir").arg(self.path("state"));
        command
    }

    pub(crate) fn start(&self) -> Running {
        Running::start(self.command(&[]))
    }

    /// What `status --json` says.
    pub(crate) fn status(&self) -> Ended {
        ended(self.command(&[]).args(["status", "--json"]))
    }
}

/// The program with the vendor's trust in the place of the sample, as a build would have it.
fn trusting(trust: &[u8]) -> Vec<u8> {
    let mut program = std::fs::read(PROGRAM).expect("it was built");
    let place = find(&program, SAMPLE).expect("the program is built with the sample's trust for tests");
    assert!(trust.len() <= ROOM, "{} bytes", trust.len());
    let mut filled = trust.to_vec();
    filled.resize(ROOM, b' ');
    program[place..place + ROOM].copy_from_slice(&filled);
    program
}

/// Where these bytes stand.
pub(crate) fn find(bytes: &[u8], these: &[u8]) -> Option<usize> {
    let mut begins = bytes.iter().enumerate().filter(|(_, byte)| **byte == these[0]).map(|(at, _)| at);
    begins.find(|at| bytes[*at..].starts_with(these))
}

/// Puts a file in the place of another one, as a package manager does: those who run it keep what they have.
pub(crate) fn replace(path: &Path, bytes: &[u8]) {
    let next = path.with_extension("next");
    write_program(&next, bytes);
    std::fs::rename(&next, path).expect("replaced");
}

fn write_program(path: &Path, bytes: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, bytes).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("set");
}

/// A library of C, as whoever has a compiler makes it.
pub(crate) fn compile(source: &str, library: &Path) {
    let from = library.with_extension("c");
    std::fs::write(&from, source).expect("written");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(library).arg(&from).stdin(Stdio::null());
    assert!(compiler.status().expect("cc runs").success());
}

/// A library that judges rules, but not as the vendor's does.
pub(crate) const OTHER_RULES: &str =
    "unsigned char guarded_rules_hold(long value, unsigned char relation, long bound) { return 1; }";
