//! A vendor who works as vendors do: with the real server and the real command line, which builds, publishes and sells programs.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::program::{Machine, Outcome, SGLIC, read, run, text};

/// A running `sealgate serve`, and a folder for what the vendor builds.
pub(crate) struct Shop {
    serves: Child,
    pub(crate) url: String,
    app: String,
    folder: tempfile::TempDir,
}

impl Shop {
    /// A first start, with one app.
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut serve = Command::new(sealgate());
        serve
            .env_clear()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path().join("data"));
        let log = std::fs::File::create(folder.path().join("log")).expect("made");
        let mut serves = serve.stdout(Stdio::piped()).stderr(log).spawn().expect("it starts");
        let mut said = BufReader::new(serves.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let line = said.find(|line| line.contains("http://")).expect("it says where it listens");
        // Whatever else it says is read, so that it can go on.
        std::thread::spawn(move || said.for_each(drop));
        let address = line.split_once("http://").expect("found").1;
        let address: String =
            address.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
        let url = format!("http://{}", address.trim_end_matches('.'));
        let mut shop = Self { serves, url, app: String::new(), folder };
        shop.app = text(&shop.sealgate("app create Editor")["app_id"]);
        shop
    }

    /// The answer to the vendor's command, in words without blanks.
    pub(crate) fn sealgate(&self, words: &str) -> Value {
        let mut command = Command::new(sealgate());
        command
            .env_clear()
            .args(["--json", "--url", &self.url, "--data"])
            .arg(self.folder.path().join("data"));
        run(command.args(words.split_whitespace()).stdin(Stdio::null())).json()
    }

    /// A license for one machine.
    pub(crate) fn sell(&self) -> Value {
        let issue = format!("license issue --app {} --no-plan --max-devices 1", self.app);
        self.sealgate(&issue)["licenses"][0].clone()
    }

    /// A machine of a customer, to whom the vendor gave `trust.json`.
    pub(crate) fn machine(&self) -> Machine {
        let trust = self.folder.path().join("trust.json");
        self.sealgate(&format!("keys export --app {} -o {}", self.app, trust.display()));
        Machine::of(&self.url, &read(&trust))
    }

    /// Builds and publishes a version. Returns the folder with the files as published.
    pub(crate) fn publish(&self, version: &str) -> PathBuf {
        let (built, dist) = (self.folder.path().join(format!("build-{version}")), self.dist(version));
        build(&built, version);
        let file = |name: &str| built.join(name).display().to_string();
        self.sealgate(&format!(
            "release publish --app {} --version {version} --target linux/x86_64 {} {} -o {}",
            self.app,
            file("editor"),
            file("libdraw.so"),
            dist.display()
        ));
        dist
    }

    fn dist(&self, version: &str) -> PathBuf {
        self.folder.path().join(format!("dist-{version}"))
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.serves.kill();
        let _ = self.serves.wait();
    }
}

/// The command line that was built with this program.
fn sealgate() -> PathBuf {
    let built = Path::new(SGLIC).with_file_name("sealgate");
    assert!(built.exists(), "{}: build it with `cargo build -p sealgate-cli`", built.display());
    built
}

/// A program with its library, as real files of this machine, which say so much.
pub(crate) fn build(folder: &Path, says: &str) {
    std::fs::create_dir_all(folder).expect("made");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let said = format!("println!(\"{says}\")");
    let sources = [
        ("editor", "bin", format!("fn main() {{ {said} }}")),
        ("libdraw.so", "cdylib", format!("#[unsafe(no_mangle)] pub extern \"C\" fn draw() {{ {said} }}")),
    ];
    for (name, kind, source) in sources {
        let file = folder.join(format!("{name}.rs"));
        std::fs::write(&file, source).expect("written");
        let mut compile = Command::new(&rustc);
        compile.args(["--edition", "2024", "--crate-name", "built", "--crate-type", kind]).arg(&file);
        assert!(compile.arg("-o").arg(folder.join(name)).status().expect("the compiler runs").success());
    }
}

/// Puts the files of a folder in the place of those that are installed.
pub(crate) fn install(from: &Path, root: &Path) {
    std::fs::create_dir_all(root).expect("made");
    for name in ["editor", "libdraw.so"] {
        std::fs::copy(from.join(name), root.join(name)).expect("copied");
    }
}

/// What an installed program says.
pub(crate) fn starts(root: &Path) -> String {
    run(&mut Command::new(root.join("editor"))).ok().trim().to_owned()
}

impl Machine {
    /// Lists what is installed below `app`, and runs a command with the list and the key of a license.
    pub(crate) fn with_list(&self, verb: &str, license: &Value) -> Outcome {
        let manifest = self.path("manifest.json");
        let collect =
            format!("manifest collect --root {} -o {}", self.path("app").display(), manifest.display());
        self.run(&collect).json();
        let key = text(&license["license_key"]);
        self.run(&format!("{verb} --key {key} --manifest {}", manifest.display()))
    }

    /// As a start script does it.
    pub(crate) fn verify_at_start(&self) -> Outcome {
        self.run(&format!("verify --root {}", self.path("app").display()))
    }
}

/// The names in a list of modules.
pub(crate) fn names(modules: &Value) -> Vec<String> {
    modules.as_array().expect("a list").iter().map(|module| text(&module["name"])).collect()
}
