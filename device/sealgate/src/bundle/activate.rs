//! Activating a bundle, and what is kept of it (`spec/offline.md` §4).

use super::{BundleError, BundleSays, KeptBundle, LookedBundle};
use crate::{Client, ConfigurationError, Error};

impl Client {
    /// Activates a bundle that was looked at, once a person said yes: all that decides is judged again. It is kept in the state, whole or not at
    /// all, and durable when this returns. The file is needed no more.
    pub fn activate_bundle(&self, looked: &LookedBundle) -> Result<BundleSays, BundleError> {
        let _ = looked;
        todo!()
    }

    /// The bundle that this machine keeps, verified anew; `None` where it keeps none. Nobody is asked. One that does not verify any more, or
    /// names another machine's key, is an error.
    pub fn bundle(&self) -> Result<Option<KeptBundle>, Error> {
        todo!()
    }

    /// Forgets the bundle that this machine keeps, and says whether there was one. The vendor does not hear of it: the seat is held until the
    /// bundle's end, and the same file can be activated again.
    pub fn forget_bundle(&self) -> Result<bool, ConfigurationError> {
        todo!()
    }
}
