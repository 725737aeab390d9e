//! Making a server known to the Authority, which approves it.

use sealgate_artifact::UnixSeconds;
use sealgate_authority::certificates::ServerSettings;
use sealgate_store::table::{self, ServerRow};
use sealgate_store::{Db, StoreError, Tx, Work};

/// Makes a server known at its origins. It waits for the vendor's approval.
pub async fn register(db: &Db, server: &ServerSettings, now: UnixSeconds) -> Result<(), StoreError> {
    let row = ServerRow {
        server_key: server.key,
        origins: server.origins.clone(),
        created_at: now,
        approved_at: None,
        revoked_at: None,
        activation_key: server.activation_key,
        activation_approved_at: None,
    };
    db.write(Register(row)).await
}

struct Register(ServerRow);

impl Work for Register {
    type Output = ();
    type Error = StoreError;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        table::servers::upsert(tx, &self.0).await
    }
}
