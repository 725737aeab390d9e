//! Where values come from, and which of them holds.

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Value, json};

use super::error::ConfigError;
use super::key::{Key, Shown, Source};
use super::keys::{Config, Given};
use crate::files;

/// What flags, variables and the file say, before one of them wins.
#[derive(Default)]
pub struct Sources {
    flags: Given,
    environment: Given,
    file: Given,
}

/// Where values come from, as far as a person must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whence {
    /// Who named the data directory.
    pub data: Source,
    /// Keys that the file sets and an environment variable sets, too: the variable wins, and nobody sees it in the command.
    pub overridden: Vec<&'static str>,
}

impl Sources {
    /// Only what the file says.
    pub fn of_file(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |why: String| ConfigError::Unreadable { path: path.display().to_string(), why };
        let bytes = files::read(path).map_err(|e| unreadable(e.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| unreadable("not UTF-8".to_owned()))?;
        let file = toml::from_str(&text).map_err(|e| {
            let line =
                e.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            ConfigError::Line { path: path.display().to_string(), line, why: e.message().to_owned() }
        })?;
        Ok(Self { file, ..Self::default() })
    }

    /// Adds what a flag or variable says, once [`Key::check`] has accepted each of the texts. An empty variable counts
    /// as unset, and so does an empty `--database`.
    pub fn add(&mut self, source: Source, key: &Key, texts: &[OsString]) -> Result<(), String> {
        let layer = match source {
            Source::Flag => &mut self.flags,
            Source::Environment => &mut self.environment,
            Source::File | Source::Default => return Err(format!("{} is read elsewhere", key.name)),
        };
        let may_be_unset = source == Source::Environment || !key.is_repeatable;
        if may_be_unset && texts.iter().all(|text| text.is_empty()) {
            return Ok(());
        }
        layer.set(key.name, texts)
    }

    /// What holds: a flag wins over its variable, that over the file, and that over the default.
    pub fn config(self) -> Result<Config, ConfigError> {
        self.resolve().map(|(config, _)| config)
    }

    /// The same, and where it comes from.
    pub fn config_with_origin(self) -> Result<(Config, Whence), ConfigError> {
        let (config, shown) = self.resolve()?;
        let named = |name: &str| shown.iter().find(|shown| shown.name == name);
        let data = named("data").map_or(Source::Default, |shown| shown.source);
        let overriding = |shown: &&Shown| shown.source == Source::Environment && shown.overrides;
        let overridden = shown.iter().filter(overriding).map(|shown| shown.name).collect();
        Ok((config, Whence { data, overridden }))
    }

    /// What holds as JSON, key by key, and under `from` where each value came from. A secret is shown as `set`.
    pub fn describe(self) -> Result<Value, ConfigError> {
        let (_, shown) = self.resolve()?;
        let mut described = json!({});
        for Shown { name, value, source, .. } in shown {
            let mut place = &mut described;
            for part in name.split('.') {
                place = &mut place[part];
            }
            *place = value;
            described["from"][name] = json!(source.to_string());
        }
        Ok(described)
    }

    fn resolve(self) -> Result<(Config, Vec<Shown>), ConfigError> {
        let mut shown = vec![];
        let layers =
            [(Source::Flag, self.flags), (Source::Environment, self.environment), (Source::File, self.file)];
        let config = Config::resolve(layers, &mut shown);
        config.check()?;
        Ok((config, shown))
    }
}
