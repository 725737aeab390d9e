//! What an access token may do (`spec/http.md` §3.3).

use sealgate_authority::AuthorityError;

macro_rules! scopes {
    ($($variant:ident $bit:literal $text:literal $doc:literal)*) => {
        /// One thing that a token may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Scope { $(#[doc = $doc] $variant),* }

        impl Scope {
            /// Every scope there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The scope as it travels.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// What it allows, for people.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc),* }
            }

            /// What a list of them must be.
            pub(crate) const EACH_KNOWN: &'static str =
                concat!("at least one, and each of them one of these:" $(, " ", $text)*);

            fn bit(self) -> u32 {
                match self { $(Self::$variant => 1 << $bit),* }
            }
        }
    };
}

scopes! {
    Owner 0 "owner" "Everything within the tenant, also what later versions add."
    Installation 1 "installation" "Tenants, license servers, and the keys that all tenants share."
    AppsRead 2 "apps:read" "See apps, their variables and credits, and the trust that builds pin."
    AppsWrite 3 "apps:write" "Create apps, set variables, switch apps off and on, rotate their secrets and keys."
    PlansRead 4 "plans:read" "See plans."
    PlansWrite 5 "plans:write" "Create and change plans."
    LicensesRead 6 "licenses:read" "See licenses."
    LicensesWrite 7 "licenses:write" "Issue, renew, change, suspend, resume and revoke licenses. With licenses:read: hand out their files, which work on every machine."
    DevicesRead 8 "devices:read" "See devices."
    DevicesWrite 9 "devices:write" "Release seats, as many as a license allows in a year; with licenses:write: more."
    AccessRead 10 "access:read" "See access lists."
    AccessWrite 11 "access:write" "Change access lists."
    CreditsWrite 12 "credits:write" "Grant credits."
    TokensRead 13 "tokens:read" "See access tokens."
    TokensWrite 14 "tokens:write" "Create tokens of no wider scope, and revoke tokens."
    EventsRead 15 "events:read" "See events."
    AuditRead 16 "audit:read" "See and export the audit log."
    KeysRead 17 "keys:read" "See keys."
    KeysWrite 18 "keys:write" "Rotate and revoke the tenant's keys."
    LicenseKeysRead 19 "license-keys:read" "See the key of an existing license; with licenses:write: exchange it, and make files that hold it."
    CustomersRead 20 "customers:read" "See customers, with their names and e-mail addresses."
    CustomersWrite 21 "customers:write" "Create and change customers. With licenses:write: merge and forget them."
    ReleasesRead 22 "releases:read" "See releases, and the modules of licenses that wait for a decision or have one."
    ReleasesWrite 23 "releases:write" "Publish and revoke releases; approve and refuse modules of single licenses."
    OfflineRead 24 "offline:read" "See bundles for machines without a network."
    OfflineWrite 25 "offline:write" "Sign and revoke bundles for machines without a network. With offline:read: hand out their files."
}

impl Scope {
    /// The scope of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text)
    }
}

/// What a token may do, all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    /// These scopes.
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// As a token's row has them, one a line. A scope that this version does not know gives nothing.
    pub(crate) fn from_lines(text: &str) -> Self {
        Self::of(&text.lines().filter_map(Scope::parse).collect::<Vec<_>>())
    }

    /// As a token's row has them.
    pub(crate) fn to_lines(self) -> String {
        self.iter().map(Scope::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.0 & scope.bit() != 0)
    }

    /// Whether this is among what it may do. An owner may do everything within the tenant.
    pub fn allow(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0 || scope != Scope::Installation && self.0 & Scope::Owner.bit() != 0
    }

    /// Whether all of `others` is among what it may do: delegation only narrows.
    pub fn cover(self, others: Self) -> bool {
        others.iter().all(|scope| self.allow(scope))
    }

    /// Refuses where not all of these are among what it may do, and says which.
    pub fn need(self, wanted: impl IntoIterator<Item = Scope>) -> Result<(), AuthorityError> {
        let lacks: Vec<Scope> = wanted.into_iter().filter(|scope| !self.allow(*scope)).collect();
        if lacks.is_empty() {
            return Ok(());
        }
        Err(AuthorityError::ScopeMissing { lacks: listed(lacks), has: listed(self.iter()) })
    }
}

/// Scopes as a person reads them.
fn listed(scopes: impl IntoIterator<Item = Scope>) -> String {
    let names: Vec<&str> = scopes.into_iter().map(Scope::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Scope, Scopes};

    fn some() -> impl Strategy<Value = Scopes> {
        prop::sample::subsequence(Scope::ALL, 0..=Scope::ALL.len()).prop_map(|scopes| Scopes::of(&scopes))
    }

    proptest! {
        /// A row holds what was put into it.
        #[test]
        fn scopes_survive_their_row(scopes in some()) {
            prop_assert_eq!(Scopes::from_lines(&scopes.to_lines()), scopes);
        }

        /// Whoever passes on what it covers never gives away what it may not do itself.
        #[test]
        fn delegation_never_widens(mine in some(), theirs in some()) {
            if mine.cover(theirs) {
                for scope in Scope::ALL {
                    prop_assert!(!theirs.allow(*scope) || mine.allow(*scope), "{}", scope.as_str());
                }
            }
        }
    }

    #[test]
    fn an_owner_may_do_everything_but_what_concerns_other_tenants() {
        let owner = Scopes::of(&[Scope::Owner]);
        for scope in Scope::ALL {
            assert_eq!(owner.allow(*scope), *scope != Scope::Installation, "{}", scope.as_str());
        }
        assert!(!Scopes::of(&[Scope::Installation]).allow(Scope::AppsRead));
        assert!(!Scopes::of(&Scope::ALL[2..]).allow(Scope::Owner), "everything of today is not everything");
    }
}
