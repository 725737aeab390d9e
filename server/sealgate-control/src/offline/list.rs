//! Which bundles there are.

use sealgate_artifact::BundleId;
use sealgate_authority::AuthorityError;
use sealgate_store::table;
use sealgate_wire::{BundleView, CountedQuery, Page};

use super::bundles::Offline;
use super::view;
use crate::page::Part;
use crate::{Caller, licenses};

impl Offline {
    /// The bundles of a license, newest first, those that ended among them.
    pub async fn list(
        &self,
        caller: &Caller,
        license: &str,
        query: &CountedQuery,
    ) -> Result<Page<BundleView>, AuthorityError> {
        let license = licenses::find(&self.desk, caller, license).await?.id;
        let list = format!("bundles-{license}");
        let part = Part::new(list, query.cursor.as_deref(), query.limit, BundleId::parse)?;
        let (db, now) = (&self.desk.db, self.desk.ids.now());
        let rows = |before, most| table::bundles::list(db, (caller.tenant, license), before, most);
        let part = part.or_count(query.count).of_short_rows();
        part.read(rows, |row| row.id, |row| Ok(view::view(row, now))).await
    }

    /// One bundle, with the machines that it names.
    pub async fn show(&self, caller: &Caller, id: &str) -> Result<BundleView, AuthorityError> {
        let row = self.find(caller, id).await?;
        let devices = table::bundles::devices(&self.desk.db, row.id).await?;
        let device_keys = devices.iter().map(|device| device.key.to_string()).collect();
        Ok(BundleView { device_keys, ..view::view(&row, self.desk.ids.now()) })
    }
}
