//! Which features a guarded program has, and how often its tenants may act (`spec/guard.md` §7 and §8). What each vector expects was worked out
//! from that text.

use super::case::{Case, Shelf};
use crate::{Artifact, FeaturesAsked, Question, TenantsAsked};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Guard);
    features(&mut shelf);
    aliases(&mut shelf);
    tenants(&mut shelf);
    shelf.cases
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn put(shelf: &mut Shelf, name: &str, shows: &str, licensed: &[&str], answers: &[(&str, bool)]) {
    let asked = FeaturesAsked {
        free: None,
        licensed: texts(licensed),
        ask: answers.iter().map(|(name, _)| (*name).to_owned()).collect(),
    };
    accept(shelf, name, shows, asked, answers);
}

fn accept(shelf: &mut Shelf, name: &str, shows: &str, asked: FeaturesAsked, answers: &[(&str, bool)]) {
    let words: Vec<&str> = answers.iter().map(|(_, has)| if *has { "yes" } else { "no" }).collect();
    shelf.accepted(&format!("features_{name}"), shows, Question::GuardFeatures(asked), &words.join(" "));
}

fn features(shelf: &mut Shelf) {
    let free = ["db.query", "db.save", "db.add", "db.update", "db.delete", "http.request", "api.validate"];
    let free = free.map(|name| (name, true));
    let denied = ["rule-engine", "workflow", "db.savechanges", "api.list", "core.runtime", "*", ""];
    let none: Vec<(&str, bool)> = free.into_iter().chain(denied.map(|name| (name, false))).collect();
    put(shelf, "free", "What works without a license where a build names nothing else.", &[], &none);
    let answers = [
        ("rule-engine", true),
        ("workflow", true),
        ("db.query", true),
        ("audit-trail", false),
        ("no-such", false),
    ];
    put(shelf, "listed", "What the license lists, and what is free.", &["rule-engine", "workflow"], &answers);
    let answers = [("no-such", true), ("*", true), ("", true), ("grpc", true)];
    put(shelf, "everything", "A license that lists everything.", &["*"], &answers);
    let answers = [("db.anything", false), ("*", false), ("db.*", true)];
    put(shelf, "no_pattern", "A star in a name is a part of the name.", &["db.*"], &answers);
    let answers = [
        ("rule-engine", true),
        (" rule-engine\t", true),
        ("RULE-ENGINE", true),
        ("rule engine", false),
        ("rule_engine", false),
    ];
    put(
        shelf,
        "spelled",
        "White space around a name and the case of its letters do not count.",
        &[" Rule-Engine "],
        &answers,
    );
    let answers = [("é", true), ("É", false), ("\u{a0}é", true)];
    put(shelf, "not_ascii", "The case of other letters counts; white space is Unicode's.", &["é"], &answers);
    let own = |free: &[&str]| FeaturesAsked { free: Some(texts(free)), licensed: vec![], ask: vec![] };
    let answers = [("open", true), ("OPEN", true), ("db.query", false)];
    let asked = FeaturesAsked { ask: texts(&["open", "OPEN", "db.query"]), ..own(&["Open"]) };
    accept(shelf, "build_names_free", "What is free is the build's to name.", asked, &answers);
    let asked = FeaturesAsked { ask: texts(&["grpc", "transport.grpc"]), ..own(&["grpc"]) };
    let answers = [("grpc", true), ("transport.grpc", true)];
    accept(shelf, "free_alias", "A feature that is free has both names, too.", asked, &answers);
    let asked = FeaturesAsked { licensed: texts(&["a"]), ask: texts(&["a", "b"]), ..own(&[]) };
    accept(shelf, "nothing_free", "A build with nothing free.", asked, &[("a", true), ("b", false)]);
}

