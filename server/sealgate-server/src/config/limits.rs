//! The `[limits]` of the configuration (`spec/http.md` §1.8).

use std::num::NonZeroU32;

use sealgate_authority::Limits;
use sealgate_rules::Rate;

use super::key::keys;
use super::value::words;

keys! {
    /// A profile, and single values that win over the profile's.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct LimitsConfig, "limits." {
        /// Which set of limits is used; each of the following keys replaces one limit of the set.
        profile: Profile = Profile::Default
            => default("default");
        /// How many requests a minute are allowed for one license, not counting heartbeats.
        per_license: Option<NonZeroU32> = None
            => default("the profile's");
        /// How many heartbeats a minute are allowed for one license.
        heartbeats_per_license: Option<NonZeroU32> = None
            => default("the profile's");
        /// How many requests a minute are allowed from one address.
        per_address: Option<NonZeroU32> = None
            => default("the profile's");
        /// How many requests one address may send at once after a pause.
        address_burst: Option<NonZeroU32> = None
            => default("the profile's");
        /// How many requests a minute are allowed for one app.
        per_app: Option<NonZeroU32> = None
            => default("the profile's");
        /// How much an address pays from its budget for guesses when it names a key, app or token that does not exist; that
        /// budget is as large as the one for requests, and apart from it.
        guess_costs: Option<u32> = None
            => default("the profile's");
    }
}

words! {
    /// Where the limits come from.
    pub enum Profile {
        /// Enough for an office behind one address, too little for guessing.
        Default = "default",
        /// What AuthForge documents for its own service.
        Authforge = "authforge",
        /// No limits at all.
        DangerOff = "danger_off",
    }
}

impl LimitsConfig {
    /// The limits that hold.
    pub fn into_limits(self) -> Limits {
        // Every field is named, so that a key that is forgotten here does not compile.
        let Self {
            profile,
            per_license,
            heartbeats_per_license,
            per_address,
            address_burst,
            per_app,
            guess_costs,
        } = self;
        let mut limits = match profile {
            Profile::Default => Limits::default(),
            Profile::Authforge => Limits::authforge(),
            Profile::DangerOff => Limits::danger_off(),
        };
        let rate = |given: Option<NonZeroU32>, profile| given.map(Rate::per_minute).or(profile);
        limits.license = rate(per_license, limits.license);
        limits.heartbeat = rate(heartbeats_per_license, limits.heartbeat);
        limits.address = rate(per_address, limits.address);
        limits.app = rate(per_app, limits.app);
        if let (Some(burst), Some(rate)) = (address_burst, &mut limits.address) {
            rate.burst = burst;
        }
        limits.guess_costs = guess_costs.unwrap_or(limits.guess_costs);
        limits
    }
}
