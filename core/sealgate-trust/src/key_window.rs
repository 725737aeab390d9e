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
