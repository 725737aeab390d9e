//! Which features a program has, by their names (`spec/guard.md` §7).

use std::collections::HashSet;

use foldhash::fast::FixedState;
use sealgate_artifact::{Feature, limits};

/// `spec/guard.md` §7.3: what works without a license where a program names nothing else.
pub const FREE_FEATURES: &[&str] =
    &["db.query", "db.save", "db.add", "db.update", "db.delete", "http.request", "api.validate"];

/// `spec/guard.md` §7.2: names of one feature in two vocabularies: what programs ask for, and the capability that a license may list instead.
const ALIASES: &[(&str, &str)] = &[
    ("advanced-auth", "auth.rbac_plus"),
    ("multi-tenant", "tenancy.strict"),
    ("rule-engine", "rules.runtime"),
    ("grpc", "transport.grpc"),
    ("message-bus", "transport.message_bus"),
    ("distributed-cache", "cache.distributed"),
    ("audit-trail", "audit.trail"),
    ("anti-tampering", "runtime.anti_tampering"),
    ("server-validation", "audit.remote"),
    ("js-expressions", "js_expressions"),
];

/// A license that lists this lists everything.
const ALL: &str = "*";

/// A set of features. Names are compared without regard to the case of ASCII letters and to white space around them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Features {
    names: Names,
    has_all: bool,
}

/// Hashed without a secret: nobody but the vendor chooses them, and a program asks for them millions of times a second.
type Names = HashSet<String, FixedState>;

impl Features {
    /// What works without a license.
    pub fn free<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self { names: names.into_iter().flat_map(spellings).collect(), has_all: false }
    }

    /// `spec/guard.md` §7.1: the same and what a license lists.
    #[must_use]
    pub fn with(&self, licensed: &[Feature]) -> Self {
        let mut names = self.names.clone();
        names.extend(licensed.iter().flat_map(|feature| spellings(&feature.name)));
        Self { names, has_all: self.has_all || licensed.iter().any(|feature| feature.name == ALL) }
    }

    /// Whether this is one of them. It makes no copies.
    pub fn has(&self, name: &str) -> bool {
        if self.has_all || self.names.contains(name) {
            return true;
        }
        let name = name.trim();
        let mut lower = [0; limits::FEATURE_BYTES];
        let Some(lower) = lower.get_mut(..name.len()) else { return false };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        std::str::from_utf8(lower).is_ok_and(|lower| self.names.contains(lower))
    }
}

/// A name as it is compared, and its alias.
fn spellings(name: &str) -> impl Iterator<Item = String> {
    let name = name.trim().to_ascii_lowercase();
    let other = ALIASES.iter().find_map(|(asked, listed)| match name.as_str() {
        it if it == *asked => Some((*listed).to_owned()),
        it if it == *listed => Some((*asked).to_owned()),
        _ => None,
    });
    [name].into_iter().chain(other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::Feature;

    use super::{ALIASES, FREE_FEATURES, Features};

    fn listed(names: &[&str]) -> Vec<Feature> {
        names.iter().map(|name| Feature { name: (*name).to_owned(), value: None }).collect()
    }

    #[test]
    fn what_is_listed_nowhere_is_denied_in_every_tier() {
        let free = Features::free(FREE_FEATURES.iter().copied());
        let paid = free.with(&listed(&["rule-engine", "workflow"]));
        for (name, without, with) in [
            ("db.query", true, true),
            ("api.validate", true, true),
            ("rule-engine", false, true),
            ("workflow", false, true),
            ("audit-trail", false, false),
            ("no-such-feature", false, false),
            ("api.list", false, false),
            ("", false, false),
            ("*", false, false),
        ] {
            assert_eq!((free.has(name), paid.has(name)), (without, with), "{name}");
        }
        assert!(free.with(&listed(&["*"])).has("no-such-feature"), "the vendor signed that");
    }

    #[test]
    fn both_names_of_a_feature_count() {
        for (asked, capability) in ALIASES {
            for (listed_as, other) in [(asked, capability), (capability, asked)] {
                let has = Features::default().with(&listed(&[listed_as]));
                assert!(has.has(asked) && has.has(capability), "{listed_as} and {other}");
                assert!(!Features::default().has(asked));
            }
        }
    }

    #[test]
    fn case_and_space_around_do_not_count_and_length_does() {
        let has = Features::default().with(&listed(&["Rule-Engine"]));
        for name in ["rule-engine", " RULE-ENGINE\t", "Rules.Runtime"] {
            assert!(has.has(name), "{name}");
        }
        assert!(!has.has("rule engine") && !has.has(&"r".repeat(4_000)));
    }

    proptest! {
        /// A license only ever adds.
        #[test]
        fn a_license_takes_nothing_away(names in prop::collection::vec("[a-z.*-]{1,8}", 0..6), asked in "[A-Za-z. -]{0,10}") {
            let free = Features::free(FREE_FEATURES.iter().copied());
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let with = free.with(&listed(&names));
            prop_assert!(!free.has(&asked) || with.has(&asked));
            let is_listed = names.iter().any(|name| *name == "*" || name.eq_ignore_ascii_case(asked.trim()));
            prop_assert!(!is_listed || with.has(&asked));
        }
    }
}
