//! Why a license file or an activation request is refused.

/// The first fault of a file, in AuthForge's word where it has one (`spec/authforge.md` §2.6, §3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileRefusal {
    /// The text is larger than such a file may be.
    TooLarge,
    /// A license file where an activation request was expected.
    IsLicenseFile,
    /// The armor is missing or damaged.
    BadArmor,
    /// No trusted key signed the payload.
    BadSignature,
    /// This crate does not know the version of the payload.
    UnsupportedVersion,
    /// The payload does not have the documented form.
    MalformedPayload,
    /// The request was damaged on its way.
    ChecksumMismatch,
    /// The file is for another app.
    WrongApp,
    /// The file has ended.
    Expired,
    /// The file is for other machines.
    HwidMismatch,
}

impl FileRefusal {
    /// Every refusal.
    pub const ALL: &'static [Self] = &[
        Self::TooLarge,
        Self::IsLicenseFile,
        Self::BadArmor,
        Self::BadSignature,
        Self::UnsupportedVersion,
        Self::MalformedPayload,
        Self::ChecksumMismatch,
        Self::WrongApp,
        Self::Expired,
        Self::HwidMismatch,
    ];

    /// Its stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::IsLicenseFile => "is_license_file",
            Self::BadArmor => "bad_armor",
            Self::BadSignature => "bad_signature",
            Self::UnsupportedVersion => "unsupported_version",
            Self::MalformedPayload => "malformed_payload",
            Self::ChecksumMismatch => "checksum_mismatch",
            Self::WrongApp => "wrong_app",
            Self::Expired => "expired",
            Self::HwidMismatch => "hwid_mismatch",
        }
    }
}

impl std::fmt::Display for FileRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for FileRefusal {}
