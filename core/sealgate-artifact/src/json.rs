//! The strict JSON reader (`spec/envelope.md` §3) and the matching writer of strings.
//!
//! Readers of six languages disagree on most hostile texts; this one refuses every text on which they could.

use crate::{ArtifactError, Decimal, limits};

/// A value of the strict profile. There are no floating-point numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number strictly inside ±2^53.
    Int(i64),
    /// A number with a fraction. [`parse`] never gives one.
    Decimal(Decimal),
    /// Unicode text without NUL.
    Text(String),
    /// Values in order.
    List(Vec<Value>),
    /// Members in order; names are distinct.
    Object(Vec<(String, Value)>),
}

/// Reads one value that fills `bytes`, white space aside.
pub fn parse(bytes: &[u8]) -> Result<Value, ArtifactError> {
    read(bytes, &[], false)
}

/// The same for AuthForge's wire: within these members of the outermost object, numbers may have a fraction
/// (`spec/authforge.md` §2.8).
pub fn parse_with_decimals(bytes: &[u8], members: &[&str]) -> Result<Value, ArtifactError> {
    read(bytes, members, false)
}

/// Reads the value of one variable, in which a number may have a fraction (`spec/authforge.md` §2.8).
pub fn parse_variable(bytes: &[u8]) -> Result<Value, ArtifactError> {
    read(bytes, &[], true)
}

