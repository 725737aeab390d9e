//! Bundles for machines without a network (`spec/offline.md` §5).

use std::sync::Arc;

use sealgate_authority::{AuthorityError, SharedSecrets};
use sealgate_wire::{
    BundleFileQuery, BundleView, CountedQuery, ExportBundle, Page, Reason, RespondOffline,
};

use crate::Caller;
use crate::desk::Desk;
use crate::keys::LicenseSigner;

/// The vendor's bundles.
pub struct Offline {
    desk: Desk,
    signer: LicenseSigner,
    shared: Arc<SharedSecrets>,
}

/// A bundle as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleFile {
    /// How it is called, such as `license-1f3a5b7c.sglic`.
    pub name: String,
    /// The container (`spec/container.md`).
    pub bytes: Vec<u8>,
}

impl Offline {
    pub(crate) fn new(desk: Desk, signer: LicenseSigner, shared: Arc<SharedSecrets>) -> Self {
        Self { desk, signer, shared }
    }

    /// Signs a bundle of a license. Once, however often it is sent under its idempotency key.
    pub async fn export(
        &self,
        caller: &Caller,
        license: &str,
        request: &ExportBundle,
    ) -> Result<BundleView, AuthorityError> {
        todo!()
    }

    /// Answers a machine's request by a bundle: the same request by the same one, as long as that lives.
    pub async fn respond(
        &self,
        caller: &Caller,
        request: &RespondOffline,
    ) -> Result<BundleView, AuthorityError> {
        todo!()
    }

    /// The bundles of a license that are kept, newest first.
    pub async fn list(
        &self,
        caller: &Caller,
        license: &str,
        query: &CountedQuery,
    ) -> Result<Page<BundleView>, AuthorityError> {
        todo!()
    }

    /// One bundle, with the machines that it names.
    pub async fn show(&self, caller: &Caller, id: &str) -> Result<BundleView, AuthorityError> {
        todo!()
    }

    /// The file of a bundle that has not ended: the same bytes each time, as long as the keys that travel with it are the same.
    pub async fn file(
        &self,
        caller: &Caller,
        id: &str,
        query: &BundleFileQuery,
    ) -> Result<BundleFile, AuthorityError> {
        todo!()
    }

    /// Lists a bundle's slot. It frees no seat before the bundle's end.
    pub async fn revoke(
        &self,
        caller: &Caller,
        id: &str,
        request: &Reason,
    ) -> Result<BundleView, AuthorityError> {
        todo!()
    }
}
