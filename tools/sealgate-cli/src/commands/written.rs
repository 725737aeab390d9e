//! Files that a verb writes.

use std::path::Path;

use sealgate_artifact::Code;

use crate::failure::Failure;
use crate::files;

/// Writes a file that may go to customers. Of standard output, it is all that is written there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<String, Failure> {
    written(path, bytes, files::write_public(path, bytes))
}

/// Writes a file that is the vendor's alone.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<String, Failure> {
    written(path, bytes, files::write_private(path, bytes))
}

fn written(path: &Path, bytes: &[u8], outcome: std::io::Result<()>) -> Result<String, Failure> {
    let failed = |e: std::io::Error| {
        Failure::new(Code::FileUnreadable, format!("{}: {e}", path.display())).fix("choose another -o")
    };
    outcome.map_err(failed)?;
    Ok(format!("wrote {} ({} bytes)", path.display(), bytes.len()))
}
