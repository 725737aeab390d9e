//! Why a file of AuthForge's is not taken.

/// The first thing that is wrong with a file, in AuthForge's words where it has one (`spec/authforge.md` §2.6, §3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileRefusal {
    /// The text is larger than any such file.
    TooLarge,
    /// A license file where an activation request was expected.
    IsLicenseFile,
    /// The text is not armored as it should be.
    BadArmor,
    /// Nobody who is trusted signed this.
    BadSignature,
    /// The payload is of a version that is not known here.
    UnsupportedVersion,
    /// The payload does not have the documented form.
    MalformedPayload,
    /// The request is not what its writer wrote.
    ChecksumMismatch,
    /// The file is for another app.
    WrongApp,
    /// The file's time is over.
    Expired,
    /// The file is for other machines.
    HwidMismatch,
}

impl FileRefusal {
    /// Every refusal there is.
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

    /// The stable word for it.
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
