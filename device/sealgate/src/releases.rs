//! What a release of the vendor's approves on a device (`spec/activation.md` §8, §9.4).

use sealgate_artifact::Module;
use sealgate_trust::verify_release;

use crate::client::Found;
use crate::offline::{known_chain, pinned_chain};
use crate::{Client, Error, SecurityError};

impl Client {
    /// The modules of a release of this app: `release` is its signed statement, as `sealgate release show ID --statement` prints it. What
    /// does not verify is an error. Nobody is asked, so nobody says whether the vendor revoked the release since.
    pub fn release_modules(&self, release: &[u8]) -> Result<Vec<Module>, Error> {
        let now = self.clock.now();
        let chain = match self.kept()? {
            Some(Found { state, .. }) => {
                let now = now.max(self.floors(&state).newest());
                known_chain(&self.trust, &state.accepted(), self.held(&state), now)?.0
            }
            None => pinned_chain(&self.trust, now)?,
        };
        let verified = verify_release(&chain, release, self.trust.app)
            .map_err(|why| SecurityError::Statement { what: "release", why })?;
        Ok(verified.get().modules.clone())
    }
}
