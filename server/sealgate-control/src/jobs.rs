//! What the server does by itself, for operators to see (`spec/http.md` §3.21).

use std::convert::Infallible;

use sealgate_authority::{AuthorityError, Ids, job_view};
use sealgate_store::Db;
use sealgate_store::table::jobs;
use sealgate_wire::{CountedQuery, JobView, Page};

use crate::Caller;
use crate::page::Part;

/// The jobs of the installation.
pub struct JobRecords {
    db: Db,
    ids: Ids,
}

impl JobRecords {
    pub(crate) fn new(db: Db, ids: Ids) -> Self {
        Self { db, ids }
    }

    /// Every job, by name.
    pub async fn list(&self, _: &Caller, query: &CountedQuery) -> Result<Page<JobView>, AuthorityError> {
        let name = |text: &str| Ok::<_, Infallible>(text.to_owned());
        let part = Part::new("jobs", query.cursor.as_deref(), query.limit, name)?.or_count(query.count);
        let now = self.ids.now();
        let rows = async |after: Option<String>, most| {
            jobs::said(&self.db, after.as_deref().unwrap_or_default(), most).await
        };
        part.of_short_rows().read(rows, |job| job.name.clone(), |job| Ok(job_view(job, now))).await
    }
}
