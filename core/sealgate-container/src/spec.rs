//! For this crate's tests: the specification's tables.

pub(crate) const PAGE: &str = include_str!("../../../spec/container.md");

/// The cells of each row of a section's table that begins with a name.
pub(crate) fn rows(section: &str) -> Vec<Vec<String>> {
    let section = PAGE.split("\n## ").find(|text| text.starts_with(section)).expect("a section");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `").map(|_| line));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// A number as the specification writes it.
pub(crate) fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
    groups.join(",")
}
