//! A short file as a picture on the terminal, for a machine that has neither a network nor a free port: a phone takes it over.
//!
//! The picture holds text, because phones read text out of such pictures: the file in Base32 (RFC 4648), which needs less room there than Base64.

use qrcode::types::Color;
use qrcode::{EcLevel, QrCode};

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The blank margin that readers need.
const MARGIN: usize = 4;

/// The picture, and how many columns it takes; `None` where the file is too long for one.
pub(crate) fn drawn(file: &[u8]) -> Option<(String, usize)> {
    // A screen is not dirty: the least correction makes the largest squares.
    let code = QrCode::with_error_correction_level(base32(file), EcLevel::L).ok()?;
    let (width, colors) = (code.width(), code.to_colors());
    let is_dark = |row: usize, column: usize| {
        let inside = MARGIN..MARGIN + width;
        inside.contains(&row)
            && inside.contains(&column)
            && colors[(row - MARGIN) * width + column - MARGIN] == Color::Dark
    };
    let side = width + 2 * MARGIN;
    // Two squares in a letter. What is dark is left blank: most terminals are dark.
    let letter = |row: usize, column: usize| match (is_dark(row, column), is_dark(row + 1, column)) {
        (false, false) => '\u{2588}',
        (false, true) => '\u{2580}',
        (true, false) => '\u{2584}',
        (true, true) => ' ',
    };
    let line = |row: usize| (0..side).map(|column| letter(row, column)).collect::<String>();
    Some(((0..side).step_by(2).map(line).collect::<Vec<_>>().join("\n"), side))
}

/// What stands in the picture.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let group = |group: &[u8]| {
        let mut five = [0; 8];
        five[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(five);
        let letters = (group.len() * 8).div_ceil(5);
        let letter = |place: usize| char::from(LETTERS[(bits >> (35 - 5 * place) & 31) as usize]);
        (0..8).map(|place| if place < letters { letter(place) } else { '=' }).collect::<String>()
    };
    bytes.chunks(5).map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::{base32, drawn};

    /// The vectors of RFC 4648 §10.
    #[test]
    fn text_is_base32() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY======"),
            ("fo", "MZXQ===="),
            ("foo", "MZXW6==="),
            ("foob", "MZXW6YQ="),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI======"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(base32(&[0xff; 5]), "77777777");
    }

    #[test]
    fn a_picture_is_square_has_a_margin_and_takes_no_long_file() {
        let (picture, columns) = drawn(&[7; 900]).expect("short");
        let lines: Vec<&str> = picture.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() == columns));
        assert_eq!(lines.len(), columns.div_ceil(2));
        assert!(lines[0].chars().chain(lines[1].chars()).all(|letter| letter == '\u{2588}'));
        assert!(drawn(&[7; 3_000]).is_none());
    }
}
