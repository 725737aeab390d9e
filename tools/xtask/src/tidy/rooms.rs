//! What a room's source may not name, beyond what the manifests already rule out.

use super::Finding;
use super::paths::named_paths;
use super::tree::{Source, Tree};

struct Room {
    /// Folders whose source this is about: a path starts with the first and goes on with the second.
    within: (&'static str, &'static str),
    forbidden: &'static [&'static str],
    why: &'static str,
}

/// What only faces name.
const FACE: &[&str] = &["axum", "askama", "tower"];

/// What any room may name though a part of it is forbidden: constants of the build.
const FREE: &[&str] = &["std::env::consts"];

/// The files that may name what their room may not, because it is what they are for.
const EXCEPT: &[(&str, &str)] = &[
    // A thread that the program starts itself, and ends.
    ("device/sealgate/src/heartbeats.rs", "std::thread"),
    ("device/sealgate/src/guard/threads.rs", "std::thread"),
    // It starts none, and waits.
    ("device/sealgate/src/wait.rs", "std::thread"),
];

const ROOMS: &[Room] = &[
    Room {
        within: ("core/", "/src/"),
        forbidden: &[
            "std::fs",
            "std::env",
            "std::net",
            "std::process",
            "std::thread",
            "std::as",
            "std::*",
            "SystemTime",
            "Instant",
            "getrandom",
            "tokio",
        ],
        why: "the core has no I/O, clock, randomness or async",
    },
    Room {
        within: ("device/sealgate/", "src/"),
        forbidden: &["std::env", "std::process", "std::thread", "std::as", "std::*", "tokio", "aws_lc_rs"],
        why: "the SDK lives in a customer's program, and neither ends it, nor runs beside it, nor reads its environment",
    },
    Room {
        within: ("server/sealgate-authority", "/src/"),
        forbidden: FACE,
        why: "the ground of both sides knows nothing of their face",
    },
    Room {
        within: ("server/sealgate-control", "/src/"),
        forbidden: FACE,
        why: "the vendor's use cases know nothing of their face",
    },
    Room {
        within: ("server/sealgate-runtime", "/src/"),
        forbidden: FACE,
        why: "what answers running software knows nothing of its face",
    },
];

/// Every forbidden name, and every room without a file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = breaches(tree);
    findings.extend(stale(tree));
    findings
}

fn breaches(tree: &Tree) -> Vec<Finding> {
    tree.sources
        .iter()
        .flat_map(|source| rooms_of(source).flat_map(|room| check_source(source, room)))
        .collect()
}

fn stale(tree: &Tree) -> Vec<Finding> {
    let is_there = |room: &&Room| tree.sources.iter().any(|source| room.holds(source));
    let gone = ROOMS.iter().filter(|room| !is_there(room));
    let message =
        |room: &Room| format!("stale: no file lies in the room {}*{}", room.within.0, room.within.1);
    gone.map(|room| Finding::new("tools/xtask/src/tidy/rooms.rs", 1, message(room))).collect()
}

impl Room {
    fn holds(&self, source: &Source) -> bool {
        source.path.starts_with(self.within.0) && source.path.contains(self.within.1)
    }
}

fn rooms_of(source: &Source) -> impl Iterator<Item = &'static Room> {
    ROOMS.iter().filter(|room| room.holds(source))
}

fn check_source(source: &Source, room: &Room) -> Vec<Finding> {
    let paths = match named_paths(&source.text) {
        Ok(paths) => paths,
        Err(failure) => return vec![Finding::new(&source.path, 1, failure.to_string())],
    };
    let breach =
        |pattern: &str, line| Finding::new(&source.path, line, format!("names {pattern}: {}", room.why));
    paths
        .iter()
        .filter_map(|path| {
            let is_free = FREE.iter().any(|free| path.holds(free));
            let is_forbidden = |pattern: &&&str| {
                !is_free && path.holds(pattern) && !EXCEPT.contains(&(source.path.as_str(), **pattern))
            };
            let pattern = room.forbidden.iter().find(is_forbidden)?;
            Some(breach(pattern, path.line))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        breaches(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn a_room_without_files_is_found() {
        let all = [
            "core/sealgate-trust/src/lib.rs",
            "device/sealgate/src/lib.rs",
            "server/sealgate-authority/src/lib.rs",
            "server/sealgate-control/src/lib.rs",
            "server/sealgate-runtime/src/lib.rs",
        ];
        let count = |paths: &[&str]| {
            let files: Vec<_> = paths.iter().map(|path| (*path, "")).collect();
            check(&Tree::of(&files)).len()
        };
        assert_eq!(count(&all), 0);
        assert_eq!(count(&all[1..]), 1);
        assert_eq!(count(&["core/sealgate-trust/tests/it/main.rs", all[1], all[2], all[3], all[4]]), 1);
    }

    #[test]
    fn every_forbidden_name_of_every_room_is_found() {
        for room in ROOMS {
            let path = format!(
                "{}{}x.rs",
                room.within.0,
                room.within.1.replacen('/', "/any/", usize::from(room.within.0 == "core/"))
            );
            for pattern in room.forbidden {
                let name = pattern.replace("::self::as", "::{self as x}").replace("::as", " as x");
                assert!(count(&path, &format!("use {name};")) > 0, "{pattern} in {path}");
            }
        }
    }

    #[test]
    fn an_exception_is_for_one_name_in_one_file() {
        for (path, name) in EXCEPT {
            assert_eq!(count(path, &format!("use {name};")), 0);
            assert!(count(&path.replace(".rs", "x.rs"), &format!("use {name};")) > 0);
            assert!(count(path, "use tokio::time;") > 0);
        }
    }

    #[test]
    fn other_rooms_and_other_names_pass() {
        assert_eq!(count("server/sealgate-store/src/lib.rs", "use std::fs;"), 0);
        assert_eq!(count("server/sealgate-http/src/lib.rs", "use axum::Router;"), 0);
        assert_eq!(count("core/sealgate-trust/tests/it/main.rs", "use std::fs;"), 0);
        assert_eq!(count("core/sealgate-trust/src/lib.rs", "use std::collections::BTreeMap;"), 0);
    }
}
