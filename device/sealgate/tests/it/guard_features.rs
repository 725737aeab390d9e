//! Which features a guarded program has: lines F of `docs/assurance.md`, "The catalogue of the guard".

use sealgate::Tier;
use sealgate::guard::Lack;
use sealgate_artifact::Feature;

use crate::authority::{DAY, NOW, at};
use crate::guard::{Machine, heard, lack};
use crate::promised::features::MATRIX;

const TIERS: [Tier; 3] = [Tier::Free, Tier::Licensed, Tier::Enterprise];

/// A machine with a license of this tier, which lists these.
fn sold<'a>(tier: Tier, features: impl IntoIterator<Item = &'a str>) -> Machine {
    let machine = Machine::unactivated(Some(heard()));
    {
        let mut authority = machine.site.authority();
        authority.license.tier = tier;
        authority.license.features = features.into_iter().map(Feature::named).collect();
    }
    machine.client().activate(&crate::authority::key()).expect("admitted");
    machine
}

/// What the column of this tier lists beyond what is free.
fn column(place: usize) -> Vec<&'static str> {
    MATRIX.iter().filter(|(_, cells)| cells[place] && !cells[0]).map(|(name, _)| *name).collect()
}

/// F1 to F3. All cells, by a license of each tier.
#[test]
fn the_matrix_holds_cell_by_cell() {
    for (place, tier) in TIERS.into_iter().enumerate() {
        let guard = match tier {
            Tier::Free => Machine::unactivated(Some(heard())).start(),
            _ => sold(tier, column(place)).start(),
        };
        assert_eq!(guard.tier(), tier);
        for (feature, cells) in MATRIX {
            assert_eq!(guard.has_feature(feature), cells[place], "{feature} in {}", tier.as_str());
            assert_eq!(guard.ensure_valid(feature).is_ok(), cells[place], "{feature} in {}", tier.as_str());
        }
    }
}

/// F4, F5. A license in either vocabulary answers to both.
#[test]
fn a_license_in_either_vocabulary_answers_to_both() {
    for (listed, other) in [("advanced-auth", "auth.rbac_plus"), ("rules.runtime", "rule-engine")] {
        let guard = sold(Tier::Licensed, [listed]).start();
        assert!(guard.has_feature(listed) && guard.has_feature(other), "{listed}");
        assert!(!guard.has_feature("grpc") && !guard.has_feature("transport.grpc"));
    }
}

/// F6. A license that was paid for and gives no rights leaves what is free, also where it lists everything.
#[test]
fn a_license_that_is_over_leaves_what_is_free() {
    let machine = sold(Tier::Enterprise, ["*"]);
    let guard = machine.start();
    assert!(guard.has_feature("anything"));
    machine.cut();
    machine.pass(DAY);
    assert_eq!((guard.tier(), lack(&guard)), (Tier::Free, Some(Lack::Unheard)));
    for (feature, cells) in MATRIX {
        assert_eq!(guard.has_feature(feature), cells[0], "{feature}");
    }
    assert!(!guard.has_feature("anything"));
}

/// F7. What the license does not list is denied in every tier.
#[test]
fn what_nobody_heard_of_is_denied_in_every_tier() {
    for (place, tier) in TIERS.into_iter().enumerate().skip(1) {
        let guard = sold(tier, column(place)).start();
        for unknown in ["no-such-feature", "db.savechanges", "api.list", "core.runtime", "*", ""] {
            assert!(!guard.has_feature(unknown), "{unknown:?} in {}", tier.as_str());
        }
        assert_eq!(
            guard.ensure_valid("no-such-feature").expect_err("not sold").code().as_str(),
            "feature_not_licensed"
        );
    }
}

/// F8. What one customer bought beside the plan is that license's alone, and comes with its next version.
#[test]
fn what_was_bought_beside_the_plan_is_of_that_license_alone() {
    let (plain, machine) = (sold(Tier::Licensed, column(1)), sold(Tier::Licensed, column(1)));
    let guard = machine.start();
    assert!(!guard.has_feature("pdf.designer"));
    machine.site.authority().next_license().features.push(Feature::named("pdf.designer"));
    guard.heartbeat().expect("answered");
    assert!(
        guard.has_feature("pdf.designer"),
        "in the same run: rights that a server widens while they are held"
    );
    assert_eq!(guard.tier(), Tier::Licensed);
    assert!(!plain.start().has_feature("pdf.designer"));
    machine.site.authority().next_license().features.retain(|feature| feature.name != "pdf.designer");
    guard.heartbeat().expect("answered");
    assert!(!guard.has_feature("pdf.designer"), "and is taken back likewise");
}

/// F9. Space around a name and the case of its letters do not count, and nothing else is overlooked.
#[test]
fn names_are_compared_without_space_around_and_case() {
    let guard = sold(Tier::Licensed, ["Rule-Engine"]).start();
    for same in ["rule-engine", " RULE-ENGINE ", "\trules.Runtime\n", "DB.Query"] {
        assert!(guard.ensure_valid(same).is_ok(), "{same:?}");
    }
    for other in ["rule engine", "rule_engine", "rule-engine.", "rüle-engine", "rule-engine\0"] {
        assert!(guard.ensure_valid(other).is_err(), "{other:?}");
    }
}

/// What is free is the build's to name, and no license takes it away.
#[test]
fn a_build_names_what_is_free() {
    let machine = sold(Tier::Licensed, ["rule-engine"]);
    machine.site.authority().license.not_before = at(NOW);
    let guard = machine.client().guard().without_threads().free(["open", "save"]).start().expect("it starts");
    assert!(guard.has_feature("open") && guard.has_feature("rule-engine") && !guard.has_feature("db.query"));
}
