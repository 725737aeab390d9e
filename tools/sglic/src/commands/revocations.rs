//! What is known of what the vendor took back, as it is shown.

use std::path::Path;

use sealgate::{Client, HeldStatement, LicenseFiles, RevocationStatus, Revocations};
use sealgate_artifact::{ActivationProof, Code, License, UnixSeconds};
use serde::Serialize;

use super::named;
use crate::client::Here;
use crate::failure::Failure;
use crate::files;
use crate::settings::license_beside;

const DAY: u64 = 24 * 60 * 60;
pub(crate) const IMPORT: &str = "Import a newer snapshot of the vendor's: `sglic import FILE.sgsnap`, or let the program reach its server.";
const UNSEEN: &str = "revocation data may list the license or its activation, and cannot be looked up here: the license gives no right";

/// A license and a proof in files, where there are some.
#[derive(Default)]
pub(crate) struct Beside {
    license: Option<Vec<u8>>,
    proof: Option<Vec<u8>>,
    /// Files that nobody named and that cannot be read, and why.
    unread: Vec<String>,
}

impl Beside {
    /// These, as they were read.
    pub(crate) fn of(license: Vec<u8>, proof: Vec<u8>) -> Self {
        Self { license: Some(license), proof: Some(proof), unread: vec![] }
    }

    /// Those that are named, which must be there and be what they are named for; else those that `activate` wrote, as far as they can be read.
    pub(crate) fn read(here: &Here, license: Option<&Path>, proof: Option<&Path>) -> Result<Self, Failure> {
        let written = here.settings.proof(&here.folder);
        let mut unread = vec![];
        let license = match license {
            Some(named) => Some(named::read::<License>(named)?),
            None => read_or_note(&license_beside(&written), &mut unread),
        };
        let proof = match proof {
            Some(named) => Some(named::read::<ActivationProof>(named)?),
            None => read_or_note(&written, &mut unread),
        };
        Ok(Self { license, proof, unread })
    }

    /// What lies there, as far as it can be read.
    pub(crate) fn placed(license: &Path, proof: &Path) -> Self {
        let mut unread = vec![];
        let mut of = |file: &Path| read_or_note(file, &mut unread);
        let (license, proof) = (of(license), of(proof));
        Self { license, proof, unread }
    }

    /// Files that nobody named and that cannot be read, and why.
    pub(crate) fn unread(&self) -> &[String] {
        &self.unread
    }

    pub(crate) fn files(&self) -> LicenseFiles<'_> {
        LicenseFiles { license: self.license.as_deref(), proof: self.proof.as_deref() }
    }
}

/// A file that nobody named, if it is there and can be read.
fn read_or_note(file: &Path, unread: &mut Vec<String>) -> Option<Vec<u8>> {
    files::read_if_there(file).unwrap_or_else(|why| {
        unread.push(why.message);
        None
    })
}

/// For programs; `state` is `unknown`, `fresh` or `stale`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RevocationData {
    pub(crate) state: &'static str,
    stale_since: Option<String>,
    pub(crate) version: Option<u64>,
    issued_at: Option<String>,
    age_days: Option<u64>,
    pub(crate) next_update: Option<String>,
    pub(crate) vouched_at: Option<String>,
    pub(crate) revoked: bool,
    /// Whether that is the activation alone, and the license is as good as before.
    #[serde(skip)]
    pub(crate) is_of_activation_alone: bool,
    pub(crate) missing: Option<String>,
    /// Whether what is lost or stale has taken the rights.
    pub(crate) takes_rights: bool,
    /// And how.
    #[serde(skip)]
    taken: String,
    /// What was not looked up, and why.
    pub(crate) not_looked_up: Vec<String>,
}

impl RevocationData {
    pub(crate) fn of(client: &Client) -> Result<Self, Failure> {
        Self::beside(client, &Beside::default())
    }

