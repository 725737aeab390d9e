//! Names that people write in the place of identifiers (`spec/http.md` §3.18).

use crate::ids::is_id;

/// A short name of an app, a plan or a customer: `editor`, `pro`, `acme-2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

impl Slug {
    /// The most bytes of one.
    pub const MOST: usize = 63;

    /// Takes the text if it is a slug: lower-case letters, digits, and single hyphens between them. What could be read as
    /// an identifier is none, in whatever spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let is_slug = text.len() <= Self::MOST && text.split('-').all(is_part) && !is_id(text);
        is_slug.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Slug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Slug;
    use crate::{AppId, LicenseKey};

    #[test]
    fn a_slug_is_short_and_plain() {
        for good in ["a", "7", "editor", "acme-2", "a-b-c", &"x".repeat(63)] {
            assert_eq!(Slug::parse(good).expect(good).as_str(), good);
        }
        let long = "x".repeat(64);
        for bad in
            ["", "-", "-a", "a-", "a--b", "Editor", "a b", "a/b", "a_b", "external:x", "ä", "a\n", &long]
        {
            assert_eq!(Slug::parse(bad), None, "{bad:?}");
        }
    }

    /// Also in a spelling that no identifier of ours has.
    #[test]
    fn what_can_be_read_as_an_identifier_is_no_slug() {
        for id in ["01926a3b-0000-7000-8000-000000000000", "01926a3b000070008000000000000000"] {
            assert_eq!(Slug::parse(id), None, "{id}");
        }
        assert!(Slug::parse("01926a3b-0000-7000-8000-000000000000-2").is_some());
    }

    proptest! {
        #[test]
        fn no_text_is_both(text in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[a-z0-9-]{1,64}") {
            let is_other = AppId::parse(&text).is_ok() || LicenseKey::parse(&text).is_ok() || text.contains(':');
            prop_assert!(!(is_other && Slug::parse(&text).is_some()));
        }

        #[test]
        fn a_slug_is_its_own_text(text in "\\PC{0,70}|[a-z0-9-]{0,70}") {
            if let Some(slug) = Slug::parse(&text) {
                prop_assert_eq!(slug.to_string(), text);
            }
        }
    }
}
