//! Lists in which every name stands once, and how a request changes them: `features` merges with what is there,
//! `remove_features` takes away, `replace_features` is the whole (`spec/http.md` §3.9).

use std::collections::{BTreeMap, BTreeSet};

use sealgate_authority::{AuthorityError, stored};
use sealgate_wire::{Feature, Limit, Variable};
use serde::Serialize;

use crate::check;

/// What a request does to one list.
pub(crate) struct Change<'a, T: ?Sized> {
    /// Come, or get another value.
    pub(crate) merge: Option<&'a T>,
    /// Go.
    pub(crate) remove: Option<&'a [String]>,
    /// Are all from now on.
    pub(crate) replace: Option<&'a T>,
}

impl<T: ?Sized> Change<'_, T> {
    fn is_none(&self) -> bool {
        self.merge.is_none() && self.remove.is_none() && self.replace.is_none()
    }
}

/// What a request calls its parts.
struct Fields {
    remove: &'static str,
    replace: &'static str,
    both: &'static str,
}

/// One entry of such a list.
trait Named: Clone {
    fn name(&self) -> &str;
}

impl Named for Feature {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for Limit {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for (String, Variable) {
    fn name(&self) -> &str {
        &self.0
    }
}

/// Features as they are stored, changed.
pub(crate) fn features(text: &str, change: &Change<'_, [Feature]>) -> Result<String, AuthorityError> {
    let fields = Fields {
        remove: "remove_features",
        replace: "replace_features",
        both: "all features: not together with features or remove_features",
    };
    if change.is_none() {
        return Ok(text.to_owned());
    }
    if let Some(given) = change.merge.or(change.replace) {
        check::features(given)?;
    }
    let changed = changed(stored(text)?, change, &fields)?;
    check::features(&changed)?;
    Ok(written(&changed))
}

/// Limits as they are stored, changed.
pub(crate) fn limits(text: &str, change: &Change<'_, [Limit]>) -> Result<String, AuthorityError> {
    let fields = Fields {
        remove: "remove_limits",
        replace: "replace_limits",
        both: "all limits: not together with limits or remove_limits",
    };
    if change.is_none() {
        return Ok(text.to_owned());
    }
    if let Some(given) = change.merge.or(change.replace) {
        check::limits(given)?;
    }
    let changed = changed(stored(text)?, change, &fields)?;
    check::limits(&changed)?;
    Ok(written(&changed))
}

/// Variables as they are stored, changed.
pub(crate) fn variables(
    text: &str,
    change: &Change<'_, BTreeMap<String, Variable>>,
) -> Result<String, AuthorityError> {
    let fields = Fields {
        remove: "remove_variables",
        replace: "replace_variables",
        both: "all variables: not together with variables or remove_variables",
    };
    if change.is_none() {
        return Ok(text.to_owned());
    }
    let list = |map: &BTreeMap<String, Variable>| -> Vec<(String, Variable)> {
        map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let (merge, replace) = (change.merge.map(list), change.replace.map(list));
    let change = Change { merge: merge.as_deref(), remove: change.remove, replace: replace.as_deref() };
    let changed = changed(list(&stored(text)?), &change, &fields)?;
    check::variables(&changed.into_iter().collect())
}

fn changed<T: Named>(
    before: Vec<T>,
    change: &Change<'_, [T]>,
    fields: &Fields,
) -> Result<Vec<T>, AuthorityError> {
    let given = change.merge.unwrap_or_default();
    let removed: BTreeSet<&str> = change.remove.unwrap_or_default().iter().map(String::as_str).collect();
    if let Some(all) = change.replace {
        let alone = change.merge.is_none() && change.remove.is_none();
        let refused = || AuthorityError::Invalid { field: fields.replace, why: fields.both };
        return alone.then(|| all.to_vec()).ok_or_else(refused);
    }
    if given.iter().any(|entry| removed.contains(entry.name())) {
        let why = "names that the same request does not also give";
        return Err(AuthorityError::Invalid { field: fields.remove, why });
    }
    let mut after: Vec<T> = before.into_iter().filter(|entry| !removed.contains(entry.name())).collect();
    for entry in given {
        match after.iter_mut().find(|other| other.name() == entry.name()) {
            Some(other) => *other = entry.clone(),
            None => after.push(entry.clone()),
        }
    }
    Ok(after)
}

/// A list as it is stored.
pub(crate) fn written<T: Serialize>(list: &[T]) -> String {
    serde_json::to_string(list).expect("texts and numbers can be written")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use sealgate_wire::Limit;

    use super::{Change, limits, written};

    fn list(entries: &BTreeMap<String, u64>) -> Vec<Limit> {
        entries.iter().map(|(name, value)| Limit { name: name.clone(), value: *value }).collect()
    }

    fn some() -> impl Strategy<Value = BTreeMap<String, u64>> {
        prop::collection::btree_map("[a-f]", 0..9u64, 0..6)
    }

    fn sorted(text: &str) -> BTreeMap<String, u64> {
        let list: Vec<Limit> = serde_json::from_str(text).expect("a list");
        list.into_iter().map(|limit| (limit.name, limit.value)).collect()
    }

    proptest! {
        /// What is given is there with its value, what is removed is not, and everything else is as before.
        #[test]
        fn a_merge_touches_what_it_names(before in some(), given in some(), removed in prop::collection::btree_set("[a-f]", 0..3)) {
            let (text, merge) = (written(&list(&before)), list(&given));
            let remove: Vec<String> = removed.iter().cloned().collect();
            let change = Change { merge: Some(&merge[..]), remove: Some(&remove), replace: None };
            let after = limits(&text, &change);
            if removed.iter().any(|name| given.contains_key(name)) {
                prop_assert!(after.is_err());
                return Ok(());
            }
            let mut wanted = before;
            wanted.retain(|name, _| !removed.contains(name));
            wanted.extend(given);
            let after = after.expect("is sound");
            prop_assert_eq!(sorted(&after), wanted);
            // The same again changes nothing.
            prop_assert_eq!(limits(&after, &change).expect("is sound"), after);
        }

        #[test]
        fn a_replacement_is_the_whole(before in some(), all in some()) {
            let (text, all) = (written(&list(&before)), list(&all));
            let change = Change { merge: None, remove: None, replace: Some(&all[..]) };
            prop_assert_eq!(limits(&text, &change).expect("is sound"), written(&all));
            let both = Change { merge: Some(&all[..]), ..change };
            prop_assert!(limits(&text, &both).is_err());
        }
    }

    #[test]
    fn together_they_may_not_be_too_many() {
        let of = |begin: u64, count: u64| -> Vec<Limit> {
            (begin..begin + count).map(|n| Limit { name: n.to_string(), value: n }).collect()
        };
        let merge = |given: &[Limit]| {
            limits(&written(&of(0, 20)), &Change { merge: Some(given), remove: None, replace: None })
        };
        assert!(merge(&of(20, 12)).is_ok());
        assert!(merge(&of(8, 24)).is_ok());
        assert!(merge(&of(20, 13)).is_err());
    }
}
