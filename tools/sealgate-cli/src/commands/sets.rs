//! Features, limits and variables as people write them, and what a change did to them.

use std::collections::BTreeMap;

use sealgate_artifact::Code;
use sealgate_wire::{Feature, Limit, Variable};

use crate::failure::Failure;
use crate::output::say;

/// Names with what they hold, for comparisons.
pub(crate) type Named = BTreeMap<String, String>;

pub(crate) fn feature(text: &str) -> Feature {
    match text.split_once('=') {
        Some((name, value)) => Feature { name: name.to_owned(), value: Some(value.to_owned()) },
        None => Feature { name: text.to_owned(), value: None },
    }
}

pub(crate) fn limit(text: &str) -> Result<Limit, Failure> {
    let parts = text.split_once('=').and_then(|(name, value)| Some((name, value.parse().ok()?)));
    let (name, value) = parts.ok_or_else(|| {
        Failure::new(Code::MalformedRequest, format!("{text}: not a limit")).fix("give --limit projects=10")
    })?;
    Ok(Limit { name: name.to_owned(), value })
}

/// NAME=VALUE: true, false and whole numbers keep their type.
pub(crate) fn variable(text: &str) -> Result<(String, Variable), Failure> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        Failure::new(Code::MalformedRequest, format!("{text}: no `=`")).fix("give NAME=VALUE")
    })?;
    let value = match (value, value.parse()) {
        ("true", _) => Variable::Flag(true),
        ("false", _) => Variable::Flag(false),
        (_, Ok(number)) => Variable::Number(number),
        _ => Variable::Text(value.to_owned()),
    };
    Ok((name.to_owned(), value))
}

/// All of them, where there is one.
pub(crate) fn all<T>(
    texts: &[String],
    read: impl Fn(&str) -> Result<T, Failure>,
) -> Result<Option<Vec<T>>, Failure> {
    let list = texts.iter().map(|text| read(text)).collect::<Result<Vec<T>, _>>()?;
    Ok((!list.is_empty()).then_some(list))
}

/// Names, where there is one.
pub(crate) fn names(names: &[String]) -> Option<Vec<String>> {
    (!names.is_empty()).then(|| names.to_vec())
}

/// A list that merges, and one that replaces: one of them has what was given.
pub(crate) fn merge_or_replace<T>(given: Option<T>, replace: bool) -> (Option<T>, Option<T>) {
    if replace { (None, given) } else { (given, None) }
}

pub(crate) fn of_features(features: &[Feature]) -> Named {
    features.iter().map(|f| (f.name.clone(), f.value.clone().unwrap_or_default())).collect()
}

pub(crate) fn of_limits(limits: &[Limit]) -> Named {
    limits.iter().map(|l| (l.name.clone(), l.value.to_string())).collect()
}

pub(crate) fn of_variables(variables: &BTreeMap<String, Variable>) -> Named {
    variables.iter().map(|(name, value)| (name.clone(), value_text(value))).collect()
}

/// A variable's value, for people.
pub(crate) fn value_text(value: &Variable) -> String {
    match value {
        Variable::Flag(flag) => flag.to_string(),
        Variable::Number(number) => number.to_string(),
        Variable::Text(text) => text.clone(),
    }
}

/// All of them, for people.
pub(crate) fn list(named: &Named) -> String {
    named.iter().map(|(name, value)| one(name, value)).collect::<Vec<_>>().join(", ")
}

fn one(name: &str, value: &str) -> String {
    if value.is_empty() { name.to_owned() } else { format!("{name}={value}") }
}

/// What came, changed and went, a line each; nothing where they are the same.
pub(crate) fn differences(kind: &str, before: &Named, after: &Named) -> Vec<String> {
    let came = after.iter().filter(|(name, _)| !before.contains_key(*name)).map(|(n, v)| one(n, v));
    let went = before.keys().filter(|name| !after.contains_key(*name)).cloned();
    let changed = before.iter().filter_map(|(name, old)| {
        let new = after.get(name).filter(|new| *new != old)?;
        let word = |value: &str| if value.is_empty() { "no value".to_owned() } else { value.to_owned() };
        Some(format!("{name} ({} -> {})", word(old), word(new)))
    });
    let line = |what: &str, entries: Vec<String>| {
        (!entries.is_empty()).then(|| format!("{kind} {what}: {}", entries.join(", ")))
    };
    [line("came", came.collect()), line("changed", changed.collect()), line("went", went.collect())]
        .into_iter()
        .flatten()
        .collect()
}

/// Prints what came, changed and went below a result.
pub(crate) fn say_differences(lines: &[String]) {
    if !lines.is_empty() {
        say!("");
    }
    for line in lines {
        say!("{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::{Named, differences};

    fn named(entries: &[(&str, &str)]) -> Named {
        entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_came_changed_and_went_is_said() {
        let before = named(&[("export", ""), ("sso", "saml"), ("old", "1")]);
        let after = named(&[("export", ""), ("sso", "oidc"), ("new", "2")]);
        assert_eq!(
            differences("features", &before, &after),
            ["features came: new=2", "features changed: sso (saml -> oidc)", "features went: old"]
        );
        assert_eq!(differences("features", &after, &after), Vec::<String>::new());
    }
}
