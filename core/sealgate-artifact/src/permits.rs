//! What a customer may do with a license away from the server and without the vendor (`spec/license.md` §2.22, §2.23).

use crate::fields::{Fields, invalid};
use crate::policy::{object, within};
use crate::{ArtifactError, Value, limits};

/// A license that may go to machines without a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfflinePermit {
    /// Days from when a bundle was made to its end, at most: 1 to 3,650.
    pub days: u64,
    /// Machines that one bundle may go to without asking first, 1 to 1,000,000; `None`: each asks first.
    pub pool: Option<u64>,
    /// Days that the journal which the next bundle needs may be old, 1 to 3,650; `None`: it needs none.
    pub journal_days: Option<u64>,
}

impl OfflinePermit {
    pub(crate) fn to_value(self) -> Value {
        object([("days", Some(self.days)), ("pool", self.pool), ("journal_days", self.journal_days)])
    }

    pub(crate) fn take(value: Value) -> Result<Self, ArtifactError> {
        let mut fields = Fields::new_in("offline", value)?;
        let permit = Self {
            days: within(&mut fields, "days", DAYS, "not 1 to 3,650")?,
            pool: fields.optional("pool", |f, field| {
                within(f, field, 1..=limits::MAX_DEVICES.into(), "not 1 to 1,000,000")
            })?,
            journal_days: fields
                .optional("journal_days", |f, field| within(f, field, DAYS, "not 1 to 3,650"))?,
        };
        fields.finish()?;
        Ok(permit)
    }
}

const DAYS: std::ops::RangeInclusive<u64> = 1..=3_650;

/// What a customer may do without asking the vendor. At least one field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowances {
    /// Seats given back early, for each seat and year, 0 to 1,000; `None`: [`Allowances::RELEASES`].
    pub releases: Option<u64>,
    /// Dead machines replaced, a year, 0 to 1,000; `None`: none.
    pub replacements: Option<u64>,
}

impl Allowances {
    /// Seats given back early, for each seat and year, where the license says nothing.
    pub const RELEASES: u64 = 2;

    pub(crate) fn to_value(self) -> Value {
        object([("releases", self.releases), ("replacements", self.replacements)])
    }

    pub(crate) fn take(value: Value) -> Result<Self, ArtifactError> {
        let mut fields = Fields::new_in("allowances", value)?;
        let mut count =
            |field| fields.optional(field, |f, field| within(f, field, 0..=1_000, "not 0 to 1,000"));
        let allowances = Self { releases: count("releases")?, replacements: count("replacements")? };
        if allowances == Self::default() {
            return Err(invalid("allowances", "says nothing: it needs one of its fields"));
        }
        fields.finish()?;
        Ok(allowances)
    }
}
