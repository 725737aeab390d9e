//! The `[limits]` of the configuration (`spec/http.md` §1.8).

use std::num::NonZeroU32;

use sealgate_authority::Limits;
use sealgate_rules::Rate;
use serde::Deserialize;

/// A profile, and single values in place of the profile's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsConfig {
    /// `default`, `authforge` or `danger_off`.
    #[serde(default)]
    pub(crate) profile: Profile,
    /// Questions a minute about one license, but for heartbeats.
    per_license: Option<NonZeroU32>,
    /// Heartbeats a minute of one license.
    heartbeats_per_license: Option<NonZeroU32>,
    /// Questions a minute from one address.
    per_address: Option<NonZeroU32>,
    /// Questions at once from one address after a pause.
    address_burst: Option<NonZeroU32>,
    /// Questions a minute about one app.
    per_app: Option<NonZeroU32>,
    /// What a guess costs its address, in questions.
    guess_costs: Option<u32>,
}

/// Where the values come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Profile {
    // Room for an office behind one address, none for guessing.
    #[default]
    Default,
    // What AuthForge documents for its own service.
    Authforge,
    // None at all.
    DangerOff,
}

impl LimitsConfig {
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = match self.profile {
            Profile::Default => Limits::default(),
            Profile::Authforge => Limits::authforge(),
            Profile::DangerOff => Limits::danger_off(),
        };
        let rate = |wished: Option<NonZeroU32>, profile| wished.map(Rate::per_minute).or(profile);
        limits.license = rate(self.per_license, limits.license);
        limits.heartbeat = rate(self.heartbeats_per_license, limits.heartbeat);
        limits.address = rate(self.per_address, limits.address);
        limits.app = rate(self.per_app, limits.app);
        if let (Some(burst), Some(rate)) = (self.address_burst, &mut limits.address) {
            rate.burst = burst;
        }
        limits.guess_costs = self.guess_costs.unwrap_or(limits.guess_costs);
        limits
    }
}

#[cfg(test)]
mod tests {
    use sealgate_authority::Limits;

    use super::LimitsConfig;

    fn read(text: &str) -> Limits {
        toml::from_str::<LimitsConfig>(text).expect("is usable").limits()
    }

    #[test]
    fn a_profile_is_chosen_and_single_values_win_over_it() {
        assert_eq!(read(""), Limits::default());
        assert_eq!(read("profile = 'authforge'"), Limits::authforge());
        assert_eq!(read("profile = 'danger_off'"), Limits::danger_off());
        let mixed = read("profile = 'authforge'\nper_address = 90\naddress_burst = 9\nguess_costs = 7");
        let address = mixed.address.expect("is limited");
        assert_eq!((address.per_minute.get(), address.burst.get(), mixed.guess_costs), (90, 9, 7));
        assert_eq!(mixed.license, Limits::authforge().license);
    }

    #[test]
    fn what_would_lock_everybody_out_or_says_nothing_is_refused() {
        for text in ["per_address = 0", "per_license = -1", "profile = 'off'", "per_adress = 1"] {
            assert!(toml::from_str::<LimitsConfig>(text).is_err(), "{text}");
        }
    }
}
