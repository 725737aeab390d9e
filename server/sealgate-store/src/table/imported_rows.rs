//! Rows of imports, each with the license that was made from it.

use sealgate_artifact::{LicenseId, TenantId};

use crate::columns::{digest, parsed};
use crate::many::{MANY, for_all, with_rows};
use crate::sql::{Query, Row, query};
use crate::statements::statements;
use crate::{StoreError, Tx};

/// What the database knows a row by: a keyed hash.
pub type RowName = [u8; 32];

macro_rules! select {
    () => {
        "SELECT name, license_id FROM imported_rows WHERE tenant_id = $1 AND name IN "
    };
}

macro_rules! insert {
    () => {
        "INSERT INTO imported_rows (tenant_id, name, license_id) VALUES "
    };
}

statements! {
    NAMED = with_rows!(select!(), (1, 2, MANY), "", "");
    INSERT = with_rows!(insert!(), (1, 1, 3), "", "");
    INSERT_MANY = with_rows!(insert!(), (MANY, 1, 3), "", "");
}

/// Those of the rows that licenses were made from, with their licenses.
pub async fn named(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    names: &[RowName],
) -> Result<Vec<(RowName, LicenseId)>, StoreError> {
    let read =
        |row: Row| Ok((digest(&row, "name")?, parsed(&row, "license_id", |t| LicenseId::parse(t).ok())?));
    let mut found = Vec::new();
    for some in names.chunks(MANY) {
        let values = some.iter().cycle().take(MANY);
        let asked =
            values.fold(query(NAMED).bind(tenant.to_string()), |query, name| query.bind(name.to_vec()));
        let rows = asked.fetch_all(&mut *tx).await?;
        found.extend(rows.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>()?);
    }
    Ok(found)
}

/// Notes which rows these licenses were made from.
pub async fn insert_all(
    tx: &mut Tx<'_>,
    tenant: TenantId,
    rows: &[(RowName, LicenseId)],
) -> Result<(), StoreError> {
    let with = |query: Query, (name, license): &(RowName, LicenseId)| {
        query.bind(tenant.to_string()).bind(name.to_vec()).bind(license.to_string())
    };
    for_all(tx, [INSERT, INSERT_MANY], rows, |query, some| some.iter().fold(query, with)).await?;
    Ok(())
}
