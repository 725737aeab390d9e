//! Slugs of many apps, plans or customers at once, for lists that name them.

use std::collections::{BTreeSet, HashMap};

use sealgate_artifact::TenantId;

use crate::sql::{Query, Row, query};
use crate::statements::statements;
use crate::{Read, StoreError};

/// As many as one statement asks for.
const TOGETHER: usize = 16;

macro_rules! those {
    ($id:literal, $table:literal) => {
        concat!(
            "SELECT ",
            $id,
            ", slug FROM ",
            $table,
            " WHERE tenant_id = $1 AND ",
            $id,
            " IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) AND slug IS NOT NULL"
        )
    };
}

statements! {
    OF_APPS = those!("app_id", "apps");
    OF_PLANS = those!("plan_id", "plans");
    OF_CUSTOMERS = those!("customer_id", "customers");
}

/// Of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slugged {
    /// Apps.
    Apps,
    /// Plans.
    Plans,
    /// Customers. A slug is as personal as the name that it was made from.
    Customers,
}

/// The slugs that those of the tenant have, by their ids.
pub async fn of(
    on: impl Read + Copy,
    tenant: TenantId,
    (what, ids): (Slugged, &BTreeSet<&str>),
) -> Result<HashMap<String, String>, StoreError> {
    let statement = match what {
        Slugged::Apps => OF_APPS,
        Slugged::Plans => OF_PLANS,
        Slugged::Customers => OF_CUSTOMERS,
    };
    let ids: Vec<&str> = ids.iter().copied().collect();
    let mut found = HashMap::new();
    for some in ids.chunks(TOGETHER) {
        // No id is empty: what is not used finds nothing.
        let padded = some.iter().copied().chain(std::iter::repeat("")).take(TOGETHER);
        let asked = padded.fold(query(statement).bind(tenant.to_string()), Query::bind);
        let rows: Vec<Row> = asked.fetch_all(on).await?;
        for row in &rows {
            found.insert(row.get(0)?, row.get("slug")?);
        }
    }
    Ok(found)
}
