//! The ways to keep a connection and say nothing.

use std::time::Duration;

/// What a slow connection does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Connects, and says nothing.
    Silent,
    /// Sends a head, a byte a second.
    Dribbling,
    /// Sends half a head.
    HalfHead,
    /// Sends a head that never ends, as fast as it is read.
    Endless,
    /// Sends a head and most of the largest body that is read.
    HalfBody,
    /// Sends a body, a byte a second.
    DribblingBody,
    /// Is answered once, and asks nothing more.
    Idle,
}

/// All of them, and how many of each a thousand are. Mostly idle ones: they cost who attacks the least.
pub(super) const SHARES: [(Kind, usize); 7] = [
    (Kind::Silent, 100),
    (Kind::Dribbling, 60),
    (Kind::HalfHead, 80),
    (Kind::Endless, 10),
    (Kind::HalfBody, 100),
    (Kind::DribblingBody, 25),
    (Kind::Idle, 625),
];

const WHOLE: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
const X: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
/// As much as a request may have.
const BODY: usize = 64 * 1024;

impl Kind {
    /// What it sends at once.
    pub(super) fn opening(self) -> String {
        let post = format!("POST /auth/validate HTTP/1.1\r\nhost: x\r\ncontent-length: {BODY}\r\n\r\n");
        match self {
            Self::Silent => String::new(),
            Self::Dribbling => "G".to_owned(),
            Self::HalfHead => WHOLE[..30].to_owned(),
            Self::Endless => format!("{}x-more: {}", &WHOLE[..WHOLE.len() - 2], X.repeat(190)),
            Self::HalfBody => post + &" ".repeat(BODY - 1),
            Self::DribblingBody => post,
            Self::Idle => WHOLE.to_owned(),
        }
    }

    /// What it sends later, and how often.
    pub(super) fn more(self) -> Option<(&'static str, Duration)> {
        match self {
            Self::Dribbling | Self::DribblingBody => Some(("x", Duration::from_secs(1))),
            Self::Endless => Some((X, Duration::ZERO)),
            Self::Silent | Self::HalfHead | Self::HalfBody | Self::Idle => None,
        }
    }

    /// When the operator's guide and `docs/design.md` say that it is closed.
    pub(super) fn closed_after(self) -> Duration {
        match self {
            Self::Silent | Self::Dribbling | Self::HalfHead | Self::Endless => Duration::from_secs(20),
            Self::HalfBody | Self::DribblingBody => Duration::from_secs(30),
            Self::Idle => Duration::from_mins(3),
        }
    }
}
