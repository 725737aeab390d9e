//! The request for a bundle (`spec/offline.md` §2).

use sealgate_artifact::{
    Envelope, Kind, LicenseHint, LicenseId, Nonce, OfflineRequest, StatementId, UnixSeconds, Unverified,
};
use sealgate_container::{EntryName, Purpose, encode_statement, write};

use crate::bundled::Bundled;
use crate::client::{ATTEMPTS, Found};
use crate::state::State;
use crate::{Client, ConfigurationError, Error, random};

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
        let named = self.hint(license)?;
        let asks_the_same = |kept: &OfflineRequest| named.is_none() || named == kept.license;
        self.request_kept(named, asks_the_same).map_err(Error::from)
    }

    /// The same, and a request that is kept is replaced: its answer counts no more.
    pub fn new_offline_request(&self, license: AskedLicense<'_>) -> Result<OfflineRequestFile, Error> {
        self.request_kept(self.hint(license)?, |_| false).map_err(Error::from)
    }

    /// The request that is kept and not answered yet; `None`: there is none.
    pub fn kept_offline_request(&self) -> Result<Option<OfflineRequestFile>, Error> {
        let found = self.kept()?;
        Ok(found
            .and_then(|found| kept_request(&found.state))
            .map(|(kept, envelope)| file(&kept, &envelope, false)))
    }

    fn hint(&self, license: AskedLicense<'_>) -> Result<Option<LicenseHint>, Error> {
        Ok(match license {
            AskedLicense::Key(typed) => Some(LicenseHint::of_key(self.readable(typed)?.as_str())),
            AskedLicense::Id(id) => Some(LicenseHint::Id(id)),
            AskedLicense::Unsaid => None,
        })
    }

    /// `spec/offline.md` §2.5: the request that the state holds, durably, before anybody sees its bytes.
    fn request_kept(
        &self,
        license: Option<LicenseHint>,
        is_again: impl Fn(&OfflineRequest) -> bool,
    ) -> Result<OfflineRequestFile, ConfigurationError> {
        for _ in 0..ATTEMPTS {
            let Found { state, bytes } = self.state()?;
            if let Some((kept, envelope)) = kept_request(&state).filter(|(kept, _)| is_again(kept)) {
                return Ok(file(&kept, &envelope, false));
            }
            let request = self.request_for(&state, license)?;
            let carrier = state.device_key.sign(&request).map_err(|_| ConfigurationError::Fingerprint)?;
            let asked = Some(carrier.encode());
            let next = State { bundled: Bundled { asked, ..state.bundled.clone() }, ..state };
            if self.replace(Some(&bytes), &next.encode())? {
                return Ok(file(&request, &carrier.envelope, true));
            }
        }
        Err(ConfigurationError::StateContended)
    }

    /// `spec/offline.md` §2.1.
    fn request_for(
        &self,
        state: &State,
        license: Option<LicenseHint>,
    ) -> Result<OfflineRequest, ConfigurationError> {
        Ok(OfflineRequest {
            tenant: self.trust.tenant,
            app: self.trust.app,
            license,
            device_key: state.device_key.public(),
            fingerprint: self.fingerprint.clone(),
            nonce: Nonce::from_random(*random::bits()?),
            client_time: self.clock.now(),
            about: self.about.clone(),
            bundle: state.bundled.kept_id(),
        })
    }
}

/// What was asked, where it still is of this device: what does not read is asked anew.
fn kept_request(state: &State) -> Option<(OfflineRequest, Envelope)> {
    let claim = Unverified::<OfflineRequest>::decode(state.bundled.asked.as_deref()?).ok()?;
    let said = claim.danger_peek().ok()?;
    (said.device_key == state.device_key.public()).then(|| (said, claim.envelope().clone()))
}

/// The same envelope is the same file, byte for byte.
fn file(request: &OfflineRequest, envelope: &Envelope, is_new: bool) -> OfflineRequestFile {
    let statement = encode_statement(Kind::OfflineRequest, envelope).expect("it was made here");
    let bytes = write(Purpose::Request, &[(EntryName::OfflineRequest, &statement)]);
    OfflineRequestFile {
        bytes: bytes.expect("a request fits into its file"),
        statement: envelope.id(),
        asked_at: request.client_time,
        is_new,
    }
}
