//! Linux: what `/proc` says about this process (`proc(5)`).

use std::borrow::Cow;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::seen::Seen;

/// The most of a file of `/proc` that is read.
const BYTES: u64 = 64 << 20;
/// Threads that are looked at.
const TASKS: usize = 100_000;
/// Variables that load something which the program did not ask for.
const PRELOADING: [&str; 2] = ["LD_PRELOAD", "LD_AUDIT"];
/// Variables that switch a profiler on, where they say `1`.
const SWITCHES: [&str; 2] = ["COR_ENABLE_PROFILING", "CORECLR_ENABLE_PROFILING"];
/// Variables whose names begin so tell of a profiler or an agent, and by which name the vendor allows it.
const PROFILERS: &[(&str, &str)] = &[
    ("CORECLR_PROFILER", "coreclr"),
    ("COR_PROFILER", "coreclr"),
    ("MicrosoftInstrumentationEngine_", "microsoft"),
    ("COMPlus_EnableEventPipe", "coreclr"),
    ("COMPlus_ProfAPI", "coreclr"),
    ("DOTNET_STARTUP_HOOKS", "coreclr"),
    ("DD_DOTNET_TRACER_HOME", "datadog"),
    ("DD_NATIVELOADER", "datadog"),
    ("CORECLR_NEWRELIC_HOME", "newrelic"),
    ("NEWRELIC_PROFILER", "newrelic"),
];

/// What is asked of the process: a port, so that tests give their own.
pub trait Process {
    /// The numbers of its threads.
    fn tasks(&self) -> io::Result<Vec<u64>>;
    /// `/proc/self/task/TID/status`.
    fn status(&self, task: u64) -> io::Result<Vec<u8>>;
    /// `/proc/self/environ`: the variables that it was started with.
    fn environment(&self) -> io::Result<Vec<u8>>;
    /// `/proc/self/smaps`.
    fn mappings(&self) -> io::Result<Vec<u8>>;
    /// Where its own program is, as the system says.
    fn program(&self) -> io::Result<Vec<u8>>;
}

/// A process of this machine: this one, where no other is named.
#[derive(Debug, Clone)]
pub struct LinuxProcess {
    folder: PathBuf,
}

impl Default for LinuxProcess {
    fn default() -> Self {
        Self { folder: PathBuf::from("/proc/self") }
    }
}

impl LinuxProcess {
    /// The process of this number. Of another user's, the system shows little.
    pub fn of(process: u32) -> Self {
        Self { folder: PathBuf::from(format!("/proc/{process}")) }
    }

    /// Whether there is such a process now.
    pub fn is_there(&self) -> bool {
        self.folder.is_dir()
    }
}

