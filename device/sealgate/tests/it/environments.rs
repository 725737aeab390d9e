//! Ordinary environments in which the real sensors find nothing (`spec/guard.md` §9.2). Each is made as it is in the field, as far as the
//! machine of the test allows, and shows that it is what its name says.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the machine itself is what is tested")]

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::looker::{ALLOWED, CHILD, Looker, command, found, program};

const CONFINED: &str = include_str!("environments/confined.c");
const AGENT: &str = include_str!("environments/agent.c");
const SERVICE: &str = include_str!("environments/service.sh");
const ROOT: &str = include_str!("environments/root.sh");
const UNNAMED: &str = include_str!("environments/unnamed.sh");
const TERMINAL: &str = include_str!("environments/terminal.sh");
/// Where every user may go.
pub(crate) const PLACE: &str =
    r#"mount -t tmpfs tmpfs /srv && mkdir /srv/app && mount --bind "$1" /srv/app && shift && exec "$@""#;
const PATHS: &str = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";

/// A folder with the program in it, which every user may enter.
pub(crate) struct Stage(TempDir);

impl Stage {
    pub(crate) fn new() -> Self {
        let near = Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(near).expect("a folder");
        let stage = Self(tempfile::tempdir_in(near).expect("a folder"));
        std::fs::set_permissions(stage.path(), PermissionsExt::from_mode(0o755)).expect("set");
        let editor = stage.path().join("editor");
        if std::fs::hard_link(program(), &editor).is_err() {
            std::fs::copy(program(), &editor).expect("copied");
        }
        stage
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn text(&self) -> &str {
        self.path().to_str().expect("text")
    }

    fn editor(&self) -> PathBuf {
        self.path().join("editor")
    }

    /// Compiles a file of C.
    pub(crate) fn compiled(&self, name: &str, source: &str, flags: &[&str]) -> String {
        let (from, to) = (self.path().join(format!("{name}.c")), self.path().join(name));
        std::fs::write(&from, source).expect("written");
        let done = Command::new("cc").args(flags).arg("-o").arg(&to).arg(&from).output().expect("cc runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        to.to_str().expect("text").to_owned()
    }
}

/// The words of a command below which a program runs.
pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The program's variables, and no others.
fn variables(variables: &[&str]) -> Vec<String> {
    let own = format!("{CHILD}=1");
    words(&[&["env", "-i", PATHS, &own], variables].concat())
}

pub(crate) fn script(text: &str, arguments: &[&str]) -> Vec<String> {
    words(&[&["sh", "-c", text, "sh"], arguments].concat())
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    id.stdout == b"0\n"
}

/// A command that gives a program mounts and process numbers of its own, where this machine lets it.
pub(crate) fn apart(more: &[&str]) -> Option<Vec<String>> {
    let unshare: &[&str] = if is_root() {
        &["unshare", "-mpf", "--kill-child"]
    } else {
        &["env", "IS_MAPPED=1", "unshare", "-rUmpf", "--kill-child"]
    };
    let under = [unshare, more].concat();
    let probe = ["sh", "-c", "mount -t proc proc /proc && mount -t tmpfs tmpfs /tmp"];
    let mut command = Command::new(under[0]);
    let probed = command.args(&under[1..]).args(probe).stdin(Stdio::null()).output().expect("it starts");
    if !probed.status.success() {
        println!("not possible here: {under:?}: {}", String::from_utf8_lossy(&probed.stderr));
        return None;
    }
    Some(words(&under))
}

/// The environment is what it is called, and the sensors find nothing in it.
#[track_caller]
fn raises_no_alarm(under: &[String], program: &Path, proof: &str) {
    is_so(under, proof);
    looker(under, program).is_clean();
}

fn looker(under: &[String], program: &Path) -> Looker {
    let under: Vec<&str> = under.iter().map(String::as_str).collect();
    Looker::start(command(program, &under))
}

#[track_caller]
fn is_so(under: &[String], proof: &str) {
    let said = "it is so";
    let mut command = Command::new(&under[0]);
    command.args(&under[1..]).args(["sh", "-c", &format!("{proof} && echo {said}")]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("it starts");
    // Only the terminal waits for a line.
    let _ = writeln!(running.stdin.take().expect("a pipe"));
    let done = running.wait_with_output().expect("it ends");
    let heard = String::from_utf8_lossy(&done.stdout);
    assert!(heard.contains(said), "{proof}: {heard}{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_systemd_service() {
    let unit = ["INVOCATION_ID=5f", "JOURNAL_STREAM=8:1", "NOTIFY_SOCKET=/run/x", "LANG=C.UTF-8"];
    raises_no_alarm(&variables(&unit), &program(), r#"[ "$INVOCATION_ID" = 5f ]"#);
    let Some(mut under) = apart(&[]) else { return };
    let stage = Stage::new();
    stage.compiled("confined", CONFINED, &[]);
    under.extend(script(SERVICE, &[stage.text()]));
    under.extend(variables(&unit));
    let proof = "grep -q 'NoNewPrivs:.1' /proc/self/status && grep -q 'Seccomp:.2' /proc/self/status \
        && ! [ -e /proc/meminfo ] && ! touch /usr/here && ! mount -t tmpfs tmpfs /tmp";
    raises_no_alarm(&under, Path::new("/srv/app/editor"), proof);
}

/// Its own root of layers, its own processes, users and network, and no id of the machine.
#[test]
fn a_container() {
    let told = ["HOSTNAME=f00", "KUBERNETES_SERVICE_HOST=10.0.0.1"];
    raises_no_alarm(&variables(&told), &program(), r#"[ "$HOSTNAME" = f00 ]"#);
    let users: &[&str] = if is_root() { &["-rU", "-uin"] } else { &["-uin"] };
    let Some(mut under) = apart(users).or_else(|| apart(&[])) else { return };
    let stage = Stage::new();
    let root = stage.path().join("root");
    std::fs::create_dir(&root).expect("a folder");
    under.extend(script(ROOT, &[root.to_str().expect("text"), stage.text(), "container"]));
    under.extend(variables(&told));
    let proof = "! [ -e /etc/machine-id ] && ! [ -e /work ] && ! [ -e /home ] && [ -d /proc/1 ] && ! sh -c '>/proc/sys/kernel/domainname'";
    raises_no_alarm(&under, Path::new("/app/editor"), proof);
}

#[test]
fn cron() {
    let mut under = words(&["setsid", "-w"]);
    under.extend(variables(&["SHELL=/bin/sh", "LOGNAME=root", "HOME=/"]));
    under.extend(script(r#"cd "$HOME"; nice "$@"; exit"#, &[]));
    raises_no_alarm(&under, &program(), r#"! sh -c ': </dev/tty' && [ "$(pwd)" = / ]"#);
}

#[test]
fn a_desktop_session() {
    let session = [
        "DISPLAY=:0",
        "WAYLAND_DISPLAY=wayland-0",
        "XDG_SESSION_TYPE=wayland",
        "XDG_RUNTIME_DIR=/run/user/1000",
        "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus",
        "GTK_MODULES=gail:atk-bridge",
        "QT_ACCESSIBILITY=1",
        "LD_LIBRARY_PATH=/opt/editor/lib",
        "DESKTOP_SESSION=gnome",
    ];
    raises_no_alarm(&variables(&session), &program(), r#"[ "$DISPLAY" = :0 ]"#);
}

#[test]
fn no_machine_id() {
    raises_no_alarm(&variables(&[]), &program(), "true");
    let Some(mut under) = apart(&["--mount-proc"]) else { return };
    let stage = Stage::new();
    under.extend(script(UNNAMED, &[stage.text()]));
    under.extend(variables(&[]));
    raises_no_alarm(&under, &stage.editor(), "! [ -s /etc/machine-id ]");
}

#[test]
fn continuous_integration() {
    let told = ["CI=true", "GITHUB_ACTIONS=true", "RUNNER_OS=Linux", "RUST_BACKTRACE=1"];
    let mut under = words(&["timeout", "600"]);
    under.extend(variables(&told));
    raises_no_alarm(&under, &program(), r#"[ "$CI" = true ]"#);
}

/// Where the machine's processes are shown, nothing is found. Where nothing is shown, nothing can be known.
#[test]
fn a_chroot() {
    raises_no_alarm(&variables(&[]), &program(), "true");
    let Some(apart) = apart(&["--mount-proc"]) else { return };
    let stage = Stage::new();
    let root = stage.path().join("root");
    std::fs::create_dir(&root).expect("a folder");
    let entered = |deed: &str| {
        let mut under = apart.clone();
        under.extend(script(ROOT, &[root.to_str().expect("text"), stage.text(), deed]));
        under.extend(variables(&[]));
        under
    };
    raises_no_alarm(&entered("chroot"), Path::new("/app/editor"), "! [ -e /home ] && [ -d /proc/1 ]");
    let bare = entered("bare");
    is_so(&bare, "! [ -e /proc/self ]");
    let seen = looker(&bare, Path::new("/app/editor")).look();
    assert!(seen.iter().all(|(_, said)| said.starts_with("Unknown")), "{seen:?}");
}

#[test]
fn sudo() {
    let told = ["SUDO_USER=root", "SUDO_UID=0", "SUDO_COMMAND=/opt/editor"];
    raises_no_alarm(&variables(&told), &program(), r#"[ "$SUDO_USER" = root ]"#);
    let may = Command::new("sudo").args(["-n", "true"]).stdin(Stdio::null()).output();
    if !may.is_ok_and(|done| done.status.success()) {
        return println!("not possible here: sudo -n");
    }
    let own = format!("{CHILD}=1");
    raises_no_alarm(&words(&["sudo", "-n", "env", &own]), &program(), r#"[ -n "$SUDO_USER" ]"#);
    let Some(mut under) = apart(&["--mount-proc"]) else { return };
    let stage = Stage::new();
    under.extend(script(PLACE, &[stage.text()]));
    under.extend(words(&["sudo", "-n", "-u", "nobody", "env", &own]));
    raises_no_alarm(&under, Path::new("/srv/app/editor"), r#"[ "$(id -un)" = nobody ]"#);
}

#[test]
fn tmux_over_ssh() {
    let told = ["SSH_CONNECTION=192.0.2.1 50000 192.0.2.2 22", "SSH_TTY=/dev/pts/0", "TERM=xterm-256color"];
    let stage = Stage::new();
    let mut under = variables(&told);
    under.extend(script(TERMINAL, &[stage.text()]));
    raises_no_alarm(&under, &stage.editor(), r#"[ -n "$TMUX" ] && [ -n "$SSH_TTY" ] && sh -c ': </dev/tty'"#);
}

#[test]
fn a_monitoring_agent_that_the_license_allows() {
    let stage = Stage::new();
    let agent = stage.compiled("libagent.so.1", AGENT, &["-shared", "-fPIC", "-pthread"]);
    let (loads, allows) = (format!("LD_PRELOAD={agent}"), format!("{ALLOWED}=agent"));
    let proof = "grep -q libagent /proc/self/maps";
    raises_no_alarm(&variables(&[&loads, &allows]), &program(), proof);
    assert!(found(&looker(&variables(&[&loads]), &program()).says("preload")), "where it is not allowed");
}

/// A program that its user may start and not read.
#[test]
fn a_program_that_its_user_cannot_read() {
    if !is_root() {
        return println!("not possible here: another user");
    }
    let Some(mut under) = apart(&["--mount-proc"]) else { return };
    let stage = Stage::new();
    std::fs::remove_file(stage.editor()).expect("removed");
    std::fs::copy(program(), stage.editor()).expect("copied");
    std::fs::set_permissions(stage.editor(), PermissionsExt::from_mode(0o711)).expect("set");
    under.extend(script(PLACE, &[stage.text()]));
    under.extend(words(&["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]));
    raises_no_alarm(&under, Path::new("/srv/app/editor"), "! cat /srv/app/editor 2>/dev/null");
}
