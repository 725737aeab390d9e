//! Text that is safe to show.

use serde::Serialize;

/// Text from outside, with each character escaped that steers a terminal, also a line feed.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if steers(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// The same for a text of several lines.
pub fn lines_without_steering(text: &str) -> String {
    text.split('\n').map(harmless).collect::<Vec<_>>().join("\n")
}

/// JSON in which every character that steers a terminal is escaped. Such a character stands only within strings.
///
/// # Panics
///
/// If the value cannot be written as JSON, which its type decides.
pub fn json<T: Serialize>(value: &T) -> String {
    let text = serde_json::to_string(value).expect("results can be written");
    text.chars().map(|c| if steers(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }).collect()
}

/// A sentence as it stands after a colon: it begins with a small letter and has no full stop. Names such as `SQLite` and flags
/// stay as they are.
pub fn after_colon(sentence: &str) -> String {
    let sentence = sentence.strip_suffix('.').unwrap_or(sentence);
    let word: String = sentence.chars().take_while(|c| !c.is_whitespace()).collect();
    match word.strip_prefix(|c: char| c.is_ascii_uppercase()) {
        Some(rest) if rest.chars().all(|c| !c.is_uppercase()) => {
            word[..1].to_ascii_lowercase() + &sentence[1..]
        }
        _ => sentence.to_owned(),
    }
}

/// All of them are below U+10000.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    #[test]
    fn after_a_colon_a_sentence_begins_small_and_names_stay() {
        for (sentence, wanted) in [
            ("Stop that server, or give --data.", "stop that server, or give --data"),
            ("SQLite is locked", "SQLite is locked"),
            ("`sealgate app create NAME`", "`sealgate app create NAME`"),
            ("A key. Another one.", "a key. Another one"),
            ("", ""),
        ] {
            assert_eq!(super::after_colon(sentence), wanted);
        }
    }

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        assert_eq!(super::harmless("a\u{1b}[2J\n\u{202e}b"), "a\\u{1b}[2J\\u{a}\\u{202e}b");
        assert_eq!(super::harmless("Füße 🔑"), "Füße 🔑");
        assert_eq!(super::lines_without_steering("a\n\tb\u{9b}2J\n"), "a\n\\u{9}b\\u{9b}2J\n");
    }

    #[test]
    fn json_cannot_steer_the_terminal_and_stays_what_it_was() {
        let value = serde_json::json!({ "code": "a\u{1b}[2J\u{9b}\u{202e}b", "name": "Füße 🔑" });
        let text = super::json(&value);
        assert!(!text.chars().any(super::steers), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }
}
