//! The workspace's own crates, as the rules look at them.

use crate::workspace::Workspace;
use cargo_metadata::{DependencyKind, Package, Target};
use harness::failure::{Doing, Result};
use std::fs;
use std::path::Path;

/// One crate of the workspace.
#[derive(Default)]
pub(super) struct Member {
    pub(super) name: String,
    /// Relative to the root, such as `core/sealgate-trust`.
    pub(super) folder: String,
    pub(super) manifest: String,
    pub(super) description: Option<String>,
    /// The root files of its library and its programs, relative to the root of the workspace.
    pub(super) roots: Vec<String>,
    /// Workspace crates it needs to be built.
    pub(super) needs: Vec<String>,
    /// Workspace crates only its tests need.
    pub(super) tests_need: Vec<String>,
}

impl Member {
    /// The first part of the folder: `core`, `device`, `examples`, `server` or `tools`.
    pub(super) fn room(&self) -> &str {
        self.folder.split('/').next().unwrap_or_default()
    }

    /// Where findings about it point.
    pub(super) fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }
}

/// Every crate of the workspace.
pub(super) fn read(workspace: &Workspace) -> Result<Vec<Member>> {
    let packages = workspace.metadata.workspace_packages();
    let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    packages.iter().map(|package| member(package, &names, workspace.root())).collect()
}

fn member(package: &Package, names: &[&str], root: &Path) -> Result<Member> {
    let path = package.manifest_path.as_std_path();
    let folder = path.parent().and_then(|folder| folder.strip_prefix(root).ok());
    let dependencies = |for_tests: bool| {
        let of_kind = package.dependencies.iter().filter(move |dependency| {
            (dependency.kind == DependencyKind::Development) == for_tests
                && names.contains(&dependency.name.as_str())
        });
        of_kind.map(|dependency| dependency.name.clone()).collect()
    };
    let is_product = |target: &&Target| target.is_lib() || target.is_bin();
    let roots = package.targets.iter().filter(is_product);
    let roots = roots.filter_map(|target| target.src_path.as_std_path().strip_prefix(root).ok());
    Ok(Member {
        name: package.name.to_string(),
        folder: folder.map(|folder| folder.display().to_string()).unwrap_or_default(),
        manifest: fs::read_to_string(path).doing(format_args!("read {}", path.display()))?,
        description: package.description.clone(),
        roots: roots.map(|path| path.display().to_string()).collect(),
        needs: dependencies(false),
        tests_need: dependencies(true),
    })
}
