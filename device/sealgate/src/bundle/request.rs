//! The request for a bundle (`spec/offline.md` §2).

use sealgate_artifact::{LicenseId, StatementId, UnixSeconds};

use crate::{Client, Error};

/// How a request for a bundle names its license.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedLicense<'a> {
    /// By its key, as somebody typed it. The file holds a digest of it, and never the key.
    Key(&'a str),
    /// By its identifier.
    Id(LicenseId),
    /// Not at all: the vendor says which license is meant.
    Unsaid,
}

/// A request for a bundle, to be brought to the vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineRequestFile {
    bytes: Vec<u8>,
    statement: StatementId,
    asked_at: UnixSeconds,
    is_new: bool,
}

impl OfflineRequestFile {
    /// The file: a container, whose name ends in `.sgreq`.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The request's statement id, by which its answer names it.
    pub fn statement(&self) -> StatementId {
        self.statement
    }

    /// When it was made, by this machine's clock.
    pub fn asked_at(&self) -> UnixSeconds {
        self.asked_at
    }

    /// Whether this call made it. Otherwise it was made before, and no answer has been activated yet.
    pub fn is_new(&self) -> bool {
        self.is_new
    }
}

impl Client {
    /// Makes a request for a bundle, signed by this device's key, and keeps it: the same bytes are given again until a bundle that answers
    /// it was activated, or another one is asked for ([`new_offline_request`](Self::new_offline_request)). Naming another license than the kept
    /// request does asks for another one.
    ///
    /// A mistyped key is noticed here. Nobody is asked.
    pub fn offline_request(&self, license: AskedLicense<'_>) -> Result<OfflineRequestFile, Error> {
        let _ = license;
        todo!()
    }

    /// The same, and a request that is kept is replaced: its answer counts no more.
    pub fn new_offline_request(&self, license: AskedLicense<'_>) -> Result<OfflineRequestFile, Error> {
        let _ = license;
        todo!()
    }

    /// The request that is kept and not answered yet; `None`: there is none.
    pub fn kept_offline_request(&self) -> Result<Option<OfflineRequestFile>, Error> {
        todo!()
    }
}
