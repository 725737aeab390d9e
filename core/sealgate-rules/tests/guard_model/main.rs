//! Every order of events in the life of a guarded program within small bounds (`spec/guard.md`), checked by Stateright.
//!
//! Real are `Session`, `Latch`, `TimeFloors` and `Timeline`. The rest mirrors the few lines around them in `sealgate/src/guard`: what is
//! kept when, and one heartbeat before a start where the deadline has passed. Not in the model: signatures, freshness, trials, and that
//! somebody puts an older copy of the state back, which no program notices by itself.
//!
//! Time goes in steps of twelve hours. The heartbeat is due with each step, the grace is two of them, and a clock may be two behind.

mod world;

use stateright::{Checker, DiscoveryClassification, HasDiscoveries, Model};

use world::{Bounds, Break, World};

fn check(bounds: Bounds) {
    let checker = World::new(bounds, None)
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    println!(
        "{} states, {} of them different, {} steps deep",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth()
    );
    for (property, path) in checker.discoveries() {
        if matches!(checker.discovery_classification(property), DiscoveryClassification::Counterexample) {
            panic!("not so: {property}, after {:#?}", path.into_actions());
        }
    }
    checker.assert_properties();
}

/// Breaks one rule, and expects that the model shows it by this property.
fn finds(bounds: Bounds, broken: Break, property: &'static str) {
    let checker = World::new(bounds, Some(broken))
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AllOf([property].into()))
        .spawn_bfs()
        .join();
    let found = checker.discoveries();
    assert!(found.contains_key(property), "{broken:?}: {:?}", found.keys().collect::<Vec<_>>());
}

/// The server cannot be reached, for a while or for good, and the license ends and is renewed.
const SILENT: Bounds = Bounds { steps: 7, starts: 3, cuts: 3, clocks: 0, vendor: 1, findings: 0, lists: 0 };
/// The vendor takes the license back, gives it again, and renews it.
const TAKEN_BACK: Bounds =
    Bounds { steps: 7, starts: 3, cuts: 1, clocks: 0, vendor: 3, findings: 0, lists: 0 };
/// Somebody sets the clock.
const CLOCKS: Bounds = Bounds { steps: 5, starts: 4, cuts: 1, clocks: 2, vendor: 1, findings: 0, lists: 0 };
/// Somebody looks into the program or changes it.
const LOOKED_INTO: Bounds =
    Bounds { steps: 4, starts: 3, cuts: 1, clocks: 1, vendor: 1, findings: 3, lists: 0 };
/// Somebody imports what the vendor took back, and the vendor renews the license.
const LISTED: Bounds = Bounds { steps: 5, starts: 3, cuts: 1, clocks: 0, vendor: 2, findings: 0, lists: 2 };

#[test]
fn silence_ends_the_rights_at_the_deadline_and_no_sooner() {
    check(SILENT);
}

#[test]
fn what_the_vendor_takes_back_ends_and_what_it_gives_again_begins() {
    check(TAKEN_BACK);
}

#[test]
fn what_is_listed_gives_nothing_and_what_is_newer_does() {
    check(LISTED);
}

#[test]
fn no_clock_gives_rights_or_takes_them_for_good() {
    check(CLOCKS);
}

#[test]
fn a_program_that_is_looked_into_has_nothing_until_a_clean_start() {
    check(LOOKED_INTO);
}

#[test]
fn each_broken_rule_is_found() {
    finds(SILENT, Break::FailureMoves, "silence ends the rights");
    finds(SILENT, Break::Rises, "what fell stays down");
    finds(SILENT, Break::NeverAsksAtStart, "an honest customer is served");
    finds(TAKEN_BACK, Break::EndMoves, "an end comes when it was told");
    finds(LISTED, Break::ForgetsLists, "what is listed gives no right");
    finds(CLOCKS, Break::BelievesTheClock, "nobody has rights after the end");
    finds(CLOCKS, Break::KeepsWhatADoubtedClockSaid, "an honest customer is served");
    finds(CLOCKS, Break::ForgetsBoth, "what lasts outlives the program");
}

/// `spec/guard.md` §4.4: the reason that is kept and the time that is kept each suffice.
#[test]
fn a_program_that_forgets_one_of_two_things_gives_no_rights_back() {
    for broken in [Break::ForgetsLatch, Break::ForgetsTime] {
        let checker = World::new(CLOCKS, Some(broken)).checker().threads(2).spawn_bfs().join();
        assert!(!checker.discoveries().contains_key("what lasts outlives the program"), "{broken:?}");
    }
}
