//! The table of keys in `docs/book/operators.md`.

use super::key::Key;
use super::keys::keys;

/// The lines of the guide that the table stands between.
pub const MARKERS: (&str, &str) = ("<!-- generated: configuration -->", "<!-- end: configuration -->");

/// The table, with a line break at the end of each line.
pub fn guide_table() -> String {
    let head = "| key | flag, variable | without it | what it is |\n|---|---|---|---|\n".to_owned();
    std::iter::once(head).chain(keys().map(row)).collect()
}

fn row(key: &Key) -> String {
    let Key { name, meaning, default, .. } = key;
    format!("| `{name}` | {} | {default} | {meaning}{} |\n", given_by(key), choices(key))
}

fn given_by(key: &Key) -> String {
    let flag = key.flag.map(|(flag, _)| format!("`--{flag}`"));
    let variable = key.variable.map(|variable| format!("`{variable}`"));
    flag.into_iter().chain(variable).collect::<Vec<_>>().join(", ")
}

fn choices(key: &Key) -> String {
    let choices: Vec<String> = key.choices.iter().map(|choice| format!("`{choice}`")).collect();
    match &choices[..] {
        [] if key.is_repeatable => " (a list)".to_owned(),
        [] => String::new(),
        _ => format!(" ({})", choices.join(", ")),
    }
}
