//! Devices: what holds a seat of a license (`spec/http.md` §3.10).

use std::borrow::Cow;

use crate::{PublicKey, Word};

/// A device's name in its client's own words (`spec/http.md` §2.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hwid(Word);

impl Hwid {
    /// The name, if it has that form.
    pub fn parse(text: &str) -> Option<Self> {
        Word::parse(text).map(Self)
    }

    /// The name as the client wrote it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// A device. The two kinds never equal each other, however a [`Hwid`] is spelled: anybody can copy a key's text, only
/// the key's holder can sign with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Device {
    /// Whatever a client on AuthForge's wire calls itself. It proves nothing.
    Hwid(Hwid),
    /// The holder of a private key, proven by a signature (`spec/online.md` §3).
    Key(PublicKey),
}

impl Device {
    /// Every kind there is.
    pub const KINDS: [&'static str; 2] = ["hwid", "key"];
    /// The kind of those with a key.
    pub const KEY: &'static str = Self::KINDS[1];

    /// `hwid` or `key`: the kind as the API and the database say it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Hwid(_) => Self::KINDS[0],
            Self::Key(_) => Self::KEY,
        }
    }

    /// The name within the kind: the hwid, or the key in base64.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Hwid(hwid) => Cow::Borrowed(hwid.as_str()),
            Self::Key(key) => Cow::Owned(key.to_string()),
        }
    }

    /// The device of that kind and name.
    pub fn parse(kind: &str, name: &str) -> Option<Self> {
        match kind {
            "hwid" => Hwid::parse(name).map(Self::Hwid),
            "key" => PublicKey::parse(name).ok().map(Self::Key),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Device, Hwid};
    use crate::PublicKey;

    fn devices() -> impl Strategy<Value = Device> {
        let hwid =
            "[^\\p{Cc}]{1,32}".prop_filter_map("is a hwid", |text| Hwid::parse(&text).map(Device::Hwid));
        prop_oneof![hwid, any::<[u8; 32]>().prop_map(|key| Device::Key(PublicKey::from_bytes(key)))]
    }

    proptest! {
        /// Kind and name together tell any device from every other.
        #[test]
        fn a_device_is_its_kind_and_name(device in devices()) {
            prop_assert_eq!(Device::parse(device.kind(), &device.name()), Some(device));
        }

        /// A hwid is never a key, also where it is spelled like one.
        #[test]
        fn a_hwid_spelled_like_a_key_is_another_device(key in any::<[u8; 32]>()) {
            let key = Device::Key(PublicKey::from_bytes(key));
            let spelled = Device::parse("hwid", &key.name()).expect("fits");
            prop_assert_ne!(&spelled, &key);
            prop_assert_eq!(spelled.name(), key.name());
        }
    }

    #[test]
    fn a_hwid_has_1_to_128_bytes_and_no_control_character() {
        for good in ["a", "Füße 🔑", &"x".repeat(128)] {
            assert!(Hwid::parse(good).is_some(), "{good}");
        }
        for bad in ["", "a\nb", "\u{7f}", "\u{85}", &"x".repeat(129)] {
            assert_eq!(Hwid::parse(bad), None, "{bad:?}");
        }
    }
}
