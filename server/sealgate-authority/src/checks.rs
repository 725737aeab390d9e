//! What a server needs to work, one check each, and what to do where one fails (`spec/http.md` §4).

use sealgate_artifact::{Code, UnixSeconds};
use sealgate_store::WentBack;
use sealgate_store::table::JobRow;

use crate::AuthorityError;

/// One check of a server.
#[derive(Debug)]
pub struct Check {
    /// Its name, as `/readyz` and `sealgate doctor --server` say it.
    pub name: &'static str,
    /// What is wrong; `None` if nothing is.
    pub trouble: Option<NotReady>,
}

impl Check {
    pub(crate) fn of(name: &'static str, outcome: Result<(), impl Into<NotReady>>) -> Self {
        Self { name, trouble: outcome.err().map(Into::into) }
    }

    /// Whether the server must get no requests because of this.
    pub fn stops(&self) -> bool {
        self.trouble.as_ref().is_some_and(NotReady::stops)
    }
}

/// What is wrong with a server. Nearly all of it means that the server should get no requests.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The database, or a part of this process that works with it.
    #[error(transparent)]
    Database(#[from] sealgate_store::NotReady),
    /// A key that this server needs does not sign.
    #[error("the server cannot sign")]
    CannotSign(#[source] AuthorityError),
    /// Clients refuse what it signs for some tenants.
    #[error("{0} of this server's certificates are not in force")]
    NotCertified(u64),
    /// Clients refuse everything that rests on them.
    #[error("{0} of the installation's and the tenants' keysets have ended")]
    KeysetsEnded(u64),
    /// What the clock shows is doubted.
    #[error("this machine's clock was set by {0} seconds, or the machine slept, was off or lost the time")]
    ClockWasSet(i64),
    /// The same, more than an hour ago: running software is answered as usual.
    #[error(
        "this machine's clock was set by {0} seconds, or the machine slept, was off or lost the time, and nobody accepted that \
         yet: the server signs nothing that lives longer than a day"
    )]
    ClockNotAccepted(i64),
    /// The database came back older than the server had read from it. The server goes on.
    #[error("the database came back older: its change counter went from {} to {}", .0.from, .0.to)]
    WentBack(WentBack),
    /// What the server does by itself is not done. It goes on answering.
    #[error("{0}")]
    Jobs(JobsInTrouble),
}

/// Jobs that did not run when they should have, or failed last, one sentence each.
#[derive(Debug)]
pub struct JobsInTrouble(Vec<String>);

impl JobsInTrouble {
    /// Those of these jobs, if there are any. `None` for the time: the clock is doubted, and nobody is late by it.
    pub(crate) fn among(jobs: &[JobRow], now: Option<UnixSeconds>) -> Option<Self> {
        let told: Vec<String> = jobs.iter().filter_map(|job| trouble(job, now)).collect();
        (!told.is_empty()).then_some(Self(told))
    }
}

fn trouble(job: &JobRow, now: Option<UnixSeconds>) -> Option<String> {
    let JobRow { name, every, .. } = job;
    if now.is_some_and(|now| job.is_late(now)) {
        let last = job.last_done_at.max(job.last_failed_at);
        let since = last.map_or_else(|| "ever".to_owned(), |last| format!("since {last}"));
        return Some(format!("the job {name} is to run every {every} seconds and has not run {since}"));
    }
    // While the clock is doubted, the check of the clock says so.
    let code = job.last_error.as_ref().filter(|code| *code != Code::ClockInDoubt.as_str())?;
    Some(format!("the job {name} failed last: {code}"))
}

impl std::fmt::Display for JobsInTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl NotReady {
    /// Whether the server must get no requests because of this.
    pub fn stops(&self) -> bool {
        !matches!(self, Self::ClockNotAccepted(_) | Self::WentBack(_) | Self::Jobs(_))
    }

    /// A sentence for the person who can change it.
    pub fn fix(&self) -> &'static str {
        use sealgate_store::NotReady as Store;
        match self {
            Self::Database(Store::Database(_)) => {
                "Check that the database runs and that this server can reach it; the log says more."
            }
            Self::Database(Store::Missing(_)) => "Restart the server; the log says what ended that part.",
            Self::Database(Store::NotSetUp) => {
                "Start a process of role all or authority on this database, with the key store that belongs to it."
            }
            Self::Database(Store::CannotWrite(_)) => {
                "Check the database's free space, its rights and its address; the log says more."
            }
            Self::CannotSign(_) => {
                "Check the key store in the data directory, and restore it from a backup if a key is missing; the log says more."
            }
            Self::NotCertified(_) | Self::KeysetsEnded(_) => {
                "Check this machine's clock, and that a process of role authority or all is running."
            }
            Self::ClockWasSet(_) => {
                "Compare this machine's clock with a time server, and set it right. If it is right as it is, run `sealgate server accept-clock` against this \
                 server; one of role runtime takes it as right after an hour."
            }
            Self::ClockNotAccepted(_) => {
                "Compare this machine's clock with a time server, and set it right. If it is right as it is, run `sealgate server accept-clock` against this \
                 server."
            }
            Self::WentBack(_) => {
                "Take over the newest snapshot that you have or find (`sealgate offline import-snapshot FILE`): for 15 minutes at most the server waits for that with \
                 revocation data. Then look at `license list` and `audit list`, and do again what is missing, revocations first."
            }
            Self::Jobs(_) => {
                "Check that a process of role authority or all is running; its log says why a job failed. `sealgate job list` shows each."
            }
        }
    }
}

impl From<JobsInTrouble> for NotReady {
    fn from(some: JobsInTrouble) -> Self {
        Self::Jobs(some)
    }
}

impl From<WentBack> for NotReady {
    fn from(gap: WentBack) -> Self {
        Self::WentBack(gap)
    }
}
