//! What of the map is a finding.

use super::super::Finding;
use super::CrateMap;
use super::arrows::Place;

/// Arrows up inside `server/` that have a reason: from, to, why.
const UP: &[(&str, &str, &str)] = &[];

/// How many arrows up may have a reason: more are a way of building.
const ROWS: usize = 10;

const TABLE: &str = "tools/xtask/src/tidy/map/rules.rs";

/// Circles, functions that are handed a world, arrows up inside `server/` without a reason, reasons that nobody needs.
pub(in crate::tidy) fn check(maps: &[CrateMap]) -> Vec<Finding> {
    Rules { up: UP }.check(maps)
}

pub(super) struct Rules {
    pub(super) up: &'static [(&'static str, &'static str, &'static str)],
}

impl Rules {
    pub(super) fn check(&self, maps: &[CrateMap]) -> Vec<Finding> {
        let mut findings: Vec<Finding> = maps.iter().flat_map(|map| self.check_crate(map)).collect();
        findings.extend(self.check_tables(maps));
        findings
    }

    fn check_crate(&self, map: &CrateMap) -> Vec<Finding> {
        let root = |message| Finding::new(&map.modules.files[0].path, 1, message);
        let circles = map.circles();
        let circles =
            circles.iter().map(|circle| root(format!("a circle of modules: {}", circle.join(", "))));
        let up = map.arrows_up();
        let up = up.iter().filter(|((from, to), _)| map.is_of_the_server() && !self.has_reason(from, to));
        let up = up.map(|((from, to), Place { path, line })| {
            Finding::new(path, *line, format!("an arrow up without a reason in the table: {from} → {to}"))
        });
        let worlds = map.worlds.functions;
        let worlds = (worlds > 0)
            .then(|| root(format!("{worlds} functions take a whole world: hand them what they use")));
        circles.chain(up).chain(worlds).collect()
    }

    fn has_reason(&self, from: &str, to: &str) -> bool {
        self.up.iter().any(|row| (row.0, row.1) == (from, to))
    }

    fn check_tables(&self, maps: &[CrateMap]) -> Vec<Finding> {
        let in_table = |message| Finding::new(TABLE, 1, message);
        let is_used = |from: &str, to: &str| {
            let mut server = maps.iter().filter(|map| map.is_of_the_server());
            server.any(|map| map.arrows_up().contains_key(&(from.to_owned(), to.to_owned())))
        };
        let unused = self.up.iter().filter(|(from, to, _)| !is_used(from, to));
        let unused = unused
            .map(|(from, to, _)| in_table(format!("stale: UP has {from} → {to}, which is no arrow up")));
        let many = (self.up.len() > ROWS)
            .then(|| in_table(format!("UP has {} rows; {ROWS} are allowed", self.up.len())));
        unused.chain(many).collect()
    }
}

impl CrateMap {
    fn is_of_the_server(&self) -> bool {
        self.folder.starts_with("server/")
    }
}
