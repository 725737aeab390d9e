//! How it stands with the bundle that is kept, for people.

use super::material::Files;
use crate::bundle::{BundleSays, KeptBundle};
use crate::{Client, Error};

impl Client {
    /// The bundle that this machine keeps, verified anew; `None` where it keeps none. Nobody is asked. One that does not verify any more, or
    /// names another machine's key, is an error.
    pub fn bundle(&self) -> Result<Option<KeptBundle>, Error> {
        let Some(found) = self.kept()? else { return Ok(None) };
        let Some(held) = self.held_bundle(&found.state)? else { return Ok(None) };
        // Where the state cannot be written, the data that says so is there.
        let _ = self.remember_looked(&held.looked);
        let is_in_use = self.found_material(&Files::default())?.is_some_and(|material| material.is_bundle);
        Ok(Some(KeptBundle { says: BundleSays::of(&held.bundle), is_in_use, denied: held.denied }))
    }
}
