//! What an earlier look of the same run found, for files that an update of the system has deleted or replaced since.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::machine::Opened;
use super::maps::Mapped;

/// The name under which a file was loaded, and its number on its device.
type Name = (Vec<u8>, u64);

/// What earlier looks of this run found. It lasts as long as the files stay loaded.
#[derive(Default)]
pub struct Earlier {
    /// Modules of the vendor's, opened: so their numbers become no other files', and what is in them can be read again.
    modules: BTreeMap<Name, (PathBuf, Opened)>,
    /// Where the system's are.
    systems: BTreeMap<Name, PathBuf>,
}

impl std::fmt::Debug for Earlier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (modules, systems) = (self.modules.len(), self.systems.len());
        f.debug_struct("Earlier").field("modules", &modules).field("systems", &systems).finish()
    }
}

impl Earlier {
    /// What is not loaded any more may become another file.
    pub(super) fn forget_all_but(&mut self, code: &[Mapped]) {
        let is_loaded = |name: &Name| code.iter().any(|mapped| name_of(mapped) == *name);
        self.modules.retain(|name, _| is_loaded(name));
        self.systems.retain(|name, _| is_loaded(name));
    }

    pub(super) fn keep_module(&mut self, mapped: &Mapped, path: &Path, opened: Opened) {
        self.modules.insert(name_of(mapped), (path.to_owned(), opened));
    }

    pub(super) fn keep_system(&mut self, mapped: &Mapped, path: &Path) {
        self.systems.insert(name_of(mapped), path.to_owned());
    }

    /// The module that was mapped then and still is.
    pub(super) fn take_module(&mut self, mapped: &Mapped) -> Option<(PathBuf, Opened)> {
        self.modules.remove(&name_of(mapped))
    }

    /// Where the system's file was that was mapped then and still is.
    pub(super) fn system(&self, mapped: &Mapped) -> Option<PathBuf> {
        self.systems.get(&name_of(mapped)).cloned()
    }
}

fn name_of(mapped: &Mapped) -> Name {
    (mapped.former_path().to_vec(), mapped.inode)
}
