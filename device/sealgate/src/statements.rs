//! The statements that a client has: from its build, its state, or an answer. Bytes as received; nothing is believed.

use sealgate_artifact::{Carrier, Keyset, StatementId, TenantKeyset, Unverified};
use sealgate_trust::ChainBytes;

use crate::trust::root_version;

/// What is needed to judge a decision.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Statements {
    pub(crate) chain: ChainBytes,
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) license: Option<Vec<u8>>,
}

impl Statements {
    /// What the build brings along.
    pub(crate) fn of_build(chain: &ChainBytes) -> Self {
        Self { chain: chain.clone(), certificate: None, license: None }
    }

    /// With the newest of each level, as build and state say of themselves: either may be newer than the other. The
    /// choice can only end in a refusal or in the chain's verification.
    pub(crate) fn or_newer(mut self, build: &ChainBytes) -> Self {
        let last_root = |chain: &ChainBytes| chain.roots.last().and_then(|root| root_version(root));
        if last_root(build) > last_root(&self.chain) {
            self.chain.roots.clone_from(&build.roots);
        }
        if keyset_version(&build.keyset) > keyset_version(&self.chain.keyset) {
            self.chain.keyset.clone_from(&build.keyset);
        }
        if tenant_keyset_version(&build.tenant_keyset) > tenant_keyset_version(&self.chain.tenant_keyset) {
            self.chain.tenant_keyset.clone_from(&build.tenant_keyset);
        }
        self
    }

    /// The same under a chain that may be newer. Whoever shares the state may ask another server, or about another license: what
    /// they left there since completes no answer but theirs.
    pub(crate) fn under(self, chain: ChainBytes) -> Self {
        Self { chain, ..self }
    }

    /// The names of what a server need not send again.
    pub(crate) fn ids(&self) -> Vec<StatementId> {
        let one = [
            self.certificate.as_ref(),
            Some(&self.chain.keyset),
            Some(&self.chain.tenant_keyset),
            self.license.as_ref(),
        ];
        one.into_iter().flatten().filter_map(|bytes| id(bytes)).collect()
    }
}

/// A statement's name, for comparing: nothing follows from having one.
pub(crate) fn id(bytes: &[u8]) -> Option<StatementId> {
    Carrier::decode(bytes).ok().map(|carrier| carrier.envelope.id())
}

fn keyset_version(bytes: &[u8]) -> Option<u64> {
    Some(Unverified::<Keyset>::decode(bytes).ok()?.danger_peek().ok()?.version)
}

fn tenant_keyset_version(bytes: &[u8]) -> Option<u64> {
    Some(Unverified::<TenantKeyset>::decode(bytes).ok()?.danger_peek().ok()?.version)
}
