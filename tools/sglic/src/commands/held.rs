//! An activation as it is shown, and as it lies in files.

use std::path::Path;

use sealgate::{Activation, Client, Error, SecurityError, TrustError};
use sealgate_artifact::UnixSeconds;
use serde::Serialize;

use super::revocations::RevocationData;
use crate::failure::Failure;
use crate::files;
use crate::settings::license_beside;

/// What helps where a version of a license counts no more, and the license may.
pub(crate) const PRESENT: &str = "Run `sglic heartbeat`, or activate again (`sglic activate --key -`): where the license is sold as before, that brings its \
     present version. Else, or without a network, ask the vendor.";

/// How an activation stands, by what is held and the time. It claims no rights: those come from the license, in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Admitted.
    Active,
    /// The server said that it ends, and the grace is not over.
    Grace,
    /// The server said that it ends, and the grace is over.
    Ended,
    /// No heartbeat was answered for longer than the grace.
    Overdue,
    /// The license itself has ended.
    Expired,
    /// The vendor took the license or this activation back, as imported revocation data says.
    Revoked,
    /// The key that signed the license or the proof was revoked.
    KeyRevoked,
    /// What is known of revocations is lost, or too old.
    Stale,
}

/// What is held.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Held {
    pub(crate) state: Standing,
    license_id: String,
    activation_id: String,
    generation: u64,
    issued_at: String,
    rights_until: Option<String>,
    license_ends: Option<String>,
    lease_until: Option<String>,
    last_heartbeat: Option<String>,
    next_heartbeat: Option<String>,
    pub(crate) ended_by: Option<String>,
    modules: usize,
    revocations: RevocationData,
}

impl Standing {
    /// By the deadline of this activation, as [`deadline`] says it.
    pub(crate) fn of(activation: &Activation, deadline: Option<UnixSeconds>, now: UnixSeconds) -> Self {
        let is_over = deadline.is_some_and(|deadline| deadline <= now);
        match activation.ended_by() {
            _ if activation.license_ends().is_some_and(|end| end <= now) => Self::Expired,
            Some(_) if is_over => Self::Ended,
            Some(_) => Self::Grace,
            None if is_over => Self::Overdue,
            None => Self::Active,
        }
    }

    /// For people.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Grace => "in grace: the server says that the license ends for this machine",
            Self::Ended => "ended: the grace is over, so the program runs in its free tier",
            Self::Overdue => "overdue: no heartbeat was answered for longer than the grace",
            Self::Expired => "expired: the license has ended",
            Self::Revoked => {
                "revoked: imported revocation data lists this version of the license, which was revoked, or its terms changed"
            }
            Self::KeyRevoked => {
                "key_revoked: the key that signed the license was revoked, so it gives no right"
            }
            Self::Stale => "stale: the program runs in its free tier until somebody vouches for the license",
        }
    }
}

impl Held {
    pub(crate) fn of(client: &Client, activation: &Activation) -> Result<Self, Failure> {
        Self::with(client, activation, RevocationData::of(client)?)
    }

    /// The same with what is known of revocations.
    pub(crate) fn with(
        client: &Client,
        activation: &Activation,
        revocations: RevocationData,
    ) -> Result<Self, Failure> {
        let text = |time: UnixSeconds| time.to_string();
        let deadline = deadline(client, activation)?;
        let state = match Standing::of(activation, deadline, client.trusted_time()?) {
            _ if revocations.revoked => Standing::Revoked,
            // spec/guard.md §3.1: what else has taken the rights comes first.
            Standing::Active | Standing::Grace if revocations.takes_rights => Standing::Stale,
            standing => standing,
        };
        Ok(Self {
            state,
            license_id: activation.license().to_string(),
            activation_id: activation.id().to_string(),
            generation: activation.generation(),
            issued_at: activation.issued_at().to_string(),
            // What was taken back has none, and no script is to read any.
            rights_until: deadline
                .filter(|_| !matches!(state, Standing::Revoked | Standing::Stale))
                .map(text),
            license_ends: activation.license_ends().map(text),
            lease_until: activation.lease_until().map(text),
            last_heartbeat: activation.last_heartbeat().map(text),
            next_heartbeat: client.heartbeat_due()?.filter(|_| state != Standing::Revoked).map(text),
            ended_by: activation.ended_by().map(str::to_owned),
            modules: activation.modules().len(),
            revocations,
        })
    }

