//! Whom a file is judged by, and what led from them to its signer.

use std::path::Path;

use sealgate_artifact::{AppId, Code, KeyUse, PublicKey, TenantId, UnixSeconds};
use sealgate_container::LicenseStatements;
use sealgate_trust::{Accepted, ChainBytes, Roots, TenantTrust, TrustError};
use serde_json::{Value, json};

use crate::commands::refusals::of_chain;
use crate::failure::Failure;
use crate::output::say;

/// Whom to believe from the start.
pub(crate) struct Pinned {
    pub(super) roots: Roots,
    /// The tenant and app that statements must name; unknown when only roots were given.
    pub(super) scope: Option<(TenantId, AppId)>,
    /// The statements that the caller has beside the file.
    pub(super) known: Option<ChainBytes>,
}

/// `spec/offline.md` §4.2, step 2: the keys of the file, beside those of the trust file.
pub(super) fn carried_keys(
    path: &Path,
    file: &LicenseStatements,
    (pinned, now): (&Pinned, UnixSeconds),
) -> Result<TenantTrust, Failure> {
    let carried = (file.keyset.as_ref(), file.tenant_keyset.as_ref());
    let chain = ChainBytes::of_file(&file.roots, carried, pinned.known.as_ref());
    let chain = chain.ok_or_else(|| {
        Failure::new(Code::TrustMissing, format!("{}: it carries no keys of its own", path.display()))
            .fix("give --trust trust.json, which has them (`sealgate keys export`)")
    })?;
    let tenant = pinned.scope.map(|(tenant, _)| tenant);
    let verify = |chain: &ChainBytes| {
        TenantTrust::verify(&pinned.roots, chain, tenant, &Accepted::default(), now).ok()
    };
    // One that does not hold any more is no reason to refuse newer keys.
    let known = pinned.known.as_ref().and_then(verify);
    let nothing = Accepted::default();
    let accepted = known.as_ref().map_or(&nothing, TenantTrust::accepted);
    let keys = TenantTrust::verify_file(&pinned.roots, &chain, tenant, (accepted, known.as_ref()), now);
    keys.map(|keys| keys.trust).map_err(of_chain)
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

/// A report with what led to the signer.
pub(super) fn with_chain(mut report: Value, chain: &TenantTrust) -> Value {
    if let (Value::Object(own), Value::Object(chain)) = (&mut report, chain_report(chain)) {
        own.extend(chain);
    }
    report
}

/// Who signed it, and what led to that key.
pub(super) fn print_signer(what: &str, by: &[PublicKey], key_use: KeyUse, trust: &TenantTrust) {
    say!("\nchecked:");
    say!("  {what} signed by {} key {}", key_use, names(by, key_use).join(", "));
    print_chain("that key", trust);
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

/// What is in the file is not believed.
pub(super) fn refused(path: &Path, why: &TrustError) -> Failure {
    let failure = Failure::new(why.code(), format!("{}: {why}", path.display()));
    Failure { fix: why.code().fix().map(str::to_owned), ..failure }
}

pub(super) fn names(keys: &[PublicKey], key_use: KeyUse) -> Vec<String> {
    keys.iter().map(|key| key.id(key_use).to_string()).collect()
}
