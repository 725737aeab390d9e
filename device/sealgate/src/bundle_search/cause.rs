//! "No valid license file": which of several things it is, and what to do. People at a machine have nobody to ask.

use sealgate_artifact::Code;

/// Why a file is no license for this machine, or that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// No file was found where one is looked for.
    Missing,
    /// The file was changed or cut on its way.
    Damaged,
    /// It is another kind of file.
    OtherFile,
    /// It has ended.
    Over,
    /// This program does not know the keys that signed it: another vendor's, another product's, or keys that are used no more.
    NotTheVendors,
    /// It is for another machine, or answers another request.
    OtherMachine,
    /// This machine has had a newer one.
    Older,
    /// The vendor took it back.
    TakenBack,
    /// The machine's clock is wrong.
    Clock,
    /// The file or the machine's own folder cannot be read or written.
    Unreadable,
    /// Something else, which the code says.
    Other,
}

impl Cause {
    /// What a refusal with this code comes of.
    pub fn of(code: Code) -> Self {
        use Code as C;
        match code {
            C::ContainerTruncated | C::ContainerDamaged | C::ContainerInvalid | C::ContentMismatch => {
                Self::Damaged
            }
            C::ContainerUnknown | C::KindUnexpected | C::ArtifactTooLarge => Self::OtherFile,
            C::Expired => Self::Over,
            C::RootUnknown
            | C::SignatureInvalid
            | C::ThresholdNotMet
            | C::WrongTenant
            | C::WrongApp
            | C::KeyRetired
            | C::RootExpired
            | C::KeysetExpired
            | C::VersionAhead
            | C::VersionGap => Self::NotTheVendors,
            C::DeviceNotNamed | C::NonceMismatch => Self::OtherMachine,
            C::VersionRollback => Self::Older,
            C::Revoked => Self::TakenBack,
            C::NotYetValid | C::RootNotYetValid | C::KeysetNotYetValid | C::ClockRolledBack => Self::Clock,
            C::FileUnreadable => Self::Unreadable,
            _ => Self::Other,
        }
    }

    /// For programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::OtherFile => "other_file",
            Self::Over => "over",
            Self::NotTheVendors => "not_the_vendors",
            Self::OtherMachine => "other_machine",
            Self::Older => "older",
            Self::TakenBack => "taken_back",
            Self::Clock => "clock",
            Self::Unreadable => "unreadable",
            Self::Other => "other",
        }
    }

    /// One sentence for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Missing => "No license file was found.",
            Self::Damaged => "The file was changed or cut on its way.",
            Self::OtherFile => "This is no license file.",
            Self::Over => "The license file has ended.",
            Self::NotTheVendors => "This program does not know the keys that signed the file.",
            Self::OtherMachine => "The file is for another machine, or answers another request.",
            Self::Older => "This machine has had a newer file.",
            Self::TakenBack => "The vendor took this license back.",
            Self::Clock => "The clock of this machine is behind.",
            Self::Unreadable => "The file cannot be read, or not be copied to this machine.",
            Self::Other => "The file does not count.",
        }
    }

    /// One sentence: what to do.
    pub fn fix(self) -> &'static str {
        match self {
            Self::Missing => {
                "Put the file into the top folder of a drive, into the configured folder or beside the program; its name must end in .sglic."
            }
            Self::Damaged => {
                "Copy the file again. If that does not help, have the vendor send it again, in a zip file: virus scanners and mail programs change files."
            }
            Self::OtherFile => "Give the file whose name ends in .sglic, as the vendor sent it.",
            Self::Over => {
                "Ask the vendor for a new license file: make a request on this machine and send it."
            }
            Self::NotTheVendors => {
                "Check that the file, this program and its trust are of the same vendor and product. If they are, tell the vendor."
            }
            Self::OtherMachine => {
                "Take the file that answers the last request of this machine, or make a request and send it to the vendor."
            }
            Self::Older => "Take the newest file that the vendor sent.",
            Self::TakenBack => "Ask the vendor.",
            Self::Clock => "Set the clock of this machine.",
            Self::Unreadable => {
                "Check the drive, and that this user may read the file and write to the folder of the program's state."
            }
            Self::Other => "Ask the vendor, and name the code.",
        }
    }
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::Code;

    use super::Cause;

    /// The four causes of "No valid offline bundle" are told apart.
    #[test]
    fn what_people_meet_has_a_cause_of_its_own() {
        for (code, cause) in [
            (Code::ContainerDamaged, Cause::Damaged),
            (Code::ContainerTruncated, Cause::Damaged),
            (Code::Expired, Cause::Over),
            (Code::RootUnknown, Cause::NotTheVendors),
            (Code::WrongTenant, Cause::NotTheVendors),
            (Code::DeviceNotNamed, Cause::OtherMachine),
            (Code::VersionRollback, Cause::Older),
            (Code::Revoked, Cause::TakenBack),
        ] {
            assert_eq!(Cause::of(code), cause, "{code}");
        }
        assert_ne!(Cause::Missing.fix(), Cause::Damaged.fix());
    }
}
