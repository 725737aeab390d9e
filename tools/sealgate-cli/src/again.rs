//! A command that goes on, or repeats, as one types it.

use crate::args::{By, Global};

/// The command, word by word.
#[derive(Default)]
pub(crate) struct Again {
    words: String,
    from: Place,
}

/// Where the command is sent, as flags said: what is typed again without them goes elsewhere.
#[derive(Clone, Default)]
pub(crate) struct Place {
    flags: String,
    /// What holds a secret is not repeated.
    note: Option<&'static str>,
}

impl Place {
    pub(crate) fn of(global: &Global) -> Self {
        let given = global.given;
        let text =
            |value: &Option<String>, by: By| value.clone().filter(|text| by == By::Flag && !text.is_empty());
        let proxy = text(&global.proxy, given.proxy);
        let has_password = proxy.as_ref().is_some_and(|proxy| proxy.contains('@'));
        let has_token = text(&global.token, given.token).is_some();
        let data = global.data.as_ref().map(|data| data.display().to_string());
        let flags = Again::default()
            .flag("--url", text(&global.url, given.url).as_deref())
            .flag("--profile", text(&global.profile, given.profile).as_deref())
            .flag("--data", text(&data, given.data).as_deref())
            .flag("--proxy", proxy.filter(|_| !has_password).as_deref())
            .switch("--danger-plain-http", global.danger_plain_http)
            .words;
        let note = match (has_token, has_password) {
            (true, true) => Some("the same --token and --proxy"),
            (true, false) => Some("the same --token"),
            (false, true) => Some("the same --proxy"),
            (false, false) => None,
        };
        Self { flags, note }
    }
}

impl Again {
    /// A verb, sent where the present command goes.
    pub(crate) fn new(verb: &str, from: &Place) -> Self {
        Self { words: format!("sealgate {verb}"), from: from.clone() }
    }

    pub(crate) fn word(mut self, text: &str) -> Self {
        self.words += " ";
        self.words += &quoted(text);
        self
    }

    /// A flag with its value, where there is one.
    pub(crate) fn flag(self, name: &str, value: Option<&str>) -> Self {
        match value {
            // Else it would be read as a flag itself.
            Some(value) if value.starts_with('-') => self.word(&format!("{name}={value}")),
            Some(value) => self.word(name).word(value),
            None => self,
        }
    }

    /// A flag without a value.
    pub(crate) fn switch(self, name: &str, on: bool) -> Self {
        if on { self.word(name) } else { self }
    }

    /// The command as it is typed, without a word on what was left out of it.
    pub(crate) fn typed(self) -> String {
        self.words + &self.from.flags
    }

    /// The command, which takes the same list on standard input.
    pub(crate) fn with_the_same_list(self) -> String {
        self.with(Some("the same list"))
    }

    /// The command, which takes the same file on standard input.
    pub(crate) fn with_the_same_input(self) -> String {
        self.with(Some("the same input"))
    }

    fn with(self, more: Option<&str>) -> String {
        let Self { words, from: Place { flags, note } } = self;
        let notes: Vec<&str> = more.into_iter().chain(note).collect();
        if notes.is_empty() {
            words + &flags
        } else {
            format!("{words}{flags} (with {})", notes.join(" and "))
        }
    }
}

impl From<Again> for String {
    fn from(again: Again) -> Self {
        again.with(None)
    }
}

/// A word as a shell reads it. A full stop at its end would be taken for that of a sentence.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+@,%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) && !text.ends_with('.') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Args;

    #[test]
    fn a_command_can_be_typed_as_it_is_shown() {
        let here = Place::default();
        let again = Again::new("license issue", &here).flag("--app", Some("a-1")).flag("--plan", None);
        let again = again.flag("--label", Some("Ada's order; $7")).switch("--yes", true).word("");
        let again = again.flag("--reason", Some("-5")).flag("--label", Some("No."));
        let told = "sealgate license issue --app a-1 --label 'Ada'\\''s order; $7' --yes '' --reason=-5 --label 'No.'";
        assert_eq!(String::from(again), told);
    }

    #[test]
    fn it_goes_where_the_first_one_went_and_repeats_no_secret() {
        let told = |flags: &[&str]| {
            let args =
                Args::try_parse_from([&["sealgate", "app", "list"], flags].concat()).expect("it is read");
            String::from(Again::new("app list", &Place::of(&args.global)))
        };
        assert_eq!(told(&[]), "sealgate app list");
        let place = ["--url", "https://h", "--data", "my data", "--profile", "p", "--danger-plain-http"];
        let flags = "--url https://h --profile p --data 'my data' --danger-plain-http";
        assert_eq!(told(&place), format!("sealgate app list {flags}"));
        assert_eq!(told(&["--proxy", "http://h:1"]), "sealgate app list --proxy http://h:1");
        let secret = told(&["--token", "sgt_x", "--proxy", "http://u:hunter2@h"]);
        assert_eq!(secret, "sealgate app list (with the same --token and --proxy)");
        let list = Again::new("license renew", &Place::default()).word("-").with_the_same_list();
        assert_eq!(list, "sealgate license renew - (with the same list)");
    }
}
