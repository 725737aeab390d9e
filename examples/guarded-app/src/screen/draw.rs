//! What the screen looks like. The banner is there only when it has something to say, and takes nothing away from the work below it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph, Wrap};
use sealgate::guard::GuardState;

use super::typed::Typed;
use crate::status::{self, Status};

pub(super) fn all(frame: &mut Frame<'_>, state: &GuardState, rows: &[String], typed: &Typed) {
    let status = Status::of(state);
    let banner = status.banner(status::now());
    let height = u16::try_from(banner.len()).unwrap_or(u16::MAX);
    let [top, warns, table, answer, line, bar] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(height),
        Constraint::Min(3),
        Constraint::Min(5),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Line::from("guarded-app").bold(), top);
    frame.render_widget(text(&banner).style(Style::new().fg(Color::Black).bg(Color::Yellow)), warns);
    frame.render_widget(text(rows).block(Block::bordered().title("table")), table);
    frame.render_widget(text(&typed.answer).wrap(Wrap { trim: false }).block(Block::bordered()), answer);
    frame.render_widget(Line::from(format!("> {}", typed.line)), line);
    frame.render_widget(Line::from(status.bar()).reversed(), bar);
}

fn text(lines: &[String]) -> Paragraph<'_> {
    Paragraph::new(lines.iter().map(|line| Line::from(line.as_str())).collect::<Vec<_>>())
}