fn read(bytes: &[u8], with_decimals: &[&str], takes_decimals: bool) -> Result<Value, ArtifactError> {
    let text = std::str::from_utf8(bytes).map_err(|e| error(e.valid_up_to(), "not UTF-8"))?;
    let mut reader = Reader { text, at: 0, with_decimals, takes_decimals };
    reader.skip_space();
    let value = reader.value(1)?;
    reader.skip_space();
    if reader.at == bytes.len() { Ok(value) } else { Err(reader.wrong("something follows the value")) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Members of the outermost object in which numbers may have a fraction.
    with_decimals: &'a [&'a str],
    /// Whether the reader is in one of them.
    takes_decimals: bool,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, ArtifactError> {
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true", Value::Bool(true)),
            Some(b'f') => self.word(b"false", Value::Bool(false)),
            Some(b'n') => self.word(b"null", Value::Null),
            _ => Err(self.wrong("a value was expected")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, ArtifactError> {
        self.open(depth)?;
        let mut members: Vec<(String, Value)> = Vec::new();
        while !self.closes(b'}', members.is_empty())? {
            let start = self.at;
            let name = self.string()?;
            // Compared after unescaping: "a" and "\u0061" are one name.
            if members.iter().any(|(seen, _)| *seen == name) {
                return Err(error(start, "a name appears twice"));
            }
            if members.len() == limits::NAMES {
                return Err(error(start, "too many names in one object"));
            }
            self.skip_space();
            self.expect(b':', "a colon was expected")?;
            self.skip_space();
            let takes_decimals = self.takes_decimals;
            self.takes_decimals |= depth == 1 && self.with_decimals.contains(&name.as_str());
            let value = self.value(depth + 1)?;
            self.takes_decimals = takes_decimals;
            members.push((name, value));
        }
        Ok(Value::Object(members))
    }

    fn list(&mut self, depth: usize) -> Result<Value, ArtifactError> {
        self.open(depth)?;
        let mut items = Vec::new();
        while !self.closes(b']', items.is_empty())? {
            items.push(self.value(depth + 1)?);
        }
        Ok(Value::List(items))
    }

    fn open(&mut self, depth: usize) -> Result<(), ArtifactError> {
        if depth > limits::DEPTH {
            return Err(self.wrong("nested too deep"));
        }
        self.at += 1;
        Ok(())
    }

    /// Steps over the separator or the closing bracket; `true` at the latter.
    fn closes(&mut self, close: u8, first: bool) -> Result<bool, ArtifactError> {
        self.skip_space();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(true);
        }
        if !first {
            self.expect(b',', "a comma or the end was expected")?;
            self.skip_space();
        }
        Ok(false)
    }

    fn string(&mut self) -> Result<String, ArtifactError> {
        self.expect(b'"', "a string was expected")?;
        let mut out = Vec::new();
        loop {
            match self.next().ok_or_else(|| error(self.text.len(), "the text ends inside a string"))? {
                b'"' => break,
                b'\\' => self.escape(&mut out)?,
                0..0x20 => return Err(error(self.at - 1, "a control character inside a string")),
                byte => out.push(byte),
            }
        }
        Ok(String::from_utf8(out).expect("copied from UTF-8 at ASCII boundaries"))
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), ArtifactError> {
        let plain = match self.next() {
            Some(b @ (b'"' | b'\\' | b'/')) => b,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let c = self.unicode_escape()?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.wrong("an unknown escape")),
        };
        out.push(plain);
        Ok(())
    }

    fn unicode_escape(&mut self) -> Result<char, ArtifactError> {
        let first = self.four_hex()?;
        let point = if (0xd800..0xdc00).contains(&first) {
            if self.next() != Some(b'\\') || self.next() != Some(b'u') {
                return Err(self.wrong("a lone surrogate"));
            }
            let second = self.four_hex()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(self.wrong("a lone surrogate"));
            }
            0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        match char::from_u32(point) {
            Some('\0') => Err(self.wrong("NUL inside a string")),
            Some(c) => Ok(c),
            None => Err(self.wrong("a lone surrogate")),
        }
    }

    fn four_hex(&mut self) -> Result<u32, ArtifactError> {
        let mut point = 0;
        for _ in 0..4 {
            let digit = self.next().and_then(|b| char::from(b).to_digit(16));
            point = point * 16 + digit.ok_or_else(|| self.wrong("four hexadecimal digits were expected"))?;
        }
        Ok(point)
    }

    fn number(&mut self) -> Result<Value, ArtifactError> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let is_part = |byte: &&u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
        let length = rest.iter().take_while(is_part).count();
        let spelling = &self.text[start..start + length];
        if !self.takes_decimals || !spelling.contains(['.', 'e', 'E']) {
            return self.integer();
        }
        let decimal = Decimal::parse(spelling).map_err(|why| error(start, why))?;
        self.at += length;
        Ok(Value::Decimal(decimal))
    }

    fn integer(&mut self) -> Result<Value, ArtifactError> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let digits = self.at;
        let mut n: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            n = n * 10 + i64::from(digit - b'0');
            if n >= limits::INTEGER_BOUND {
                return Err(error(start, "a number outside ±2^53"));
            }
            self.at += 1;
        }
        let length = self.at - digits;
        if length == 0 || (length > 1 && self.text.as_bytes()[digits] == b'0') || (negative && n == 0) {
            return Err(error(start, "a number in another spelling than its only one"));
        }
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return Err(error(start, "a number that is not whole"));
        }
        Ok(Value::Int(if negative { -n } else { n }))
    }

    fn word(&mut self, word: &'static [u8], value: Value) -> Result<Value, ArtifactError> {
        if !self.text.as_bytes()[self.at..].starts_with(word) {
            return Err(self.wrong("a value was expected"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn expect(&mut self, byte: u8, why: &'static str) -> Result<(), ArtifactError> {
        if self.peek() != Some(byte) {
            return Err(self.wrong(why));
        }
        self.at += 1;
        Ok(())
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn wrong(&self, why: &'static str) -> ArtifactError {
        error(self.at, why)
    }
}

fn error(at: usize, why: &'static str) -> ArtifactError {
    ArtifactError::Json { at, why }
}

impl std::fmt::Display for Value {
    /// Compact text that [`parse`] reads back to the same value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(n) => write!(f, "{n}"),
            Self::Decimal(decimal) => write!(f, "{decimal}"),
            Self::Text(text) => write_text(f, text),
            Self::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (i, (name, value)) in members.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { "," })?;
                    write_text(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(f: &mut std::fmt::Formatter<'_>, text: &str) -> std::fmt::Result {
    use std::fmt::Write;
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            c if c < ' ' => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Value, parse, parse_variable, parse_with_decimals};
    use crate::{ArtifactError, Decimal};

    fn refused(text: &[u8]) -> &'static str {
        match parse(text) {
            Err(crate::ArtifactError::Json { why, .. }) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn hostile_texts_are_refused() {
        for (text, why) in [
            (&b"{\"a\":1,\"a\":2}"[..], "a name appears twice"),
            (b"{\"a\":1,\"\\u0061\":2}", "a name appears twice"),
            (b"9007199254740992", "a number outside ±2^53"),
            (b"1.0", "a number that is not whole"),
            (b"1e3", "a number that is not whole"),
            (b"-0", "a number in another spelling than its only one"),
            (b"01", "a number in another spelling than its only one"),
            (b"NaN", "a value was expected"),
            (b"\"\xff\"", "not UTF-8"),
            (b"\"\\ud800\"", "a lone surrogate"),
            (b"\"\\udc00\"", "a lone surrogate"),
            (b"\"\\ud800\\u0041\"", "a lone surrogate"),
            (b"\xef\xbb\xbf{}", "a value was expected"),
            (b"[[[[[[[[[1]]]]]]]]]", "nested too deep"),
            (b"\"\\u0000\"", "NUL inside a string"),
            (b"\"\0\"", "a control character inside a string"),
            (b"{} x", "something follows the value"),
            (b"{}//", "something follows the value"),
            (b"/**/{}", "a value was expected"),
            (b"[1,]", "a value was expected"),
            (b"{\"a\":1,}", "a string was expected"),
            (b"", "a value was expected"),
            (b"\"abc", "the text ends inside a string"),
        ] {
            assert_eq!(refused(text), why, "{}", String::from_utf8_lossy(text));
        }
    }

    /// `spec/authforge.md` §2.8: in variables, and nowhere else.
    #[test]
    fn fractions_are_read_where_they_may_stand() {
        let read = |text: &str| parse_with_decimals(text.as_bytes(), &["a", "b"]);
        let half = || Value::Decimal(Decimal::parse("0.5").expect("a number"));
        let inner = Value::Object(vec![("x".to_owned(), half()), ("y".to_owned(), Value::Int(1))]);
        let text = r#"{"c":1,"b":{"x":0.5,"y":1}}"#;
        assert_eq!(
            read(text),
            Ok(Value::Object(vec![("c".to_owned(), Value::Int(1)), ("b".to_owned(), inner)]))
        );
        assert_eq!(read(text).map(|value| value.to_string()).as_deref(), Ok(text));
        for elsewhere in [
            text.replace('b', "d"),
            text.replace('1', "1.5"),
            "0.5".to_owned(),
            r#"[{"b":{"x":0.5}}]"#.to_owned(),
            r#"{"c":{"b":{"x":0.5}}}"#.to_owned(),
            r#"{"b":{"x":0.5},"c":0.5}"#.to_owned(),
        ] {
            assert!(matches!(read(&elsewhere), Err(ArtifactError::Json { .. })), "{elsewhere}");
        }
        for spelling in [
            "1.0",
            "0.50",
            "1e3",
            "1E-3",
            "5e-1",
            ".5",
            "5.",
            "-0",
            "-0.0",
            "00.5",
            "+0.5",
            "0.5-",
            "0.1234567890123456",
        ] {
            assert!(read(&text.replace("0.5", spelling)).is_err(), "{spelling}");
            assert!(parse_variable(spelling.as_bytes()).is_err(), "{spelling}");
        }
        assert_eq!(parse_variable(b"0.5"), Ok(half()));
        assert_eq!(parse(b"0.5"), Err(ArtifactError::Json { at: 0, why: "a number that is not whole" }));
    }

    fn values() -> impl Strategy<Value = Value> {
        let text = "[^\0]{0,12}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (-(1i64 << 53) + 1..1i64 << 53).prop_map(Value::Int),
            text.prop_map(Value::Text),
        ];
        leaf.prop_recursive(6, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
                prop::collection::btree_map(text, inner, 0..6)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Any value that can be written is read back the same.
        #[test]
        fn what_is_written_is_read(value in values()) {
            prop_assert_eq!(parse(value.to_string().as_bytes()), Ok(value));
        }

        /// No text whatever makes the reader panic.
        #[test]
        fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
            let _ = parse_variable(&bytes);
        }

        /// A text without fractions means the same to all readers.
        #[test]
        fn fractions_change_nothing_else(text in "[{}a\":,0-9.eE\\[\\] -]{0,30}") {
            if let Ok(strict) = parse(text.as_bytes()) {
                prop_assert_eq!(parse_variable(text.as_bytes()), Ok(strict.clone()));
                prop_assert_eq!(parse_with_decimals(text.as_bytes(), &["a"]), Ok(strict));
            }
        }
    }
}
