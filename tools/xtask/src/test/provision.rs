//! Makes sure the machine has what the tests need, and says what it does.

use crate::node;
use crate::python;
use crate::workspace::Workspace;
use harness::failure::{Doing, Failure, Result};
use harness::postgres::{binaries, is_root};
use harness::process;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What comes from the system's packages, and how to tell that it is there.
const SYSTEM: [Need; 18] = [
    Need { package: "postgresql", present: || binaries().is_ok() },
    Need { package: "faketime", present: || process::succeeds(Command::new("faketime").arg("--version")) },
    Need { package: "gdb", present: || process::succeeds(Command::new("gdb").arg("--version")) },
    Need { package: "strace", present: || process::succeeds(Command::new("strace").arg("--version")) },
    Need { package: "valgrind", present: || process::succeeds(Command::new("valgrind").arg("--version")) },
    Need {
        package: "qemu-user",
        present: || process::succeeds(Command::new("qemu-x86_64").arg("--version")),
    },
    Need { package: "sudo", present: || process::succeeds(Command::new("sudo").arg("--version")) },
    Need { package: "tmux", present: || process::succeeds(Command::new("tmux").arg("-V")) },
    Need { package: "mtools", present: || process::succeeds(Command::new("mformat").arg("--version")) },
    Need { package: "nodejs", present: || process::succeeds(Command::new("node").arg("--version")) },
    Need { package: "npm", present: || process::succeeds(Command::new("npm").arg("--version")) },
    Need {
        package: "default-jre-headless",
        present: || process::succeeds(Command::new("java").arg("-version")),
    },
    Need { package: "golang-go", present: || process::succeeds(Command::new("go").arg("version")) },
    Need { package: "g++", present: || process::succeeds(Command::new("g++").arg("--version")) },
    Need { package: "libsodium-dev", present: || Path::new("/usr/include/sodium.h").exists() },
    Need { package: "mono-mcs", present: || process::succeeds(Command::new("mcs").arg("--version")) },
    Need { package: "mono-runtime", present: || process::succeeds(Command::new("mono").arg("--version")) },
    Need { package: "python3-venv", present: || base_python().is_some() },
];

const PIP_INSTALL: [&str; 6] =
    ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];

struct Need {
    package: &'static str,
    present: fn() -> bool,
}

/// System packages, cargo-nextest, and the packages of Python and Node that the interoperability tests use.
pub(super) fn provision(workspace: &Workspace) -> Result<()> {
    system_packages()?;
    nextest(workspace)?;
    python_environment(workspace)?;
    former_clients(workspace)?;
    node_packages(workspace)
}

fn system_packages() -> Result<()> {
    let missing = missing_packages();
    if missing.is_empty() {
        println!("system packages: all there");
        return Ok(());
    }
    let install = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    if !is_root() {
        return Err(Failure::new(format!(
            "missing packages: {}; run as root: {install}",
            missing.join(", ")
        )));
    }
    println!("system packages: installing {}", missing.join(", "));
    apt_get(&["update"])?;
    apt_get(&[&["install", "-y", "--no-install-recommends"], missing.as_slice()].concat())?;
    match missing_packages().as_slice() {
        [] => Ok(()),
        still => Err(Failure::new(format!("installed, yet not usable: {}", still.join(", ")))),
    }
}

fn missing_packages() -> Vec<&'static str> {
    SYSTEM.iter().filter(|need| !(need.present)()).map(|need| need.package).collect()
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    process::run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn nextest(workspace: &Workspace) -> Result<()> {
    if process::succeeds(&mut workspace.cargo(["nextest", "--version"])) {
        println!("cargo-nextest: there");
        return Ok(());
    }
    println!("cargo-nextest: installing");
    process::run(&mut workspace.cargo(["install", "cargo-nextest", "--locked"]))
}

fn python_environment(workspace: &Workspace) -> Result<()> {
    let requirements = workspace.root().join("tools/interop/requirements.txt");
    let wanted = fs::read_to_string(&requirements).doing("read tools/interop/requirements.txt")?;
    let environment = python::environment(workspace);
    // The stamp is written last and holds the whole list, so an interrupted or outdated installation never counts.
    let stamp = environment.join("requirements.stamp");
    let usable = process::succeeds(Command::new(python::interpreter(workspace)).arg("--version"));
    if usable && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        println!("Python environment: current");
        return Ok(());
    }
    println!("Python environment: making {}", environment.display());
    let base = base_python().ok_or_else(|| Failure::new("no Python that can make environments"))?;
    install(base, &environment, &python::interpreter(workspace), &requirements)?;
    fs::write(&stamp, wanted).doing("stamp the Python environment")
}

/// Versions of one package that cannot lie beside each other: each gets a folder of the environment, named by its version.
fn former_clients(workspace: &Workspace) -> Result<()> {
    let wanted = fs::read_to_string(workspace.root().join("tools/interop/former-clients.txt"))
        .doing("read tools/interop/former-clients.txt")?;
    let folder = python::environment(workspace).join("former");
    let stamp = folder.join("list.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        println!("former clients: current");
        return Ok(());
    }
    println!("former clients: installing into {}", folder.display());
    for package in wanted.lines().filter(|line| !line.starts_with('#')) {
        let (_, version) =
            package.split_once("==").ok_or_else(|| Failure::new(format!("no version: {package}")))?;
        let mut pip = Command::new(python::interpreter(workspace));
        pip.args(PIP_INSTALL).args(["--no-deps", "--upgrade", "--target"]).arg(folder.join(version));
        process::run(pip.arg(package))?;
    }
    fs::write(&stamp, wanted).doing("stamp the former clients")
}

fn node_packages(workspace: &Workspace) -> Result<()> {
    let wanted = workspace.root().join("tools/interop/npm");
    let folder = node::folder(workspace);
    let lock = fs::read_to_string(wanted.join("package-lock.json")).doing("read the packages' lock file")?;
    // As above: written last, and the whole list.
    let stamp = folder.join("lock.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        println!("Node packages: current");
        return Ok(());
    }
    println!("Node packages: installing into {}", folder.display());
    fs::create_dir_all(&folder).doing("make the folder of the Node packages")?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(wanted.join(file), folder.join(file)).doing(format_args!("copy {file}"))?;
    }
    // What is installed runs nothing of its own meanwhile.
    process::run(Command::new("npm").current_dir(&folder).args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]))?;
    fs::write(&stamp, lock).doing("stamp the Node packages")
}

fn install(base: &str, environment: &Path, python: &Path, requirements: &Path) -> Result<()> {
    process::run(Command::new(base).args(["-m", "venv", "--clear"]).arg(environment))?;
    process::run(Command::new(python).args(PIP_INSTALL).arg("--requirement").arg(requirements))
}

/// The first Python on the PATH may lack the module that Debian packages separately; the system's own is the fallback.
fn base_python() -> Option<&'static str> {
    ["python3", "/usr/bin/python3"]
        .into_iter()
        .find(|python| process::succeeds(Command::new(python).args(["-c", "import venv, ensurepip"])))
}
