//! Identifiers: version 7 UUIDs in lower-case hyphenated text (`spec/keys.md` §1).

use crate::ArtifactError;

macro_rules! ids {
    ($($name:ident $doc:literal)*) => {$(
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// Makes one from the time and 80 random bits, both the caller's.
            pub fn new(unix_millis: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(unix_millis, &random).into_uuid())
            }

            /// Accepts the one spelling: lower-case, hyphenated, 36 characters.
            pub fn parse(text: &str) -> Result<Self, ArtifactError> {
                let id = uuid::Uuid::try_parse(text).map_err(|_| ArtifactError::Id)?;
                if id.as_hyphenated().to_string() == text { Ok(Self(id)) } else { Err(ArtifactError::Id) }
            }

            /// The 16 bytes of the identifier.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The identifier of these 16 bytes.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(uuid::Uuid::from_bytes(bytes))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }
    )*};
}

/// Whether somebody could take the text for an identifier, in any spelling of a UUID.
pub(crate) fn is_id(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

ids! {
    TenantId "A vendor on this installation."
    AppId "A product of a tenant."
    PlanId "A template that licenses are issued from."
    CustomerId "Who buys from a tenant. Safe in URLs and logs, unlike a name."
    LicenseId "A license. Safe in URLs and logs, unlike its key."
    DeviceId "A device that holds a seat."
    ActivationId "A device that was admitted to a license. Its generations share it."
    InstanceId "One copy of a program: a state folder that sends heartbeats."
    ReleaseId "A version of a product that the vendor published."
    ApprovalId "A module of a license that waits for the vendor, or that the vendor decided about."
    BundleId "A bundle for machines without a network."
    ChainId "A chain of a machine's journal."
    EntryId "An entry of an access list."
    RecordId "A row of the audit log or of the events."
    TokenId "An access token. Safe in URLs and logs, unlike the token."
}
