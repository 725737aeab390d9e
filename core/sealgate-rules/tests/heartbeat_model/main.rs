//! Every order of events of the heartbeat protocol within small bounds (`spec/activation.md` §7), checked by Stateright.
//!
//! Real are `hear`, `Shown`, `End` and `Ending`. The rest mirrors the few lines around them: the server's in
//! `sealgate-runtime/src/online/{heartbeat,count,adopt}.rs`, the device's in `sealgate/src/heartbeat.rs`. Not in the model:
//! signatures (what is shown was signed), fingerprints, the chain of actions, leaving, and that a copy of a program is gone after
//! a time.
//!
//! What was sent may come at any time, any number of times, or never. Two replicas judge what they read, and write later; a crash
//! forgets what was not written. An answer that is lost after the write never comes.
//! It is assumed that nothing that was sent before the database came back older arrives after it, but for what the device repeats:
//! the last test shows what happens else.

mod server;
mod world;

use stateright::{Checker, DiscoveryClassification, HasDiscoveries, Model};

use server::Break;
use world::{Bounds, World};

/// Checks every state, and says how many there are.
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

/// One device, two generations, and an end of each kind, at any moment.
const ENDS: Bounds = Bounds {
    beats: 2,
    generations: 2,
    ends: true,
    copies: false,
    restores: false,
    is_late: false,
    instances: 1,
};
/// Two programs on one device.
const TWO: Bounds = Bounds {
    beats: 1,
    generations: 1,
    ends: true,
    copies: true,
    restores: false,
    is_late: false,
    instances: 2,
};
/// A copy of the state, made at any moment.
const COPIED: Bounds = Bounds {
    beats: 3,
    generations: 2,
    ends: false,
    copies: true,
    restores: false,
    is_late: false,
    instances: 1,
};
/// A database that comes back older at any moment.
const RESTORED: Bounds = Bounds {
    beats: 3,
    generations: 2,
    ends: false,
    copies: false,
    restores: true,
    is_late: false,
    instances: 1,
};
/// The same, with an end.
const RESTORED_AND_ENDED: Bounds = Bounds {
    beats: 2,
    generations: 1,
    ends: true,
    copies: false,
    restores: true,
    is_late: false,
    instances: 1,
};
/// The same, with a copy that shows what it likes.
const RESTORED_AND_COPIED: Bounds = Bounds {
    beats: 2,
    generations: 1,
    ends: false,
    copies: true,
    restores: true,
    is_late: false,
    instances: 1,
};

#[test]
fn an_honest_device_goes_on_until_its_end() {
    check(ENDS);
}

#[test]
fn two_programs_are_told_the_same_end() {
    check(TWO);
}

#[test]
fn a_copy_is_noticed() {
    check(COPIED);
}

#[test]
fn an_older_database_takes_over_what_is_newer() {
    check(RESTORED);
}

#[test]
fn an_older_database_forgets_no_end_that_it_knows() {
    check(RESTORED_AND_ENDED);
}

#[test]
fn an_older_database_believes_no_copy() {
    check(RESTORED_AND_COPIED);
}

#[test]
fn each_broken_rule_is_found() {
    finds(ENDS, Break::Overwrites, "an effect happens once");
    finds(TWO, Break::BeginsTwice, "an effect happens once");
    finds(ENDS, Break::AnswersFirst, "an honest device goes on");
    finds(ENDS, Break::LaterEnd, "an end never moves");
    finds(TWO, Break::OverwritesEnd, "an end never moves");
    finds(COPIED, Break::Overwrites, "two requests never count for one number");
    finds(RESTORED, Break::AdoptsOverNewer, "an effect happens once");
    finds(RESTORED, Break::AdoptsBesideOlder, "an honest device goes on");
    finds(RESTORED_AND_ENDED, Break::AdoptsWithoutEnd, "a known end is never forgotten");
    finds(RESTORED_AND_COPIED, Break::AdoptsAnother, "nothing older is taken over");
}

/// A request from before the database came back older counts again, and gives another nonce than the one that its device holds.
/// Then the device is refused, and has to be activated again.
#[test]
fn what_arrives_after_a_restore_may_shut_its_device_out() {
    let late = Bounds { beats: 2, is_late: true, ..RESTORED };
    let checker = World::new(late, None)
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    assert_eq!(
        checker.discoveries().into_keys().filter(|name| *name == "an honest device goes on").count(),
        1
    );
}
