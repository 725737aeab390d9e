//! Stable error codes: the one list that every face maps from (`spec/errors.md`).

/// Whose fault an error is, and what a caller may do about it (`spec/errors.md` §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// The license says no.
    License,
    /// Something is not what it claims to be. Never shown as "offline".
    Security,
    /// The question or the answer did not arrive; says nothing about rights.
    Transport,
    /// Whoever set this program up has to act.
    Configuration,
}

impl Family {
    /// The family's name as written in `spec/errors.md`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::License => "license",
            Self::Security => "security",
            Self::Transport => "transport",
            Self::Configuration => "configuration",
        }
    }
}

macro_rules! codes {
    ($($variant:ident $text:literal $family:ident $doc:literal)*) => {
        /// A stable error code. Codes are added, never renamed or given a second meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $doc] $variant),* }

        impl Code {
            /// Every code there is, in the order of `spec/errors.md`.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code as it travels: `^[a-z][a-z0-9_]{0,63}$`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The family that decides what a caller may do about it.
            pub fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family),* }
            }

            /// One sentence for people: what it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc),* }
            }
        }
    };
}

codes! {
    ArtifactTooLarge "artifact_too_large" Security "A part of the artifact is larger than its limit."
    JsonInvalid "json_invalid" Security "The text is not JSON of the strict profile."
    Base64Invalid "base64_invalid" Security "A field is not padded standard base64 in its only spelling."
    EnvelopeInvalid "envelope_invalid" Security "The envelope does not have exactly its three fields and 1 to 24 signatures."
    KindUnexpected "kind_unexpected" Security "The statement is of another kind than the one expected here."
    FieldMissing "field_missing" Security "A field that the statement needs is missing."
    FieldUnknown "field_unknown" Security "The statement has a field that its kind does not know."
    FieldInvalid "field_invalid" Security "A field has a wrong type or a value outside its range."
    AttachmentMissing "attachment_missing" Security "The statement names an attachment that did not come with it."
    AttachmentUnexpected "attachment_unexpected" Security "An attachment came along that the statement does not name."
    CritUnknown "crit_unknown" Security "The statement marks a meaning as critical that this program does not know."
    IdMalformed "id_malformed" Security "An identifier is not a lower-case hyphenated UUID."
    KeyMalformed "key_malformed" Security "A public key is not 32 bytes of a point in its only encoding."
    KeyWeak "key_weak" Security "A public key has small or mixed order and is refused at registration."
    KeyDuplicate "key_duplicate" Security "The same public key stands twice among roots and keysets."
    RootUnknown "root_unknown" Security "No root statement of the chain claims the pinned root set."
    ChainTooLong "chain_too_long" Security "There are more root statements than anyone may be asked to follow."
    SignatureInvalid "signature_invalid" Security "No expected key made a valid signature over these bytes."
    ThresholdNotMet "threshold_not_met" Security "Fewer distinct signers than the threshold demands made a valid signature."
    WrongTenant "wrong_tenant" Security "The statement was made for another tenant."
    WrongApp "wrong_app" Security "The statement was made for another app."
    ServerScope "server_scope" Security "The certificate does not cover this tenant, origin or operation."
    ServerRevoked "server_revoked" Security "The server's key was revoked."
    ServerUntrusted "server_untrusted" Security "The server could not show a certificate under the pinned roots."
    RootNotYetValid "root_not_yet_valid" Security "The window of the last root statement has not begun."
    RootExpired "root_expired" Security "The window of the last root statement is over."
    KeysetNotYetValid "keyset_not_yet_valid" Security "The keyset's window has not begun."
    KeysetExpired "keyset_expired" Security "The keyset's window is over."
    CertificateNotYetValid "certificate_not_yet_valid" Security "The certificate's window has not begun."
    CertificateExpired "certificate_expired" Security "The certificate's window is over."
    VersionRollback "version_rollback" Security "The statement is older than one that was accepted before."
    VersionGap "version_gap" Security "A root statement between two of the chain is missing."
    Equivocation "equivocation" Security "Two different statements claim the same version."
    NotYetValid "not_yet_valid" License "The license is not valid yet."
    Revoked "revoked" License "The license was revoked."
    Expired "expired" License "The license has expired."
    Blocked "blocked" License "The license is suspended, or this device or address is not admitted."
    DeviceLimit "device_limit" License "Every seat of the license is taken by another device."
    NoCredits "no_credits" License "The app has no credits left."
    AppDisabled "app_disabled" License "The vendor has switched this app off."
    LicenseKeyMalformed "license_key_malformed" License "The license key is mistyped: wrong length, alphabet or checksum."
    LicenseUnknown "invalid_key" License "No such license key for this app."
    AppUnknown "invalid_app" Configuration "No such app, or the app secret is wrong."
    SessionExpired "session_expired" License "The session is over, or it is no session of this device and app."
    SessionRequired "revoke_requires_session" Configuration "Only a client with a session may ask for this."
    LifetimeFilesDisabled "offline_activation_disabled" Configuration "The app does not hand out license files that last for ever."
    LifetimeFilesSpent "offline_activation_limit_reached" License "As many devices as the license has seats got a file that lasts for ever."
    LicenseNotPerpetual "offline_activation_requires_perpetual" License "Only a license without an end gets a file that lasts for ever."
    LicenseNotCounted "offline_activation_requires_seats" License "Only a license whose devices are counted gets a file that lasts for ever."
    ReplayDetected "replay_detected" Security "The nonce was used before with another request."
    MalformedRequest "malformed_request" Configuration "The request is not of the documented form."
    BodyTooLarge "body_too_large" Configuration "The request body is larger than the limit."
    TokenInvalid "token_invalid" Configuration "The access token is missing, unknown or expired."
    ScopeMissing "scope_missing" Configuration "The access token does not have the scope that this needs."
    TenantSuspended "tenant_suspended" Configuration "The tenant is suspended."
    NotFound "not_found" Configuration "There is no such thing for this tenant."
    MethodNotAllowed "method_not_allowed" Configuration "This path does not answer that method."
    LicenseRevoked "license_revoked" Configuration "The license is revoked, so it can no longer be exported or changed."
    NameTaken "name_taken" Configuration "Something of this tenant has that name already."
    IdempotencyKeyReused "idempotency_key_reused" Configuration "The idempotency key was used before with another request."
    DevicesInUse "devices_in_use" Configuration "More devices hold seats than the new limit allows; name those to release."
    AllowanceSpent "allowance_spent" Configuration "The license has no early release of a seat left for this year."
    OfflineDisabled "offline_disabled" Configuration "Offline licenses are switched off for this tenant or plan."
    LimitReached "limit_reached" Configuration "There are as many of these as there may be."
    Unavailable "unavailable" Transport "The server cannot answer now; the same request may succeed later."
    RateLimited "rate_limited" Transport "Too many requests; ask again later."
    ServerUnreachable "server_unreachable" Transport "The server did not answer."
    AnswerInvalid "answer_invalid" Transport "The answer is not of the documented form."
    NonceMismatch "nonce_mismatch" Security "The signed answer was made for another request."
    SystemError "system_error" Transport "The server failed; the request id finds the reason in its log."
    TrustMissing "trust_missing" Configuration "There is nothing to judge the artifact by."
    FileUnreadable "file_unreadable" Configuration "A file cannot be read or written."
    KeystoreLocked "keystore_locked" Configuration "The keystore cannot be opened with this passphrase or unlock file."
    KeystoreInvalid "keystore_invalid" Configuration "A file of the keystore is damaged or not a key file."
    KeyMissing "key_missing" Configuration "The keystore does not hold the key that this needs."
    KeyMisuse "key_misuse" Security "A key was asked to sign something that its use does not cover."
    KeysetFull "keyset_full" Configuration "The keyset has no room for another key, and none of its retired keys may leave yet."
    SigningFault "signing_fault" Security "A signature did not verify right after it was made; it was not released."
    AuditBroken "audit_broken" Security "The audit log is not the one that was written."
    DatabaseMismatch "database_mismatch" Configuration "The database belongs to another keystore."
    DataInUse "data_in_use" Configuration "Another process serves from this data directory."
    DatabaseUnusable "database_unusable" Configuration "The database cannot be opened or migrated."
    ConfigInvalid "config_invalid" Configuration "The configuration or an argument is not usable."
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    /// `spec/errors.md` §2: spelling of a code, and no two alike.
    #[test]
    fn codes_are_well_formed_and_distinct() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_lowercase()), "{text}");
            assert!(
                text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
                "{text}"
            );
            assert!(seen.insert(text), "{text} stands twice");
        }
    }

    /// `spec/errors.md` §2 is the table of exactly these codes, in this order, with family and meaning.
    #[test]
    fn the_spec_lists_exactly_these_codes() {
        let spec = include_str!("../../../spec/errors.md");
        let rows: Vec<String> = spec.lines().filter(|l| l.starts_with("| `")).map(str::to_owned).collect();
        let codes: Vec<String> = Code::ALL
            .iter()
            .map(|c| format!("| `{c}` | {} | {} |", c.family().as_str(), c.meaning()))
            .collect();
        assert_eq!(rows, codes);
    }
}
