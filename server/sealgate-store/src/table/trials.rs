//! Who tried an app, and when that began: a row is added once and never changes.

use sealgate_artifact::{AppId, LicenseId, UnixSeconds};

use super::LicenseRow;
use crate::columns::{parsed, signed};
use crate::sql::{FromRow, Row, query, query_as};
use crate::statements::statements;
use crate::{Read, StoreError, Tx};

statements! {
    FIND = "SELECT license_id, began_at FROM trials WHERE app_id = $1 AND kind = $2 AND subject = $3";
    INSERT = "INSERT INTO trials (app_id, kind, subject, tenant_id, license_id, began_at) \
              VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (app_id, kind, subject) DO NOTHING";
}

/// Who tries an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trying<'a> {
    /// A device, by what its client says of the machine. The row is added with its first use.
    Device(&'a str),
    /// A customer, by id. The row is added when the license is issued.
    Customer(&'a str),
    /// All devices of the license of a customer's. The row is added with the first use by any of them.
    License(LicenseId),
}

impl Trying<'_> {
    fn kind(self) -> &'static str {
        match self {
            Self::Device(_) => "device",
            Self::Customer(_) => "customer",
            Self::License(_) => "license",
        }
    }

    fn subject(self) -> String {
        match self {
            Self::Device(text) | Self::Customer(text) => text.to_owned(),
            Self::License(id) => id.to_string(),
        }
    }
}

/// A trial that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrialRow {
    /// The license that was tried.
    pub license: LicenseId,
    /// When it was used first; of a customer's, when it was issued.
    pub began_at: UnixSeconds,
}

impl FromRow for TrialRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        // A time that nobody can have had was written by somebody else: such a trial is long over.
        let began = u64::try_from(row.get::<i64>("began_at")?).ok().and_then(UnixSeconds::new);
        Ok(Self {
            license: parsed(row, "license_id", |t| LicenseId::parse(t).ok())?,
            began_at: began.unwrap_or_else(|| UnixSeconds::new(0).expect("in range")),
        })
    }
}

/// The trial of the app that this one had.
pub async fn find(on: impl Read, app: AppId, who: Trying<'_>) -> Result<Option<TrialRow>, StoreError> {
    let query = query_as(FIND).bind(app.to_string()).bind(who.kind()).bind(who.subject());
    query.fetch_optional(on).await
}

/// Begins a trial of the license's app; `false` if this one had one before. Whoever does the same at that time waits.
pub async fn begin(
    tx: &mut Tx<'_>,
    license: &LicenseRow,
    who: Trying<'_>,
    at: UnixSeconds,
) -> Result<bool, StoreError> {
    let query = query(INSERT).bind(license.app.to_string()).bind(who.kind()).bind(who.subject());
    let query = query.bind(license.tenant.to_string()).bind(license.id.to_string()).bind(signed(at.get()));
    Ok(query.execute(tx).await? > 0)
}