impl Process for LinuxProcess {
    fn tasks(&self) -> io::Result<Vec<u64>> {
        let mut tasks = vec![];
        for entry in std::fs::read_dir(self.folder.join("task"))?.take(TASKS) {
            tasks.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        Ok(tasks)
    }

    fn status(&self, task: u64) -> io::Result<Vec<u8>> {
        read(&self.folder.join(format!("task/{task}/status")))
    }

    fn environment(&self) -> io::Result<Vec<u8>> {
        read(&self.folder.join("environ"))
    }

    fn mappings(&self) -> io::Result<Vec<u8>> {
        read(&self.folder.join("smaps"))
    }

    fn program(&self) -> io::Result<Vec<u8>> {
        use std::os::unix::ffi::OsStringExt;
        Ok(std::fs::read_link(self.folder.join("exe"))?.into_os_string().into_vec())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the adapter to the machine's files")]
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    std::fs::File::open(path)?.take(BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// `spec/guard.md` §9.2: what each sensor says of this process. `allows` says whether the vendor allows a monitoring agent of this name.
pub fn look_at(process: &dyn Process, allows: &dyn Fn(&str) -> bool) -> Vec<Seen> {
    vec![debugger(process), preload(process, allows), profiler(process, allows), breakpoints(process)]
}

/// Whether a thread is traced: each has a tracer of its own, and the main one's says nothing of the others.
fn debugger(process: &dyn Process) -> Seen {
    const SENSOR: &str = "debugger";
    let tasks = match process.tasks() {
        Ok(tasks) if tasks.is_empty() => return Seen::unknown(SENSOR, &"no thread is shown"),
        Ok(tasks) => tasks,
        Err(error) => return Seen::unknown(SENSOR, &error),
    };
    let mut read = 0;
    for task in &tasks {
        // A thread may have ended meanwhile.
        let Ok(status) = process.status(*task) else { continue };
        let Some(tracer) = tracer(&status) else { continue };
        read += 1;
        if tracer != 0 {
            return Seen::something(SENSOR, format!("process {tracer} traces thread {task}"));
        }
    }
    if read == 0 { Seen::unknown(SENSOR, &"no thread says who traces it") } else { Seen::nothing(SENSOR) }
}

fn tracer(status: &[u8]) -> Option<u64> {
    let mut lines = status.split(|byte| *byte == b'\n');
    let line = lines.find_map(|line| line.strip_prefix(b"TracerPid:"))?;
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

/// What was loaded before the program began, by name.
fn preload(process: &dyn Process, allows: &dyn Fn(&str) -> bool) -> Seen {
    const SENSOR: &str = "preload";
    let environment = match process.environment() {
        Ok(environment) => environment,
        Err(error) => return Seen::unknown(SENSOR, &error),
    };
    for (name, value) in variables(&environment) {
        if !PRELOADING.contains(&&*name) {
            continue;
        }
        let mut libraries = value.split([':', ' ']).filter(|library| !library.is_empty());
        if let Some(library) = libraries.find(|library| !is_allowed(library, allows)) {
            return Seen::something(SENSOR, format!("{name} loads {library}"));
        }
    }
    Seen::nothing(SENSOR)
}

/// Whether the vendor allows the agent whose library this is: `libagent.so.1` is allowed as `agent`.
fn is_allowed(library: &str, allows: &dyn Fn(&str) -> bool) -> bool {
    let file = library.rsplit('/').next().unwrap_or(library);
    let name = file.split(".so").next().unwrap_or(file);
    allows(name) || name.strip_prefix("lib").is_some_and(allows)
}

fn profiler(process: &dyn Process, allows: &dyn Fn(&str) -> bool) -> Seen {
    const SENSOR: &str = "profiler";
    let environment = match process.environment() {
        Ok(environment) => environment,
        Err(error) => return Seen::unknown(SENSOR, &error),
    };
    let tells = |(name, value): &(Cow<'_, str>, Cow<'_, str>)| {
        let is_on = SWITCHES.contains(&&**name) && value == "1" && !allows("coreclr");
        let agent = PROFILERS.iter().find(|(begins, _)| name.starts_with(begins));
        is_on || (!value.is_empty() && agent.is_some_and(|(_, agent)| !allows(agent)))
    };
    match variables(&environment).find(tells) {
        Some((name, _)) => Seen::something(SENSOR, format!("the variable {name} is set")),
        None => Seen::nothing(SENSOR),
    }
}

/// Names and values, also where they are no text: paths need not be.
fn variables(environment: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    environment.split(|byte| *byte == 0).filter_map(|variable| {
        let at = variable.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (variable.get(..at)?, variable.get(at + 1..)?);
        Some((String::from_utf8_lossy(name), String::from_utf8_lossy(value)))
    })
}

/// Whether code of the program's own file was changed in memory: the page is then the process's own, and stays so after a debugger
/// took its breakpoint away and left. `Private_Dirty` says nothing: it is above zero for any file that was written a moment ago.
fn breakpoints(process: &dyn Process) -> Seen {
    const SENSOR: &str = "breakpoints";
    let (mappings, program) = match (process.mappings(), process.program()) {
        (Ok(mappings), Ok(program)) => (mappings, program),
        (Err(error), _) | (_, Err(error)) => return Seen::unknown(SENSOR, &error),
    };
    let (mut is_own_code, mut looked) = (false, false);
    for line in mappings.split(|byte| *byte == b'\n') {
        if let Some((rights, path)) = header(line) {
            is_own_code = rights.get(2) == Some(&b'x') && rights.get(1) != Some(&b'w') && path == program;
        } else if let Some(size) = line.strip_prefix(b"Anonymous:").filter(|_| is_own_code) {
            looked = true;
            if kilobytes(size) != Some(0) {
                let size = String::from_utf8_lossy(size);
                return Seen::something(
                    SENSOR,
                    format!("{} of the program's code were changed in memory", size.trim()),
                );
            }
        }
    }
    // An emulator shows other mappings than the program's.
    if looked { Seen::nothing(SENSOR) } else { Seen::unknown(SENSOR, &"the program's code is not shown") }
}

/// The rights and the path of a line that begins a mapping.
fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields = line.splitn(6, |byte| *byte == b' ');
    let range = fields.next()?;
    let is_range =
        range.contains(&b'-') && range.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    let rights = fields.next().filter(|rights| is_range && rights.len() == 4)?;
    let path = fields.nth(3).unwrap_or_default();
    Some((rights, path.trim_ascii_start()))
}

fn kilobytes(size: &[u8]) -> Option<u64> {
    std::str::from_utf8(size).ok()?.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io;

    use sealgate_rules::Finding;

    use super::{PROFILERS, Process, look_at};
    use crate::guard::sensors::{Seen, together};

    /// A process as `/proc` would show it; `None` cannot be read.
    struct Shown {
        tracers: Vec<Option<u64>>,
        environment: Option<Vec<u8>>,
        mappings: Option<String>,
        program: &'static str,
    }

    const CODE: &str = "55d0a1c00000-55d0a1c21000 r-xp 00001000 fe:00 1234                       /opt/editor/editor\n\
        Size:                132 kB\nPrivate_Dirty:       132 kB\nAnonymous:             0 kB\n\
        55d0a1e00000-55d0a1e01000 rw-p 00030000 fe:00 1234                       /opt/editor/editor\nAnonymous:             4 kB\n\
        7f0000000000-7f0000001000 r-xp 00000000 fe:00 77                         /usr/lib/libc.so.6\nAnonymous:             8 kB\n";

    impl Shown {
        fn plain() -> Self {
            Self {
                tracers: vec![Some(0), Some(0)],
                environment: Some(b"HOME=/root\0LANG=C\0COR_ENABLE_PROFILING=0\0LD_PRELOAD=\0".to_vec()),
                mappings: Some(CODE.to_owned()),
                program: "/opt/editor/editor",
            }
        }

        fn with(variable: &str) -> Self {
            Self { environment: Some(format!("HOME=/\0{variable}\0").into_bytes()), ..Self::plain() }
        }

        fn says(&self, sensor: &str) -> Seen {
            let seen = look_at(self, &|agent| agent == "agent" || agent == "datadog");
            seen.into_iter().find(|seen| seen.sensor == sensor).expect("each sensor says something")
        }
    }

    fn or_error<T: Clone>(there: Option<&T>) -> io::Result<T> {
        there.cloned().ok_or_else(|| io::Error::from(io::ErrorKind::PermissionDenied))
    }

    impl Process for Shown {
        fn tasks(&self) -> io::Result<Vec<u64>> {
            Ok((0..self.tracers.len() as u64).collect())
        }

        fn status(&self, task: u64) -> io::Result<Vec<u8>> {
            let tracer = self.tracers.get(usize::try_from(task).expect("few")).copied().flatten();
            let status =
                tracer.map(|tracer| format!("Name:\teditor\nTracerPid:\t{tracer}\nUid:\t0\n").into_bytes());
            or_error(status.as_ref())
        }

        fn environment(&self) -> io::Result<Vec<u8>> {
            or_error(self.environment.as_ref())
        }

        fn mappings(&self) -> io::Result<Vec<u8>> {
            or_error(self.mappings.as_ref()).map(String::into_bytes)
        }

        fn program(&self) -> io::Result<Vec<u8>> {
            Ok(self.program.as_bytes().to_vec())
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let seen = look_at(&Shown::plain(), &|_| false);
        assert!(seen.iter().all(|seen| seen.finding == Finding::Nothing), "{seen:?}");
        assert_eq!(together(&seen), Finding::Nothing);
    }

    /// The main thread's tracer says nothing of the others.
    #[test]
    fn a_debugger_on_one_worker_thread_is_seen() {
        let traced = Shown { tracers: vec![Some(0), None, Some(77)], ..Shown::plain() };
        assert_eq!(traced.says("debugger").what, "process 77 traces thread 2");
        let ended = Shown { tracers: vec![Some(0), None], ..Shown::plain() };
        assert_eq!(ended.says("debugger").finding, Finding::Nothing, "a thread that has ended");
        for tracers in [vec![], vec![None, None]] {
            assert_eq!(Shown { tracers, ..Shown::plain() }.says("debugger").finding, Finding::Unknown);
        }
    }

    #[test]
    fn a_library_that_was_loaded_first_is_seen_unless_it_is_an_allowed_agents() {
        for (variable, finding) in [
            ("LD_PRELOAD=/tmp/hook.so", Finding::Something),
            ("LD_AUDIT=libhook.so.1", Finding::Something),
            ("LD_PRELOAD=/opt/libagent.so.3", Finding::Nothing),
            ("LD_PRELOAD=/opt/libagent.so.3:/tmp/hook.so", Finding::Something),
            ("LD_PRELOAD=/opt/agent.so", Finding::Nothing),
            ("LD_PRELOAD=", Finding::Nothing),
            ("NOT_LD_PRELOAD=/tmp/hook.so", Finding::Nothing),
        ] {
            assert_eq!(Shown::with(variable).says("preload").finding, finding, "{variable}");
        }
    }

    /// A path need not be text.
    #[test]
    fn a_library_whose_path_is_no_text_is_seen() {
        let environment = Some(b"HOME=/\0LD_PRELOAD=/tmp/\xff.so\0".to_vec());
        let seen = Shown { environment, ..Shown::plain() }.says("preload");
        assert_eq!(seen.finding, Finding::Something);
    }

    #[test]
    fn each_profilers_variable_is_seen() {
        for name in ["COR_ENABLE_PROFILING", "CORECLR_ENABLE_PROFILING"] {
            assert_eq!(
                Shown::with(&format!("{name}=1")).says("profiler").finding,
                Finding::Something,
                "{name}"
            );
            assert_eq!(
                Shown::with(&format!("{name}=0")).says("profiler").finding,
                Finding::Nothing,
                "{name}"
            );
        }
        for (begins, agent) in PROFILERS {
            let found = if *agent == "datadog" { Finding::Nothing } else { Finding::Something };
            assert_eq!(Shown::with(&format!("{begins}X=y")).says("profiler").finding, found, "{begins}");
            assert_eq!(
                Shown::with(&format!("{begins}=")).says("profiler").finding,
                Finding::Nothing,
                "{begins}"
            );
        }
    }

    /// What stays of a breakpoint that was set and taken away is a page of the process's own.
    #[test]
    fn code_that_was_changed_is_seen_and_a_fresh_file_is_not() {
        let changed = CODE.replacen("Anonymous:             0 kB", "Anonymous:             4 kB", 1);
        let changed = Shown { mappings: Some(changed), ..Shown::plain() };
        assert_eq!(changed.says("breakpoints").what, "4 kB of the program's code were changed in memory");
        let replaced = CODE.replace("/opt/editor/editor", "/opt/editor/editor (deleted)");
        let replaced =
            Shown { mappings: Some(replaced), program: "/opt/editor/editor (deleted)", ..Shown::plain() };
        assert_eq!(replaced.says("breakpoints").finding, Finding::Nothing, "an update while it runs");
        for mappings in [None, Some(String::new()), Some("garbage\nAnonymous: 4 kB\n".to_owned())] {
            assert_eq!(Shown { mappings, ..Shown::plain() }.says("breakpoints").finding, Finding::Unknown);
        }
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        let blind = Shown { environment: None, mappings: None, ..Shown::plain() };
        for sensor in ["preload", "profiler", "breakpoints"] {
            assert_eq!(blind.says(sensor).finding, Finding::Unknown, "{sensor}");
        }
        assert_eq!(together(&look_at(&blind, &|_| false)), Finding::Unknown);
        assert_eq!(together(&[]), Finding::Unknown);
    }
}
