//! `trust.json`: what a program or a person needs to judge licenses of one app (`spec/keys.md` §6).

use sealgate_artifact::{AppId, ArtifactError, PublicKey, TenantId, UnixSeconds, Value, limits, parse_json};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Accepted, ChainBytes, Roots, TenantTrust, TrustError};

/// A `trust.json`. Whoever chose the file believes its roots, tenant and app as they stand. Its statements are believed
/// only once they are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustFile {
    /// The root keys.
    pub roots: Vec<PublicKey>,
    /// How many of them must sign.
    pub threshold: usize,
    /// The version of the root statement that says so.
    pub root_version: u64,
    /// The statements that come along.
    pub chain: ChainBytes,
    /// The tenant that statements must name.
    pub tenant: TenantId,
    /// The app that statements must name.
    pub app: AppId,
}

impl TrustFile {
    /// Reads the file (`spec/keys.md` §6.4). Unknown fields are refused (§6.1). Whether its roots may be pinned, and whether its
    /// statements are genuine, is for [`pins`](Self::pins) and [`verify`](Self::verify) to say.
    pub fn parse(json: &[u8]) -> Result<Self, TrustError> {
        let text = Text::read(json)?;
        Ok(Self {
            roots: text.roots.iter().map(|root| PublicKey::parse(root)).collect::<Result<_, _>>()?,
            threshold: text.threshold,
            root_version: text.root_version,
            tenant: TenantId::parse(&text.tenant)?,
            app: AppId::parse(&text.app)?,
            chain: text.chain,
        })
    }

    /// Reads only the statements of a file that travels beside a license. What it pins is not looked at
    /// (`spec/keys.md` §6.2).
    pub fn courier(json: &[u8]) -> Result<ChainBytes, TrustError> {
        Text::read(json).map(|text| text.chain)
    }

    /// Pins the file's roots.
    pub fn pins(&self) -> Result<Roots, TrustError> {
        Roots::pin(self.roots.clone(), self.threshold, Some(self.root_version))
    }

    /// Verifies the file's statements under its own roots, for its tenant.
    pub fn verify(&self, accepted: &Accepted, now: UnixSeconds) -> Result<TenantTrust, TrustError> {
        TenantTrust::verify(&self.pins()?, &self.chain, Some(self.tenant), accepted, now)
    }
}

/// The file as it is written, before what it pins is read.
struct Text {
    roots: Vec<String>,
    threshold: usize,
    root_version: u64,
    chain: ChainBytes,
    tenant: String,
    app: String,
}

impl Text {
    /// The first three steps of `spec/keys.md` §6.4.
    fn read(json: &[u8]) -> Result<Self, TrustError> {
        if json.len() > limits::TRUST_FILE_BYTES {
            let (what, limit, actual) = ("trust.json", limits::TRUST_FILE_BYTES, json.len());
            return Err(ArtifactError::TooLarge { what, limit, actual }.into());
        }
        // What follows would take a list of the fields' values for an object, and a name that stands twice for a form.
        let Value::Object(_) = parse_json(json).map_err(|why| TrustError::NotJson(why.to_string()))? else {
            return Err(TrustError::NotTrustFile("not an object".to_owned()));
        };
        let form: Form =
            serde_json::from_slice(json).map_err(|why| TrustError::NotTrustFile(why.to_string()))?;
        let chain =
            form.chain().ok_or_else(|| TrustError::NotTrustFile("keyset_chain is empty".to_owned()))?;
        let Form { roots, threshold, root_version, tenant, app, .. } = form;
        Ok(Self { roots, threshold, root_version, chain, tenant, app })
    }
}

/// The fields of the file. Envelopes are kept byte for byte.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    roots: Vec<String>,
    threshold: usize,
    root_version: u64,
    keyset_chain: Vec<Box<RawValue>>,
    tenant_keyset: Box<RawValue>,
    tenant: String,
    app: String,
}

impl Form {
    /// Root statements, oldest first, and then the newest keyset; `None` where there is no keyset.
    fn chain(&self) -> Option<ChainBytes> {
        let bytes = |envelope: &RawValue| envelope.get().as_bytes().to_vec();
        let (keyset, roots) = self.keyset_chain.split_last()?;
        Some(ChainBytes {
            roots: roots.iter().map(|root| bytes(root)).collect(),
            keyset: bytes(keyset),
            tenant_keyset: bytes(&self.tenant_keyset),
        })
    }
}
