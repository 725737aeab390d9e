//! Strangers' words, as people may see them.

/// A stranger's words, short and without anything that steers a terminal.
pub(crate) fn shown(text: &str, most: usize) -> String {
    text.chars().take(most).flat_map(char::escape_debug).collect()
}
