//! A product that was installed as a package: what is updated while it runs, and what it loads late (`spec/activation.md` §2.5). What was
//! approved is what the first version installed.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the machine itself is what is tested")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sealgate::Module;
use sha2::{Digest, Sha256};

use crate::environments::{PLACE, Stage, apart, is_root, script, words};
use crate::looker::{Looker, program};
use crate::replaced::{LIBRARY, LIST, command};

const PRODUCT: &str = include_str!("packages/product.c");
/// Another library of the product's.
const PLUGIN: &str = "libplugin.so";
/// Where the product asks which libraries it is to load.
const PLUGINS: &str = "SEALGATE_TEST_PLUGINS";
/// A folder whose files can be replaced, and are the machine's own again afterwards.
const LAYERED: &str = r#"mount -t tmpfs tmpfs /srv && mkdir /srv/new /srv/work &&
    mount -t overlay -o "lowerdir=$1,upperdir=/srv/new,workdir=/srv/work" overlay "$1" && shift && exec "$@""#;

/// A machine on which packages are installed, below a folder.
struct Packaged {
    stage: Stage,
    root: PathBuf,
}

impl Packaged {
    fn new() -> Self {
        let stage = Stage::new();
        let root = stage.path().join("root");
        for folder in ["info", "updates", "triggers"] {
            std::fs::create_dir_all(root.join("var/lib/dpkg").join(folder)).expect("a folder");
        }
        std::fs::write(root.join("var/lib/dpkg/status"), "").expect("written");
        let stripped = stage.path().join("stripped");
        succeeds(Command::new("strip").args(["--strip-debug", "-o"]).arg(&stripped).arg(program()));
        let machine = Self { stage, root };
        machine.upgrade(1);
        let listed = command(&[], &machine.product(), "list").stdin(Stdio::null()).status();
        assert!(listed.expect("it runs").success());
        machine.approve_plugin();
        machine
    }

    /// The plugin is on the list, too. It is loaded only when it is needed.
    fn approve_plugin(&self) {
        let list = self.product().with_extension(LIST);
        let mut approved =
            Module::list_of_text("modules", &std::fs::read(&list).expect("readable")).expect("a list");
        let bytes = std::fs::read(self.product().join(PLUGIN)).expect("readable");
        let sha256 = Sha256::digest(bytes).into();
        approved.push(Module { name: PLUGIN.to_owned(), sha256, version: None, signer: None });
        approved.sort();
        std::fs::write(list, Module::text_of_list(&approved)).expect("written");
    }

    fn product(&self) -> PathBuf {
        self.root.join("opt/product")
    }

    /// Builds this version of the package, and installs it as the system's package manager does.
    fn upgrade(&self, version: u32) {
        let tree = self.stage.path().join(format!("product-{version}"));
        let product = tree.join("opt/product");
        std::fs::create_dir_all(&product).expect("a folder");
        std::fs::create_dir(tree.join("DEBIAN")).expect("a folder");
        let control = format!(
            "Package: product\nVersion: {version}\nArchitecture: all\nMaintainer: none <none@example.com>\nDescription: A product\n"
        );
        std::fs::write(tree.join("DEBIAN/control"), control).expect("written");
        std::fs::copy(self.stage.path().join("stripped"), product.join("editor")).expect("copied");
        let mut editor =
            std::fs::OpenOptions::new().append(true).open(product.join("editor")).expect("opened");
        writeln!(editor, "version {version}").expect("written");
        drop(editor);
        for (name, built) in [(LIBRARY, version), (PLUGIN, version + 10)] {
            std::fs::rename(self.library(built), product.join(name)).expect("moved");
        }
        let package = self.stage.path().join(format!("product-{version}.deb"));
        succeeds(
            Command::new("dpkg-deb").args(["-Znone", "--root-owner-group", "-b"]).arg(&tree).arg(&package),
        );
        let mut dpkg = if is_root() { Command::new("dpkg") } else { Command::new("unshare") };
        dpkg.args((!is_root()).then_some(["-r", "dpkg"]).into_iter().flatten());
        dpkg.arg(format!("--root={}", self.root.display())).args([
            "--force-bad-path",
            "--log=/dev/null",
            "-i",
        ]);
        succeeds(dpkg.arg(&package));
    }

    fn library(&self, version: u32) -> String {
        let version_flag = format!("-DVERSION={version}");
        self.stage.compiled(
            &format!("built-{version}"),
            PRODUCT,
            &["-shared", "-fPIC", "-pthread", &version_flag, "-ldl"],
        )
    }

    fn start(&self, under: &[String]) -> Running {
        self.start_at(&self.product(), under)
    }

