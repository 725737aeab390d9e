//! Standard input and output, where a license or a file can be named: `-`.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::path::Path;

use sealgate_artifact::Code;

use crate::failure::Failure;

/// What stands for standard input where something is read, and for standard output where something is written.
pub(crate) const DASH: &str = "-";
/// The most items of a list: what a server carries out for one command in a reasonable time.
pub(crate) const MOST: usize = 100_000;
/// Bytes of a line: far more than a key, an id or a comment has.
const LINE: u64 = 1_000;

/// One of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) text: String,
    /// Where it stands, for people. A key is not repeated to them.
    pub(crate) place: String,
}

/// Whether a path stands for standard input or output. A file of that name is `./-`.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == DASH
}

/// The items on standard input.
pub(crate) fn items_of_input() -> Result<Vec<Item>, Failure> {
    items(io::stdin().lock(), "standard input")
}

/// What a person named: the text, or for `-` the one item on standard input.
pub(crate) fn one_item(named: &str) -> Result<String, Failure> {
    if named != DASH {
        return Ok(named.to_owned());
    }
    let mut items = items_of_input()?;
    match (items.pop(), items.is_empty()) {
        (Some(item), true) => Ok(item.text),
        (None, _) => Err(nothing("standard input")),
        (Some(_), false) => {
            let why = format!("standard input has {} lines, and this takes one", items.len() + 1);
            let fix = "give one line; `license renew`, `suspend`, `resume` and `revoke` take many";
            Err(Failure::new(Code::MalformedRequest, why).fix(fix))
        }
    }
}

/// Nothing was named where something must be.
pub(crate) fn nothing(name: &str) -> Failure {
    Failure::new(Code::MalformedRequest, format!("{name} names nothing"))
        .fix("give one item a line; empty lines and lines that begin with # do not count")
}

/// Refuses two things that both are to come from standard input.
pub(crate) fn one_dash(named: &[Option<&Path>]) -> Result<(), Failure> {
    if named.iter().flatten().filter(|path| is_dash(path)).count() < 2 {
        return Ok(());
    }
    let why = "two things are to be read from standard input, and it can only be one";
    Err(Failure::new(Code::MalformedRequest, why).fix("give - once, and a file for the other"))
}

/// One item a line, without blanks around it. Empty lines and comments do not count, and what stands twice counts once.
pub(crate) fn items(mut from: impl BufRead, name: &str) -> Result<Vec<Item>, Failure> {
    let mut items: Vec<Item> = vec![];
    let mut seen = std::collections::HashSet::new();
    for number in 1_u64.. {
        let mut bytes = vec![];
        let read = (&mut from).take(LINE + 1).read_until(b'\n', &mut bytes);
        let place = format!("line {number} of {name}");
        if read.map_err(|e| unreadable(&format!("{name}: {e}")))? == 0 {
            break;
        }
        if bytes.len() as u64 > LINE {
            return Err(unreadable(&format!("{place} is longer than {LINE} bytes")));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| unreadable(&format!("{place} is not UTF-8")))?;
        // What some editors write before the first line.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
        if text.is_empty() || text.starts_with('#') || !seen.insert(text.to_owned()) {
            continue;
        }
        if items.len() == MOST {
            let why = format!("{name} has more than {MOST} items");
            return Err(Failure::new(Code::MalformedRequest, why).fix("give them in several parts"));
        }
        items.push(Item { text: text.to_owned(), place });
    }
    Ok(items)
}

pub(crate) fn unreadable(why: &str) -> Failure {
    Failure::new(Code::FileUnreadable, why).fix("give one item a line")
}

/// All of standard input, of at most so many bytes.
pub(crate) fn read_input(most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("larger than {} MiB", most >> 20)));
    }
    Ok(bytes)
}

/// Writes to standard output. A reader that has seen enough and left is no reason to fail.
pub(crate) fn write_output(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::Code;

    use super::*;

    fn texts(input: &[u8]) -> Vec<(String, String)> {
        let items = items(input, "list").expect("a list");
        items.into_iter().map(|item| (item.text, item.place)).collect()
    }

    #[test]
    fn one_item_a_line_and_what_is_none_does_not_count() {
        let list = "\u{feff}a b\r\n\n  # a comment\n\t c \na b\n#c\nd".as_bytes();
        let named = |text: &str, place: &str| (text.to_owned(), format!("{place} of list"));
        assert_eq!(texts(list), [named("a b", "line 1"), named("c", "line 4"), named("d", "line 7")]);
        assert_eq!(texts(b""), []);
    }

    #[test]
    fn a_list_has_bounds() {
        let refused = |input: &[u8]| items(input, "list").expect_err("beyond a bound");
        let line = |length: usize| format!("a\n{}\n", "x".repeat(length));
        assert_eq!(texts(line(999).as_bytes()).len(), 2);
        let long = refused(line(1_000).as_bytes());
        assert_eq!(
            (&*long.code, &*long.message),
            (Code::FileUnreadable.as_str(), "line 2 of list is longer than 1000 bytes")
        );
        assert!(refused(b"a\n\xff\n").message.contains("line 2 of list is not UTF-8"));
        let many = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
        assert_eq!(texts(many(MOST).as_bytes()).len(), MOST);
        assert!(refused(many(MOST + 1).as_bytes()).message.contains("more than 100000 items"));
    }
}
