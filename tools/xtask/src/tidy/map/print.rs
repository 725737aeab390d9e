//! The map as tables, for people.

use super::order::{self, Graph};
use super::{CrateMap, Level};
use crate::tidy::members::Member;
use harness::failure::{Failure, Result};
use std::fmt::Write;

const HEAD: [&str; 12] = [
    "crate",
    "rooms",
    "arrows",
    "up",
    "circles",
    "files",
    "arrows",
    "up",
    "circles",
    "functions",
    "methods",
    "holders",
];

/// One row for each crate, the totals, then what goes up or round inside `server/`, and every other circle.
pub(in crate::tidy) fn print(maps: &[CrateMap], members: &[Member]) {
    println!("{:24} | {:39} | {:39} | with the whole world", "", "between rooms", "between files");
    println!("{}", row(&HEAD.map(str::to_owned)));
    for map in maps {
        println!("{}", row(&cells(&map.name, &[map])));
    }
    let server: Vec<&CrateMap> = maps.iter().filter(|map| map.folder.starts_with("server/")).collect();
    println!("{}", row(&cells("server/", &server)));
    println!("{}", row(&cells("all", &maps.iter().collect::<Vec<_>>())));

    let between = between_crates(members);
    let circles = order::circles(members.len(), &between).len();
    println!("\ncrates: {}, arrows between them: {}, circles: {circles}", members.len(), between.len());
    println!("(what only tests need is not counted)");

    println!("\narrows up in server/, between files:");
    for map in &server {
        for ((from, to), place) in map.arrows_up() {
            println!("  {from} → {to}   {}:{}", place.path, place.line);
        }
    }
    println!("\ncircles:");
    for circle in maps.iter().flat_map(CrateMap::circles) {
        println!("  {}: {}", circle.len(), circle.join(", "));
    }
}

fn between_crates(members: &[Member]) -> Graph {
    let number = |name: &String| members.iter().position(|member| member.name == *name);
    let arrows = members.iter().enumerate();
    arrows
        .flat_map(|(from, member)| member.needs.iter().filter_map(number).map(move |to| (from, to)))
        .collect()
}

/// Every arrow between the files of one crate, those that go up marked.
pub(in crate::tidy) fn print_arrows(maps: &[CrateMap], name: &str) -> Result<()> {
    let map = maps.iter().find(|map| map.name == name);
    let map = map.ok_or_else(|| Failure::new(format!("the workspace has no crate {name}")))?;
    for ((from, to), place) in &map.files.arrows {
        let mark = if map.files.up.contains(&(*from, *to)) { "up" } else { "" };
        let (from, to) = (map.full_name(*from), map.full_name(*to));
        println!("{mark:2} {from} → {to}   {}:{}", place.path, place.line);
    }
    Ok(())
}

fn cells(name: &str, maps: &[&CrateMap]) -> [String; 12] {
    let sum =
        |count: &dyn Fn(&CrateMap) -> usize| maps.iter().map(|map| count(map)).sum::<usize>().to_string();
    let level = |of: fn(&CrateMap) -> &Level| {
        [
            sum(&|map| of(map).nodes),
            sum(&|map| of(map).arrows.len()),
            sum(&|map| of(map).up.len()),
            sum(&|map| of(map).circles.len()),
        ]
    };
    let [rooms, room_arrows, rooms_up, room_circles] = level(|map| &map.rooms);
    let [files, file_arrows, files_up, file_circles] = level(|map| &map.files);
    [
        name.to_owned(),
        rooms,
        room_arrows,
        rooms_up,
        room_circles,
        files,
        file_arrows,
        files_up,
        file_circles,
        sum(&|map| map.worlds.functions),
        sum(&|map| map.worlds.methods),
        sum(&|map| map.worlds.holders),
    ]
}

fn row(cells: &[String; 12]) -> String {
    let mut line = format!("{:24}", cells[0]);
    for (column, cell) in cells.iter().enumerate().skip(1) {
        line.push_str(if column % 4 == 1 { " |" } else { "" });
        let _ = write!(line, " {cell:>9}"); // a string takes everything
    }
    line
}
