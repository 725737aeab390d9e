//! "Feature matrix by tier", every cell. The table is what a vendor's plans list; what counts is the list in the signed license, whatever
//! the tier is called (`spec/guard.md` §7.1).

use sealgate::{Guard, Tier};
use sealgate_artifact::Feature;

use crate::authority::key;
use crate::guard::{Machine, heard};

/// A feature, and whether it is free, of the plan Licensed, of the plan Enterprise.
pub(crate) const MATRIX: [(&str, [bool; 3]); 16] = [
    ("db.query", [true, true, true]),
    ("db.save", [true, true, true]),
    ("db.add", [true, true, true]),
    ("db.update", [true, true, true]),
    ("db.delete", [true, true, true]),
    ("http.request", [true, true, true]),
    ("api.validate", [true, true, true]),
    ("rule-engine", [false, true, true]),
    ("workflow", [false, true, true]),
    ("multi-tenant", [false, false, true]),
    ("advanced-auth", [false, false, true]),
    ("audit-trail", [false, false, true]),
    ("anti-tampering", [false, false, true]),
    ("grpc", [false, false, true]),
    ("message-bus", [false, false, true]),
    ("distributed-cache", [false, false, true]),
];

/// A program whose license is of this tier and lists these.
fn licensed(tier: Tier, features: &[&str]) -> Guard {
    let machine = Machine::unactivated(Some(heard()));
    {
        let license = &mut machine.site.authority().license;
        license.tier = tier;
        license.features = features.iter().map(|name| Feature::named(*name)).collect();
    }
    machine.client().activate(&key()).expect("admitted");
    machine.start()
}

/// What the plan in this column sells beyond what is free.
fn sold(column: usize) -> Vec<&'static str> {
    let is_sold = |(_, cells): &&(&str, [bool; 3])| cells[column] && !cells[0];
    MATRIX.iter().filter(is_sold).map(|(name, _)| *name).collect()
}

#[track_caller]
fn has_exactly(guard: &Guard, column: usize) {
    for (feature, cells) in MATRIX {
        let has = cells[column];
        assert_eq!(guard.has_feature(feature), has, "{feature} in column {column}");
        assert_eq!(guard.ensure_valid(feature).is_ok(), has, "{feature} in column {column}");
    }
    assert!(!guard.has_feature("no-such-feature") && !guard.has_feature("api.list"));
}

#[test]
fn free_has_its_column() {
    let guard = Machine::unactivated(Some(heard())).start();
    assert_eq!(guard.tier(), Tier::Free);
    has_exactly(&guard, 0);
}

#[test]
fn licensed_has_its_column() {
    let guard = licensed(Tier::Licensed, &sold(1));
    assert_eq!(guard.tier(), Tier::Licensed);
    has_exactly(&guard, 1);
}

#[test]
fn enterprise_has_its_column() {
    let guard = licensed(Tier::Enterprise, &sold(2));
    assert_eq!(guard.tier(), Tier::Enterprise);
    has_exactly(&guard, 2);
}

/// The tier's name gives nothing: the list that was signed does.
#[test]
fn the_signed_list_decides_and_not_the_tier() {
    has_exactly(&licensed(Tier::Enterprise, &[]), 0);
    has_exactly(&licensed(Tier::Enterprise, &sold(1)), 1);
    has_exactly(&licensed(Tier::Licensed, &sold(2)), 2);
    let all = licensed(Tier::Licensed, &["*"]);
    assert!(MATRIX.iter().all(|(feature, _)| all.has_feature(feature)) && all.has_feature("no-such-feature"));
}
