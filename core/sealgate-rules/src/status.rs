//! One word for where a license stands (`spec/http.md` §3.2).

use sealgate_artifact::UnixSeconds;

use crate::Standing;

/// Where a license stands, as the vendor's lists show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing below holds. A license that has not begun is active too.
    Active,
    /// Suspended by the vendor.
    Suspended,
    /// Its end has come.
    Expired,
    /// Revoked by the vendor.
    Revoked,
}

impl Status {
    /// Every status there is.
    pub const ALL: [Self; 4] = [Self::Active, Self::Suspended, Self::Expired, Self::Revoked];

    /// Reads what [`as_str`](Self::as_str) writes.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl Standing {
    /// `spec/http.md` §3.2: where several hold, revoked, then expired, then suspended.
    pub fn status(self, now: UnixSeconds) -> Status {
        match self {
            Self { revoked: true, .. } => Status::Revoked,
            Self { window, .. } if window.is_over(now) => Status::Expired,
            Self { suspended: true, .. } => Status::Suspended,
            _ => Status::Active,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn a_status_is_read_by_its_word_alone() {
        for (status, word) in Status::ALL.into_iter().zip(["active", "suspended", "expired", "revoked"]) {
            assert_eq!((status.as_str(), Status::parse(word)), (word, Some(status)));
        }
        assert_eq!(["", "Active", "revoked "].map(Status::parse), [None; 3]);
    }
}
