//! Stable error codes: the one table that every face maps from (`spec/errors.md`).

/// Who has to act on an error, and what a caller may do about it (`spec/errors.md` §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// The license says no.
    License,
    /// Something is not what it claims to be. Never show it as "offline".
    Security,
    /// The request or the answer did not arrive. This says nothing about rights.
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
    ($($variant:ident $text:literal $family:ident $http:literal ($wire_status:literal $wire_word:literal)
        $exit:literal $signed:ident $meaning:literal $fix:literal)*) => {
        /// A stable error code. Codes are added, never renamed or given a second meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $meaning] $variant),* }

        impl Code {
            /// Every code there is, in the order of `spec/errors.md`.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code as it travels: `^[a-z][a-z0-9_]{0,63}$`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The code of this text, if this version knows it.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }

            fn row(self) -> Row {
                match self { $(Self::$variant => Row {
                    family: Family::$family,
                    http: $http,
                    authforge: ($wire_status, $wire_word),
                    exit: $exit,
                    answer: Answer::$signed,
                    meaning: $meaning,
                    fix: $fix,
                }),* }
            }
        }
    };
}

/// What the table says of one code.
struct Row {
    family: Family,
    http: u16,
    authforge: (u16, &'static str),
    exit: u8,
    answer: Answer,
    meaning: &'static str,
    fix: &'static str,
}

/// How a server's no travels (`spec/online.md` §7.4).
#[derive(PartialEq)]
enum Answer {
    /// As a signed decision.
    Signed,
    /// As an unsigned refusal, which says nothing about rights.
    Unsigned,
}

impl Code {
    /// The family that decides what a caller may do about it.
    pub fn family(self) -> Family {
        self.row().family
    }

    /// One sentence for people: what it means.
    pub fn meaning(self) -> &'static str {
        self.row().meaning
    }

    /// One sentence for people: what to do about it. `None` where that depends on the case.
    pub fn fix(self) -> Option<&'static str> {
        Some(self.row().fix).filter(|fix| !fix.is_empty())
    }

    /// The HTTP status of our own API (`spec/http.md` §1.4).
    pub fn http_status(self) -> u16 {
        self.row().http
    }

    /// The HTTP status and the word on AuthForge's wire (`spec/errors.md` §4).
    pub fn authforge(self) -> (u16, &'static str) {
        self.row().authforge
    }

    /// The exit code of the program `sealgate`.
    pub fn exit_code(self) -> u8 {
        self.row().exit
    }

    /// Whether the server signs this no as a decision (`spec/online.md` §7.4). Every other code says nothing about rights.
    pub fn is_decision(self) -> bool {
        self.row().answer == Answer::Signed
    }
}

