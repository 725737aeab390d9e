//! What devices said of themselves when they were let in. No decision depends on it.

use sealgate_artifact::{Device, LicenseId, UnixSeconds};

use super::Said;
use crate::many::{MANY, for_all, with_rows};
use crate::sql::Query;
use crate::statements::statements;
use crate::{StoreError, Tx};

// All that they are given is text to PostgreSQL, which takes the first row's types for those of all.
macro_rules! saw {
    () => {
        "UPDATE devices SET name = v.column4, platform = v.column5, product_version = v.column6, \
         fingerprint = v.column7, last_seen = CAST(v.column8 AS BIGINT) FROM (VALUES "
    };
}

macro_rules! saw_whose {
    () => {
        ") v WHERE license_id = v.column1 AND kind = v.column2 AND identity = v.column3"
    };
}

statements! {
    SAW = with_rows!(saw!(), (1, 1, 8), "", saw_whose!());
    SAW_MANY = with_rows!(saw!(), (MANY, 1, 8), "", saw_whose!());
}

/// A device that was let in, and what it said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The license of which it has a seat.
    pub license: LicenseId,
    /// The device.
    pub device: Device,
    /// What it said.
    pub said: Said,
    /// When.
    pub at: UnixSeconds,
}

/// Stores what devices said, of those that still hold their seats. No decision depends on it, so nobody's memory is told.
pub async fn saw(tx: &mut Tx<'_>, sightings: &[Sighting]) -> Result<(), StoreError> {
    let with = |query: Query, Sighting { license, device, said, at }: &Sighting| {
        query
            .bind(license.to_string())
            .bind(device.kind())
            .bind(&*device.name())
            .bind(said.name.clone())
            .bind(said.platform.clone())
            .bind(said.product_version.clone())
            .bind(said.fingerprint.clone())
            .bind(at.get().to_string())
    };
    for_all(tx, [SAW, SAW_MANY], sightings, |query, some| some.iter().fold(query, with)).await?;
    Ok(())
}
