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

#[cfg(test)]
mod tests {
    use sealgate_artifact::Kind;

    use super::signing_use;

    /// `spec/keys.md` §3 is the table of exactly these kinds, in this order, each with the use that signs it.
    #[test]
    fn the_spec_says_the_same_of_every_kind() {
        let spec = include_str!("../../../spec/keys.md");
        let section = spec.split("\n## ").find(|section| section.starts_with("3 ")).expect("§3");
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        let rows: Vec<String> =
            rows.map(|row| row.split('|').take(3).collect::<Vec<_>>().join("|") + "|").collect();
        assert_eq!(rows, Kind::ALL.map(|kind| format!("| `{kind}` | `{}` |", signing_use(kind))));
    }
}
