//! Whom a file is judged by, and what led from them to its signer.

use sealgate_artifact::{AppId, KeyUse, PublicKey, TenantId};
use sealgate_trust::{Roots, TenantTrust};
use serde_json::{Value, json};

use crate::output::say;

/// Whom to believe from the start.
pub(crate) struct Pinned {
    pub(super) roots: Roots,
    /// The tenant and app that statements must name; unknown when only roots were given.
    pub(super) scope: Option<(TenantId, AppId)>,
}

/// What led to the signer.
pub(super) fn chain_report(chain: &TenantTrust) -> Value {
    json!({
        "tenant_keyset": {
            "version": chain.tenant_keyset().get().version,
            "signed_by": names(chain.tenant_keyset().signed_by(), KeyUse::Authority),
        },
        "keyset": {
            "version": chain.keyset().get().version,
            "signed_by": names(chain.keyset().signed_by(), KeyUse::Root),
        },
        "root": {
            "version": chain.root().get().version,
            "signed_by": names(chain.root().signed_by(), KeyUse::Root),
        },
    })
}

/// What led to the signer, in words.
pub(super) fn print_chain(signer: &str, chain: &TenantTrust) {
    let tenant_keyset = chain.tenant_keyset();
    let authorities = names(tenant_keyset.signed_by(), KeyUse::Authority).join(", ");
    say!(
        "  {signer} listed in tenant keyset {}, signed by authority {authorities}",
        tenant_keyset.get().version
    );
    let keyset = chain.keyset();
    let roots = names(keyset.signed_by(), KeyUse::Root).join(", ");
    say!("  authority listed in keyset {}, signed by root {roots}", keyset.get().version);
    say!("  root named in root statement {}, reached from the roots you gave", chain.root().get().version);
}

pub(super) fn names(keys: &[PublicKey], key_use: KeyUse) -> Vec<String> {
    keys.iter().map(|key| key.id(key_use).to_string()).collect()
}
