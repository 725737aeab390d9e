//! Types of configuration values: how a text becomes one, and how one is shown.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Serialize;

/// What stands behind a key: one word, perhaps none, or a list of them.
pub(crate) trait Value: Sized {
    /// Whether the flag can be given several times.
    const REPEATABLE: bool = false;
    /// The words that are allowed; empty if others are, too.
    const CHOICES: &'static [&'static str];

    /// Reads what flags or a variable say.
    fn read(texts: &[OsString]) -> Result<Self, String>;

    /// For `check-config`.
    fn show(&self) -> serde_json::Value;
}

/// One value.
pub(crate) trait Word: Sized + Serialize {
    const CHOICES: &'static [&'static str] = &[];

    fn read(text: &OsStr) -> Result<Self, String>;

    fn show(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("numbers and texts can be written")
    }
}

impl<W: Word> Value for W {
    const CHOICES: &'static [&'static str] = W::CHOICES;

    fn read(texts: &[OsString]) -> Result<Self, String> {
        texts.last().ok_or_else(|| "nothing was given".to_owned()).and_then(|text| W::read(text))
    }

    fn show(&self) -> serde_json::Value {
        Word::show(self)
    }
}

impl<W: Word> Value for Option<W> {
    const CHOICES: &'static [&'static str] = W::CHOICES;

    fn read(texts: &[OsString]) -> Result<Self, String> {
        <W as Value>::read(texts).map(Some)
    }

    fn show(&self) -> serde_json::Value {
        self.as_ref().map_or(serde_json::Value::Null, Word::show)
    }
}

impl<W: Word> Value for Vec<W> {
    const REPEATABLE: bool = true;
    const CHOICES: &'static [&'static str] = W::CHOICES;

    fn read(texts: &[OsString]) -> Result<Self, String> {
        texts.iter().map(|text| W::read(text)).collect()
    }

    fn show(&self) -> serde_json::Value {
        self.iter().map(Word::show).collect()
    }
}

impl Word for PathBuf {
    fn read(text: &OsStr) -> Result<Self, String> {
        if text.is_empty() { Err("a path is missing".to_owned()) } else { Ok(text.into()) }
    }

    fn show(&self) -> serde_json::Value {
        self.display().to_string().into()
    }
}

macro_rules! parsed {
    ($($kind:ty),+) => {$(
        impl Word for $kind {
            fn read(text: &OsStr) -> Result<Self, String> {
                let text = text.to_str().ok_or("not UTF-8")?;
                text.parse().map_err(|e: <$kind as std::str::FromStr>::Err| e.to_string())
            }
        }
    )+};
}
parsed!(String, SocketAddr, NonZeroU32, u32);

/// Makes an enum of words, spelled alike on the command line and in the file.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $Name:ident { $($(#[$doc:meta])* $Variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
        pub enum $Name {
            $($(#[$doc])* #[serde(rename = $word)] $Variant,)+
        }

        impl $crate::config::value::Word for $Name {
            const CHOICES: &'static [&'static str] = &[$($word),+];

            fn read(text: &std::ffi::OsStr) -> Result<Self, String> {
                match text.to_str() {
                    $(Some($word) => Ok(Self::$Variant),)+
                    _ => Err(format!("expected one of {}", [$($word),+].join(", "))),
                }
            }
        }
    };
}
pub(crate) use words;
