//! Slugs: how they are made from names, and who has one (`spec/http.md` §3.18).

use sealgate_artifact::{AppId, Slug, TenantId};
use sealgate_authority::AuthorityError;
use sealgate_store::{Tx, table};

use crate::words::folded;

/// So many things with the same name get slugs of their own.
const MOST_ALIKE: u32 = 1 << 20;

/// Among what a slug is unique.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Among {
    /// The tenant's apps.
    Apps(TenantId),
    /// The plans of one of its apps.
    Plans(TenantId, AppId),
    /// The tenant's customers.
    Customers(TenantId),
}

impl Among {
    async fn is_taken(self, tx: &mut Tx<'_>, slug: &Slug) -> Result<bool, AuthorityError> {
        Ok(match self {
            Self::Apps(tenant) => table::apps::by_slug(tx, tenant, slug).await?.is_some(),
            Self::Plans(tenant, app) => table::plans::of_app_by_slug(tx, tenant, app, slug).await?.is_some(),
            Self::Customers(tenant) => table::customers::by_slug(tx, tenant, slug).await?.is_some(),
        })
    }

    /// Refuses a slug that something has.
    pub(crate) async fn unless_taken(
        self,
        tx: &mut Tx<'_>,
        slug: Option<&Slug>,
    ) -> Result<(), AuthorityError> {
        match slug {
            Some(slug) if self.is_taken(tx, slug).await? => Err(AuthorityError::Taken { field: "slug" }),
            _ => Ok(()),
        }
    }
}

/// Reads a slug that a request gives; an empty text is none.
pub(crate) fn given(text: &str) -> Result<Option<Slug>, AuthorityError> {
    let why =
        "1 to 63 lower-case letters, digits and single hyphens between them, not an id; or empty for none";
    let read = || Slug::parse(text).ok_or(AuthorityError::Invalid { field: "slug", why });
    if text.is_empty() { Ok(None) } else { read().map(Some) }
}

/// The slug that something new gets.
pub(crate) enum NewSlug {
    /// This one, or none.
    Given(Option<Slug>),
    /// One made from this name, if that yields any.
    Made(String),
}

impl NewSlug {
    /// What the request gives, or else what its name yields.
    pub(crate) fn of(slug: Option<&str>, name: &str) -> Result<Self, AuthorityError> {
        Ok(match slug {
            Some(text) => Self::Given(given(text)?),
            None => Self::Made(base(name)),
        })
    }

    /// The slug, as nobody else has it now.
    pub(crate) async fn choose(&self, tx: &mut Tx<'_>, among: Among) -> Result<Option<Slug>, AuthorityError> {
        match self {
            Self::Given(slug) => {
                among.unless_taken(tx, slug.as_ref()).await?;
                Ok(slug.clone())
            }
            Self::Made(base) => first_free(tx, among, base).await,
        }
    }
}

/// `base`, or with the first number behind it that is free and comes after one that is taken. However many there are, few are
/// asked for.
async fn first_free(tx: &mut Tx<'_>, among: Among, base: &str) -> Result<Option<Slug>, AuthorityError> {
    let (mut taken, mut free) = (0, 1);
    while let Some(slug) = numbered(base, free) {
        if !among.is_taken(tx, &slug).await? {
            break;
        }
        (taken, free) = (free, free * 2);
        if free > MOST_ALIKE {
            return Ok(None);
        }
    }
    while free - taken > 1 {
        let middle = taken + (free - taken) / 2;
        match numbered(base, middle) {
            Some(slug) if among.is_taken(tx, &slug).await? => taken = middle,
            _ => free = middle,
        }
    }
    Ok(numbered(base, free))
}

/// The name in lower case, without accents, and with hyphens for what no slug has. It may be empty.
fn base(name: &str) -> String {
    let mut plain = String::new();
    for c in folded(name).chars() {
        match spelled(c) {
            Some(letters) => plain.push_str(letters),
            None => plain.push(c),
        }
    }
    let parts = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}

/// Latin letters that Unicode does not take apart.
fn spelled(c: char) -> Option<&'static str> {
    Some(match c {
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        _ => return None,
    })
}

/// The base itself for 1, and with the number behind it for others: cut where both together were too long.
fn numbered(base: &str, n: u32) -> Option<Slug> {
    let end = if n == 1 { String::new() } else { format!("-{n}") };
    let begin = &base[..base.len().min(Slug::MOST - end.len())];
    Slug::parse(&format!("{}{end}", begin.trim_end_matches('-')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{base, given, numbered};

    fn made(name: &str) -> Option<String> {
        numbered(&base(name), 1).map(|slug| slug.to_string())
    }

    #[test]
    fn a_name_yields_what_people_would_write() {
        for (name, slug) in [
            ("Editor", "editor"),
            ("Photo Editor 2", "photo-editor-2"),
            ("  Café – Straße_7 ", "cafe-strasse-7"),
            ("Smørrebrød & Łódź", "smorrebrod-lodz"),
            ("Acme, Inc.", "acme-inc"),
            ("ＡＢＣ", "abc"),
            ("株式会社 ACME", "acme"),
        ] {
            assert_eq!(made(name).as_deref(), Some(slug), "{name}");
        }
        for nothing in
            ["", "東京", "!?", "01926a3b-0000-7000-8000-000000000000", "01926A3B000070008000000000000000"]
        {
            assert_eq!(made(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_number_finds_room() {
        let long = base(&"x".repeat(80));
        for (n, slug) in [(1, "x".repeat(63)), (2, "x".repeat(61) + "-2"), (1000, "x".repeat(58) + "-1000")] {
            assert_eq!(numbered(&long, n).expect("a slug").as_str(), slug);
        }
        let hyphen = base(&("x".repeat(60) + " yz"));
        assert_eq!(numbered(&hyphen, 2).expect("a slug").as_str(), "x".repeat(60) + "-2");
    }

    #[test]
    fn an_empty_text_is_no_slug() {
        assert_eq!(given("").ok(), Some(None));
        assert!(given("Editor").is_err() && given("-").is_err());
    }

    proptest! {
        #[test]
        fn whatever_a_name_yields_is_a_slug_and_yields_itself(name in "\\PC{0,90}|[a-zA-Z0-9 .äöüéß-]{0,90}", n in 1u32..2_000_000) {
            let base = base(&name);
            prop_assert!(base.bytes().all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit()));
            if let Some(slug) = numbered(&base, 1) {
                prop_assert_eq!(self::made(slug.as_str()), Some(slug.to_string()));
                prop_assert_eq!(given(slug.as_str()).ok().flatten(), Some(slug.clone()));
                let other = numbered(&base, n).expect("as good with a number");
                prop_assert_eq!(n == 1, other == slug);
            }
        }

        /// Each name without letters of other scripts yields one, unless it can be read as an id.
        #[test]
        fn a_name_with_a_latin_letter_yields_a_slug(name in "[ .!?]{0,4}[a-zA-Zäöüéñß][a-zA-Z ]{0,40}") {
            prop_assert!(made(&name).is_some());
        }
    }
}
