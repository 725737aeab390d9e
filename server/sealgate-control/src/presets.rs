//! Sets of scopes for jobs that most vendors have.

use crate::Scope;

/// A set of scopes that has a name. A token that was made from it keeps the scopes that the set had then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// As people name it.
    pub name: &'static str,
    /// What a token of it does, for people.
    pub meaning: &'static str,
    /// What it may do.
    pub scopes: &'static [Scope],
}

impl Preset {
    /// Every preset there is.
    ///
    /// None may see the key of an existing license: each of these tokens lies on a machine or with people that many can reach, and
    /// whoever steals one must not get the keys of everything that was sold. A shop gets the key of what it issues from the answer.
    pub const ALL: &'static [Self] = &[
        Self {
            name: "shop",
            meaning: "Sells, renews and takes back: customers, licenses and the plans they come from.",
            scopes: &[
                Scope::PlansRead,
                Scope::LicensesRead,
                Scope::LicensesWrite,
                Scope::CustomersRead,
                Scope::CustomersWrite,
            ],
        },
        Self {
            name: "support",
            meaning: "Looks up customers, licenses, bundles, devices and events, and releases seats as often as a license allows. Sees no license key, hands out no file.",
            scopes: &[
                Scope::LicensesRead,
                Scope::DevicesRead,
                Scope::DevicesWrite,
                Scope::EventsRead,
                Scope::CustomersRead,
                Scope::OfflineRead,
            ],
        },
        Self {
            name: "ci",
            meaning: "Builds: sees apps and exports the trust.json that builds pin.",
            scopes: &[Scope::AppsRead],
        },
    ];

    /// The preset of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|preset| preset.name == name)
    }
}
