//! What a configuration key is, and the macro that makes a table of them.

use std::ffi::OsStr;
use std::fmt;

use super::value::Value;

/// A key of the configuration.
#[derive(Debug)]
pub struct Key {
    /// As the file spells it; `limits.per_app` is `per_app` under `[limits]`.
    pub name: &'static str,
    /// What it means, in one sentence without its full stop.
    pub meaning: &'static str,
    /// What holds where nothing is given.
    pub default: &'static str,
    /// The flag without its dashes, and what its value is called.
    pub flag: Option<(&'static str, &'static str)>,
    /// Whether the flag belongs to every verb and not to `serve` alone.
    pub is_global: bool,
    /// The environment variable.
    pub variable: Option<&'static str>,
    /// Whether the value is shown to nobody.
    pub is_secret: bool,
    /// Whether the flag can be given several times.
    pub is_repeatable: bool,
    /// The words that are allowed; empty if others are, too.
    pub choices: &'static [&'static str],
    check: fn(&OsStr) -> Result<(), String>,
}

impl Key {
    pub(super) const fn new<V: Value>(name: &'static str, meaning: &'static str) -> Self {
        Self {
            name,
            meaning,
            default: "",
            flag: None,
            is_global: false,
            variable: None,
            is_secret: false,
            is_repeatable: V::REPEATABLE,
            choices: V::CHOICES,
            check: |text| V::read(&[text.to_owned()]).map(drop),
        }
    }

    pub(super) const fn default(self, text: &'static str) -> Self {
        Self { default: text, ..self }
    }

    pub(super) const fn flag(self, name: &'static str, value: &'static str) -> Self {
        Self { flag: Some((name, value)), ..self }
    }

    pub(super) const fn global(self) -> Self {
        Self { is_global: true, ..self }
    }

    pub(super) const fn variable(self, name: &'static str) -> Self {
        Self { variable: Some(name), ..self }
    }

    pub(super) const fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    /// Whether a flag or variable may say this.
    pub fn check(&self, text: &OsStr) -> Result<(), String> {
        (self.check)(text)
    }
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A flag.
    Flag,
    /// An environment variable.
    Environment,
    /// The configuration file.
    File,
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        })
    }
}

/// A value that holds, for `check-config`.
pub(super) struct Shown {
    pub(super) name: &'static str,
    pub(super) value: serde_json::Value,
    pub(super) source: Source,
    /// Whether a source that counts less says something, too.
    pub(super) overrides: bool,
}

impl Shown {
    pub(super) fn new(key: &Key, value: serde_json::Value, (source, overrides): (Source, bool)) -> Self {
        let value = if key.is_secret && !value.is_null() { "set".into() } else { value };
        Self { name: key.name, value, source, overrides }
    }
}

/// Makes a table of keys: the values that hold, what one source says, and the [`Key`]s.
///
/// A row is `/// Meaning.`, then `name: type = default => calls of Key's methods;`. Sections, as in `[limits]`, come last.
macro_rules! keys {
    (
        $(#[$meta:meta])*
        pub struct $Config:ident, $prefix:literal {
            $($(#[doc = $doc:literal])+ $name:ident: $kind:ty = $default:expr => $($method:ident($($arg:literal),*)).+;)+
            $([$section:ident]: $Section:path = $GivenSection:path;)*
        }
    ) => {
        $(#[$meta])*
        pub struct $Config {
            $($(#[doc = $doc])+ pub $name: $kind,)+
            $(#[doc = concat!("The keys of `[", stringify!($section), "]`.")] pub $section: $Section,)*
        }

        /// What one source says about it.
        #[derive(Default, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(super) struct Given {
            $($name: Option<$kind>,)+
            $($section: $GivenSection,)*
        }

        impl Given {
            pub(super) const KEYS: &'static [$crate::config::key::Key] = &[$(
                $crate::config::key::Key::new::<$kind>(
                    concat!($prefix, stringify!($name)),
                    $crate::config::key::one_line(concat!($($doc),+)),
                )$(.$method($($arg),*))+,
            )+];

            /// Sets one key.
            pub(super) fn set(&mut self, name: &str, texts: &[std::ffi::OsString]) -> Result<(), String> {
                $(if name == concat!($prefix, stringify!($name)) {
                    self.$name = Some($crate::config::value::Value::read(texts)?);
                    return Ok(());
                })+
                $(if name.starts_with(concat!(stringify!($section), ".")) {
                    return self.$section.set(name, texts);
                })*
                Err(format!("{name}: no such key"))
            }
        }

        impl $Config {
            /// Takes each value from the first layer that has one, and notes which one that was.
            pub(super) fn resolve<const N: usize>(
                mut layers: [($crate::config::key::Source, Given); N],
                shown: &mut Vec<$crate::config::key::Shown>,
            ) -> Self {
                let mut keys = Given::KEYS.iter();
                $(
                    let given = layers.iter_mut().find_map(|(source, given)| Some((given.$name.take()?, *source)));
                    let ($name, source): ($kind, _) =
                        given.unwrap_or_else(|| ($default, $crate::config::key::Source::Default));
                    let overrides = layers.iter().any(|(_, given)| given.$name.is_some());
                    let key = keys.next().expect("there is a key for each field");
                    let value = $crate::config::value::Value::show(&$name);
                    shown.push($crate::config::key::Shown::new(key, value, (source, overrides)));
                )+
                $(
                    let given = layers.each_mut().map(|(source, given)| (*source, std::mem::take(&mut given.$section)));
                    let $section = <$Section>::resolve(given, shown);
                )*
                Self { $($name,)+ $($section,)* }
            }
        }
    };
}
pub(super) use keys;

/// A doc comment as a sentence: without the blank that it begins with and without its full stop.
pub(super) const fn one_line(doc: &'static str) -> &'static str {
    let text = doc.trim_ascii();
    match text.as_bytes() {
        [.., b'.'] => text.split_at(text.len() - 1).0,
        _ => text,
    }
}
