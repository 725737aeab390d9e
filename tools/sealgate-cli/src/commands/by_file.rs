//! What is said to whoever takes something back.

/// How machines without a network hear what was taken back.
pub(crate) const BY_FILE: &str = "Machines without a network hear of it by a file: `sealgate offline snapshot --sign -o FILE` writes it, `sglic import FILE` takes it over.";
