//! The program on a whole terminal: the table, what was answered, a line to type in, and where the program stands.

mod draw;
mod typed;

use std::io;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::command::Command;
use crate::session::{NotDone, Session};
use typed::Typed;

/// How soon a change of the license, or a second of a countdown, is seen.
const TICK: Duration = Duration::from_millis(250);

pub(crate) fn run(mut session: Session) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let done = work(&mut terminal, &mut session);
    ratatui::restore();
    done
}

fn work(terminal: &mut DefaultTerminal, session: &mut Session) -> io::Result<()> {
    let mut answer = session.greeting();
    answer.push("Type help.".to_owned());
    let mut typed = Typed { answer, ..Typed::default() };
    while !typed.has_ended {
        let state = session.state();
        terminal.draw(|frame| draw::all(frame, &state, &session.rows(), &typed))?;
        if event::poll(TICK)?
            && let Event::Key(key) = event::read()?
            && key.kind == KeyEventKind::Press
        {
            press(key, session, &mut typed);
        }
    }
    Ok(())
}

fn press(key: KeyEvent, session: &mut Session, typed: &mut Typed) {
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c' | 'q') if is_control => typed.has_ended = true,
        KeyCode::Char(letter) => typed.line.push(letter),
        KeyCode::Backspace => _ = typed.line.pop(),
        KeyCode::Enter => enter(session, typed),
        _ => {}
    }
}

fn enter(session: &mut Session, typed: &mut Typed) {
    let command = Command::parse(&std::mem::take(&mut typed.line));
    typed.has_ended = command == Ok(Command::Quit);
    let done = command.map_err(NotDone::Failed).and_then(|command| session.run(command));
    typed.answer = done.unwrap_or_else(|why| [vec![why.said()], why.helps()].concat());
}
