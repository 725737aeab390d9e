//! Every dependency between crates is an arrow of the architecture.

use super::Finding;
use super::members::Member;
use crate::architecture::{ARROWS, TESTKIT, Table};

/// Where the table is.
const FILE: &str = "tools/xtask/src/architecture.rs";

/// Every dependency between workspace crates that has no arrow, and every arrow that no dependency uses.
pub(super) fn check(members: &[Member]) -> Vec<Finding> {
    let breaches = members.iter().flat_map(|member| check_member(member, members));
    breaches.chain(stale(ARROWS, members)).collect()
}

/// Rows for crates that are not there, and arrows that no manifest uses, not even for tests.
fn stale(table: Table, members: &[Member]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, targets) in table {
        let mut found = |message| findings.push(Finding::new(FILE, 1, message));
        let Some(member) = members.iter().find(|member| member.name == *name) else {
            found(format!("stale: {name} is no crate of the workspace"));
            continue;
        };
        let needs = || member.needs.iter().chain(&member.tests_need);
        for target in targets.iter().filter(|target| !needs().any(|need| covers(target, need, members))) {
            found(format!("stale: {name} → {target} is used by no manifest"));
        }
    }
    findings
}

fn check_member(member: &Member, members: &[Member]) -> Vec<Finding> {
    let finding =
        |needle: &str, message| Finding::at(member.manifest_path(), &member.manifest, needle, message);
    let Some((_, targets)) = ARROWS.iter().find(|(name, _)| *name == member.name) else {
        return vec![finding("name", format!("{} is not in the table of arrows", member.name))];
    };
    let allowed = |name: &String| targets.iter().any(|target| covers(target, name, members));
    // Tests may start a server, except those of the core, which has nothing outside it.
    let allowed_in_tests = |name: &String| allowed(name) || (name == TESTKIT && member.room() != "core");

    let needs = member.needs.iter().filter(|name| !allowed(name));
    let tests_need = member.tests_need.iter().filter(|name| !allowed_in_tests(name));
    needs
        .chain(tests_need)
        .map(|name| finding(name, format!("{} may not depend on {name}: no such arrow", member.name)))
        .collect()
}

fn covers(target: &str, name: &str, members: &[Member]) -> bool {
    match target.strip_suffix('*') {
        None => target == name,
        Some("") => true,
        Some(room) => members.iter().any(|member| member.name == name && member.folder.starts_with(room)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(folder: &str, needs: &[&str], tests_need: &[&str]) -> Member {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Member {
            name: folder.rsplit('/').next().unwrap().to_owned(),
            folder: folder.to_owned(),
            needs: own(needs),
            tests_need: own(tests_need),
            ..Member::default()
        }
    }

    fn count(member: Member) -> usize {
        let others = [
            "core/sealgate-artifact",
            "core/sealgate-trust",
            "server/sealgate-store",
            "device/sealgate",
            "tools/sealgate-testkit",
        ];
        let mut members = vec![member];
        members.extend(others.map(|folder| Member {
            name: folder.rsplit('/').next().unwrap().into(),
            folder: folder.into(),
            ..Member::default()
        }));
        check_member(&members[0], &members).len()
    }

    #[test]
    fn stale_rows_and_arrows_are_found() {
        let members =
            [member("core/a", &[], &[]), member("core/b", &["a"], &[]), member("tools/c", &[], &["b"])];
        let count = |table| stale(table, &members).len();
        assert_eq!(count(&[("a", &[]), ("b", &["a"]), ("c", &["core/*"])]), 0);
        assert_eq!(count(&[("c", &["b"]), ("b", &["*"])]), 0, "what only tests use is used");
        assert_eq!(count(&[("d", &[])]), 1, "no such crate");
        assert_eq!(count(&[("b", &["a", "c"])]), 1);
        assert_eq!(count(&[("b", &["tools/*"])]), 1);
        assert_eq!(count(&[("a", &["*"])]), 1);
    }

    #[test]
    fn listed_arrows_pass() {
        assert_eq!(count(member("server/sealgate-authority", &["sealgate-trust", "sealgate-store"], &[])), 0);
        assert_eq!(count(member("server/sealgate-http", &["sealgate-control"], &["sealgate-testkit"])), 0);
        assert_eq!(count(member("tools/sealgate-testkit", &["sealgate-store"], &[])), 0);
    }

    #[test]
    fn a_missing_arrow_is_found() {
        assert_eq!(count(member("server/sealgate-http", &["sealgate-trust"], &[])), 1);
        assert_eq!(count(member("server/sealgate-control", &["sealgate-runtime"], &[])), 1);
        assert_eq!(count(member("server/sealgate-runtime", &["sealgate-control"], &[])), 1);
        assert_eq!(count(member("core/sealgate-artifact", &["sealgate-trust"], &[])), 1);
        assert_eq!(count(member("server/sealgate-store", &[], &["sealgate-trust"])), 1);
    }

    #[test]
    fn nothing_that_ships_depends_on_the_testkit() {
        assert_eq!(count(member("tools/sealgate-cli", &["sealgate-testkit"], &[])), 1);
        assert_eq!(count(member("server/sealgate-authority", &["sealgate-testkit"], &[])), 1);
    }

    #[test]
    fn the_sdk_stands_on_the_core_alone_and_no_server_names_it() {
        assert_eq!(count(member("device/sealgate", &["sealgate-trust"], &[])), 0);
        assert_eq!(count(member("device/sealgate", &["sealgate-store"], &[])), 1);
        assert_eq!(count(member("server/sealgate-authority", &["sealgate"], &["sealgate"])), 2);
        assert_eq!(count(member("tools/sealgate-cli", &["sealgate"], &[])), 0);
    }

    #[test]
    fn the_core_names_nothing_outside_it_even_in_tests() {
        assert_eq!(count(member("core/sealgate-trust", &["sealgate-store"], &[])), 1);
        assert_eq!(count(member("core/sealgate-trust", &[], &["sealgate-testkit"])), 1);
    }

    #[test]
    fn a_crate_outside_the_table_is_found() {
        assert_eq!(count(member("tools/surprise", &[], &[])), 1);
    }
}
