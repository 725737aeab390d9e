//! Where the Python of the interoperability tests and of the Python verifier lives; provisioning makes it.

use crate::workspace::Workspace;
use std::path::PathBuf;

/// The folder of the virtual environment.
pub(crate) fn environment(workspace: &Workspace) -> PathBuf {
    workspace.target().join("interop-venv")
}

/// Its interpreter.
pub(crate) fn interpreter(workspace: &Workspace) -> PathBuf {
    environment(workspace).join("bin").join("python")
}
