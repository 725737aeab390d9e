//! The windows of statements about keys, by name (`spec/keys.md` §4.3).

/// Whose window it is. This decides the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyWindow {
    /// The last root statement's.
    Root,
    /// A keyset's or tenant keyset's.
    Keyset,
    /// A server certificate's.
    Certificate,
}

impl std::fmt::Display for KeyWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Root => "last root statement",
            Self::Keyset => "keyset",
            Self::Certificate => "server certificate",
        })
    }
}

#[cfg(test)]
mod tests {
    use sealgate_artifact::{Code, UnixSeconds};

    use super::KeyWindow;
    use crate::TrustError;

    /// Whoever is refused for a window reads whose it is, and gets a code of its own.
    #[test]
    fn a_refusal_says_whose_window_it_is() {
        let at = |seconds| UnixSeconds::new(seconds).expect("in range");
        let (begins, ended, now) = (at(9), at(3), at(5));
        for (whose, name, early, late) in [
            (KeyWindow::Root, "the last root statement ", Code::RootNotYetValid, Code::RootExpired),
            (KeyWindow::Keyset, "the keyset ", Code::KeysetNotYetValid, Code::KeysetExpired),
            (
                KeyWindow::Certificate,
                "the server certificate ",
                Code::CertificateNotYetValid,
                Code::CertificateExpired,
            ),
        ] {
            let refusals = [
                (TrustError::NotYetValid { whose, begins, now }, early),
                (TrustError::Expired { whose, ended, now }, late),
            ];
            for (refusal, code) in refusals {
                assert!(refusal.to_string().starts_with(name), "{refusal}");
                assert_eq!(refusal.code(), code);
            }
        }
    }
}
