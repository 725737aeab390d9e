//! What can be read of a machine.
#![expect(clippy::disallowed_methods, reason = "this is the adapter that reads the machine")]

use std::fs::File;
use std::io::Read;

/// What is read of one file at most. Of those that are longer only the beginning is looked at.
const MOST_BYTES: u64 = 1024 * 1024;

/// A machine, as its files describe it.
pub(super) trait Machine {
    /// The text of a file, if it is there and may be read.
    fn text(&self, path: &str) -> Option<String>;

    /// The names in a folder, sorted.
    fn names(&self, folder: &str) -> Vec<String>;

    /// Where a path leads once every link was followed, if it is there.
    fn target(&self, path: &str) -> Option<String>;
}

/// The one on which this program runs.
pub(super) struct ThisMachine;

impl Machine for ThisMachine {
    fn text(&self, path: &str) -> Option<String> {
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn target(&self, path: &str) -> Option<String> {
        std::fs::canonicalize(path).ok()?.into_os_string().into_string().ok()
    }
}
