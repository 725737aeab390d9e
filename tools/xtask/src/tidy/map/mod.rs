//! `cargo xtask tidy --map`: which modules there are, which names which, and where that goes round in circles.
//!
//! What is measured: the Rust source below `src/` of every crate of the workspace, without what `#[cfg(test)]` stands
//! on. A *file* is a module with a file of its own; a *room* is a child of the crate's root with everything below it, or
//! the root's own file. Both are nodes, and the words mean the same for both:
//!
//! - An *arrow* A → B: A names something that B defines. [`arrows::arrows`] says what counts as naming.
//! - An *arrow up* goes from a module to what an ancestor's own file defines, or against the best order that the other
//!   arrows of the crate allow: without circles there is an order, and the second sort does not exist.
//! - A *circle* is a set of two or more modules each of which leads to each.
//! - A *world* is a struct through which everything can be reached; see [`worlds`].
//!
//! Not seen: what a value's method leads to, trait implementations, names that macros put together, and imports within
//! a function's body beyond the import itself.

mod arrows;
mod modules;
mod names;
mod order;
mod print;
mod rules;
#[cfg(test)]
mod tests;
mod worlds;

use super::members::Member;
use super::tree::Tree;
use arrows::{Arrows, Place};
use harness::failure::Result;
use modules::Modules;
use order::Graph;
use std::collections::BTreeMap;
use worlds::Worlds;

pub(super) use print::{print, print_arrows};
pub(super) use rules::check;

/// One crate's modules and what is between them.
pub(super) struct CrateMap {
    name: String,
    folder: String,
    modules: Modules,
    files: Level,
    rooms: Level,
    worlds: Worlds,
}

/// The arrows between files, or between rooms.
struct Level {
    nodes: usize,
    arrows: Arrows,
    up: Graph,
    circles: Vec<Vec<usize>>,
}

/// Maps every crate of the workspace.
pub(super) fn read(tree: &Tree, members: &[Member]) -> Result<Vec<CrateMap>> {
    members.iter().map(|member| CrateMap::read(tree, member)).collect()
}

impl CrateMap {
    fn read(tree: &Tree, member: &Member) -> Result<Self> {
        let modules = Modules::read(tree, &member.roots)?;
        let arrows = arrows::arrows(&modules);
        let mut between_rooms = Arrows::new();
        for ((from, to), place) in &arrows {
            let (from, to) = (modules.room(*from), modules.room(*to));
            if from != to {
                between_rooms.entry((from, to)).or_insert_with(|| place.clone());
            }
        }
        let rooms = (0..modules.files.len()).filter(|file| modules.room(*file) == *file).count();
        Ok(Self {
            name: member.name.clone(),
            folder: member.folder.clone(),
            files: Level::of(&modules, modules.files.len(), arrows),
            rooms: Level::of(&modules, rooms, between_rooms),
            worlds: worlds::worlds(&member.name, &modules),
            modules,
        })
    }

    /// Such as `sealgate-authority::keys::ring`; the crate's name alone is its root.
    fn full_name(&self, file: usize) -> String {
        match self.modules.files[file].name.as_str() {
            "" => self.name.clone(),
            name => format!("{}::{name}", self.name),
        }
    }

    /// Arrows up by their names, each with a place where it can be seen.
    fn arrows_up(&self) -> BTreeMap<(String, String), &Place> {
        let named = |(from, to): &(usize, usize)| {
            ((self.full_name(*from), self.full_name(*to)), &self.files.arrows[&(*from, *to)])
        };
        self.files.up.iter().map(named).collect()
    }

    /// Circles of files, and those of rooms that are more than a circle of files, by their names.
    fn circles(&self) -> Vec<Vec<String>> {
        let of_files = self.files.circles.iter();
        // Rooms can go round in a circle where no file does: a::x → b::y, b::z → a::w.
        let is_new = |circle: &&Vec<usize>| {
            !self.files.circles.iter().any(|files| {
                let rooms: Vec<usize> = files.iter().map(|file| self.modules.room(*file)).collect();
                circle.iter().all(|room| rooms.contains(room))
            })
        };
        let of_rooms = self.rooms.circles.iter().filter(is_new);
        let named = |circle: &Vec<usize>| circle.iter().map(|file| self.full_name(*file)).collect();
        of_files.chain(of_rooms).map(named).collect()
    }
}

impl Level {
    /// `nodes` counts them; their numbers are those of files, also where they stand for rooms.
    fn of(modules: &Modules, nodes: usize, arrows: Arrows) -> Self {
        let files = modules.files.len();
        let all: Graph = arrows.keys().copied().collect();
        let (to_ancestors, others): (Graph, Graph) =
            all.iter().copied().partition(|(from, to)| modules.is_within(*from, *to));
        let mut up = order::against_order(files, &others);
        up.extend(to_ancestors);
        Self { nodes, up, circles: order::circles(files, &all), arrows }
    }
}