    /// The same where the machine is not activated, of what lies in files.
    pub(crate) fn beside(client: &Client, beside: &Beside) -> Result<Self, Failure> {
        let (found, now) = (client.revocations_for(beside.files())?, client.trusted_time()?);
        let text = |time: UnixSeconds| time.to_string();
        let (state, since) = match found.state {
            Revocations::Unknown => ("unknown", None),
            Revocations::Fresh => ("fresh", None),
            Revocations::Stale { since } => ("stale", Some(since)),
        };
        let snapshot = found.snapshot;
        let age = |issued_at: UnixSeconds| now.get().saturating_sub(issued_at.get()) / DAY;
        Ok(Self {
            state,
            stale_since: since.map(text),
            version: snapshot.map(|said| said.version),
            issued_at: snapshot.map(|said| text(said.issued_at)),
            age_days: snapshot.map(|said| age(said.issued_at)),
            next_update: snapshot.map(|said| text(said.next_update)),
            vouched_at: found.vouched_at.map(text),
            revoked: found.is_revoked,
            is_of_activation_alone: found.is_revoked
                && found.revoked.iter().all(|what| *what == HeldStatement::Proof),
            takes_rights: found.has_taken_rights(now),
            taken: if found.is_unseen { UNSEEN.to_owned() } else { too_old(&found, now) },
            missing: found.missing,
            not_looked_up: beside.unread.iter().cloned().chain(found.unverified).collect(),
        })
    }

    /// Why there are no rights, where what is lost or stale has taken them.
    pub(crate) fn stale(&self) -> Option<Failure> {
        self.takes_rights.then(|| Failure::new(Code::RevocationsStale, &self.taken).fix(IMPORT))
    }

    /// One sentence: how fresh it is.
    pub(crate) fn sentence(&self) -> String {
        let Some(issued_at) = &self.issued_at else { return "none were imported".to_owned() };
        let of = format!("of {issued_at} ({})", days(self.age_days.unwrap_or(0)));
        match &self.stale_since {
            _ if self.state == "fresh" => format!("fresh, {of}"),
            Some(since) => format!("stale since {since}, {of}"),
            None if self.missing.is_some() => format!("{of}, and lost since: import a snapshot again"),
            None if self.vouched_at.is_none() => format!("{of}, and no license was looked up in them"),
            None => format!("unknown: {of}, and nothing in them is of this license"),
        }
    }

    /// The newest snapshot that was imported, in words.
    pub(crate) fn newest(&self) -> Option<String> {
        let (version, issued_at) = self.version.zip(self.issued_at.as_ref())?;
        Some(format!("the newest snapshot here is {version} of {issued_at}"))
    }

    /// For people.
    pub(crate) fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("revocations", self.sentence())];
        lines.extend(self.version.map(|version| ("snapshot", version.to_string())));
        lines.extend(self.next_update.clone().map(|by| ("next update", format!("by {by}"))));
        lines.extend(self.missing.clone().map(|why| ("missing", why)));
        lines.extend(self.takes_rights.then(|| ("rights", self.taken.clone())));
        lines.extend(not_looked_up(&self.not_looked_up));
        lines
    }
}

/// How old, in words.
fn days(count: u64) -> String {
    format!("{} old", counted(count, "day"))
}

/// How many of them, in words.
pub(crate) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The days of the newest word, beside those that the license allows.
fn too_old(found: &RevocationStatus, now: UnixSeconds) -> String {
    let Some((vouched_at, end)) = found.vouched_at.zip(found.takes_rights_at) else { return String::new() };
    let since = |time: UnixSeconds| time.get().saturating_sub(vouched_at.get()) / DAY;
    format!(
        "the newest word that the license was not taken back is of {vouched_at}, {}, and the license allows at most {}: since {end} it \
         gives no right",
        days(since(now)),
        since(end)
    )
}

/// For people: what was not looked up, and why.
pub(crate) fn not_looked_up(why: &[String]) -> impl Iterator<Item = (&'static str, String)> {
    why.iter().map(|why| ("not looked up", why.clone()))
}
