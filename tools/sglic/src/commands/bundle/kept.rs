//! The license file by which this machine is activated.

use sealgate::{Client, Error, KeptBundle};
use sealgate_artifact::Code;
use serde::Serialize;

use super::said::Said;
use crate::failure::Failure;

/// How it stands. It claims no rights: those come from the license, in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeptState {
    /// It gives what it says.
    Active,
    /// It has not begun.
    Early,
    /// It has ended.
    Expired,
    /// The vendor took it, or its license, back.
    Revoked,
    /// Something else denies it, which `denied_by` says.
    Denied,
}

/// What this machine keeps.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Kept {
    #[serde(flatten)]
    pub(crate) said: Said,
    pub(crate) state: KeptState,
    /// Whether the machine goes by it, and not by an activation of a server.
    pub(crate) in_use: bool,
    denied_by: Option<String>,
    #[serde(skip)]
    pub(crate) denied: Option<Failure>,
}

impl KeptState {
    fn of(kept: &KeptBundle) -> Self {
        let code = kept.denied.as_ref().map(|denied| Code::parse(&denied.code));
        match code {
            None => Self::Active,
            Some(Some(Code::NotYetValid)) => Self::Early,
            Some(Some(Code::Expired)) => Self::Expired,
            Some(Some(Code::Revoked)) => Self::Revoked,
            Some(_) => Self::Denied,
        }
    }

    /// For people.
    fn sentence(self) -> &'static str {
        match self {
            Self::Active => "active, by a license file",
            Self::Early => "not begun: the license file counts later, or the clock of this machine is behind",
            Self::Expired => "expired: the license file has ended",
            Self::Revoked => "revoked: the vendor took the license file or its license back",
            Self::Denied => "denied: the license file gives no right",
        }
    }
}

impl Kept {
    /// What is kept, verified anew.
    pub(crate) fn of(client: &Client) -> Result<Option<Self>, Failure> {
        let Some(kept) = client.bundle().map_err(unverified)? else { return Ok(None) };
        let said = Said::of(&kept.says, client.trusted_time()?);
        let state = KeptState::of(&kept);
        let denied_by = kept.denied.as_ref().map(|denied| denied.code.clone());
        let denied = kept.denied.map(|denied| Failure::from(Error::License(denied)).fix(fix(state)));
        Ok(Some(Self { said, state, in_use: kept.is_in_use, denied_by, denied }))
    }

    /// The one by which this machine goes: also one that counts no more, where nothing else is held.
    pub(crate) fn gone_by(client: &Client) -> Result<Option<Self>, Failure> {
        let is_alone = || matches!(client.kept_activation(), Ok(None));
        Ok(Self::of(client)?.filter(|kept| kept.in_use || is_alone()))
    }

    /// Why it gives no right, else until when it does.
    pub(crate) fn counts(&self) -> Result<String, Failure> {
        let counts = || format!("the license file counts until {}", self.said.end());
        self.denied.clone().map_or_else(|| Ok(counts()), Err)
    }

    /// For people.
    pub(crate) fn lines(&self) -> Vec<(&'static str, String)> {
        let state = match (self.in_use, self.state) {
            (false, KeptState::Active) => "not used: the machine goes by its activation".to_owned(),
            (_, state) => state.sentence().to_owned(),
        };
        let mut lines = vec![("state", state)];
        lines.extend(self.said.lines());
        lines.extend(self.denied.iter().filter_map(|why| Some(("fix", why.fix.clone()?))));
        lines
    }
}

fn fix(state: KeptState) -> &'static str {
    match state {
        KeptState::Expired => "Ask the vendor for a new license file: `sglic request -o FILE.sgreq`.",
        KeptState::Early => "Set the clock of this machine; if it is right, wait.",
        _ => "Ask the vendor for a license file that counts: `sglic request -o FILE.sgreq`.",
    }
}

/// The state folder holds one that does not verify any more: its key was revoked, or the state is another machine's.
fn unverified(error: Error) -> Failure {
    let failure = Failure::from(error);
    let message =
        format!("the license file that this machine keeps does not count any more: {}", failure.message);
    let failure = Failure { message, ..failure };
    match Code::parse(&failure.code).map(Code::family) {
        Some(sealgate_artifact::Family::Configuration) => failure,
        _ => failure.fix(
            "Ask the vendor for a new one: `sglic request -o FILE.sgreq`, then `sglic activate FILE.sglic`.",
        ),
    }
}
