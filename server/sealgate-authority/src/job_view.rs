//! Jobs, as operators see them (`spec/http.md` §3.21).

use sealgate_artifact::UnixSeconds;
use sealgate_store::table::JobRow;
use sealgate_wire::{JobView, Timestamp};

/// Where jobs stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    /// It did not run yet.
    Waiting,
    /// A process works on it.
    Running,
    /// The last run was done.
    Done,
    /// The last run failed.
    Failed,
}

impl JobStatus {
    /// Every status there is.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Running, Self::Done, Self::Failed];

    /// The status as it travels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn of(job: &JobRow, now: UnixSeconds) -> Self {
        match job {
            job if job.is_running(now) => Self::Running,
            JobRow { last_error: Some(_), .. } => Self::Failed,
            JobRow { last_done_at: Some(_), .. } => Self::Done,
            _ => Self::Waiting,
        }
    }
}

/// A job as it is shown at that time.
pub fn job_view(job: &JobRow, now: UnixSeconds) -> JobView {
    let status = JobStatus::of(job, now);
    JobView {
        name: job.name.clone(),
        every: job.every,
        status: status.as_str().to_owned(),
        last_started_at: job.last_started_at.map(Timestamp),
        last_done_at: job.last_done_at.map(Timestamp),
        last_failed_at: job.last_failed_at.map(Timestamp),
        last_error: job.last_error.clone(),
        due_at: Timestamp(job.due_at),
        holder: job.holder.clone().filter(|_| status == JobStatus::Running),
        late: job.is_late(now),
    }
}
