//! Child processes: announced before they start, judged by how they end.

use crate::failure::{Doing, Failure, Result};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs with inherited output; a non-zero exit is a failure.
pub fn run(command: &mut Command) -> Result<()> {
    announce(command);
    let status = command.status().doing(format_args!("start {}", name(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("{} ended with {status}", name(command))))
    }
}

/// Runs quietly and returns standard output; a non-zero exit is a failure that carries standard error.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command.output().doing(format_args!("start {}", name(command)))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{} ended with {}: {}", name(command), output.status, complaint.trim())))
}

/// Whether it can be started at all and ends well; its output is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

/// Passes both output streams on, line by line, and keeps a copy. Returns whether it ended well, and the copy.
pub fn tee(command: &mut Command) -> Result<(bool, String)> {
    announce(command);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .doing(format_args!("start {}", name(command)))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let copy = std::thread::scope(|scope| {
        let errors = scope.spawn(|| stderr.map(|stream| pass_on(stream, |line| eprintln!("{line}"))));
        let mut copy = stdout.map(|stream| pass_on(stream, |line| println!("{line}"))).unwrap_or_default();
        copy.push_str(&errors.join().ok().flatten().unwrap_or_default());
        copy
    });
    let status = child.wait().doing(format_args!("wait for {}", name(command)))?;
    Ok((status.success(), copy))
}

/// A command of a program and its first arguments.
pub fn of_words(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

/// Feeds standard input and returns standard output; a non-zero exit is a failure. Standard error is passed on.
pub fn fed(command: &mut Command, input: Vec<u8>) -> Result<String> {
    announce(command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .doing(format_args!("start {}", name(command)))?;
    let mut stdin = child.stdin.take().expect("piped above");
    // In a thread of its own, so that a program that answers early does not wait for us while we wait for it.
    let feeder = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &input));
    let output = child.wait_with_output().doing(format_args!("wait for {}", name(command)))?;
    // A program that ended before it had read everything shows by its missing answers.
    let _ = feeder.join();
    if !output.status.success() {
        return Err(Failure::new(format!("{} ended with {}", name(command), output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn pass_on(stream: impl Read, print: impl Fn(&str)) -> String {
    let mut copy = String::new();
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    // Tests may print any bytes; a line that is not UTF-8 must not end the copying, which would block the child.
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        print(text.trim_end_matches('\n'));
        copy.push_str(&text);
        line.clear();
    }
    copy
}

fn announce(command: &Command) {
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    println!("+ {} {}", name(command), arguments.join(" "));
}

fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_non_zero_exit_is_a_failure() {
        assert!(run(&mut shell("exit 3")).is_err());
        assert!(!succeeds(&mut shell("exit 3")));
        assert!(capture(&mut shell("echo why >&2; exit 3")).unwrap_err().to_string().contains("why"));
    }

    #[test]
    fn a_fed_program_answers_and_a_deaf_one_does_not_block() {
        let lines = "line\n".repeat(100_000);
        assert_eq!(fed(&mut shell("cat"), lines.clone().into_bytes()).unwrap(), lines);
        assert_eq!(fed(&mut shell("exec <&-; echo done"), lines.into_bytes()).unwrap(), "done\n");
        assert!(fed(&mut shell("exit 3"), vec![]).is_err());
    }

    #[test]
    fn tee_keeps_both_streams_and_survives_any_bytes() {
        let (well, copy) = tee(&mut shell(r"printf 'a\377b\n'; echo out; echo err >&2; exit 1")).unwrap();
        assert!(!well);
        assert!(copy.contains("out\n") && copy.contains("err\n"));
    }
}
