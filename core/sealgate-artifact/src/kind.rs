//! The kinds of statement: the one table (`spec/envelope.md` §2.1, `spec/keys.md` §3).

use crate::KeyUse;

/// The table of kinds, given to the macro of that name. One kind: variant and type, name, the use of the keys that sign
/// it, whether it may have attachments, what it is for.
macro_rules! for_every_kind {
    ($then:ident) => {
        $then! {
            Root "root" Root Bare
                "names the root keys"
            Keyset "keyset" Root Bare
                "names the authorities of an installation"
            TenantKeyset "tenant-keyset" Authority Bare
                "names the issuers of one tenant"
            ServerCertificate "server-certificate" Authority Bare
                "names a server's key and what it may answer"
            License "license" Issuer Attached
                "what a customer bought"
            DeviceRequest "device-request" Device Bare
                "what a device asks of a server"
            Decision "decision" Server Bare
                "what a server answers to one request of one device"
            ActivationRequest "activation-request" Device Attached
                "what a device asks of a server to be admitted to a license"
            ActivationProof "activation-proof" Activation Attached
                "that a device was admitted to a license"
            HeartbeatRequest "heartbeat-request" Device Attached
                "that an admitted device is still there"
            HeartbeatAnswer "heartbeat-answer" Server Bare
                "what a server answers to one heartbeat"
            Release "release" Update Attached
                "a version of a product that the vendor published"
            Shard "shard" Snapshot Attached
                "which statements of one block the vendor took back"
            Snapshot "snapshot" Snapshot Attached
                "which revocation data of a tenant there is"
            OfflineRequest "offline-request" Device Bare
                "what a device without a network asks its vendor for"
            Bundle "bundle" Issuer Attached
                "the terms of a license for machines without a network"
            Journal "journal" Device Bare
                "what a machine without a network did with its license"
            Acknowledgement "acknowledgement" Issuer Attached
                "up to where a vendor has the journals of machines"
            ReAnchor "re-anchor" Issuer Bare
                "what time it is, for one machine"
            ReturnReceipt "return-receipt" Device Bare
                "that a machine uses a bundle no more"
        }
    };
}
pub(crate) use for_every_kind;

macro_rules! kinds {
    ($($kind:ident $name:literal $key_use:ident $form:ident $purpose:literal)*) => {
        /// The kinds of statement, one payload type each. The type that holds a kind's fields has the kind's name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind { $(#[doc = concat!("`", $name, "`: ", $purpose, ".")] $kind),* }

        impl Kind {
            /// Every kind there is, in the order of the specification.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$kind),*];

            /// The name inside the payload's `typ`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name),* }
            }

            /// The envelope's `payloadType`.
            pub fn payload_type(self) -> &'static str {
                match self { $(Self::$kind => concat!("application/vnd.sealgate.", $name, ".v1+json")),* }
            }

            /// The one use whose keys may sign statements of this kind (`spec/keys.md` §3).
            pub fn signing_use(self) -> KeyUse {
                match self { $(Self::$kind => KeyUse::$key_use),* }
            }

            /// Whether a field of this kind may be an attachment (`spec/envelope.md` §6.1).
            pub fn has_attachments(self) -> bool {
                match self { $(Self::$kind => Form::$form == Form::Attached),* }
            }

            /// A few words for people: what the kind is for.
            pub fn purpose(self) -> &'static str {
                match self { $(Self::$kind => $purpose),* }
            }
        }
    };
}

/// Whether statements of a kind travel bare, or may have attachments.
#[derive(PartialEq)]
enum Form {
    Bare,
    Attached,
}

for_every_kind!(kinds);

impl Kind {
    /// The kind of a `payloadType`, if it is one of ours.
    pub fn of_payload_type(payload_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.payload_type() == payload_type)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    /// The first two cells of each row that begins with a kind's name.
    fn rows(spec: &str, section: &str) -> Vec<String> {
        let section = spec.split("\n## ").find(|text| text.starts_with(section)).expect("a section");
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        rows.map(|row| row.split('|').take(3).collect::<Vec<_>>().join("|") + "|").collect()
    }

    /// `spec/keys.md` §3 is the table of exactly these kinds, in this order, each with the use that signs it.
    #[test]
    fn the_spec_says_who_signs_each_kind() {
        let signed = |kind: &Kind| format!("| `{kind}` | `{}` |", kind.signing_use());
        let table: Vec<String> = Kind::ALL.iter().map(signed).collect();
        assert_eq!(rows(include_str!("../../../spec/keys.md"), "3 "), table);
    }

    /// `spec/envelope.md` §2.1 lists exactly these kinds with their payload types.
    #[test]
    fn the_spec_says_the_payload_type_of_each_kind() {
        let typed = |kind: &Kind| format!("| `{kind}` | `{}` |", kind.payload_type());
        let table: Vec<String> = Kind::ALL.iter().map(typed).collect();
        assert_eq!(rows(include_str!("../../../spec/envelope.md"), "2 "), table);
    }
}
