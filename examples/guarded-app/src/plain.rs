//! Commands line by line, for scripts and for terminals that show nothing else. Each command is answered by lines that begin with two
//! blanks, and then by one line `ok`, `refused …` or `failed: …`. Lines that begin with `=` tell where the program stands, whenever that changes.

use sealgate::guard::GuardState;

use crate::command::Command;
use crate::session::{NotDone, Session};
use crate::status::{self, Status};

pub(crate) fn run(mut session: Session) {
    tell(&session.state());
    session.greeting().iter().for_each(|line| println!("=   {line}"));
    session.on_change(tell);
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if line.trim().is_empty() {
            continue;
        }
        let command = Command::parse(&line);
        let ends = command == Ok(Command::Quit);
        let done = command.map_err(NotDone::Failed).and_then(|command| session.run(command));
        println!("{}", answer(done));
        if ends {
            break;
        }
    }
}

/// In one piece, so that no other line comes between.
fn answer(done: Result<Vec<String>, NotDone>) -> String {
    let (lines, last) = match done {
        Ok(lines) => (lines, "ok".to_owned()),
        Err(why) => (why.helps(), why.said()),
    };
    let lines = lines.iter().map(|line| format!("  {line}"));
    lines.chain([last]).collect::<Vec<_>>().join("\n")
}

fn tell(state: &GuardState) {
    let status = Status::of(state);
    let banner = status.banner(status::now());
    let banner = banner.iter().map(|line| format!("=   {line}"));
    println!(
        "{}",
        std::iter::once(format!("= {}", status.bar())).chain(banner).collect::<Vec<_>>().join("\n")
    );
}
