//! A look at a database that may be somebody else's: nothing is made, brought up to date or changed.

use crate::Tx;
use crate::sql::{Connection, Location};
use crate::table::installation;

/// The installation that a database belongs to; `None` where there is no database, where it belongs to nobody yet, and where it does
/// not answer: whoever opens it learns why.
pub async fn installation_at(location: &Location) -> Option<String> {
    if matches!(location, Location::File(path) if !path.is_file()) {
        return None;
    }
    let mut connection = Connection::open(location).await.ok()?;
    let id = installation::id(&mut Tx::on(&mut connection)).await;
    // What was read counts, however the goodbye goes.
    let _ = connection.close().await;
    id.ok().flatten()
}
