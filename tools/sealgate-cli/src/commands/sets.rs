//! Features, limits and variables as people write them, and what a change did to them.

use std::collections::BTreeMap;

use sealgate_artifact::Code;
use sealgate_wire::{Feature, Limit, Variable};

use crate::failure::Failure;
use crate::output::say;

/// Names with what they hold, for comparisons.
pub(crate) type Named = BTreeMap<String, String>;

pub(crate) fn feature(text: &str) -> Result<Feature, Failure> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    Ok(Feature { name: name_of(name, "sso=okta")?, value })
}

pub(crate) fn limit(text: &str) -> Result<Limit, Failure> {
    let unreadable = || {
        Failure::new(Code::MalformedRequest, format!("{text}: not a limit")).fix("give --limit projects=10")
    };
    let (name, value) = text.split_once('=').ok_or_else(unreadable)?;
    let name = name_of(name, "projects=10")?;
    Ok(Limit { name, value: value.parse().map_err(|_| unreadable())? })
}

/// NAME=VALUE: what is JSON keeps its type: true, false, a number in its only spelling, text in quotation marks. Everything else is
/// text as it stands.
pub(crate) fn variable(text: &str) -> Result<(String, Variable), Failure> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        Failure::new(Code::MalformedRequest, format!("{text}: no `=`")).fix("give NAME=VALUE")
    })?;
    let name = name_of(name, "theme=dark")?;
    let json = if value.trim() == value { serde_json::from_str(value).ok() } else { None };
    Ok((name, json.unwrap_or_else(|| Variable::Text(value.to_owned()))))
}

/// Variables, each named once.
pub(crate) fn variables(texts: &[String]) -> Result<Option<BTreeMap<String, Variable>>, Failure> {
    let mut named = BTreeMap::new();
    for (name, value) in all(texts, variable)?.into_iter().flatten() {
        if named.contains_key(&name) {
            return Err(Failure::new(Code::MalformedRequest, format!("{name}: given twice"))
                .fix("give each name once"));
        }
        named.insert(name, value);
    }
    Ok((!named.is_empty()).then_some(named))
}

/// A name that nobody mistakes for another one.
fn name_of(name: &str, example: &str) -> Result<String, Failure> {
    if name.trim() == name {
        return Ok(name.to_owned());
    }
    let why = format!("\"{name}\": a name has no blank at its ends");
    Err(Failure::new(Code::MalformedRequest, why).fix(format!("write it without blanks, as in {example}")))
}

/// Somebody wants to change something, and says not what.
pub(crate) fn nothing_to_change() -> Failure {
    Failure::new(Code::MalformedRequest, "nothing to change")
        .fix("give at least one flag that says what; --help lists them")
}

/// `--replace` says that what is given is all. Where nothing is given, it may be a slip, and would take everything.
pub(crate) fn replaced_by_nothing(given: &str, removing: &str) -> Failure {
    Failure::new(Code::MalformedRequest, "--replace, and nothing is given that is to be there from now on")
        .fix(format!("give {given}, too; to take everything away, {removing}"))
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
        Variable::Decimal(decimal) => decimal.to_string(),
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

/// What another value stands for, a line; nothing where it is the same.
pub(crate) fn changed(what: &str, before: &str, after: &str) -> Option<String> {
    let word = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    (before != after).then(|| format!("{what} changed: {} -> {}", word(before), word(after)))
}

/// What changed, or that nothing did.
pub(crate) fn or_nothing(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { vec!["nothing changed".to_owned()] } else { lines }
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
