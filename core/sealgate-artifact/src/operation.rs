//! What a server may be asked for (`spec/keys.md` §5.7, `spec/online.md` §2).

use crate::limits;

/// What a device asks of a server: `[a-z0-9_.-]{1,32}`. Certificates and requests may name one that this version does
/// not know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `validate`: may this device use this license now (`spec/online.md` §7)?
    Validate,
    /// `release`: takes back a seat of this license (`spec/online.md` §9).
    Release,
    /// `activate`: admits the device to a license, and proves it (`spec/activation.md` §4).
    Activate,
    /// `deactivate`: ends this device's activation and gives its seat back (`spec/activation.md` §5).
    Deactivate,
    /// `heartbeat`: is the device still admitted (`spec/activation.md` §6)?
    Heartbeat,
    /// An operation that this version does not know.
    Other(OtherOperation),
}

/// The name of an operation that this version does not know. Only [`Operation::parse`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OtherOperation(String);

impl Operation {
    /// Reads an operation's name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "validate" => Some(Self::Validate),
            "release" => Some(Self::Release),
            "activate" => Some(Self::Activate),
            "deactivate" => Some(Self::Deactivate),
            "heartbeat" => Some(Self::Heartbeat),
            _ => is_name(name).then(|| Self::Other(OtherOperation(name.to_owned()))),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Validate => "validate",
            Self::Release => "release",
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
            Self::Heartbeat => "heartbeat",
            Self::Other(OtherOperation(name)) => name,
        }
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<&str> for Operation {
    fn eq(&self, name: &&str) -> bool {
        self.as_str() == *name
    }
}

fn is_name(name: &str) -> bool {
    (1..=limits::OPERATION_BYTES).contains(&name.len())
        && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Operation;

    proptest! {
        /// Any name is read back the same, so that two operations are equal exactly if their names are.
        #[test]
        fn what_is_written_is_read(name in prop_oneof![Just("validate".to_owned()), "[a-z0-9_.-]{1,32}"]) {
            let operation = Operation::parse(&name).expect("a name");
            prop_assert_eq!(operation.as_str(), &name);
            prop_assert_eq!(operation == Operation::Validate, name == "validate");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "*", "Validate", "a b", "a/b", "\u{e4}", &"a".repeat(33)] {
            assert_eq!(Operation::parse(text), None, "{text}");
        }
    }
}
