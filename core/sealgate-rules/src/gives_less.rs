//! Whether a version of a license gives less than the one before it (`spec/revocation.md` §1.6).

use sealgate_artifact::{Conditions, Feature, License, Limit, Variable};

/// The feature that stands for all.
const EVERY: &str = "*";

/// spec/revocation.md §1.6: whether the version gives less in any respect. In doubt it does.
pub fn gives_less(before: &License, after: &License) -> bool {
    // Every field is named, so that a new one is decided here.
    let License {
        tenant,
        app,
        license,
        version: _,
        issued_at: _,
        not_before,
        expires_at,
        tier,
        features,
        max_devices,
        limits,
        variables,
        licensee: _,
        trial_days,
        conditions,
    } = after;
    let is_the_same = (tenant, app, license) == (&before.tenant, &before.app, &before.license);
    let gives_as_much = is_the_same
        && *tier as u8 >= before.tier as u8
        && has_all(&before.features, features)
        && *not_before <= before.not_before
        && is_at_least(*expires_at, before.expires_at)
        && is_at_least(max_devices.seats(), before.max_devices.seats())
        && allows_as_much(&before.limits, limits)
        && says_the_same(&before.variables, variables)
        && trial_days.is_none_or(|days| before.trial_days.is_some_and(|before| days >= before))
        && asks_no_more(&before.conditions, conditions);
    !gives_as_much
}

fn has_all(before: &[Feature], after: &[Feature]) -> bool {
    after.iter().any(|feature| feature.name == EVERY) || before.iter().all(|feature| after.contains(feature))
}

/// Without an end, or without a number, it is more than with any.
fn is_at_least<T: PartialOrd>(after: Option<T>, before: Option<T>) -> bool {
    match (after, before) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(after), Some(before)) => after >= before,
    }
}

/// What a program takes for a limit that is not named, only the program knows.
fn allows_as_much(before: &[Limit], after: &[Limit]) -> bool {
    let is_no_less =
        |limit: &Limit| after.iter().any(|other| other.name == limit.name && other.value >= limit.value);
    before.len() == after.len() && before.iter().all(is_no_less)
}

fn says_the_same(before: &[Variable], after: &[Variable]) -> bool {
    before.len() == after.len() && before.iter().all(|variable| after.contains(variable))
}

