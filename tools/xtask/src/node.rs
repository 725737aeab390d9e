//! Where the Node packages of the interoperability tests live; provisioning installs them.

use crate::workspace::Workspace;
use std::path::PathBuf;

/// The folder in which they are installed.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("interop-npm")
}

/// What programs find them in.
pub(crate) fn packages(workspace: &Workspace) -> PathBuf {
    folder(workspace).join("node_modules")
}