/// The ten pairs, each asked both ways.
fn aliases(shelf: &mut Shelf) {
    for (one, other) in [
        ("advanced-auth", "auth.rbac_plus"),
        ("multi-tenant", "tenancy.strict"),
        ("rule-engine", "rules.runtime"),
        ("grpc", "transport.grpc"),
        ("message-bus", "transport.message_bus"),
        ("distributed-cache", "cache.distributed"),
        ("audit-trail", "audit.trail"),
        ("anti-tampering", "runtime.anti_tampering"),
        ("server-validation", "audit.remote"),
        ("js-expressions", "js_expressions"),
    ] {
        for (listed, asked, way) in [(one, other, "there"), (other, one, "back")] {
            let name = format!("alias_{}_{way}", one.replace('-', "_"));
            let answers = [(listed, true), (asked, true), ("no-such", false)];
            put(shelf, &name, "Either of two names counts.", &[listed], &answers);
        }
    }
    let answers = [("transport.grpc", true), ("transport.message_bus", false), ("transport", false)];
    put(shelf, "alias_alone", "An alias brings no neighbour.", &["grpc"], &answers);
}

/// Tenant, action and second.
type Action<'a> = (&'a str, &'a str, u64);

fn count(
    shelf: &mut Shelf,
    name: &str,
    (shows, expected): (&str, &str),
    limits: &[(&str, u64)],
    actions: &[Action<'_>],
) {
    let asked = TenantsAsked {
        limits: limits.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        actions: actions.iter().map(|(who, what, at)| ((*who).to_owned(), (*what).to_owned(), *at)).collect(),
    };
    shelf.accepted(&format!("tenants_{name}"), shows, Question::GuardTenants(asked), expected);
}

fn tenants(shelf: &mut Shelf) {
    let mut put =
        |name: &str, shows: &str, limits: &[(&str, u64)], actions: &[Action<'_>], expected: &str| {
            count(shelf, name, (shows, expected), limits, actions);
        };
    let two = [("api", 2)];
    let at = |second| ("t", "api.list", second);
    put("below", "As many as may be.", &two, &[at(0), at(0)], "yes yes");
    put("above", "One more waits a minute.", &two, &[at(0), at(0), at(0)], "yes yes 60");
    put(
        "slides",
        "The window slides by seconds.",
        &two,
        &[at(0), at(30), at(59), at(60), at(61)],
        "yes yes 1 yes 29",
    );
    put(
        "refused_not_counted",
        "What is refused is not counted.",
        &two,
        &[at(0), at(1), at(2), at(3), at(60), at(61)],
        "yes yes 58 57 yes yes",
    );
    put(
        "each_alone",
        "Each tenant is counted alone.",
        &[("api", 1)],
        &[("a", "api.x", 0), ("b", "api.x", 0), ("a", "api.x", 1)],
        "yes yes 59",
    );
    put(
        "other_action",
        "What no limit names is not counted.",
        &[("api", 1)],
        &[("t", "api.x", 0), ("t", "db.x", 0), ("t", "db.x", 0)],
        "yes yes yes",
    );
    put(
        "actions_together",
        "All actions below a name are counted together.",
        &[("api", 2)],
        &[("t", "api.a", 0), ("t", "api.b", 0), ("t", "api.c", 0)],
        "yes yes 60",
    );
    put(
        "name_and_full_stop",
        "A name is followed by a full stop: it is about neither of these.",
        &[("api", 1)],
        &[("t", "apiary.x", 0), ("t", "apiary.x", 0), ("t", "api", 0), ("t", "api", 0)],
        "yes yes yes yes",
    );
    put(
        "two_limits",
        "Two limits are counted apart.",
        &[("api", 1), ("db", 1)],
        &[("t", "api.x", 0), ("t", "db.x", 0), ("t", "api.x", 0), ("t", "db.x", 5)],
        "yes yes 60 55",
    );
    put(
        "nested_names",
        "The first limit that names an action counts it.",
        &[("db", 1), ("db.query", 1)],
        &[("t", "db.query.x", 0), ("t", "db.query.x", 0)],
        "yes 60",
    );
    put("none", "Without a limit nothing is refused.", &[], &[at(0), at(0), at(0)], "yes yes yes");
    put(
        "late",
        "After long, all may be done again.",
        &two,
        &[at(0), at(0), at(100_000), at(100_000), at(100_000)],
        "yes yes yes yes 60",
    );
}