// One code: variant, text, family, HTTP status of our API, (status and word on AuthForge's wire), exit code of `sealgate`,
// whether a server signs it; then what it means, and what to do about it ("" where that depends on the case).
codes! {
    ArtifactTooLarge "artifact_too_large" Security 400 (500 "system_error") 65 Unsigned
        "A part of the artifact is larger than its limit."
        "Check that this is the right file."
    JsonInvalid "json_invalid" Security 400 (500 "system_error") 65 Unsigned
        "The text is not JSON that follows the strict profile."
        "Get the file again; it was changed or cut off."
    Base64Invalid "base64_invalid" Security 400 (500 "system_error") 65 Unsigned
        "A field is not canonical base64 with padding."
        "Get the file again; it was changed on the way."
    EnvelopeInvalid "envelope_invalid" Security 400 (500 "system_error") 65 Unsigned
        "The envelope does not have exactly its three fields and 1 to 24 signatures."
        "Check that this is the right file."
    KindUnexpected "kind_unexpected" Security 400 (500 "system_error") 65 Unsigned
        "The statement is not of the kind that is expected here."
        "Check that this is the right file."
    FieldMissing "field_missing" Security 400 (500 "system_error") 65 Unsigned
        "A field that the statement needs is missing."
        ""
    FieldUnknown "field_unknown" Security 400 (500 "system_error") 65 Unsigned
        "The statement has a field that is not defined for its kind."
        "Use a newer version of this program."
    FieldInvalid "field_invalid" Security 400 (500 "system_error") 65 Unsigned
        "A field has a wrong type or a value outside its range."
        ""
    AttachmentMissing "attachment_missing" Security 400 (500 "system_error") 65 Unsigned
        "The statement names an attachment that did not come with it."
        "Get the file again; a part of it is missing."
    AttachmentUnexpected "attachment_unexpected" Security 400 (500 "system_error") 65 Unsigned
        "There is an attachment that the statement does not name."
        "Get the file again; it was changed on the way."
    CritUnknown "crit_unknown" Security 400 (500 "system_error") 65 Unsigned
        "The statement has a critical extension that this program does not know."
        "Use a newer version of this program."
    IdMalformed "id_malformed" Security 500 (500 "system_error") 2 Unsigned
        "An identifier is not a lower-case hyphenated UUID."
        "Give the identifier as it was issued: lower-case hexadecimal digits with hyphens."
    KeyMalformed "key_malformed" Security 400 (500 "system_error") 1 Unsigned
        "A public key is not the canonical encoding of a curve point in 32 bytes."
        "Copy the public key again, in full."
    KeyWeak "key_weak" Security 400 (500 "system_error") 1 Unsigned
        "A public key has small or mixed order, so it is refused."
        "Make another key."
    KeyDuplicate "key_duplicate" Security 400 (500 "system_error") 1 Unsigned
        "The same public key is listed twice in root statements or keysets."
        "Make another key."
    RootUnknown "root_unknown" Security 400 (500 "system_error") 1 Unsigned
        "No root statement of the chain matches the pinned root set."
        "Give all the roots of one root statement, and its threshold."
    ChainTooLong "chain_too_long" Security 400 (500 "system_error") 1 Unsigned
        "The chain has more root statements than the limit allows."
        ""
    SignatureInvalid "signature_invalid" Security 400 (500 "system_error") 1 Unsigned
        "None of the expected keys made a valid signature over these bytes."
        "Check that the file and the trusted keys come from the same vendor."
    ThresholdNotMet "threshold_not_met" Security 400 (500 "system_error") 1 Unsigned
        "Fewer keys made a valid signature than the threshold requires."
        ""
    WrongTenant "wrong_tenant" Security 400 (500 "system_error") 1 Unsigned
        "The statement was made for another tenant."
        "Check that the file comes from the vendor of this program."
    WrongApp "wrong_app" Security 400 (500 "system_error") 1 Unsigned
        "The statement was made for another app."
        "Check that the license is for this product."
    ServerScope "server_scope" Security 500 (500 "system_error") 1 Unsigned
        "The server's certificate does not cover this tenant, origin or operation."
        "Call the server at an address that its certificate lists."
    ServerRevoked "server_revoked" Security 409 (500 "system_error") 4 Unsigned
        "The server's key was revoked."
        "Ask the vendor: this server may no longer answer."
    ServerUntrusted "server_untrusted" Security 500 (500 "system_error") 1 Unsigned
        "The server could not show a certificate under the pinned roots."
        "Check the server's address, and that nothing between you and the server answers in its place."
    RootNotYetValid "root_not_yet_valid" Security 400 (500 "system_error") 1 Unsigned
        "The last root statement is not valid yet."
        "Check this machine's clock."
    RootExpired "root_expired" Security 400 (500 "system_error") 1 Unsigned
        "The last root statement has expired."
        "Check this machine's clock; if it is right, get a current version of this program."
    KeysetNotYetValid "keyset_not_yet_valid" Security 400 (500 "system_error") 1 Unsigned
        "The keyset is not valid yet."
        "Check this machine's clock."
    KeysetExpired "keyset_expired" Security 400 (500 "system_error") 1 Unsigned
        "The keyset has expired."
        "Check this machine's clock; if it is right, get a current trust.json."
    CertificateNotYetValid "certificate_not_yet_valid" Security 500 (500 "system_error") 1 Unsigned
        "The server's certificate is not valid yet."
        "Check this machine's clock."
    CertificateExpired "certificate_expired" Security 500 (500 "system_error") 1 Unsigned
        "The server's certificate has expired."
        "Check this machine's clock; if it is right, ask the vendor to renew the server's certificate."
    VersionRollback "version_rollback" Security 400 (500 "system_error") 1 Unsigned
        "The statement is older than one that was accepted before."
        "Get the newest version of the file."
    VersionAhead "version_ahead" Security 400 (500 "system_error") 1 Unsigned
        "The version is more than a year ahead of the time: nothing newer could follow it."
        "Use another file. If this server signed it, revoke the key that did."
    VersionGap "version_gap" Security 400 (500 "system_error") 1 Unsigned
        "The chain of root statements has a gap."
        "Give every root statement without gaps, oldest first."
    Equivocation "equivocation" Security 400 (500 "system_error") 1 Unsigned
        "Two different statements claim the same version."
        ""
    KeyRetired "key_retired" Security 400 (500 "system_error") 65 Unsigned
        "The statement was signed after its key was retired."
        "Ask the vendor for a statement that a current key signed."
    ContainerUnknown "container_unknown" Security 400 (500 "system_error") 65 Unsigned
        "The file is not one of ours, or of a newer version."
        "Check that this is the right file, and that this program is new enough."
    ContainerInvalid "container_invalid" Security 400 (500 "system_error") 65 Unsigned
        "The file does not have the parts that a file of its purpose has."
        "Get the file again from the vendor."
    ContainerTruncated "container_truncated" Security 400 (500 "system_error") 65 Unsigned
        "The file ends before its end."
        "Copy the file again, and wait until the copy is complete."
    ContainerDamaged "container_damaged" Security 400 (500 "system_error") 65 Unsigned
        "The file was changed on the way: its checksum or its first bytes do not fit."
        "Copy the file again, as it is."
    ContentMismatch "content_mismatch" Security 400 (500 "system_error") 65 Unsigned
        "A part of the file is not what the signed statement in it names."
        "Get the file again from the vendor."
    SnapshotMismatch "snapshot_mismatch" Security 400 (500 "system_error") 65 Unsigned
        "The file has other keysets or shards than the snapshot in it names."
        "Get the file again from the vendor."
    ShardMissing "shard_missing" Security 400 (500 "system_error") 65 Unsigned
        "The snapshot names a shard that is not in the file."
        "Get the file again from the vendor."
    NotYetValid "not_yet_valid" License 500 (403 "blocked") 1 Signed
        "The license is not valid yet."
        "Wait until the license begins, and check this machine's clock."
    Revoked "revoked" License 500 (410 "revoked") 1 Signed
        "The license was revoked."
        "Ask the vendor about this license."
    Expired "expired" License 500 (410 "expired") 1 Signed
        "The license has expired."
        "Renew the license."
    Blocked "blocked" License 409 (403 "blocked") 1 Signed
        "The license is suspended, or this device or address is not admitted."
        "Ask the vendor about this license."
    DeviceLimit "device_limit" License 409 (403 "hwid_mismatch") 4 Signed
        "Every seat of the license is taken by another device."
        "Release another device, or ask the vendor for more seats."
    CustomerDeviceLimit "customer_device_limit" License 409 (403 "hwid_mismatch") 4 Signed
        "The customer's licenses together are on as many devices as the vendor allows."
        "Release another device of any of the customer's licenses, or ask the vendor for more."
    UnapprovedModule "unapproved_module" License 409 (500 "system_error") 4 Signed
        "The program has modules that the vendor did not approve for this license."
        "Use the files as the vendor published them, or ask the vendor to approve these modules for this license."
    CloneSuspected "clone_suspected" Security 409 (500 "system_error") 4 Signed
        "This device was activated too often within a day: its state was probably copied to another machine."
        "Let one machine use this state; ask the vendor if none was copied."
    NotActivated "not_activated" License 409 (500 "system_error") 4 Signed
        "The device has no activation of this license."
        "Activate the device: `sglic activate`."
    DeviceNotNamed "device_not_named" License 500 (500 "system_error") 1 Unsigned
        "The bundle is for other machines."
        "Have a request made on this machine (`sglic request`), and ask the vendor for a bundle that answers it."
    Superseded "superseded" License 409 (500 "system_error") 4 Signed
        "The device was activated again since, with a newer proof than this one."
        "Use the newest proof; if the state was copied to two machines, activate each on its own."
    InstanceLimit "instance_limit" License 409 (500 "system_error") 4 Signed
        "As many copies of the program run on this device as the license allows."
        "End another copy, or ask the vendor for more."
    FingerprintMismatch "fingerprint_mismatch" License 409 (500 "system_error") 4 Signed
        "The machine is not the one that was activated."
        "Activate the device again."
    NonceReplayed "nonce_replayed" Security 409 (500 "system_error") 1 Signed
        "The heartbeat was sent before, or another copy of this state sent one."
        "Activate the device again; if the state was copied, activate each machine on its own."
    StateWanted "state_wanted" Transport 409 (500 "system_error") 1 Signed
        "The server knows less of this device than the device says."
        "Send the last answer and the proof along."
    TrialUsed "trial_used" License 409 (410 "expired") 4 Signed
        "There was a trial of this app for this device or customer before."
        "Buy a license."
    TrialNotBegun "trial_not_begun" License 500 (500 "system_error") 1 Unsigned
        "The license is a trial, which gives rights only where the vendor's server says until when."
        "Connect this machine to the vendor's server, and validate the license again."
    FingerprintRequired "fingerprint_required" Configuration 500 (400 "malformed_request") 1 Signed
        "The license is a trial, and the program does not say on which machine it runs."
        "Give the client a fingerprint of the machine."
    NoCredits "no_credits" License 500 (429 "no_credits") 1 Signed
        "The app has no credits left."
        "Ask the vendor about this license."
    AppDisabled "app_disabled" License 500 (403 "app_disabled") 1 Signed
        "The vendor has switched this app off."
        "Ask the vendor about this license."
    ChainMismatch "chain_mismatch" License 500 (500 "system_error") 1 Signed
        "The actions that the program recorded do not extend those that the server acknowledged."
        "Activate the license again, or ask the vendor to re-anchor the chain."
    ChainFull "chain_full" Configuration 500 (500 "system_error") 1 Unsigned
        "The program recorded more actions than it may before the server acknowledged some of them."
        "Connect the program to the vendor's server."
    LicenseMissing "license_missing" License 500 (500 "system_error") 1 Unsigned
        "No license was found that verifies."
        "Activate the program with a license key, or put the license where the program looks for it; the program's log says why one does not count."
    ClockRolledBack "clock_rolled_back" License 500 (500 "system_error") 1 Unsigned
        "The machine's clock is behind a time that is known to have passed."
        "Set the clock, and start the program again."
    GraceOver "grace_over" License 500 (500 "system_error") 1 Unsigned
        "The program was not heard by its server for longer than the license allows."
        "Connect the program to the vendor's server, and start it again."
    RevocationsStale "revocations_stale" License 500 (500 "system_error") 1 Unsigned
        "What is known of revocations is lost, or too old for this license, so it gives no rights."
        "Connect the program to the vendor's server, or import a newer snapshot."
    TamperDetected "tamper_detected" License 500 (500 "system_error") 1 Unsigned
        "A debugger, a profiler or foreign code was found in the running program."
        "Start the program without it; ask the vendor to allow a monitoring agent that you need."
    FeatureNotLicensed "feature_not_licensed" License 500 (500 "system_error") 1 Unsigned
        "The license does not include this feature."
        "Ask the vendor for a license that includes it."
    TenantLimited "tenant_limited" License 500 (500 "system_error") 1 Unsigned
        "A tenant of the program does more in a minute than the license allows."
        "Wait as long as the message says, or ask the vendor for a higher limit."
    LicenseKeyMalformed "license_key_malformed" License 500 (500 "system_error") 2 Unsigned
        "This is not a license key: it has another length or another alphabet."
        "Type the key again as it was issued: seven groups of four characters. A program takes keys of another system if it is built with `foreign_keys()`."
    LicenseKeyMistyped "license_key_mistyped" License 500 (500 "system_error") 2 Unsigned
        "The license key has a typing mistake: its checksum does not fit."
        "Compare the license key with the one that was issued, character by character."
    LicenseUnknown "invalid_key" License 500 (401 "invalid_key") 1 Signed
        "This app has no such license key."
        "Compare the key with the vendor's message; it may belong to another product."
    LicenseKeyReplaced "license_key_replaced" License 409 (410 "revoked") 4 Signed
        "The vendor gave this license another key."
        "Use the new key; ask the vendor for it."
    AppUnknown "invalid_app" Configuration 500 (401 "invalid_app") 1 Signed
        "There is no such app, or the app secret is wrong."
        "Check the app's id and its secret."
    SessionExpired "session_expired" License 500 (401 "session_expired") 1 Unsigned
        "The session has ended, or it belongs to another device or app."
        "Validate the license again."
    SessionRequired "revoke_requires_session" Configuration 500 (403 "revoke_requires_session") 1 Unsigned
        "Only a client with a session may make this request."
        "Validate the license first, and send the session token."
    LifetimeFilesDisabled "offline_activation_disabled" Configuration 409 (403 "offline_activation_disabled") 4 Unsigned
        "The app does not hand out license files that never expire."
        "Switch on license files that never expire for the app: `sealgate app update APP_ID --danger-lifetime-files on`."
    LifetimeFilesSpent "offline_activation_limit_reached" License 500 (403 "offline_activation_limit_reached") 1 Unsigned
        "The license has no seat left for another file that never expires."
        "Ask the vendor for more seats."
    LicenseNotPerpetual "offline_activation_requires_perpetual" License 500 (409 "offline_activation_requires_perpetual") 1 Unsigned
        "Only a license that never ends can have a file that never expires."
        ""
    LicenseNotCounted "offline_activation_requires_seats" License 500 (409 "offline_activation_requires_seats") 1 Unsigned
        "Only a license with a limited number of devices can have a file that never expires."
        ""
    ReplayDetected "replay_detected" Security 500 (401 "replay_detected") 1 Signed
        "The nonce was used before in a different request."
        "Use a new nonce for every request."
    MalformedRequest "malformed_request" Configuration 400 (400 "malformed_request") 2 Unsigned
        "The request does not have the documented form."
        ""
    BodyTooLarge "body_too_large" Configuration 413 (413 "malformed_request") 1 Unsigned
        "The request body is larger than the limit."
        "Send a smaller body."
    TokenInvalid "token_invalid" Configuration 401 (500 "system_error") 77 Unsigned
        "The access token is missing, unknown or expired."
        "Use an access token that exists and has not expired."
    ScopeMissing "scope_missing" Configuration 403 (500 "system_error") 77 Unsigned
        "The access token does not have the scope that this request needs."
        "Use an access token that has this scope."
    TenantSuspended "tenant_suspended" Configuration 403 (403 "app_disabled") 77 Signed
        "The tenant is suspended."
        "Ask the operator of the server."
    NotFound "not_found" Configuration 404 (404 "bad_request") 3 Unsigned
        "There is no such thing for this tenant."
        ""
    MethodNotAllowed "method_not_allowed" Configuration 405 (405 "bad_request") 1 Unsigned
        "This path does not support that HTTP method."
        ""
    LicenseRevoked "license_revoked" Configuration 409 (500 "system_error") 4 Unsigned
        "The license is revoked, so it can no longer be exported or changed."
        ""
    LicenseChanged "license_changed" Configuration 409 (500 "system_error") 4 Unsigned
        "The license changed since it was looked at, so nothing was done to it."
        "Look at the license again, and repeat the request if it is still right."
    NameTaken "name_taken" Configuration 409 (500 "system_error") 4 Unsigned
        "That name is already in use."
        "Choose another name."
    ReleaseExists "release_exists" Configuration 409 (500 "system_error") 4 Unsigned
        "The app has another release of this version for this target, or one that was revoked."
        "Publish under another version: nobody could tell two packages of one version apart."
    IdempotencyKeyReused "idempotency_key_reused" Configuration 409 (500 "system_error") 4 Unsigned
        "The idempotency key was used before for a different request."
        "Use a new idempotency key for a new request."
    ExternalIdTaken "external_id_taken" Configuration 409 (500 "system_error") 4 Unsigned
        "A license or customer of this tenant already has that external id."
        "Look at the license or customer that the message names; a license was already issued for this order."
    DevicesInUse "devices_in_use" Configuration 409 (500 "system_error") 4 Unsigned
        "More devices hold seats than the new limit allows."
        "Name the devices to release (`sealgate license update KEY --release DEVICE_ID`, in the API `release`), as `sealgate device list --license KEY` shows them, or choose a higher limit."
    AllowanceSpent "allowance_spent" Configuration 409 (500 "system_error") 4 Signed
        "The license does not allow this many seat releases within a year."
        "Override the allowance (`--override-allowance`, in the API `override_allowance`), or wait: a release stops counting a year after it was made."
    OfflineDisabled "offline_disabled" Configuration 409 (500 "system_error") 4 Unsigned
        "The license may not be handed out as a file."
        "Allow it: `sealgate tenant offline on TENANT_ID` for the tenant; for a license, `sealgate plan update PLAN --offline` and then `sealgate license update KEY --plan PLAN`, because a license keeps the terms that its plan had. A trial is never handed out: give its license a plan that is no trial."
    OutlivesLicense "outlives_license" Configuration 409 (500 "system_error") 4 Unsigned
        "The bundle would end after its license does, or later than the license allows."
        "Choose an earlier end, or renew the license first (`sealgate license renew`)."
    RequestSpent "request_spent" Configuration 409 (500 "system_error") 4 Unsigned
        "The bundle that answered this request has ended."
        "Have a new request made on the machine: `sglic request --new`."
    TermsTooLarge "terms_too_large" Configuration 409 (500 "system_error") 4 Unsigned
        "The license would carry more than its signed statement has room for."
        ""
    LimitReached "limit_reached" Configuration 409 (500 "system_error") 4 Unsigned
        "The request would exceed the highest number that is allowed."
        "Remove something that is no longer needed, or choose a smaller number."
    LastOwner "last_owner" Configuration 409 (500 "system_error") 4 Unsigned
        "This is the last access token in force with these scopes; without it, nobody could make another."
        "Create another token with the same scopes first."
    Unavailable "unavailable" Transport 503 (503 "system_error") 69 Unsigned
        "The server cannot answer now; the same request may succeed later."
        "Send the same request again later."
    ImportRunning "import_running" Transport 503 (503 "system_error") 69 Unsigned
        "The import goes on; nobody has to wait for it."
        "Send the same request again: it waits for the same import, and says what came of it."
    RateLimited "rate_limited" Transport 429 (429 "rate_limited") 69 Unsigned
        "Too many requests; ask again later."
        "Ask again later."
    ServerUnreachable "server_unreachable" Transport 500 (500 "system_error") 69 Unsigned
        "The server did not answer."
        "Check the network, the proxy and the server's address."
    TlsUntrusted "tls_untrusted" Transport 500 (500 "system_error") 69 Unsigned
        "The TLS certificate that was shown in the server's name comes from no authority that this program trusts."
        "If a proxy of your network opens TLS, have it leave the server's address out, or let the program trust its authority; else check the server's certificate."
    AnswerInvalid "answer_invalid" Transport 500 (500 "system_error") 69 Unsigned
        "The answer does not have the documented form."
        "Check that this is the address of a Sealgate server."
    NonceMismatch "nonce_mismatch" Security 500 (500 "system_error") 1 Unsigned
        "The signed answer was made for another request."
        "Ask again; if the error stays, something between you and the server replays old answers."
    ProofMismatch "proof_mismatch" Security 500 (500 "system_error") 1 Unsigned
        "The activation proof is of another license, version or device."
        "Activate the device again."
    SystemError "system_error" Transport 500 (500 "system_error") 69 Unsigned
        "The server failed. Look up the request id in its log to find the reason."
        "Send the same request again; if the error stays, look up the request id in the server's log."
    TrustMissing "trust_missing" Configuration 500 (500 "system_error") 78 Unsigned
        "No trusted root keys were given, so nothing can be verified."
        "Give the vendor's trust.json, or the root keys and the chain of statements."
    FileUnreadable "file_unreadable" Configuration 500 (500 "system_error") 65 Unsigned
        "A file cannot be read or written."
        "Check the path and its permissions."
    KeystoreLocked "keystore_locked" Configuration 500 (500 "system_error") 78 Unsigned
        "The keystore cannot be opened with this passphrase or unlock file."
        "Give --passphrase-file, or put keys/unlock.key back in place."
    KeystoreInvalid "keystore_invalid" Configuration 500 (500 "system_error") 78 Unsigned
        "A file in the keystore is damaged, or is not a key file."
        "Restore the keystore from a backup."
    KeyMissing "key_missing" Configuration 409 (500 "system_error") 78 Unsigned
        "The keystore does not hold a key that is needed."
        "Restore the keystore from a backup that has this key; for a runtime, run `sealgate keys share` again."
    KeyMisuse "key_misuse" Security 500 (500 "system_error") 1 Signed
        "A key was asked to sign something that it may not sign."
        ""
    KeysetFull "keyset_full" Configuration 409 (500 "system_error") 4 Unsigned
        "The keyset has no room for another key, and none of its keys can be removed yet."
        "Run `sealgate license resign --all`, so that the issuer that signs now signs every license; to revoke one more server, wait until 31 days after the earliest revocation, or run `sealgate keys revoke KEYID` for the authority that signs, twice."
    OriginsChanged "origins_changed" Configuration 409 (500 "system_error") 4 Unsigned
        "The server reports other origins, or another activation key, than those that it was to be approved for."
        "Look at the server again; approve it only if its origins and its activation key are its own."
    ClockInDoubt "clock_in_doubt" Configuration 503 (503 "system_error") 78 Unsigned
        "The server's clock was set: until somebody accepts it by `sealgate server accept-clock`, the server signs nothing that lives longer than a day."
        "Compare the server's clock with a time server; if it is right, run `sealgate server accept-clock` with that server's own address, or wait an hour if it only answers running software."
    SigningFault "signing_fault" Security 500 (500 "system_error") 1 Unsigned
        "A new signature did not verify, so it was discarded."
        "Check the machine's memory and the disk that holds the keystore."
    AuditBroken "audit_broken" Security 500 (500 "system_error") 1 Unsigned
        "The audit log was changed after it was written."
        "Compare the audit log with a backup."
    DatabaseMismatch "database_mismatch" Configuration 500 (500 "system_error") 78 Unsigned
        "The database belongs to another keystore."
        "Start with the data directory whose keys this database was made with."
    DataInUse "data_in_use" Configuration 500 (500 "system_error") 78 Unsigned
        "Another server is using this data directory."
        "Stop that server, or choose another directory with --data."
    RowsRefused "rows_refused" Configuration 500 (500 "system_error") 1 Unsigned
        "Some rows of the import were refused."
        "Correct them as the report says, and import the file again."
    CheckFailed "check_failed" Configuration 500 (500 "system_error") 1 Unsigned
        "A check of the server failed."
        "Do what is written below each check that failed."
    Interrupted "interrupted" Configuration 500 (500 "system_error") 130 Unsigned
        "A signal ended the program before it had done all."
        ""
    DatabaseUnusable "database_unusable" Configuration 500 (500 "system_error") 78 Unsigned
        "The database cannot be opened or migrated."
        "Check the database's address, its permissions and its free space."
    ConfigInvalid "config_invalid" Configuration 500 (500 "system_error") 78 Unsigned
        "The configuration or an argument cannot be used."
        ""
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
