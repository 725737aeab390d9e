//! Texts that people write and look for.

use sealgate_authority::AuthorityError;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest text that is looked for, in characters.
const LONGEST: usize = 128;

/// A text as it is kept: composed (Unicode's NFC), without blanks at its ends. `None` if it could steer how what stands
/// around it is shown.
pub(crate) fn kept(text: &str) -> Option<String> {
    (!text.chars().any(steers)).then(|| text.trim().nfc().collect())
}

/// A text in the spelling in which texts are kept.
pub(crate) fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// Control characters, line and paragraph separators, and those that turn the direction of writing.
pub(crate) fn steers(c: char) -> bool {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a text begins with this, in upper or lower case. Without a beginning, every text does, and none at all.
pub(crate) fn begins(text: Option<&str>, begin: Option<&str>) -> bool {
    let Some(begin) = begin else { return true };
    text.is_some_and(|text| text.to_lowercase().starts_with(&begin.to_lowercase()))
}

/// What somebody looks for: each of these words stands somewhere.
#[derive(Debug)]
pub(crate) struct Words(Vec<String>);

impl Words {
    /// The words of a text, parted by blanks.
    pub(crate) fn read(text: &str) -> Result<Self, AuthorityError> {
        let words: Vec<String> = folded(text).split_whitespace().map(str::to_owned).collect();
        if words.is_empty() || text.chars().count() > LONGEST {
            let why = "1 to 128 characters with a letter, a number or a sign among them";
            return Err(AuthorityError::Invalid { field: "text", why });
        }
        Ok(Self(words))
    }

    /// Whether each word stands in one of these texts.
    pub(crate) fn are_in<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let texts: Vec<String> = texts.into_iter().map(folded).collect();
        self.0.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
    }
}

/// The same for every spelling of a text: upper and lower case, composed or not, wide or narrow, with or without accents.
pub(crate) fn folded(text: &str) -> String {
    let bare = text.nfkd().filter(|c| !is_combining_mark(*c));
    bare.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Words, begins, folded, kept};

    fn finds(wanted: &str, text: &str) -> bool {
        Words::read(wanted).expect(wanted).are_in([text])
    }

    #[test]
    fn a_text_is_found_however_it_is_spelled() {
        for (wanted, text) in [
            ("berlin", "Contoso Berlin GmbH"),
            ("gmbh contoso", "Contoso Berlin GmbH"),
            ("erl", "Contoso Berlin GmbH"),
            ("  BERLIN ", "Contoso Berlin GmbH"),
            ("café", "Cafe\u{301} de Flore"),
            ("cafe", "Café de Flore"),
            ("strasse", "Alte Straße 7"),
            ("STRASSE", "Alte Straße 7"),
            ("ＡＢＣ", "abc"),
            ("東京", "株式会社東京"),
            ("σοφος", "ΣΟΦΟΣ"),
        ] {
            assert!(finds(wanted, text), "{wanted} in {text}");
        }
        assert!(!finds("berlin paris", "Contoso Berlin GmbH"));
        assert!(Words::read("a b").expect("words").are_in(["a", "b"]), "in either text");
        for empty in ["", "  ", "\u{301}", &"x".repeat(129)] {
            assert!(Words::read(empty).is_err(), "{empty:?}");
        }
    }

    #[test]
    fn a_text_begins_in_either_case() {
        for (text, begin, does) in [
            (Some("Ärztehaus Berlin"), Some("ärzte"), true),
            (Some("ada"), Some("ADA"), true),
            (Some("ada"), Some("da"), false),
            (Some("ada"), Some("ada l"), false),
            (None, Some(""), false),
            (None, None, true),
        ] {
            assert_eq!(begins(text, begin), does, "{text:?} {begin:?}");
        }
    }

    #[test]
    fn what_is_kept_steers_nothing() {
        assert_eq!(kept("  Cafe\u{301} \u{a0}").as_deref(), Some("Café"));
        for bad in
            ["a\nb", "a\n", "a\u{1b}[2J", "a\u{202e}b", "a\u{2066}b", "a\u{200f}b", "a\u{61c}b", "a\u{2028}b"]
        {
            assert_eq!(kept(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_found_by_each_of_its_parts(text in "\\PC{1,40}", from in 0usize..40, length in 1usize..=40) {
            let part: String = text.chars().skip(from).take(length).collect();
            prop_assume!(!folded(&part).trim().is_empty());
            prop_assert!(finds(&part, &text));
        }

        #[test]
        fn what_is_kept_is_kept_as_it_is(text in "\\PC{0,40}") {
            let once = kept(&text);
            prop_assert_eq!(once.as_deref().and_then(kept), once);
        }
    }
}
