//! Which files the running program is made of, and whether the vendor approved them (`spec/activation.md` §2, §9).
//!
//! A finding is what this program says about itself. Whoever controls the machine can change the program, and with it what it
//! finds: this shows changes to people who do not want them, and makes them work for those who do.

mod earlier;
mod error;
mod judged;
mod machine;
mod maps;

pub use earlier::Earlier;
pub use error::IntegrityError;
pub use judged::{Found, Judgement, Why, judge};
pub use machine::{LinuxMachine, Machine, Opened};

use std::collections::BTreeMap;
use std::path::Path;

use sealgate_artifact::Module;

/// Whose files are the vendor's: those below the folder where the program is installed, and those that name one of these
/// signers in their note.
#[derive(Debug, Clone, Copy)]
pub struct Vendor<'a> {
    /// The folder where the program is installed.
    pub install_root: &'a Path,
    /// Ids of the vendor's update keys.
    pub signers: &'a [&'a str],
}

/// Every file that the running program has loaded as code, and what it is.
pub fn look(vendor: &Vendor<'_>) -> Result<Vec<Found>, IntegrityError> {
    look_at(&LinuxMachine, vendor, &mut Earlier::default())
}

/// The same again, in a program that looks from time to time: files that were deleted or replaced since are still judged by what is in them.
pub fn look_again(vendor: &Vendor<'_>, earlier: &mut Earlier) -> Result<Vec<Found>, IntegrityError> {
    look_at(&LinuxMachine, vendor, earlier)
}

/// The same on a given machine.
pub fn look_at(
    machine: &dyn Machine,
    vendor: &Vendor<'_>,
    earlier: &mut Earlier,
) -> Result<Vec<Found>, IntegrityError> {
    let root = machine.real_path(vendor.install_root).map_err(|_| IntegrityError::InstallRoot)?;
    // Everything would be the vendor's.
    if root.parent().is_none() {
        return Err(IntegrityError::InstallRoot);
    }
    let preloaded = judged::Preloaded::of(machine)?;
    let mut found = BTreeMap::new();
    let code = maps::code(&machine.maps()?)?;
    earlier.forget_all_but(&code);
    for mapped in code {
        let key = (mapped.path.clone(), mapped.inode);
        found.entry(key).or_insert_with(|| {
            judged::classify((machine, &mut *earlier), (&root, vendor.signers), &preloaded, &mapped)
        });
    }
    Ok(found.into_values().collect())
}

/// The vendor's modules that the running program has loaded: what an activation names.
pub fn collect(install_root: &Path) -> Result<Vec<Module>, IntegrityError> {
    Ok(modules(&look(&Vendor { install_root, signers: &[] })?))
}

/// The vendor's modules among what was found, in the order of a list.
pub fn modules(found: &[Found]) -> Vec<Module> {
    let vendors = found.iter().filter_map(|found| match found {
        Found::Vendor { module, .. } => Some(module.clone()),
        _ => None,
    });
    let mut modules: Vec<Module> = vendors.collect();
    modules.sort();
    modules.dedup();
    modules
}
