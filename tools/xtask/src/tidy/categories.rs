//! Every path has a place: what no pattern knows does not belong here.

use super::Finding;
use super::tree::Tree;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    /// Ships, or is compiled into what ships
    Product,
    /// Proves that it works
    Tests,
    /// The law
    Spec,
    /// The evidence
    Vectors,
    /// For people
    Docs,
    /// How it is built, checked and released
    Build,
}

use Category::{Build, Docs, Product, Spec, Tests, Vectors};

/// The first pattern that fits decides. `*` stays within a folder, `**` does not.
const TABLE: &[(&str, Category)] = &[
    ("Cargo.toml", Build),
    ("Cargo.lock", Build),
    ("clippy.toml", Build),
    ("deny.toml", Build),
    ("rustfmt.toml", Build),
    ("rust-toolchain.toml", Build),
    (".gitignore", Build),
    (".gitattributes", Build),
    (".editorconfig", Build),
    (".cargo/config.toml", Build),
    (".config/nextest.toml", Build),
    (".ci/*", Build),
    ("LICENSE*", Docs),
    ("*.md", Docs),
    ("docs/**", Docs),
    ("findings/*.sh", Docs),
    ("examples/**", Docs),
    ("spec/*.md", Spec),
    ("spec/*.json", Spec),
    ("vectors/README.md", Docs),
    ("vectors/**.json", Vectors),
    ("vectors/**.bin", Vectors),
    ("vectors/**.expected", Vectors),
    // tools that only test or build
    ("tools/sealgate-testkit/**", Tests),
    ("tools/conformance/**", Tests),
    ("tools/interop/**", Tests),
    ("tools/torture/**", Build),
    ("tools/harness/**", Build),
    ("fuzz/**", Tests),
    ("tools/bench/**", Tests),
    ("tools/sglic/tests/**", Tests),
    ("tools/sglic/**", Product),
    ("tools/xtask/**", Build),
    // outside judges of the core, which may be copied into programs
    ("verifiers/**", Product),
    // every other crate, in whichever room
    ("*/*/tests/**", Tests),
    ("*/*/proptest-regressions/**", Tests),
    ("*/*/Cargo.toml", Build),
    ("*/*/build.rs", Build),
    ("*/*/examples/*.rs", Build),
    ("device/sealgate/examples/trust.json", Build),
    ("*/*/README.md", Docs),
    ("core/*/src/**.rs", Product),
    ("device/*/src/**.rs", Product),
    ("server/*/src/**.rs", Product),
    ("server/*/src/**.sql", Product),
    ("server/*/migrations/*.sql", Product),
    ("server/*/templates/**", Product),
    ("server/sealgate-http/src/**.html", Product),
    ("server/*/static/**", Product),
    ("tools/sealgate-cli/src/**", Product),
    ("tools/sealgate-terminal/src/**", Product),
    ("tools/sglic/src/**", Product),
];

/// Every path without a category.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let unknown = tree.paths.iter().filter(|path| category(path).is_none());
    unknown.map(|path| Finding::new(path, 1, "belongs to no category of files")).collect()
}

/// What the file at this path is for.
pub(super) fn category(path: &str) -> Option<Category> {
    TABLE.iter().find(|(pattern, _)| fits(pattern.as_bytes(), path.as_bytes())).map(|(_, category)| *category)
}

fn fits(pattern: &[u8], path: &[u8]) -> bool {
    match pattern {
        [] => path.is_empty(),
        [b'*', b'*', rest @ ..] => (0..=path.len()).any(|skipped| fits(rest, &path[skipped..])),
        [b'*', rest @ ..] => {
            let segment = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
            (0..=segment).any(|skipped| fits(rest, &path[skipped..]))
        }
        [byte, rest @ ..] => path.first() == Some(byte) && fits(rest, &path[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_the_architecture_has_a_category() {
        for (path, expected) in [
            ("README.md", Docs),
            ("core/sealgate-trust/src/verify.rs", Product),
            ("core/sealgate-trust/tests/it/main.rs", Tests),
            ("server/sealgate-store/migrations/0001_first.sql", Product),
            ("server/sealgate-http/src/portal/apps.html", Product),
            ("spec/errors.md", Spec),
            ("vectors/license/valid/plain.json", Vectors),
            ("tools/interop/requirements.txt", Tests),
            ("tools/sealgate-cli/src/main.rs", Product),
            (".ci/run", Build),
        ] {
            assert_eq!(category(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn a_stray_file_is_found() {
        for path in
            ["notes.txt", "core/sealgate-trust/src/scratch.txt", "core/lib.rs", "src/main.rs", "spec/a/b.md"]
        {
            assert_eq!(check(&Tree::of(&[(path, "")])).len(), 1, "{path}");
        }
    }
}