    /// Until when there are rights, and what has a say in that. `None`: there are none.
    fn until(&self) -> Option<String> {
        let until = self.rights_until.as_deref();
        match (self.state, until) {
            (Standing::Revoked | Standing::KeyRevoked | Standing::Stale, _) => None,
            (_, None) => Some("the license ends: it asks for no heartbeats".to_owned()),
            (Standing::Active, Some(until)) => Some(format!("{until}, without another heartbeat")),
            (Standing::Grace, Some(until)) => {
                Some(format!("{until}, then the program runs in its free tier"))
            }
            (Standing::Ended | Standing::Overdue | Standing::Expired, Some(until)) => Some(until.to_owned()),
        }
    }

    fn state(&self) -> &'static str {
        if self.state == Standing::Revoked && self.revocations.is_of_activation_alone {
            return "revoked: imported revocation data lists this activation, and not the license";
        }
        self.state.sentence()
    }

    /// For people.
    pub(crate) fn lines(&self) -> Vec<(&'static str, String)> {
        let never = |time: &Option<String>| time.clone().unwrap_or_else(|| "never".to_owned());
        let mut lines = vec![
            ("license", self.license_id.clone()),
            ("activation", format!("{}, generation {}", self.activation_id, self.generation)),
            ("proof of", self.issued_at.clone()),
            ("state", self.state().to_owned()),
        ];
        lines.extend(self.until().map(|until| ("until", until)));
        lines.push(("license ends", never(&self.license_ends)));
        lines.push(("last heartbeat", never(&self.last_heartbeat)));
        lines.extend(self.next_heartbeat.clone().map(|next| ("next heartbeat", next)));
        lines.extend(self.revocations.lines());
        lines.extend(self.lease_until.clone().map(|until| ("seat lent until", until)));
        lines.extend(self.ended_by.clone().map(|code| ("ended by", code)));
        if self.modules > 0 {
            lines.push(("modules", self.modules.to_string()));
        }
        lines
    }
}

/// `spec/guard.md` §3.3: until when there are rights without another heartbeat, as a program with a guard goes by it.
pub(crate) fn deadline(client: &Client, activation: &Activation) -> Result<Option<UnixSeconds>, Failure> {
    Ok(activation.deadline(client.last_run()?.unheard_at))
}

/// What the state folder holds, also where it was taken back since.
pub(crate) fn held(client: &Client) -> Result<Option<Activation>, Failure> {
    client.kept_activation().map_err(|error| match (counts_no_more(&error), error) {
        (Some(failure), _) => failure,
        // The SDK speaks of a server, and here none was asked.
        (None, error @ Error::Security(_)) => Failure::from(error).fix(
            "give the --trust and the --state that belong together; else activate again: `sglic activate --key -`",
        ),
        (None, error) => error.into(),
    })
}

/// What is held was signed by a key that was revoked since, under keys that verify.
pub(crate) fn counts_no_more(error: &Error) -> Option<Failure> {
    match error {
        Error::Security(SecurityError::Statement { what, why: why @ TrustError::SignerRevoked }) => {
            let message = format!("the {what} counts no more: the key that signed the {what} was revoked");
            Some(Failure::new(why.code(), message).fix(PRESENT))
        }
        _ => None,
    }
}

/// Why what the state folder holds counts no more, where its key was revoked.
pub(crate) fn lost(client: &Client) -> Option<Failure> {
    client.kept_activation().err().as_ref().and_then(counts_no_more)
}

/// Writes license and proof, where they are not there already. The license first: a proof names the version of it that counts.
pub(crate) fn write(activation: &Activation, proof: &Path) -> Result<(), Failure> {
    let files = [
        (license_beside(proof), activation.license_carrier()),
        (proof.to_owned(), activation.proof_carrier()),
    ];
    for (path, bytes) in files {
        if files::read_if_there(&path)?.as_deref() != Some(bytes) {
            files::write_private(&path, bytes)?;
        }
    }
    Ok(())
}
