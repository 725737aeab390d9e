//! Where the guard's events go: the lines with `[License]`, `[AntiTamper]`, `[Policy]` and `[Integrity]`.
#![expect(clippy::disallowed_methods, reason = "this is the adapter to the program's own log file")]

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Mutex;

/// Of a program without a screen.
#[expect(clippy::unnecessary_wraps, reason = "it stands in the place of `to_file`")]
pub(crate) fn to_standard_error(_: &Path) -> io::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(false).with_target(false).init();
    Ok(())
}

/// Of a program whose screen shows something else.
pub(crate) fn to_file(state_dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(state_dir)?;
    let file = OpenOptions::new().create(true).append(true).open(state_dir.join("guarded-app.log"))?;
    tracing_subscriber::fmt().with_writer(Mutex::new(file)).with_ansi(false).with_target(false).init();
    Ok(())
}
