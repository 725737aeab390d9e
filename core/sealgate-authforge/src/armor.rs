//! The text armor around a file (`spec/authforge.md` §1).

/// Characters in a line of base64 (`spec/authforge.md` §1.2).
const COLUMNS: usize = 64;

/// A block: its header lines, and its body without white space.
pub(crate) struct Block<'a> {
    headers: Vec<(&'a str, &'a str)>,
    pub(crate) body: String,
}

impl Block<'_> {
    /// The value of a header; `None` if the header is absent or repeated.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| *n == name).map(|(_, value)| *value);
        values.next().filter(|_| values.next().is_none())
    }
}

/// Appends a block: `head` is complete lines, `body` is base64.
pub(crate) fn write(out: &mut String, name: &str, head: &str, body: &str) {
    out.push_str(&marker("BEGIN", name));
    out.push('\n');
    out.push_str(head);
    let mut rest = body;
    while !rest.is_empty() {
        let (line, next) = rest.split_at(rest.len().min(COLUMNS));
        out.push_str(line);
        out.push('\n');
        rest = next;
    }
    out.push_str(&marker("END", name));
    out.push('\n');
}

/// spec/authforge.md §1.3: a line ends with LF, CR LF or CR; a byte order mark at the beginning is skipped.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    let text = text.trim_start_matches('\u{feff}');
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r')).collect()
}

/// Whether a block of this name begins anywhere.
pub(crate) fn begins(lines: &[&str], name: &str) -> bool {
    position(lines, &marker("BEGIN", name)).is_some()
}

/// The lines inside the first block of this name, and the lines after it.
pub(crate) fn between<'l, 't>(lines: &'l [&'t str], name: &str) -> Option<(&'l [&'t str], &'l [&'t str])> {
    let inside = &lines[position(lines, &marker("BEGIN", name))? + 1..];
    let end = position(inside, &marker("END", name))?;
    Some((&inside[..end], &inside[end + 1..]))
}

/// spec/authforge.md §1.2: headers, an empty line, a body.
pub(crate) fn with_headers<'t>(lines: &[&'t str]) -> Option<Block<'t>> {
    let empty = lines.iter().position(|line| line.trim().is_empty())?;
    let headers = lines[..empty].iter().map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim(), value.trim())).filter(|(name, _)| !name.is_empty())
    });
    Some(Block { headers: headers.collect::<Option<_>>()?, body: body(&lines[empty + 1..])? })
}

/// spec/authforge.md §1.3: base64, wrapped at any column. Decoding checks that it is canonical.
pub(crate) fn body(lines: &[&str]) -> Option<String> {
    let text: String = lines.iter().flat_map(|line| line.chars()).filter(|c| !c.is_whitespace()).collect();
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let all_digits = digits.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
    (!digits.is_empty() && all_digits && padding <= 2).then_some(text)
}

fn position(lines: &[&str], marker: &str) -> Option<usize> {
    lines.iter().position(|line| line.trim() == marker)
}

fn marker(edge: &str, name: &str) -> String {
    format!("-----{edge} AUTHFORGE {name}-----")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{begins, between, body, lines, with_headers, write};

    #[test]
    fn lines_end_in_three_ways() {
        assert_eq!(lines("\u{feff}a\r\nb\rc\n\r\nd"), ["a", "b", "c", "", "d"]);
    }

    #[test]
    fn a_header_counts_when_it_stands_once() {
        let block = with_headers(&["A: 1", "B : x:y ", "B: 2", " ", "QUJD"]).expect("a block");
        assert_eq!((block.header("A"), block.header("B"), block.header("C")), (Some("1"), None, None));
        for lines in [&["A: 1", "QUJD"][..], &["A", "", "QUJD"], &[": 1", "", "QUJD"], &["A: 1", "", ""]] {
            assert!(with_headers(lines).is_none(), "{lines:?}");
        }
    }

    #[test]
    fn a_body_is_base64() {
        assert_eq!(body(&["QU \t", "J", "D"]).as_deref(), Some("QUJD"));
        assert_eq!(body(&["QQ="]).as_deref(), Some("QQ="), "padding is judged when it is decoded");
        for wrong in ["", " ", "==", "QUJD===", "Q-JD", "QU=D", "Ä"] {
            assert_eq!(body(&[wrong]), None, "{wrong:?}");
        }
    }

    proptest! {
        /// Whatever is written is found again between any other lines, and no line is longer than 64 characters.
        #[test]
        fn what_is_written_is_read(digits in "[A-Za-z0-9+/]{1,300}", junk in "[a-z \r\n]{0,40}") {
            let mut text = format!("{junk}\n");
            write(&mut text, "THING", "A: 1\n\n", &digits);
            prop_assert!(text.lines().all(|line| line.len() <= 64));
            text.push_str(&junk);
            let lines = lines(&text);
            prop_assert!(begins(&lines, "THING") && !begins(&lines, "OTHER"));
            let block = with_headers(between(&lines, "THING").expect("a block").0).expect("with headers");
            prop_assert_eq!(block.header("A"), Some("1"));
            prop_assert_eq!(block.body, digits);
        }
    }
}
