//! A key pair that a request makes once, however often it is prepared: each leaves a file in the key store, and nothing removes it.

use std::sync::OnceLock;

use sealgate_artifact::{KeyUse, PublicKey};
use sealgate_authority::AuthorityError;
use sealgate_trust::Signer;

/// Not made yet, or made already.
#[derive(Default)]
pub(crate) struct FreshKey(OnceLock<PublicKey>);

impl FreshKey {
    /// Makes it, unless that was done before.
    pub(crate) fn make(&self, signer: &dyn Signer, key_use: KeyUse) -> Result<PublicKey, AuthorityError> {
        if let Some(key) = self.0.get() {
            return Ok(*key);
        }
        let key = signer.generate(key_use)?;
        Ok(*self.0.get_or_init(|| key))
    }
}
