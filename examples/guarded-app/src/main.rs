//! A small program that enforces its license. It edits a table of names and numbers, and is here to be read: `start.rs` starts the guard,
//! `session.rs` asks it before each action, `status.rs` says to people where the program stands.
//!
//! It must never ask anything or wait before it works, as long as it holds a right, and never stop what works without a license.

mod args;
mod bundles;
mod command;
mod events;
mod features;
mod plain;
mod screen;
mod session;
mod start;
mod status;
mod table;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use sealgate::Guard;

use args::{Args, Verb};
use session::Session;
use status::Status;

fn main() -> ExitCode {
    let args = Args::parse();
    let is_plain = args.plain
        || args.verb.is_some()
        || !std::io::stdin().is_terminal()
        || !std::io::stdout().is_terminal();
    match run(&args, is_plain) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("guarded-app: {failure}");
            failure.exit()
        }
    }
}

fn run(args: &Args, is_plain: bool) -> Result<(), start::Failure> {
    let events = if is_plain { events::to_standard_error } else { events::to_file };
    events(&args.state_dir)?;
    // Loaded before the guard starts, so that its first check sees it.
    let library = start::library()?;
    let (guard, bundles) = start::guard(args)?;
    let session = |guard| Session::new(guard, library, bundles);
    match args.verb {
        Some(Verb::Status { json }) => show(&guard, json),
        None if is_plain => plain::run(session(guard)),
        None => return screen::run(session(guard)).map_err(start::Failure::of_terminal),
    }
    Ok(())
}

/// Where the program stands, once.
fn show(guard: &Guard, json: bool) {
    let status = Status::of(&guard.state());
    if json {
        println!("{}", serde_json::to_string(&status).expect("words and numbers can be written"));
    } else {
        println!("{}", status.bar());
        status.banner(status::now()).iter().for_each(|line| println!("{line}"));
    }
}