fn asks_no_more(before: &Conditions, after: &Conditions) -> bool {
    let Conditions { policy, max_instances, offline, allowances, pool_epoch, slot: _ } = after;
    (policy, offline, allowances, pool_epoch)
        == (&before.policy, &before.offline, &before.allowances, &before.pool_epoch)
        && max_instances.unwrap_or(1) >= before.max_instances.unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{
        Allowances, AppId, Conditions, Feature, License, LicenseId, Licensee, Limit, MaxDevices,
        OfflinePermit, Policy, TenantId, Tier, UnixSeconds, Variable, VariableValue,
    };

    use super::gives_less;

    fn at(second: u64) -> UnixSeconds {
        UnixSeconds::new(second).expect("in range")
    }

    fn named(name: &str, value: Option<&str>) -> Feature {
        Feature { name: name.to_owned(), value: value.map(str::to_owned) }
    }

    fn limit(name: &str, value: u64) -> Limit {
        Limit { name: name.to_owned(), value }
    }

    fn variable(name: &str, value: i64) -> Variable {
        Variable { name: name.to_owned(), value: VariableValue::Number(value) }
    }

    fn license() -> License {
        License {
            tenant: TenantId::from_bytes([1; 16]),
            app: AppId::from_bytes([2; 16]),
            license: LicenseId::from_bytes([3; 16]),
            version: 7,
            issued_at: at(1_000),
            not_before: at(900),
            expires_at: Some(at(5_000)),
            tier: Tier::Licensed,
            features: vec![named("export", None), named("import", Some("csv"))],
            max_devices: MaxDevices::Limited(3),
            limits: vec![limit("projects", 10), limit("users", 5)],
            variables: vec![variable("colour", 4)],
            licensee: Some(Licensee { name: Some("A".to_owned()), ..Licensee::default() }),
            trial_days: Some(30),
            conditions: Conditions {
                policy: Some(policy("hard")),
                max_instances: Some(2),
                offline: Some(OfflinePermit { days: 30, pool: None, journal_days: None }),
                allowances: Some(Allowances { releases: Some(3), replacements: None }),
                pool_epoch: Some(2),
                slot: Some(12),
            },
        }
    }

    fn feature<'a>(license: &'a mut License, name: &str) -> &'a mut Feature {
        license.features.iter_mut().find(|feature| feature.name == name).expect("is there")
    }

    fn projects(license: &mut License) -> &mut Limit {
        license.limits.iter_mut().find(|limit| limit.name == "projects").expect("is there")
    }

    fn policy(fail: &str) -> Policy {
        let text = format!(r#"{{"policy":{{"fail":"{fail}"}}}}"#);
        Conditions::parse(&text).expect("a policy").policy.expect("is there")
    }

    type Change = (&'static str, fn(&mut License));

    /// Each takes something away, or is another thing.
    const LESS: &[Change] = &[
        ("tenant", |l| l.tenant = TenantId::from_bytes([9; 16])),
        ("app", |l| l.app = AppId::from_bytes([9; 16])),
        ("license", |l| l.license = LicenseId::from_bytes([9; 16])),
        ("tier", |l| l.tier = Tier::Free),
        ("features: one is gone", |l| l.features.truncate(1)),
        ("features: another value", |l| feature(l, "import").value = Some("xml".to_owned())),
        ("features: no value", |l| feature(l, "import").value = None),
        ("features: a value", |l| feature(l, "export").value = Some("all".to_owned())),
        ("not_before", |l| l.not_before = at(901)),
        ("expires_at", |l| l.expires_at = Some(at(4_999))),
        ("max_devices", |l| l.max_devices = MaxDevices::Limited(2)),
        ("max_instances", |l| l.conditions.max_instances = Some(1)),
        ("max_instances: none named", |l| l.conditions.max_instances = None),
        ("limits", |l| projects(l).value = 9),
        ("limits: one is gone", |l| l.limits.truncate(1)),
        ("limits: another one", |l| l.limits.push(limit("teams", 1))),
        ("limits: another name", |l| projects(l).name = "teams".to_owned()),
        ("variables", |l| l.variables[0] = variable("colour", 5)),
        ("variables: one is gone", |l| l.variables.clear()),
        ("variables: another one", |l| l.variables.push(variable("size", 1))),
        ("trial_days", |l| l.trial_days = Some(29)),
        ("policy", |l| l.conditions.policy = Some(policy("soft"))),
        ("policy: none", |l| l.conditions.policy = None),
        ("offline", |l| {
            l.conditions.offline = Some(OfflinePermit { days: 31, pool: None, journal_days: None });
        }),
        ("offline: none", |l| l.conditions.offline = None),
        ("allowances", |l| {
            l.conditions.allowances = Some(Allowances { releases: Some(4), replacements: None });
        }),
        ("allowances: none", |l| l.conditions.allowances = None),
        ("pool_epoch", |l| l.conditions.pool_epoch = Some(3)),
        ("pool_epoch: none", |l| l.conditions.pool_epoch = None),
    ];

    /// Each gives more, or says nothing about what it gives.
    const NOT_LESS: &[Change] = &[
        ("version", |l| l.version = 1),
        ("issued_at", |l| l.issued_at = at(2_000)),
        ("licensee", |l| l.licensee = None),
        ("slot", |l| l.conditions.slot = None),
        ("tier", |l| l.tier = Tier::Enterprise),
        ("features: one more", |l| l.features.push(named("print", None))),
        ("features: in another order", |l| l.features.reverse()),
        ("features: every one", |l| l.features = vec![named("*", None)]),
        ("not_before", |l| l.not_before = at(1)),
        ("expires_at", |l| l.expires_at = Some(at(5_001))),
        ("expires_at: never", |l| l.expires_at = None),
        ("max_devices", |l| l.max_devices = MaxDevices::Limited(4)),
        ("max_devices: not counted", |l| l.max_devices = MaxDevices::Unlimited),
        ("max_instances", |l| l.conditions.max_instances = Some(3)),
        ("limits", |l| projects(l).value = 11),
        ("limits: in another order", |l| l.limits.reverse()),
        ("trial_days", |l| l.trial_days = Some(31)),
        ("trial_days: bought", |l| l.trial_days = None),
    ];

    fn changed(changes: impl IntoIterator<Item = Change>) -> License {
        let mut license = license();
        changes.into_iter().for_each(|(_, change)| change(&mut license));
        license
    }

    #[test]
    fn each_thing_that_is_taken_away_is_less() {
        for change in LESS {
            assert!(gives_less(&license(), &changed([*change])), "{}", change.0);
        }
    }

    #[test]
    fn each_thing_that_is_added_is_not_less() {
        for change in NOT_LESS {
            assert!(!gives_less(&license(), &changed([*change])), "{}", change.0);
        }
    }

    #[test]
    fn what_was_without_a_bound_is_less_with_one() {
        let bought =
            License { trial_days: None, expires_at: None, max_devices: MaxDevices::Unlimited, ..license() };
        assert!(!gives_less(&bought, &bought));
        for less in [
            License { trial_days: Some(3_650), ..bought.clone() },
            License { expires_at: Some(at(253_402_300_799)), ..bought.clone() },
            License { max_devices: MaxDevices::Limited(1_000_000), ..bought.clone() },
        ] {
            assert!(gives_less(&bought, &less));
        }
    }

    proptest! {
        /// However many things are added: alone they make it no less, and with one that is taken away it is less.
        #[test]
        fn one_thing_less_decides(
            added in prop::collection::vec(prop::sample::select(NOT_LESS), 0..4),
            taken in prop::sample::select(LESS),
        ) {
            let better = changed(added.clone());
            prop_assert!(!gives_less(&license(), &better));
            prop_assert!(!gives_less(&better, &better));
            // What is gone is not missed where every feature is given.
            let gives_every = added.iter().any(|(name, _)| *name == "features: every one");
            prop_assume!(!gives_every || !taken.0.starts_with("features"));
            prop_assert!(gives_less(&license(), &changed(added.into_iter().chain([taken]))));
        }
    }
}
