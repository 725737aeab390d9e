//! Running other people's programs: JSON goes in, JSON comes out.
#![expect(
    clippy::disallowed_methods,
    reason = "`cargo xtask test` names the Python to use in the environment"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs `python/NAME` with the interpreter that has the pinned packages.
pub(crate) fn python(name: &str, input: &Value) -> Value {
    run(Command::new(interpreter()).args(["-I", "-W", "error"]).arg(here().join("python").join(name)), input)
}

/// A program that came with one of the pinned packages.
pub(crate) fn beside_python(name: &str) -> PathBuf {
    Path::new(&interpreter()).with_file_name(name)
}

/// The folder of a former version of a client, which cannot lie beside the pinned one.
pub(crate) fn former_client(version: &str) -> PathBuf {
    let folder = beside_python("").join("../former").join(version);
    assert!(folder.is_dir(), "{}: `cargo xtask test --only provision` makes it", folder.display());
    folder
}

/// The interpreter that has the pinned packages.
pub(crate) fn interpreter() -> String {
    std::env::var("SEALGATE_TEST_PYTHON").expect(
        "SEALGATE_TEST_PYTHON names a Python with tools/interop/requirements.txt; `cargo xtask test` makes one and sets it",
    )
}

/// The folder with the pinned packages of Node.
pub(crate) fn node_packages() -> PathBuf {
    let folder = std::env::var("SEALGATE_TEST_NODE_PACKAGES");
    PathBuf::from(folder.expect(
        "SEALGATE_TEST_NODE_PACKAGES names a node_modules with tools/interop/npm; `cargo xtask test` makes one and sets it",
    ))
}

/// Runs `node/NAME`.
pub(crate) fn node(name: &str, input: &Value) -> Value {
    run(Command::new("node").arg(here().join("node").join(name)), input)
}

/// The folder of this package.
pub(crate) fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Runs a program that reads JSON and writes JSON.
pub(crate) fn run(command: &mut Command, input: &Value) -> Value {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| {
            panic!(
                "{name} does not start ({e}); `cargo xtask test --only provision` installs what is missing"
            )
        });
    // The program reads all of it before it writes; one that ends early fails below, with its reason.
    let _ = child.stdin.take().expect("piped").write_all(input.to_string().as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} ended with {}: {complaint}", output.status);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{name}: {e}; {complaint}"))
}
