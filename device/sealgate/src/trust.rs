//! What a build pins: `trust.json` (`spec/keys.md` §6).

use sealgate_artifact::{AppId, Foreign, Root, TenantId, Unverified};
use sealgate_trust::{ChainBytes, Roots, TrustFile};

use crate::ConfigurationError;

/// The vendor's roots, the tenant and the app, and the statements that the build brings along.
#[derive(Debug, Clone)]
pub struct Trust {
    pub(crate) roots: Roots,
    pub(crate) tenant: TenantId,
    pub(crate) app: AppId,
    /// Not believed: verified like any other.
    pub(crate) chain: ChainBytes,
    /// The version of the last root statement in it, as it says.
    pub(crate) last_root: u64,
}

impl Trust {
    /// Reads the bytes of `trust.json`. Unknown fields are refused (`spec/keys.md` §6.1).
    ///
    /// The bytes are `'static` because they are a constant of the build, made by `include_bytes!`: whoever sets them
    /// decides who is believed, so no file, variable or argument of a customer's may.
    pub fn parse(bytes: &'static [u8]) -> Result<Self, ConfigurationError> {
        if bytes.is_empty() {
            return Err(ConfigurationError::TrustMissing);
        }
        let file = TrustFile::parse(bytes).map_err(|why| {
            let other = Foreign::of(bytes).filter(|is| *is != Foreign::TrustFile);
            other.map_or_else(|| invalid(&why), |is| invalid(format_args!("it is {}", is.what())))
        })?;
        let Some(last) = file.chain.roots.last() else {
            return Err(invalid("the keyset chain has no root statement"));
        };
        Ok(Self {
            roots: file.pins().map_err(invalid)?,
            last_root: root_version(last).unwrap_or(file.root_version),
            tenant: file.tenant,
            app: file.app,
            chain: file.chain,
        })
    }
}

impl Trust {
    /// The app that the build is.
    pub fn app(&self) -> AppId {
        self.app
    }
}

/// What a root statement says its version is. Only a choice of what to ask for and where to begin.
pub(crate) fn root_version(root: &[u8]) -> Option<u64> {
    Some(Unverified::<Root>::decode(root).ok()?.danger_peek().ok()?.version)
}

#[expect(clippy::needless_pass_by_value, reason = "a function for `map_err`")]
fn invalid(why: impl ToString) -> ConfigurationError {
    ConfigurationError::TrustInvalid(why.to_string())
}
