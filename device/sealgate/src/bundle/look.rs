//! Looking at a bundle's file (`spec/offline.md` §4.2).

use std::io::Read;
use std::path::Path;

use super::{BundleError, LookedBundle};
use crate::Client;

impl Client {
    /// Looks at the file of a bundle, so that a program can show a person what is in it. The file is read once, into a private copy, and
    /// nothing is activated.
    ///
    /// An error says that nothing in it is to be believed. Where the bundle is the vendor's and cannot be activated here,
    /// [`LookedBundle::refusal`] says why. Newer keys that the file carries count from now on, and so does what a bundle says was taken back.
    pub fn look_at_bundle(&self, file: &Path) -> Result<LookedBundle, BundleError> {
        let _ = file;
        todo!()
    }

    /// The same from a medium that is read once. `size` is the file's, if it is known.
    pub fn look_at_bundle_on(
        &self,
        medium: impl Read,
        size: Option<u64>,
    ) -> Result<LookedBundle, BundleError> {
        let _ = (medium, size);
        todo!()
    }
}