    /// The product, where it is seen by a program below these.
    fn start_at(&self, root: &Path, under: &[String]) -> Running {
        let under: Vec<&str> = under.iter().map(String::as_str).collect();
        let mut program = command(&under, root, "hard");
        let asks = self.stage.path().join("plugins");
        if !asks.exists() {
            succeeds(Command::new("mkfifo").arg(&asks).arg(asks.with_extension("answer")));
        }
        program.env(PLUGINS, &asks);
        Running { looker: Looker::start(program), asks }
    }
}

/// The product, running.
struct Running {
    looker: Looker,
    asks: PathBuf,
}

impl Running {
    fn looks(&mut self) -> String {
        self.looker.tell("look");
        self.looker.next()
    }

    /// It loads a library now.
    fn loads(&self, library: &str) {
        std::fs::write(&self.asks, format!("{library}\n")).expect("it listens");
        let said = std::fs::read_to_string(self.asks.with_extension("answer")).expect("it answers");
        assert_eq!(said, "loaded\n");
    }

    fn maps(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/maps", self.looker.child.id())).expect("readable")
    }
}

fn succeeds(command: &mut Command) {
    let done = command.stdin(Stdio::null()).output().expect("it starts");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[track_caller]
fn is_licensed(said: &str) {
    assert!(said.contains("standing: Licensed"), "{said}");
}

/// What runs is what was approved, whatever lies on the disk by now. What is started then is the new version, which nobody has approved.
#[test]
fn an_upgrade_of_the_product_while_it_runs() {
    let machine = Packaged::new();
    let mut running = machine.start(&[]);
    is_licensed(&running.looker.next());
    machine.upgrade(2);
    let maps = running.maps();
    for file in ["editor", LIBRARY] {
        assert!(maps.contains(&format!("/opt/product/{file} (deleted)")), "{maps}");
    }
    for _ in 0..2 {
        is_licensed(&running.looks());
    }
    let refused = machine.start(&[]).looker.next();
    assert!(refused.starts_with("refused [Integrity] "), "{refused}");
    is_licensed(&running.looks());
}

#[test]
fn an_update_of_the_system_while_the_product_runs() {
    let Some(mut under) = apart(&["--mount-proc"]) else { return };
    let maps = std::fs::read_to_string("/proc/self/maps").expect("readable");
    let library =
        maps.lines().filter_map(|line| line.split_whitespace().nth(5)).find(|path| path.contains("/libc.so"));
    let library = library.expect("the C library");
    let folder = Path::new(library).parent().and_then(Path::to_str).expect("a folder");
    under.extend(script(LAYERED, &[folder]));
    let machine = Packaged::new();
    let mut running = machine.start(&under);
    is_licensed(&running.looker.next());
    for _ in 0..2 {
        running.looker.tell(&format!("update {library}"));
        is_licensed(&running.looker.next());
    }
}

/// A sandbox for the desktop knows its own user alone: the system's files are nobody's there.
#[test]
fn a_sandbox_that_knows_no_administrator() {
    let Some(mut under) = apart(&["--mount-proc"]) else { return };
    let machine = Packaged::new();
    let opt = machine.root.join("opt");
    // Whoever runs the test may make files that nobody else reads.
    succeeds(Command::new("chmod").args(["-R", "a+rX"]).arg(&opt));
    under.extend(script(PLACE, &[opt.to_str().expect("text")]));
    if is_root() {
        under.extend(words(&["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"]));
    }
    under.extend(words(&["unshare", "-U", "--map-user=1000", "--map-group=1000"]));
    let owner = Command::new(&under[0]).args(&under[1..]).args(["stat", "-Lc", "%u", "/usr/lib"]).output();
    if owner.expect("it starts").stdout != b"65534\n" {
        return println!("not possible here: {under:?}");
    }
    is_licensed(&machine.start_at(Path::new("/srv/app/product"), &under).looker.next());
}

/// A library that the product loads after its start is seen by the next look, approved or not.
#[test]
fn what_is_loaded_late() {
    let machine = Packaged::new();
    let unapproved = machine.product().join("libother.so");
    std::fs::copy(machine.library(3), &unapproved).expect("copied");
    let elsewhere = machine.library(4);
    for library in [&elsewhere, unapproved.to_str().expect("text")] {
        let mut running = machine.start(&[]);
        is_licensed(&running.looker.next());
        running.loads("libutil.so.1");
        running.loads(machine.product().join(PLUGIN).to_str().expect("text"));
        let maps = running.maps();
        assert!(maps.contains(PLUGIN) && maps.contains("libutil.so"), "{maps}");
        is_licensed(&running.looks());
        running.loads(library);
        let seen = running.looks();
        assert!(seen.contains("standing: Free(Unapproved)"), "{library}: {seen}");
    }
}
