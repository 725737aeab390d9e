//! The vendor's bundles: what their use cases work with.

use std::sync::Arc;

use sealgate_artifact::{BundleId, Code};
use sealgate_authority::{AuthorityError, SharedSecrets};
use sealgate_store::table::{self, BundleRow};

use crate::desk::Desk;
use crate::keys::LicenseSigner;
use crate::{Caller, VendorSecrets};

/// The vendor's bundles.
#[derive(Clone)]
pub struct Offline {
    pub(super) desk: Desk,
    pub(super) signer: LicenseSigner,
    pub(super) shared: Arc<SharedSecrets>,
    pub(super) secrets: Arc<VendorSecrets>,
}

impl Offline {
    pub(crate) fn new(
        desk: Desk,
        signer: LicenseSigner,
        shared: Arc<SharedSecrets>,
        secrets: Arc<VendorSecrets>,
    ) -> Self {
        Self { desk, signer, shared, secrets }
    }

    pub(super) async fn find(&self, caller: &Caller, id: &str) -> Result<BundleRow, AuthorityError> {
        let unknown = || AuthorityError::Refused(Code::NotFound);
        let id = BundleId::parse(id).map_err(|_| unknown())?;
        table::bundles::find(&self.desk.db, caller.tenant, id).await?.ok_or_else(unknown)
    }
}
