//! Which key signs which kind (`spec/keys.md` §3).

use sealgate_artifact::{KeyUse, Kind};

/// The one use whose keys may sign statements of this kind.
pub fn signing_use(kind: Kind) -> KeyUse {
    match kind {
        Kind::Root | Kind::Keyset => KeyUse::Root,
        Kind::TenantKeyset | Kind::ServerCertificate => KeyUse::Authority,
        Kind::License => KeyUse::Issuer,
        Kind::DeviceRequest => KeyUse::Device,
        Kind::Decision => KeyUse::Server,
    }
}
