//! Where the project is, and what cargo knows about it.

use cargo_metadata::{Metadata, MetadataCommand};
use harness::failure::{Doing, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's root, target folder and packages.
pub(crate) struct Workspace {
    /// Everything `cargo metadata` reports, dependencies included.
    pub(crate) metadata: Metadata,
}

impl Workspace {
    /// Asks cargo, from this crate's own folder, so that the caller's folder does not matter.
    ///
    /// `cargo run` says at run time which folder that is; the one compiled in may be another clone's when two
    /// clones share a target folder.
    pub(crate) fn load() -> Result<Self> {
        let folder =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Self::at(Path::new(&folder))
    }

    /// The workspace of the crate or root in this folder.
    pub(crate) fn at(folder: &Path) -> Result<Self> {
        let manifest = folder.join("Cargo.toml");
        let metadata = MetadataCommand::new().manifest_path(manifest).exec().doing("read the workspace")?;
        Ok(Self { metadata })
    }

    /// The folder of the root manifest.
    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// Cargo's target folder, wherever `CARGO_TARGET_DIR` put it.
    pub(crate) fn target(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }

    /// The vendor's program, as the release profile builds it.
    pub(crate) fn release_binary(&self) -> PathBuf {
        self.binary("release")
    }

    /// The same of another profile.
    pub(crate) fn binary(&self, profile: &str) -> PathBuf {
        self.target().join(profile).join("sealgate")
    }

    /// A `cargo` command that runs in the root.
    pub(crate) fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(self.root());
        command
    }
}
