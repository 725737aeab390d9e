//! What a program says of the device that it runs on (`spec/online.md` §2.7).

use sealgate_artifact::{AboutDevice, limits};

/// How the device is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DeviceName {
    /// As its network knows it.
    Host,
    /// As the program says.
    Given(String),
    /// Not at all.
    Unsaid,
}

/// What is sent with each request.
pub(crate) fn about(name: &DeviceName, product_version: Option<&str>) -> AboutDevice {
    let name = match name {
        DeviceName::Host => hostname::get().ok().and_then(|name| sayable(&name.to_string_lossy())),
        DeviceName::Given(text) => sayable(text),
        DeviceName::Unsaid => None,
    };
    let platform = sayable(&format!("{} {}", std::env::consts::OS, std::env::consts::ARCH));
    AboutDevice { name, platform, product_version: product_version.and_then(sayable) }
}

/// Without control characters, and cut at a character where it is too long; `None` where nothing is left.
fn sayable(text: &str) -> Option<String> {
    let mut said: String = text.chars().filter(|c| !c.is_control()).collect();
    said.truncate(said.floor_char_boundary(limits::ABOUT_DEVICE_BYTES));
    Some(said).filter(|said| !said.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{DeviceName, about, sayable};

    #[test]
    fn a_device_says_its_name_unless_it_is_not_to() {
        let given = DeviceName::Given("Desk\u{1b}[2J 12".to_owned());
        let said = about(&given, Some("4.2.0"));
        assert_eq!(said.name.as_deref(), Some("Desk[2J 12"));
        assert_eq!(said.product_version.as_deref(), Some("4.2.0"));
        assert!(said.platform.expect("known").starts_with(std::env::consts::OS));
        assert_eq!(about(&DeviceName::Unsaid, None).name, None);
        let host = hostname::get().expect("this machine has a name");
        assert_eq!(about(&DeviceName::Host, None).name, sayable(&host.to_string_lossy()));
    }

    proptest! {
        /// Whatever a machine calls itself, the request can be signed (`spec/online.md` §2.7), and nothing is cut without need.
        #[test]
        fn what_is_said_is_short_and_harmless(text in "\\PC*|(é|\u{7}|\u{1f511}){0,80}") {
            let said = sayable(&text).unwrap_or_default();
            prop_assert!(said.len() <= 64 && !said.chars().any(char::is_control));
            let clean: String = text.chars().filter(|c| !c.is_control()).collect();
            prop_assert!(clean.starts_with(&said) && (said == clean || said.len() > 60));
        }
    }
}
