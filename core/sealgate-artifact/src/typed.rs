//! What a typed or pasted license key has in it besides its symbols (`spec/license.md` §3.3).

/// The symbols of a text, each in its plain spelling: no separators, no wrapping, no look-alikes. They need not be a key.
pub(crate) fn symbols(text: &str) -> impl Iterator<Item = char> {
    let typed = text.trim_end_matches(|c| is_passed_over(narrow(c)) || is_stop(narrow(c)));
    typed.chars().map(narrow).filter(|c| !is_passed_over(*c)).map(plain)
}

/// The full-width forms of ASCII are ASCII.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
}

fn plain(c: char) -> char {
    match c.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        c => c,
    }
}

/// White space, characters that show nothing, dashes, quotation marks and brackets.
fn is_passed_over(c: char) -> bool {
    match c {
        // What a printed key consists of is told without a search.
        '0'..='9' | 'A'..='Z' | 'a'..='z' => false,
        '-' => true,
        c => c.is_whitespace() || is_in_ranges(c),
    }
}

fn is_in_ranges(c: char) -> bool {
    let after = PASSED_OVER.partition_point(|(first, _)| *first <= c);
    after.checked_sub(1).is_some_and(|at| c <= PASSED_OVER[at].1)
}

/// The end of a sentence, or what stands between two of a list, in the scripts that have their own.
fn is_stop(c: char) -> bool {
    matches!(c, '.' | ',' | '\u{60c}' | '\u{6d4}' | '\u{3001}' | '\u{3002}' | '\u{ff61}' | '\u{ff64}')
}

/// First and last of each range, rising: the sets that `spec/license.md` §3.3 names, without white space.
#[rustfmt::skip]
const PASSED_OVER: [(char, char); 89] = [
    ('"', '"'), ('\'', ')'), ('-', '-'), ('<', '<'), ('>', '>'), ('[', '['), (']', ']'), ('`', '`'), ('{', '{'),
    ('}', '}'), ('\u{ab}', '\u{ab}'), ('\u{ad}', '\u{ad}'), ('\u{b4}', '\u{b4}'), ('\u{bb}', '\u{bb}'),
    ('\u{34f}', '\u{34f}'), ('\u{58a}', '\u{58a}'), ('\u{5be}', '\u{5be}'), ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'), ('\u{6dd}', '\u{6dd}'), ('\u{70f}', '\u{70f}'), ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'), ('\u{f3a}', '\u{f3d}'), ('\u{115f}', '\u{1160}'), ('\u{1400}', '\u{1400}'),
    ('\u{169b}', '\u{169c}'), ('\u{17b4}', '\u{17b5}'), ('\u{1806}', '\u{1806}'), ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{2015}'), ('\u{2018}', '\u{201f}'), ('\u{202a}', '\u{202e}'), ('\u{2032}', '\u{2033}'),
    ('\u{2039}', '\u{203a}'), ('\u{2045}', '\u{2046}'), ('\u{2053}', '\u{2053}'), ('\u{2060}', '\u{206f}'),
    ('\u{207b}', '\u{207b}'), ('\u{207d}', '\u{207e}'), ('\u{208b}', '\u{208b}'), ('\u{208d}', '\u{208e}'),
    ('\u{2212}', '\u{2212}'), ('\u{2308}', '\u{230b}'), ('\u{2329}', '\u{232a}'), ('\u{2768}', '\u{2775}'),
    ('\u{27c5}', '\u{27c6}'), ('\u{27e6}', '\u{27ef}'), ('\u{2983}', '\u{2998}'), ('\u{29d8}', '\u{29db}'),
    ('\u{29fc}', '\u{29fd}'), ('\u{2e02}', '\u{2e05}'), ('\u{2e09}', '\u{2e0a}'), ('\u{2e0c}', '\u{2e0d}'),
    ('\u{2e17}', '\u{2e17}'), ('\u{2e1a}', '\u{2e1a}'), ('\u{2e1c}', '\u{2e1d}'), ('\u{2e20}', '\u{2e29}'),
    ('\u{2e3a}', '\u{2e3b}'), ('\u{2e40}', '\u{2e40}'), ('\u{2e42}', '\u{2e42}'), ('\u{2e55}', '\u{2e5d}'),
    ('\u{3008}', '\u{3011}'), ('\u{3014}', '\u{301f}'), ('\u{3030}', '\u{3030}'), ('\u{30a0}', '\u{30a0}'),
    ('\u{30fc}', '\u{30fc}'), ('\u{3164}', '\u{3164}'), ('\u{fd3e}', '\u{fd3f}'), ('\u{fe00}', '\u{fe0f}'),
    ('\u{fe17}', '\u{fe18}'), ('\u{fe31}', '\u{fe32}'), ('\u{fe35}', '\u{fe44}'), ('\u{fe47}', '\u{fe48}'),
    ('\u{fe58}', '\u{fe5e}'), ('\u{fe63}', '\u{fe63}'), ('\u{feff}', '\u{feff}'), ('\u{ff5f}', '\u{ff60}'),
    ('\u{ff62}', '\u{ff63}'), ('\u{ff70}', '\u{ff70}'), ('\u{ffa0}', '\u{ffa0}'), ('\u{fff0}', '\u{fffb}'),
    ('\u{10ead}', '\u{10ead}'), ('\u{110bd}', '\u{110bd}'), ('\u{110cd}', '\u{110cd}'), ('\u{13430}', '\u{13438}'),
    ('\u{1bca0}', '\u{1bca3}'), ('\u{1d173}', '\u{1d17a}'), ('\u{e0000}', '\u{e0fff}'),
];

#[cfg(test)]
mod tests {
    use super::{PASSED_OVER, is_in_ranges, narrow, symbols};

    #[test]
    fn the_ranges_rise_and_hold_no_symbol() {
        assert!(PASSED_OVER.iter().all(|(first, last)| first <= last));
        assert!(PASSED_OVER.windows(2).all(|two| two[0].1 < two[1].0));
        assert!((0..=127).map(char::from).all(|c| !c.is_ascii_alphanumeric() || !is_in_ranges(c)));
    }

    #[test]
    fn what_people_leave_around_a_key_is_no_part_of_it() {
        for typed in [
            "ab12",
            "AB-12",
            " ab 12\r\n",
            "\tab\u{a0}12",
            "“AB‑12”",
            "«ab—12».",
            "(AB12),",
            "ＡＢ－１２",
            "A\u{200b}B\u{feff}12",
            "`AB12`",
            "<AB12>",
            "'AB12'.",
            "ab\u{2028}12。",
            "\u{202a}AB12\u{202c}",
            "AB\u{ad}12",
            "[AB·12]".replace('·', "−").as_str(),
        ] {
            assert_eq!(symbols(typed).collect::<String>(), "AB12", "{typed:?}");
        }
    }

    /// Only at the end: in the middle, or as another sign, it is a mistake that the reader is told.
    #[test]
    fn what_is_no_decoration_stays() {
        for (typed, left) in [
            ("A.B", "A.B"),
            (".AB", ".AB"),
            ("A_B", "A_B"),
            ("AB!", "AB!"),
            ("A\u{0}B", "A\u{0}B"),
            ("А", "А"),
            ("é", "é"),
        ] {
            assert_eq!(symbols(typed).collect::<String>(), left);
        }
    }

    #[test]
    fn full_width_forms_are_the_ascii_ones() {
        assert_eq!((narrow('！'), narrow('～'), narrow('Ａ'), narrow('０')), ('!', '~', 'A', '0'));
    }
}
