//! Short texts that a client chose (`spec/online.md` §2.3).

use crate::limits;

/// 1 to 128 bytes of text without control characters: a license key as it was typed, a fingerprint, a hardware id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(String);

impl Word {
    /// Takes the text if it is a word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::is_word(text).then(|| Self(text.to_owned()))
    }

    /// Whether the text is a word, for whoever need not keep it.
    pub fn is_word(text: &str) -> bool {
        (1..=limits::WORD_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::ops::Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Word;

    #[test]
    fn a_word_has_1_to_128_bytes_and_no_control_character() {
        for good in ["a", " ", "Füße 🔑", &"x".repeat(128)] {
            assert_eq!(Word::parse(good).as_deref(), Some(good));
        }
        for bad in ["", "a\nb", "\u{7f}", "\u{80}", "\0", &"x".repeat(129), &"ä".repeat(65)] {
            assert_eq!(Word::parse(bad), None, "{bad:?}");
        }
    }
}
