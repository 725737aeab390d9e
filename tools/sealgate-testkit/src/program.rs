//! Programs as their users run them.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The library of Debian's package, for `LD_PRELOAD`. Its wrapper `faketime` leaves a semaphore behind when it is killed, and fails
/// once another process has that one's number.
pub fn faketime() -> PathBuf {
    let machines = std::fs::read_dir("/usr/lib").expect("is read").flatten();
    let mut libraries = machines.map(|machine| machine.path().join("faketime/libfaketime.so.1"));
    let found = libraries.find(|library| library.exists());
    found.expect("`cargo xtask test --only provision` installs faketime")
}

/// Starts a program whose outputs are kept.
pub fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap_or_else(|e| {
        let name = command.get_program().to_string_lossy();
        panic!("{name} does not start ({e}); `cargo xtask test --only provision` installs what is missing")
    })
}

/// What a program said, once it ended; what it said until then, if it did not end in time and was killed.
pub fn finish_within(child: Child, within: Duration) -> Result<Output, Output> {
    let id = child.id();
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    if let Ok(output) = ended.recv_timeout(within) {
        return Ok(output.expect("its output arrives"));
    }
    signal(id, "KILL");
    Err(ended.recv().expect("it ends").expect("its output arrives"))
}

/// Sends a signal to a program that may have ended just before.
pub fn signal(id: u32, name: &str) {
    let quiet =
        Command::new("kill").arg(format!("-{name}")).arg(id.to_string()).stderr(Stdio::null()).status();
    quiet.expect("kill runs");
}
