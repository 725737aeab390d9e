//! What a build pins: `trust.json` (`spec/keys.md` §6).

use sealgate_artifact::{AppId, PublicKey, Root, TenantId, Unverified};
use sealgate_trust::{ChainBytes, Roots};
use serde_json::value::RawValue;

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
        let file: sealgate_wire::Trust = serde_json::from_slice(bytes).map_err(invalid)?;
        let keys: Vec<PublicKey> = file
            .roots
            .iter()
            .map(|root| PublicKey::parse(root))
            .collect::<Result<_, _>>()
            .map_err(invalid)?;
        let chain = chain(&file)?;
        Ok(Self {
            roots: Roots::pin(keys, file.threshold, Some(file.root_version)).map_err(invalid)?,
            tenant: TenantId::parse(&file.tenant).map_err(invalid)?,
            app: AppId::parse(&file.app).map_err(invalid)?,
            last_root: chain.roots.last().and_then(|root| root_version(root)).unwrap_or(file.root_version),
            chain,
        })
    }
}

/// Root statements, oldest first, and then the newest keyset.
fn chain(file: &sealgate_wire::Trust) -> Result<ChainBytes, ConfigurationError> {
    let bytes = |envelope: &RawValue| envelope.get().as_bytes().to_vec();
    let Some((keyset, roots @ [_, ..])) = file.keyset_chain.split_last() else {
        return Err(invalid("the keyset chain has no root statement and keyset"));
    };
    Ok(ChainBytes {
        roots: roots.iter().map(|root| bytes(root)).collect(),
        keyset: bytes(keyset),
        tenant_keyset: bytes(&file.tenant_keyset),
    })
}

/// What a root statement says its version is. Only a choice of what to ask for and where to begin.
pub(crate) fn root_version(root: &[u8]) -> Option<u64> {
    Some(Unverified::<Root>::decode(root).ok()?.danger_peek().ok()?.version)
}

#[expect(clippy::needless_pass_by_value, reason = "a function for `map_err`")]
fn invalid(why: impl ToString) -> ConfigurationError {
    ConfigurationError::TrustInvalid(why.to_string())
}
