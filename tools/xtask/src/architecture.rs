//! The arrows of the architecture: which crate may name which.

/// The crate of test helpers, which names everything.
pub(crate) const TESTKIT: &str = "sealgate-testkit";

/// Crates, each with those that it may name.
pub(crate) type Table = &'static [(&'static str, &'static [&'static str])];

/// Who may name whom. `core/*` is a whole room, `*` is everything; what is not listed is forbidden.
pub(crate) const ARROWS: Table = &[
    ("sealgate-artifact", &[]),
    ("sealgate-trust", &["sealgate-artifact"]),
    ("sealgate-journal", &["sealgate-artifact"]),
    ("sealgate-rules", &["sealgate-artifact"]),
    ("sealgate-authforge", &["sealgate-artifact"]),
    ("sealgate-wire", &["sealgate-artifact"]),
    ("sealgate-container", &["sealgate-artifact"]),
    // device
    ("sealgate", &["core/*"]),
    // server
    ("sealgate-signer", &["sealgate-artifact", "sealgate-trust"]),
    ("sealgate-store", &["sealgate-artifact"]),
    ("sealgate-authority", &["core/*", "sealgate-store"]),
    ("sealgate-control", &["core/*", "sealgate-authority", "sealgate-store"]),
    ("sealgate-runtime", &["core/*", "sealgate-authority", "sealgate-store"]),
    (
        "sealgate-http",
        &[
            "sealgate-artifact",
            "sealgate-authforge",
            "sealgate-authority",
            "sealgate-control",
            "sealgate-runtime",
            "sealgate-wire",
        ],
    ),
    (
        "sealgate-server",
        &[
            "sealgate-artifact",
            "sealgate-trust",
            "sealgate-rules",
            "sealgate-signer",
            "sealgate-store",
            "sealgate-authority",
            "sealgate-control",
            "sealgate-runtime",
            "sealgate-http",
        ],
    ),
    // programs
    ("sealgate-terminal", &[]),
    ("sealgate-cli", &["core/*", "server/*", "sealgate", "sealgate-terminal"]),
    ("sglic", &["core/*", "sealgate", "sealgate-terminal"]),
    // examples
    ("guarded-rules", &[]),
    ("guarded-app", &["sealgate", "guarded-rules"]),
    // tests and the project's own tools
    (TESTKIT, &["*"]),
    ("conformance", &["core/*"]),
    ("interop", &["core/*", "sealgate-authority", "sealgate"]),
    ("harness", &[]),
    ("torture", &["harness", "sealgate"]),
    ("xtask", &["harness"]),
];

/// The table for ARCHITECTURE.md, as Markdown.
pub(crate) fn markdown() -> String {
    let quoted = |target: &&str| match *target {
        "*" => "anything".to_owned(),
        target => format!("`{target}`"),
    };
    let row = |(name, targets): &(&str, &[&str])| {
        let targets = match targets {
            [] => "nothing".to_owned(),
            targets => targets.iter().map(quoted).collect::<Vec<_>>().join(", "),
        };
        format!("| `{name}` | {targets} |\n")
    };
    let rows: String = ARROWS.iter().map(row).collect();
    format!("| crate | may name |\n|---|---|\n{rows}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_for_people_says_what_the_table_says() {
        let text = markdown();
        assert!(text.contains("| `sealgate-store` | `sealgate-artifact` |\n"));
        assert!(text.contains("| `sealgate-artifact` | nothing |\n"));
        assert!(text.contains("| `sealgate-testkit` | anything |\n"));
        assert_eq!(text.lines().count(), ARROWS.len() + 2);
    }
}
